"""Nodes of a graph that are no layers, such as `x + 1` or `tf.concat([x, y], -1)`, and what a config calls them.

A config names an operation by its class in the interchange format ("Add", "Mean") and lists its fixed arguments. Here
is the one table from those names to functions of TensorFlow, and the one back. What that format has no name for is called as
TensorFlow calls it (tensorflow_functions.py). Nothing else can be named by a config; an operation of your own comes through
`custom_objects={"MyOperation": function}`.
"""

import collections
import functools
import inspect

import tensorflow as tf

from engine import activations, dtypes
from engine.configs import tensorflow_functions
from engine.core import symbolic
from engine.functional import operators
from engine.small_parts.account import spend
from losses.ground.lookup import find, snake_case

_MOST_DECIMALS = 300  # a float has no more


def _floating(tensor):
    return tensor if tensor.dtype.is_floating else tf.cast(tensor, dtypes.floatx())


def _unary(function):
    """Of floating numbers: whole numbers become floating first."""
    return lambda x: function(_floating(x))


def _binary(function, floating=False):
    """Of two operands, which first get the same dtype: the floating, then the wider one of theirs."""

    def apply(x1, x2):
        dtype = max((x.dtype for x in (x1, x2) if hasattr(x, "dtype")), key=lambda d: (d.is_floating, d.size))
        if not dtype.is_floating and (floating or float in (type(x1), type(x2))):
            dtype = dtypes.floatx()
        return function(_as(dtype, x1), _as(dtype, x2))

    return apply


def _as(dtype, x):
    return tf.cast(x, dtype) if hasattr(x, "dtype") else tf.convert_to_tensor(x, dtype)  # tf.cast makes 0.1 a float32


def _logical(function):
    return lambda *operands: function(*(tf.cast(x, tf.bool) for x in operands))


def _reduction(function, before=lambda x: x):
    return lambda x, axis=None, keepdims=False: function(before(x), axis, keepdims)


def _argument(function):
    """The place of the greatest or least; of the flat tensor where `axis` is not given."""

    def apply(x, axis=None, keepdims=False):
        if axis is None:
            found = function(tf.reshape(x, [-1]), output_type=tf.int32)
            return tf.reshape(found, [1] * x.shape.rank) if keepdims else found
        found = function(x, axis, output_type=tf.int32)
        return tf.expand_dims(found, axis) if keepdims else found

    return apply


def _reshape(x, newshape):
    sizes = tf.shape(x)
    return tf.reshape(x, [sizes[axis] if size is None else size for axis, size in enumerate(newshape)])


def _round(x, decimals=0):
    if abs(decimals) > _MOST_DECIMALS:
        raise ValueError(f"Round takes at most {_MOST_DECIMALS} decimals, received {decimals}.")
    return tf.round(x * 10**decimals) / 10**decimals if decimals else tf.round(x)


def _split(x, indices_or_sections, axis=0):
    if isinstance(indices_or_sections, int):
        spend("an operation with many outputs", steps=indices_or_sections)
        return tf.split(x, indices_or_sections, axis)
    ends = [*indices_or_sections, x.shape[axis]]
    return tf.split(x, [end - start for start, end in zip([0, *ends], ends)], axis)


def _swap_axes(x, axis1, axis2):
    order = list(range(x.shape.rank))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return tf.transpose(x, order)


def _where(condition, x1, x2):
    return _binary(lambda a, b: tf.where(tf.cast(condition, tf.bool), a, b))(x1, x2)


def _get_item(x, key):
    return operators.get_item(x, key if isinstance(key, (tuple, list)) else (key,))


_MODULES = {
    "keras.src.ops.numpy": {
        "Add": _binary(tf.add),
        "Subtract": _binary(tf.subtract),
        "Multiply": _binary(tf.multiply),
        "TrueDivide": _binary(tf.truediv, floating=True),
        "Divide": _binary(tf.truediv, floating=True),
        "FloorDivide": _binary(tf.math.floordiv),
        "Mod": _binary(tf.math.floormod),
        "Power": _binary(tf.pow),
        "Maximum": _binary(tf.maximum),
        "Minimum": _binary(tf.minimum),
        "Matmul": _binary(tf.matmul),
        "Less": _binary(tf.less),
        "LessEqual": _binary(tf.less_equal),
        "Greater": _binary(tf.greater),
        "GreaterEqual": _binary(tf.greater_equal),
        "Equal": _binary(tf.equal),
        "NotEqual": _binary(tf.not_equal),
        "LogicalAnd": _logical(tf.logical_and),
        "LogicalOr": _logical(tf.logical_or),
        "LogicalXor": _logical(tf.math.logical_xor),
        "LogicalNot": _logical(tf.logical_not),
        "Negative": tf.negative,
        "Absolute": tf.abs,
        "Abs": tf.abs,
        "Sign": tf.sign,
        "Square": tf.square,
        "Floor": _unary(tf.floor),
        "Ceil": _unary(tf.math.ceil),
        "Round": _round,
        "Sqrt": _unary(tf.sqrt),
        "Reciprocal": _unary(tf.math.reciprocal),
        "Exp": _unary(tf.exp),
        "Expm1": _unary(tf.math.expm1),
        "Log": _unary(tf.math.log),
        "Log1p": _unary(tf.math.log1p),
        "Sin": _unary(tf.sin),
        "Cos": _unary(tf.cos),
        "Tanh": _unary(tf.tanh),
        "Clip": lambda x, x_min, x_max: tf.clip_by_value(x, x_min, x_max),
        "Sum": _reduction(tf.reduce_sum),
        "Mean": _reduction(tf.reduce_mean, before=_floating),
        "Var": _reduction(tf.math.reduce_variance, before=_floating),
        "Std": _reduction(tf.math.reduce_std, before=_floating),
        "Max": _reduction(tf.reduce_max),
        "Min": _reduction(tf.reduce_min),
        "Prod": _reduction(tf.reduce_prod),
        "Any": _reduction(tf.reduce_any, before=lambda x: tf.cast(x, tf.bool)),
        "All": _reduction(tf.reduce_all, before=lambda x: tf.cast(x, tf.bool)),
        "Argmax": _argument(tf.argmax),
        "Argmin": _argument(tf.argmin),
        "Concatenate": lambda xs, axis=0: tf.concat(xs, axis),
        "Stack": lambda x, axis=0: tf.stack(x, axis),
        "Split": _split,
        "Reshape": _reshape,
        "Ravel": lambda x: tf.reshape(x, [-1]),
        "Transpose": lambda x, axes=None: tf.transpose(x, axes),
        "Swapaxes": _swap_axes,
        "ExpandDims": lambda x, axis: tf.expand_dims(x, axis),
        "Squeeze": lambda x, axis=None: tf.squeeze(x, axis),
        "Tile": lambda x, repeats: tf.tile(x, repeats),
        "Take": lambda x, indices, axis=None: tf.gather(tf.reshape(x, [-1]) if axis is None else x, indices,
                                                        axis=axis or 0),
        "GetItem": _get_item,
        "Where": _where,
        "Einsum": lambda *operands, subscripts: tf.einsum(subscripts, *operands),
        "ZerosLike": lambda x, dtype=None: tf.zeros_like(x, dtype),
        "OnesLike": lambda x, dtype=None: tf.ones_like(x, dtype),
    },
    "keras.src.ops.nn": {
        name: activations.get(snake_case(name))
        for name in ("Relu Relu6 LeakyRelu Elu Selu Celu Gelu Silu Sigmoid HardSigmoid HardSilu LogSigmoid Softplus "
                     "Softsign Softmax LogSoftmax Glu HardTanh TanhShrink").split()
    },
    "keras.src.ops.core": {"Cast": lambda x, dtype: tf.cast(x, dtype)},
    "keras.src.ops.math": {
        "Rsqrt": _unary(tf.math.rsqrt),
        "Erf": _unary(tf.math.erf),
        "Logsumexp": _reduction(tf.reduce_logsumexp),
    },
}  # fmt: skip
_TABLE = {name: function for functions in _MODULES.values() for name, function in functions.items()}


class Operation(operators.Function):
    """An operation that a config names: `class_name` from the table, its fixed `arguments`, and the node's `name`."""

    def __init__(self, class_name, arguments, name):
        function = find("operation", class_name, _TABLE)
        self.class_name = class_name
        self.arguments = {key: value for key, value in arguments.items() if value is not None}
        unknown = set(self.arguments) - set(inspect.signature(function).parameters)
        if unknown:
            raise ValueError(
                f"Operation {class_name} {name!r}: the argument {sorted(unknown)[0]!r} is not supported. Pass a function "
                f"of yours: custom_objects={{{class_name!r}: function}}."
            )
        super().__init__(functools.partial(function, **self.arguments), name)

    def __getstate__(self):
        known = self.function.func is _TABLE.get(self.class_name)
        return {**vars(self), "function": None} if known else vars(self)  # pickle takes no function without a name

    def __setstate__(self, state):
        vars(self).update(state)
        if self.function is None:
            self.function = functools.partial(_TABLE[self.class_name], **self.arguments)


# From what a node was recorded with to the class that says the same. An operator is known by its method's name.
OPERATORS = {
    "add": "Add", "sub": "Subtract", "mul": "Multiply", "truediv": "TrueDivide", "floordiv": "FloorDivide",
    "mod": "Mod", "pow": "Power", "matmul": "Matmul", "neg": "Negative", "abs": "Absolute", "getitem": "GetItem",
    "lt": "Less", "le": "LessEqual", "gt": "Greater", "ge": "GreaterEqual", "eq": "Equal", "ne": "NotEqual",
    "and": "LogicalAnd", "or": "LogicalOr", "xor": "LogicalXor", "invert": "LogicalNot",
}  # fmt: skip

# A function of TensorFlow, by its name: the class, the number of operands (its first arguments), and what the class
# calls the others.
_FUNCTIONS = {
    **{name: (cls, 2, {}) for name, cls in dict(
        add="Add", subtract="Subtract", multiply="Multiply", divide="TrueDivide", truediv="TrueDivide", pow="Power",
        maximum="Maximum", minimum="Minimum", matmul="Matmul", logical_and="LogicalAnd", logical_or="LogicalOr",
    ).items()},
    **{name: (cls, 1, {}) for name, cls in dict(
        abs="Absolute", neg="Negative", negative="Negative", exp="Exp", log="Log", log1p="Log1p", sqrt="Sqrt",
        rsqrt="Rsqrt", square="Square", tanh="Tanh", sigmoid="Sigmoid", relu="Relu", relu6="Relu6", elu="Elu",
        selu="Selu", swish="Silu", softplus="Softplus", sin="Sin", cos="Cos", erf="Erf", logical_not="LogicalNot",
    ).items()},
    **{name: (cls, 1, {"axis": "axis", "keepdims": "keepdims"}) for name, cls in dict(
        reduce_mean="Mean", reduce_sum="Sum", reduce_max="Max", reduce_min="Min", reduce_any="Any", reduce_all="All",
    ).items()},
    "softmax": ("Softmax", 1, {"axis": "axis"}),
    "concat": ("Concatenate", 1, {"axis": "axis"}),
    "stack": ("Stack", 1, {"axis": "axis"}),
    "expand_dims": ("ExpandDims", 1, {"axis": "axis"}),
    "squeeze": ("Squeeze", 1, {"axis": "axis", "squeeze_dims": "axis"}),
    "reshape": ("Reshape", 1, {"shape": "newshape"}),
    "transpose": ("Transpose", 1, {"perm": "axes"}),
    "cast": ("Cast", 1, {"dtype": "dtype"}),
    "clip_by_value": ("Clip", 1, {"clip_value_min": "x_min", "clip_value_max": "x_max"}),
    "where": ("Where", 3, {}),
}  # fmt: skip


Description = collections.namedtuple("Description", "module class_name arguments args kwargs")


def describe(node):
    """The Description of a node that is no layer's call: its operation, and what that is called on; ValueError if none says it."""
    operation = node.operation
    if isinstance(operation, Operation):
        name, arguments, args = operation.class_name, operation.arguments, node.args
    elif operation.name.startswith("tf."):
        described = _describe_function(node, operation.name.removeprefix("tf.").removesuffix("_v2"))
        if described is None:
            return _by_public_name(node)
        name, arguments, args = described
    else:
        reflected = operation.name not in OPERATORS and operation.name.startswith("r")
        name = OPERATORS.get(operation.name.removeprefix("r") if reflected else operation.name)
        if name is None:
            raise _undescribed(operation.name)
        arguments, args = {}, node.args[::-1] if reflected else node.args
        if name == "GetItem":
            args = (args[0], tuple(args[1]))
    module = next((module for module, functions in _MODULES.items() if name in functions), None)
    return Description(module, name, arguments, args, {})


def _describe_function(node, name):
    """(class name, fixed arguments, operands) where the table says the same as a function of TensorFlow; else None."""
    if name not in _FUNCTIONS:
        return None
    cls, count, names = _FUNCTIONS[name]
    signature = inspect.signature(node.operation.function)
    given = list(signature.bind(*node.args, **node.kwargs).arguments.items())
    arguments = {}
    for argument, value in given[count:]:
        if value is None or value is False or argument == "name":
            continue
        if argument not in names or symbolic.symbols_in(value):
            return None
        arguments[names[argument]] = value
    return cls, arguments, tuple(value for _, value in given[:count])


def _by_public_name(node):
    name = tensorflow_functions.public_name(node.operation.function)
    if name is None:
        raise _undescribed(node.operation.name)
    module, class_name = tensorflow_functions.MODULE, tensorflow_functions.CLASS_NAME
    return Description(module, class_name, {"function": name}, node.args, node.kwargs)


def _undescribed(name):
    return ValueError(
        f"get_config() of a graph: no config can name {name}. Make it a Layer of your own, with that function in its call()."
    )
