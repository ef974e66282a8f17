"""Symbols: write `y = dense(x)` once, without data, and run it later on any.

Why a Node and not just an operation? One layer may be called many times, and a graph must
know each call apart: a `Node` is *one call* (what was called, with which arguments, what
came out), a layer is what the calls share. A `Symbol` is one output of one node: it knows
its shape, its dtype and the node that made it, and has no values. Shapes and dtypes are not
worked out by rules of our own: the operation is traced once on placeholders, in a scratch
graph that is thrown away.

Operators and TensorFlow's functions on symbols, `tf.nn.relu(x + y)`, are in engine/functional/operators.py.
"""

import tensorflow as tf

from engine.small_parts.kinds import kind_of, placeholder
from engine.small_parts.signature import shape_of
from losses.ground.masks import get_mask, set_mask


class Symbol:
    """A tensor to be: `shape` (tf.TensorShape), `dtype`, `kind`, and the `node` whose output number `index` it is."""

    __array_priority__ = 1000  # NumPy arrays leave `array + symbol` to us
    __array_ufunc__ = None

    def __init__(self, shape, dtype, name=None, mask=None, kind="dense"):
        self.shape, self.mask = tf.TensorShape(shape), mask  # the mask's shape, or None where no mask travels along
        self.dtype, self.kind = tf.as_dtype(dtype), kind
        self.name = name
        self.node = None
        self.index = 0

    def __repr__(self):
        maker = self.node.operation.name if self.node else None
        return f"<Symbol shape={tuple(self.shape)} dtype={self.dtype.name} from {maker!r}>"

    __hash__ = object.__hash__

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


def symbols_in(structure):
    """The symbols in a nest, in order."""
    return [item for item in tf.nest.flatten(structure) if isinstance(item, Symbol)]


def contains_symbol(args, kwargs):
    """Whether any argument is a symbol or holds one."""
    if len(args) == 1 and not kwargs and isinstance(args[0], (Symbol, tf.Tensor)):  # the common call, made quick
        return isinstance(args[0], Symbol)
    return any(isinstance(item, Symbol) for item in tf.nest.flatten((args, kwargs)))


def record(operation, args, kwargs):
    """Call `operation` on symbols: the new node, whose `outputs` are the symbols that come out."""
    outputs = tf.nest.map_structure(
        lambda item: Symbol(item.shape, item.dtype, None, shape_of(get_mask(item)), kind_of(item)) if kind_of(item) else item,
        infer(operation, args, kwargs),
    )
    return Node(operation, args, kwargs, outputs)


def infer(operation, args, kwargs):
    """What `operation` returns for placeholders in place of symbols: tensors with shape and dtype, no values."""
    with tf.__internal__.FuncGraph("<shapes>").as_default():
        args, kwargs = tf.nest.map_structure(lambda item: _placeholder(item) if isinstance(item, Symbol) else item, (args, kwargs))
        return operation(*args, **kwargs)


def _placeholder(symbol):
    tensor = placeholder(symbol.shape, symbol.dtype, symbol.kind)
    set_mask(tensor, None if symbol.mask is None else placeholder(symbol.mask, tf.bool))
    return tensor
