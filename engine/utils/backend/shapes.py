"""Tensors in other shapes, under the names of older code."""

import numpy as np
import tensorflow as tf


def gather(reference, indices):
    """`tf.gather(reference, indices)`."""
    return tf.gather(reference, indices)


def one_hot(indices, num_classes):
    """`tf.one_hot(indices, num_classes)`."""
    return tf.one_hot(indices, num_classes)


def reverse(x, axes):
    """`tf.reverse(x, [axis, ...])`."""
    return tf.reverse(x, [axes] if isinstance(axes, int) else axes)


def squeeze(x, axis):
    """`tf.squeeze(x, axis)`."""
    return tf.squeeze(x, axis)


def tile(x, n):
    """`tf.tile(x, n)`."""
    return tf.tile(x, [n] if isinstance(n, int) else n)


def bias_add(x, bias):
    """`x + bias`."""
    return x + bias


def temporal_padding(x, padding=(1, 1)):
    """`tf.pad`: zeros before and after the steps of (batch, steps, channels)."""
    return tf.pad(x, [[0, 0], list(padding), [0, 0]])


def spatial_2d_padding(x, padding=((1, 1), (1, 1))):
    """`tf.pad`: zeros around the images of (batch, height, width, channels)."""
    return tf.pad(x, [[0, 0], *map(list, padding), [0, 0]])


def resize_images(x, height_factor, width_factor, data_format="channels_last", interpolation="nearest"):
    """Larger images by whole factors; today the layer `UpSampling2D`."""
    if interpolation == "bilinear":
        return tf.image.resize(x, (x.shape[1] * height_factor, x.shape[2] * width_factor))
    return tf.repeat(tf.repeat(x, height_factor, 1), width_factor, 2)


def expand_dims(x, axis=-1):
    """`tf.expand_dims(x, axis)`."""
    return tf.expand_dims(x, axis)


def concatenate(tensors, axis=-1):
    """`tf.concat(tensors, axis)`."""
    return tf.concat(tensors, axis)


def permute_dimensions(x, pattern):
    """`tf.transpose(x, pattern)`."""
    return tf.transpose(x, pattern)


def flatten(x):
    """`tf.reshape(x, [-1])`."""
    return tf.reshape(x, [-1])


def batch_flatten(x):
    """`tf.reshape(x, [x.shape[0], -1])`."""
    return tf.reshape(x, [-1, np.prod(x.shape[1:])])


def repeat(x, n):
    """`tf.repeat(x[:, None], n, axis=1)`: (batch, size) → (batch, n, size)."""
    return tf.repeat(tf.expand_dims(x, 1), n, axis=1)


def repeat_elements(x, rep, axis):
    """`tf.repeat(x, rep, axis=axis)`."""
    return tf.repeat(x, rep, axis=axis)


def in_top_k(predictions, targets, k):
    """`tf.math.in_top_k(targets, predictions, k)`."""
    return tf.math.in_top_k(targets, predictions, k)


def switch(condition, then_expression, else_expression):
    """`tf.where(condition, then, else)`; `tf.cond` for a scalar condition and functions."""
    if callable(then_expression):
        return tf.cond(tf.cast(condition, tf.bool), then_expression, else_expression)
    return tf.where(tf.cast(condition, tf.bool), then_expression, else_expression)
