"""From a config to a layer, for layers that hold other layers."""

from engine.saving.config import get_layer as get

__all__ = ["get"]
