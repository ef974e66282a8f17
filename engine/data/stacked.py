"""Batches of a stream, put together so that one compiled loop runs a step on each of them.

    batches of B rows: b0, b1, ...      one array of rows:  b0 b1 ... (room)      steps on the rows 0 ... B - 1, B ... 2B - 1, ...

The array has room for more batches than there may be now, as XLA compiles a loop anew for each size of an array.
"""

import numpy as np
import tensorflow as tf

from engine.compilation.automatic import LOOP, AutomaticStep
from engine.small_parts.arrays import aligned, shared

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


def rows_of_all(batches, count):
    """(data, order) as `Step.on_rows` takes them: the rows of `batches`, and room for `count` batches."""
    size = next(leaf.shape[0] for leaf in tf.nest.flatten(batches[0]) if leaf is not None)

    def stack(*leaves):
        if leaves[0] is None:
            return None
        array = aligned((count * size, *leaves[0].shape[1:]), leaves[0].dtype.as_numpy_dtype)
        for index, leaf in enumerate(leaves):
            array[index * size : (index + 1) * size] = leaf.numpy()
        return shared(array)

    return tf.nest.map_structure(stack, *batches), tf.reshape(tf.range(count * size), [count, size])
