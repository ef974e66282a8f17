"""Batches that come one after the other: from a tf.data pipeline, or a Python generator."""

import time

import tensorflow as tf

from engine.training.arrays import to_tensors
from engine.training.batch import relax
from engine.training.xla import STREAM


def check_ends(cardinality, steps):
    """Refuse endless data without a number of steps."""
    if cardinality == tf.data.INFINITE_CARDINALITY and steps is None:
        raise ValueError("An endless dataset needs steps_per_epoch= (or steps=), the number of batches in an epoch.")


class StreamFeed:
    """Batches that come one after the other and cannot be asked for by number.

    Where a stream is: how many iterators were made of it, which of them is in use (-1: none), how many batches came out
    of that one. To get there again, as many are made, because each pass of a shuffled tf.data pipeline draws its order
    when it is made, and as many batches are drawn and dropped.
    """

    size = STREAM  # of a batch, for the count of steps

    def __init__(self, renew):
        self.waited = 0.0
        self.renew = renew  # whether each epoch begins a new pass, also where the one before did not come to its end
        self.iterator, self.passes, self.current, self.drawn, self.position = None, 0, -1, 0, 0

    @property
    def whole_spec(self):
        """`spec` with the rows of a whole batch, where it is known."""
        return self.spec

    def start(self, epoch, step=0):
        """Go to the first batch of an epoch; or, after `set_state`, go on after `step` batches of it."""
        if not step and (self.iterator is None or self.renew):
            self._begin_pass()
        self.position = step

    def plan(self, passes):
        """The steps of so many epochs, where it is known how many there will be."""
        return {} if self.steps is None else {STREAM: passes * self.steps}

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
        check_ends(size, steps)
        self.steps = steps if steps is not None else size if size > 0 else None
        self.spec = relax(self.dataset.element_spec)
        super().__init__(renew=steps is None)

    @property
    def whole_spec(self):
        return self.dataset.element_spec

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
        if count == 1:
            batch = self._last = self._timed_next()
            logs, ran = (None, 0) if batch is None else (step.on_batch(batch, STREAM), 1)
        else:
            logs, ran, waited = step.on_iterator(self.iterator, count)
            self.waited += waited
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

    @property
    def whole_spec(self):
        self._peek()
        return self.spec if self._ahead is None else tf.nest.map_structure(tf.type_spec_from_value, self._ahead)

    def set_state(self, state):
        if self.get_state() != state:
            for _ in range(state["passes"] - (state["current"] >= 0)):
                self._tell_end()
            super().set_state(state)

    def batches(self):
        return iter(self._next, None)

    def run(self, step, count):
        batch = self._last = self._next()
        return (None, 0) if batch is None else (step.on_batch(batch, STREAM), 1)

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
