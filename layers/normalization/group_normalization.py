"""Normalization over groups of channels of each sample."""

import tensorflow as tf

from layers.normalization.base import ScaledNormalization, along, check_axes, in_full_precision, scaled_and_shifted
from losses.ground.shapes import sizes_of


class GroupNormalization(ScaledNormalization):
    """Splits the channels into groups and brings each group of each sample to mean 0 and variance 1.

        outputs = gamma * (inputs - mean) / sqrt(variance + epsilon) + beta

    mean and variance are taken over all axes of a group but the batch. Between LayerNormalization (one group) and
    instance normalization (a group for each channel). Shapes: (batch, ..., channels), the same comes out.
    Weights: `gamma` (ones) and `beta` (zeros), (channels,).
    Arguments: `groups` (32; -1: one for each channel), `axis` (-1, that of the channels), `epsilon` (1e-3),
    `center`, `scale` (whether there is a beta, a gamma), for each an initializer, a regularizer and a constraint.
    Errors: ValueError if the channels do not split into `groups` equal parts.
    Source: Wu & He, "Group normalization", 2018.

    >>> from layers import GroupNormalization
    >>> GroupNormalization(2, epsilon=0.0)([[1.0, 3.0, 10.0, 30.0]]).numpy().tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(self, groups=32, axis=-1, epsilon=0.001, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", beta_regularizer=None, gamma_regularizer=None, beta_constraint=None,
                 gamma_constraint=None, **kwargs):  # fmt: skip
        super().__init__(axis, epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
                         gamma_regularizer, beta_constraint, gamma_constraint, **kwargs)  # fmt: skip
        if isinstance(groups, bool) or not isinstance(groups, int) or groups == 0 or groups < -1:
            raise ValueError(f"{self._title} takes a positive integer or -1 as `groups`, received {groups!r}.")
        self.groups = groups

    def build(self, input_shape):
        self.axes = check_axes(self, self.axis, input_shape)
        if len(self.axes) != 1 or self.axes[0] == 0:
            raise ValueError(f"{self._title} takes the one axis of the channels as `axis`, received {self.axis!r}.")
        channels = input_shape[self.axes[0]]
        if self.groups == -1:
            self.groups = channels
        self.add_scale_and_shift([channels])
        if channels % self.groups:
            raise ValueError(
                f"{self._title} splits its channels into {self.groups} equal groups, received inputs with {channels} "
                "channels. Choose a divisor of that as `groups`."
            )

    def call(self, inputs):
        x = in_full_precision(inputs)
        axis, shape = self.axes[0], sizes_of(x)
        grouped = tf.reshape(x, [*shape[:axis], self.groups, shape[axis] // self.groups, *shape[axis + 1 :]])
        inside = [a for a in range(1, len(shape) + 1) if a != axis]
        centered = grouped - tf.reduce_mean(grouped, inside, keepdims=True)
        variance = tf.reduce_mean(tf.square(centered), inside, keepdims=True)
        normalized = tf.reshape(centered * tf.math.rsqrt(variance + self.epsilon), shape)
        gamma, beta = along(self.gamma, self.axes, x), along(self.beta, self.axes, x)
        return tf.cast(scaled_and_shifted(normalized, gamma, beta), self.compute_dtype)
