"""`Metric`: a number that many batches add up to, and `Mean`, what most of them are."""

import tensorflow as tf

from engine import dtypes, hints, initializers, spellings
from engine.core import tracking
from engine.small_parts import creation, naming
from losses.ground.configurable import Configurable
from losses.reduction import weighted


class Metric(tracking.Tracked, Configurable):
    """State in variables, `update_state` per batch, `result` when asked, `reset_state` per epoch.

    Why variables and not Python numbers: `update_state` runs inside the compiled training loop, and only
    variables outlive a step there. They are made by `add_weight` or set as raw `tf.Variable`s.

    Arguments: `name` (in logs and history), `dtype` (of the result, the default float dtype).

    >>> import tensorflow as tf
    >>> from engine.metrics import Metric
    >>> class Largest(Metric):
    ...     def __init__(self, name="largest"):
    ...         super().__init__(name)
    ...         self.seen = self.add_weight(name="seen")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.seen.assign(tf.maximum(self.seen, tf.reduce_max(y_pred)))
    ...     def result(self):
    ...         return self.seen
    >>> metric = Largest()
    >>> float(metric([0.0], [3.0])), float(metric([0.0], [2.0]))
    (3.0, 3.0)
    """

    keras_module = "keras.metrics"
    _keeps = "metric"
    _direction = None  # "up" or "down": in which direction it gets better

    def __init__(self, name: str | None = None, dtype: hints.DType = None) -> None:
        self.name = name or naming.unique_name(type(self))
        self.dtype = dtypes.policy(dtype).variable_dtype

    @spellings.name_first
    def add_weight(self, shape: hints.Shape = (), initializer: hints.Part = "zeros", dtype: hints.DType = None,
                   name: str | None = None) -> tf.Variable:  # fmt: skip
        """A variable of the state."""
        initializer, dtype = initializers.get(initializer), tf.as_dtype(dtype or self.dtype)
        return creation.variable(lambda: tf.cast(initializer(tuple(shape), dtype=dtype), dtype), dtype, name or "state")

    add_variable = add_weight

    def update_state(self, *args: hints.Values, **kwargs: hints.Values) -> None:
        """Take in one batch: `(y_true, y_pred, sample_weight=None)`, or `(values, sample_weight=None)`."""
        raise NotImplementedError(f"{type(self).__name__} has no update_state(). Define it: it takes in one batch.")

    def result(self) -> tf.Tensor | dict[str, tf.Tensor]:
        """The metric over everything taken in since the last reset, as a tensor or a dict of tensors."""
        raise NotImplementedError(f"{type(self).__name__} has no result(). Define it: it returns the metric so far.")

    def reset_state(self) -> None:
        """Start anew: set all state to zero. Override where zero is not the start."""
        if type(self).reset_states is not Metric.reset_states:
            self.reset_states()  # older code defines this one
        else:
            self._zero()

    def reset_states(self) -> None:
        """The older name of `reset_state`."""
        if type(self).reset_state is not Metric.reset_state:
            self.reset_state()
        else:
            self._zero()

    def _zero(self):
        for variable in self.variables:
            variable.assign(tf.zeros_like(variable))

    @tf.autograph.experimental.do_not_convert
    def __call__(self, *args: hints.Values, **kwargs: hints.Values) -> tf.Tensor | dict[str, tf.Tensor]:
        """Take in one batch, and return the result so far."""
        self.update_state(*args, **kwargs)
        result = self.result()
        result = result.read_value() if isinstance(result, tf.Variable) else result
        if isinstance(result, tf.Tensor):
            result._metric = self  # so that add_metric(value) knows where it came from
        return result

    @property
    def variables(self) -> list[tf.Variable]:
        """The state: own variables and those of metrics inside."""
        own = tracking.direct(self, (tf.Variable, Metric))
        found = [child.variables if isinstance(child, Metric) else [child] for child in own]
        return tracking.unique(variable for variables in found for variable in variables)

    def __repr__(self):
        return f"<{type(self).__name__} {self.name!r}>"


class Mean(Metric):
    """`total / count` over all rows since the last reset, 0 before the first.

    Each row of a batch counts once, however many values it has: a row's values are averaged first. So a mean over
    3 sentences does not depend on how long each batch was padded.

        total = Σ mean(weight · value),   count = Σ mean(weight)      mean over a row, Σ over the rows

    Shapes: values `(rows, ...)` or a scalar, sample_weight their leading axes → scalar.
    State: `total`, `count`, scalars from zero.

    >>> mean = Mean()
    >>> mean.update_state([1.0, 3.0]); mean.update_state([8.0], sample_weight=[2.0])
    >>> float(mean.result())
    5.0
    """

    def __init__(self, name: str | None = "mean", dtype: hints.DType = None) -> None:
        super().__init__(name, dtype)
        self.total = self.add_weight(name="total")
        self.count = self.add_weight(name="count")

    def update_state(self, values: hints.Values, sample_weight: hints.Values = None) -> None:
        """Take in `values`, all alike or with a weight for each (or for each row); one weight: the batch is one row."""
        values, weights = weighted(self, values, sample_weight)
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

    def result(self) -> tf.Tensor:
        return tf.math.divide_no_nan(self.total, self.count)
