"""Callbacks made of functions: a learning rate per epoch, and any hook at all."""

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

    def on_epoch_begin(self, epoch, logs=None):
        try:
            rate = self.schedule(epoch, learning_rate_of(self.model))
        except TypeError:  # a function of the epoch alone
            rate = self.schedule(epoch)
        if not isinstance(rate, (int, float)) and not hasattr(rate, "dtype"):
            raise ValueError(f"LearningRateScheduler: the schedule must return a number, and returned {rate!r}.")
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {float(rate):.4g}")

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["learning_rate"] = learning_rate_of(self.model)


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
