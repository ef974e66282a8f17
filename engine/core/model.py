"""`CoreModel`: a layer that learns.

Three styles, one path. `CoreModel(inputs, outputs)` runs its graph in `call`; a `CoreSequential` runs its layers one after the
other; a subclass writes `call` itself. The verbs are here at their plainest, and do all the work: `engine.Model` adds what
else users ask for (engine/trainer.py), files, and tools that look.
"""

import contextlib

import tensorflow as tf

import engine.core.array_feed  # noqa: F401 (arrays are data to learn from)
from engine import hints
from engine.core import loop, symbolic, tracking
from engine.core.graph import Graph
from engine.core.layer import Layer
from engine.core.metric import Mean
from engine.core.objective import CompiledLoss
from engine.core.step import TrainingStep
from engine.core.traces import Traces
from engine.small_parts.feed import make_feed
from engine.small_parts.run import Logs
from losses.ground.outputs import names_of


class CoreModel(TrainingStep, Layer):
    """A layer with `compile`, `fit`, `evaluate` and `predict`; `inputs` and `outputs`: symbols, or lists or dicts of them."""

    keras_module = "keras"
    supports_masking = True
    _untracked = Layer._untracked | {"_loss_tracker", "_structure", "_output_structure", "_traces", "optimizer", "around_step"}

    optimizer = None
    compiled_loss = None
    stop_training = run_eagerly = jit_compile = False
    steps_per_execution = 1
    kind_of_graph, kind_of_traces, kind_of_loss = Graph, Traces, CompiledLoss
    _graph, _keeps_lists = None, True  # of a functional model; whether `call` may look into a list of one input, `inputs[0]`
    _structure = _output_structure = None  # the declared inputs and outputs, as nests of symbols

    def __init__(self, inputs=None, outputs=None, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self._traces, self.around_step = self.kind_of_traces(), []
        if (inputs is None) != (outputs is None):
            raise ValueError(f"{self._title} needs both inputs and outputs (a functional model), or neither (a subclass).")
        if inputs is not None:
            self._set_graph(inputs, outputs)

    def _set_graph(self, inputs, outputs):
        self._structure, self._output_structure = inputs, outputs
        self.autocast = False  # each input has the dtype its Input declares
        self._graph, self._keeps_lists = self.kind_of_graph(inputs, outputs), False
        self._layers = self._graph.layers
        self._constants = [item for item in tf.nest.flatten([[n.args, n.kwargs] for n in self._graph.nodes])
                           if isinstance(item, tf.Variable)]  # fmt: skip
        self.built = True

    @property
    def layers(self) -> list[Layer]:
        """The layers directly inside this model, in order."""
        return tracking.direct(self, Layer)

    def input_symbols(self) -> list[symbolic.Symbol]:
        """The declared inputs as a flat list; empty where the model declares none."""
        return symbolic.symbols_in(self._structure)

    def _names_of(self, y_pred):
        """A name for each output: dict keys, the names of the last layers, or output_0, output_1 ..."""
        return names_of(y_pred, [symbol.node.operation.name for symbol in symbolic.symbols_in(self._output_structure)])

    def build(self, input_shape: hints.Shape) -> None:
        """Make all weights for inputs of this shape, by tracing `call` once."""
        if not self.built:
            self.built = True  # before the trace: a subclass that makes its layers in build calls this one from there
            self.compute_output_shape(input_shape)

    def _ensure_built(self, args, kwargs):
        if type(self).build is CoreModel.build:
            self.built = True  # a container's weights are those of its layers, which build themselves when called
        else:
            super()._ensure_built(args, kwargs)

    @hints.overridable
    def call(self, inputs: hints.Nest, training: bool | None = None) -> hints.Nest:
        """Run the graph of a functional model, whose layers find `training` by themselves. A subclass overrides this."""
        if self._graph is None:
            raise NotImplementedError(
                f"{type(self).__name__} has no call(). Define `def call(self, inputs): ...`, "
                "or pass inputs= and outputs= for a functional model."
            )
        return self._graph.run(self._bind(self._structure, inputs))

    def _bind(self, structure, given):
        """One tensor for each of the declared inputs, in order."""
        return tf.nest.flatten(given)

    def compute_mask(self, inputs: hints.Nest, previous_mask: hints.Nest = None) -> hints.Nest:
        """The layers inside have given the outputs their masks already."""
        return None

    def compile(self, optimizer, loss=None, loss_weights=None):
        """Take the Optimizer and the Loss, or a list or dict with one for each output, to train with."""
        self.compiled_loss = None if loss is None else self.kind_of_loss(loss, loss_weights, self._names_of)
        self.optimizer, self._loss_tracker = optimizer, Mean(name="loss")
        self._traces.forget()

    def fit(self, x, y=None, batch_size=None, epochs=1, shuffle=True):
        """Train on the rows of `x`, `y`, in a new order each epoch; returns the logs of each epoch, a list of dicts."""
        feed, logs = make_feed(self, x, y, batch_size=batch_size, shuffle=shuffle), Logs()
        return loop.fit(self, feed, logs, logs, epochs, validation=logs).epochs

    def evaluate(self, x, y=None, batch_size=None):
        """The mean loss on the rows of `x`, `y`, and what else is measured, by name."""
        return loop.evaluate(self, make_feed(self, x, y, batch_size=batch_size), Logs())

    def predict(self, x, batch_size=None):
        """The outputs for all rows of `x`, as NumPy arrays."""
        return loop.predict(self, make_feed(self, x, batch_size=batch_size), Logs())

    @contextlib.contextmanager
    def _pass(self, goes_on=False):
        """One pass over data, whose metrics begin at zero or go on; gives what its steps run in, to be called for each."""
        if not goes_on:
            self.reset_metrics()
        yield contextlib.nullcontext

    def _prepare(self, verb, feed, passes):
        """Before the first step on `feed`, of which so many passes come: compile it, and refuse what does not fit."""
        return self.compiled_step(verb, feed.spec)

    def compiled_step(self, verb, spec):
        """The step "train", "test" or "predict", compiled for batches of `spec` and the layers as they are now."""
        return self._traces.step(self, verb, spec)

    @property
    def metrics(self):
        """The mean loss, and the metrics of the layers."""
        own = [self._loss_tracker] if self.optimizer is not None else []
        return tracking.unique([*own, *super().metrics])

    def reset_metrics(self):
        """Start all metrics anew."""
        for metric in self.metrics:
            metric.reset_state()
