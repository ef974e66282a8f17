"""Activations made of straight lines (and one parabola): cheap, with a kink where the pieces meet."""

import tensorflow as tf


def linear(x):
    """`x` itself: no activation.

    >>> linear(3.0)
    3.0
    """
    return x


def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """`max(x, 0)` by default; in full, three pieces (Glorot et al. 2011).

    `max_value` for x >= max_value · `x` for threshold < x < max_value · `negative_slope * (x - threshold)` below.

    `negative_slope`: 0. `max_value`: None, no upper bound; a negative one is a ValueError. `threshold`: 0.

    >>> relu([-2.0, 0.5, 9.0], negative_slope=0.5, max_value=6.0).numpy().tolist()
    [-1.0, 0.5, 6.0]
    """
    if max_value is None and threshold == 0:  # the two common cases, each one fused operation
        return tf.nn.leaky_relu(x, negative_slope) if negative_slope else tf.nn.relu(x)
    if max_value is not None and max_value < 0:
        raise ValueError(f"relu's max_value is a non-negative number or None; received {max_value}.")
    x = tf.convert_to_tensor(x)
    if threshold == 0:
        positive = tf.nn.relu6(x) if max_value == 6 else tf.nn.relu(x)
    else:
        positive = tf.where(x > threshold, x, tf.zeros_like(x))
    if max_value is not None and not (threshold == 0 and max_value == 6):
        positive = tf.clip_by_value(positive, tf.zeros((), x.dtype), tf.cast(max_value, x.dtype))
    return positive - negative_slope * tf.nn.relu(threshold - x) if negative_slope else positive


def relu6(x):
    """`min(max(x, 0), 6)`: bounded, so it survives 8-bit arithmetic (Howard et al. 2017).

    >>> relu6([-1.0, 3.0, 9.0]).numpy().tolist()
    [0.0, 3.0, 6.0]
    """
    return tf.nn.relu6(x)


def leaky_relu(x, negative_slope=0.2):
    """`x` where positive, else `negative_slope * x`: a unit below zero still learns (Maas et al. 2013).

    >>> leaky_relu([-4.0, 3.0], negative_slope=0.5).numpy().tolist()
    [-2.0, 3.0]
    """
    return tf.nn.leaky_relu(x, negative_slope)


def hard_sigmoid(x):
    """`clip(x / 6 + 1/2, 0, 1)`: the sigmoid from straight lines.

    >>> hard_sigmoid([-4.0, 0.0, 4.0]).numpy().tolist()
    [0.0, 0.5, 1.0]
    """
    x = tf.convert_to_tensor(x)
    return tf.nn.relu6(x + 3) / 6


def hard_silu(x):
    """`x * hard_sigmoid(x)`, also called hard swish (Howard et al. 2019).

    >>> hard_silu([-4.0, 0.0, 4.0]).numpy().tolist()
    [-0.0, 0.0, 4.0]
    """
    x = tf.convert_to_tensor(x)
    return x * hard_sigmoid(x)


def hard_tanh(x):
    """`clip(x, -1, 1)`.

    >>> hard_tanh([-3.0, 0.5]).numpy().tolist()
    [-1.0, 0.5]
    """
    return tf.clip_by_value(x, -1, 1)


def hard_shrink(x, threshold=0.5):
    """`x` where |x| > threshold, else 0: small values are noise.

    >>> hard_shrink([-3.0, 0.2]).numpy().tolist()
    [-3.0, 0.0]
    """
    x = tf.convert_to_tensor(x)
    return tf.where(tf.abs(x) > threshold, x, tf.zeros_like(x))


def soft_shrink(x, threshold=0.5):
    """`sign(x) * max(|x| - threshold, 0)`: as hard_shrink, without the jump.

    >>> soft_shrink([-3.0, 0.2]).numpy().tolist()
    [-2.5, 0.0]
    """
    x = tf.convert_to_tensor(x)
    return tf.nn.relu(x - threshold) - tf.nn.relu(-x - threshold)


def threshold(x, threshold, default_value):
    """`x` where x > threshold, else `default_value`.

    >>> threshold([0.5, 2.0], threshold=1.0, default_value=-7.0).numpy().tolist()
    [-7.0, 2.0]
    """
    x = tf.convert_to_tensor(x)
    return tf.where(x > threshold, x, tf.cast(default_value, x.dtype))


def sparse_plus(x):
    """0 below -1, `(x + 1)² / 4` up to 1, then `x`: a softplus that reaches zero; its slope is sparse_sigmoid.

    >>> sparse_plus([-2.0, 0.0, 3.0]).numpy().tolist()
    [0.0, 0.25, 3.0]
    """
    x = tf.convert_to_tensor(x)
    return tf.where(x < 1, tf.square(tf.nn.relu(x + 1)) / 4, x)


def sparse_sigmoid(x):
    """`clip((x + 1) / 2, 0, 1)`.

    >>> sparse_sigmoid([-2.0, 0.0, 3.0]).numpy().tolist()
    [0.0, 0.5, 1.0]
    """
    x = tf.convert_to_tensor(x)
    return tf.where(x < 1, tf.nn.relu(x + 1) / 2, tf.ones_like(x))
