"""Evaluate with the moving averages of the weights, train on with the weights."""

from engine.callbacks.base import Callback


class SwapEMAWeights(Callback):
    """During `evaluate` and validation the model has its averaged weights; afterwards its own again.

    Needs an optimizer made with `use_ema=True`. `swap_on_epoch`: also swapped while other callbacks see the end of
    an epoch, so that a ModelCheckpoint after this one in the list saves the averages.

    >>> from engine.callbacks import SwapEMAWeights
    >>> callback = SwapEMAWeights(swap_on_epoch=True)
    """

    def __init__(self, swap_on_epoch=False):
        self.swap_on_epoch = swap_on_epoch
        self.swapped = False

    def on_train_begin(self, logs=None):
        if not getattr(self.model.optimizer, "use_ema", False):
            raise ValueError("SwapEMAWeights needs an optimizer that keeps averages: compile with Adam(use_ema=True).")

    def _swap(self):
        for variable in self.model.trainable_weights:
            average = self.model.optimizer.moving_average(variable)
            value = variable.numpy()
            variable.assign(average)
            average.assign(value)
        self.swapped = not self.swapped

    def on_test_begin(self, logs=None):
        self._swap()

    def on_test_end(self, logs=None):
        self._swap()

    def on_epoch_end(self, epoch, logs=None):
        if self.swap_on_epoch:
            self._swap()

    def on_epoch_saved(self, epoch):
        if self.swapped:
            self._swap()
