"""How a layer gets its weights: once, outside of any traced function, with shapes that are known."""

import functools
import numbers

import tensorflow as tf

from engine import spellings
from engine.core import creation
from losses.ground.configurable import unknown_argument

_SHAPE_ARGUMENTS = ("input_shape", "batch_shape", "batch_size")


def build_once(build):
    """`build` of a subclass, so wrapped that its variables outlive a traced function and the layer knows it is built."""

    @functools.wraps(build)
    def wrapped(self, *shapes, **named_shapes):
        shapes = [spellings.Shape(s) if isinstance(s, (tuple, tf.TensorShape)) else s for s in shapes]
        with creation.outside():
            build(self, *shapes, **named_shapes)
        self.built = True

    return wrapped


def positive_integer(layer, name, value):
    """`value` as an int, or a ValueError: sizes are counted from 1."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise ValueError(f"{layer.title} takes a positive integer as `{name}`, received {value!r}.")
    return int(value)


def first_value(layer, name, initializer, shape, dtype):
    """What `initializer` gives for a weight, or a ValueError if it is of another shape."""
    value = tf.convert_to_tensor(initializer(shape, dtype=dtype), dtype)
    if tuple(value.shape) != tuple(shape):
        raise ValueError(
            f"{layer.title}: the initializer of weight {name!r} was asked for the shape {tuple(shape)} and gave "
            f"{tuple(value.shape)}. An initializer is a function (shape, dtype) of just that shape."
        )
    return value


def static_shape(layer, name, shape):
    """`shape` as a tuple of integers, or a ValueError that says which weight and why."""
    if isinstance(shape, (int, float)):
        shape = (shape,)
    if any(size is not None and size < 0 for size in shape or ()):
        raise ValueError(f"{layer.title}: weight {name!r} cannot have the shape {tuple(shape)}: no size is below 0.")
    shape = tuple(tf.TensorShape(shape)) if shape is not None else ()
    if any(size is None for size in shape):
        raise ValueError(
            f"{layer.title}: weight {name!r} needs a known shape, received {shape}. "
            "The inputs have an axis of unknown size there; give it in Input(shape=...)."
        )
    return shape


def first_layer_shape(layer, kwargs):
    """The batch shape declared by `input_shape=` or `batch_shape=`, or None. Any other argument is a TypeError."""
    given = spellings.first_shape(kwargs)
    for name in given:
        if name not in _SHAPE_ARGUMENTS:
            raise unknown_argument(type(layer), name, _SHAPE_ARGUMENTS)
    if given["batch_shape"] is not None or given["input_shape"] is None:
        return given["batch_shape"]
    return (given.get("batch_size"), *given["input_shape"])
