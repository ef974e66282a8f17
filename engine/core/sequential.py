"""`CoreSequential`: layers one after the other."""

import tensorflow as tf

from engine import hints
from engine.core import context, symbolic
from engine.core.inputs import Input, InputLayer
from engine.core.model import CoreModel


class CoreSequential(CoreModel):
    """A model that is a list of layers, which may begin with an Input, each called on what the one before returns."""

    _untracked = CoreModel._untracked | {"_start", "_ends"}
    _keeps_lists = False  # the first layer takes the input itself

    def __init__(self, layers: hints.Iterable | None = None, name: str | None = None, **kwargs: hints.Values) -> None:
        super().__init__(name=name, **kwargs)
        self._layers = []
        self._start, self._ends = None, []  # the input symbol, once its shape is known, and what each layer makes of it
        for layer in layers or []:
            self.add(layer)

    def add(self, layer):
        """Put a layer (or an Input) at the end."""
        if isinstance(layer, symbolic.Symbol) and isinstance(layer.node.operation, InputLayer):
            layer = layer.node.operation
        if isinstance(layer, InputLayer):
            self._begin(layer.output)
            return
        if not self._layers and self._start is None:
            if layer._batch_input_shape is not None:
                dtype = "int32" if type(layer).__name__ == "Embedding" else layer.compute_dtype
                self._begin(Input(batch_shape=layer._batch_input_shape, dtype=dtype))
            elif isinstance(layer, CoreModel) and len(layer.input_symbols()) == 1:
                first = layer.input_symbols()[0]
                self._begin(Input(batch_shape=tuple(first.shape), dtype=first.dtype.name))
        if self._start is not None:
            self._extend(layer)
        self._layers.append(layer)
        self._refresh()

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
            raise ValueError(f"{self._title}: {layer._title} has several outputs; a Sequential passes on one. Use Model.")
        self._ends.append(output)

    def _refresh(self):
        """Bring inputs and outputs up to date with the list of layers."""
        if self._start is not None:
            self._structure, self._output_structure = self._start, self._ends[-1]
            self.built = bool(self._layers)

    def build(self, input_shape: hints.Shape) -> None:
        """Make the weights for inputs of this shape, batch axis first."""
        if self._start is None:
            self._begin(Input(batch_shape=self._start_shape(tf.TensorShape(input_shape)), dtype=self.compute_dtype))

    def _start_shape(self, shape):
        """The shape of the input, where the first batch has `shape`: for any number of rows."""
        return (None, *shape[1:]) if shape.rank is not None else None

    def _ensure_built(self, args, kwargs):
        if self._start is None and args and isinstance(args[0], (tf.Tensor, symbolic.Symbol)):
            with tf.init_scope():
                self._begin(Input(batch_shape=self._start_shape(args[0].shape), dtype=args[0].dtype.name))
        self.built = True

    @hints.overridable
    def call(self, inputs: hints.Nest, training: bool | None = None) -> hints.Nest:
        if self._start is not None:
            (inputs,) = self._bind(self._start, inputs)
        for layer in self._layers:
            inputs = layer(inputs)
        return inputs
