"""`Callback`: what happens between the steps of `fit`."""

import contextlib
from typing import Any, TypeAlias

import tensorflow as tf

from engine.small_parts.run import StopRun
from losses.ground import whole

_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
_TEST_BATCH_HOOKS = ("on_test_batch_begin", "on_test_batch_end")
_PREDICT_BATCH_HOOKS = ("on_predict_batch_begin", "on_predict_batch_end")
_ALL_BATCH_HOOKS = _BATCH_HOOKS + _TEST_BATCH_HOOKS + _PREDICT_BATCH_HOOKS

# Each hook and its arguments. `logs` is always a dict, {} where there is nothing to tell.
HOOKS = {
    "on_train_begin": ("logs",), "on_train_end": ("logs",),
    "on_test_begin": ("logs",), "on_test_end": ("logs",),
    "on_predict_begin": ("logs",), "on_predict_end": ("logs",),
    "on_epoch_begin": ("epoch", "logs"), "on_epoch_end": ("epoch", "logs"),
    **dict.fromkeys(("on_train_chunk_end", "on_test_chunk_end", "on_predict_chunk_end"), ("step", "logs")),
    **dict.fromkeys(_ALL_BATCH_HOOKS, ("batch", "logs")),
    "on_resume": ("run",), "on_ready": ("run",), "on_epoch_saved": ("epoch",), "on_safe_point": (), "close": (),
}  # fmt: skip


Logs: TypeAlias = dict[str, Any] | None  # {name: number}


class Callback:
    """Override the hooks you need; each gets the logs so far as {name: number}, {} where there are none yet.

    `self.model` is the model, `self.params` has epochs, steps and verbose. To stop training, set
    `self.model.stop_training = True`.

    Steps run in compiled chunks. A callback that overrides a batch hook is called for every batch, and
    the chunks are then one step long; `on_train_chunk_end(step, logs)` is called after each chunk of
    steps (several times a second) and costs nothing more.

    >>> from engine.callbacks import Callback
    >>> class Shout(Callback):
    ...     def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
    ...         print(f"epoch {epoch} over!")
    """

    model: Any = None  # the Model
    params: Any = None
    chief_only = False  # where several workers train one model: for the one that writes files
    _is_active = True  # whether its hooks are called in this process
    every_steps = None  # a number: chunks also end at multiples of so many steps of the run

    def set_model(self, model: Any) -> None:
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def on_train_begin(self, logs: Logs = None) -> None:
        """Before the first epoch. Files are opened in `on_ready`: the run may still be refused, or go on from another place."""

    def on_train_end(self, logs: Logs = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Before an epoch (counted from 0)."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """After an epoch and its validation; `logs` may be added to."""

    def on_train_chunk_end(self, step: int, logs: Logs = None) -> None:
        """After a chunk of training steps; `step` of them are done in this epoch."""

    def on_test_chunk_end(self, step: int, logs: Logs = None) -> None:
        """After a chunk of steps of `evaluate`."""

    def on_predict_chunk_end(self, step: int, logs: Logs = None) -> None:
        """After a chunk of batches of `predict`; `step` of them are done."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of `fit`."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of `fit`."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """An older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """An older name of `on_train_batch_end`."""

    def on_test_begin(self, logs: Logs = None) -> None:
        """Before `evaluate`, also the one that `fit` makes for validation."""

    def on_test_end(self, logs: Logs = None) -> None:
        """After `evaluate`."""

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of `evaluate`."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of `evaluate`."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Before `predict`."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """After `predict`."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of `predict`; `logs["outputs"]` are its outputs."""

    def on_resume(self, run: Any) -> None:
        """Before the first epoch, after all callbacks' on_train_begin: set `run` to where it is to go on.

        If that is in the middle of an epoch, again after all callbacks' on_epoch_begin.
        """

    def on_ready(self, run: Any) -> None:
        """Once, after all callbacks' on_resume: nothing refuses the run any more, and its directory is its own. Write from here on."""

    def on_epoch_saved(self, epoch: int) -> None:
        """After all callbacks' on_epoch_end, with the number of epochs that are done."""

    def on_safe_point(self) -> None:
        """After each chunk of training steps and each epoch, when all callbacks know of it: the time to write it down."""

    def get_state(self) -> dict[str, Any]:
        """What this callback must remember of a run that is interrupted: plain data and arrays."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take back what `get_state` gave."""

    def close(self) -> None:
        """At the end of `fit`, `evaluate` or `predict`, also after an error or Ctrl-C: put away files and bars."""


def learning_rate_of(model):
    """The optimizer's rate as it is now, as a number; also of a variable that has a copy on each device."""
    return float(tf.convert_to_tensor(model.optimizer.learning_rate))


class CallbackList:
    """Callbacks as one: each of HOOKS calls that hook of all, in order."""

    def __init__(self, callbacks, model, params=None):
        callbacks = tf.nest.flatten(callbacks)
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(
                    f"callbacks expects Callback objects, received {callback!r}. "
                    "Use engine.callbacks.LambdaCallback for plain functions."
                )
        self.callbacks = list(callbacks)
        for callback in callbacks:
            callback._is_active = not callback.chief_only or whole.group.is_chief()
            callback.set_params(params or {})
            callback.set_model(model)
        self.active = [callback for callback in callbacks if callback._is_active]
        self.wants_batches = any(self._overrides(callback, _BATCH_HOOKS) for callback in callbacks)
        self.wants_test_batches = any(self._overrides(callback, _TEST_BATCH_HOOKS) for callback in callbacks)
        self.wants_predict_batches = any(self._overrides(callback, _PREDICT_BATCH_HOOKS) for callback in callbacks)

    def begin(self, run):
        """What comes before the first epoch of `fit`. Whatever refuses the run does so before any callback touches a file."""
        self.on_train_begin()
        self.on_resume(run)
        self.on_ready(run)

    def on_safe_point(self):
        """All write down what they have, and then the run ends if one of them asked for it."""
        stop = None
        for callback in self.active:
            try:
                callback.on_safe_point()
            except StopRun as asked:
                stop = asked
        if stop is not None:
            raise stop

    def close(self):
        """Let all put away what they have, in order, also where one of them fails."""
        with contextlib.ExitStack() as stack:
            for callback in reversed(self.active):
                stack.callback(callback.close)

    @staticmethod
    def _overrides(callback, hooks):
        return any(
            getattr(type(callback), hook) is not getattr(Callback, hook) or hook in vars(callback) for hook in hooks
        )

    def __getattr__(self, hook):
        if hook not in HOOKS:
            raise AttributeError(f"There is no callback hook {hook!r}.")
        concerned, count = self.active, len(HOOKS[hook])
        if hook in _ALL_BATCH_HOOKS:
            names = (hook, hook.replace("_train", "")) if hook in _BATCH_HOOKS else (hook,)
            concerned = [callback for callback in self.active if self._overrides(callback, names)]

        def call(*args, logs=None):
            if "logs" in HOOKS[hook]:
                *others, logs = args if len(args) == count else (*args, logs)
                args = (*others, {} if logs is None else logs)
            for callback in concerned:
                getattr(callback, hook)(*args)

        setattr(self, hook, call)  # looked up once per hook
        return call
