"""Sums, products and losses, under the names of older code."""

import numpy as np
import tensorflow as tf

from engine.core.symbolic import Symbol
from engine.dtypes import floatx
from engine.random import draw_seed
from losses import binary_crossentropy as _binary_crossentropy
from losses import categorical_crossentropy as _categorical_crossentropy
from losses import sparse_categorical_crossentropy as _sparse_categorical_crossentropy


def _numbers(x):
    return tf.cast(x, floatx()) if x.dtype == tf.bool else x


def mean(x, axis=None, keepdims=False):
    """`tf.reduce_mean(x, axis, keepdims)`; of booleans, the part that is true."""
    return tf.reduce_mean(_numbers(x if hasattr(x, "dtype") else tf.convert_to_tensor(x)), axis, keepdims)


def var(x, axis=None, keepdims=False):
    """`tf.math.reduce_variance(x, axis, keepdims)`."""
    return tf.math.reduce_variance(_numbers(x), axis, keepdims)


def std(x, axis=None, keepdims=False):
    """`tf.math.reduce_std(x, axis, keepdims)`."""
    return tf.math.reduce_std(_numbers(x), axis, keepdims)


def clip(x, min_value, max_value):
    """`tf.clip_by_value(x, min_value, max_value)`; None: no bound on that side."""
    low, high = (-np.inf if min_value is None else min_value), (np.inf if max_value is None else max_value)
    return tf.clip_by_value(x, low, high)


def argmax(x, axis=-1):
    """`tf.argmax(x, axis)`."""
    return tf.argmax(x, axis)


def argmin(x, axis=-1):
    """`tf.argmin(x, axis)`."""
    return tf.argmin(x, axis)


def pow(x, a):
    """`x**a`."""
    return tf.pow(x, a)


def sqrt(x):
    """`tf.sqrt(tf.maximum(x, 0))`: 0 for negative numbers."""
    x = tf.convert_to_tensor(x) if not isinstance(x, Symbol) else x
    return tf.sqrt(tf.maximum(x, tf.zeros([], x.dtype)))


def dot(x, y):
    """`tf.matmul(x, y)`; of more axes the last of `x` with the last but one of `y`: `tf.tensordot`."""
    if len(x.shape) <= 2 and len(y.shape) == 2:
        return tf.matmul(x, y)
    return tf.tensordot(x, y, [[-1], [-2 if len(y.shape) > 1 else -1]])


def batch_dot(x, y, axes=None):
    """`tf.einsum`: for each row of the batch the products over one axis of each, `axes`; (batch, 1) where none is left.

    None: the last axis of `x`, and the last but one of `y` (of a matrix of rows the last).
    """
    x_rank, y_rank = len(x.shape), len(y.shape)
    if axes is None:
        axes = (x_rank - 1, y_rank - 1 if y_rank == 2 else y_rank - 2)
    x_axis, y_axis = (axis % rank for axis, rank in zip((axes, axes) if isinstance(axes, int) else axes, (x_rank, y_rank)))
    of_x = "b" + "cdefg"[: x_rank - 1]
    of_y = "b" + "hijkl"[: y_rank - 1]
    of_y = of_y.replace(of_y[y_axis], of_x[x_axis])
    left = (of_x + of_y[1:]).replace(of_x[x_axis], "")
    outputs = tf.einsum(f"{of_x},{of_y}->{left}", x, y)
    return outputs[:, tf.newaxis] if left == "b" else outputs


def hard_sigmoid(x):
    """`tf.clip_by_value(0.2 * x + 0.5, 0, 1)`; that of `activations` has the slope 1/6."""
    return tf.clip_by_value(0.2 * x + 0.5, 0, 1)


def l2_normalize(x, axis=None):
    """`tf.math.l2_normalize(x, axis)`."""
    return tf.math.l2_normalize(x, axis)


def dropout(x, level, noise_shape=None, seed=None):
    """`tf.nn.dropout(x, level)`."""
    return tf.nn.dropout(x, level, noise_shape, draw_seed() if seed is None else seed)


def gradients(loss, variables):
    """Not in TensorFlow 2: use `with tf.GradientTape() as tape: ...`, then `tape.gradient(loss, variables)`."""
    raise NotImplementedError("backend.gradients needs graphs of TensorFlow 1. Compute the loss inside "
                              "`with tf.GradientTape() as tape:`, then call tape.gradient(loss, variables).")  # fmt: skip


def binary_crossentropy(target, output, from_logits=False):
    """The loss for each element: `losses.binary_crossentropy` without its mean over the last axis."""
    target, output = tf.convert_to_tensor(target), tf.convert_to_tensor(output)
    return _binary_crossentropy(target[..., tf.newaxis], output[..., tf.newaxis], from_logits)


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """`losses.categorical_crossentropy`."""
    return _categorical_crossentropy(target, output, from_logits, axis=axis)


def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """`losses.sparse_categorical_crossentropy`."""
    return _sparse_categorical_crossentropy(target, output, from_logits, axis=axis)
