"""Layers that stand in the configs of `keras.applications`, and in no public list: so that those networks load by themselves."""

import tensorflow as tf

from engine import initializers
from engine.core.layer import Layer
from engine.random import SeedGenerator, uniform


class LayerScale(Layer):
    """Of ConvNeXt: each feature times a weight that begins small (Touvron et al. 2021).

        outputs = gamma * inputs

    Shapes: (..., projection_dim), the same comes out. Weight: `gamma` (projection_dim,), from `init_values`.

    >>> from layers.of_applications import LayerScale
    >>> LayerScale(0.5, 2)([[2.0, 4.0]]).numpy().tolist()
    [[1.0, 2.0]]
    """

    def __init__(self, init_values, projection_dim, **kwargs):
        super().__init__(**kwargs)
        self.init_values, self.projection_dim = init_values, projection_dim

    def build(self, input_shape):
        start = initializers.Constant(self.init_values)
        self.gamma = self.add_weight(name="gamma", shape=(self.projection_dim,), initializer=start)

    def call(self, inputs):
        return inputs * tf.cast(self.gamma, inputs.dtype)


class StochasticDepth(Layer):
    """Of ConvNeXt: in training leaves a branch out for some rows of the batch (Huang et al. 2016).

        outputs = inputs / (1 - drop_path_rate) for a row that stays, 0 for one that is left out

    Shapes: (batch, ...), the same comes out. No weights. Argument: `drop_path_rate`, the probability to be left out.

    >>> from layers.of_applications import StochasticDepth
    >>> StochasticDepth(0.5)([[1.0]], training=False).numpy().tolist()
    [[1.0]]
    """

    def __init__(self, drop_path_rate, **kwargs):
        super().__init__(**kwargs)
        self.drop_path_rate = drop_path_rate
        self.seed_generator = SeedGenerator()

    def call(self, inputs, training=None):
        if not training:
            return inputs
        keep = 1 - self.drop_path_rate
        shape = [tf.shape(inputs)[0], *[1] * (inputs.shape.rank - 1)]
        stays = uniform(shape, self.seed_generator.next(), tf.float32) < keep
        return inputs / keep * tf.cast(stays, inputs.dtype)


class CustomScaleLayer(Layer):
    """Of InceptionResNetV2: a pair of tensors added, the second one times `scale`.

        outputs = inputs[0] + scale * inputs[1]

    >>> import tensorflow as tf
    >>> from layers.of_applications import CustomScaleLayer
    >>> CustomScaleLayer(0.5)([tf.ones((1, 1)), tf.ones((1, 1))]).numpy().tolist()
    [[1.5]]
    """

    def __init__(self, scale, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs):
        return inputs[0] + inputs[1] * self.scale
