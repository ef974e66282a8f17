"""Why is a loss NaN, why has a kernel refused a batch? Compiled code cannot tell: it raises nothing, or TensorFlow's own words.

So afterwards the batches in question run once more, eagerly, where layers and losses check values and say what is wrong.
The learning rates are looked at too. All of this costs a look at one number in each chunk of steps.
"""

import contextlib
import itertools
import math
import re
import weakref

import numpy as np
import tensorflow as tf

from engine.around import Around
from engine.small_parts.batch import unpack
from engine.small_parts.given import say_without_values
from engine.state import beside_training
from engine.unchanged import losses_kept

_MOST = 1000  # batches that are looked at again, and learning rates
_LOOKS = 100  # chunks after which the learning rate is looked at anyway


class Reasons(Around):
    """What explains the steps of `model` that went wrong."""

    def __init__(self, model):
        self.model = model
        self.asked = None  # a weak reference to the run that was looked into: once is enough
        self.looks = 0
        self.in_vain = False  # whether the last search has found nothing: a model of NaN weights is not searched again and again

    def __getstate__(self):
        return {**vars(self), "asked": None}

    def step(self, step, data):
        """Before the first step, as it is traced; eagerly before each one."""
        if not tf.distribute.has_strategy():
            with tf.init_scope():
                check_rate(self.model.optimizer)
        return step(data)

    def look(self, run):
        if tf.distribute.has_strategy():
            return
        self.looks += 1
        if run.step == 0 or self.looks % _LOOKS == 0:
            check_rate(self.model.optimizer)
        if self.asked and self.asked() is run or not _is_nan(self.model._loss_tracker.total.numpy()):
            return
        self.asked = weakref.ref(run)
        _check_rates(self.model.optimizer, run.feed.position - run.step)
        self._explain(run.feed, run.step, run.feed.position)

    def finished(self, feed, values):
        if not any(_is_nan(value) for value in tf.nest.flatten(values, expand_composites=True)):
            self.in_vain = False
        elif not tf.distribute.has_strategy() and not self.in_vain:
            self._explain(feed)

    def _explain(self, feed, first=0, end=None):
        """A ValueError, if one of these batches has values that layers or losses check."""
        losses = self.model.compiled_loss
        by_layers = any(layer.checks_values for _, layer in self.model.named_layers())
        if by_layers or losses is not None and losses.class_counts:
            reason = find_reason(self.model, feed.once_more(first, end), by_layers)
            if reason is not None:
                raise reason
            self.in_vain = True


@contextlib.contextmanager
def explained(model, *feeds):
    """Where TensorFlow refuses a batch of one of `feeds` inside the block: the ValueError of the layer or loss that knows why."""
    try:
        yield
    except (NotImplementedError, AttributeError, TypeError) as error:
        say_without_values(error)
        raise
    except tf.errors.InvalidArgumentError as error:
        told = re.search(r"assertion failed: \[(class_weight .*?)\]", str(error))
        if told:
            raise ValueError(told.group(1)) from error
        for feed in feeds:
            reason = feed and find_reason(model, feed.once_more())
            if reason:
                raise reason from error
        raise


def find_reason(model, batches, by_layers=True):
    """The ValueError that the first bad one of `batches` causes when it runs eagerly; the model's state stays as it was.

    Without `by_layers` only the labels are looked at, which is quick.
    """
    try:
        with undisturbed(model):
            for batch in itertools.islice(batches, _MOST):
                x, y, sample_weight = unpack(batch)
                if model.compiled_loss is not None:
                    model.compiled_loss.check_labels(y)
                if by_layers:
                    _check_one(model, x, y, sample_weight)
    except ValueError as error:
        return error
    except tf.errors.OpError:  # nobody knows better than TensorFlow
        return None
    return None


def _check_one(model, x, y, sample_weight):
    """Run one batch, through layers and losses."""
    y_pred = model(x, training=False)
    rows = {item.shape[0] for item in tf.nest.flatten(x) if item.shape.rank}
    found = {item.shape[0] for item in tf.nest.flatten(y_pred) if item.shape.rank}
    if model.compiled_loss is None or y is None:
        return
    if len(rows) == 1 and found and found != rows:
        raise ValueError(
            f"{model._title}: call() returned {min(found)} rows for {rows.pop()} rows of x. Return one row for each, in their order."
        )
    model.compiled_loss.terms(y, y_pred, sample_weight)


@contextlib.contextmanager
def undisturbed(model):
    """Inside the block `model` may be called eagerly: afterwards its state, its losses and its metrics are as before."""
    before = [(variable, variable.numpy()) for variable in beside_training(model)]
    try:
        with losses_kept(model):
            yield
    finally:
        for variable, value in before:
            variable.assign(value)


def check_rate(optimizer, step=None):
    """A ValueError unless the learning rate (of the call number `step`, or now) is a finite number of 0 or more."""
    rate = optimizer.learning_rate if step is None else optimizer.rate_at(tf.constant(step, tf.int64))
    rate = 0.0 if rate is None else float(rate)  # None: a rule without a rate
    if not 0 <= rate < math.inf:
        step = int(optimizer.iterations) if step is None else step
        raise ValueError(
            f"{type(optimizer).__name__} {optimizer.name!r}: the learning rate is {rate} in step {step + 1}, and must be a finite "
            "number of 0 or more. Correct the schedule or whatever sets it; the weights may have to be loaded again."
        )


def _check_rates(optimizer, count):
    """As `check_rate`, for the last `count` calls."""
    end = int(optimizer.iterations)
    for step in range(max(end - min(count, _MOST), 0), end):
        check_rate(optimizer, step)


def _is_nan(value):
    if isinstance(value, float):
        return value != value
    value = np.asarray(value)
    return value.dtype.kind == "f" and bool(np.isnan(value).any())
