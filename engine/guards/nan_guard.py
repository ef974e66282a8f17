"""`fit(..., on_nan="raise")`: a step whose loss or gradients are not finite changes nothing, and is explained.

Inside the compiled step, before the forward pass, all state that it changes (moving averages, counters of random
numbers, metrics) is read; the loss and the gradients are checked before the update. If any is not finite, the update is
left out, what was read is put back, and the guard is `tripped`: from then on no step of the chunk changes anything.
After the chunk Python looks at the guard once. If it is tripped, the same batch runs again eagerly, with a look at each
layer's output and each term of the loss, and who was first is named.
"""

import os

import numpy as np
import tensorflow as tf

from engine.around import Around
from engine.saving import container
from engine.small_parts.batch import unpack
from engine.small_parts.conditional import run_if
from engine.state import beside_training, make_variables, state_of
from engine.unchanged import observe
from losses.ground import whole

_FILE = "nan-batch.safetensors"


class NonFiniteError(RuntimeError):
    """A loss or gradient that is not finite. `batch` is (x, y, sample_weight); `path` the file it was saved to, or None."""

    def __init__(self, message, batch, path):
        super().__init__(message)
        self.batch, self.path = batch, path


class NaNGuard(Around):
    """What watches the training steps of `model` while it is in `model.around_step`."""

    one_by_one = 'fit(on_nan="raise")'
    asks_for_batches = True

    def __init__(self, model):
        self.model = model
        self.tripped = tf.Variable(False, trainable=False)
        self.good = tf.Variable(0, dtype=tf.int64, trainable=False)  # steps that were applied
        self._finite = None  # of the step that is being traced

    def __getstate__(self):
        return {**vars(self), "_finite": None}  # for copies: a tensor of a traced step belongs to its graph

    def begin(self, feed):
        """Before a fit on the batches of `feed`."""
        self.tripped.assign(False)
        self.good.assign(0)
        if self.model.run_eagerly:  # nothing has made the metrics yet, whose values may have to be put back
            make_variables(self.model, feed)

    # ---- in the step ------------------------------------------------------------------------

    def step(self, step, data):
        """`step(data)`, without effect where something is not finite."""
        variables = self._state()
        before = [variable.read_value() for variable in variables]
        self._finite = None
        logs = step(data)
        if self._finite is None:
            raise ValueError(
                f"{self.model._title}: on_nan= needs a train_step() that gets its gradients from self.tape_gradients() or "
                "self.step_gradients() and applies them with self.apply_step()."
            )
        for variable, value in zip(variables, before):
            variable.assign(tf.where(self._finite, variable, value))
        self.tripped.assign(~self._finite)
        self.good.assign_add(tf.cast(self._finite, tf.int64))
        return logs

    def gradients(self, find, loss, weights, again):
        """Note whether loss and gradients are finite; the gradients may be the concern of the optimizer."""
        gradients = find()
        looked_at = [] if self.model.optimizer.skips_bad_steps else gradients
        values = [loss, *(getattr(gradient, "values", gradient) for gradient in looked_at if gradient is not None)]
        finite = tf.reduce_all(tf.stack([tf.reduce_all(tf.math.is_finite(value)) for value in values]))
        finite = whole.group.total(tf.cast(~finite, tf.float32)) == 0 if whole.group.size() > 1 else finite
        self._finite = finite & ~self.tripped.read_value()
        return gradients

    def apply(self, update, gradients, rows):
        """Update if this step is finite."""
        run_if(self._finite, lambda: update(gradients, rows))

    def _state(self):
        """What a step may change beside `apply`: all that the forward pass does; all there is, if it has more optimizers."""
        own = {id(variable) for variable in self.model.optimizer.variables}
        everything = state_of(self.model).values()
        if any(kind == "slot" and id(variable) not in own for variable, kind in everything):
            return [variable for variable, _ in everything]
        return beside_training(self.model)

    # ---- after a chunk ----------------------------------------------------------------------

    def look(self, run):
        """After a chunk of steps, before `run` counts them: a NonFiniteError if one of them was not finite."""
        if not self.tripped.numpy():
            self.good.assign(0)
            return
        step = run.step + int(self.good.numpy())
        data = run.feed.batch(step)
        before = [(variable, variable.numpy()) for variable in self._state()]
        try:
            first = self._explain(data)
        finally:
            for variable, value in before:
                variable.assign(value)
        batch = unpack(data)
        path, saved = self._save(run, batch)
        raise NonFiniteError(
            f"{self.model._title}: training met numbers that are not finite, in step {step + 1} of epoch {run.epoch + 1}. "
            f"{first} The step was not applied: the model is as it was after the step before. {saved} Look for bad values "
            "in the data, lower the learning rate, or clip the gradients (clipnorm=).",
            batch, path,
        )  # fmt: skip

    def _explain(self, data):
        """Who was the first, in the order of the computation: data, layers, terms of the loss, gradients."""
        model, found = self.model, []
        for name, part in zip(("x", "y", "sample_weight"), unpack(data)):
            rows = sorted({int(row) for item in tf.nest.flatten(part) for row in _bad_rows(item)})
            if rows:
                found.append(f"`{name}` of the batch is not finite in its rows {rows[:10]}.")
        paths = {id(layer): path for path, layer in model.named_layers()}
        layers = []

        def note(layer, args, kwargs, outputs):
            if not layers and not _is_finite(outputs):
                layers.append(f"First was the output of {paths.get(id(layer)) or 'the model'!r} ({layer._title}).")

        x, y, sample_weight = unpack(data)
        with observe(note), tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            terms = [(name, value * factor) for name, value, factor in self._terms(y, y_pred, sample_weight)]
            loss = model._loss_of(x, y, y_pred, sample_weight, training=True)
        bad = [name for name, value in terms if not _is_finite(value)]
        if layers or bad:
            return " ".join([*found, *layers, *[f"The term {bad[0]!r} of the loss is not finite."][: len(bad)]])
        weights = [weight for weight in model.named_weights() if weight.trainable]
        gradients = tape.gradient(loss, [weight.variable for weight in weights])
        bad = [weight.path for weight, gradient in zip(weights, gradients) if gradient is not None and not _is_finite(gradient)]
        return " ".join([*found, f"Outputs and loss are finite ({float(loss):.6g}); the gradients of {bad[-5:]} are not."])

    def _terms(self, y, y_pred, sample_weight):
        """(name, value, factor) of each term of the loss, under the names of the logs."""
        model, terms = self.model, []
        if model.compiled_loss is not None and y is not None:
            terms = model.compiled_loss.terms(y, y_pred, sample_weight)
        named = [("data_loss" if len(terms) == 1 else f"{name}_loss", value, factor) for name, value, factor in terms]
        return named + [(name, value, 1.0) for name, value in model.named_losses()]

    def _save(self, run, batch):
        """(path, sentence): the batch as a file, beside the checkpoints if there are any."""
        folder = next((callback.directory for callback in run.callbacks if hasattr(callback, "directory")), os.curdir)
        arrays = {}
        for name, part in zip(("x", "y", "sample_weight"), batch):
            items = [item for item in tf.nest.flatten(part) if isinstance(item, tf.Tensor) and item.dtype != tf.string]
            arrays.update({name if len(items) == 1 else f"{name}.{i}": item.numpy() for i, item in enumerate(items)})
        path = os.path.join(folder, _FILE)
        try:
            container.write(path, "batch", arrays)
        except OSError as error:
            return None, f"The batch could not be saved ({error}); it is this error's `batch`."
        return path, f"The batch is in {path!r}, to run it again: engine.saving.read_arrays(path)."


def _is_finite(structure):
    return not any(len(_bad_rows(item)) for item in tf.nest.flatten(structure))


def _bad_rows(item):
    """The rows of a tensor, or of the values of a sparse gradient, that have a number that is not finite."""
    values = np.asarray(tf.cast(getattr(item, "values", item), tf.float64)) if _is_floating(item) else np.zeros(1)
    return np.flatnonzero(~np.isfinite(values.reshape(len(values) if values.ndim else 1, -1)).all(1))


def _is_floating(item):
    return hasattr(item, "dtype") and tf.as_dtype(item.dtype).is_floating
