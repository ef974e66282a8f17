"""Symbols: write `y = tf.nn.relu(dense(x) + x)` once, without data, and run it later on any.

Why a Node and not just an operation? One layer may be called many times, and a graph must
know each call apart: a `Node` is *one call* (what was called, with which arguments, what
came out), a layer is what the calls share. A `Symbol` is one output of one node: it knows
its shape, its dtype and the node that made it, and has no values. Shapes and dtypes are not
worked out by rules of our own: the operation is traced once on placeholders, in a scratch
graph that is thrown away.
"""

import collections
import functools
import inspect

import numpy as np
import tensorflow as tf


class Symbol:
    """A tensor to be: `shape` (tf.TensorShape), `dtype`, and the `node` whose output number `index` it is."""

    __array_priority__ = 1000  # NumPy arrays leave `array + symbol` to us
    __array_ufunc__ = None

    def __init__(self, shape, dtype, name=None):
        self.shape = tf.TensorShape(shape)
        self.dtype = tf.as_dtype(dtype)
        self.name = name
        self.node = None
        self.index = 0

    def __repr__(self):
        maker = self.node.operation.name if self.node else None
        return f"<Symbol shape={tuple(self.shape)} dtype={self.dtype.name} from {maker!r}>"

    __hash__ = object.__hash__

    def get_shape(self):
        return self.shape

    @property
    def ndim(self):
        return self.shape.rank

    def _no_values(self, *_, **__):
        raise TypeError(
            f"{self!r} stands for a tensor to come and has no values. `if`, `for`, NumPy and float() need values: "
            "use tf.cond, tf.where, tf.unstack and other tf functions here, or write a Layer and use them in its call()."
        )

    __bool__ = __iter__ = __array__ = __float__ = __int__ = __index__ = __len__ = _no_values


class Node:
    """One call of `operation` on symbols: `outputs = operation(*args, **kwargs)`."""

    def __init__(self, operation, args, kwargs, outputs):
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.outputs = outputs
        self.inputs = symbols_in((args, kwargs))
        for index, symbol in enumerate(symbols_in(outputs)):
            symbol.node, symbol.index = self, index


class Function:
    """A plain function, such as `tf.concat`, as the operation of a node."""

    def __init__(self, function, name):
        self.function = function
        self.name = name

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)


def symbols_in(structure):
    """The symbols in a nest, in order."""
    return [item for item in tf.nest.flatten(structure) if isinstance(item, Symbol)]


def from_shapes(shapes, dtype):
    """A symbol for a shape, or a nest of symbols for a list or dict of shapes."""
    if isinstance(shapes, dict):
        return {key: from_shapes(shape, dtype) for key, shape in shapes.items()}
    if isinstance(shapes, (list, tuple)) and any(isinstance(shape, (list, tuple, dict)) for shape in shapes):
        return [from_shapes(shape, dtype) for shape in shapes]
    return Symbol(shapes, dtype)


def contains_symbol(args, kwargs):
    """Whether any argument is a symbol or holds one."""
    if len(args) == 1 and not kwargs and isinstance(args[0], (Symbol, tf.Tensor)):  # the common call, made quick
        return isinstance(args[0], Symbol)
    return any(isinstance(item, Symbol) for item in tf.nest.flatten((args, kwargs)))


def record(operation, args, kwargs):
    """Call `operation` on symbols: the new node, whose `outputs` are the symbols that come out."""
    structure = infer(operation, args, kwargs)
    outputs = tf.nest.map_structure(
        lambda item: Symbol(item.shape, item.dtype) if isinstance(item, tf.Tensor) else item, structure
    )
    return Node(operation, args, kwargs, outputs)


def infer(operation, args, kwargs):
    """What `operation` returns for placeholders in place of symbols: tensors with shape and dtype, no values."""
    with tf.__internal__.FuncGraph("shapes").as_default():
        args, kwargs = tf.nest.map_structure(
            lambda item: tf.compat.v1.placeholder(item.dtype, item.shape) if isinstance(item, Symbol) else item,
            (args, kwargs),
        )
        return operation(*args, **kwargs)


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


_BINARY = "add sub mul truediv floordiv mod pow matmul and or xor".split()
_REFLECTED = [f"r{name}" for name in _BINARY]
for _name in [*_BINARY, *_REFLECTED, *"neg abs invert lt le gt ge eq ne".split()]:
    setattr(Symbol, f"__{_name}__", _operator(f"__{_name}__"))

_Slice = collections.namedtuple("_Slice", "start stop step")  # a slice that tf.nest opens: symbols may be in it


def _getitem(symbol, key):
    keys = [_Slice(k.start, k.stop, k.step) if isinstance(k, slice) else k for k in _as_tuple(key)]
    return record(Function(_get, "getitem"), (symbol, keys), {}).outputs


def _get(tensor, keys):
    keys = tuple(slice(*k) if isinstance(k, _Slice) else k for k in keys)
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
