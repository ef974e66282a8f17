"""Projections applied to a weight after each update, to keep it inside a set.

`axis`: what one norm is taken over. 0 for a Dense kernel (inputs, units): the weights into one unit;
[0, 1, 2] for a 2-D convolution's kernel.
"""

import tensorflow as tf

from losses.ground import configurable
from losses.ground.configurable import Configurable
from losses.ground.lookup import catalogue, custom_object_scope, resolve

_EPSILON = 1e-7  # keeps a zero vector at zero instead of 0 / 0


class Constraint(Configurable):
    """Base of all constraints: override `__call__(w)`. A plain function of a tensor serves too.

    >>> class Halved(Constraint):
    ...     def __call__(self, w):
    ...         return w / 2
    >>> Halved()(tf.constant([2.0, 4.0])).numpy().tolist()
    [1.0, 2.0]
    """

    keras_module = "keras.constraints"

    def __call__(self, w):
        """The projected weight, of the shape and dtype of `w`; the base allows everything."""
        return w


def _norm(w, axis):
    return tf.sqrt(tf.reduce_sum(tf.square(w), axis=axis, keepdims=True))


class MaxNorm(Constraint):
    """`w * min(|w|, max_value) / |w|`: vectors longer than `max_value` are cut to it (Srivastava et al. 2014).

    `max_value`: 2. `axis`: 0, see above.

    >>> MaxNorm(1)(tf.constant([[3.0, 0.1], [4.0, 0.2]])).numpy().round(3).tolist()
    [[0.6000000238418579, 0.10000000149011612], [0.800000011920929, 0.20000000298023224]]
    """

    def __init__(self, max_value=2, axis=0):
        if not max_value >= 0:
            raise ValueError(f"MaxNorm's max_value is a non-negative number; received {max_value}.")
        self.max_value, self.axis = max_value, axis

    def __call__(self, w):
        norm = _norm(w, self.axis)
        return w * (tf.clip_by_value(norm, 0, self.max_value) / (norm + _EPSILON))


class MinMaxNorm(Constraint):
    """`w * (rate * clip(|w|, min_value, max_value) + (1 - rate) * |w|) / |w|`: lengths kept between two values.

    `min_value`, `max_value`: 0, 1. `rate`: 1.0, the part of the way that one projection goes. `axis`: 0, see above.

    >>> MinMaxNorm(1.0, 2.0)(tf.constant([[0.3], [0.4]])).numpy().round(3).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(self, min_value=0.0, max_value=1.0, rate=1.0, axis=0):
        if not 0 <= min_value <= max_value:
            raise ValueError(
                f"MinMaxNorm needs 0 <= min_value <= max_value; received min_value={min_value}, max_value={max_value}."
            )
        if not 0 <= rate <= 1:
            raise ValueError(f"MinMaxNorm's rate lies between 0 and 1; received {rate}.")
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w):
        norm = _norm(w, self.axis)
        wanted = self.rate * tf.clip_by_value(norm, self.min_value, self.max_value) + (1 - self.rate) * norm
        return w * (wanted / (norm + _EPSILON))


class NonNeg(Constraint):
    """`max(w, 0)`: no negative weights.

    >>> NonNeg()(tf.constant([-1.0, 2.0])).numpy().tolist()
    [0.0, 2.0]
    """

    def __call__(self, w):
        return tf.nn.relu(w)


class UnitNorm(Constraint):
    """`w / |w|`: every vector has length 1. `axis`: 0, see above.

    >>> UnitNorm()(tf.constant([[3.0], [4.0]])).numpy().round(3).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(self, axis=0):
        self.axis = axis

    def __call__(self, w):
        return w / (_norm(w, self.axis) + _EPSILON)


# The lower-case names that tutorials use.
max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm

_TABLE = catalogue(MaxNorm, MinMaxNorm, NonNeg, UnitNorm, maxnorm=MaxNorm, nonneg=NonNeg, unitnorm=UnitNorm)


def get(identifier):
    """The constraint that a name, an object, a function, a class or a config stands for; None stays None.

    >>> get("max_norm").get_config()
    {'max_value': 2, 'axis': 0}
    """
    return resolve("constraint", identifier, _TABLE)


def serialize(constraint):
    """`constraint` as plain data, for `deserialize`.

    >>> serialize(MaxNorm(0.5))["config"]["max_value"]
    0.5
    """
    return configurable.serialize(constraint)


def deserialize(config, custom_objects=None):
    """The constraint that `serialize` described; `custom_objects` names your own.

    >>> deserialize(serialize(MaxNorm(0.5))).max_value
    0.5
    """
    with custom_object_scope(custom_objects):
        return get(config)
