"""From a config to a layer, for layers that hold other layers."""

from engine.core.layer import Layer
from losses.lookup import resolve


def get(identifier):
    """The layer that a layer, its class, its name or its config dict stands for.

    Known by name are the layers of this package that have been imported; others come through `custom_objects`.

    >>> from layers import Dense
    >>> from layers.lookup import get
    >>> get({"class_name": "Dense", "config": {"units": 3}}).units
    3
    """
    return resolve("layer", identifier, {cls.__name__: cls for cls in _subclasses(Layer)})


def _subclasses(base):
    for cls in base.__subclasses__():
        if cls.__module__.startswith("layers."):
            yield cls
        yield from _subclasses(cls)
