"""Precision and recall, at chosen thresholds or where the other one is good enough."""

import tensorflow as tf

from engine.metrics.confusion import ConfusionMetric, below_evenly


class Precision(ConfusionMetric):
    """`true_positives / (true_positives + false_positives)`: how many of the alarms were right.

    Arguments: `thresholds=None` means 0.5, a list gives a result for each; `top_k`: the k highest scores of each
    sample are positive; `class_id`: look at one class of the last axis alone.

    >>> metric = Precision()
    >>> round(float(metric([0, 1, 1, 1], [0.9, 0.8, 0.7, 0.1])), 4)
    0.6667
    """

    counted = ("true_positives", "false_positives")

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        super().__init__(thresholds, top_k, class_id, name, dtype)

    def result(self):
        return self._per_threshold(precision(self))


class Recall(ConfusionMetric):
    """`true_positives / (true_positives + false_negatives)`: how many of the positives were found.

    Arguments: as for `Precision`.

    >>> metric = Recall(thresholds=[0.05, 0.75])
    >>> [round(value, 4) for value in metric([0, 1, 1, 1], [0.9, 0.8, 0.7, 0.1]).numpy().tolist()]
    [1.0, 0.3333]
    """

    counted = ("true_positives", "false_negatives")

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        super().__init__(thresholds, top_k, class_id, name, dtype)

    def result(self):
        return self._per_threshold(sensitivity(self))


def precision(counts):
    """The share of positive predictions that are right, per threshold; 0 where there is none."""
    return tf.math.divide_no_nan(counts.true_positives, counts.true_positives + counts.false_positives)


def sensitivity(counts):
    """The share of labels 1 that are found, per threshold: another word for recall."""
    return tf.math.divide_no_nan(counts.true_positives, counts.true_positives + counts.false_negatives)


def specificity(counts):
    """The share of labels 0 that are left alone, per threshold."""
    return tf.math.divide_no_nan(counts.true_negatives, counts.true_negatives + counts.false_positives)


class _AtOperatingPoint(ConfusionMetric):
    """Base: the best value of one rate over the thresholds at which another rate is good enough."""

    def __init__(self, least, num_thresholds, class_id, name, dtype):
        for argument, value in least.items():
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{type(self).__name__} expects {argument} from 0 to 1; received {value!r}.")
            setattr(self, argument, value)
        if num_thresholds < 1:
            raise ValueError(f"{type(self).__name__} expects num_thresholds of 1 or more; received {num_thresholds!r}.")
        self.num_thresholds = num_thresholds
        super().__init__(class_id=class_id, name=name, dtype=dtype)

    def _checked(self, thresholds, default):
        steps = self.num_thresholds - 1
        return [0.0, *self._evenly(steps), 1.0] if steps else [0.5]

    def _bins(self, y_pred):
        return below_evenly(y_pred, self.num_thresholds) if self.num_thresholds > 1 else super()._bins(y_pred)

    def _best(self, values, where):
        return tf.reduce_max(tf.where(where, values, 0.0))


class SensitivityAtSpecificity(_AtOperatingPoint):
    """The highest sensitivity among `num_thresholds` thresholds whose specificity is at least `specificity`.

    For a test that must not alarm in vain. `num_thresholds=200` sets how finely thresholds are tried.

    >>> metric = SensitivityAtSpecificity(0.5)
    >>> float(metric([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    def __init__(self, specificity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__({"specificity": specificity}, num_thresholds, class_id, name, dtype)

    def result(self):
        return self._best(sensitivity(self), specificity(self) >= self.specificity)


class SpecificityAtSensitivity(_AtOperatingPoint):
    """The highest specificity among `num_thresholds` thresholds whose sensitivity is at least `sensitivity`.

    For a test that must not miss. `num_thresholds=200` sets how finely thresholds are tried.

    >>> metric = SpecificityAtSensitivity(0.5)
    >>> round(float(metric([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])), 4)
    0.6667
    """

    def __init__(self, sensitivity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__({"sensitivity": sensitivity}, num_thresholds, class_id, name, dtype)

    def result(self):
        return self._best(specificity(self), sensitivity(self) >= self.sensitivity)


class PrecisionAtRecall(_AtOperatingPoint):
    """The highest precision among `num_thresholds` thresholds whose recall is at least `recall`.

    >>> metric = PrecisionAtRecall(0.5)
    >>> float(metric([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    def __init__(self, recall, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__({"recall": recall}, num_thresholds, class_id, name, dtype)

    def result(self):
        return self._best(precision(self), sensitivity(self) >= self.recall)


class RecallAtPrecision(_AtOperatingPoint):
    """The highest recall among `num_thresholds` thresholds whose precision is at least `precision`.

    >>> metric = RecallAtPrecision(0.5)
    >>> float(metric([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]))
    1.0
    """

    def __init__(self, precision, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__({"precision": precision}, num_thresholds, class_id, name, dtype)

    def result(self):
        return self._best(sensitivity(self), precision(self) >= self.precision)
