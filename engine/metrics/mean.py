"""Totals and means over an epoch: what most metrics are, around a function of one batch. `Mean` itself is in the core."""

import tensorflow as tf

import losses
from engine.core.metric import Mean, Metric
from engine.metrics import functions
from losses.ground.autograph import value_of
from losses.ground.lookup import custom_object_scope
from losses.ground.masks import get_mask
from losses.ground.numerics import cast
from losses.reduction import weigh, weighted


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
        values, weights = weighted(self, values, sample_weight)
        self.total.assign_add(tf.reduce_sum(values if weights is None else values * weights))

    def result(self):
        return self.total.read_value()


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
        if self._direction is None:
            self._direction = _direction_of(fn)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in one batch of labels and predictions."""
        mask = get_mask(y_pred)
        y_pred = cast(y_pred, self.dtype)
        y_true = cast(y_true, self.dtype) if self.casts_labels else tf.convert_to_tensor(y_true)
        values = value_of(self.fn, y_true, y_pred, **self.arguments)
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


def _direction_of(fn):
    """Of a function of this library: what only metrics measure should be large, losses small."""
    name = getattr(fn, "__name__", "")
    if getattr(functions, name, None) is fn:
        return "up"
    return "down" if isinstance(fn, losses.Loss) or getattr(losses, name, None) is fn else None
