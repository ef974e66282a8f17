"""The verbs of a model: `compile`, `fit`, `evaluate`, `predict`, and those of one batch. What they do is in core/; here is all that users may ask for."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from engine import hints, metrics, optimizers, spellings
from engine.callbacks.base import Callback, CallbackList
from engine.callbacks.history import History
from engine.callbacks.progress import EvaluationBar, PredictionBar, ProgressBar
from engine.core import loop, tracking
from engine.core.metric import Metric
from engine.data.slices import SlicedFeed
from engine.data.splits import split
from engine.data.validation import Validation
from engine.guards.nan_guard import NaNGuard
from engine.guards.reasons import explained
from engine.kept_states import make_kept_states
from engine.metrics.loss_terms import LossTerms
from engine.metrics.reported import CompiledMetrics, listed, named, results
from engine.metrics.reported_loss import ReportedLoss, checked
from engine.optimizers.accumulation import no_leftovers
from engine.outputs import output_shapes
from engine.passes import begin, spared
from engine.small_parts import arguments
from engine.small_parts.arrays import to_numbers
from engine.small_parts.feed import make_feed

Callbacks: TypeAlias = Callback | Sequence[Callback] | None


class Trainer:
    """All that users may ask of the verbs of `CoreModel`; `Model` puts it before that."""

    compiled_metrics = None
    jit_compile = "auto"
    kind_of_loss = ReportedLoss
    strict_gradients = False  # whether a weight without a gradient is an error
    history = None
    _guard = None  # one for all fits that ask for it, so that they share compiled steps

    @spellings.passes_over("experimental_run_tf_function", "sample_weight_mode")
    def compile(
        self, optimizer: str | optimizers.Optimizer | type[optimizers.Optimizer] | hints.Config = "rmsprop",
        loss: hints.Parts = None, metrics: hints.Parts = None,
        loss_weights: Sequence[float] | Mapping[str, float] | None = None, weighted_metrics: hints.Parts = None,
        run_eagerly: bool = False, steps_per_execution: int = 1,
        jit_compile: bool | str | None = "auto", auto_scale_loss: bool = True, strict_gradients: bool = False,
    ) -> None:  # fmt: skip
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
        arguments.count("compile", optional=False, steps_per_execution=steps_per_execution)
        arguments.flag("compile", run_eagerly=run_eagerly, auto_scale_loss=auto_scale_loss, strict_gradients=strict_gradients)
        if jit_compile not in ("auto", True, False, None):
            raise ValueError(f'compile: jit_compile is "auto", True or False, received {jit_compile!r}.')
        self._place.check(self, run_eagerly, jit_compile)
        optimizer = optimizers.get(optimizer)
        if auto_scale_loss and self.dtype_policy.name == "mixed_float16" and optimizer.loss_scale_factor is None:
            optimizer = optimizers.LossScaleOptimizer(optimizer)
        losses = None if loss is None else _checked_losses(loss)
        compiled_metrics = CompiledMetrics(_checked_metrics(_as_list(metrics)),
                                           _checked_metrics(_as_list(weighted_metrics)), self._names_of)  # fmt: skip
        super().compile(optimizer, losses, loss_weights)
        if losses is not None:
            self.compiled_loss.tracker = self._loss_tracker
        self.loss, self.compiled_metrics, self._term_tracker = loss, compiled_metrics, LossTerms()
        self.run_eagerly, self.steps_per_execution = bool(run_eagerly or self._dynamic), steps_per_execution
        self.strict_gradients = bool(strict_gradients)
        self.jit_compile = jit_compile if jit_compile is not None else False

    @spellings.passes_over(*spellings.OF_WORKERS)
    def fit(
        self, x: hints.Data = None, y: hints.Data = None, batch_size: int | None = None, epochs: int = 1,
        verbose: int | str = "auto", callbacks: Callbacks = None, validation_split: float = 0.0,
        validation_data: hints.Data = None, shuffle: bool = True, class_weight: hints.ClassWeights = None,
        sample_weight: hints.Data = None, initial_epoch: int = 0, steps_per_epoch: int | None = None,
        validation_steps: int | None = None, validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1, on_nan: str | None = None,
    ) -> History:  # fmt: skip
        """Train on `x`, `y` for `epochs`; returns the History.

        Arguments: `x`, `y` (arrays, lists or dicts of them; or `x` a tf.data.Dataset or generator of batches);
        `batch_size` (32); `verbose` (0 silent, 1 a bar, 2 a line per epoch, "auto"); `callbacks`;
        `validation_split` (the last fraction of the rows) or `validation_data` ((x, y), or batches; {"name": data} for several,
        in the logs `val_name_loss`); `shuffle` (arrays, anew each epoch); `class_weight` ({class: weight}, or one for each
        output: {"output": {class: weight}}); `sample_weight` (one per row); `initial_epoch`;
        `steps_per_epoch` (needed for endless data); the `validation_*` likewise; `on_nan` ("raise": a step whose
        loss or gradients are not finite is not applied, and a NonFiniteError says where they come from).
        """
        self._require_compiled("fit")
        if not isinstance(epochs, (int, np.integer)) or isinstance(epochs, bool) or epochs < 0:
            raise ValueError(f"fit: epochs is a number of passes over the data, 0 or more; received {epochs!r}.")
        arguments.count("fit", least=0, optional=False, initial_epoch=initial_epoch)
        arguments.count("fit", steps_per_epoch=steps_per_epoch, validation_steps=validation_steps,
                        validation_batch_size=validation_batch_size)  # fmt: skip
        arguments.frequency("fit", validation_freq=validation_freq)
        arguments.fraction("fit", validation_split=validation_split)
        arguments.flag("fit", shuffle=shuffle)
        arguments.verbosity("fit", verbose)
        if on_nan not in (None, "raise"):
            raise ValueError(f'fit: on_nan is None or "raise", received {on_nan!r}.')
        if validation_split and validation_data is None:
            dtype = self.variable_dtype
            (x, y, sample_weight), validation_data = split(x, y, sample_weight, validation_split, dtype)
        validation_size = batch_size if validation_batch_size is None else validation_batch_size
        validation = Validation(self, validation_data, validation_size, validation_steps, validation_freq)
        with self._place.scope():
            if on_nan and self._guard is None:
                self._guard = NaNGuard(self)
            around = [self._guard] if on_nan else []
            feed = make_feed(self, x, y, sample_weight, batch_size, shuffle, class_weight, steps_per_epoch)
            given = tf.nest.flatten(callbacks or [])
            history, bar = History(), [ProgressBar(verbose)] if verbose and not any(isinstance(item, ProgressBar) for item in given) else []
            params = dict(epochs=epochs, steps=feed.steps, verbose=verbose)
            callbacks = CallbackList([given, history, *bar], self, params)
            with explained(self, feed, *validation.feeds.values()), no_leftovers(self):
                return loop.fit(self, feed, callbacks, history, epochs, validation, initial_epoch, around)

    @spellings.passes_over(*spellings.OF_WORKERS)
    def evaluate(
        self, x: hints.Data = None, y: hints.Data = None, batch_size: int | None = None, verbose: int | str = "auto",
        sample_weight: hints.Data = None, steps: int | None = None, callbacks: Callbacks = None,
        return_dict: bool = False,
    ) -> Any:  # fmt: skip
        """The loss and metrics on `x`, `y`: a number, a list in the order of `metrics_names`, or a dict."""
        self._require_compiled("evaluate")
        arguments.count("evaluate", steps=steps)
        arguments.verbosity("evaluate", verbose)
        feed = make_feed(self, x, y, sample_weight, batch_size, steps=steps)
        bar = [EvaluationBar(verbose)] if verbose else []
        with self._place.scope(), explained(self, feed):
            callbacks = CallbackList([callbacks or [], *bar], self, dict(epochs=1, steps=feed.steps, verbose=verbose))
            try:
                logs = loop.evaluate(self, feed, callbacks)
            finally:
                callbacks.close()
        return logs if return_dict else self._in_order(logs)

    @spellings.passes_over(*spellings.OF_WORKERS)
    def predict(self, x: hints.Data, batch_size: int | None = None, verbose: int | str = 0, steps: int | None = None,
                callbacks: Callbacks = None) -> Any:  # fmt: skip
        """The outputs for all rows of `x`, as NumPy arrays; `verbose` as in `fit`, quiet if not asked."""
        self._place.look()
        arguments.count("predict", steps=steps)
        arguments.verbosity("predict", verbose)
        feed = make_feed(self, x, batch_size=batch_size, steps=steps, kinds=(SlicedFeed,))
        bar = [PredictionBar(verbose)] if verbose else []
        callbacks = CallbackList([callbacks or [], *bar], self, dict(steps=feed.steps, verbose=verbose))
        try:
            with self._place.scope(), spared(self), explained(self, feed):
                return loop.predict(self, feed, callbacks)
        finally:
            callbacks.close()

    def train_on_batch(self, x: hints.Data, y: hints.Data = None, sample_weight: hints.Data = None,
                       class_weight: hints.ClassWeights = None, return_dict: bool = False,
                       reset_metrics: bool = True) -> Any:  # fmt: skip
        """One training step on these rows; returns the loss and metrics of it, or of all since they were reset."""
        self._require_compiled("train_on_batch")
        return self._one_batch("train", x, y, sample_weight, class_weight, return_dict, reset_metrics)

    def test_on_batch(self, x: hints.Data, y: hints.Data = None, sample_weight: hints.Data = None,
                      return_dict: bool = False, reset_metrics: bool = True) -> Any:  # fmt: skip
        """The loss and metrics on these rows, or on all since they were reset."""
        self._require_compiled("test_on_batch")
        return self._one_batch("test", x, y, sample_weight, None, return_dict, reset_metrics)

    def predict_on_batch(self, x: hints.Data) -> Any:
        """The outputs for these rows, as NumPy arrays."""
        return self.predict(x, batch_size=2**31 - 1)

    def _one_batch(self, verb, x, y, sample_weight, class_weight, return_dict, reset_metrics):
        feed = make_feed(self, x, y, sample_weight, class_weight=class_weight)
        batch = feed.all_rows()
        with explained(self, feed):
            step = self._prepare(verb, feed, passes=0)
            with self._pass(goes_on=not reset_metrics) as turn, turn():
                logs = to_numbers(step.on_batch(batch))
        for wrapper in self.around_step:
            wrapper.finished(feed, logs)
        return logs if return_dict else self._in_order(logs)

    def trace_report(self) -> list[tuple]:
        """Which steps were traced so far and why: a list of (verb, spec of the batch, reason).

        With jit_compile="auto" also which way each goes, with the reason: through XLA from 200 steps on of one size of a
        batch (50 where it holds a loop or products of batches of matrices), counted since compile() and with those that the
        call is going to make; on TensorFlow's kernels below, and where it holds convolutions or what XLA cannot run.
        """
        return list(self._traces.report)

    def _require_compiled(self, action):
        if self.optimizer is None:
            raise RuntimeError(f"{self._title} is not compiled. Call model.compile(optimizer, loss) before {action}().")
        self._place.look()

    # ---- metrics ----------------------------------------------------------------------------

    @property
    def metrics(self) -> list[Metric]:
        """The mean loss, the compiled metrics, and those of the layers."""
        own = [self._loss_tracker, *self.compiled_metrics.metrics] if self.compiled_metrics is not None else []
        return tracking.unique([*own, *super().metrics])

    @property
    def metrics_names(self) -> list[str]:
        """The names in the list that `evaluate` returns."""
        names = [name for name, _ in named(self.metrics)]
        own = 1 + len(self.compiled_metrics.metrics) if self.compiled_metrics is not None else 1
        losses = self.compiled_loss.reported if self.compiled_loss is not None else []
        return listed(names[:1], losses, names[1:own], names[own:], self.compiled_metrics and self.compiled_metrics.names)

    def compute_metrics(self, x: hints.Nest, y: hints.Nest, y_pred: hints.Nest,
                        sample_weight: hints.Nest = None) -> hints.Logs:  # fmt: skip
        """Bring the compiled metrics up to date; returns all metrics so far, by name."""
        if y is not None:
            self.compiled_metrics.update_state(y, y_pred, sample_weight)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    @contextlib.contextmanager
    def _pass(self, goes_on=False):
        with begin(self, goes_on) as own:
            yield own.turn

    def compiled_step(self, verb: str, spec: hints.Nest) -> Any:
        with self._passes.tracing:
            return super().compiled_step(verb, spec)

    def _prepare(self, verb, feed, passes):
        """Say how many steps are going to come, compile them, and refuse labels that do not fit: before the first step."""
        if self._traces.expect(verb, feed.spec, feed.plan(passes)):
            make_kept_states(self, feed)
        step = super()._prepare(verb, feed, passes)
        if verb != "predict" and self.compiled_loss is not None and feed.targets is not None:
            self.compiled_loss.check_labels(feed.targets)  # compiled code could only turn them into NaN
        return step

    def _shapes_for(self, x):
        return output_shapes(self, x)

    def _report_terms(self, terms, rows):
        self._term_tracker.update_state(terms, rows)

    def reset_metrics(self) -> None:
        """Start all metrics anew."""
        for metric in [*self.metrics, self._term_tracker]:
            metric.reset_state()

    def get_metrics_result(self) -> hints.Logs:
        """The results of all metrics, by name, and the means of the terms that the loss is the sum of."""
        return {**results(named(self.metrics)), **self._term_tracker.result()}

    def _in_order(self, logs):
        names = [name for name in self.metrics_names if name in logs]
        values = [logs[name] for name in names] + [v for k, v in logs.items() if k not in names + self._term_tracker.names]
        return values[0] if len(values) == 1 else values


def _as_list(items):
    return [items] if items is not None and not isinstance(items, (list, tuple, dict)) else items


def _checked_losses(loss):
    """Unknown names are refused at compile, not at the first batch."""
    return checked(loss) if callable(loss) else tf.nest.map_structure(checked, loss)


def _checked_metrics(items):
    for item in tf.nest.flatten(items):
        if isinstance(item, str) and item not in ("accuracy", "acc", "crossentropy", "ce"):
            metrics.get(item)
    return items
