"""What the normalizing layers share: after the normalization, a learned scale and shift per feature.

Reading order: this file · layer_normalization · group_normalization · batch_normalization · unit_normalization ·
spectral_normalization.
"""

import tensorflow as tf

from engine.core.layer import Layer
from engine.dtypes import cast
from layers.weights import keep_arguments, make_weight


class ScaledNormalization(Layer):
    """Base of layers that compute `outputs = gamma * normalized + beta`, with `gamma` and `beta` along `axis`.

    Arguments: `axis`; `epsilon` (added to the variance, so that a constant input does not divide by zero);
    `center`, `scale` (whether there is a `beta`, a `gamma`); for each an initializer (zeros and ones: at first
    only normalized), a regularizer and a constraint.
    """

    def __init__(self, axis=-1, epsilon=0.001, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", beta_regularizer=None, gamma_regularizer=None, beta_constraint=None,
                 gamma_constraint=None, **kwargs):  # fmt: skip
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        keep_arguments(self, "beta", beta_initializer, beta_regularizer, beta_constraint)
        keep_arguments(self, "gamma", gamma_initializer, gamma_regularizer, gamma_constraint)
        self.supports_masking = True

    def add_scale_and_shift(self, shape, shifted=True):
        """Make `gamma` and `beta`, None where not wanted."""
        self.gamma = make_weight(self, "gamma", shape) if self.scale else None
        self.beta = make_weight(self, "beta", shape) if self.center and shifted else None


def check_axes(layer, axis, input_shape):
    """`axis` (one or several) as non-negative axes in order, or a ValueError if the inputs have no such axes."""
    axes = [axis] if isinstance(axis, int) else axis
    rank = len(input_shape)
    if not isinstance(axes, (list, tuple)) or not all(isinstance(a, int) and -rank <= a < rank for a in axes):
        raise ValueError(f"{layer._title} takes an axis of its inputs, or several, as `axis`: inputs have shape "
                         f"{tuple(input_shape)}, received {axis!r}.")  # fmt: skip
    return sorted({a % rank for a in axes})


def along(weight, axes, inputs):
    """`weight` in the dtype of `inputs`, with axes of size 1 so that it broadcasts along `axes`; None stays None."""
    if weight is None:
        return None
    weight = tf.cast(weight, inputs.dtype)
    rank = inputs.shape.rank
    if list(axes) == list(range(rank - len(axes), rank)):  # the last axes broadcast as they are
        return weight
    sizes = {axis: -1 if size is None else size for axis, size in zip(axes, weight.shape)}
    return tf.reshape(weight, [sizes.get(axis, 1) for axis in range(rank)])


def scaled_and_shifted(normalized, gamma, beta):
    """`gamma * normalized + beta`, each where there is one."""
    if gamma is not None:
        normalized = normalized * gamma
    return normalized if beta is None else normalized + beta


def in_full_precision(inputs):
    """`inputs` as float64 or float32: a mean over many values loses digits in 16 bits, and integers have none."""
    return inputs if inputs.dtype == tf.float64 else cast(inputs, "float32")
