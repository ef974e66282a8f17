"""Cross-entropy: `-log` of the probability that the model gave to what happened.

`from_logits=True` takes scores before sigmoid or softmax. That is more precise: `log` and
`exp` cancel by hand, nothing has to be clipped. Source: Good, Rational Decisions, 1952.
"""

import tensorflow as tf

from losses.base import Loss
from losses.ground.labels import ONE_HOT_HINT, class_numbers, smooth, smooth_one_hot
from losses.ground.masks import set_mask
from losses.ground.numerics import clip_probability, floating, normalize_probability, scores
from losses.ground.shapes import agree


def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """`mean(-(y_true · log(p) + (1 - y_true) · log(1 - p)))` over `axis`, each element a yes or no of its own.

    `p` is `y_pred` clipped to [ε, 1 - ε], or `sigmoid(y_pred)` from logits. `label_smoothing` moves labels
    towards ½.  (N, ..., D) → (N, ...)

    >>> round(float(binary_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])[0]), 4)
    0.6931
    """
    y_pred, from_logits = scores(y_pred, "sigmoid", from_logits)
    y_true, y_pred = agree("binary_crossentropy", y_true, y_pred)
    y_true = smooth(y_true, label_smoothing, 0.5)
    return tf.reduce_mean(binary_terms(y_true, y_pred, from_logits), axis=axis)


def binary_terms(y_true, y_pred, from_logits=False):
    """The binary cross-entropy of each element, before the mean.  (...) → (...)"""
    if from_logits:
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=y_true, logits=y_pred)
    p = clip_probability(y_pred)
    return -(y_true * tf.math.log(p) + (1.0 - y_true) * tf.math.log(1.0 - p))


def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """`-Σ y_true · log(p)` over the classes along `axis`; labels one-hot or any distribution (sum 1).

    `p` is `y_pred / Σ y_pred` clipped to [ε, 1 - ε], or `softmax(y_pred)` from logits. `label_smoothing` moves
    labels towards `1 / classes`.  (N, ..., C) → (N, ...)

    >>> round(float(categorical_crossentropy([[0.0, 1.0]], [[0.25, 0.75]])[0]), 4)
    0.2877
    """
    if axis == -1:
        y_pred, from_logits = scores(y_pred, "softmax", from_logits)
    y_true, y_pred = agree("categorical_crossentropy", y_true, y_pred, ONE_HOT_HINT)
    y_true = smooth_one_hot("categorical_crossentropy", y_true, label_smoothing, axis)
    if from_logits:
        return tf.nn.softmax_cross_entropy_with_logits(labels=y_true, logits=y_pred, axis=axis)
    return -tf.reduce_sum(y_true * tf.math.log(normalize_probability(y_pred, axis)), axis=axis)


def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, ignore_class=None, axis=-1):
    """`-log(p[y_true])`: `categorical_crossentropy` with class numbers instead of one-hot labels.

    Samples labelled `ignore_class` (padding, say) cost nothing and do not count in the mean.
    Shapes: y_true `(N, ...)` or `(N, ..., 1)`, y_pred the same with the classes at `axis` → `(N, ...)`.
    Errors: ValueError for labels out of range, when run eagerly; see `losses.ground.labels.check_labels`.

    >>> round(float(sparse_categorical_crossentropy([1], [[0.25, 0.75]])[0]), 4)
    0.2877
    """
    if axis == -1:
        y_pred, from_logits = scores(y_pred, "softmax", from_logits)
    y_pred = _axis_last(floating(y_pred), axis)
    labels = class_numbers("sparse_categorical_crossentropy", y_true, y_pred, ignore_class)
    logits = y_pred if from_logits else tf.math.log(clip_probability(y_pred))
    if ignore_class is None:
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    counted = labels != ignore_class
    labels = tf.where(counted, labels, 0)  # any valid class: its value is dropped below
    values = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    values = tf.where(counted, values, 0.0)
    set_mask(values, counted)
    return values


def _axis_last(tensor, axis):
    if axis in (-1, tensor.shape.rank - 1):
        return tensor
    order = list(range(tensor.shape.rank))
    order.append(order.pop(axis))
    return tf.transpose(tensor, order)


class BinaryCrossentropy(Loss):
    """`binary_crossentropy`, weighted and reduced: for one or several yes-or-no units.

    `from_logits=False` expects a sigmoid before; `label_smoothing=0.0`; `axis=-1`.

    >>> round(float(BinaryCrossentropy(from_logits=True)([[0.0], [1.0]], [[0.0], [0.0]])), 4)
    0.6931
    """

    def __init__(self, from_logits=False, label_smoothing=0.0, axis=-1, reduction="sum_over_batch_size",
                 name="binary_crossentropy", dtype=None):
        super().__init__(name, reduction, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true, y_pred):
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)


class CategoricalCrossentropy(Loss):
    """`categorical_crossentropy`, weighted and reduced: one class out of many, labels one-hot.

    `from_logits=False` expects a softmax before; `label_smoothing=0.0`; `axis=-1`.

    >>> round(float(CategoricalCrossentropy(from_logits=True)([[0.0, 1.0]], [[0.0, 0.0]])), 4)
    0.6931
    """

    def __init__(self, from_logits=False, label_smoothing=0.0, axis=-1, reduction="sum_over_batch_size",
                 name="categorical_crossentropy", dtype=None):
        super().__init__(name, reduction, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true, y_pred):
        return categorical_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)


class SparseCategoricalCrossentropy(Loss):
    """`sparse_categorical_crossentropy`, weighted and reduced: one class out of many, labels are class numbers.

    `from_logits=False` expects a softmax before; `ignore_class=None` counts all labels; `axis=-1`.

    >>> loss = SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    >>> round(float(loss([1, -1], [[0.0, 0.0], [5.0, 0.0]])), 4)
    0.6931
    """

    casts_labels = False

    def __init__(self, from_logits=False, ignore_class=None, reduction="sum_over_batch_size", axis=-1,
                 name="sparse_categorical_crossentropy", dtype=None):
        super().__init__(name, reduction, dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis

    def call(self, y_true, y_pred):
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits, self.ignore_class, self.axis)
