"""Digits: casts that keep them, and small numbers that keep logarithms and divisions finite."""

import numpy as np
import tensorflow as tf

EPSILON = 1e-7
NO_INTEGER = -(2**31)  # what stands for a number that is none
ROUNDING = 1e-3  # what a computed integer may be off

# In half precision 1 - 1e-7 rounds to 1 and log(1 - p) is infinite: use half the spacing of numbers near 1.
_HALF_PRECISION_EPSILON = {tf.float16: 2.0**-11, tf.bfloat16: 2.0**-8}


def epsilon(dtype):
    """The smallest number that still counts in `dtype`: 1e-7, more in half precision.

    >>> epsilon(tf.float32)
    1e-07
    """
    return _HALF_PRECISION_EPSILON.get(dtype, EPSILON)


def cast(value, dtype):
    """`value` as a tensor of `dtype`; TensorFlow alone would round Python's own numbers to float32 on the way.

    >>> float(cast(0.1, tf.float64)), float(tf.cast(0.1, tf.float64))
    (0.1, 0.10000000149011612)
    """
    if isinstance(value, (int, float, list, tuple)):
        value = np.asarray(value)
    check_castable(value, dtype)
    return tf.cast(value, dtype)


def floating(value):
    """`value` as a tensor of a floating dtype; integers become float32."""
    value = tf.convert_to_tensor(value)
    return value if value.dtype.is_floating else cast(value, tf.float32)


def check_numbers(owner, values):
    """A ValueError if what `owner` has computed, such as the result of a comparison, is no number."""
    if getattr(values, "dtype", None) in (tf.bool, tf.string) or isinstance(values, (bool, str)):
        raise ValueError(f"{owner} gave {getattr(values, 'dtype', type(values))!r} values, expected numbers. Convert them: tf.cast.")


def check_castable(value, dtype):
    """A ValueError where `value` is text, or is complex and `dtype` is not: TensorFlow would drop the imaginary part."""
    given = getattr(value, "dtype", None)
    if (given == tf.string or getattr(given, "kind", None) in ("S", "U")) and dtype != tf.string:
        raise ValueError(
            f"Text does not fit where {tf.as_dtype(dtype).name} is computed. Turn it into numbers first; labels for instance by "
            "classes, y = np.unique(labels, return_inverse=True)."
        )
    is_complex = getattr(given, "is_complex", False) or getattr(given, "kind", None) == "c"
    if is_complex and not tf.as_dtype(dtype).is_complex:
        raise ValueError(
            f"Complex numbers do not fit where {tf.as_dtype(dtype).name} is computed: their imaginary part would be lost. Pass tf.abs, or "
            "tf.math.real and tf.math.imag as features of their own."
        )


def as_integers(value):
    """`value` as int64; a number with a fraction becomes one that is out of every range, as no integer is right for it."""
    value = tf.convert_to_tensor(value)
    if not value.dtype.is_floating:
        return cast(value, tf.int64)
    nearest = tf.round(value)
    return tf.where(tf.abs(value - nearest) <= ROUNDING, tf.cast(nearest, tf.int64), NO_INTEGER)


def scores(y_pred, kind, from_logits):
    """(y_pred or the logits behind it, from_logits): probabilities that an activation made by `kind` carry their logits.

    Computing from those is what `from_logits=True` asks for: nothing has to be clipped, and a loss of 110 is
    not cut to 16.
    """
    made_by, logits = getattr(y_pred, "_logits", (None, None))
    if from_logits or made_by != kind or logits.dtype != y_pred.dtype:
        return y_pred, from_logits
    return logits, True


_KEEP = ("Identity", "Reshape", "Squeeze", "ExpandDims", "Cast", "Transpose", "StridedSlice", "StopGradient", "ConcatV2", "Pack")


def made_by(y_pred):
    """"softmax" or "sigmoid" if that is the last that was computed of `y_pred`, which is then only put in shape; else None."""
    known = getattr(y_pred, "_logits", (None,))[0]
    if known or tf.executing_eagerly() or isinstance(y_pred, tf.Variable):
        return known
    operation = y_pred.op
    while operation.type in _KEEP:
        operation = operation.inputs[0].op
    return {"Softmax": "softmax", "Sigmoid": "sigmoid"}.get(operation.type)


def clip_probability(probability):
    """`min(max(probability, ε), 1 - ε)`: both `log(p)` and `log(1 - p)` stay finite."""
    smallest = epsilon(probability.dtype)
    return tf.clip_by_value(probability, smallest, 1.0 - smallest)


def normalize_probability(probability, axis):
    """`clip(p / Σ p)`: the classes along `axis` sum to one, also where a model's output does not."""
    return clip_probability(probability / tf.reduce_sum(probability, axis=axis, keepdims=True))
