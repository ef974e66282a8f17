"""Totals and means over an epoch: what most metrics are, around a function of one batch.

Each row of a batch counts once, however many values it has: a row's values are averaged
first. So a mean over 3 sentences does not depend on how long each batch was padded.
"""

import tensorflow as tf

import losses
from engine.metrics import functions
from engine.metrics.base import Metric
from losses.lookup import custom_object_scope
from losses.masks import get_mask
from losses.reduction import weigh


class Sum(Metric):
    """`total = Σ weight · value` over all batches since the last reset.

    Shapes: values `(...)`, sample_weight their leading axes → scalar. State: `total`, a scalar from zero.

    >>> total = Sum()
    >>> total.update_state([1.0, 3.0]); total.update_state([8.0], sample_weight=[0.5])
    >>> float(total.result())
    8.0
    """

    def __init__(self, name="sum", dtype=None):
        super().__init__(name, dtype)
        self.total = self.add_weight(name="total")

    def update_state(self, values, sample_weight=None):
        """Add `values`, all alike or with a weight for each (or for each row)."""
        values, weights = _weigh(self, values, sample_weight)
        self.total.assign_add(tf.reduce_sum(values if weights is None else values * weights))

    def result(self):
        return self.total.read_value()


class Mean(Metric):
    """`total / count` over all rows since the last reset, 0 before the first.

        total = Σ mean(weight · value),   count = Σ mean(weight)      mean over a row, Σ over the rows

    Shapes: values `(rows, ...)` or a scalar, sample_weight their leading axes → scalar.
    State: `total`, `count`, scalars from zero.

    >>> mean = Mean()
    >>> mean.update_state([1.0, 3.0]); mean.update_state([8.0], sample_weight=[2.0])
    >>> float(mean.result())
    5.0
    """

    def __init__(self, name="mean", dtype=None):
        super().__init__(name, dtype)
        self.total = self.add_weight(name="total")
        self.count = self.add_weight(name="count")

    def update_state(self, values, sample_weight=None):
        """Take in `values`, all alike or with a weight for each (or for each row); one weight: the batch is one row."""
        values, weights = _weigh(self, values, sample_weight)
        first = 0 if weights is not None and weights.shape.rank == 0 else 1  # axis where a row's values begin
        row_size = values.shape[first:].num_elements()
        if weights is None:
            total, count = tf.reduce_sum(values), tf.cast(tf.size(values), values.dtype)
        elif values.shape.rank == 0:
            total, count = values * weights, weights
        else:
            weights = weights * tf.ones_like(values)
            total, count = tf.reduce_sum(values * weights), tf.reduce_sum(weights)
        if row_size != 1:
            row_size = tf.reduce_prod(tf.shape(values)[first:]) if row_size is None else row_size
            row_size = tf.cast(row_size, values.dtype)
            total, count = total / row_size, count / row_size
        self.total.assign_add(total)
        self.count.assign_add(count)

    def result(self):
        return tf.math.divide_no_nan(self.total, self.count)


def _weigh(metric, values, sample_weight):
    """`values` in the metric's dtype, and their weights or None. A mask on the values counts only beside weights."""
    mask = None if sample_weight is None else get_mask(values)
    owner = f"{type(metric).__name__} {metric.name!r}"
    return weigh(owner, tf.cast(values, metric.dtype), sample_weight=sample_weight, mask=mask)


class MeanMetricWrapper(Mean):
    """The mean of `fn(y_true, y_pred, **arguments)`: any loss function, or one of your own, as a metric.

    Arguments: `fn` returns one value per sample; `name`; `dtype` to compute in; others are passed to `fn`.
    A mask that travels with `y_pred` leaves out what it masks.

    >>> def largest_error(y_true, y_pred):
    ...     return tf.reduce_max(tf.abs(y_true - y_pred), axis=-1)
    >>> metric = MeanMetricWrapper(largest_error, name="worst")
    >>> metric.update_state([[0.0, 0.0], [0.0, 0.0]], [[1.0, 3.0], [2.0, 0.0]])
    >>> float(metric.result())
    2.5
    """

    casts_labels = True  # False: `y_true` holds class numbers, which a small float dtype could not hold

    def __init__(self, fn, name=None, dtype=None, **arguments):
        super().__init__(name, dtype)
        self.fn = fn
        self.arguments = arguments

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in one batch of labels and predictions."""
        mask = get_mask(y_pred)
        y_pred = tf.cast(y_pred, self.dtype)
        y_true = tf.cast(y_true, self.dtype) if self.casts_labels else tf.convert_to_tensor(y_true)
        values = self.fn(y_true, y_pred, **self.arguments)
        if mask is not None:
            _, sample_weight = weigh(self.name, values, sample_weight=sample_weight, mask=mask)
        super().update_state(values, sample_weight)

    def get_config(self):
        """The constructor's arguments; the function by name."""
        config = super().get_config()
        if "fn" in config:
            config.update(self.arguments, fn=losses.serialize(self.fn))
        return config

    @classmethod
    def from_config(cls, config):
        """The metric again; functions are those of metrics and losses, and the current `custom_object_scope`'s."""
        if "fn" in config:
            with custom_object_scope(functions.TABLE):
                config = {**config, "fn": losses.get(config["fn"])}
        return cls(**config)
