"""One training step: forward, loss, gradients, apply. All of training is this, many times.

    y_pred = model(x, training=True)
    loss = compiled losses(y, y_pred) + what layers added
    gradients of the loss with respect to the trainable weights
    the optimizer's update

`fit` runs `train_step` inside one compiled loop; a model overrides it to train in its own way.
"""

import functools

import tensorflow as tf

from engine.training.objective import add_up, weighted
from losses.ground import whole


def unpack(data):
    """(x, y, sample_weight) of a batch that may come as x, (x,), (x, y) or all three."""
    if not isinstance(data, tuple):
        data = (data,)
    if not 1 <= len(data) <= 3:
        raise ValueError(f"A batch is x, (x, y) or (x, y, sample_weight); received a tuple of {len(data)} items.")
    return (*data, None, None)[:3]


def count_rows(data):
    """The number of rows of a batch, as a scalar tensor."""
    first = next(item for item in tf.nest.flatten(data) if item is not None)
    return tf.shape(first)[0] if first.shape[0] is None else tf.constant(first.shape[0])


def named(metrics):
    """(name, metric) for each; where two have one name, the later ones are `name_1`, `name_2` ..."""
    names = [metric.name for metric in metrics]
    counts = [names[:index].count(name) for index, name in enumerate(names)]
    return [(f"{name}_{count}" if count else name, metric) for name, count, metric in zip(names, counts, metrics)]


def results(metrics):
    """{name: result} of (name, metric) pairs; a metric that returns a dict gives several."""
    found = {}
    for name, metric in metrics:
        result = metric.result()
        found.update(result if isinstance(result, dict) else {name: result})
    return found


def make_variables(model, feed, verb="train"):
    """Make what the first step would make, such as slots, metrics and kept states, without any effect on values."""
    tf.function(getattr(model, f"{verb}_step"), autograph=False).get_concrete_function(feed.whole_spec)
    model._clear_losses()


class TrainingStep:
    """The steps of a model: `train_step`, `test_step`, `predict_step`, and the verbs they are made of."""

    around_step = ()  # what goes around a training step: see around.py

    def train_step(self, data):
        """Learn from one batch; returns the metrics so far, by name. Override it to train in your own way."""
        x, y, sample_weight = unpack(data)
        y_pred, loss, gradients = self.differentiate(x, y, sample_weight)
        rows = count_rows(x)
        self.apply(gradients, rows)
        self._loss_tracker.update_state(*whole.group.weighted(loss, rows))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def differentiate(self, x, y=None, sample_weight=None):
        """Forward and back: (y_pred, loss, [(gradient, variable), ...])."""

        def forward():
            y_pred = self(x, training=True)
            return y_pred, self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)

        with tf.GradientTape() as tape:
            y_pred, loss = forward()
        return y_pred, loss, self.gradients(tape, loss, again=lambda: forward()[1])

    def test_step(self, data):
        """Measure one batch; returns the metrics so far, by name."""
        x, y, sample_weight = unpack(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False)
        self._loss_tracker.update_state(*whole.group.weighted(loss, count_rows(x)))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data):
        """The outputs for one batch."""
        return self(unpack(data)[0], training=False)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The scalar to minimise: the compiled losses, plus what layers added and what regularizers ask for."""
        terms = []
        if self.compiled_loss is not None and y_pred is not None:
            terms = self.compiled_loss.terms(y, y_pred, sample_weight)
        rows, added = count_rows(x if x is not None else y_pred), self.named_losses()
        added = list(zip([name for name, _ in added], whole.group.shares([value for _, value in added], rows)))
        data_terms = [("data_loss" if len(terms) == 1 else f"{name}_loss", value) for name, value, _ in terms]
        self._term_tracker.update_state(data_terms + added, rows)
        return add_up(weighted(terms) + [value for _, value in added])

    def gradients(self, tape, loss, again=None):
        """(gradient, variable) for each trainable weight that has one, as the optimizer takes them.

        `again`, a function that computes the loss anew, helps in eager mode to find out why a weight has none.
        """
        weights = [weight for weight in self.named_weights() if weight.trainable]
        find = functools.partial(self.optimizer.gradients, tape, loss, [weight.variable for weight in weights])
        for wrapper in reversed(self.around_step):
            find = functools.partial(wrapper.gradients, find, loss, weights, again)
        return [(gradient, weight.variable) for weight, gradient in zip(weights, find()) if gradient is not None]

    def apply(self, gradients, rows=None):
        """The optimizer's update from (gradient, variable) pairs of a batch of so many rows."""
        totals = whole.group.total([gradient for gradient, _ in gradients])
        update = self._update
        for wrapper in reversed(self.around_step):
            update = functools.partial(wrapper.apply, update)
        if gradients:
            update([(total, variable) for total, (_, variable) in zip(totals, gradients)], whole.group.rows(rows))

    def _update(self, gradients, rows):
        self.optimizer.apply_gradients(gradients, weight=rows, skip_gradients_aggregation=True)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Bring the compiled metrics up to date; returns all metrics so far, by name."""
        if y is not None:
            self.compiled_metrics.update_state(y, y_pred, sample_weight)
        return self.metric_results()

    def metric_results(self):
        """The results of all metrics, by name."""
        return results(named(self.metrics))
