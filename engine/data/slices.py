"""Arrays to predict for: their rows are looked at once, in order, so they are cut and copied a few batches at a time.

    rows 0 ... B - 1, B ... 2B - 1, ...      a piece: so many batches that one call of a compiled loop makes the steps of all

The last piece has as many rows as the others, because XLA compiles a loop anew for each size: it begins among those of the
piece before, and the loop begins at the first batch that is new.
"""

import functools

import numpy as np
import tensorflow as tf

from engine.data import stacked
from engine.small_parts.arrays import rows_of, to_tensors
from engine.small_parts.batch import pack, relax, specs
from engine.small_parts.feed import Feed
from engine.small_parts.sizes import batch_size_of, steps_of


class SlicedFeed(Feed):
    """Arrays of equally many rows, cut into batches as they are asked for."""

    accepted = "arrays"
    keeps_batches = True

    def __init__(self, prepare, x, batch_size, steps):
        self.prepare, self.x = prepare, x
        self.rows = len(tf.nest.flatten(x)[0])
        batch_size = batch_size_of(batch_size)
        self.batch_size, self.steps = min(batch_size, self.rows), steps_of(self.rows, batch_size, steps)
        self._first = self._cut(0, 1)
        self.spec = relax(self._first)

    @classmethod
    def make(cls, prepare, x, y, sample_weight, batch_size, shuffle, steps):
        return cls(prepare, x, batch_size, steps)

    @classmethod
    def takes(cls, x, model):
        leaves = tf.nest.flatten(x)
        plain = all(type(leaf) is np.ndarray and leaf.ndim and leaf.dtype.kind in "fiu" for leaf in leaves)
        return plain and len({len(leaf) for leaf in leaves} | {0}) == 2  # all have one number of rows, and it is not 0

    @property
    def whole_spec(self):
        return specs(self._first)

    def plan(self, passes):
        full, rest = divmod(self.rows, self.batch_size)
        return {self.batch_size: passes * min(full, self.steps), rest: passes * (self.steps > full)}

    def start(self, epoch, step=0):
        self.position = step

    def batch(self, number):
        return self._cut(number, 1) if number else self._first

    def example(self):
        return self._first

    def all_rows(self):
        return self._convert(self.x)

    def pieces(self, step, singly):
        room = 1 if singly else stacked.room(step, self._first)
        full = min(self.rows // self.batch_size, self.steps)
        if 1 < room <= full and step.uses_xla(self.batch_size) and step.gives_rows():
            while self.position < full:
                first = max(self.position + room - full, 0)
                rows = self._cut(self.position - first, room)
                yield room - first, functools.partial(step.on_slices, rows, self.batch_size, first)
                self.position += room - first
        yield from super().pieces(step, singly)

    def _cut(self, number, count):
        """The rows of `count` batches from that number on."""
        start = number * self.batch_size
        return self._convert(rows_of(self.x, slice(start, start + count * self.batch_size)))

    def _convert(self, x):
        return self.prepare(pack(to_tensors(x, self.prepare.dtype, keep=self.prepare.keeps_lists)))
