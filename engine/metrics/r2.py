"""R²: which share of the labels' variance predictions explain."""

import tensorflow as tf

from engine.core.metric import Metric
from losses.ground.shapes import agree
from losses.reduction import weigh

AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


class R2Score(Metric):
    """`1 - residual / total`: 1 for perfect predictions, 0 for always predicting the mean, less for worse.

        residual = Σ weight · (y_true - y_pred)²,   total = Σ weight · (y_true - mean(y_true))²

    Shapes: y_true and y_pred `(N, outputs)` → scalar, or `(outputs,)` without aggregation.
    Arguments: `class_aggregation`: the mean over the outputs, weighted by their variance or not, or None;
    `num_regressors` p adjusts for the number of inputs, `1 - (1 - r²) · (n - 1) / (n - p - 1)`, where n > p + 1.
    State: `num_samples` n (all elements) and, made at the first batch, `squared_sum`, `sum`, `total_mse`, `count`,
    one for each output.

    >>> metric = R2Score()
    >>> round(float(metric([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])), 4)
    0.5714
    """

    _direction = "up"

    def __init__(self, class_aggregation="uniform_average", num_regressors=0, name="r2_score", dtype=None):
        super().__init__(name, dtype)
        if class_aggregation not in AGGREGATIONS:
            raise ValueError(f"R2Score expects class_aggregation to be one of {AGGREGATIONS}; received {class_aggregation!r}.")
        if num_regressors < 0:
            raise ValueError(f"R2Score expects num_regressors of 0 or more; received {num_regressors!r}.")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_weight(name="num_samples")
        self._built = False

    def _build(self, num_outputs):
        self.squared_sum = self.add_weight(name="squared_sum", shape=(num_outputs,))
        self.sum = self.add_weight(name="sum", shape=(num_outputs,))
        self.total_mse = self.add_weight(name="total_mse", shape=(num_outputs,))
        self.count = self.add_weight(name="count", shape=(num_outputs,))
        self._built = True

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in one batch of labels and predictions, with a weight for each sample or element."""
        owner = f"R2Score {self.name!r}"
        y_true, y_pred = agree(owner, y_true, tf.cast(y_pred, self.dtype))
        if y_pred.shape.rank != 2:
            raise ValueError(f"{owner} expects y_true and y_pred of shape (batch, outputs); received {y_pred.shape}.")
        if not self._built:
            self._build(y_pred.shape[1])
        _, weights = weigh(owner, y_true, sample_weight=sample_weight)
        weights = tf.ones_like(y_true) if weights is None else weights * tf.ones_like(y_true)
        self.num_samples.assign_add(tf.cast(tf.size(y_true), self.dtype))
        self.squared_sum.assign_add(tf.reduce_sum(weights * y_true**2, axis=0))
        self.sum.assign_add(tf.reduce_sum(weights * y_true, axis=0))
        self.total_mse.assign_add(tf.reduce_sum(weights * (y_true - y_pred) ** 2, axis=0))
        self.count.assign_add(tf.reduce_sum(weights, axis=0))

    def result(self):
        if not self._built:
            return tf.zeros([], self.dtype)
        total = self.squared_sum - self.sum * tf.math.divide_no_nan(self.sum, self.count)
        scores = tf.where(total != 0.0, 1.0 - tf.math.divide_no_nan(self.total_mse, total), 0.0)
        if self.class_aggregation == "uniform_average":
            scores = tf.reduce_mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = tf.math.divide_no_nan(tf.reduce_sum(scores * total), tf.reduce_sum(total))
        if not self.num_regressors:
            return scores
        freedom = self.num_samples - self.num_regressors - 1.0
        adjusted = 1.0 - (1.0 - scores) * tf.math.divide_no_nan(self.num_samples - 1.0, freedom)
        return tf.where(freedom > 0.0, adjusted, scores)
