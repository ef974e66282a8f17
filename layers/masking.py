"""Masking: time steps that are padding and should not count."""

import tensorflow as tf

from engine.core.layer import Layer


class Masking(Layer):
    """Masks each time step whose features all equal `mask_value`.

        mask[b, t] = any(inputs[b, t] != mask_value),   outputs = inputs where mask, else 0

    The mask travels with the outputs: layers after it, the loss and the metrics leave masked steps out.
    Shapes: (batch, time, ..., features), the same comes out; mask without the last axis. No weights.
    Arguments: `mask_value` (0.0).

    >>> from layers import Masking
    >>> from losses.ground.masks import get_mask
    >>> get_mask(Masking()([[[1.0, 0.0], [0.0, 0.0]]])).numpy().tolist()
    [[True, False]]
    """

    def __init__(self, mask_value=0.0, **kwargs):
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True

    def compute_mask(self, inputs, previous_mask=None):
        return tf.reduce_any(inputs != tf.cast(self.mask_value, inputs.dtype), axis=-1)

    def call(self, inputs):
        return inputs * tf.cast(self.compute_mask(inputs, None)[..., tf.newaxis], inputs.dtype)
