"""Sizes and shapes that layers are given, checked: who, expected, received, fix."""

import numbers

import tensorflow as tf


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
