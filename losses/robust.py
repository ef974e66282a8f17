"""Distances that square small errors and only count large ones: outliers do not rule."""

import math

import tensorflow as tf

from losses.base import Loss
from losses.ground.shapes import agree


def huber(y_true, y_pred, delta=1.0):
    """Quadratic up to an error of `delta`, linear beyond, over the last axis.  (N, ..., D) → (N, ...)

        error = |y_true - y_pred|
        mean(½ error²                  where error ≤ delta
             delta · error - ½ delta²  elsewhere)

    Source: Huber, Robust Estimation of a Location Parameter, 1964.

    >>> huber([[0.0, 0.0]], [[1.0, 3.0]]).numpy().tolist()
    [1.5]
    """
    y_true, y_pred = agree("huber", y_true, y_pred)
    error = tf.abs(y_true - y_pred)
    linear = delta * error - 0.5 * delta * delta
    return tf.reduce_mean(tf.where(error <= delta, 0.5 * tf.square(error), linear), axis=-1)


def log_cosh(y_true, y_pred):
    """`mean(log(cosh(y_pred - y_true)))` over the last axis: ½ error² near 0, |error| - log 2 far away.

    Computed as `error + softplus(-2 error) - log 2`, since `cosh` itself overflows.  (N, ..., D) → (N, ...)

    >>> round(float(log_cosh([[0.0]], [[1.0]])[0]), 4)
    0.4338
    """
    y_true, y_pred = agree("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    return tf.reduce_mean(error + tf.math.softplus(-2.0 * error) - math.log(2.0), axis=-1)


class Huber(Loss):
    """`huber`, weighted and reduced. `delta` (default 1, in units of the label) is the error where squares end.

    >>> float(Huber(delta=2.0)([[0.0], [0.0]], [[1.0], [3.0]]))
    2.25
    """

    def __init__(self, delta=1.0, reduction="sum_over_batch_size", name="huber_loss", dtype=None):
        super().__init__(name, reduction, dtype)
        self.delta = delta

    def call(self, y_true, y_pred):
        return huber(y_true, y_pred, self.delta)


class LogCosh(Loss):
    """`log_cosh`, weighted and reduced: a smooth relative of `Huber` with nothing to choose.

    >>> round(float(LogCosh()([[0.0], [0.0]], [[1.0], [0.0]])), 4)
    0.2169
    """

    def __init__(self, reduction="sum_over_batch_size", name="log_cosh", dtype=None):
        super().__init__(name, reduction, dtype)

    def call(self, y_true, y_pred):
        return log_cosh(y_true, y_pred)
