"""`Model` = a layer that can be trained, saved and looked into.

Three styles, one path. `Model(inputs, outputs)` runs its graph in `call`; `Sequential` runs its
layers one after the other; a subclass writes `call` itself. What `fit` does is in training/.
"""

import numpy as np
import tensorflow as tf

from engine import metrics, optimizers
from engine.callbacks.base import CallbackList
from engine.callbacks.progress import EvaluationBar, PredictionBar
from engine.configs.graph_config import describe_graph, read_graph
from engine.configs.layer_config import describe_arguments
from engine.core import binding, symbolic, tracking
from engine.core.graph import Graph
from engine.core.layer import Layer
from engine.core.state import state_of
from engine.data.splits import split
from engine.distribute.place import Scope
from engine.guards.missing_gradients import MissingGradients
from engine.guards.nan_guard import NaNGuard
from engine.saving.saved import Saved
from engine.study.studied import Studied
from engine.training import loop
from engine.training.feed import kind_of, make_feed
from engine.training.objective import CompiledLoss, CompiledMetrics, as_loss
from engine.training.step import TrainingStep, named
from engine.training.terms import LossTerms
from engine.training.traces import Traces
from losses.lookup import custom_object_scope


class Model(TrainingStep, Saved, Studied, Layer):
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

    optimizer = None
    compiled_loss = None
    compiled_metrics = None
    stop_training = False
    steps_per_execution = 1
    run_eagerly = False
    jit_compile = "auto"
    strict_gradients = False  # whether a weight without a gradient is an error
    history = None
    first_inputs = None  # shapes and dtypes of what the model was first called on, for a file that must make it again
    _guard = None  # one for all fits that ask for it, so that they share compiled steps
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
        """A name for each output: dict keys, the names of the last layers, or output_0, output_1 ..."""
        count = len(tf.nest.flatten(y_pred))
        if isinstance(y_pred, dict) and len(y_pred) == count:
            return sorted(y_pred)
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

    def call(self, inputs):
        """Run the graph of a functional model. A subclass overrides this."""
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

    # ---- training ---------------------------------------------------------------------------

    def compile(self, optimizer="rmsprop", loss=None, metrics=None, loss_weights=None, weighted_metrics=None,
                run_eagerly=False, steps_per_execution=1, jit_compile="auto", auto_scale_loss=True,
                strict_gradients=False):  # fmt: skip
        """Say what to minimise, how, and what to report.

        Arguments: `optimizer` (name or object); `loss` (name, Loss, function of (y_true, y_pred); a list or
        dict of them for several outputs); `metrics` (a list, or a list or dict of lists); `loss_weights`;
        `weighted_metrics` (metrics that see the sample weights); `run_eagerly` (plain Python, for debugging);
        `steps_per_execution` (steps between calls of per-batch callbacks); `jit_compile` (XLA: "auto" uses it from
        200 steps on, made since compile() or to be made by the call, and from 50 on where the step holds a loop or
        products of batches of matrices, but not with convolutions or operations without an XLA kernel; never by
        timing, so that runs repeat); `auto_scale_loss` (a model whose
        policy is "mixed_float16" gets a LossScaleOptimizer around its optimizer); `strict_gradients` (a trainable
        weight without a gradient is an error, not a warning).
        """
        if jit_compile not in ("auto", True, False, None):
            raise ValueError(f'compile: jit_compile is "auto", True or False, received {jit_compile!r}.')
        if not isinstance(steps_per_execution, int) or steps_per_execution < 1:
            raise ValueError(f"compile: steps_per_execution is a positive integer, received {steps_per_execution!r}.")
        self._place.check(self, run_eagerly, jit_compile)
        optimizer = optimizers.get(optimizer)
        if auto_scale_loss and self.dtype_policy.name == "mixed_float16" and optimizer.loss_scale_factor is None:
            optimizer = optimizers.LossScaleOptimizer(optimizer)
        loss_tracker, term_tracker = _new_trackers()
        compiled_loss = None
        if loss is not None:
            compiled_loss = CompiledLoss(_checked_losses(loss), loss_weights, self._names_of, loss_tracker)
        compiled_metrics = CompiledMetrics(_checked_metrics(_as_list(metrics)),
                                           _checked_metrics(_as_list(weighted_metrics)), self._names_of)  # fmt: skip
        self.optimizer, self.loss = optimizer, loss
        self.compiled_loss, self.compiled_metrics = compiled_loss, compiled_metrics
        self._loss_tracker, self._term_tracker = loss_tracker, term_tracker
        self.run_eagerly, self.steps_per_execution = bool(run_eagerly), steps_per_execution
        self.strict_gradients = bool(strict_gradients)
        self.jit_compile = jit_compile if jit_compile is not None else False
        self._traces.forget()

    def fit(self, x=None, y=None, batch_size=None, epochs=1, verbose="auto", callbacks=None, validation_split=0.0,
            validation_data=None, shuffle=True, class_weight=None, sample_weight=None, initial_epoch=0,
            steps_per_epoch=None, validation_steps=None, validation_batch_size=None, validation_freq=1,
            on_nan=None):  # fmt: skip
        """Train on `x`, `y` for `epochs`; returns the History.

        Arguments: `x`, `y` (arrays, lists or dicts of them; or `x` a tf.data.Dataset or generator of batches);
        `batch_size` (32); `verbose` (0 silent, 1 a bar, 2 a line per epoch, "auto"); `callbacks`;
        `validation_split` (the last fraction of the rows) or `validation_data`; `shuffle` (arrays, anew each
        epoch); `class_weight` ({class: weight}); `sample_weight` (one per row); `initial_epoch`;
        `steps_per_epoch` (needed for endless data); the `validation_*` likewise; `on_nan` ("raise": a step whose
        loss or gradients are not finite is not applied, and a NonFiniteError says where they come from).
        """
        self._require_compiled("fit")
        if not isinstance(epochs, (int, np.integer)) or epochs < 0:
            raise ValueError(f"fit: epochs is a number of passes over the data, 0 or more; received {epochs!r}.")
        if on_nan not in (None, "raise"):
            raise ValueError(f'fit: on_nan is None or "raise", received {on_nan!r}.')
        if validation_split and validation_data is None:
            dtype = self.variable_dtype
            (x, y, sample_weight), validation_data = split(x, y, sample_weight, validation_split, dtype)
        validation = None
        if validation_data is not None:
            validation = self._validation(validation_data, validation_batch_size or batch_size, validation_steps)
        with self._place.scope():
            if on_nan and self._guard is None:
                self._guard = NaNGuard(self)
            return loop.fit(self, x, y, batch_size, epochs, verbose, callbacks, validation, shuffle, class_weight,
                            sample_weight, initial_epoch, steps_per_epoch, validation_freq, [self._guard] if on_nan else [])  # fmt: skip

    def _validation(self, data, batch_size, steps):
        parts = data if isinstance(data, (tuple, list)) else (data,)
        x, y, sample_weight = (*parts, None, None)[:3]
        batch_size = None if kind_of(self, x).is_batched else batch_size
        return make_feed(self, x, y, sample_weight, batch_size, steps=steps)

    def evaluate(self, x=None, y=None, batch_size=None, verbose="auto", sample_weight=None, steps=None,
                 callbacks=None, return_dict=False):  # fmt: skip
        """The loss and metrics on `x`, `y`: a number, a list in the order of `metrics_names`, or a dict."""
        self._require_compiled("evaluate")
        feed = make_feed(self, x, y, sample_weight, batch_size, steps=steps)
        bar = [EvaluationBar(verbose)] if verbose else []
        with self._place.scope():
            callbacks = CallbackList([callbacks or [], *bar], self, dict(epochs=1, steps=feed.steps, verbose=verbose))
            try:
                logs = loop.evaluate(self, feed, callbacks)
            finally:
                callbacks.close()
        return logs if return_dict else self._in_order(logs)

    def predict(self, x, batch_size=None, verbose=0, steps=None, callbacks=None):
        """The outputs for all rows of `x`, as NumPy arrays; `verbose` as in `fit`, quiet if not asked."""
        feed = make_feed(self, x, None, None, batch_size, steps=steps)
        bar = [PredictionBar(verbose)] if verbose else []
        callbacks = CallbackList([callbacks or [], *bar], self, dict(steps=feed.steps, verbose=verbose))
        try:
            with self._place.scope():
                return loop.predict(self, feed, callbacks)
        finally:
            callbacks.close()

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """One training step on these rows; returns the loss and metrics of it."""
        self._require_compiled("train_on_batch")
        return self._one_batch("train", x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """The loss and metrics on these rows."""
        self._require_compiled("test_on_batch")
        return self._one_batch("test", x, y, sample_weight, None, return_dict)

    def predict_on_batch(self, x):
        """The outputs for these rows, as NumPy arrays."""
        return self.predict(x, batch_size=2**31 - 1)

    def _one_batch(self, verb, x, y, sample_weight, class_weight, return_dict):
        feed = make_feed(self, x, y, sample_weight, class_weight=class_weight)
        batch, step = feed.all_rows(), self.compiled_step(verb, feed.spec)
        loop.check_labels(self, feed)
        self.reset_metrics()
        logs = loop.to_numbers(step.on_batch(batch))
        return logs if return_dict else self._in_order(logs)

    def compiled_step(self, verb, spec, plan=None):
        """The step "train", "test" or "predict", compiled for batches of `spec` and the layers as they are now.

        `plan` has the steps that are going to be made of it, {rows of a batch: number}.
        """
        return self._traces.step(self, verb, spec, plan)

    def trace_report(self):
        """Which steps were traced so far and why: a list of (verb, spec of the batch, reason).

        With jit_compile="auto" also which way each goes, with the reason: through XLA from 200 steps on of one size of a
        batch (50 where it holds a loop or products of batches of matrices), counted since compile() and with those that the
        call is going to make; on TensorFlow's kernels below, and where it holds convolutions or what XLA cannot run.
        """
        return list(self._traces.report)

    def _require_compiled(self, action):
        if self.optimizer is None:
            raise RuntimeError(f"{self.title} is not compiled. Call model.compile(optimizer, loss) before {action}().")

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

    # ---- metrics ----------------------------------------------------------------------------

    @property
    def metrics(self):
        """The mean loss, the compiled metrics, and those of the layers."""
        own = [self._loss_tracker, *self.compiled_metrics.metrics] if self.compiled_metrics is not None else []
        return tracking.unique([*own, *super().metrics])

    @property
    def metrics_names(self):
        """The names in the list that `evaluate` returns."""
        outputs = len(self.compiled_loss.functions or ()) if self.compiled_loss is not None else 0
        terms = [name for name in self._term_tracker.names if name.endswith("_loss")] if outputs > 1 else []
        names = [name for name, _ in named(self.metrics)]
        return [*names[:1], *terms, *names[1:]]

    def reset_metrics(self):
        """Start all metrics anew."""
        for metric in [*self.metrics, self._term_tracker]:
            metric.reset_state()

    def metric_results(self):
        """The results of all metrics, by name, and the means of the terms that the loss is the sum of."""
        return {**super().metric_results(), **self._term_tracker.result()}

    def _in_order(self, logs):
        names = [name for name in self.metrics_names if name in logs]
        values = [logs[name] for name in names] + [v for k, v in logs.items() if k not in names + self._term_tracker.names]
        return values[0] if len(values) == 1 else values

    def optimizer_flush(self):
        """At the end of an epoch: apply what the optimizer has accumulated and not applied yet."""
        flush = getattr(self.optimizer, "flush", None)
        if flush is not None:
            flush()


def _new_trackers():
    return metrics.Mean(name="loss"), LossTerms()


def _as_list(items):
    return [items] if items is not None and not isinstance(items, (list, tuple, dict)) else items


def _checked_losses(loss):
    """Unknown names are refused at compile, not at the first batch."""
    return as_loss(loss) if callable(loss) else tf.nest.map_structure(as_loss, loss)


def _checked_metrics(items):
    for item in tf.nest.flatten(items):
        if isinstance(item, str) and item not in ("accuracy", "acc", "crossentropy", "ce"):
            metrics.get(item)
    return items
