"""One training step: forward, loss, gradients, apply. All of training is this, many times.

    y_pred = model(x, training=True)
    loss = compiled losses(y, y_pred) + what layers added
    gradients of the loss with respect to the trainable weights
    the optimizer's update

`fit` runs `train_step` inside one compiled loop; a model overrides it to train in its own way.
"""

import functools

import tensorflow as tf

from engine import hints, spellings
from engine.core.objective import add_up, weighted
from engine.small_parts.batch import count_rows, unpack
from losses.ground import whole
from losses.ground.autograph import value_of


class TrainingStep:
    """The steps of a model: `train_step`, `test_step`, `predict_step`, and the verbs they are made of."""

    around_step = ()  # what goes around a training step: see around.py

    def train_step(self, data: hints.Data) -> hints.Logs:
        """Learn from one batch; returns the metrics so far, by name. Override it to train in your own way."""
        x, y, sample_weight = unpack(data)
        y_pred, loss, gradients = self.step_gradients(x, y, sample_weight)
        rows = count_rows(x)
        self.apply_step(gradients, rows)
        self._loss_tracker.update_state(*whole.group.weighted(loss, rows))
        return value_of(self.compute_metrics, x, y, y_pred, sample_weight)

    def step_gradients(self, x: hints.Nest, y: hints.Nest = None, sample_weight: hints.Nest = None) -> tuple:
        """Forward and back: (y_pred, loss, [(gradient, variable), ...])."""

        def forward():
            y_pred = self(x, training=True)
            return y_pred, self._loss_of(x, y, y_pred, sample_weight, training=True)

        with tf.GradientTape() as tape:
            y_pred, loss = forward()
        return y_pred, loss, self.tape_gradients(tape, loss, again=lambda: forward()[1])

    def test_step(self, data: hints.Data) -> hints.Logs:
        """Measure one batch; returns the metrics so far, by name."""
        x, y, sample_weight = unpack(data)
        y_pred = self(x, training=False)
        loss = self._loss_of(x, y, y_pred, sample_weight, training=False)
        self._loss_tracker.update_state(*whole.group.weighted(loss, count_rows(x)))
        return value_of(self.compute_metrics, x, y, y_pred, sample_weight)

    def predict_step(self, data: hints.Data) -> hints.Nest:
        """The outputs for one batch."""
        return self(unpack(data)[0], training=False)

    def compute_loss(self, x: hints.Nest = None, y: hints.Nest = None, y_pred: hints.Nest = None,
                     sample_weight: hints.Nest = None, training: bool = True) -> tf.Tensor:  # fmt: skip
        """The scalar to minimise: the compiled losses, plus what layers added and what regularizers ask for."""
        is_compiled = self.compiled_loss is not None and y_pred is not None
        terms = self.compiled_loss.terms(y, y_pred, sample_weight) if is_compiled else []
        rows, added = count_rows(x if x is not None else y_pred), self.named_losses()
        added = list(zip([name for name, _ in added], whole.group.shares([value for _, value in added], rows)))
        data_terms = [("data_loss" if len(terms) == 1 else f"{name}_loss", value) for name, value, _ in terms]
        self._report_terms(data_terms + added, rows)
        return add_up(weighted(terms) + [value for _, value in added])

    def _loss_of(self, x, y, y_pred, sample_weight, training):
        more = {"training": training} if spellings.takes(self.compute_loss, "training") else {}
        return value_of(self.compute_loss, x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **more)

    def _report_terms(self, terms, rows):
        """What the loss is the sum of, as (name, scalar), for who wants to report it."""

    def tape_gradients(self, tape: tf.GradientTape, loss: tf.Tensor, again: hints.Function | None = None) -> list:
        """(gradient, variable) for each trainable weight that has one, as the optimizer takes them.

        `again`, a function that computes the loss anew, helps in eager mode to find out why a weight has none.
        """
        weights = [weight for weight in self.named_weights() if weight.trainable]
        find = functools.partial(self.optimizer.gradients, tape, loss, [weight.variable for weight in weights])
        for wrapper in reversed(self.around_step):
            find = functools.partial(wrapper.gradients, find, loss, weights, again)
        return [(gradient, weight.variable) for weight, gradient in zip(weights, find()) if gradient is not None]

    def apply_step(self, gradients: hints.Pairs, rows: hints.Values = None) -> None:
        """The optimizer's update from (gradient, variable) pairs of a batch of so many rows."""
        totals = [gradient for gradient, _ in gradients]
        if not whole.group.gathers(self.optimizer):  # where it gathers it takes one's own, and sums them for an update
            totals = whole.group.total(totals)
        update = self._update
        for wrapper in reversed(self.around_step):
            update = functools.partial(wrapper.apply, update)
        if gradients:
            update([(total, variable) for total, (_, variable) in zip(totals, gradients)], whole.group.rows(rows))

    def _update(self, gradients, rows):
        self.optimizer.apply_gradients(gradients, weight=rows, skip_gradients_aggregation=not whole.group.gathers(self.optimizer))

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """All metrics so far, by name, this batch included."""
        return self.get_metrics_result()

    def get_metrics_result(self) -> hints.Logs:
        """The results of all metrics, by name."""
        return {metric.name: value_of(metric.result) for metric in self.metrics}
