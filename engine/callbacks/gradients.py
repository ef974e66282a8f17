"""Norms of gradients and updates, and the learning rate, among the logs."""

from engine.callbacks.base import Callback, learning_rate_of
from engine.guards.gradient_norms import GradientNorms, owners
from engine.state import make_variables


class GradientStats(Callback):
    """Adds to each epoch's logs what the gradients were like, measured inside the compiled step.

        gradient_norm          √Σ gradient² over all weights, mean of the measured steps
        gradient_norm/LAYER    the same for one layer;   update_ratio/LAYER = ‖update‖ / ‖weights‖
        nonfinite_gradients    how many elements were infinite or not a number
        learning_rate          at the end of the epoch

    Arguments: `every` (10), measure each so many steps, the first included. Put it before CSVLogger and TensorBoard in
    the list of callbacks: those write the logs that they find. Norms are those before clipping.

    >>> import numpy as np
    >>> from engine import Sequential
    >>> from engine.callbacks import GradientStats
    >>> from layers import Dense
    >>> model = Sequential([Dense(2, input_shape=(3,), name="only")])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones((8, 3)), np.ones((8, 2)), callbacks=[GradientStats(every=1)], verbose=0)
    >>> sorted(history.history)
    ['gradient_norm', 'gradient_norm/layers.0', 'learning_rate', 'loss', 'nonfinite_gradients', 'update_ratio/layers.0']
    """

    def __init__(self, every=10):
        if not isinstance(every, int) or every < 1:
            raise ValueError(f"GradientStats: every is a number of steps, 1 or more; received {every!r}.")
        self.every = every
        self.norms = None

    def on_resume(self, run):
        if self.model.run_eagerly and not all(layer.built for _, layer in self.model.named_layers()):
            make_variables(self.model, run.feed)  # no step has made the weights yet whose gradients are to be measured
        if self._made() not in self.model.around_step:
            self.model.around_step.append(self.norms)  # until the end of this fit

    def _made(self):
        norms = self.norms
        if norms is None or norms.model is not self.model or norms.owners != owners(self.model):
            self.norms = GradientNorms(self.model, self.every)  # else the compiled step can serve again
        return self.norms

    def on_epoch_begin(self, epoch, logs=None):
        self.norms.reset()

    def on_epoch_end(self, epoch, logs=None):
        logs.update(self.norms.result())
        logs["learning_rate"] = learning_rate_of(self.model)

    def get_state(self):
        return {name: variable.numpy() for name, variable in self._variables().items()}

    def set_state(self, state):
        for name, variable in self._variables().items():
            variable.assign(state[name])

    def _variables(self):
        norms = self._made()  # a Checkpoint before it in the list asks first
        return {"sums": norms.sums, "measured": norms.measured, "steps": norms.steps}

