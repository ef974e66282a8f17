"""Batches from Python: a generator, a Sequence, anything that can be gone through."""

from collections.abc import Iterable, Iterator, Sized

import tensorflow as tf

from engine.data.streams import StreamFeed
from engine.training.arrays import is_array_like, to_tensors
from engine.training.batch import relax


class PythonFeed(StreamFeed):
    """Batches from a generator or iterator, or from an object that can be gone through anew in each epoch."""

    accepted = "a generator of batches"
    is_batched = False  # a batch_size is of no use, and no error

    def __init__(self, prepare, source, steps):
        self.prepare, self.source = prepare, source
        self.is_sequence = isinstance(source, Sized) and hasattr(source, "__getitem__")
        self.steps = steps if steps is not None else len(source) if isinstance(source, Sized) else None
        if self.steps == 0:
            raise ValueError(f"The {type(source).__name__} is empty: it gives no batches.")
        self.limited = steps is not None
        self._ahead = self._spec = None
        super().__init__(renew=False)
        self.start(0)
        if self.spec is None:
            raise ValueError(f"The {type(source).__name__} gave no batches. A generator can be used up only once.")

    @classmethod
    def takes(cls, x, model):
        return not is_array_like(x) and (isinstance(x, Iterable) or hasattr(x, "__getitem__"))

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

    def run(self, step, count):
        return super().run(step, 1)  # the batch after it may need a step of another spec

    def next(self):
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
                self._spec = _joined(self._spec, relax(self._ahead), self.drawn + 1)

    def _end_pass(self):
        if not isinstance(self.source, Iterator):  # what a generator has given is gone; others start anew
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
            if data is None:
                raise ValueError(f"The {type(source).__name__} gave None for a batch. Give x, (x, y) or (x, y, sample_weight).")
            many = isinstance(data, (list, tuple))
            data = tuple(to_tensors(item, self.prepare.dtype) for item in (data if many else [data]))
            yield self.prepare(data if many else data[0])


def _joined(spec, found, number):
    """The spec that takes what `spec` takes (None: nothing yet) and the batch of that number: where they differ, an axis is open."""
    if spec is None:
        return found
    try:
        tf.nest.assert_same_structure(spec, found)
        joined = tf.nest.map_structure(lambda one, other: one.most_specific_common_supertype([other]), spec, found)
    except (ValueError, TypeError):
        joined = None
    ranks = [item.shape.rank for item in tf.nest.flatten(found)]
    if joined is None or None in tf.nest.flatten(joined) or [item.shape.rank for item in tf.nest.flatten(joined)] != ranks:
        raise ValueError(
            f"Batch {number} of the generator is of another kind than those before: it was {_text(spec)}, and is {_text(found)}. "
            "Give each batch the same structure, dtypes and number of axes."
        )
    return joined


def _text(spec):
    return str(tf.nest.map_structure(lambda item: f"{item.dtype.name}{list(item.shape)}", spec)).replace("'", "")
