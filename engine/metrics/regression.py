"""Errors of predicted numbers: the mean over an epoch of what `losses` computes per sample."""

import tensorflow as tf

import losses
from engine.core.metric import Mean
from engine.metrics.mean import MeanMetricWrapper
from losses.ground.shapes import agree


class MeanSquaredError(MeanMetricWrapper):
    """The mean of `losses.mean_squared_error`.

    >>> metric = MeanSquaredError()
    >>> float(metric([[0.0, 1.0], [0.0, 0.0]], [[2.0, 1.0], [0.0, 0.0]]))
    1.0
    """

    def __init__(self, name="mean_squared_error", dtype=None):
        super().__init__(losses.mean_squared_error, name, dtype)


class RootMeanSquaredError(Mean):
    """`√mean((y_true - y_pred)²)` over all elements: the error in the unit of the labels.

    A mask of `y_pred` does not count here; give its zeros as `sample_weight`.

    >>> metric = RootMeanSquaredError()
    >>> float(metric([[0.0], [0.0]], [[3.0], [3.0]]))
    3.0
    """

    _direction = "down"

    def __init__(self, name="root_mean_squared_error", dtype=None):
        super().__init__(name, dtype)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in one batch of labels and predictions."""
        y_true, y_pred = agree(type(self).__name__, y_true, tf.cast(y_pred, self.dtype))
        super().update_state(tf.math.squared_difference(y_true, y_pred), sample_weight)

    def result(self):
        return tf.sqrt(super().result())


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of `losses.mean_absolute_error`.

    >>> metric = MeanAbsoluteError()
    >>> float(metric([[0.0, 1.0], [0.0, 0.0]], [[2.0, 1.0], [0.0, 0.0]]))
    0.5
    """

    def __init__(self, name="mean_absolute_error", dtype=None):
        super().__init__(losses.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of `losses.mean_absolute_percentage_error`: 25 means that predictions are off by a quarter.

    >>> metric = MeanAbsolutePercentageError()
    >>> float(metric([[2.0, 4.0]], [[1.0, 4.0]]))
    25.0
    """

    def __init__(self, name="mean_absolute_percentage_error", dtype=None):
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of `losses.mean_squared_logarithmic_error`.

    >>> metric = MeanSquaredLogarithmicError()
    >>> round(float(metric([[0.0, 3.0]], [[0.0, 1.0]])), 4)
    0.2402
    """

    def __init__(self, name="mean_squared_logarithmic_error", dtype=None):
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


class LogCoshError(MeanMetricWrapper):
    """The mean of `losses.log_cosh`.

    >>> metric = LogCoshError()
    >>> round(float(metric([[0.0]], [[1.0]])), 4)
    0.4338
    """

    def __init__(self, name="logcosh", dtype=None):
        super().__init__(losses.log_cosh, name, dtype)


def _cosine(y_true, y_pred, axis=-1):
    """1 for the same direction: the loss of that name has the other sign, because a loss goes down."""
    return -losses.cosine_similarity(y_true, y_pred, axis)


class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between `y_true` and `y_pred` along `axis`: 1 the same direction, -1 the opposite.

    >>> metric = CosineSimilarity()
    >>> float(metric([[1.0, 0.0], [0.0, 1.0]], [[5.0, 0.0], [3.0, 0.0]]))
    0.5
    """

    _direction = "up"

    def __init__(self, name="cosine_similarity", dtype=None, axis=-1):
        super().__init__(_cosine, name, dtype, axis=axis)
        self.axis = axis

    def get_config(self):
        """The constructor's arguments; `axis` only where it is not the last."""
        config = super().get_config()
        if self.axis == -1:
            del config["axis"]
        return config
