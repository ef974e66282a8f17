"""Sizes and shapes that layers are given, checked: who, expected, received, fix."""

import numbers
import warnings

import numpy as np
import tensorflow as tf

from losses.ground.autograph import value_of

MOST_AXES = 254  # of a tensor, in TensorFlow


def positive_integer(layer, name, value):
    """`value` as an int, or a ValueError: sizes are counted from 1."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise ValueError(f"{layer._title} takes a positive integer as `{name}`, received {value!r}.")
    return int(value)


def first_value(layer, name, initializer, shape, dtype):
    """What `initializer` gives for a weight, or a ValueError if it is of another shape."""
    value = tf.convert_to_tensor(value_of(initializer, shape, dtype=dtype), dtype)
    if tuple(value.shape) != tuple(shape):
        raise ValueError(
            f"{layer._title}: the initializer of weight {name!r} was asked for the shape {tuple(shape)} and gave "
            f"{tuple(value.shape)}. An initializer is a function (shape, dtype) of just that shape."
        )
    return value


def static_shape(layer, name, shape):
    """`shape` as a tuple of integers, or a ValueError that says which weight and why."""
    if isinstance(shape, (int, float)):
        shape = (shape,)
    if any(isinstance(size, (tuple, list, tf.TensorShape)) for size in shape or ()):
        raise ValueError(f"{layer._title}: weight {name!r} cannot have the shape {tuple(shape)}: sizes are integers. "
                         "If the layer was called on a list of inputs, call it on one of them.")  # fmt: skip
    if any(size is not None and size < 0 for size in shape or ()):
        raise ValueError(f"{layer._title}: weight {name!r} cannot have the shape {tuple(shape)}: no size is below 0.")
    shape = tuple(tf.TensorShape(shape)) if shape is not None else ()
    if any(size is None for size in shape):
        raise ValueError(
            f"{layer._title}: weight {name!r} needs a known shape, received {shape}. "
            "The inputs have an axis of unknown size there; give it in Input(shape=...)."
        )
    return shape


def check_start(shape, batch_shape, tensor, kind):
    """Refuse what no graph can begin with: it is one of a shape, a shape with the batch axis, and a `tensor` of class `kind`."""
    if sum(item is not None for item in (shape, batch_shape, tensor)) != 1:
        raise ValueError("Input needs shape=(...) without the batch axis, or batch_shape=(...) with it, and not both; or a symbol.")
    if len(shape if isinstance(shape, (list, tuple)) else batch_shape or ()) > MOST_AXES:
        raise ValueError(f"Input takes a shape of at most {MOST_AXES} axes.")
    if tensor is not None and not isinstance(tensor, kind):
        raise TypeError(f"Input takes as `input_tensor` a symbol, received {type(tensor).__name__}.")


def batch_size_of(given):
    """The number of rows in a batch, 32 if none is given."""
    if given is not None and (not isinstance(given, (int, np.integer)) or given < 1):
        raise ValueError(f"batch_size is a positive integer, received {given!r}.")
    return 32 if given is None else int(given)


def steps_of(rows, batch_size, steps=None):
    """The number of batches that so many rows make, or `steps` of them; a warning where they are fewer."""
    count = -(-rows // batch_size)
    if steps is not None and steps > count:
        warnings.warn(f"{rows} rows make {count} batches of {batch_size}, fewer than the {steps} steps "
                      "asked for; an epoch ends with the data.", stacklevel=6)  # fmt: skip
    return min(steps or count, count)
