"""Penalties on weights or outputs: a scalar, added to the loss, that grows with what is not wanted."""

import math

import tensorflow as tf

from losses.ground import configurable
from losses.ground.configurable import Configurable
from losses.ground.lookup import catalogue, custom_object_scope, resolve


class Regularizer(Configurable):
    """Base of all penalties: override `__call__(x)`. A plain function of a tensor serves too.

    >>> class Mean(Regularizer):
    ...     def __call__(self, x):
    ...         return tf.abs(tf.reduce_mean(x))
    >>> float(Mean()(tf.constant([1.0, 3.0])))
    2.0
    """

    keras_module = "keras.regularizers"

    def __call__(self, x):
        """The penalty for the tensor `x`, a scalar of its dtype; the base asks for none."""
        return tf.zeros((), tf.convert_to_tensor(x).dtype)


def _factor(owner, name, value, default):
    """`value` as a float, `default` for None; anything but a finite non-negative number is a ValueError."""
    value = default if value is None else value
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < math.inf:
        raise ValueError(f"{type(owner).__name__}'s {name} is a finite, non-negative number; received {value!r}.")
    return number


class L1(Regularizer):
    """`l1 * Σ|x|`: pulls small weights to exactly zero. `l1`: 0.01.

    >>> float(L1(0.5)(tf.constant([1.0, -3.0])))
    2.0
    """

    def __init__(self, l1=0.01):
        self.l1 = _factor(self, "l1", l1, 0.01)

    def __call__(self, x):
        return self.l1 * tf.reduce_sum(tf.abs(x))


class L2(Regularizer):
    """`l2 * Σx²`: pulls large weights most; the classic weight decay. `l2`: 0.01.

    >>> float(L2(0.5)(tf.constant([1.0, -3.0])))
    5.0
    """

    def __init__(self, l2=0.01):
        self.l2 = _factor(self, "l2", l2, 0.01)

    def __call__(self, x):
        return self.l2 * tf.reduce_sum(tf.square(x))


class L1L2(Regularizer):
    """`l1 * Σ|x| + l2 * Σx²`, the elastic net (Zou & Hastie 2005). `l1`, `l2`: 0, no penalty.

    >>> float(L1L2(l1=0.5, l2=0.5)(tf.constant([1.0, -3.0])))
    7.0
    """

    def __init__(self, l1=0.0, l2=0.0):
        self.l1 = _factor(self, "l1", l1, 0.0)
        self.l2 = _factor(self, "l2", l2, 0.0)

    def __call__(self, x):
        return self.l1 * tf.reduce_sum(tf.abs(x)) + self.l2 * tf.reduce_sum(tf.square(x))


class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean |cosine| between two rows (or columns) of a matrix: pulls them apart.

    `x`: (rows, columns); another rank is a ValueError. A single row has no partner: penalty 0.

    `factor`: 0.01. `mode`: "rows" or "columns".

    >>> float(OrthogonalRegularizer(1.0)(tf.constant([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])))
    0.0
    """

    def __init__(self, factor=0.01, mode="rows"):
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer's mode is 'rows' or 'columns'; received {mode!r}.")
        self.factor = _factor(self, "factor", factor, 0.01)
        self.mode = mode

    def __call__(self, x):
        x = tf.convert_to_tensor(x)
        if x.shape.rank != 2:
            raise ValueError(f"OrthogonalRegularizer needs a matrix; received shape {x.shape}.")
        vectors = tf.math.l2_normalize(x if self.mode == "rows" else tf.transpose(x), axis=1)
        cosines = tf.abs(tf.linalg.matmul(vectors, vectors, transpose_b=True))
        cosines = tf.linalg.set_diag(cosines, tf.zeros_like(cosines[0]))
        count = tf.cast(tf.shape(vectors)[0], x.dtype)
        return self.factor * tf.math.divide_no_nan(tf.reduce_sum(cosines), count * (count - 1))


# The lower-case names that tutorials use.
l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

_TABLE = catalogue(L1, L2, L1L2, OrthogonalRegularizer, l1_l2=L1L2)


def get(identifier):
    """The regularizer that a name, an object, a function, a class or a config stands for; None stays None.

    >>> get("l2").get_config()
    {'l2': 0.01}
    """
    return resolve("regularizer", identifier, _TABLE)


def serialize(regularizer):
    """`regularizer` as plain data, for `deserialize`.

    >>> serialize(L2(0.5))["config"]["l2"]
    0.5
    """
    return configurable.serialize(regularizer)


def deserialize(config, custom_objects=None):
    """The regularizer that `serialize` described; `custom_objects` names your own.

    >>> deserialize(serialize(L2(0.5))).l2
    0.5
    """
    with custom_object_scope(custom_objects):
        return get(config)
