"""True and false, positives and negatives, at one or many thresholds: what precision, recall and AUC are made of.

    prediction > threshold    label 1 → true positive     label 0 → false positive
    otherwise                 label 1 → false negative    label 0 → true negative

Comparing each prediction with each of 200 thresholds would cost 200 × predictions. It is
enough to know how many thresholds lie below a prediction: add its weight to that bin, and
sum the bins from above (positives) and from below (negatives).
"""

import numpy as np
import tensorflow as tf

from engine.core.metric import Metric
from engine.small_parts.account import spend
from losses.ground.configurable import serialize
from losses.ground.shapes import agree
from losses.reduction import weigh

COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")

_THRESHOLD = 50  # bytes that one takes, as a number in a list and in the counts


def below(y_pred, thresholds):
    """How many of a few `thresholds` lie below each prediction.  (...) → (...)

    >>> below(tf.constant([0.2, 0.5, 0.9]), [0.1, 0.5]).numpy().tolist()
    [1, 1, 2]
    """
    return tf.reduce_sum(tf.cast(y_pred[..., None] > tf.constant(thresholds, y_pred.dtype), tf.int32), axis=-1)


def below_evenly(y_pred, num_thresholds, least=0):
    """The same for the `num_thresholds` at 0 ... 1 in even steps, without comparing; at least `least`.  (...) → (...)

    >>> below_evenly(tf.constant([0.0, 0.4, 0.5, 1.0]), 3).numpy().tolist()
    [0, 1, 1, 2]
    """
    steps = num_thresholds - 1
    return tf.clip_by_value(tf.cast(tf.math.ceil(y_pred * steps), tf.int32), least, steps)


def tally(cells, weights, num_cells):
    """The sum of the weights that fall into each cell 0 ... num_cells - 1; higher cells are left out.  → (num_cells,)

    >>> tally(tf.constant([0, 2, 2, 3]), tf.constant([1.0, 2.0, 3.0, 4.0]), 3).numpy().tolist()
    [1.0, 0.0, 5.0]
    """
    precise = tf.float64 if weights.dtype == tf.float64 else tf.float32  # half precision could not count beyond 2048
    sums = tf.raw_ops.DenseBincount(
        input=tf.reshape(cells, [-1]), size=num_cells, weights=tf.reshape(tf.cast(weights, precise), [-1])
    )
    return tf.cast(sums, weights.dtype)


def count(y_true, bins, weights, num_thresholds):
    """The four weighted counts at each threshold, as a dict of tensors, keys as in `COUNTS`.

    Shapes: y_true (False or True), bins (how many thresholds lie below the prediction) and weights `(P, L)`, L labels
    one by one → `(num_thresholds, L)` each.

    >>> counts = count(tf.constant([[True], [False]]), tf.constant([[2], [1]]), tf.ones([2, 1]), num_thresholds=2)
    >>> counts["true_positives"].numpy().tolist(), counts["false_positives"].numpy().tolist()
    ([[1.0], [1.0]], [[1.0], [0.0]])
    """
    num_bins, num_labels = num_thresholds + 1, bins.shape[1]
    cells = 2 * (bins * num_labels + tf.range(num_labels)) + tf.cast(y_true, tf.int32)
    sums = tf.reshape(tally(cells, weights, num_bins * num_labels * 2), [num_bins, num_labels, 2])
    positives = tf.cumsum(sums, axis=0, reverse=True)[1:]
    negatives = tf.cumsum(sums, axis=0)[:-1]
    return dict(zip(COUNTS, (positives[..., 1], positives[..., 0], negatives[..., 0], negatives[..., 1])))


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

    _direction = "up"
    counted = COUNTS

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.init_thresholds = thresholds
        self.thresholds = self._checked(thresholds, 0.5 if top_k is None else -float("inf"))
        self.top_k = top_k
        self.class_id = class_id
        for kind in self.counted:
            setattr(self, kind, self.add_weight(name=kind, shape=(len(self.thresholds),)))

    def _evenly(self, steps):
        """The inner ones of the thresholds in so many even steps from 0 to 1."""
        spend(f"the thresholds of {type(self).__name__}", memory=_THRESHOLD * steps)
        return [i / steps for i in range(1, steps)]

    def _checked(self, thresholds, default):
        if thresholds is None:
            return [default]
        values = [float(value) for value in np.ravel(thresholds)]
        if not values or not all(0.0 <= value <= 1.0 for value in values):
            raise ValueError(
                f"{type(self).__name__} expects thresholds from 0 to 1; received {thresholds!r}. "
                "Give predictions as probabilities, and thresholds for them."
            )
        return values

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count one batch: y_true (0 or 1) and y_pred `(N, ...)`, sample_weight their leading axes."""
        y_true, y_pred, weights = self._prepare(y_true, y_pred, sample_weight)
        columns = [tf.reshape(tensor, [-1, 1]) for tensor in (y_true, self._bins(y_pred), weights)]
        counts = count(*columns, len(self.thresholds))
        in_order = sorted(self.thresholds)
        for kind in self.counted:
            found = counts[kind][:, 0]
            if in_order != self.thresholds:  # back into the order that the thresholds were given in
                found = tf.gather(found, [in_order.index(threshold) for threshold in self.thresholds])
            getattr(self, kind).assign_add(found)

    def _bins(self, y_pred):
        """How many thresholds lie below each prediction."""
        return below(y_pred, self.thresholds)

    def _prepare(self, y_true, y_pred, sample_weight):
        """Labels as booleans, predictions and weights, all of one shape."""
        owner = f"{type(self).__name__} {self.name!r}"
        y_true, y_pred = agree(owner, y_true, tf.cast(y_pred, self.dtype))
        values, weights = weigh(owner, y_pred, sample_weight=sample_weight)
        weights = tf.ones_like(values) if weights is None else weights * tf.ones_like(values)
        weights = tf.reshape(weights, tf.shape(y_pred))  # those of steps fit predictions (N, T, 1) without the last axis
        if self.top_k is not None:
            y_pred = keep_top_k(y_pred, self.top_k)
        y_true = y_true != 0.0
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
        return {**config, "thresholds": serialize(self.init_thresholds)} if "thresholds" in config else config


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

    _direction = "down"
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

    _direction = "down"
    counted = ("false_negatives",)
