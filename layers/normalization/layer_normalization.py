"""Normalization over the features of each sample: nothing depends on the batch."""

import tensorflow as tf

from engine.core.layer import Layer
from layers.normalization.base import ScaledNormalization, along, check_axes, in_full_precision, scaled_and_shifted


class LayerNormalization(ScaledNormalization):
    """Brings the features of each sample to mean 0 and variance 1, then scales and shifts them.

        outputs = gamma * (inputs - mean) / sqrt(variance + epsilon) + beta

    mean and variance are taken over `axis`. Shapes: any, the same comes out.
    Weights: `gamma` (ones) and `beta` (zeros), the sizes of `axis`.
    Arguments: `axis` (-1; several are normalized together), `epsilon` (1e-3), `center`, `scale` (whether there is a
    beta, a gamma), for each an initializer, a regularizer and a constraint. `rms_scaling`: False; True leaves out
    mean and beta (RMSNormalization, which divides by the root of the mean square, is the usual way).
    Source: Ba et al., "Layer normalization", 2016.

    >>> from layers import LayerNormalization
    >>> LayerNormalization(epsilon=0.0)([[1.0, 3.0], [10.0, 30.0]]).numpy().tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(self, axis=-1, epsilon=0.001, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", beta_regularizer=None, gamma_regularizer=None, beta_constraint=None,
                 gamma_constraint=None, rms_scaling=False, **kwargs):  # fmt: skip
        super().__init__(axis, epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
                         gamma_regularizer, beta_constraint, gamma_constraint, **kwargs)  # fmt: skip
        self.rms_scaling = rms_scaling

    def build(self, input_shape):
        self.axes = check_axes(self, self.axis, input_shape)
        self.axis = [self.axis] if isinstance(self.axis, int) else sorted(self.axis)
        self.add_scale_and_shift([input_shape[axis] for axis in self.axes], shifted=not self.rms_scaling)

    def call(self, inputs):
        x = in_full_precision(inputs)
        centered = x - tf.reduce_mean(x, self.axes, keepdims=True)
        variance = tf.reduce_mean(tf.square(centered), self.axes, keepdims=True)
        normalized = (x if self.rms_scaling else centered) * tf.math.rsqrt(variance + self.epsilon)
        gamma, beta = along(self.gamma, self.axes, x), along(self.beta, self.axes, x)
        return tf.cast(scaled_and_shifted(normalized, gamma, beta), self.compute_dtype)


class RMSNormalization(Layer):
    """Divides the features of each sample by the root of their mean square: layer normalization without the mean.

        outputs = scale * inputs / sqrt(mean(inputs²) + epsilon)

    The mean is taken over `axis`. Shapes: any, the same comes out. Weights: `scale` (ones), the sizes of `axis`.
    Arguments: `axis` (-1), `epsilon` (1e-6).
    Source: Zhang & Sennrich, "Root mean square layer normalization", 2019.

    >>> from layers import RMSNormalization
    >>> RMSNormalization(epsilon=0.0)([[1.0, 1.0], [-2.0, 2.0]]).numpy().tolist()
    [[1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(self, axis=-1, epsilon=1e-06, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = epsilon

    def build(self, input_shape):
        self.axes = check_axes(self, self.axis, input_shape)
        self.axis = [self.axis] if isinstance(self.axis, int) else sorted(self.axis)
        self.scale = self.add_weight(name="scale", shape=[input_shape[axis] for axis in self.axes], initializer="ones")

    def call(self, inputs):
        x = in_full_precision(inputs)
        mean_square = tf.reduce_mean(tf.square(x), self.axes, keepdims=True)
        normalized = x * tf.math.rsqrt(mean_square + self.epsilon)
        return tf.cast(normalized * along(self.scale, self.axes, x), self.compute_dtype)
