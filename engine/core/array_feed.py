"""Arrays as batches: they stay on the device, and each epoch is an order of their rows."""

import warnings

import numpy as np
import tensorflow as tf

from engine import random
from engine.small_parts.arrays import common_rows, is_array_like, to_tensors
from engine.small_parts.batch import pack, relax
from engine.small_parts.feed import Feed, register
from losses.ground import whole


@register
class ArrayFeed(Feed):
    """Arrays, converted once; each epoch is an order of row numbers, gathered batch by batch inside the compiled loop."""

    accepted = "arrays"
    keeps_batches = True

    def __init__(self, prepare, x, y, sample_weight, batch_size, shuffle, steps):
        batch_size = 32 if batch_size is None else batch_size
        data = [to_tensors(item, prepare.dtype) for item in (x, y, sample_weight)]
        self.rows = common_rows(*data)
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f"batch_size is a positive integer, received {batch_size!r}.")
        self.data = prepare(pack(*data))
        self.spec = relax(self.data)
        self.targets = self.data[1] if isinstance(self.data, tuple) and len(self.data) > 1 else None
        self.batch_size = int(min(batch_size, self.rows))
        self.seed = whole.group.agree(random.draw_seed()) if shuffle else None
        self.full, self.rest = divmod(self.rows, self.batch_size)
        self.steps = self.full + bool(self.rest)
        if steps is not None and steps > self.steps:
            warnings.warn(f"{self.rows} rows make {self.steps} batches of {batch_size}, fewer than the {steps} steps "
                          "asked for; an epoch ends with the data.", stacklevel=5)  # fmt: skip
        self.steps = min(steps or self.steps, self.steps)
        self._order = None

    @property
    def whole_spec(self):
        return tf.nest.map_structure(tf.type_spec_from_value, self.example())

    @classmethod
    def takes(cls, x, model):
        return is_array_like(x)

    def plan(self, passes):
        whole = min(self.full, self.steps)
        return {self.batch_size: passes * whole, self.rest: passes * (self.steps - whole)}

    def start(self, epoch, step=0):
        """Go to a batch of an epoch; shuffled, its order depends on the seed and the epoch's number alone."""
        self.position, self.epoch = step, epoch
        if self.seed is not None:
            self._order = None

    def _rows(self):
        """The row numbers of the whole batches, (batches, batch size), and those of the rest, (1, rest)."""
        if self._order is None:
            order = np.arange(self.rows, dtype=np.int32)
            if self.seed is not None:
                order = np.random.Generator(np.random.Philox(key=[self.seed, self.epoch])).permutation(order)
            whole = self.full * self.batch_size
            self._order = (
                tf.constant(order[:whole].reshape(self.full, self.batch_size)),
                tf.constant(order[whole:].reshape(1, self.rest)),
            )
        return self._order

    def run(self, step, count):
        order, tail = self._rows()
        first = self.position
        if first == self.steps:
            return None, 0
        if first < self.full:
            self.position = min(first + count, self.full, self.steps)
            logs = step.on_rows(self.data, order, first, self.position)
        else:
            self.position = self.steps
            logs = step.on_rows(self.data, tail, 0, 1)
        return logs, self.position - first

    def next(self):
        if self.position == self.steps:
            return None
        self.position += 1
        return self.batch(self.position - 1)

    def batch(self, number):
        if self.seed is not None:
            order, tail = self._rows()
            rows = order[number] if number < self.full else tail[0]
            return tf.nest.map_structure(lambda array: tf.gather(array, rows), self.data)
        if self.rows == self.batch_size:  # nothing to cut
            return self.data
        start = number * self.batch_size
        return tf.nest.map_structure(lambda array: array[start : start + self.batch_size], self.data)

    def example(self):
        return tf.nest.map_structure(lambda array: array[: self.batch_size], self.data)

    def all_rows(self):
        return self.data

    def get_state(self):
        return {"rows": self.rows, "batch_size": self.batch_size, "steps": self.steps, "seed": self.seed}

    def set_state(self, state):
        own = self.get_state()
        other = {name: value for name, value in state.items() if name != "seed" and value != own.get(name)}
        if other or (state["seed"] is None) != (self.seed is None):
            raise ValueError(f"the data had {state}, and have {own}")
        self.seed = state["seed"]
