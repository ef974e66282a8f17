"""A layer for one step, applied to every step of a sequence."""

import tensorflow as tf

from engine.spellings import Shape
from layers.wrapper import Wrapper
from losses.ground.masks import set_mask
from losses.ground.shapes import sizes_of


class TimeDistributed(Wrapper):
    """Applies a layer to each time step on its own, with the same weights.

        outputs[:, t] = layer(inputs[:, t])

    All steps are one batch of batch * time samples, in one call: much faster than a loop. So a layer that looks at
    the batch as a whole (BatchNormalization in training) sees all steps together.
    Shapes: (batch, time, ...) → (batch, time, ...), the last axes as the layer makes them. Weights: the layer's.
    Argument: `layer`. Errors: ValueError for inputs of rank 2 or less.

    >>> import tensorflow as tf
    >>> from layers import Dense, TimeDistributed
    >>> TimeDistributed(Dense(4))(tf.ones((2, 5, 3))).shape
    TensorShape([2, 5, 4])
    """

    def __init__(self, layer, **kwargs):
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        if not isinstance(input_shape, tuple) or len(input_shape) < 3:
            raise ValueError(f"{self._title} takes inputs of shape (batch, time, ...), received {input_shape}.")
        super().build(Shape((None, *input_shape[2:])))

    def call(self, inputs, mask=None):
        sizes = sizes_of(inputs)
        merged = tf.reshape(inputs, (-1, *sizes[2:]))
        if mask is not None:
            set_mask(merged, tf.reshape(mask, (-1, *sizes_of(mask)[2:])))
        return tf.nest.map_structure(
            lambda output: tf.reshape(output, (*sizes[:2], *sizes_of(output)[1:])), self.layer(merged)
        )
