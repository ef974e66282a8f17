"""The means of all terms of the loss, kept in one vector so that many terms cost one update."""

import tensorflow as tf

from engine.metrics.base import Metric
from losses import whole


class LossTerms(Metric):
    """A Metric over named terms: `result()` is {name: mean weighted by rows}, and the means, times their loss_weights, add up to the loss."""

    def __init__(self, name="loss_terms"):
        super().__init__(name)
        self.names = []  # of the terms taken in last: training may have terms that evaluation has not
        self.states = {}  # their sums and the number of rows, by the names of the terms

    def update_state(self, terms, rows):
        """Take in one batch: a list of (name, scalar), and the batch's number of rows."""
        self.names = [name for name, _ in terms] if len(terms) > 1 else []  # one term alone is the loss
        if not self.names:
            return
        if tuple(self.names) not in self.states:
            totals = self.add_weight(name="totals", shape=(len(terms),))
            self.states[tuple(self.names)] = (totals, self.add_weight(name="rows"))
        totals, total_rows = self.states[tuple(self.names)]
        values, rows = whole.group.weighted(tf.stack([tf.cast(value, self.dtype) for _, value in terms]), rows)
        rows = tf.cast(rows, self.dtype)
        totals.assign_add(values * rows)
        total_rows.assign_add(rows)

    def result(self):
        if tuple(self.names) not in self.states:
            return {}
        totals, rows = self.states[tuple(self.names)]
        means = tf.math.divide_no_nan(totals.read_value(), rows.read_value())
        return dict(zip(self.names, tf.unstack(means)))
