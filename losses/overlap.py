"""How much two regions overlap: for segmentation, where one class is small."""

import tensorflow as tf

from losses.base import Loss
from losses.ground.numerics import epsilon
from losses.ground.shapes import agree


def dice(y_true, y_pred, axis=None):
    """`1 - 2 Σ y_true · y_pred / (Σ y_true + Σ y_pred + ε)`, sums over `axis` (None: all, the batch too).

    Shapes: any, the same twice → what `axis` leaves, a scalar by default.
    Source: Milletari et al., V-Net, 2016.

    >>> round(float(dice([[0.0, 1.0]], [[0.0, 0.5]])), 4)
    0.3333
    """
    y_true, y_pred = agree("dice", y_true, y_pred)
    both = tf.reduce_sum(y_true * y_pred, axis=axis)
    total = tf.reduce_sum(y_true, axis=axis) + tf.reduce_sum(y_pred, axis=axis)
    return 1.0 - 2.0 * both / (total + epsilon(y_pred.dtype))


def tversky(y_true, y_pred, alpha=0.5, beta=0.5, axis=None):
    """`1 - both / (both + alpha · missed + beta · false_alarms + ε)`, sums over `axis` (None: all).

        both = Σ y_true · y_pred;   missed = Σ y_true · (1 - y_pred);   false_alarms = Σ (1 - y_true) · y_pred

    `alpha = beta = 0.5` is `dice`; a larger `alpha` misses less. Shapes: as `dice`.
    Source: Salehi et al., Tversky Loss Function for Image Segmentation, 2017. The paper's (and Keras's) text gives
    `alpha` to the false alarms; Keras computes as above, and so does this.

    >>> round(float(tversky([[0.0, 1.0]], [[0.0, 0.5]], alpha=1.0)), 4)
    0.5
    """
    y_true, y_pred = agree("tversky", y_true, y_pred)
    both = tf.reduce_sum(y_true * y_pred, axis=axis)
    missed = tf.reduce_sum(y_true * (1.0 - y_pred), axis=axis)
    false_alarms = tf.reduce_sum((1.0 - y_true) * y_pred, axis=axis)
    return 1.0 - both / (both + alpha * missed + beta * false_alarms + epsilon(y_pred.dtype))


class Dice(Loss):
    """`dice`, weighted and reduced. `axis=None` sums over the batch too; sample weights need an `axis` without it.

    >>> round(float(Dice(axis=-1)([[0.0, 1.0], [1.0, 0.0]], [[0.0, 0.5], [1.0, 0.0]])), 4)
    0.1667
    """

    def __init__(self, reduction="sum_over_batch_size", name="dice", axis=None, dtype=None):
        super().__init__(name, reduction, dtype)
        self.axis = axis

    def call(self, y_true, y_pred):
        return dice(y_true, y_pred, self.axis)


class Tversky(Loss):
    """`tversky`, weighted and reduced. `alpha` (0.5) prices misses, `beta` (0.5) false alarms; `axis` as `Dice`.

    >>> round(float(Tversky(alpha=1.0)([[0.0, 1.0]], [[0.0, 0.5]])), 4)
    0.5
    """

    def __init__(self, alpha=0.5, beta=0.5, reduction="sum_over_batch_size", name="tversky", axis=None, dtype=None):
        super().__init__(name, reduction, dtype)
        self.alpha = alpha
        self.beta = beta
        self.axis = axis

    def call(self, y_true, y_pred):
        return tversky(y_true, y_pred, self.alpha, self.beta, self.axis)
