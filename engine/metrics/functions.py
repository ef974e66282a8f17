"""What metrics measure and no loss does: hits (their gradient is zero), and correlations.

Each function gives one value per sample or element; the classes in `accuracy.py` and
`correlation.py` take the mean over an epoch.
"""

import tensorflow as tf

from losses.ground.lookup import catalogue
from losses.ground.numerics import as_integers, epsilon
from losses.ground.shapes import agree, floating

ONE_HOT_HINT = "Labels are one-hot, shape (..., classes); for class numbers use the sparse_ function of that name."


def accuracy(y_true, y_pred):
    """1 where `y_true == y_pred`, else 0: for predictions that are labels themselves.  (...) → (...)

    >>> accuracy([1, 2, 3], [1, 0, 3]).numpy().tolist()
    [1.0, 0.0, 1.0]
    """
    y_true, y_pred = agree("accuracy", y_true, y_pred)
    return tf.cast(y_true == y_pred, y_pred.dtype)


def binary_accuracy(y_true, y_pred, threshold=0.5):
    """1 where `y_true == (y_pred > threshold)`, else 0.  (...) → (...)

    >>> binary_accuracy([[0.0], [1.0]], [[0.2], [0.5]]).numpy().tolist()
    [[1.0], [0.0]]
    """
    y_true, y_pred = agree("binary_accuracy", y_true, y_pred)
    return tf.cast(y_true == tf.cast(y_pred > threshold, y_pred.dtype), y_pred.dtype)


def categorical_accuracy(y_true, y_pred):
    """1 where `argmax(y_true) == argmax(y_pred)` over the last axis, else 0; labels one-hot.  (N, ..., C) → (N, ...)

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.3, 0.7], [0.4, 0.6]]).numpy().tolist()
    [1.0, 0.0]
    """
    y_true, y_pred = agree("categorical_accuracy", y_true, y_pred, ONE_HOT_HINT)
    return tf.cast(tf.argmax(y_true, axis=-1) == tf.argmax(y_pred, axis=-1), y_pred.dtype)


def sparse_categorical_accuracy(y_true, y_pred):
    """1 where `y_true == argmax(y_pred)` over the last axis, else 0; labels are class numbers.

    Shapes: y_true `(N, ...)` or `(N, ..., 1)`, y_pred `(N, ..., C)` → `(N, ...)`.

    >>> sparse_categorical_accuracy([1, 0], [[0.3, 0.7], [0.4, 0.6]]).numpy().tolist()
    [1.0, 0.0]
    """
    y_pred = floating(y_pred)
    labels = _labels("sparse_categorical_accuracy", y_true, y_pred)
    return tf.cast(labels == tf.argmax(y_pred, axis=-1), y_pred.dtype)


def top_k_categorical_accuracy(y_true, y_pred, k=5):
    """1 where fewer than `k` classes score higher than the true one, else 0; labels one-hot.  (N, ..., C) → (N, ...)

    >>> top_k_categorical_accuracy([[0, 0, 1]], [[0.5, 0.2, 0.3]], k=2).numpy().tolist()
    [1.0]
    """
    y_true, y_pred = agree("top_k_categorical_accuracy", y_true, y_pred, ONE_HOT_HINT)
    return sparse_top_k_categorical_accuracy(tf.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true, y_pred, k=5, from_sorted_ids=False):
    """1 where fewer than `k` classes score higher than class `y_true`, else 0: a tie is a hit.

    With `from_sorted_ids`, `y_pred` holds class numbers, the best first, instead of scores.
    Shapes: y_true `(N, ...)` or `(N, ..., 1)`, y_pred `(N, ..., C)` → `(N, ...)`.

    >>> sparse_top_k_categorical_accuracy([2, 1], [[0.5, 0.2, 0.3], [0.5, 0.2, 0.3]], k=2).numpy().tolist()
    [1.0, 0.0]
    """
    y_pred = floating(y_pred)
    labels = _labels("sparse_top_k_categorical_accuracy", y_true, y_pred)[..., None]
    if from_sorted_ids:
        hits = tf.reduce_any(tf.cast(y_pred[..., :k], tf.int64) == labels, axis=-1)
        return tf.cast(hits, y_pred.dtype)
    is_label = labels == tf.range(tf.shape(y_pred, tf.int64)[-1])
    score = tf.reduce_max(tf.where(is_label, y_pred, -float("inf")), axis=-1)  # -inf: no such class, never a hit
    higher = tf.reduce_sum(tf.cast(y_pred > score[..., None], tf.int32), axis=-1)
    return tf.cast((higher < k) & tf.math.is_finite(score), y_pred.dtype)


def pearson_correlation(y_true, y_pred, axis=-1):
    """`Σ a·b / √(Σ a² · Σ b²)` over `axis`, of `a = y_true - mean(y_true)`, `b = y_pred - mean(y_pred)`.

    1 where the two rise and fall together on a line, 0 where they are unrelated, NaN (undefined) where one is
    constant.  (N, ..., D) → (N, ...).  Source: Pearson, 1895.

    >>> round(float(pearson_correlation([[0.0, 1.0, 2.0]], [[5.0, 7.0, 9.0]])[0]), 4)
    1.0
    """
    y_true, y_pred = agree("pearson_correlation", y_true, y_pred)
    a = y_true - tf.reduce_mean(y_true, axis, keepdims=True)
    b = y_pred - tf.reduce_mean(y_pred, axis, keepdims=True)
    lengths = tf.sqrt(tf.reduce_sum(a * a, axis)) * tf.sqrt(tf.reduce_sum(b * b, axis))
    return tf.reduce_sum(a * b, axis) / lengths


def concordance_correlation(y_true, y_pred, axis=-1):
    """`2 · covariance / (variance(y_true) + variance(y_pred) + (mean(y_true) - mean(y_pred))² + ε)` over `axis`.

    1 only where the two are equal: unlike `pearson_correlation` it notices a wrong scale and a wrong offset.
    (N, ..., D) → (N, ...).  Source: Lin, A Concordance Correlation Coefficient, 1989.

    >>> round(float(concordance_correlation([[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]])[0]), 4)
    0.5714
    """
    y_true, y_pred = agree("concordance_correlation", y_true, y_pred)
    true_mean, pred_mean = tf.reduce_mean(y_true, axis, keepdims=True), tf.reduce_mean(y_pred, axis, keepdims=True)
    covariance = tf.reduce_mean((y_true - true_mean) * (y_pred - pred_mean), axis, keepdims=True)
    variances = tf.math.reduce_variance(y_true, axis, keepdims=True) + tf.math.reduce_variance(y_pred, axis, keepdims=True)
    distance = variances + tf.math.squared_difference(true_mean, pred_mean) + epsilon(y_pred.dtype)
    return tf.squeeze(2.0 * covariance / distance, axis)


def _labels(owner, y_true, y_pred):
    """`y_true` as int64 class numbers, one for each row of scores in `y_pred`.

    Labels that are no class (padding marked -1) are allowed: they are never hit.
    """
    labels = tf.convert_to_tensor(y_true)
    if labels.shape.rank is not None and labels.shape.rank == y_pred.shape.rank and labels.shape[-1] == 1:
        labels = tf.squeeze(labels, -1)
    if not labels.shape.is_compatible_with(y_pred.shape[:-1]):
        raise ValueError(
            f"{owner} expects y_true of shape {y_pred.shape[:-1]}, a class number for each row of y_pred of shape "
            f"{y_pred.shape}; received y_true of shape {labels.shape}. For one-hot labels leave out `sparse_`."
        )
    return as_integers(labels)


TABLE = catalogue(
    accuracy, binary_accuracy, categorical_accuracy, sparse_categorical_accuracy, top_k_categorical_accuracy,
    sparse_top_k_categorical_accuracy, pearson_correlation, concordance_correlation,
)
