"""`Sequential`: layers one after the other, as a model with all that `Model` has."""

from typing import Any

from engine import hints
from engine.configs.layer_config import describe_arguments, describe_sequence, read_sequence
from engine.core.inputs import InputLayer
from engine.core.layer import Layer
from engine.core.sequential import CoreSequential
from engine.core.symbolic import Symbol
from engine.functional import binding
from engine.kept_states import keeps_states
from engine.model import Model
from losses.ground.lookup import custom_object_scope


class Sequential(CoreSequential, Model):
    """A model that is a list of layers, each called on what the one before returns.

    Arguments: `layers` (a list; may begin with an Input), `name`. With an Input, or `input_shape=` on the first
    layer, the weights are made at once; otherwise when the model first sees data.

    >>> from engine import Sequential
    >>> from layers import Dense
    >>> model = Sequential([Dense(4, activation="relu", input_shape=(3,)), Dense(2)])
    >>> model.output
    <Symbol shape=(None, 2) dtype=float32 from 'dense_1'>
    """

    _untracked = CoreSequential._untracked | Model._untracked | {"_names"}

    def add(self, layer: Layer | Symbol) -> None:
        """Put a layer (or an Input) at the end."""
        names = vars(self).setdefault("_names", set())  # those that may be taken: most layers need not be compared with all others
        given = layer.node.operation if isinstance(layer, Symbol) else layer
        if isinstance(given, InputLayer):
            if self._layers or self._start is not None:
                raise ValueError(f"{self._title}: an Input can only come first.")
        elif not isinstance(layer, Layer):
            raise TypeError(f"{self._title}.add() takes a Layer, received {layer!r} of type {type(layer).__name__}.")
        elif layer.name in names and any(layer.name == other.name and layer is not other for other in self._layers):
            raise ValueError(f"{self._title} already has a layer named {layer.name!r}. Give each its own name=.")
        names.add(given.name)
        super().add(layer)

    def pop(self) -> Layer:
        """Take the last layer off, and return it."""
        if not self._layers:
            raise ValueError(f"{self._title} has no layers to pop.")
        layer = self._layers.pop()
        self._ends = self._ends[:-1]
        self._refresh()
        return layer

    def _start_shape(self, shape):
        """For any number of rows, unless a layer keeps states of them."""
        start = super()._start_shape(shape)
        return (shape[0], *start[1:]) if start is not None and keeps_states(self) else start

    def _bind(self, structure, given):
        """Any sizes that its layers take: the start says for which the weights were made, often those of the first data."""
        return binding.bind(self, structure, given, any_size=True)

    def get_config(self) -> hints.Config:
        """The layers as plain data; of a subclass with a constructor of its own, the constructor's arguments."""
        if type(self).__init__ is Sequential.__init__:
            return describe_sequence(self, self._start, self._layers)
        return describe_arguments(self, below=Sequential)

    @classmethod
    def from_config(cls, config: hints.Config, custom_objects: hints.Objects = None) -> Any:
        """The model that `get_config` described, ours or Keras's; `custom_objects` maps names to classes of your own."""
        with custom_object_scope(custom_objects):
            return read_sequence(cls, config) if cls.__init__ is Sequential.__init__ else super().from_config(config)
