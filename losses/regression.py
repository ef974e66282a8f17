"""Distances between numbers: squared, absolute, relative, logarithmic.

Each idea is a function (one value per sample) and a class (weighted and reduced). Read
`mean_squared_error` and `MeanSquaredError`: all others in this folder have the same form.
"""

import tensorflow as tf

from losses.base import Loss
from losses.ground.numerics import epsilon
from losses.ground.shapes import agree


def mean_squared_error(y_true, y_pred):
    """`mean((y_true - y_pred)²)` over the last axis: large errors count most.  (N, ..., D) → (N, ...)

    >>> mean_squared_error([[0.0, 1.0]], [[2.0, 1.0]]).numpy().tolist()
    [2.0]
    """
    y_true, y_pred = agree("mean_squared_error", y_true, y_pred)
    return tf.reduce_mean(tf.math.squared_difference(y_true, y_pred), axis=-1)


def mean_absolute_error(y_true, y_pred):
    """`mean(|y_true - y_pred|)` over the last axis: its minimum is the median.  (N, ..., D) → (N, ...)

    >>> mean_absolute_error([[0.0, 1.0]], [[2.0, 1.0]]).numpy().tolist()
    [1.0]
    """
    y_true, y_pred = agree("mean_absolute_error", y_true, y_pred)
    return tf.reduce_mean(tf.abs(y_true - y_pred), axis=-1)


def mean_absolute_percentage_error(y_true, y_pred):
    """`100 · mean(|y_true - y_pred| / max(|y_true|, ε))` over the last axis.  (N, ..., D) → (N, ...)

    For labels away from zero only: at zero the error is divided by ε = 1e-7.

    >>> mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 4.0]]).numpy().tolist()
    [25.0]
    """
    y_true, y_pred = agree("mean_absolute_percentage_error", y_true, y_pred)
    size = tf.maximum(tf.abs(y_true), epsilon(y_true.dtype))
    return 100.0 * tf.reduce_mean(tf.abs((y_true - y_pred) / size), axis=-1)


def mean_squared_logarithmic_error(y_true, y_pred):
    """`mean((log(1 + y_true) - log(1 + y_pred))²)`, both at least ε, over the last axis.  (N, ..., D) → (N, ...)

    For counts and prices: being wrong by a factor counts, not by an amount; too little costs more than too much.

    >>> mean_squared_logarithmic_error([[0.0, 3.0]], [[0.0, 3.0]]).numpy().tolist()
    [0.0]
    """
    y_true, y_pred = agree("mean_squared_logarithmic_error", y_true, y_pred)
    smallest = epsilon(y_true.dtype)
    log_true = tf.math.log(tf.maximum(y_true, smallest) + 1.0)
    log_pred = tf.math.log(tf.maximum(y_pred, smallest) + 1.0)
    return tf.reduce_mean(tf.math.squared_difference(log_true, log_pred), axis=-1)


class MeanSquaredError(Loss):
    """`mean_squared_error`, weighted and reduced: the loss of least squares.

    >>> float(MeanSquaredError()([[0.0], [1.0]], [[2.0], [1.0]]))
    2.0
    """

    def __init__(self, reduction="sum_over_batch_size", name="mean_squared_error", dtype=None):
        super().__init__(name, reduction, dtype)

    def call(self, y_true, y_pred):
        return mean_squared_error(y_true, y_pred)


class MeanAbsoluteError(Loss):
    """`mean_absolute_error`, weighted and reduced: outliers pull no harder than others.

    >>> float(MeanAbsoluteError()([[0.0], [1.0]], [[2.0], [1.0]]))
    1.0
    """

    def __init__(self, reduction="sum_over_batch_size", name="mean_absolute_error", dtype=None):
        super().__init__(name, reduction, dtype)

    def call(self, y_true, y_pred):
        return mean_absolute_error(y_true, y_pred)


class MeanAbsolutePercentageError(Loss):
    """`mean_absolute_percentage_error`, weighted and reduced: errors relative to the label.

    >>> float(MeanAbsolutePercentageError()([[2.0], [4.0]], [[1.0], [4.0]]))
    25.0
    """

    def __init__(self, reduction="sum_over_batch_size", name="mean_absolute_percentage_error", dtype=None):
        super().__init__(name, reduction, dtype)

    def call(self, y_true, y_pred):
        return mean_absolute_percentage_error(y_true, y_pred)


class MeanSquaredLogarithmicError(Loss):
    """`mean_squared_logarithmic_error`, weighted and reduced: errors as factors.

    >>> float(MeanSquaredLogarithmicError()([[1.0], [7.0]], [[1.0], [7.0]]))
    0.0
    """

    def __init__(self, reduction="sum_over_batch_size", name="mean_squared_logarithmic_error", dtype=None):
        super().__init__(name, reduction, dtype)

    def call(self, y_true, y_pred):
        return mean_squared_logarithmic_error(y_true, y_pred)
