"""Activations that look along an axis: one element's result depends on its neighbours."""

import tensorflow as tf


def remember_logits(probabilities, kind, logits):
    """Let `probabilities` carry the logits they were made of, and by which function ("softmax", "sigmoid").

    Crossentropies then compute from the logits, which loses no digits where a probability is near 0 or 1.
    """
    probabilities._logits = (kind, logits)
    return probabilities


def softmax(x, axis=-1):
    """`exp(x) / Σ exp(x)` along `axis`: positive, adding up to 1.

    `axis`: -1; several axes are taken as one.

    >>> softmax([[1.0, 1.0], [0.0, 1000.0]]).numpy().tolist()
    [[0.5, 0.5], [0.0, 1.0]]
    """
    x = tf.convert_to_tensor(x)
    if isinstance(axis, int):
        probabilities = tf.nn.softmax(x, axis)
        return remember_logits(probabilities, "softmax", x) if axis in (-1, x.shape.rank - 1) else probabilities
    return tf.exp(log_softmax(x, axis))


def log_softmax(x, axis=-1):
    """`x - log Σ exp(x)` along `axis` (several are taken as one): the logarithm of softmax, without overflow.

    >>> log_softmax([0.0, 1000.0]).numpy().tolist()
    [-1000.0, 0.0]
    """
    x = tf.convert_to_tensor(x)
    if isinstance(axis, int):
        return tf.nn.log_softmax(x, axis)
    return x - tf.reduce_logsumexp(x, axis, keepdims=True)


def sparsemax(x, axis=-1):
    """The nearest point of the probability simplex: `max(x - τ, 0)`, with τ such that it adds up to 1 along `axis`.

    Unlike softmax it gives exact zeros. With z the sorted x (largest first), the k largest stay, k being the
    last one with `1 + k * z[k] > Σ z[:k]`, and `τ = (Σ z[:k] - 1) / k` (Martins & Astudillo 2016).

    >>> sparsemax([0.5, 1.5, -1.0]).numpy().tolist()
    [0.0, 1.0, 0.0]
    """
    x = tf.convert_to_tensor(x)
    z = tf.sort(tf.stop_gradient(x), axis=axis, direction="DESCENDING")
    position = tf.cumsum(tf.ones_like(z), axis=axis)
    stays = 1 + position * z > tf.cumsum(z, axis=axis)
    count = tf.reduce_sum(tf.cast(stays, x.dtype), axis=axis, keepdims=True)
    smallest = tf.reduce_min(tf.where(stays, z, x.dtype.max), axis=axis, keepdims=True)
    total = tf.reduce_sum(tf.where(x >= smallest, x, tf.zeros_like(x)), axis=axis, keepdims=True)
    return tf.nn.relu(x - (total - 1) / count)


def glu(x, axis=-1):
    """`a * sigmoid(b)`, where a and b are the halves of `x` along `axis`: b is a gate (Dauphin et al. 2017).

    Shapes: (..., 2n, ...) → (..., n, ...); an odd size is a ValueError.

    >>> glu([3.0, 5.0, 0.0, 1000.0]).numpy().tolist()
    [1.5, 5.0]
    """
    x = tf.convert_to_tensor(x)
    if x.shape[axis] is not None and x.shape[axis] % 2:
        raise ValueError(f"glu splits axis {axis} in two and needs an even size; received shape {x.shape}.")
    value, gate = tf.split(x, 2, axis=axis)
    return value * tf.nn.sigmoid(gate)
