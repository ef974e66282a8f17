"""Where batches come from: arrays that stay on the device, a tf.data pipeline, or a Python generator.

Each feed knows its batch's `spec` (rows unknown), starts epochs, and runs a compiled step on its next batches:

    feed.start(epoch);  logs, ran = feed.run(step, count)     # ran < count: the data are at their end
    feed.waited                                               # seconds so far in which a step had to wait for its data
"""

import time
import warnings

import numpy as np
import tensorflow as tf

from engine import random
from engine.training.arrays import common_rows, is_array_like, to_tensors
from engine.training.batch import Preparation, pack, relax
from engine.training.replicas import agree


def make_feed(model, x, y=None, sample_weight=None, batch_size=None, shuffle=False, class_weight=None, steps=None):
    """The feed for what `fit`, `evaluate` or `predict` was given."""
    if x is None:
        raise ValueError(f"{model.title} was given no data. Pass x: arrays, a tf.data.Dataset or a generator of batches.")
    prepare = Preparation(model, class_weight)
    if is_array_like(x):
        return ArrayFeed(prepare, x, y, sample_weight, 32 if batch_size is None else batch_size, shuffle, steps)
    if y is not None or sample_weight is not None:
        raise ValueError(f"A {type(x).__name__} gives batches (x, y, sample_weight) itself; do not pass y or sample_weight.")
    if isinstance(x, tf.data.Dataset):
        if batch_size is not None:
            raise ValueError("A tf.data.Dataset is batched already; do not pass batch_size. Use dataset.batch(size).")
        return DatasetFeed(prepare, x, steps)
    return PythonFeed(prepare, x, steps)


class ArrayFeed:
    """Arrays, converted once; each epoch is an order of row numbers, gathered batch by batch inside the compiled loop."""

    waited = 0.0

    def __init__(self, prepare, x, y, sample_weight, batch_size, shuffle, steps):
        data = [to_tensors(item, prepare.dtype) for item in (x, y, sample_weight)]
        self.rows = common_rows(*data)
        if any(item.dtype == tf.string for item in tf.nest.flatten(data[2]) if item is not None):
            raise ValueError("`sample_weight` holds text; expected numbers, one for each row.")
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f"batch_size is a positive integer, received {batch_size!r}.")
        self.data = prepare(pack(*data))
        self.batch_size = int(min(batch_size, self.rows))
        self.seed = agree(random.draw_seed()) if shuffle else None
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


class StreamFeed:
    """Batches that come one after the other and cannot be asked for by number.

    Where a stream is: how many iterators were made of it, which of them is in use (-1: none), how many batches came out
    of that one. To get there again, as many are made, because each pass of a shuffled tf.data pipeline draws its order
    when it is made, and as many batches are drawn and dropped.
    """

    def __init__(self, renew):
        self.waited = 0.0
        self.renew = renew  # whether each epoch begins a new pass, also where the one before did not come to its end
        self.iterator, self.passes, self.current, self.drawn, self.position = None, 0, -1, 0, 0

    def start(self, epoch, step=0):
        """Go to the first batch of an epoch; or, after `set_state`, go on after `step` batches of it."""
        if not step and (self.iterator is None or self.renew):
            self._begin_pass()
        self.position = step

    def _begin_pass(self):
        self.iterator = self._new_iterator()
        self.current, self.drawn = self.passes, 0
        self.passes += 1

    def _end_pass(self):
        self.iterator, self.current = None, -1

    def _timed_next(self):
        """The next batch, or None at the end."""
        began = time.perf_counter()
        batch = next(self.iterator, None)
        self.waited += time.perf_counter() - began
        return batch

    def batch(self, number):
        """The batch of the last `run` of one step."""
        return self._last

    def get_state(self):
        """Where the stream is."""
        return {"passes": self.passes, "current": self.current, "drawn": self.drawn}

    def set_state(self, state):
        """Go there."""
        if self.get_state() == state:
            return
        kept = self.iterator if self.current == state["current"] else None
        while self.passes < state["passes"]:
            self._begin_pass()
            if self.current == state["current"]:
                kept = self.iterator
        self.iterator, self.current = kept, state["current"]
        while self.current >= 0 and self.drawn < state["drawn"]:
            self._drop()
            self.drawn += 1
        self.drawn = state["drawn"]

    def _drop(self):
        next(self.iterator)


class DatasetFeed(StreamFeed):
    """A tf.data pipeline, iterated inside the compiled loop."""

    def __init__(self, prepare, dataset, steps):
        self.dataset = dataset.map(lambda *items: prepare(items if len(items) > 1 else items[0]))
        size = int(dataset.cardinality())
        if size == 0:
            raise ValueError("The dataset is empty: it gives no batches.")
        self.endless = size == tf.data.INFINITE_CARDINALITY
        if self.endless and steps is None:
            raise ValueError("An endless dataset needs steps_per_epoch= (or steps=), the number of batches in an epoch.")
        self.steps = steps if steps is not None else size if size > 0 else None
        self.spec = relax(self.dataset.element_spec)
        super().__init__(renew=steps is None)

    def example(self):
        """One batch, to look at."""
        self.passes += 1
        return next(self._new_iterator())

    def _new_iterator(self):
        return iter(self.dataset)

    def run(self, step, count):
        if self.iterator is None:  # the last call has met the end
            return None, 0
        if self.steps is not None:
            count = min(count, self.steps - self.position)
        if count == 1:  # also the first step of all: should XLA refuse it, the batch is still in hand
            batch = self._last = self._timed_next()
            logs, ran = (None, 0) if batch is None else (step.on_batch(batch), 1)
        else:
            logs, ran, waited = step.on_iterator(self.iterator, count)
            ran, self.waited = int(ran), self.waited + float(waited)
        self.position, self.drawn = self.position + ran, self.drawn + ran
        if ran < count:
            self._end_pass()
        return logs, ran

    def batches(self):
        while self.iterator is not None and (self.steps is None or self.position < self.steps):
            batch = self.iterator.get_next_as_optional()
            if not batch.has_value():
                self._end_pass()
                return
            self.position, self.drawn = self.position + 1, self.drawn + 1
            yield batch.get_value()


class PythonFeed(StreamFeed):
    """Batches from a generator or iterator, or from an object that can be gone through anew in each epoch."""

    def __init__(self, prepare, source, steps):
        self.prepare, self.source = prepare, source
        self.is_sequence = hasattr(source, "__getitem__") and hasattr(source, "__len__")
        self.steps = steps if steps is not None else len(source) if hasattr(source, "__len__") else None
        if self.steps == 0:
            raise ValueError(f"The {type(source).__name__} is empty: it gives no batches.")
        self.limited = steps is not None
        self._ahead = self._spec = None
        super().__init__(renew=False)
        self.start(0)
        if self.spec is None:
            raise ValueError(f"The {type(source).__name__} gave no batches. A generator can be used up only once.")

    @property
    def spec(self):
        """What takes the next batch and those before: sentences padded batch by batch have an axis that changes."""
        self._peek()
        return self._spec

    def set_state(self, state):
        if self.get_state() != state:
            for _ in range(state["passes"] - (state["current"] >= 0)):
                self._tell_end()
            super().set_state(state)

    def batches(self):
        return iter(self._next, None)

    def run(self, step, count):
        batch = self._last = self._next()
        return (None, 0) if batch is None else (step.on_batch(batch), 1)

    def _next(self):
        """The next batch of the epoch, or None at its end."""
        self._peek()
        batch, self._ahead = self._ahead, None
        if batch is not None:
            self.position, self.drawn = self.position + 1, self.drawn + 1
            if self.position == self.steps and not self.limited:
                self._end_pass()
        return batch

    def _drop(self):
        if self._ahead is None:
            next(self.iterator)
        self._ahead = None

    def _peek(self):
        """Have the next batch in hand, if the epoch goes on, and a spec that fits it."""
        if self._ahead is None and self.iterator is not None and self.position != self.steps:
            self._ahead = self._timed_next()
            if self._ahead is None:
                self._end_pass()
            else:
                found = relax(self._ahead)
                self._spec = found if self._spec is None else tf.nest.map_structure(_widest, self._spec, found)

    def _end_pass(self):
        if not hasattr(self.source, "__next__"):  # what a generator has given is gone; others start anew
            super()._end_pass()
            self._tell_end()

    def _tell_end(self):
        getattr(self.source, "on_epoch_end", lambda: None)()

    def _begin_pass(self):
        self._ahead = None
        super()._begin_pass()

    def _new_iterator(self):
        source = self.source
        for data in (source[i] for i in range(len(source))) if self.is_sequence else source:
            many = isinstance(data, (list, tuple))
            data = tuple(to_tensors(item, self.prepare.dtype) for item in (data if many else [data]))
            yield self.prepare(data if many else data[0])


def _widest(spec, other):
    """The spec that takes both: an axis in which they differ is open."""
    return spec.most_specific_common_supertype([other]) or spec
