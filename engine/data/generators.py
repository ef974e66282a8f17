"""Batches from Python: a generator, a Sequence, anything that can be gone through."""

import itertools
from collections.abc import Iterable, Iterator, Sized

import tensorflow as tf

from engine.core.compiled import STREAM
from engine.data import stacked
from engine.data.sequences import by_number, length
from engine.data.streams import StreamFeed
from engine.small_parts.arrays import is_array_like, to_tensors
from engine.small_parts.batch import kind, relax, specs


class PythonFeed(StreamFeed):
    """Batches from a generator or iterator, or from an object that can be gone through anew in each epoch."""

    accepted = "a generator of batches"
    is_batched = False  # a batch_size is of no use, and no error

    def __init__(self, prepare, source, steps):
        self.prepare, self.source = prepare, source
        self.is_sequence = length(source) is not None and hasattr(source, "__getitem__")
        self.is_iterator = isinstance(source, Iterator) and not self.is_sequence
        self.steps = steps if steps is not None else length(source)
        if self.steps == 0:
            raise ValueError(f"The {type(source).__name__} is empty: it gives no batches.")
        self.limited = steps is not None
        self._ahead, self._failed, self._spec, self._kept, self._taken = None, None, None, [], []
        self._kind, self._is_like_the_last = None, False  # of the batch in hand
        self._stack = stacked.Stack()
        super().__init__(renew=False)
        self.start(0)
        if self.spec is None:
            raise ValueError(f"The {type(source).__name__} gave no batches. A generator can be used up only once.")

    @classmethod
    def takes(cls, x, model):
        gives = isinstance(x, Iterable) or hasattr(x, "__getitem__")
        return gives and not is_array_like(x) and not isinstance(x, type)  # a class: its parentheses were forgotten

    @property
    def spec(self):
        """What takes the next batch and those before: sentences padded batch by batch have an axis that changes."""
        self._peek()
        return self._spec

    @property
    def whole_spec(self):
        self._peek()
        return self.spec if self._ahead is None else specs(self._ahead)

    def set_state(self, state):
        if self.get_state() != state:
            for _ in range(state["passes"] - (state["current"] >= 0)):
                self._tell_end()
            super().set_state(state)

    def run(self, step, count):
        self._peek()
        room = 1 if self._ahead is None else stacked.room(step, self._ahead)
        self._taken = self._take(min(count, room))
        if not self._taken:
            return None, 0
        self.last = self._taken[-1]
        if room > 1 and not step.one_by_one(STREAM):
            logs = step.on_rows(*self._stack.rows_of_all(self._taken, room), 0, len(self._taken), STREAM)
        else:
            for batch in self._taken:
                logs = step.on_batch(batch, STREAM)
        return logs, len(self._taken)

    def _take(self, most):
        """The next batches of the epoch, as far as they are alike: one that is not may need a step of another spec."""
        taken = []
        while len(taken) < most and (batch := self.next()) is not None:
            taken.append(batch)
            if len(taken) < most and not self._goes_on():
                break
        return taken

    def _goes_on(self):
        """Whether there is another batch, and like the last."""
        try:
            self._peek()
        except Exception as error:  # steps are made on what was given before it, and then it is raised
            self._failed = error
            return False
        return self._ahead is not None and self._is_like_the_last

    def once_more(self, first=0, end=None):
        """Those of the last chunk, or before there is one what is at hand."""
        return self._taken or super().once_more(first, end)

    def next(self):
        self._peek()
        if self.iterator is None and self._has_ended_before():
            self._peek()
        batch, self._ahead = self._ahead, None
        if batch is not None:
            self.position, self.drawn = self.position + 1, self.drawn + 1
            if self.renew and self.limited and self.is_iterator and self.drawn > len(self._kept):
                self._kept.append(batch)  # an iterator cannot begin anew
            if self.position == self.steps and not self.limited:
                self._end_pass()
        return batch

    def _drop(self):
        if self._ahead is None:
            next(self.iterator)
        self._ahead = None

    def _peek(self):
        """Have the next batch in hand, if the epoch goes on, and a spec that fits it."""
        if self._failed is not None:
            raise self._failed
        if self._ahead is None and self.iterator is not None and self.position != self.steps:
            self._ahead = self._timed_next()
            if self._ahead is None:
                self._end_pass()
                return
            self._kind, last = kind(self._ahead), self._kind
            self._is_like_the_last = self._kind == last
            if not self._is_like_the_last:
                self._spec = _joined(self._spec, relax(self._ahead), self.drawn + 1)

    def example(self):
        """The last batch, or before there is one the first."""
        self._peek()
        return self._ahead if self.last is None else self.last

    def _end_pass(self):
        if not self.is_iterator or isinstance(self.source, Sized):  # what a generator has given is gone; others start anew
            super()._end_pass()
            self._tell_end()

    def _tell_end(self):
        getattr(self.source, "on_epoch_end", lambda: None)()

    def _begin_pass(self):
        self._ahead = None
        super()._begin_pass()
        if self._kept:
            self.iterator = itertools.chain(tuple(self._kept), self.iterator)

    def _new_iterator(self):
        source = self.source
        getattr(source, "on_epoch_begin", lambda: None)()
        for data in by_number(source, length(source)) if self.is_sequence else source:
            if data is None:
                raise ValueError(f"The {type(source).__name__} gave None for a batch. Give x, (x, y) or (x, y, sample_weight).")
            many = isinstance(data, (list, tuple))
            x, *rest = data if many else [data]
            self._stack.begin_batch()
            dtype, new = self.prepare.dtype, self._stack.new
            x = to_tensors(x, dtype, self.prepare.keeps_lists, new)
            yield self.prepare((x, *(to_tensors(item, dtype, new=new) for item in rest)) if many else x)


def _joined(spec, found, number):
    """The spec that takes what `spec` takes (None: nothing yet) and the batch of that number: where they differ, an axis is open."""
    if spec is None:
        return found
    try:
        tf.nest.assert_same_structure(spec, found)
        joined = tf.nest.map_structure(lambda one, other: one and one.most_specific_common_supertype([other]), spec, found)
    except (ValueError, TypeError):
        joined = None
    ranks, now = ([item.shape.rank for item in tf.nest.flatten(each) if item is not None] for each in (found, joined or ()))
    if joined is None or tf.nest.flatten(joined).count(None) > tf.nest.flatten(found).count(None) or now != ranks:
        raise ValueError(
            f"Batch {number} of the generator is of another kind than those before: it was {_text(spec)}, and is {_text(found)}. "
            "Give each batch the same structure, dtypes and number of axes."
        )
    return joined


def _text(spec):
    return str(tf.nest.map_structure(lambda item: f"{item.dtype.name}{list(item.shape)}", spec)).replace("'", "")
