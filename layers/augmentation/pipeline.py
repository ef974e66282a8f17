"""One layer after another as one layer: for the preparation of data."""

from engine.configs.layer_config import get_layer
from engine.core.layer import Layer


class Pipeline(Layer):
    """Applies `layers` one after the other: `dataset.map(Pipeline([Resizing(8, 8), RandomFlip()]))`.

    Shapes: those of the layers. Weights: those of the layers. Argument: `layers`, a list. A `Sequential` does the same and
    is a model beside that.

    >>> import tensorflow as tf
    >>> from layers import Pipeline, RandomFlip, Resizing
    >>> Pipeline([Resizing(4, 5), RandomFlip()])(tf.ones((2, 8, 8, 3))).shape
    TensorShape([2, 4, 5, 3])
    """

    def __init__(self, layers, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.layers = [get_layer(layer) for layer in layers]

    def call(self, inputs):
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs
