"""Wrapper: a layer around another one."""

from engine.configs.layer_config import get_layer
from engine.core.layer import Layer


def as_layer(owner, name, value):
    """The layer that `value` (a Layer, or the config of one) stands for, or a ValueError that names the argument."""
    layer = get_layer(value)
    if not isinstance(layer, Layer):
        raise ValueError(f"{owner._title} takes a Layer as `{name}`, received {value!r}.")
    return layer


class Wrapper(Layer):
    """Base of layers that change what another layer does: it has that layer as `layer`; a subclass writes `call`.

    Arguments: `layer`.
    Errors: ValueError if it is not a Layer.

    >>> from layers import Dense
    >>> from layers.wrapper import Wrapper
    >>> class Twice(Wrapper):
    ...     def call(self, inputs):
    ...         return self.layer(self.layer(inputs))
    >>> len(Twice(Dense(3))([[1.0, 2.0, 3.0]]).shape)
    2
    """

    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        self.layer = as_layer(self, "layer", layer)

    def build(self, input_shape=None):
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
