"""Distances between a distribution and its prediction: divergence and Poisson rate."""

import tensorflow as tf

from losses.base import Loss
from losses.ground.numerics import epsilon
from losses.ground.shapes import agree


def kl_divergence(y_true, y_pred):
    """`Σ y_true · log(y_true / y_pred)` over the last axis, both clipped to [ε, 1].  (N, ..., C) → (N, ...)

    What it costs, in nats, to code samples of `y_true` as if they came from `y_pred`.
    Source: Kullback and Leibler, On Information and Sufficiency, 1951.

    >>> round(float(kl_divergence([[0.5, 0.5]], [[0.25, 0.75]])[0]), 4)
    0.1438
    """
    y_true, y_pred = agree("kl_divergence", y_true, y_pred)
    smallest = epsilon(y_pred.dtype)
    y_true = tf.clip_by_value(y_true, smallest, 1.0)
    y_pred = tf.clip_by_value(y_pred, smallest, 1.0)
    return tf.reduce_sum(y_true * tf.math.log(y_true / y_pred), axis=-1)


def poisson(y_true, y_pred):
    """`mean(y_pred - y_true · log(y_pred + ε))` over the last axis: counts `y_true`, rates `y_pred`.

    The negative log likelihood of a Poisson distribution without its constant.  (N, ..., D) → (N, ...)

    >>> round(float(poisson([[1.0, 2.0]], [[1.0, 2.0]])[0]), 4)
    0.8069
    """
    y_true, y_pred = agree("poisson", y_true, y_pred)
    return tf.reduce_mean(y_pred - y_true * tf.math.log(y_pred + epsilon(y_pred.dtype)), axis=-1)


class KLDivergence(Loss):
    """`kl_divergence`, weighted and reduced: for labels that are themselves distributions.

    >>> round(float(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])), 4)
    0.1438
    """

    def __init__(self, reduction="sum_over_batch_size", name="kl_divergence", dtype=None):
        super().__init__(name, reduction, dtype)

    def call(self, y_true, y_pred):
        return kl_divergence(y_true, y_pred)


class Poisson(Loss):
    """`poisson`, weighted and reduced: for counts of rare events; predictions must be positive.

    >>> round(float(Poisson()([[1.0], [2.0]], [[1.0], [2.0]])), 4)
    0.8069
    """

    def __init__(self, reduction="sum_over_batch_size", name="poisson", dtype=None):
        super().__init__(name, reduction, dtype)

    def call(self, y_true, y_pred):
        return poisson(y_true, y_pred)
