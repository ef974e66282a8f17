"""Operators and TensorFlow's functions on symbols: `tf.nn.relu(x + y)` becomes a node of the graph, as a layer's call does.

Importing this module is what makes it so.
"""

import collections
import functools
import inspect

import numpy as np
import tensorflow as tf

from engine.core.symbolic import Symbol, contains_symbol, record
from losses.ground.masks import get_mask


class Function:
    """A plain function, such as `tf.concat`, as the operation of a node."""

    def __init__(self, function, name):
        self.function = function
        self.name = name

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)


def _apply(name, tensor, *args):
    tensor = tf.convert_to_tensor(tensor)
    args = [tf.convert_to_tensor(a, dtype_hint=tensor.dtype) if isinstance(a, np.ndarray) else a for a in args]
    result = getattr(tensor, name)(*args)
    if result is NotImplemented:
        raise TypeError(f"Operator {name} does not take {[type(a).__name__ for a in args]} with a tensor.")
    return result


def _operator(name):
    """A method of Symbol that records the method of tf.Tensor with the same name."""

    def method(self, *args):
        return record(Function(functools.partial(_apply, name), name.strip("_")), (self, *args), {}).outputs

    method.__name__ = name
    return method


def _mask(symbol):
    """The symbol of the mask that travels along, or None; TensorFlow's guide on masking reads it there."""
    return None if symbol.mask is None else record(Function(get_mask, "mask"), (symbol,), {}).outputs


Symbol._keras_mask = property(_mask)
Symbol.get_shape = lambda symbol: symbol.shape
Symbol.ndim = property(lambda symbol: symbol.shape.rank)

_BINARY = "add sub mul truediv floordiv mod pow matmul and or xor".split()
_REFLECTED = [f"r{name}" for name in _BINARY]
for _name in [*_BINARY, *_REFLECTED, *"neg abs invert lt le gt ge eq ne".split()]:
    setattr(Symbol, f"__{_name}__", _operator(f"__{_name}__"))

Slice = collections.namedtuple("Slice", "start stop step")  # a slice that tf.nest opens: symbols may be in it


def _getitem(symbol, key):
    keys = [Slice(k.start, k.stop, k.step) if isinstance(k, slice) else k for k in _as_tuple(key)]
    return record(Function(get_item, "getitem"), (symbol, keys), {}).outputs


def get_item(tensor, keys):
    keys = tuple(slice(*k) if isinstance(k, Slice) else k for k in keys)
    return tensor[keys if len(keys) != 1 else keys[0]]


def _as_tuple(key):
    return key if isinstance(key, tuple) else (key,)


Symbol.__getitem__ = _getitem


def _leave_to_symbol(operator):
    """A variable's operator that leaves `variable * symbol` to the symbol.

    TensorFlow's own would read the variable at once and record its value of today as a constant: the variable
    would be no weight of the model, and never be trained.
    """

    @functools.wraps(operator)
    def method(self, other, *args, **kwargs):
        return NotImplemented if isinstance(other, Symbol) else operator(self, other, *args, **kwargs)

    return method


for _name in [*_BINARY, *"lt le gt ge eq ne".split()]:
    setattr(tf.Variable, f"__{_name}__", _leave_to_symbol(getattr(tf.Variable, f"__{_name}__")))


class _SymbolDispatcher(tf.__internal__.dispatch.GlobalOpDispatcher):
    """TensorFlow asks here when one of its functions was given something it cannot convert."""

    def handle(self, op, args, kwargs):
        if not contains_symbol(args, kwargs):
            return self.NOT_SUPPORTED
        name = getattr(inspect.unwrap(op), "__name__", "function")
        return record(Function(op, f"tf.{name}"), args, kwargs).outputs


_SymbolDispatcher().register()
