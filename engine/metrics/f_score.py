"""F-score: precision and recall in one number."""

import tensorflow as tf

from engine.core.metric import Metric
from losses.ground.numerics import epsilon
from losses.ground.shapes import agree
from losses.reduction import weigh

AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(Metric):
    """The weighted harmonic mean of precision and recall, of which recall counts `beta` times as much.

        f = (1 + beta²) · precision · recall / (beta² · precision + recall + ε)
        precision = tp / (tp + fp + ε),   recall = tp / (tp + fn + ε)

    Shapes: y_true (0 or 1) and y_pred `(N, classes)` → `(classes,)`, or a scalar if averaged.
    Arguments: `average`: None (a score per class), "micro" (count all classes together), "macro" (mean of the
    scores), "weighted" (mean of the scores, by how often each class occurs); `beta=1.0`; `threshold`: a class is
    predicted where `y_pred > threshold`, and for None where its score is the highest.
    State, made at the first batch: `true_positives`, `false_positives`, `false_negatives`,
    `intermediate_weights` (the labels 1), `(classes,)` or for "micro" scalars.

    >>> metric = FBetaScore(beta=2.0, threshold=0.5, average="macro")
    >>> round(float(metric([[1, 1], [1, 0]], [[0.2, 0.6], [0.8, 0.7]])), 4)
    0.6944
    """

    _direction = "up"

    def __init__(self, average=None, beta=1.0, threshold=None, name="fbeta_score", dtype=None):
        super().__init__(name, dtype)
        if average not in AVERAGES:
            raise ValueError(f"{type(self).__name__} expects average to be one of {AVERAGES}; received {average!r}.")
        if not beta > 0.0:
            raise ValueError(f"{type(self).__name__} expects a positive beta; received {beta!r}.")
        if threshold is not None and not 0.0 < threshold <= 1.0:
            raise ValueError(f"{type(self).__name__} expects 0 < threshold <= 1, or None; received {threshold!r}.")
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self._built = False

    def _build(self, num_classes):
        shape = () if self.average == "micro" else (num_classes,)
        self.true_positives = self.add_weight(name="true_positives", shape=shape)
        self.false_positives = self.add_weight(name="false_positives", shape=shape)
        self.false_negatives = self.add_weight(name="false_negatives", shape=shape)
        self.intermediate_weights = self.add_weight(name="intermediate_weights", shape=shape)
        self._built = True

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in one batch of labels and predictions, with a weight for each sample or element."""
        owner = f"{type(self).__name__} {self.name!r}"
        y_true, y_pred = agree(owner, y_true, tf.cast(y_pred, self.dtype))
        if y_pred.shape.rank != 2:
            raise ValueError(f"{owner} expects y_true and y_pred of shape (batch, classes); received {y_pred.shape}.")
        if not self._built:
            self._build(y_pred.shape[1])
        if self.threshold is None:  # a row of zeros predicts nothing
            chosen = (y_pred >= tf.reduce_max(y_pred, axis=-1, keepdims=True)) & (tf.abs(y_pred) > 1e-9)
        else:
            chosen = y_pred > self.threshold
        chosen = tf.cast(chosen, self.dtype)
        _, weights = weigh(owner, y_pred, sample_weight=sample_weight)

        def total(values):
            values = values if weights is None else values * weights
            return tf.reduce_sum(values, axis=None if self.average == "micro" else 0)

        self.true_positives.assign_add(total(chosen * y_true))
        self.false_positives.assign_add(total(chosen * (1.0 - y_true)))
        self.false_negatives.assign_add(total((1.0 - chosen) * y_true))
        self.intermediate_weights.assign_add(total(y_true))

    def result(self):
        if not self._built:
            return tf.zeros([], self.dtype)
        tiny, squared = epsilon(tf.as_dtype(self.dtype)), self.beta**2
        precision = self.true_positives / (self.true_positives + self.false_positives + tiny)
        recall = self.true_positives / (self.true_positives + self.false_negatives + tiny)
        scores = (1.0 + squared) * precision * recall / (squared * precision + recall + tiny)
        if self.average == "weighted":
            shares = self.intermediate_weights / (tf.reduce_sum(self.intermediate_weights) + tiny)
            return tf.reduce_sum(scores * shares)
        return tf.reduce_mean(scores) if self.average is not None else scores


class F1Score(FBetaScore):
    """`FBetaScore` with `beta=1`: the harmonic mean of precision and recall.

    >>> metric = F1Score(average="micro")
    >>> round(float(metric([[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])), 4)
    0.6667
    """

    def __init__(self, average=None, threshold=None, name="f1_score", dtype=None):
        super().__init__(average, 1.0, threshold, name, dtype)
