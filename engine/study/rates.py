"""Which learning rate? A short trial with rates that grow from step to step, and is then undone.

    rate of step i  =  lowest * (highest / lowest) ** (i / (steps - 1))

Too low a rate learns nothing, too high a one makes the loss explode; a good one lies below where the loss is lowest.
L. N. Smith, *Cyclical learning rates for training neural networks*, 2015, arXiv:1506.01186.
"""

import contextlib
import dataclasses
import math

import numpy as np
import tensorflow as tf

from engine import hints
from engine.core.model import CoreModel
from engine.small_parts.batch import unpack
from engine.small_parts.feed import make_feed
from engine.study.charts import Line
from engine.study.notebook import charts, fragment, paragraph
from engine.study.ready import make_ready_on
from engine.text import table
from engine.unchanged import dice_kept, unchanged

_MEMORY = 0.9  # of the smoothed loss
_EXPLODED = 3.0  # times the loss of the beginning, above the lowest: no more steps are made
_BELOW = 10.0  # the rate at which the loss is lowest, divided by this, is suggested
_BEGIN = 8  # the first part of the steps, one of so many: at such rates nothing is learnt
_LEARNT = 0.01  # part of the loss of the beginning by which it must have fallen
_SHOWN = 12  # lines of the text


@dataclasses.dataclass
class RateTrial:
    """`rates`, `losses` (of each batch), `smoothed` and the `suggestion`: None if the loss did not fall at any rate."""

    title: str
    rates: list
    losses: list
    smoothed: list
    suggestion: float | None

    def __str__(self):
        every = max(1, len(self.rates) // _SHOWN)
        most = max((abs(loss) for loss in self.smoothed), default=0) or 1
        rows = [(f"{rate:.2g}", f"{loss:.4g}", "█" * round(30 * abs(loss) / most))
                for rate, loss in list(zip(self.rates, self.smoothed))[::every]]  # fmt: skip
        return f"Learning rates of {self.title}\n{table(('rate', 'loss', ''), rows)}\n{self._advice()}"

    def _repr_html_(self):
        lines = [Line("loss", list(zip(self.rates, self.losses)), 1, True), Line("smoothed", list(zip(self.rates, self.smoothed)))]
        curves = charts({"loss": lines}, horizontal="learning rate", log_x=True)
        return fragment(f"Learning rates of {self.title}", paragraph(self._advice()), curves)

    def _advice(self):
        if self.suggestion is None:
            return "No suggestion: the loss did not fall at any of these rates."
        return f"Suggestion: {self.suggestion:.2g}, a tenth of the rate at which the loss is lowest."


def find_rate(
    model: CoreModel, x: hints.Data, y: hints.Data = None, sample_weight: hints.Data = None, *, batch_size: int | None = None,
    lowest: float = 1e-6, highest: float = 10.0, steps: int = 100,
) -> RateTrial:  # fmt: skip
    """Try learning rates from `lowest` to `highest` on batches of these data; returns a RateTrial to print, with a suggestion.

    The steps are those of the model, made eagerly. Afterwards, also after an error or Ctrl-C, the model is as it was: weights,
    slots, metrics, the counters of its random numbers, and its learning rate. Nothing is set: compile with the rate that you choose.
    The trial ends early when the loss has exploded.

    Arguments: `x`, `y`, `sample_weight`, `batch_size` as of `fit`; `lowest` and `highest`, the rates of the first and last of
    `steps` steps.
    Errors: RuntimeError for a model that is not compiled; ValueError for rates or steps that make no range.

    >>> import numpy as np
    >>> from engine import Sequential
    >>> from engine.study import find_rate
    >>> from layers import Dense
    >>> x = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> model = Sequential([Dense(1, input_shape=(1,))])
    >>> model.compile("sgd", "mse")
    >>> trial = find_rate(model, x, 3 * x + 1)
    >>> 0.001 < trial.suggestion < 1
    True
    """
    model._require_compiled("find_rate")
    rates = _rates(lowest, highest, steps)
    with dice_kept():
        feed = make_feed(model, x, y, sample_weight, batch_size=batch_size, shuffle=True)
        batches = _endless(model, feed)
        make_ready_on(model, unpack(next(batches))[0])
        with unchanged(model):
            losses = _trial(model, rates, batches)
    smoothed = _smoothed(losses)
    return RateTrial(model._title, rates[: len(losses)], losses, smoothed, _suggestion(rates, losses, smoothed))


def _rates(lowest, highest, steps):
    if not (0 < lowest < highest < math.inf):
        raise ValueError(f"find_rate tries rates from lowest to highest, 0 < lowest < highest; received {lowest!r} and {highest!r}.")
    if not isinstance(steps, (int, np.integer)) or isinstance(steps, bool) or steps < 2:
        raise ValueError(f"find_rate: steps is a whole number from 2 on, received {steps!r}.")
    return [lowest * (highest / lowest) ** (number / (steps - 1)) for number in range(steps)]


def _trial(model, rates, batches):
    """The losses at these rates, up to the first that has exploded."""
    losses = []
    with _settable(model.optimizer) as rate_now:
        for rate in rates:
            rate_now.assign(rate)
            model.reset_metrics()
            logs = model.train_step(next(batches))
            if "loss" not in logs:
                raise ValueError(f"{model._title}: train_step returns {sorted(logs)}, and find_rate needs the 'loss'.")
            loss = float(logs["loss"])
            if not math.isfinite(loss):
                break
            losses.append(loss)
            smoothed = _smoothed(losses)
            if smoothed[-1] - min(smoothed) > _EXPLODED * max(abs(smoothed[0]), 1e-12):
                break
    return losses


@contextlib.contextmanager
def _settable(optimizer):
    """The variable that is the learning rate: the optimizer's own, or for this time one in the place of its schedule."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    schedule = optimizer._rate
    if isinstance(schedule, tf.Variable):
        before = schedule.read_value()
        try:
            yield schedule
        finally:
            schedule.assign(before)
    else:
        variable = tf.Variable(0.0, trainable=False)
        optimizer.learning_rate = variable.read_value
        try:
            yield variable
        finally:
            optimizer.learning_rate = schedule


def _smoothed(losses):
    """An exponential moving average, in which the first losses count fully."""
    mean, found = 0.0, []
    for number, loss in enumerate(losses, 1):
        mean = _MEMORY * mean + (1 - _MEMORY) * loss
        found.append(mean / (1 - _MEMORY**number))
    return found


def _suggestion(rates, losses, smoothed):
    """A tenth of the best rate, if the loss falls below that of the lowest rates by more than batches differ from one another."""
    begin = max(2, len(rates) // _BEGIN)
    if len(losses) <= begin:
        return None
    usual, noise = np.mean(losses[:begin]), np.std(losses[:begin])
    best = min(range(begin, len(losses)), key=smoothed.__getitem__)
    if usual - smoothed[best] <= max(_LEARNT * abs(usual), noise / 2):
        return None
    return rates[best] / _BELOW


def _endless(model, feed):
    """Batches without end, epoch after epoch."""
    epoch = 0
    while True:
        feed.start(epoch)
        batch = feed.next()
        if batch is None:
            raise ValueError(f"{model._title}: find_rate was given data that end; give arrays or a tf.data pipeline.")
        while batch is not None:
            yield batch
            batch = feed.next()
        epoch += 1
