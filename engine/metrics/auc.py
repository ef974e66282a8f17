"""Area under a curve of two rates, drawn over all thresholds: how well scores rank, whatever the threshold."""

import tensorflow as tf

from engine.metrics.confusion import COUNTS, ConfusionMetric, below_evenly, count
from losses.ground.numerics import EPSILON

CURVES = ("ROC", "PR", "PRGAIN")
SUMMATIONS = {
    "interpolation": lambda left, right: (left + right) / 2.0,
    "minoring": tf.minimum,
    "majoring": tf.maximum,
}


class AUC(ConfusionMetric):
    """The area under a curve: 1 if every positive scores above every negative, ½ (ROC) for scores by chance.

        "ROC"      y = tp / (tp + fn)   over x = fp / (fp + tn)
        "PR"       y = tp / (tp + fp)   over x = tp / (tp + fn)
        "PRGAIN"   y = 1 - odds · fp/tp over x = max(1 - odds · fn/tp, 0),  odds = (tp + fn) / (fp + tn)

    Arguments: `num_thresholds=200` points of the curve, or the inner ones as `thresholds`; `curve`;
    `summation_method`: between two points the area is that of their mean height ("interpolation"; for PR the
    exact integral), the lower ("minoring") or the higher ("majoring"); `multi_label`: an area for each column of
    `(N, num_labels)`, averaged with `label_weights`; `from_logits`: predictions are put through a sigmoid.
    State: four counts `(num_thresholds,)`, or `(num_thresholds, num_labels)`.
    Sources: Davis and Goadrich 2006 (PR), Flach and Kull 2015 (PRGAIN).

    >>> metric = AUC(num_thresholds=3)
    >>> float(metric([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]))
    0.75
    """

    def __init__(self, num_thresholds=200, curve="ROC", summation_method="interpolation", name=None, dtype=None,
                 thresholds=None, multi_label=False, num_labels=None, label_weights=None, from_logits=False):
        self.num_thresholds = num_thresholds
        self.curve = self._one_of("curve", curve, CURVES)
        self.summation_method = self._one_of("summation_method", summation_method, tuple(SUMMATIONS))
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else [float(weight) for weight in label_weights]
        self.from_logits = from_logits
        self.counted = ()  # made below, or at the first batch
        super().__init__(thresholds, name=name, dtype=dtype)
        self.num_thresholds = len(self.thresholds)
        if not multi_label:
            self._build(())
        elif num_labels:
            self._build((num_labels,))

    def _one_of(self, argument, value, allowed):
        for choice in allowed:
            if str(value).lower() == choice.lower():
                return choice
        raise ValueError(f"AUC expects {argument} to be one of {allowed}; received {value!r}.")

    def _checked(self, thresholds, default):
        if thresholds is not None:
            inner = sorted(super()._checked(thresholds, default))
        elif self.num_thresholds > 1:
            inner = self._evenly(self.num_thresholds - 1)
        else:
            raise ValueError(f"AUC expects num_thresholds of 2 or more; received {self.num_thresholds!r}.")
        return [-EPSILON, *inner, 1.0 + EPSILON]  # ends of the curve: all predictions are positive, none is

    def _build(self, label_shape):
        if self.multi_label and self.label_weights and len(self.label_weights) != label_shape[0]:
            raise ValueError(
                f"AUC expects a label weight for each of the {label_shape[0]} labels; received {self.label_weights}."
            )
        self.counted = COUNTS
        for name in COUNTS:
            setattr(self, name, self.add_weight(name=name, shape=(self.num_thresholds, *label_shape)))

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count one batch: y_true (0 or 1) and y_pred `(N, ...)`, sample_weight their leading axes."""
        y_true, y_pred, weights = self._prepare(y_true, y_pred, sample_weight)
        bins = self._bins(tf.sigmoid(y_pred) if self.from_logits else y_pred)
        if not self.multi_label:
            if self.label_weights is not None:
                weights *= tf.constant(self.label_weights, weights.dtype)
            columns = [tf.reshape(tensor, [-1, 1]) for tensor in (y_true, bins, weights)]
            counts = {kind: found[:, 0] for kind, found in count(*columns, self.num_thresholds).items()}
        else:
            if y_pred.shape.rank != 2:
                raise ValueError(
                    f"AUC with multi_label=True expects y_pred of shape (batch, labels); received {y_pred.shape}."
                )
            if not self.counted:
                self._build((y_pred.shape[1],))
            counts = count(y_true, bins, weights, self.num_thresholds)
        for name in COUNTS:
            getattr(self, name).assign_add(counts[name])

    def result(self):
        if not self.counted:
            return tf.zeros([], self.dtype)
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = self._exact_area_under_precision()
        else:
            x, y = self._points()
            areas = tf.reduce_sum((x[:-1] - x[1:]) * SUMMATIONS[self.summation_method](y[:-1], y[1:]), axis=0)
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return tf.reduce_mean(areas)
        weights = tf.constant(self.label_weights, areas.dtype)
        return tf.math.divide_no_nan(tf.reduce_sum(areas * weights), tf.reduce_sum(weights))

    def _bins(self, y_pred):
        if self.init_thresholds is None:  # the first threshold lies below every prediction
            return below_evenly(y_pred, self.num_thresholds, least=1)
        return super()._bins(y_pred)

    def _points(self):
        """`x, y` of the curve at each threshold, x falling."""
        tp, fp, tn, fn = (getattr(self, name).read_value() for name in COUNTS)
        share = tf.math.divide_no_nan
        if self.curve == "ROC":
            return share(fp, fp + tn), share(tp, tp + fn)
        if self.curve == "PR":
            return share(tp, tp + fn), share(tp, tp + fp)
        odds = share(tp + fn, fp + tn)
        return tf.maximum(share(tp - odds * fn, tp), 0.0), 1.0 - odds * share(fp, tp)  # without any hit: (0, 1)

    def _exact_area_under_precision(self):
        """The integral of `tp / p` over recall, `p = tp + fp`, while tp goes along a straight line between two points.

        On `tp = slope · p + start` it is `slope · (Δtp + start · log(p / p'))`, divided by all positives. Precision
        itself does not go along a straight line, so the mean of two heights would promise too much.
        """
        tp, fp, fn = (getattr(self, name).read_value() for name in ("true_positives", "false_positives", "false_negatives"))
        p = tp + fp
        high, low = p[:-1], p[1:]
        gained = tp[:-1] - tp[1:]
        slope = tf.math.divide_no_nan(gained, high - low)
        start = tp[1:] - slope * low
        ratio = tf.where((high > 0.0) & (low > 0.0), tf.math.divide_no_nan(high, low), 1.0)
        areas = slope * (gained + start * tf.math.log(ratio))
        return tf.reduce_sum(tf.math.divide_no_nan(areas, tp[1:] + fn[1:]), axis=0)

    def get_config(self):
        """The constructor's arguments; `thresholds`, the inner ones, only where they were given."""
        config = super().get_config()
        del config["thresholds"]
        return config if self.init_thresholds is None else {**config, "thresholds": self.thresholds[1:-1]}
