"""`Metric`: a number that many batches add up to."""

import tensorflow as tf

from engine import initializers
from engine.core import dtypes, naming, state, tracking
from losses.configurable import Configurable


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

    _keeps = "metric"

    def __init__(self, name=None, dtype=None):
        self.name = name or naming.unique_name(type(self))
        self.dtype = dtypes.policy(dtype).variable_dtype

    def add_weight(self, *first, name=None, shape=(), initializer="zeros", dtype=None):
        """A variable of the state; `shape` and `name` may also come first, in either order."""
        for value in first:
            if isinstance(value, str):
                name = value
            else:
                shape = value
        initializer, dtype = initializers.get(initializer), tf.as_dtype(dtype or self.dtype)
        return state.variable(lambda: tf.cast(initializer(tuple(shape), dtype=dtype), dtype), dtype, name or "state")

    add_variable = add_weight

    def update_state(self, *args, **kwargs):
        """Take in one batch: `(y_true, y_pred, sample_weight=None)`, or `(values, sample_weight=None)`."""
        raise NotImplementedError(f"{type(self).__name__} has no update_state(). Define it: it takes in one batch.")

    def result(self):
        """The metric over everything taken in since the last reset, as a tensor or a dict of tensors."""
        raise NotImplementedError(f"{type(self).__name__} has no result(). Define it: it returns the metric so far.")

    def reset_state(self):
        """Start anew: set all state to zero. Override where zero is not the start."""
        for variable in self.variables:
            variable.assign(tf.zeros_like(variable))

    @tf.autograph.experimental.do_not_convert
    def __call__(self, *args, **kwargs):
        """Take in one batch, and return the result so far."""
        self.update_state(*args, **kwargs)
        result = self.result()
        if isinstance(result, tf.Variable):
            result = result.read_value()
        if isinstance(result, tf.Tensor):
            result._metric = self  # so that add_metric(value) knows where it came from
        return result

    @property
    def variables(self):
        """The state: own variables and those of metrics inside."""
        found = []
        for child in tracking.direct(self, (tf.Variable, Metric)):
            found.extend(child.variables if isinstance(child, Metric) else [child])
        return tracking.unique(found)

    def __repr__(self):
        return f"<{type(self).__name__} {self.name!r}>"
