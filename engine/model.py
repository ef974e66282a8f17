"""`Model` = a layer that can be trained, saved and looked into: the heart's, and what is around it. The one place where all meet."""

import collections
from typing import Any

import tensorflow as tf

import engine.functional.operators  # noqa: F401 (TensorFlow's functions on symbols)
from engine import hints
from engine.compilation.counted import CountedTraces
from engine.configs.graph_config import describe_graph, read_graph
from engine.configs.layer_config import describe_arguments
from engine.core import symbolic
from engine.core.layer import Layer
from engine.core.model import CoreModel
from engine.distribute.place import Scope
from engine.functional import binding
from engine.functional.mask_links import MaskedGraph
from engine.guards.loss_fit import LossFit
from engine.guards.made_anew import MadeAnew
from engine.guards.missing_gradients import MissingGradients
from engine.guards.reasons import Reasons
from engine.passes import Passes
from engine.saving.saved import Saved
from engine.small_parts import naming
from engine.state import state_of
from engine.study.studied import Studied
from engine.trainer import Trainer
from losses.ground.lookup import custom_object_scope


class Model(Trainer, Saved, Studied, CoreModel):
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

    _untracked = CoreModel._untracked | {"_term_tracker", "_passes", "compiled_metrics", "first_inputs"}

    kind_of_graph, kind_of_traces = MaskedGraph, CountedTraces
    first_inputs = None  # shapes and dtypes of what the model was first called on, for a file that must make it again
    _added_losses, _added_metrics = (), {}  # symbols: outputs of the graph beside the declared ones

    def __init__(self, inputs: hints.Nest = None, outputs: hints.Nest = None, name: str | None = None,
                 **kwargs: Any) -> None:  # fmt: skip
        inputs = None if inputs is self else inputs  # `super().__init__(self)`, a slip that TensorFlow 2 let pass
        if name is None and inputs is not None and type(self) is Model:
            name = naming.next_name("functional")
        self._dynamic = kwargs.pop("dynamic", False)  # older code: `run_eagerly` wherever it is compiled
        self._passes = Passes()
        self._place = Scope()  # where its steps run: where it is made
        super().__init__(inputs, outputs, name, **kwargs)
        self.around_step = [MissingGradients(self), Reasons(self), LossFit(self), MadeAnew(self), *self._place.around(self)]

    def _set_graph(self, inputs, outputs, losses=(), metrics=None):
        for what, items in (("inputs", inputs), ("outputs", outputs)):
            for item in tf.nest.flatten(items):
                if not isinstance(item, symbolic.Symbol):
                    raise TypeError(
                        f"{self._title}: `{what}` must be symbols made by Input(...) and layers called on them; "
                        f"received {item!r} of type {type(item).__name__}."
                    )
        super()._set_graph(inputs, [outputs, list(losses), metrics or {}])
        names = [layer.name for layer in self._layers]
        twice = sorted({name for name, count in collections.Counter(names).items() if count > 1})
        if twice:
            raise ValueError(f"{self._title}: two layers are named {twice[0]!r}. Give each its own name=.")
        self._output_structure, self._added_losses, self._added_metrics = outputs, tuple(losses), metrics or {}

    # ---- structure --------------------------------------------------------------------------

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name, or at that place in `layers`."""
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(f"{self._title} has {len(self.layers)} layers; there is no layer {index}.")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"{self._title} has no layer {name!r}. It has {[layer.name for layer in self.layers]}.")

    @property
    def inputs(self) -> list[symbolic.Symbol]:
        """The symbols the model starts from, as a list."""
        return self.input_symbols()

    @property
    def outputs(self) -> list[symbolic.Symbol]:
        """The symbols the model ends in, as a list."""
        return symbolic.symbols_in(self._output_structure)

    @property
    def input(self) -> hints.Nest:
        """The symbol, or nest of symbols, the model starts from."""
        return self._structure if self._structure is not None else super().input

    @property
    def output(self) -> hints.Nest:
        """The symbol, or nest of symbols, the model ends in."""
        return self._output_structure if self._output_structure is not None else super().output

    def _ensure_built(self, args, kwargs):
        if self.first_inputs is None and (args or kwargs):
            self.first_inputs = binding.specs(args[0] if args else next(iter(kwargs.values())))
        super()._ensure_built(args, kwargs)

    def _bind(self, structure, given):
        return binding.bind(self, structure, given)

    @hints.overridable
    def call(self, inputs: hints.Nest, training: bool | None = None) -> hints.Nest:
        """Run the graph of a functional model. A subclass overrides this."""
        outputs, losses, metrics = super().call(inputs)
        super().add_loss(losses)
        for name, value in metrics.items():
            super().add_metric(value, name)
        return outputs[0] if isinstance(outputs, (list, tuple)) and len(outputs) == 1 else outputs

    def add_loss(self, loss: hints.Nest) -> None:
        """As `Layer.add_loss`. A functional model also takes symbols: computed from its graph in each pass."""
        if symbolic.contains_symbol((loss,), {}):
            self._add_to_graph([*self._added_losses, *symbolic.symbols_in(loss)], self._added_metrics)
        else:
            super().add_loss(loss)

    def add_metric(self, value: hints.Values, name: str | None = None, aggregation: str | None = "mean") -> None:
        """As `Layer.add_metric`. A functional model also takes a symbol, with a name."""
        if isinstance(value, symbolic.Symbol):
            self._check_aggregation(aggregation, plain=True)
            name = name or value.node.operation.name
            self._add_to_graph(self._added_losses, {**self._added_metrics, name: value})
        else:
            super().add_metric(value, name, aggregation)

    def _add_to_graph(self, losses, metrics):
        if self._graph is None:
            raise TypeError(f"{self._title} is not functional; call add_loss and add_metric on tensors, in its call().")
        self._set_graph(self._structure, self._output_structure, losses, metrics)
        self._traces.forget()

    def __getstate__(self):
        # Calls first, each after those it needs: a walk that began at the outputs would go as deep as the graph.
        return {"_calls": self._graph.nodes if self._graph is not None else [], **super().__getstate__()}

    def __setstate__(self, state):
        del state["_calls"]
        super().__setstate__(state)

    # ---- description ------------------------------------------------------------------------

    def get_config(self) -> hints.Config:
        """The graph of a functional model as plain data; of a subclass, the constructor's arguments."""
        if self._graph is not None and type(self).__init__ is Model.__init__:
            return describe_graph(self)
        return describe_arguments(self, below=Model)

    @classmethod
    def from_config(cls, config: hints.Config, custom_objects: hints.Objects = None) -> Any:
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

    def reset_states(self) -> None:
        """Let all layers inside that keep states from batch to batch (`stateful=True`) begin anew."""
        for _, layer in self.named_layers():
            if getattr(layer, "stateful", False):
                layer.reset_states()

    # ---- state ------------------------------------------------------------------------------

    def state(self) -> dict[str, tuple[tf.Variable, str]]:
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
