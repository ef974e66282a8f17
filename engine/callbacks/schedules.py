"""Callbacks made of functions: a learning rate per epoch, and any hook at all."""

import inspect

from engine.callbacks.base import HOOKS, Callback, learning_rate_of


class LearningRateScheduler(Callback):
    """Set the learning rate at the start of each epoch: `schedule(epoch, rate)` or `schedule(epoch)` returns it.

    >>> from engine.callbacks import LearningRateScheduler
    >>> halve = LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    """

    def __init__(self, schedule, verbose=0):
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler takes a function (epoch, rate) -> rate, received {schedule!r}.")
        self.schedule, self.verbose = schedule, verbose
        self._takes_rate = _accepts(schedule, 0, 0.0)

    def on_epoch_begin(self, epoch, logs=None):
        rate = self.schedule(epoch, learning_rate_of(self.model)) if self._takes_rate else self.schedule(epoch)
        if not isinstance(rate, (int, float)) and not hasattr(rate, "dtype"):
            raise ValueError(f"LearningRateScheduler: the schedule must return a number, and returned {rate!r}.")
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {float(rate):.4g}")

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["learning_rate"] = learning_rate_of(self.model)


def _accepts(function, *args):
    """Whether `function` can be called with `args`, by its signature: an error that it raises itself is the user's to see."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # some functions written in C do not say
        return True
    try:
        signature.bind(*args)
    except TypeError:
        return False
    return True


class LambdaCallback(Callback):
    """A callback from functions, each named as the hook it is for: `LambdaCallback(on_epoch_end=lambda epoch, logs: ...)`.

    >>> from engine.callbacks import LambdaCallback
    >>> shout = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    """

    def __init__(self, **functions):
        for hook, function in functions.items():
            if hook not in HOOKS or not hook.startswith("on_"):
                raise ValueError(f"LambdaCallback: there is no hook {hook!r}; see the methods of Callback.")
            setattr(self, hook, function)
