"""The means of all terms of the loss, kept in one vector so that many terms cost one update."""

import tensorflow as tf

from engine.core.metric import Metric
from losses.ground import whole


class LossTerms(Metric):
    """A Metric over named terms: `result()` is {name: mean weighted by rows}, and the means, times their loss_weights, add up to the loss."""

    def __init__(self, name="loss_terms"):
        super().__init__(name)
        self.names = []  # of the terms taken in last: training may have terms that evaluation has not
        self.known = []  # each list of names that came so far; its place is that of its state below
        self.totals, self.rows = [], []  # the sums of the terms, and the number of rows

    def update_state(self, terms, rows):
        """Take in one batch: a list of (name, scalar), and the batch's number of rows."""
        self.names = [name for name, _ in terms] if len(terms) > 1 else []  # one term alone is the loss
        if not self.names:
            return
        if self.names not in self.known:
            self.known.append(self.names)
            self.totals.append(self.add_weight(name="totals", shape=(len(terms),)))
            self.rows.append(self.add_weight(name="rows"))
        place = self.known.index(self.names)
        values, rows = whole.group.weighted(tf.stack([tf.cast(value, self.dtype) for _, value in terms]), rows)
        rows = tf.cast(rows, self.dtype)
        self.totals[place].assign_add(values * rows)
        self.rows[place].assign_add(rows)

    def result(self):
        if self.names not in self.known:
            return {}
        place = self.known.index(self.names)
        means = tf.math.divide_no_nan(self.totals[place].read_value(), self.rows[place].read_value())
        return dict(zip(self.names, tf.unstack(means)))
