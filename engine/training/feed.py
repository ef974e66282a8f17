"""Where batches come from: arrays that stay on the device, or a stream of batches (streams.py, shares.py).

Each feed knows its batch's `spec` (rows unknown), starts epochs, and runs a compiled step on its next batches:

    feed.start(epoch);  logs, ran = feed.run(step, count)     # ran < count: the data are at their end
    feed.waited                                               # seconds so far in which a step had to wait for its data
"""

import warnings

import numpy as np
import tensorflow as tf

from engine import random
from engine.training.arrays import common_rows, is_array_like, to_tensors
from engine.training.batch import Preparation, pack, relax
from engine.distribute.shares import DistributedFeed, ShareFeed, is_dealt_out
from engine.training.streams import DatasetFeed, PythonFeed
from losses import whole

BATCHED = (tf.data.Dataset, tf.distribute.DistributedDataset)  # data that come as batches


def make_feed(model, x, y=None, sample_weight=None, batch_size=None, shuffle=False, class_weight=None, steps=None):
    """The feed for what `fit`, `evaluate` or `predict` was given."""
    if x is None:
        raise ValueError(f"{model.title} was given no data. Pass x: arrays, a tf.data.Dataset or a generator of batches.")
    prepare = Preparation(model, class_weight)
    if is_array_like(x):
        return ArrayFeed(prepare, x, y, sample_weight, 32 if batch_size is None else batch_size, shuffle, steps)
    if y is not None or sample_weight is not None:
        raise ValueError(f"A {type(x).__name__} gives batches (x, y, sample_weight) itself; do not pass y or sample_weight.")
    if batch_size is not None and isinstance(x, BATCHED):
        raise ValueError(f"A {type(x).__name__} is batched already; do not pass batch_size. Use dataset.batch(size).")
    if isinstance(x, tf.distribute.DistributedDataset):
        return DistributedFeed(prepare, x, steps, model)
    if isinstance(x, tf.distribute.DistributedIterator):
        raise ValueError(f"{model.title} was given a {type(x).__name__}. Pass the DistributedDataset that it is made of.")
    if isinstance(x, tf.data.Dataset):
        if is_dealt_out(x, model._place.strategy):
            return ShareFeed(prepare, x, steps, model._place.strategy)
        return DatasetFeed(prepare, x, steps)
    return PythonFeed(prepare, x, steps)


class ArrayFeed:
    """Arrays, converted once; each epoch is an order of row numbers, gathered batch by batch inside the compiled loop."""

    waited = 0.0
    size = None  # of a batch, for the count of steps: its rows

    def __init__(self, prepare, x, y, sample_weight, batch_size, shuffle, steps):
        data = [to_tensors(item, prepare.dtype) for item in (x, y, sample_weight)]
        self.rows = common_rows(*data)
        if any(item.dtype == tf.string for item in tf.nest.flatten(data[2]) if item is not None):
            raise ValueError("`sample_weight` holds text; expected numbers, one for each row.")
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f"batch_size is a positive integer, received {batch_size!r}.")
        self.data = prepare(pack(*data))
        self.batch_size = int(min(batch_size, self.rows))
        self.seed = whole.group.agree(random.draw_seed()) if shuffle else None
        self.full, self.rest = divmod(self.rows, self.batch_size)
        self.steps = self.full + bool(self.rest)
        if steps is not None and steps > self.steps:
            warnings.warn(f"{self.rows} rows make {self.steps} batches of {batch_size}, fewer than the {steps} steps "
                          "asked for; an epoch ends with the data.", stacklevel=4)  # fmt: skip
        self.steps = min(steps or self.steps, self.steps)
        self.spec = relax(self.data)
        self._order = None

    @property
    def targets(self):
        """The labels, as they are in memory."""
        return self.data[1] if isinstance(self.data, tuple) and len(self.data) > 1 else None

    def plan(self, passes):
        """The steps of so many epochs, by the rows of a batch."""
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

    def get_state(self):
        """What the order of the data depends on."""
        return {"rows": self.rows, "batch_size": self.batch_size, "steps": self.steps, "seed": self.seed}

    def set_state(self, state):
        """Give the data the order they had; a ValueError if they are other data."""
        own = self.get_state()
        other = {name: value for name, value in state.items() if name != "seed" and value != own.get(name)}
        if other or (state["seed"] is None) != (self.seed is None):
            raise ValueError(f"the data had {state}, and have {own}")
        self.seed = state["seed"]

    def run(self, step, count):
        order, tail = self._rows()
        if self.position < self.full:
            stop = min(self.position + count, self.full, self.steps)
            logs = step.on_rows(self.data, order, self.position, stop)
        else:
            stop = self.position + 1
            logs = step.on_rows(self.data, tail, 0, 1)
        ran, self.position = stop - self.position, stop
        return logs, ran

    def example(self):
        """One batch, to look at."""
        return tf.nest.map_structure(lambda array: array[: self.batch_size], self.data)

    def batch(self, number):
        """A batch of this epoch, by its number."""
        order, tail = self._rows()
        rows = order[number] if number < self.full else tail[0]
        return tf.nest.map_structure(lambda array: tf.gather(array, rows), self.data)

    def batches(self):
        """The batches of an epoch one by one, as tensors."""
        if self.steps == 1 and self.rows == self.batch_size and self.seed is None:  # nothing to cut
            self.position = 1
            yield self.data
        while self.position < self.steps:
            place = self.position
            self.position += 1
            if self.seed is None:
                rows = slice(place * self.batch_size, min((place + 1) * self.batch_size, self.rows))
                yield tf.nest.map_structure(lambda array: array[rows], self.data)  # noqa: B023
            else:
                yield self.batch(place)
