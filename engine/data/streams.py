"""Batches that come one after the other, and those of a tf.data pipeline."""

import itertools
import sys
import threading
import time

import tensorflow as tf

from engine.core.compiled import STREAM
from engine.data.batched import check_batched
from engine.small_parts.batch import relax
from engine.small_parts.feed import Feed


def check_ends(cardinality, steps):
    """Refuse endless data without a number of steps."""
    if cardinality == tf.data.INFINITE_CARDINALITY and steps is None:
        raise ValueError("An endless dataset needs steps_per_epoch= (or steps=), the number of batches in an epoch.")


class StreamFeed(Feed):
    """Batches that come one after the other and cannot be asked for by number.

    Where a stream is: how many iterators were made of it, which of them is in use (-1: none), how many batches came out
    of that one. To get there again, as many are made, because each pass of a shuffled tf.data pipeline draws its order
    when it is made, and as many batches are drawn and dropped.
    """

    is_batched = True
    size = STREAM

    def __init__(self, renew):
        self.renew = renew  # whether each epoch begins a new pass, also where the one before did not come to its end
        self.iterator, self.passes, self.current, self.drawn = None, 0, -1, 0

    @classmethod
    def make(cls, prepare, x, y, sample_weight, batch_size, shuffle, steps):
        kind = type(x).__name__
        if y is not None or sample_weight is not None:
            raise ValueError(f"A {kind} gives batches (x, y, sample_weight) itself; do not pass y or sample_weight.")
        if batch_size is not None and cls.is_batched:
            raise ValueError(f"A {kind} is batched already; do not pass batch_size. Use dataset.batch(size).")
        return cls(prepare, x, steps)

    def start(self, epoch, step=0):
        """Go to the first batch of an epoch; or, after `set_state`, go on after `step` batches of it."""
        if not step and (self.iterator is None or self.renew and self.drawn):
            self._begin_pass()
        self.position = step

    def plan(self, passes):
        return {} if self.steps is None else {STREAM: passes * self.steps}

    def _begin_pass(self):
        self.iterator = self._new_iterator()
        self.current, self.drawn = self.passes, 0
        self.passes += 1

    def _end_pass(self):
        self.iterator, self.current = None, -1

    def _has_ended_before(self):
        """Whether the epoch before took the very last batch of the pass, where this one was to go on: then it begins a new one."""
        ended = not self.position and self.drawn > 0
        if ended:
            self._begin_pass()
        return ended

    def _timed_next(self):
        """The next batch, or None at the end."""
        began = time.perf_counter()
        batch = next(self.iterator, None)
        self.waited += time.perf_counter() - began
        return batch

    def next(self):
        if self.iterator is None or self.position == self.steps:
            return None
        batch = self._timed_next()
        if batch is None and self._has_ended_before():
            batch = self._timed_next()
        if batch is None:
            self._end_pass()
        else:
            self.position, self.drawn = self.position + 1, self.drawn + 1
        return batch

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


def let_go(feed):
    """Drop the iterator of a pass that is not at its end in a thread of its own.

    TensorFlow's tuner of the pipeline may be asleep then, for as long as the pass has lasted, up to a minute, and who drops the
    iterator waits for it.
    """
    if getattr(feed, "iterator", None) is not None and not sys.is_finalizing():
        held, feed.iterator = [feed.iterator], None
        threading.Thread(target=held.clear, daemon=True).start()


class DatasetFeed(StreamFeed):
    """A tf.data pipeline, iterated inside the compiled loop."""

    accepted = "a tf.data.Dataset"

    def __init__(self, prepare, dataset, steps):
        size = int(dataset.cardinality())
        if size == 0:
            raise ValueError("The dataset is empty: it gives no batches.")
        check_ends(size, steps)
        check_batched(dataset.element_spec, prepare.model.input_symbols())
        has_parts = type(dataset.element_spec) is tuple  # ((a, b),): one x of two, not x and y
        # Else AutoGraph would translate `prepare` and all that it calls, which takes longer than the rest of this function.
        one = tf.autograph.experimental.do_not_convert(lambda *items: prepare(items if has_parts else items[0]))
        self.dataset = dataset.map(one)
        self.steps = steps if steps is not None else size if size > 0 else None
        self.spec = relax(self.dataset.element_spec)
        super().__init__(renew=steps is None)

    @classmethod
    def takes(cls, x, model):
        return isinstance(x, tf.data.Dataset)

    @property
    def whole_spec(self):
        return self.dataset.element_spec

    def example(self):
        self.passes += 1
        return next(self._new_iterator())

    def once_more(self, first=0, end=None):
        self.passes += 1
        return itertools.islice(self._new_iterator(), self.steps)

    def _new_iterator(self):
        return iter(self.dataset)

    __del__ = let_go

    def run(self, step, count):
        count = count if self.steps is None else min(count, self.steps - self.position)
        if self.iterator is None or count <= 1:
            return super().run(step, count)
        logs, ran, waited = step.on_iterator(self.iterator, count)
        if not ran and self._has_ended_before():
            logs, ran, waited = step.on_iterator(self.iterator, count)
        self.waited += waited
        self.position, self.drawn = self.position + ran, self.drawn + ran
        if ran < count:
            self._end_pass()
        return logs, ran
