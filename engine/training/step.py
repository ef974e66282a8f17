"""One training step: forward, loss, gradients, apply. All of training is this, many times.

    y_pred = model(x, training=True)
    loss = compiled losses(y, y_pred) + what layers added
    gradients of the loss with respect to the trainable weights
    the optimizer's update

`fit` runs `train_step` inside one compiled loop; a model overrides it to train in its own way.
"""

import tensorflow as tf

from engine.training.missing_gradients import report_missing
from engine.training.objective import add_up
from losses import replicas


def unpack(data):
    """(x, y, sample_weight) of a batch that may come as x, (x,), (x, y) or all three."""
    if not isinstance(data, tuple):
        data = (data,)
    if not 1 <= len(data) <= 3:
        raise ValueError(f"A batch is x, (x, y) or (x, y, sample_weight); received a tuple of {len(data)} items.")
    return (*data, None, None)[:3]


def count_rows(data):
    """The number of rows of a batch, as a scalar tensor."""
    return tf.shape(tf.nest.flatten(data)[0])[0]


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


def make_variables(model, spec):
    """Make what the first training step would make, such as slots and metrics, without any effect on values."""
    tf.function(model.train_step, autograph=False).get_concrete_function(spec)
    model._clear_losses()


class TrainingStep:
    """The steps of a model: `train_step`, `test_step`, `predict_step`, and the verbs they are made of."""

    strict_gradients = False  # whether a weight without a gradient is an error
    gradient_norms = None  # measures gradients and updates where a callback asks for it
    nan_guard = kept_guard = None  # refuses steps that are not finite, where fit is told to; and the one for all fits

    def train_step(self, data):
        """Learn from one batch; returns the metrics so far, by name. Override it to train in your own way."""
        x, y, sample_weight = unpack(data)
        y_pred, loss, gradients = self.differentiate(x, y, sample_weight)
        self.apply(gradients, rows=count_rows(x))
        self._loss_tracker.update_state(*replicas.whole(loss, count_rows(x)))
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
        self._loss_tracker.update_state(*replicas.whole(loss, count_rows(x)))
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
        added = list(zip([name for name, _ in added], replicas.shares([value for _, value in added], rows)))
        data_terms = [("data_loss" if len(terms) == 1 else f"{name}_loss", value) for name, value, _ in terms]
        self._term_tracker.update_state(data_terms + added, rows)
        return add_up([value * factor for _, value, factor in terms] + [value for _, value in added])

    def gradients(self, tape, loss, again=None):
        """(gradient, variable) for each trainable weight; a weight without a gradient is spoken of by name.

        `again`, a function that computes the loss anew, lets the reason be found in eager mode too. Where the optimizer
        scales the loss, these are the gradients of the scaled one, as `apply` expects them.
        """
        weights = [weight for weight in self.named_weights() if weight.trainable]
        replicas.check_readable(self.title, [weight.variable for weight in weights])
        factor = self.optimizer.output_gradients(loss)
        found = tape.gradient(loss, [weight.variable for weight in weights], output_gradients=factor)
        if self.nan_guard is not None:
            self.nan_guard.see(loss, [] if self.optimizer.skips_bad_steps else found)
        missing = [(weight.path, weight.variable) for weight, gradient in zip(weights, found) if gradient is None]
        if missing:
            report_missing(self, missing, len(missing) == len(weights), loss, again)
        return [(gradient, weight.variable) for weight, gradient in zip(weights, found) if gradient is not None]

    def apply(self, gradients, rows=None):
        """The optimizer's update from (gradient, variable) pairs of a batch of so many rows."""
        gradients, rows = self._over_replicas(gradients, rows)
        if self.nan_guard is not None:
            self.nan_guard.apply(lambda: self._update(gradients, rows))
        else:
            self._update(gradients, rows)

    def _over_replicas(self, gradients, rows):
        """The gradients summed over all replicas, and the rows of all of them."""
        if replicas.context() is None:
            return gradients, rows
        sums = replicas.total([gradient for gradient, _ in gradients])
        rows = rows if rows is None else replicas.total_rows(rows)
        return [(gradient, variable) for gradient, (_, variable) in zip(sums, gradients)], rows

    def _update(self, gradients, rows):
        if gradients and self.gradient_norms is not None:
            self.gradient_norms.apply(self.optimizer, gradients, rows)
        elif gradients:
            self.optimizer.apply_gradients(gradients, weight=rows, skip_gradients_aggregation=True)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Bring the compiled metrics up to date; returns all metrics so far, by name."""
        if y is not None:
            self.compiled_metrics.update_state(y, y_pred, sample_weight)
        return self.metric_results()

    def metric_results(self):
        """The results of all metrics, by name."""
        return results(named(self.metrics))
