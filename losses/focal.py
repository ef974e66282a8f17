"""Cross-entropies that look past easy samples (focal) or past wrong labels (generalized)."""

import tensorflow as tf

from losses.base import Loss
from losses.crossentropy import binary_terms
from losses.ground.labels import ONE_HOT_HINT, class_numbers, smooth, smooth_one_hot
from losses.ground.numerics import floating, normalize_probability, scores
from losses.ground.shapes import agree


def binary_focal_crossentropy(y_true, y_pred, apply_class_balancing=False, alpha=0.25, gamma=2.0,
                              from_logits=False, label_smoothing=0.0, axis=-1):
    """Binary cross-entropy times `(1 - p_t)^gamma`, the more the surer and right, the less.  (N, ..., D) → (N, ...)

        p_t = y_true · p + (1 - y_true) · (1 - p)      p = y_pred, or sigmoid(y_pred) from logits
        mean((1 - p_t)^gamma · binary_crossentropy(y_true, p))

    With `apply_class_balancing`, elements are weighted by `alpha` (label 1) and `1 - alpha` (label 0).
    Source: Lin et al., Focal Loss for Dense Object Detection, 2017, whose values are the defaults.

    >>> round(float(binary_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])[0]), 4)
    0.1733
    """
    behind, known = scores(y_pred, "sigmoid", False)
    y_true, y_pred = agree("binary_focal_crossentropy", y_true, y_pred)
    y_true = smooth(y_true, label_smoothing, 0.5)
    p = tf.sigmoid(y_pred) if from_logits else y_pred
    p_t = y_true * p + (1.0 - y_true) * (1.0 - p)
    terms = binary_terms(y_true, tf.reshape(behind, tf.shape(p)) if known else p, from_logits=known)
    terms *= tf.pow(1.0 - p_t, gamma)
    if apply_class_balancing:
        terms *= y_true * alpha + (1.0 - y_true) * (1.0 - alpha)
    return tf.reduce_mean(terms, axis=axis)


def categorical_focal_crossentropy(y_true, y_pred, alpha=0.25, gamma=2.0, from_logits=False,
                                   label_smoothing=0.0, axis=-1):
    """`Σ alpha · (1 - p)^gamma · y_true · (-log p)` over the classes along `axis`, labels one-hot.

    `p` is `y_pred` (`softmax(y_pred)` from logits) divided by its sum and clipped. `alpha` is a number, or one
    per class.  (N, ..., C) → (N, ...).  Source: as `binary_focal_crossentropy`.

    >>> round(float(categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])[0]), 4)
    0.0433
    """
    y_true, y_pred = agree("categorical_focal_crossentropy", y_true, y_pred, ONE_HOT_HINT)
    y_true = smooth_one_hot("categorical_focal_crossentropy", y_true, label_smoothing, axis)
    p = normalize_probability(tf.nn.softmax(y_pred, axis=axis) if from_logits else y_pred, axis)
    terms = alpha * tf.pow(1.0 - p, gamma) * y_true * -tf.math.log(p)
    return tf.reduce_sum(terms, axis=axis)


def categorical_generalized_cross_entropy(y_true, y_pred, q):
    """`(1 - p[y_true]^q) / q`: between cross-entropy (q → 0) and absolute error (q = 1), for wrong labels.

    Shapes: y_true class numbers `(N, ...)`, y_pred probabilities `(N, ..., C)` → `(N, ...)`.
    Source: Zhang and Sabuncu, Generalized Cross Entropy Loss for Training with Noisy Labels, 2018.

    >>> categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5).numpy().tolist()
    [1.0]
    """
    y_pred = floating(y_pred)
    labels = class_numbers("categorical_generalized_cross_entropy", y_true, y_pred)
    p = tf.reduce_sum(y_pred * tf.one_hot(labels, tf.shape(y_pred)[-1], dtype=y_pred.dtype), axis=-1)
    known = (labels >= 0) & (labels < tf.shape(y_pred, tf.int64)[-1])
    return tf.where(known, (1.0 - tf.pow(p, q)) / q, tf.constant(float("nan"), p.dtype))


class BinaryFocalCrossentropy(Loss):
    """`binary_focal_crossentropy`, weighted and reduced: for rare positives among many easy negatives.

    >>> round(float(BinaryFocalCrossentropy(gamma=1.0)([[0.0], [1.0]], [[0.5], [0.5]])), 4)
    0.3466
    """

    def __init__(self, apply_class_balancing=False, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0,
                 axis=-1, reduction="sum_over_batch_size", name="binary_focal_crossentropy", dtype=None):
        super().__init__(name, reduction, dtype)
        self.apply_class_balancing = apply_class_balancing
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true, y_pred):
        return binary_focal_crossentropy(y_true, y_pred, self.apply_class_balancing, self.alpha, self.gamma,
                                         self.from_logits, self.label_smoothing, self.axis)


class CategoricalFocalCrossentropy(Loss):
    """`categorical_focal_crossentropy`, weighted and reduced: for classes of very different frequency.

    >>> round(float(CategoricalFocalCrossentropy(alpha=1.0)([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.1733
    """

    def __init__(self, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1,
                 reduction="sum_over_batch_size", name="categorical_focal_crossentropy", dtype=None):
        super().__init__(name, reduction, dtype)
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true, y_pred):
        return categorical_focal_crossentropy(y_true, y_pred, self.alpha, self.gamma, self.from_logits,
                                              self.label_smoothing, self.axis)


class CategoricalGeneralizedCrossEntropy(Loss):
    """`categorical_generalized_cross_entropy`, weighted and reduced. `q` (default 0.5) lies between 0 and 1.

    >>> float(CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]]))
    1.0
    """

    casts_labels = False

    def __init__(self, q=0.5, reduction="sum_over_batch_size", name="categorical_generalized_cross_entropy",
                 dtype=None):
        if not 0.0 < q < 1.0:
            raise ValueError(
                f"CategoricalGeneralizedCrossEntropy expects 0 < q < 1; received q={q!r}. At the ends use "
                "SparseCategoricalCrossentropy (0) or MeanAbsoluteError (1)."
            )
        super().__init__(name, reduction, dtype)
        self.q = q

    def call(self, y_true, y_pred):
        return categorical_generalized_cross_entropy(y_true, y_pred, self.q)
