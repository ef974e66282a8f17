"""Angles between vectors: against a target vector (cosine), or among the batch (circle)."""

import tensorflow as tf

from losses.base import Loss
from losses.ground.masks import set_mask
from losses.ground.numerics import cast, epsilon, floating
from losses.ground.shapes import agree


def cosine_similarity(y_true, y_pred, axis=-1):
    """`-Σ y_true/‖y_true‖ · y_pred/‖y_pred‖` over `axis`: -1 same direction, 0 orthogonal, 1 opposite.

    Norms are at least ε, so a zero vector gives 0.  (N, ..., D) → (N, ...)

    >>> cosine_similarity([[1.0, 0.0]], [[5.0, 0.0]]).numpy().tolist()
    [-1.0]
    """
    y_true, y_pred = agree("cosine_similarity", y_true, y_pred)
    smallest = epsilon(y_pred.dtype) ** 2
    y_true = tf.math.l2_normalize(y_true, axis=axis, epsilon=smallest)
    y_pred = tf.math.l2_normalize(y_pred, axis=axis, epsilon=smallest)
    return -tf.reduce_sum(y_true * y_pred, axis=axis)


def circle(y_true, y_pred, ref_labels=None, ref_embeddings=None, remove_diagonal=True, gamma=80, margin=0.4):
    """Pulls embeddings of one class together and pushes others apart, the worst pairs hardest.

        similarity = y_pred · ref_embeddingsᵀ           (rows of length 1 give cosines)
        same  = -gamma · max(1 + margin - similarity, 0) · (similarity - (1 - margin))   pairs of one class
        other =  gamma · max(similarity + margin, 0) · (similarity - margin)             all other pairs
        softplus(logsumexp(same) + logsumexp(other))

    Shapes: y_true class numbers `(N,)` or `(N, 1)`, y_pred `(N, D)` → `(N,)`. `ref_labels` `(M,)` and
    `ref_embeddings` `(M, D)` are what to compare with, default the batch itself, where `remove_diagonal` leaves
    out each sample's pair with itself. A sample whose loss is zero (no pair of its class) does not count in a mean.
    Source: Sun et al., Circle Loss: A Unified Perspective of Pair Similarity Optimization, 2020.

    >>> values = circle([0, 1, 0], [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]], gamma=1.0)
    >>> [round(float(v), 4) for v in values]
    [0.6163, 0.0, 0.9617]
    """
    y_pred = floating(y_pred)
    labels = _flat(y_true)
    ref_labels = labels if ref_labels is None else _flat(ref_labels)
    references = y_pred if ref_embeddings is None else cast(ref_embeddings, y_pred.dtype)
    if not labels.shape.is_compatible_with(y_pred.shape[:1]) or y_pred.shape.rank != 2:
        raise ValueError(
            f"circle expects y_true of shape (batch,) and y_pred of shape (batch, features); received y_true of shape "
            f"{labels.shape} and y_pred of shape {y_pred.shape}. Give one class number and one vector per sample."
        )
    similarity = tf.matmul(y_pred, references, transpose_b=True)
    one_class = labels[:, None] == ref_labels[None, :]
    same_pairs = one_class
    if remove_diagonal:
        itself = tf.range(tf.shape(labels)[0])[:, None] == tf.range(tf.shape(ref_labels)[0])[None, :]
        same_pairs = one_class & ~itself
    same = -gamma * tf.maximum(1.0 + margin - similarity, 0.0) * (similarity - (1.0 - margin))
    other = gamma * tf.maximum(similarity + margin, 0.0) * (similarity - margin)
    values = tf.math.softplus(_log_sum_exp(same, same_pairs) + _log_sum_exp(other, ~one_class))
    set_mask(values, values > 0.0)
    return values


def _flat(labels):
    return tf.reshape(tf.cast(labels, tf.int64), [-1])


def _log_sum_exp(values, kept):
    """`log Σ exp(values)` of each row over the `kept` pairs.

    A pair left out counts as a very negative number instead of -∞, whose gradient would be NaN in a row without pairs.
    """
    return tf.reduce_logsumexp(tf.where(kept, values, values.dtype.min / 4), axis=1)


class CosineSimilarity(Loss):
    """`cosine_similarity`, weighted and reduced: the direction counts, not the length.

    >>> float(CosineSimilarity()([[1.0, 0.0], [0.0, 1.0]], [[5.0, 0.0], [3.0, 0.0]]))
    -0.5
    """

    def __init__(self, axis=-1, reduction="sum_over_batch_size", name="cosine_similarity", dtype=None):
        super().__init__(name, reduction, dtype)
        self.axis = axis

    def call(self, y_true, y_pred):
        return cosine_similarity(y_true, y_pred, self.axis)


class Circle(Loss):
    """`circle`, weighted and reduced: to learn embeddings of classes.

    `gamma=80` sharpens (large: only the worst pairs count), `margin=0.4` is how far classes should be apart.

    >>> round(float(Circle(gamma=1.0)([0, 1, 0], [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])), 4)
    0.789
    """

    casts_labels = False

    def __init__(self, gamma=80.0, margin=0.4, remove_diagonal=True, reduction="sum_over_batch_size", name="circle",
                 dtype=None):
        super().__init__(name, reduction, dtype)
        self.gamma = gamma
        self.margin = margin
        self.remove_diagonal = remove_diagonal

    def call(self, y_true, y_pred):
        return circle(y_true, y_pred, remove_diagonal=self.remove_diagonal, gamma=self.gamma, margin=self.margin)
