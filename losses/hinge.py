"""Margins: a prediction that is right by at least 1 costs nothing."""

import tensorflow as tf

from losses.base import Loss
from losses.ground.shapes import agree


def hinge(y_true, y_pred):
    """`mean(max(1 - y_true · y_pred, 0))` over the last axis; labels -1 and 1, or 0 and 1.  (N, ..., D) → (N, ...)

    Source: Cortes and Vapnik, Support-Vector Networks, 1995.

    >>> hinge([[-1.0, 1.0]], [[-2.0, 0.5]]).numpy().tolist()
    [0.25]
    """
    y_true, y_pred = agree("hinge", y_true, y_pred)
    return tf.reduce_mean(tf.maximum(1.0 - _signed(y_true) * y_pred, 0.0), axis=-1)


def squared_hinge(y_true, y_pred):
    """`mean(max(1 - y_true · y_pred, 0)²)` over the last axis; labels -1 and 1, or 0 and 1.  (N, ..., D) → (N, ...)

    >>> squared_hinge([[-1.0, 1.0]], [[-2.0, 0.5]]).numpy().tolist()
    [0.125]
    """
    y_true, y_pred = agree("squared_hinge", y_true, y_pred)
    return tf.reduce_mean(tf.square(tf.maximum(1.0 - _signed(y_true) * y_pred, 0.0)), axis=-1)


def categorical_hinge(y_true, y_pred):
    """`max(1 + wrong - right, 0)`: the right score beats the best wrong one by 1.  (N, ..., C) → (N, ...)

        right = Σ y_true · y_pred;   wrong = max((1 - y_true) · y_pred)     labels one-hot, last axis

    >>> categorical_hinge([[0.0, 1.0]], [[0.5, 1.0]]).numpy().tolist()
    [0.5]
    """
    y_true, y_pred = agree("categorical_hinge", y_true, y_pred)
    right = tf.reduce_sum(y_true * y_pred, axis=-1)
    wrong = tf.reduce_max((1.0 - y_true) * y_pred, axis=-1)
    return tf.maximum(1.0 + wrong - right, 0.0)


def _signed(y_true):
    """Labels 0 and 1 as -1 and 1; if any other label is there, all stay as they are."""
    binary = tf.reduce_all((y_true == 0.0) | (y_true == 1.0))
    return tf.where(binary, 2.0 * y_true - 1.0, y_true)


class Hinge(Loss):
    """`hinge`, weighted and reduced: the loss of a support vector machine.

    >>> float(Hinge()([[0.0], [1.0]], [[-2.0], [0.5]]))
    0.25
    """

    def __init__(self, reduction="sum_over_batch_size", name="hinge", dtype=None):
        super().__init__(name, reduction, dtype)

    def call(self, y_true, y_pred):
        return hinge(y_true, y_pred)


class SquaredHinge(Loss):
    """`squared_hinge`, weighted and reduced: without the kink at the margin.

    >>> float(SquaredHinge()([[0.0], [1.0]], [[-2.0], [0.5]]))
    0.125
    """

    def __init__(self, reduction="sum_over_batch_size", name="squared_hinge", dtype=None):
        super().__init__(name, reduction, dtype)

    def call(self, y_true, y_pred):
        return squared_hinge(y_true, y_pred)


class CategoricalHinge(Loss):
    """`categorical_hinge`, weighted and reduced: a margin between the right class and the best wrong one.

    >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]]))
    0.5
    """

    def __init__(self, reduction="sum_over_batch_size", name="categorical_hinge", dtype=None):
        super().__init__(name, reduction, dtype)

    def call(self, y_true, y_pred):
        return categorical_hinge(y_true, y_pred)
