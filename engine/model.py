"""`Model` = a layer that can be trained, saved and looked into.

Three styles, one path. `Model(inputs, outputs)` runs its graph in `call`; `Sequential` runs its
layers one after the other; a subclass writes `call` itself. How it is trained is in trainer.py.
"""

import tensorflow as tf

from engine.configs.graph_config import describe_graph, read_graph
from engine.configs.layer_config import describe_arguments
from engine.core import binding, symbolic, tracking
from engine.core.graph import Graph
from engine.core.layer import Layer
from engine.core.state import state_of
from engine.distribute.place import Scope
from engine.guards.missing_gradients import MissingGradients
from engine.saving.saved import Saved
from engine.study.studied import Studied
from engine.trainer import Trainer
from engine.training.nests import paths
from engine.training.traces import Traces
from losses.ground.lookup import custom_object_scope


class Model(Trainer, Saved, Studied, Layer):
    """A layer with `compile`, `fit`, `evaluate` and `predict`.

    Arguments: `inputs` and `outputs`, symbols or lists or dicts of them, for a functional model; none for a
    subclass, which defines `call(self, inputs)`; `name`; and those of Layer.

    >>> from engine import Input, Model
    >>> from layers import Dense
    >>> x = Input((3,))
    >>> model = Model(x, Dense(2)(Dense(4, activation="relu")(x)))
    >>> model.compile("adam", "mse")
    >>> model.count_params(), model.predict([[1.0, 2.0, 3.0]]).shape
    (26, (1, 2))
    """

    keras_module = "keras"
    supports_masking = True
    _untracked = Layer._untracked | {"_loss_tracker", "_term_tracker", "_structure", "_output_structure", "first_inputs",
                                     "_traces", "optimizer", "compiled_metrics", "around_step"}  # fmt: skip

    first_inputs = None  # shapes and dtypes of what the model was first called on, for a file that must make it again
    _graph = None  # of a functional model
    _added_losses, _added_metrics = (), {}  # symbols: outputs of the graph beside the declared ones
    _structure = _output_structure = None  # the declared inputs and outputs, as nests of symbols

    def __init__(self, inputs=None, outputs=None, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self._traces = Traces()
        self._place = Scope()  # where its steps run: where it is made
        self.around_step = [MissingGradients(self), *self._place.around(self)]
        if (inputs is None) != (outputs is None):
            raise ValueError(f"{self.title} needs both inputs and outputs (a functional model), or neither (a subclass).")
        if inputs is not None:
            self._set_graph(inputs, outputs)

    def _set_graph(self, inputs, outputs, losses=(), metrics=None):
        for what, items in (("inputs", inputs), ("outputs", outputs)):
            for item in tf.nest.flatten(items):
                if not isinstance(item, symbolic.Symbol):
                    raise TypeError(
                        f"{self.title}: `{what}` must be symbols made by Input(...) and layers called on them; "
                        f"received {item!r} of type {type(item).__name__}."
                    )
        self._structure, self._output_structure = inputs, outputs
        self.autocast = False  # each input has the dtype its Input declares
        self._graph = Graph(inputs, [outputs, list(losses), metrics or {}])
        self._added_losses, self._added_metrics = tuple(losses), metrics or {}
        self._layers = self._graph.layers
        self._constants = [item for item in tf.nest.flatten([[n.args, n.kwargs] for n in self._graph.nodes])
                           if isinstance(item, tf.Variable)]  # fmt: skip
        names = [layer.name for layer in self._layers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{self.title}: two layers are named {twice[0]!r}. Give each its own name=.")
        self.built = True

    # ---- structure --------------------------------------------------------------------------

    @property
    def layers(self):
        """The layers directly inside this model, in order."""
        return tracking.direct(self, Layer)

    def get_layer(self, name=None, index=None):
        """The layer of that name, or at that place in `layers`."""
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(f"{self.title} has {len(self.layers)} layers; there is no layer {index}.")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"{self.title} has no layer {name!r}. It has {[layer.name for layer in self.layers]}.")

    @property
    def inputs(self):
        """The symbols the model starts from, as a list."""
        return self.input_symbols()

    @property
    def outputs(self):
        """The symbols the model ends in, as a list."""
        return symbolic.symbols_in(self._output_structure)

    @property
    def input(self):
        """The symbol, or nest of symbols, the model starts from."""
        return self._structure if self._structure is not None else super().input

    @property
    def output(self):
        """The symbol, or nest of symbols, the model ends in."""
        return self._output_structure if self._output_structure is not None else super().output

    def input_symbols(self):
        """The declared inputs as a flat list; empty where the model declares none."""
        return symbolic.symbols_in(self._structure)

    def _names_of(self, y_pred):
        """A name for each output: dict keys (`a/b` in nested ones), the names of the last layers, or output_0, output_1 ..."""
        count = len(tf.nest.flatten(y_pred))
        if isinstance(y_pred, dict):
            return paths(y_pred)
        names = [symbol.node.operation.name for symbol in self.outputs]
        if len(names) == count:
            return names
        return [f"output_{index}" for index in range(count)]

    def build(self, input_shape):
        """Make all weights for inputs of this shape, by tracing `call` once."""
        if not self.built:
            self.built = True  # before the trace: a subclass that makes its layers in build calls this one from there
            self.compute_output_shape(input_shape)

    def _ensure_built(self, args, kwargs):
        if self.first_inputs is None and args:
            self.first_inputs = binding.specs(args[0])
        if type(self).build is Model.build:
            self.built = True  # a container's weights are those of its layers, which build themselves when called
        else:
            super()._ensure_built(args, kwargs)

    def call(self, inputs, training=None):
        """Run the graph of a functional model, whose layers find `training` by themselves. A subclass overrides this."""
        if self._graph is None:
            raise NotImplementedError(
                f"{type(self).__name__} has no call(). Define `def call(self, inputs): ...`, "
                "or pass inputs= and outputs= for a functional model."
            )
        outputs, losses, metrics = self._graph.run(binding.bind(self, self._structure, inputs))
        super().add_loss(losses)
        for name, value in metrics.items():
            super().add_metric(value, name)
        return outputs[0] if isinstance(outputs, (list, tuple)) and len(outputs) == 1 else outputs

    def add_loss(self, loss):
        """As `Layer.add_loss`. A functional model also takes symbols: computed from its graph in each pass."""
        if symbolic.contains_symbol((loss,), {}):
            self._add_to_graph([*self._added_losses, *symbolic.symbols_in(loss)], self._added_metrics)
        else:
            super().add_loss(loss)

    def add_metric(self, value, name=None, aggregation="mean"):
        """As `Layer.add_metric`. A functional model also takes a symbol, with a name."""
        if isinstance(value, symbolic.Symbol):
            self._check_aggregation(aggregation, plain=True)
            name = name or value.node.operation.name
            self._add_to_graph(self._added_losses, {**self._added_metrics, name: value})
        else:
            super().add_metric(value, name, aggregation)

    def _add_to_graph(self, losses, metrics):
        if self._graph is None:
            raise TypeError(f"{self.title} is not functional; call add_loss and add_metric on tensors, in its call().")
        self._set_graph(self._structure, self._output_structure, losses, metrics)
        self._traces.forget()

    def compute_mask(self, inputs, previous_mask):
        """The layers inside have given the outputs their masks already."""
        return None

    def __getstate__(self):
        # Calls first, each after those it needs: a walk that began at the outputs would go as deep as the graph.
        return {"_calls": self._graph.nodes if self._graph is not None else [], **super().__getstate__()}

    def __setstate__(self, state):
        del state["_calls"]
        super().__setstate__(state)

    # ---- description ------------------------------------------------------------------------

    def get_config(self):
        """The graph of a functional model as plain data; of a subclass, the constructor's arguments."""
        if self._graph is not None and type(self).__init__ is Model.__init__:
            return describe_graph(self)
        return describe_arguments(self, below=Model)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The model that `get_config` described, ours or Keras's; `custom_objects` maps names to classes of your own.

        Its weights are new: `set_weights` takes Keras's too. Raises ValueError for a class that is not known.
        """
        with custom_object_scope(custom_objects):
            if "output_layers" in config and cls.__init__ is Model.__init__:
                return read_graph(cls, config)
            if cls is Model:
                raise ValueError(
                    f"Model.from_config takes the config of a functional model; received the keys {list(config)}. "
                    "Call from_config of the class that wrote it: Sequential, or your subclass."
                )
            return super().from_config(config)

    def reset_states(self):
        """Let all layers inside that keep states from batch to batch (`stateful=True`) begin anew."""
        for _, layer in self.named_layers():
            if getattr(layer, "stateful", False):
                layer.reset_states()

    # ---- state ------------------------------------------------------------------------------

    def state(self):
        """Every variable that the model has or uses, as {path: (variable, kind)}: what a checkpoint of a run holds.

        Kinds: "weight"; "seed" (the state of random numbers); "metric"; "slot" (what optimizers keep); "kept" (all else,
        such as the states of a stateful LSTM, which are no weights). Slots and metrics are there once they are made.

        >>> from engine import Input, Sequential
        >>> from layers import GRU, Dropout
        >>> model = Sequential([Input(batch_shape=(8, 5, 3)), GRU(4, stateful=True), Dropout(0.5)])
        >>> for path, (variable, kind) in model.state().items():
        ...     print(f"{kind:6} {path:34} {variable.shape}")
        weight layers.0.cell.kernel               (3, 12)
        weight layers.0.cell.recurrent_kernel     (4, 12)
        weight layers.0.cell.bias                 (2, 12)
        seed   seeds/layers.0.cell.seed_generator (2,)
        kept   layers.0.states.0                  (8, 4)
        seed   seeds/layers.1.seed_generator      (2,)
        """
        return state_of(self)
