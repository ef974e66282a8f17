"""What a name holds, on one line: shape, dtype, mean and a few numbers of a tensor; in short what else there is."""

import collections
import inspect

import numpy as np
import tensorflow as tf

from engine.core.layer import Layer
from engine.small_parts.described import Described
from engine.text import shortened

_FEW, _ITEMS, _DEEP, _LONG = 5, 4, 3, 90

Value = collections.namedtuple("Value", "text mean")  # mean: None for what has none


class Describer:
    """Describes values; `paths`: {id of a variable: its name}. What cannot change is looked at once."""

    def __init__(self, paths):
        self.paths = paths
        self._known = {}  # id of a tensor: (tensor, Value)

    def __call__(self, value):
        """The Value, or None where there is nothing to show, such as for a function."""
        if isinstance(value, tf.Tensor) and hasattr(value, "numpy"):
            if id(value) not in self._known:
                self._known[id(value)] = value, _of_array(value.numpy(), value.dtype.name)
            return self._known[id(value)][1]
        if isinstance(value, tf.Variable):
            found = _of_array(value.numpy(), value.dtype.name)
            return Value(f"{self.paths.get(id(value), 'variable')}: {found.text}", found.mean)
        if isinstance(value, (np.ndarray, np.generic)):
            return _of_array(np.asarray(value), value.dtype.name)
        text = self._text(value, _DEEP)
        return None if text is None else Value(shortened(text, 400), None)

    def _text(self, value, deep):
        if isinstance(value, (tf.Tensor, tf.Variable, np.ndarray, np.generic)):
            return self(value).text if hasattr(value, "numpy") or isinstance(value, (np.ndarray, np.generic)) else f"{value.shape} to come"
        if value is None or isinstance(value, (bool, int, float, str)):
            return shortened(repr(value), _LONG)
        if isinstance(value, (tf.TensorShape, tf.DType)):
            return value.name if isinstance(value, tf.DType) else str(tuple(value))
        if isinstance(value, Layer):
            return value._title
        if isinstance(value, dict):
            return self._items(value, [f"{key!r}: {self._text(item, deep - 1)}" for key, item in list(value.items())[:_ITEMS]], "{}", deep)
        if isinstance(value, (list, tuple)):
            texts = [self._text(item, deep - 1) or "…" for item in value[:_ITEMS]] if deep else []
            return self._items(value, texts, "[]" if isinstance(value, list) else "()", deep)
        if inspect.isroutine(value) or inspect.ismodule(value) or inspect.isclass(value):
            return None
        name = getattr(value, "name", None) if isinstance(value, Described) else None
        return f"{type(value).__name__} {name!r}" if isinstance(name, str) else type(value).__name__

    def _items(self, value, texts, brackets, deep):
        if not deep:
            return f"{len(value)} items"
        more = f", … {len(value)} in all" if len(value) > _ITEMS else ""
        return brackets[0] + ", ".join(texts) + more + brackets[1]


def _of_array(array, dtype):
    """(32, 16) float32, mean 0.239: 0.311, 0, 0, 1.24, …"""
    if array.dtype.kind in "OSU":
        few = ", ".join(shortened(repr(item), 20) for item in array.ravel()[:_FEW])
        return Value(f"{array.shape} {dtype}: {few}", None)
    if array.dtype.kind == "b":
        few = ", ".join(str(bool(item)) for item in array.ravel()[:_FEW])
        return Value(few if array.ndim == 0 else f"{array.shape} bool: {few}{', …' if array.size > _FEW else ''}", None)
    if array.dtype.kind == "c":
        return Value(f"{array.shape} {dtype}", None)
    numbers = array.astype("float64")
    if array.ndim == 0:
        return Value(f"{dtype} {numbers:.7g}", float(numbers))
    mean = float(numbers.mean()) if numbers.size else None
    few = ", ".join(f"{item:.4g}" for item in numbers.ravel()[:_FEW]) + (", …" if numbers.size > _FEW else "")
    return Value(f"{array.shape} {dtype}" + (f", mean {mean:.6g}: {few}" if numbers.size else ""), mean)


def held_by(value, deep=3, most=200):
    """The tensors and variables in a value, also in lists and tuples in it."""
    if isinstance(value, (tf.Tensor, tf.Variable)):
        return [value]
    if deep and isinstance(value, (list, tuple)):
        return [item for part in value[:most] for item in held_by(part, deep - 1, most)]
    return []
