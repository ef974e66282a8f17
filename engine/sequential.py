"""`Sequential`: layers one after the other."""

import tensorflow as tf

from engine.configs.layer_config import describe_arguments, describe_sequence, read_sequence
from engine.core import binding, context, symbolic
from engine.core.inputs import Input, InputLayer
from engine.core.layer import Layer
from engine.model import Model
from engine.training.kept_states import keeps_states
from losses.ground.lookup import custom_object_scope


class Sequential(Model):
    """A model that is a list of layers, each called on what the one before returns.

    Arguments: `layers` (a list; may begin with an Input), `name`. With an Input, or `input_shape=` on the first
    layer, the weights are made at once; otherwise when the model first sees data.

    >>> from engine import Sequential
    >>> from layers import Dense
    >>> model = Sequential([Dense(4, activation="relu", input_shape=(3,)), Dense(2)])
    >>> model.output
    <Symbol shape=(None, 2) dtype=float32 from 'dense_1'>
    """

    _untracked = Model._untracked | {"_start", "_ends"}

    def __init__(self, layers=None, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self._layers = []
        self._start, self._ends = None, []  # the input symbol, once its shape is known, and what each layer makes of it
        for layer in layers or []:
            self.add(layer)

    def add(self, layer):
        """Put a layer (or an Input) at the end."""
        if isinstance(layer, symbolic.Symbol) and isinstance(layer.node.operation, InputLayer):
            layer = layer.node.operation
        if not isinstance(layer, Layer):
            raise TypeError(f"{self.title}.add() takes a Layer, received {layer!r} of type {type(layer).__name__}.")
        if isinstance(layer, InputLayer):
            if self._layers or self._start is not None:
                raise ValueError(f"{self.title}: an Input can only come first.")
            self._begin(layer.output)
            return
        if any(layer.name == other.name and layer is not other for other in self._layers):
            raise ValueError(f"{self.title} already has a layer named {layer.name!r}. Give each its own name=.")
        if not self._layers and self._start is None:
            if layer._batch_input_shape is not None:
                dtype = "int32" if type(layer).__name__ == "Embedding" else layer.compute_dtype
                self._begin(Input(batch_shape=layer._batch_input_shape, dtype=dtype))
            elif isinstance(layer, Model) and len(layer.input_symbols()) == 1:
                first = layer.input_symbols()[0]
                self._begin(Input(batch_shape=tuple(first.shape), dtype=first.dtype.name))
        if self._start is not None:
            self._extend(layer)
        self._layers.append(layer)
        self._refresh()

    def pop(self):
        """Take the last layer off, and return it."""
        if not self._layers:
            raise ValueError(f"{self.title} has no layers to pop.")
        layer = self._layers.pop()
        self._ends = self._ends[:-1]
        self._refresh()
        return layer

    def _begin(self, symbol):
        self._start, self._ends = symbol, [symbol]
        self.autocast = False  # inputs get the dtype that the start declares
        for layer in self._layers:
            self._extend(layer)
        self._refresh()

    def _extend(self, layer):
        with context.inside(self):  # so that an error in there can say where the layer is
            output = layer(self._ends[-1])
        if not isinstance(output, symbolic.Symbol):
            raise ValueError(f"{self.title}: {layer.title} has several outputs; a Sequential passes on one. Use Model.")
        self._ends.append(output)

    def _refresh(self):
        """Bring inputs and outputs up to date with the list of layers."""
        if self._start is not None:
            self._structure, self._output_structure = self._start, self._ends[-1]
            self.built = bool(self._layers)

    def build(self, input_shape):
        """Make the weights for inputs of this shape, batch axis first."""
        if self._start is None:
            self._begin(Input(batch_shape=self._start_shape(tf.TensorShape(input_shape)), dtype=self.compute_dtype))

    def _start_shape(self, shape):
        """What the start is to be for a batch of this shape: for any number of rows, unless a layer keeps states of them."""
        if shape.rank is None:
            return None
        return (shape[0] if keeps_states(self) else None, *shape[1:])

    def _ensure_built(self, args, kwargs):
        if self._start is None and args and isinstance(args[0], (tf.Tensor, symbolic.Symbol)):
            tensor = args[0]
            with tf.init_scope():
                self._begin(Input(batch_shape=self._start_shape(tensor.shape), dtype=tensor.dtype.name))
        self.built = True

    def call(self, inputs, training=None):
        if self._start is not None:
            inputs = binding.fit(self, self._start, inputs)
        for layer in self._layers:
            inputs = layer(inputs)
        return inputs

    def get_config(self):
        """The layers as plain data; of a subclass with a constructor of its own, the constructor's arguments."""
        if type(self).__init__ is Sequential.__init__:
            return describe_sequence(self, self._start, self._layers)
        return describe_arguments(self, below=Sequential)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The model that `get_config` described, ours or Keras's; `custom_objects` maps names to classes of your own."""
        with custom_object_scope(custom_objects):
            return read_sequence(cls, config) if cls.__init__ is Sequential.__init__ else super().from_config(config)
