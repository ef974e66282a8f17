"""The means of all terms of the loss, kept in one vector so that many terms cost one update."""

import tensorflow as tf

from engine.metrics.base import Metric


class LossTerms(Metric):
    """A Metric over named terms: `result()` is {name: mean weighted by rows}, and the means add up to the loss."""

    def __init__(self, name="loss_terms"):
        super().__init__(name)
        self.names = []
        self.totals = None

    def update_state(self, terms, rows):
        """Take in one batch: a list of (name, scalar), and the batch's number of rows."""
        if [name for name, _ in terms] != self.names:
            self.names = [name for name, _ in terms]
            self.totals = self.add_weight(name="totals", shape=(len(terms),))
            self.rows = self.add_weight(name="rows")
        rows = tf.cast(rows, self.dtype)
        self.totals.assign_add(tf.stack([tf.cast(value, self.dtype) for _, value in terms]) * rows)
        self.rows.assign_add(rows)

    def result(self):
        if self.totals is None:
            return {}
        means = tf.math.divide_no_nan(self.totals.read_value(), self.rows.read_value())
        return dict(zip(self.names, tf.unstack(means)))
