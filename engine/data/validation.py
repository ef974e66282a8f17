"""`fit(validation_data=)`: one set of data to measure on after an epoch, or several with names."""

import contextlib
from collections.abc import Collection, Iterator

import tensorflow as tf

from engine.small_parts.arrays import is_array_like
from engine.small_parts.feed import kind_of, make_feed
from engine.unchanged import unchanged


class Validation:
    """What `fit` measures and when. `feeds`: {how the names in the logs begin: feed}, {} where there is nothing to measure.

    Arguments: `data` (None; `(x, y)`, `(x, y, sample_weight)` or what gives such batches; a dict of those); `batch_size` (of
    arrays); `steps` (in each validation, None: all); `frequency` (every so many epochs, or the epochs, counted from 1).
    """

    def __init__(self, model, data, batch_size, steps, frequency):
        self.model, self.frequency = model, frequency
        sets = {} if data is None else {"val_": data}
        if isinstance(data, dict) and self._has_sets(data):
            sets = {f"val_{name}_": each for name, each in data.items()}
        self.feeds = {}
        for prefix, each in sets.items():
            with _naming(prefix):
                self.feeds[prefix] = _make_feed(model, each, batch_size, steps)

    def _has_sets(self, data):
        """Whether the items of a dict are `(x, y)` or what gives batches; a dict of arrays is one x."""
        if not data or set(data) & {symbol.node.operation.name for symbol in self.model.input_symbols()}:
            return False
        sure = any(isinstance(each, tuple) or not is_array_like(each) for each in data.values())
        return sure or all(isinstance(each, list) for each in data.values())

    def due(self, epoch):
        """(how the names begin, feed) of what is to be measured after that epoch, counted from 1."""
        return self.feeds.items() if self._passes(epoch - 1, epoch) else ()

    def _passes(self, first, last):
        """How many of the epochs from `first` until before `last`, counted from 0, are followed by a validation."""
        if isinstance(self.frequency, Collection):
            return sum(first < epoch <= last for epoch in set(self.frequency))
        return max(last // self.frequency - first // self.frequency, 0)

    def prepare(self, training_feed, first, last):
        """Before the first step on `training_feed`: refuse what could not be measured, and say how many steps will come."""
        passes = self._passes(first, last)
        for prefix, feed in self.feeds.items():
            with _naming(prefix):
                _check_text(feed, training_feed)
                self.model._prepare("test", feed, passes)
                if self.model.run_eagerly and (feed.spec != training_feed.spec or _has_class_numbers(feed)):
                    feed.start(0)
                    with unchanged(self.model):  # a compiled step was tried by tracing it; in plain Python a batch tells
                        self.model.test_step(feed.example())
                _check_passes(feed, passes)


def _make_feed(model, data, batch_size, steps):
    parts = data if isinstance(data, (tuple, list)) else (data,)
    if not 1 <= len(parts) <= 3:
        kind = type(data).__name__
        raise ValueError(
            f"expected (x, y), (x, y, sample_weight) or what gives such batches, received a {kind} of {len(parts)} items."
        )
    x, y, sample_weight = (*parts, None, None)[:3]
    batch_size = None if kind_of(model, x).is_batched else batch_size
    feed = make_feed(model, x, y, sample_weight, batch_size, steps=steps)
    feed.renew = True  # what is measured after an epoch is measured after the next one too
    return feed


@contextlib.contextmanager
def _naming(prefix):
    """Errors in the block begin with the name of the argument that they are about."""
    try:
        yield
    except ValueError as error:
        name = "validation_data" if prefix == "val_" else f"validation_data[{prefix[4:-1]!r}]"
        raise ValueError(f"{name}: {error}") from error


def _check_text(feed, training_feed):
    found, expected = ([leaf.dtype == tf.string for leaf in tf.nest.flatten(each.spec)] for each in (feed, training_feed))
    if found != expected and len(found) == len(expected):
        raise ValueError("text stands where the data to train on have numbers, or the other way round. Encode both alike.")


def _has_class_numbers(feed):
    return any(labels is not None and labels.dtype.is_integer for labels in tf.nest.flatten(feed.targets))


def _check_passes(feed, passes):
    source = getattr(feed, "source", None)
    if passes > 1 and feed.steps is None and isinstance(source, Iterator):
        raise ValueError(
            f"a {type(source).__name__} is used up once and gives no batches to the second of {passes} validations. Pass "
            "validation_steps= if it never ends, else an object that begins anew each time."
        )
