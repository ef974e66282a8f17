"""True and false, positives and negatives, at one or many thresholds: what precision, recall and AUC are made of.

    prediction > threshold    label 1 → true positive     label 0 → false positive
    otherwise                 label 1 → false negative    label 0 → true negative

Comparing each prediction with each of 200 thresholds would cost 200 × predictions. Sorted
thresholds need less: look up how many lie below a prediction, add its weight to that bin,
and sum the bins from above (positives) and from below (negatives).
"""

import tensorflow as tf

from engine.metrics.base import Metric
from losses.reduction import weigh
from losses.shapes import agree

COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


def count(y_true, y_pred, weights, thresholds):
    """The four weighted counts at each of the sorted `thresholds`, as a dict of tensors, keys as in `COUNTS`.

    Shapes: y_true (0 or 1), y_pred, weights `(P, L)`, thresholds a list of T → `(T, L)` each: L labels, one by one.

    >>> counts = count(tf.constant([[1.0], [0.0]]), tf.constant([[0.7], [0.2]]), tf.ones([2, 1]), [0.1, 0.5])
    >>> counts["true_positives"].numpy().tolist(), counts["false_positives"].numpy().tolist()
    ([[1.0], [1.0]], [[1.0], [0.0]])
    """
    num_bins, num_labels = len(thresholds) + 1, tf.shape(y_pred)[1]
    below = tf.searchsorted(tf.constant(thresholds, y_pred.dtype), tf.reshape(y_pred, [-1]))
    bins = tf.reshape(below, tf.shape(y_pred)) * num_labels + tf.range(num_labels)  # (P, L)
    amounts = tf.stack([weights * y_true, weights * (1.0 - y_true)], axis=-1)  # (P, L, 2)
    sums = tf.math.unsorted_segment_sum(
        tf.reshape(amounts, [-1, 2]), tf.reshape(bins, [-1]), num_segments=num_bins * num_labels
    )
    sums = tf.reshape(sums, [num_bins, num_labels, 2])
    positives = tf.cumsum(sums, axis=0, reverse=True)[1:]
    negatives = tf.cumsum(sums, axis=0)[:-1]
    return dict(zip(COUNTS, (positives[..., 0], positives[..., 1], negatives[..., 1], negatives[..., 0])))


def keep_top_k(y_pred, k):
    """`y_pred` with -∞ everywhere but at the `k` highest of the last axis.

    >>> keep_top_k(tf.constant([[0.5, 0.2, 0.3]]), 2).numpy().tolist()
    [[0.5, -inf, 0.30000001192092896]]
    """
    best = tf.math.top_k(y_pred, k, sorted=False).indices
    kept = tf.reduce_any(tf.one_hot(best, tf.shape(y_pred)[-1], True, False, dtype=tf.bool), axis=-2)
    return tf.where(kept, y_pred, -float("inf"))


class ConfusionMetric(Metric):
    """Base: keeps those of the four counts that a subclass names in `counted`, at `thresholds`.

    Arguments: `thresholds` a number, a list, or None (0.5, and with `top_k` any score counts); `top_k`: only the k
    highest scores of the last axis are positive; `class_id`: look at this index of the last axis alone.
    """

    counted = COUNTS

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.init_thresholds = thresholds
        self.thresholds = self._checked(thresholds, 0.5 if top_k is None else -float("inf"))
        self.top_k = top_k
        self.class_id = class_id
        for kind in self.counted:
            setattr(self, kind, self.add_weight(name=kind, shape=(len(self.thresholds),)))

    def _checked(self, thresholds, default):
        if thresholds is None:
            return [default]
        values = [float(value) for value in (thresholds if isinstance(thresholds, (list, tuple)) else [thresholds])]
        if not values or not all(0.0 <= value <= 1.0 for value in values):
            raise ValueError(
                f"{type(self).__name__} expects thresholds from 0 to 1; received {thresholds!r}. "
                "Give predictions as probabilities, and thresholds for them."
            )
        return values

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count one batch: y_true (0 or 1) and y_pred `(N, ...)`, sample_weight their leading axes."""
        y_true, y_pred, weights = self._prepare(y_true, y_pred, sample_weight)
        columns = [tf.reshape(tensor, [-1, 1]) for tensor in (y_true, y_pred, weights)]
        order = sorted(range(len(self.thresholds)), key=self.thresholds.__getitem__)
        counts = count(*columns, [self.thresholds[i] for i in order])
        for name in self.counted:
            found = counts[name][:, 0]
            if order != sorted(order):  # back into the order that the thresholds were given in
                found = tf.gather(found, [order.index(i) for i in range(len(order))])
            getattr(self, name).assign_add(found)

    def _prepare(self, y_true, y_pred, sample_weight):
        """Labels as 0 or 1, predictions and weights, all of one shape."""
        owner = f"{type(self).__name__} {self.name!r}"
        y_true, y_pred = agree(owner, y_true, tf.cast(y_pred, self.dtype))
        _, weights = weigh(owner, y_pred, sample_weight=sample_weight)
        weights = tf.ones_like(y_pred) if weights is None else weights * tf.ones_like(y_pred)
        if self.top_k is not None:
            y_pred = keep_top_k(y_pred, self.top_k)
        y_true = tf.cast(y_true != 0.0, self.dtype)
        if self.class_id is None:
            return y_true, y_pred, weights
        if not 0 <= self.class_id < (y_pred.shape[-1] or self.class_id + 1):
            raise ValueError(
                f"{owner} looks at class_id={self.class_id}, so it expects y_pred to have more than {self.class_id} "
                f"classes; received shape {y_pred.shape}. Classes are numbered from 0."
            )
        return tuple(tensor[..., self.class_id] for tensor in (y_true, y_pred, weights))

    def _per_threshold(self, values):
        """A list of results for several thresholds, a scalar for one."""
        return values[0] if len(self.thresholds) == 1 else values

    def get_config(self):
        """The constructor's arguments; the thresholds as they were given."""
        config = super().get_config()
        return {**config, "thresholds": self.init_thresholds} if "thresholds" in config else config


class _Count(ConfusionMetric):
    def __init__(self, thresholds=None, name=None, dtype=None):
        super().__init__(thresholds, name=name, dtype=dtype)

    def result(self):
        return self._per_threshold(getattr(self, self.counted[0]).read_value())


class TruePositives(_Count):
    """The weight of samples with label 1 and a prediction above the threshold (default 0.5).

    >>> metric = TruePositives()
    >>> float(metric([0, 1, 1, 1], [0.9, 0.8, 0.7, 0.1]))
    2.0
    """

    counted = ("true_positives",)


class FalsePositives(_Count):
    """The weight of samples with label 0 and a prediction above the threshold (default 0.5): false alarms.

    >>> metric = FalsePositives()
    >>> float(metric([0, 1, 1, 1], [0.9, 0.8, 0.7, 0.1]))
    1.0
    """

    counted = ("false_positives",)


class TrueNegatives(_Count):
    """The weight of samples with label 0 and a prediction not above the threshold (default 0.5).

    >>> metric = TrueNegatives(thresholds=[0.5, 0.95])
    >>> metric([0, 1, 1, 1], [0.9, 0.8, 0.7, 0.1]).numpy().tolist()
    [0.0, 1.0]
    """

    counted = ("true_negatives",)


class FalseNegatives(_Count):
    """The weight of samples with label 1 and a prediction not above the threshold (default 0.5): misses.

    >>> metric = FalseNegatives()
    >>> float(metric([0, 1, 1, 1], [0.9, 0.8, 0.7, 0.1]))
    1.0
    """

    counted = ("false_negatives",)
