"""`Loss`: how far predictions are from labels, as one number to minimise.

A loss is a function `call(y_true, y_pred)` with one value per sample, and around it what
all losses share: the dtype to compute in, sample weights, masks and the reduction.
"""

from typing import Any

import tensorflow as tf

from losses.ground.autograph import value_of
from losses.ground.configurable import Configurable
from losses.ground.lookup import find, snake_case
from losses.ground.masks import get_mask
from losses.ground.numerics import cast, check_numbers, floating
from losses.ground.shapes import align_ranks
from losses.reduction import check_reduction, reduce_weighted, weigh


class Loss(Configurable):
    """Base of all losses: write `call(y_true, y_pred)`, get weights, masks and reduction.

        loss = reduce(call(y_true, y_pred) * sample_weight * mask)

    Arguments: `name` (default: the class name in snake case); `reduction` (see `losses.reduction`; the default
    makes the loss independent of the batch size); `dtype` to compute in (default: that of `y_pred`, and float32
    if that is half precision, because a sum of many halves loses digits).

    >>> class LastStep(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return tf.abs(y_true - y_pred)[:, -1]
    >>> float(LastStep()(tf.zeros([2, 3]), tf.ones([2, 3]), sample_weight=[1.0, 3.0]))
    2.0
    """

    keras_module = "keras.losses"
    casts_labels = True  # False: `y_true` holds class numbers, which a small float dtype could not hold

    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size",
                 dtype: str | tf.DType | None = None) -> None:  # fmt: skip
        self.name = name or snake_case(type(self).__name__)
        self.reduction = check_reduction(type(self).__name__, reduction)
        self.dtype = None if dtype is None else tf.as_dtype(dtype).name

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """One value per sample: `(N, ...)`, `(N, ...)` → `(N,)` or more leading axes. Write it in a subclass."""
        raise NotImplementedError(f"{type(self).__name__} has no call(self, y_true, y_pred). Write it in the class.")

    @tf.autograph.experimental.do_not_convert
    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tf.Tensor:
        """The loss of a batch: a scalar, or one value per sample if `reduction` is "none"."""
        owner = f"{type(self).__name__} {self.name!r}"
        mask, labels = get_mask(y_pred), y_true if self._row_by_row() else None
        y_pred = cast(y_pred, self.dtype) if self.dtype else _at_least_float32(floating(y_pred))
        y_true = cast(y_true, y_pred.dtype) if self.casts_labels else tf.convert_to_tensor(y_true)
        values = value_of(self.call, y_true, y_pred)
        check_numbers(owner, values)
        _, mask = weigh(owner, values, mask=mask, label_mask=get_mask(values))
        return reduce_weighted(values, sample_weight, mask, self.reduction, owner, labels)

    def _row_by_row(self):
        """Whether `call` is known to give as many values for each row of `y_true`: of yours nobody knows, it may drop some."""
        return _keeps_rows(self.call)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments without `dtype`, which belongs to the run and not to the loss."""
        config = super().get_config()
        config.pop("dtype", None)
        return config


def _keeps_rows(function):
    """Whether it is one of this folder, where only those of overlap.py may sum over rows."""
    module = getattr(function, "__module__", None) or ""
    return module.startswith("losses.") and module not in ("losses.base", "losses.overlap")


def _at_least_float32(tensor):
    return tf.cast(tensor, tf.float32) if tensor.dtype in (tf.float16, tf.bfloat16) else tensor


class FunctionLoss(Loss):
    """Any function `fn(y_true, y_pred, **arguments)` as a `Loss`.

    `fn` returns one value per sample. `y_true` of shape `(N,)` meets `y_pred` of shape `(N, 1)` as `(N, 1)`.

    >>> def largest_error(y_true, y_pred, scale):
    ...     return scale * tf.reduce_max(tf.abs(y_true - y_pred), axis=-1)
    >>> float(FunctionLoss(largest_error, scale=10.0)([[0.0, 1.0]], [[0.5, 1.0]]))
    5.0
    """

    def __init__(self, fn, reduction="sum_over_batch_size", name=None, dtype=None, **arguments):
        if not callable(fn):
            raise TypeError(f"FunctionLoss expects a function fn(y_true, y_pred); received {fn!r}. Pass a function.")
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn = fn
        self.arguments = arguments

    def call(self, y_true, y_pred):
        return value_of(self.fn, *align_ranks(y_true, y_pred), **self.arguments)

    def _row_by_row(self):
        return type(self) is FunctionLoss and _keeps_rows(self.fn)

    def get_config(self):
        """The function by name, and its arguments."""
        return {**super().get_config(), **self.arguments}

    @classmethod
    def from_config(cls, config):
        """The loss again; the function's name is looked up in the current `custom_object_scope`."""
        fn = config["fn"]
        return cls(**{**config, "fn": find("loss", fn, {}) if isinstance(fn, str) else fn})
