"""Inputs as directions: length 1."""

import tensorflow as tf

from engine.core.layer import Layer
from layers.normalization.base import in_full_precision


def unit_length(x, axis):
    """`x / sqrt(Σ x²)` along `axis`; zeros stay zeros."""
    return x * tf.math.rsqrt(tf.maximum(tf.reduce_sum(tf.square(x), axis, keepdims=True), 1e-24))


class UnitNormalization(Layer):
    """Divides by the Euclidean length along `axis`: `outputs = inputs / sqrt(Σ inputs²)`; zeros stay zeros.

    Shapes: any, the same comes out. No weights.
    Arguments: `axis` (-1; several are taken as one).

    >>> from layers import UnitNormalization
    >>> UnitNormalization()([[3.0, 4.0]]).numpy().round(3).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        axes = [axis] if isinstance(axis, int) else axis
        if not isinstance(axes, (list, tuple)) or not all(isinstance(a, int) for a in axes):
            raise TypeError(f"{self._title} takes an integer or a list of them as `axis`, received {axis!r}.")
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.supports_masking = True

    def call(self, inputs):
        return tf.cast(unit_length(in_full_precision(inputs), self.axis), self.compute_dtype)
