"""Callbacks that watch one number of the logs: stop early, keep the best, slow down."""

import os
import warnings

import numpy as np

from engine import spellings
from engine.callbacks.base import Callback, learning_rate_of
from engine.metrics.direction import direction
from engine.small_parts import arguments


class Monitor:
    """Whether a watched number is better than the best so far.

    `mode` is "min", "max" or "auto" (as the metric says, which is asked when the number is first read); an improvement of less
    than `min_delta` does not count.
    """

    def __init__(self, owner, name, mode="auto", min_delta=0.0, best=None):
        if mode not in ("min", "max", "auto"):
            raise ValueError(f'{owner}: mode is "min", "max" or "auto", received {mode!r}.')
        self.owner, self.name = owner, name
        self.sign = {"max": 1.0, "min": -1.0, "auto": None}[mode]
        self.min_delta = abs(min_delta)
        self.best = best

    def ask(self, model):
        """With mode="auto", learn from the metrics of `model` in which direction the number gets better."""
        if self.sign is not None:
            return
        found = direction(model, self.name)
        self.sign = 1.0 if found == "up" else -1.0
        if found is None:
            warnings.warn(f'{self.owner} watches {self.name!r}, and nobody knows whether it should be large or small: it is '
                          'taken to be better when it is smaller. Pass mode="max" or mode="min".', stacklevel=4)  # fmt: skip

    def improved(self, value):
        """Whether `value` is the best so far; if so it is kept."""
        if self.best is None or self.is_better(value, self.best):
            self.best = value
            return True
        return False

    def is_better(self, value, reference):
        """Whether `value` improves on `reference`."""
        return self.sign * value - self.min_delta > self.sign * reference


class Watcher(Callback):
    """Base of the callbacks that watch one number of the logs, `monitor`; `watch` is their Monitor."""

    monitor = watch = None

    @property
    def best(self):
        """The best value so far."""
        return None if self.watch is None else self.watch.best

    def get_monitor_value(self, logs):
        """The watched number in `logs`, None if it is not there: override it to watch something else."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(f"{self.watch.owner} watches {self.monitor!r}, which is not in the logs: {sorted(logs or {})}.",
                          stacklevel=4)  # fmt: skip
        return value

    def _read(self, logs):
        value = self.get_monitor_value(logs)
        if value is not None:
            self.watch.ask(self.model)
        return value


class EarlyStopping(Watcher):
    """Stop when the watched number has not improved for `patience` epochs.

    Arguments: `monitor`, `min_delta` (smaller improvements do not count), `patience` (epochs), `verbose`, `mode`
    ("min", "max", "auto"), `baseline` (patience starts anew only with values better than this), `restore_best_weights`,
    `start_from_epoch`.

    >>> import numpy as np
    >>> from engine import Sequential, optimizers
    >>> from engine.callbacks import EarlyStopping
    >>> from layers import Dense
    >>> x, y = np.zeros((8, 2)), np.zeros((8, 1))
    >>> model = Sequential([Dense(1)])
    >>> model.compile(optimizers.SGD(0.5), "mse")
    >>> stop = EarlyStopping("loss", patience=2)  # a loss of 0 does not improve
    >>> model.fit(x, y, epochs=9, verbose=0, callbacks=[stop]).epoch
    [0, 1, 2]
    """

    def __init__(self, monitor="val_loss", min_delta=0, patience=0, verbose=0, mode="auto", baseline=None,
                 restore_best_weights=False, start_from_epoch=0):  # fmt: skip
        self.settings = ("EarlyStopping", monitor, mode, min_delta)
        self.monitor, self.patience, self.verbose, self.baseline = monitor, patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        Monitor(*self.settings)

    def on_train_begin(self, logs=None):
        self.watch = Monitor(*self.settings)
        self.wait, self.stopped_epoch, self.best_epoch, self.best_weights = 0, 0, 0, None

    def on_epoch_end(self, epoch, logs=None):
        if epoch < self.start_from_epoch:
            return
        value = self._read(logs)
        if value is None:
            return
        self.wait += 1
        is_best = self.watch.improved(value)
        if self.restore_best_weights and (is_best or self.best_weights is None):
            self.best_weights = [np.asarray(weight) for weight in self.model.get_weights()]
        if is_best:
            self.best_epoch = epoch
            if self.baseline is None or self.watch.is_better(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def get_state(self):
        kept = None if self.best_weights is None else list(self.best_weights)
        return {"best": self.watch.best, "wait": self.wait, "stopped_epoch": self.stopped_epoch,
                "best_epoch": self.best_epoch, "best_weights": kept}  # fmt: skip

    def set_state(self, state):
        self.watch.best = state["best"]
        self.wait, self.stopped_epoch, self.best_epoch = state["wait"], state["stopped_epoch"], state["best_epoch"]
        self.best_weights = state["best_weights"]

    def on_train_end(self, logs=None):
        if self.stopped_epoch and self.verbose:
            print(f"Stopped after epoch {self.stopped_epoch + 1}: {self.monitor} was best in epoch {self.best_epoch + 1}.")
        if self.restore_best_weights and self.best_weights is not None:
            self.model.set_weights(self.best_weights)


class ModelCheckpoint(Watcher):
    """Save the model, or its weights, after epochs.

    Arguments: `filepath` (may contain `{epoch}`, `{batch}` and names of the logs,
    `"run-{epoch:02d}-{val_loss:.2f}.safetensors"`), `monitor`, `verbose`, `save_best_only`, `save_weights_only`, `mode`,
    `save_freq` ("epoch", or a number of batches; with `steps_per_execution` after the call that completes it),
    `initial_value_threshold` (to be beaten before the first save), `period` (of "epoch": after each so many).

    >>> from engine.callbacks import ModelCheckpoint
    >>> best = ModelCheckpoint("best.safetensors", monitor="val_accuracy", save_best_only=True)
    >>> each = ModelCheckpoint("run-{epoch:02d}.safetensors", save_weights_only=True)  # model.fit(..., callbacks=[best, each])
    """

    chief_only = True

    @spellings.passes_over("options")
    def __init__(self, filepath, monitor="val_loss", verbose=0, save_best_only=False, save_weights_only=False,
                 mode="auto", save_freq="epoch", initial_value_threshold=None, period=1):  # fmt: skip
        if save_freq != "epoch" and (isinstance(save_freq, bool) or not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(f'ModelCheckpoint: save_freq is "epoch" or a number of batches, received {save_freq!r}.')
        arguments.count("ModelCheckpoint", optional=False, period=period)
        self.filepath, self.verbose, self.period = os.fspath(filepath), verbose, period
        self.save_best_only, self.save_weights_only, self.save_freq = save_best_only, save_weights_only, save_freq
        self.watch = Monitor("ModelCheckpoint", monitor, mode, 0.0, initial_value_threshold)
        self.monitor = monitor
        self.epoch = self.batch = 0  # batch: how many of this epoch are done
        self.since_save = 0
        if save_freq != "epoch":  # only then is every batch of interest
            self.on_train_batch_end = self._count_batch

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.batch = epoch, 0

    def on_train_chunk_end(self, step, logs=None):
        self.batch = step

    def on_epoch_end(self, epoch, logs=None):
        if self.save_freq == "epoch" and (epoch + 1) % self.period == 0:
            self._save(logs)

    def _count_batch(self, batch, logs=None):
        self.since_save += batch + 1 - self.batch  # several, if one call makes several steps
        self.batch = batch + 1
        if self.since_save >= self.save_freq:
            self.since_save = 0
            self._save(logs)

    def get_state(self):
        return {"best": self.watch.best, "since_save": self.since_save, "batch": self.batch}

    def set_state(self, state):
        self.watch.best, self.since_save, self.batch = state["best"], state["since_save"], state["batch"]

    def _save(self, logs):
        if self.save_best_only:
            value = self._read(logs)
            if value is None or not self.watch.improved(value):
                return
        try:
            path = self.filepath.format(**{"batch": self.batch, **logs, "epoch": self.epoch + 1})
        except KeyError as error:
            raise ValueError(
                f"ModelCheckpoint: filepath {self.filepath!r} names {error}, which is not in the logs {sorted(logs)}."
            ) from None
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        if self.verbose:
            print(f"Epoch {self.epoch + 1}: saved {path}")


class ReduceLROnPlateau(Watcher):
    """Multiply the learning rate by `factor` when the watched number has not improved for `patience` epochs.

    Arguments: `monitor`, `factor`, `patience` (epochs), `verbose`, `mode`, `min_delta`, `cooldown` (epochs to wait
    after a reduction), `min_lr`.

    >>> from engine.callbacks import ReduceLROnPlateau
    >>> half = ReduceLROnPlateau("val_loss", factor=0.5, patience=5, min_lr=1e-5)  # model.fit(..., callbacks=[half])
    """

    def __init__(self, monitor="val_loss", factor=0.1, patience=10, verbose=0, mode="auto", min_delta=1e-4,
                 cooldown=0, min_lr=0.0):  # fmt: skip
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau: factor is less than 1, received {factor}.")
        self.settings = ("ReduceLROnPlateau", monitor, mode, min_delta)
        self.monitor, self.factor, self.patience, self.verbose = monitor, factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        Monitor(*self.settings)

    def on_train_begin(self, logs=None):
        self.watch = Monitor(*self.settings)
        self.wait = self.resting = 0

    def on_epoch_end(self, epoch, logs=None):
        rate = learning_rate_of(self.model)
        if logs is not None:
            logs["learning_rate"] = rate
        value = self._read(logs)
        if value is None:
            return
        if self.in_cooldown():
            self.resting -= 1
            self.wait = 0
        if self.watch.improved(value):
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                self.model.optimizer.learning_rate = max(rate * self.factor, self.min_lr)
                self.resting, self.wait = self.cooldown, 0
                if self.verbose:
                    print(f"Epoch {epoch + 1}: learning rate {rate:.3g} -> {max(rate * self.factor, self.min_lr):.3g}")

    def in_cooldown(self):
        """Whether it rests after a reduction."""
        return self.resting > 0

    def get_state(self):
        return {"best": self.watch.best, "wait": self.wait, "resting": self.resting}

    def set_state(self, state):
        self.watch.best, self.wait, self.resting = state["best"], state["wait"], state["resting"]


class TerminateOnNaN(Callback):
    """Stop training when the loss is not a finite number, with a warning that says by which step.

    Arguments: `raise_error` (stop with a RuntimeError instead, so that a script does not go on).

    >>> from engine.callbacks import TerminateOnNaN
    >>> stop = TerminateOnNaN(raise_error=True)  # model.fit(..., callbacks=[stop])
    """

    def __init__(self, raise_error=False):
        self.raise_error = raise_error

    def on_train_begin(self, logs=None):
        self.every_steps = 1 if self.model.run_eagerly else None  # in plain Python a look after each step costs nothing

    def on_train_chunk_end(self, step, logs=None):
        loss = (logs or {}).get("loss")
        if loss is not None and not np.isfinite(loss):
            text = (f"Training stopped: the loss is {loss} after step {step} of this epoch. Lower the learning rate, clip the "
                    "gradients, or look for bad values in the data.")  # fmt: skip
            if self.raise_error:
                raise RuntimeError(text)
            warnings.warn(text, stacklevel=2)
            self.model.stop_training = True
