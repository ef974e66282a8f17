"""What may go around the training steps of a model: the wrappers in the list `model.around_step`, the first one outermost.

    begin ─► step ( forward ─► loss ─► gradients ( backward ) ─► apply ( the optimizer's update ) ) ─► look
    once     ╰─────────────────────────── compiled, many times ───────────────────────────────╯   after a chunk of steps

A compiled step is kept for the wrappers that it was traced with.
"""


class Around:
    """A wrapper that changes nothing: override what you need.

    >>> import tensorflow as tf
    >>> from engine import Sequential
    >>> from layers import Dense
    >>> class Half(Around):
    ...     def apply(self, update, gradients, rows):
    ...         update([(gradient / 2, variable) for gradient, variable in gradients], rows)
    >>> model = Sequential([Dense(1, kernel_initializer="ones", use_bias=False)])
    >>> model.compile("sgd", lambda y, y_pred: y_pred)
    >>> model.around_step.append(Half())
    >>> loss = model.train_on_batch([[10.0]], [[0.0]])
    >>> round(float(model.layers[0].kernel[0, 0]), 4)
    0.95
    """

    one_by_one = None  # who needs steps that come one after the other, in words; None: they may overlap
    asks_for_batches = False  # whether `look` may ask for any batch of the chunk

    def begin(self, feed):
        """Where `fit` puts it in: before the first step on the batches of `feed`."""

    def step(self, step, data):
        """The logs of `step(data)`, a training step."""
        return step(data)

    def gradients(self, find, loss, weights, again):
        """`find()`: the gradients of `loss`, one or None for each of the trainable `weights` (path, variable, trainable).

        `again` is a function that computes the loss anew, or None.
        """
        return find()

    def apply(self, update, gradients, rows):
        """Call `update(gradients, rows)`, the optimizer's update from (gradient, variable) pairs of the whole batch."""
        update(gradients, rows)

    def look(self, run):
        """After a chunk of steps, before `run` counts them."""

    def finished(self, feed, values):
        """After `evaluate`, `predict` or one step on the batches of `feed`: a nest of what came out."""
