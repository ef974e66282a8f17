"""What a name holds, on one line: shape, dtype, mean and a few numbers of a tensor; in short what else there is."""

import collections
import inspect

import numpy as np
import tensorflow as tf

from engine.core.layer import Layer
from engine.small_parts.described import Described
from engine.text import shortened

_FEW, _ITEMS, _DEEP, _LONG = 5, 4, 3, 90

# `mean` is None for what has none; two values with one `mark` are the same, to the last digit.
Value = collections.namedtuple("Value", "text mean mark")


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
            return found._replace(text=f"{self.paths.get(id(value), 'variable')}: {found.text}")
        if isinstance(value, (np.ndarray, np.generic)):
            return _of_array(np.asarray(value), value.dtype.name)
        text = self._text(value, _DEEP)
        return None if text is None else Value(shortened(text, 400), None, text)

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
    mean, few, more = None, array.ravel()[:_FEW], ", …" if array.size > _FEW else ""
    if array.dtype.kind in "OSUcb":  # texts, complex numbers, truths
        few = [shortened(repr(item.item() if hasattr(item, "item") else item), 20) for item in few]
    else:
        mean = float(array.astype("float64").mean()) if array.size else None
        few = [f"{float(item):.{7 if array.ndim == 0 else 4}g}" for item in few]
    head = f"{array.shape} {dtype}" if array.ndim else dtype
    middle = "" if array.ndim == 0 or mean is None else f", mean {mean:.6g}"
    mark = (array.shape, dtype, array.tobytes() if array.size < 64 else hash(array.tobytes()))
    return Value(f"{head}{middle}{': ' if array.ndim else ' '}{', '.join(few)}{more}", mean, mark)


def held_by(value, deep=3, most=200):
    """The tensors and variables in a value, also in lists and tuples in it."""
    if isinstance(value, (tf.Tensor, tf.Variable)):
        return [value]
    if deep and isinstance(value, (list, tuple)):
        return [item for part in value[:most] for item in held_by(part, deep - 1, most)]
    return []
