"""Learning rates that change with the number of steps: a schedule is a function of `step`.

Below, `rate` is `initial_learning_rate`, and `progress` is `step / decay_steps`. All are computed
in the default float dtype, and all are pure TensorFlow operations, so they run inside compiled code.
"""

import math

import tensorflow as tf

from engine import dtypes
from losses.ground import configurable
from losses.ground.configurable import Configurable
from losses.ground.lookup import catalogue, custom_object_scope, resolve


class LearningRateSchedule(Configurable):
    """Base of all schedules: override `__call__(step)`. An optimizer takes one as its `learning_rate`.

    >>> class Halving(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5 ** as_float(step)
    >>> float(Halving()(2))
    0.25
    """

    keras_module = "keras.optimizers.schedules"

    def __call__(self, step):
        """The learning rate at `step`, an integer tensor, as a scalar."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__(step). Define it: it returns the rate.")


def as_float(value):
    """Numbers, or an integer tensor or variable, in the default float dtype."""
    if isinstance(value, (tf.Tensor, tf.Variable)):
        return tf.cast(value, dtypes.dtype())
    return tf.constant(value, dtypes.dtype())  # tf.cast would round to float32 on the way


def _positive(schedule, **values):
    for name, value in values.items():
        if not 0 < float(value) < math.inf:
            raise ValueError(f"{type(schedule).__name__} needs a positive `{name}`; received {value!r}.")


def _not_negative(schedule, **values):
    for name, value in values.items():
        if isinstance(value, (str, bool)) or not 0 <= float(value) < math.inf:
            raise ValueError(f"{type(schedule).__name__} needs a finite `{name}` of 0 or more; received {value!r}.")


class ExponentialDecay(LearningRateSchedule):
    """`rate * decay_rate ** progress`: falls by the same factor every `decay_steps`.

    Arguments: `initial_learning_rate` (the rate above); `decay_steps` (progress is `step / decay_steps`); `decay_rate`;
    `staircase` (in jumps, with `floor(progress)`).
    Errors: ValueError for rates below 0 and steps that are not above 0.

    >>> float(ExponentialDecay(1.0, decay_steps=10, decay_rate=0.25)(5))
    0.5
    """

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name="ExponentialDecay"):
        _positive(self, decay_steps=decay_steps)
        _not_negative(self, initial_learning_rate=initial_learning_rate, decay_rate=decay_rate)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step):
        """The learning rate at `step`."""
        progress = as_float(step) / self.decay_steps
        progress = tf.floor(progress) if self.staircase else progress
        return self.initial_learning_rate * as_float(self.decay_rate) ** progress


class InverseTimeDecay(LearningRateSchedule):
    """`rate / (1 + decay_rate * progress)`: falls ever more slowly. What `decay=` of old optimizers did.

    Arguments: as `ExponentialDecay`.

    >>> float(InverseTimeDecay(1.0, decay_steps=10, decay_rate=1.0)(30))
    0.25
    """

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name="InverseTimeDecay"):
        _positive(self, decay_steps=decay_steps)
        _not_negative(self, initial_learning_rate=initial_learning_rate, decay_rate=decay_rate)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step):
        """The learning rate at `step`."""
        progress = as_float(step) / self.decay_steps
        progress = tf.floor(progress) if self.staircase else progress
        return self.initial_learning_rate / (1 + self.decay_rate * progress)


class PiecewiseConstantDecay(LearningRateSchedule):
    """`values[i]`, where `i` is the number of `boundaries` below `step`. One more value than boundaries.

    >>> schedule = PiecewiseConstantDecay(boundaries=[10, 20], values=[1.0, 0.5, 0.25])
    >>> [float(schedule(step)) for step in (0, 10, 11, 21)]
    [1.0, 1.0, 0.5, 0.25]
    """

    def __init__(self, boundaries, values, name="PiecewiseConstant"):
        if len(values) != len(boundaries) + 1:
            raise ValueError(
                f"PiecewiseConstantDecay needs one value more than boundaries; received {len(boundaries)} boundaries "
                f"and {len(values)} values."
            )
        if list(boundaries) != sorted(boundaries):
            raise ValueError(f"PiecewiseConstantDecay needs boundaries that rise; received {boundaries}.")
        _not_negative(self, **{f"values[{index}]": value for index, value in enumerate(values)})
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step):
        """The learning rate at `step`."""
        passed = tf.cast(step, tf.float64) > tf.constant(self.boundaries, tf.float64)
        return tf.gather(as_float(self.values), tf.reduce_sum(tf.cast(passed, tf.int32)))


class PolynomialDecay(LearningRateSchedule):
    """`(rate - end) * (1 - progress) ** power + end`: down to `end_learning_rate` at `decay_steps`, then constant.

    Arguments: `initial_learning_rate` (the rate above); `decay_steps` (progress is `step / decay_steps`, at most 1);
    `end_learning_rate`; `power` (1: a straight line); `cycle` (instead of staying there, stretch `decay_steps` to its
    next multiple, so the rate rises again).

    >>> float(PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.0, power=2.0)(5))
    0.25
    """

    def __init__(
        self, initial_learning_rate, decay_steps, end_learning_rate=0.0001, power=1.0, cycle=False,
        name="PolynomialDecay",
    ):  # fmt: skip
        _positive(self, decay_steps=decay_steps)
        _not_negative(self, initial_learning_rate=initial_learning_rate, end_learning_rate=end_learning_rate, power=power)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power, self.cycle, self.name = end_learning_rate, power, cycle, name

    def __call__(self, step):
        """The learning rate at `step`."""
        step, decay_steps = as_float(step), as_float(self.decay_steps)
        if self.cycle:
            decay_steps = decay_steps * tf.maximum(tf.math.ceil(step / decay_steps), 1)
        progress = tf.minimum(step, decay_steps) / decay_steps
        end = self.end_learning_rate
        return (self.initial_learning_rate - end) * (1 - progress) ** self.power + end


class CosineDecay(LearningRateSchedule):
    """`rate * ((1 - alpha) * (1 + cos(π * progress)) / 2 + alpha)`: half a wave down to `alpha * rate`.

    Arguments: `initial_learning_rate` (the rate above); `decay_steps` (progress is `step / decay_steps`, at most 1);
    `alpha` (the part that is left); `warmup_target` (first a straight line from the rate to it in `warmup_steps`, and the
    wave begins there); `warmup_steps`.
    Source: Loshchilov & Hutter, "SGDR: Stochastic gradient descent with warm restarts", 2017.

    >>> schedule = CosineDecay(0.0, decay_steps=10, warmup_target=1.0, warmup_steps=4)
    >>> [round(float(schedule(step)), 3) for step in (0, 2, 4, 9, 14)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    def __init__(
        self, initial_learning_rate, decay_steps, alpha=0.0, name="CosineDecay", warmup_target=None, warmup_steps=0
    ):
        _positive(self, decay_steps=decay_steps)
        _not_negative(self, initial_learning_rate=initial_learning_rate, alpha=alpha, warmup_steps=warmup_steps)
        _not_negative(self, warmup_target=0 if warmup_target is None else warmup_target)
        self.initial_learning_rate, self.decay_steps, self.alpha, self.name = (
            initial_learning_rate, decay_steps, alpha, name,
        )  # fmt: skip
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def __call__(self, step):
        """The learning rate at `step`."""
        step = as_float(step)
        if self.warmup_target is None:
            return self.initial_learning_rate * self._wave(step)
        rise = (self.warmup_target - self.initial_learning_rate) * tf.math.divide_no_nan(step, self.warmup_steps)
        fall = self.warmup_target * self._wave(step - self.warmup_steps)
        return tf.where(step < self.warmup_steps, self.initial_learning_rate + rise, fall)

    def _wave(self, step):
        progress = tf.minimum(step, self.decay_steps) / self.decay_steps
        return (1 - self.alpha) * (1 + tf.cos(math.pi * progress)) / 2 + self.alpha


class CosineDecayRestarts(LearningRateSchedule):
    """A cosine wave down, again and again (SGDR): period `i` is `t_mul ** i` as long and starts at `m_mul ** i * rate`.

    `rate * ((1 - alpha) * m_mul ** i * (1 + cos(π * progress)) / 2 + alpha)`, where `progress` is the part of
    period `i` that is over.

    Arguments: `initial_learning_rate` (the rate above); `first_decay_steps` (the length of the first period); `t_mul`;
    `m_mul`; `alpha` (the part that is left at the end of a period).
    Source: as `CosineDecay`.

    >>> schedule = CosineDecayRestarts(1.0, first_decay_steps=10, t_mul=2.0, m_mul=0.5)
    >>> [round(float(schedule(step)), 3) for step in (0, 5, 10, 20)]
    [1.0, 0.5, 0.5, 0.25]
    """

    def __init__(
        self, initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0, name="SGDRDecay"
    ):
        _positive(self, first_decay_steps=first_decay_steps, t_mul=t_mul)
        _not_negative(self, initial_learning_rate=initial_learning_rate, m_mul=m_mul, alpha=alpha)
        self.initial_learning_rate, self.first_decay_steps = initial_learning_rate, first_decay_steps
        self.t_mul, self.m_mul, self.alpha, self.name = t_mul, m_mul, alpha, name

    def __call__(self, step):
        """The learning rate at `step`."""
        periods, growth = as_float(step) / self.first_decay_steps, as_float(self.t_mul)
        if self.t_mul == 1:
            i = tf.floor(periods)
            progress = periods - i
        else:  # periods before number i sum to (1 - growth**i) / (1 - growth)
            i = tf.floor(tf.math.log(1 - periods * (1 - growth)) / tf.math.log(growth))
            progress = (periods - (1 - growth**i) / (1 - growth)) / growth**i
        wave = as_float(self.m_mul) ** i * (1 + tf.cos(math.pi * progress)) / 2
        return self.initial_learning_rate * ((1 - self.alpha) * wave + self.alpha)


_TABLE = catalogue(
    CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay
)


def serialize(learning_rate_schedule):
    """A schedule (or a number, or a function by its name) as plain data, for `deserialize`.

    >>> serialize(ExponentialDecay(1.0, decay_steps=10, decay_rate=0.5))["config"]["decay_rate"], serialize(0.1)
    (0.5, 0.1)
    """
    function = callable(learning_rate_schedule) and not isinstance(learning_rate_schedule, Configurable)
    if function:
        name = learning_rate_schedule.__name__
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    return configurable.serialize(learning_rate_schedule)


def deserialize(config, custom_objects=None):
    """The schedule that `serialize` described; `custom_objects` names your own.

    >>> deserialize(serialize(InverseTimeDecay(0.5, 10, 1.0))).initial_learning_rate
    0.5
    """
    with custom_object_scope(custom_objects):
        return resolve("learning rate schedule", config, _TABLE)
