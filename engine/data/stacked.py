"""Batches of a stream, put together so that one compiled loop runs a step on each of them.

    batches of B rows: b0, b1, ...      one array of rows:  b0 b1 ... (room)      steps on the rows 0 ... B - 1, B ... 2B - 1, ...

The array has room for more batches than there may be now, as XLA compiles a loop anew for each size of an array.
"""

import weakref

import numpy as np
import tensorflow as tf

from engine.compilation.automatic import AutomaticStep
from engine.compilation.xla import LOOP
from engine.small_parts.arrays import ALIGNMENT, aligned, shared

_BYTES = 2**24  # of one array at most


def room(step, batch):
    """How many batches like `batch` one call of `step` may take; 1 where they cannot be put together."""
    leaves = [leaf for leaf in tf.nest.flatten(batch) if leaf is not None]
    if not isinstance(step, AutomaticStep) or not all(isinstance(leaf, tf.Tensor) and leaf.shape.rank for leaf in leaves):
        return 1
    kinds = {np.dtype(leaf.dtype.as_numpy_dtype).kind for leaf in leaves}
    if not kinds <= set("fiu") or len({leaf.shape[0] for leaf in leaves}) > 1:
        return 1
    return int(min(LOOP, max(_BYTES // max(sum(leaf.dtype.size * leaf.shape.num_elements() for leaf in leaves), 1), 1)))


class Stack:
    """Puts batches together as they are made: each array is copied once, to its place beside that of the batch before.

        stack = Stack()
        for each batch:  stack.begin_batch();  to_tensors(data, dtype, new=stack.new)
        stack.rows_of_all(batches, room)       # here it ends, and the next batch begins another

    Batches that lie elsewhere (the first ones, tensors, what `Preparation` made anew) are copied once more. Memory is used
    again when nobody sees the stack that had it: no tensor of its batches is left, whoever kept it.
    """

    def __init__(self):
        self._room, self._blocks = 0, []  # (memory, weak reference to the array that all who see it hold)
        self._arrays, self._number = [], 0  # the places, and which of them are those of the batch in making
        self._kinds = []  # (shape, dtype) of its arrays so far

    def begin_batch(self):
        """The next batch is going to be made."""
        self._number += 1
        if self._room and not self._arrays:
            self._arrays, self._number = self._new_arrays(), 0
        self._kinds = []

    def new(self, shape, dtype):
        """The array for the next array of this batch: its place in the stack where it fits there, or one of its own."""
        kind, number = (tuple(shape), np.dtype(dtype)), len(self._kinds)
        self._kinds.append(kind)
        array = self._arrays[number] if number < len(self._arrays) and self._number < self._room else None
        fits = array is not None and (array.shape[1:], array.dtype) == kind
        return array[self._number] if fits else aligned(shape, dtype)

    def rows_of_all(self, batches, room):
        """(data, order) as `Step.on_rows` takes them: the rows of `batches`, and room for as many batches."""
        arrays, self._arrays, self._room = self._arrays, [], room
        size = next(leaf.shape[0] for leaf in tf.nest.flatten(batches[0]) if leaf is not None)

        def stack(*leaves):
            if leaves[0] is None:
                return None
            array = next((array for array in arrays if array is not None and _lie_in(array, leaves)), None)
            if array is None:
                array = aligned((room, *leaves[0].shape), leaves[0].dtype.as_numpy_dtype)
                for place, leaf in zip(array, leaves):
                    place[...] = memoryview(leaf)
            return shared(array.reshape(room * size, *leaves[0].shape[1:]))

        return tf.nest.map_structure(stack, *batches), tf.reshape(tf.range(room * size), [room, size])

    def _new_arrays(self):
        """Places for batches like the last one, in one block; None for arrays that would leave the next one out of alignment."""
        sizes = [int(np.prod(shape)) * dtype.itemsize for shape, dtype in self._kinds]
        ends = np.cumsum([self._room * size if size % ALIGNMENT == 0 else 0 for size in sizes], dtype=int)
        block = self._block(int(ends[-1])) if len(ends) else None
        return [None if size % ALIGNMENT else block[end - self._room * size : end].view(dtype).reshape(self._room, *shape)
                for size, end, (shape, dtype) in zip(sizes, ends, self._kinds)]  # fmt: skip

    def _block(self, size):
        """An aligned array of so many bytes, in memory that nobody sees."""
        free = [memory for memory, seen in self._blocks if seen() is None and memory.nbytes == size]
        memory = free[0] if free else aligned([size], np.uint8)
        block = np.frombuffer(memoryview(memory), np.uint8)  # what is cut from it, and every tensor of that, holds `block`
        self._blocks = [(kept, seen) for kept, seen in self._blocks if seen() is not None] + [(memory, weakref.ref(block))]
        return block


def _lie_in(array, leaves):
    """Whether these tensors are the first parts of `array`, one after the other, in the same memory."""
    if len(leaves) > len(array) or leaves[0].dtype.as_numpy_dtype != array.dtype or leaves[0].shape.num_elements() != array[0].size:
        return False
    return all(_address(leaf) == _address(part) for leaf, part in zip(leaves, array))


def _address(values):
    return np.asarray(memoryview(values)).ctypes.data
