"""What `compile` was told to minimise and to report: losses and metrics, one set per output."""

import tensorflow as tf

import losses as loss_library
from engine import metrics as metric_library
from engine.core import tracking
from engine.metrics.by_shape import for_shapes
from engine.metrics.mean import MeanMetricWrapper
from losses import whole
from losses.base import FunctionLoss, Loss
from losses.labels import check_labels

# Names whose metric depends on the shapes of labels and predictions.
_BY_SHAPE = ("accuracy", "acc", "crossentropy", "ce")


class CompiledLoss:
    """The losses of all outputs: `(y, y_pred, sample_weight)` → named terms, each with its weight in the sum.

    `loss` and `loss_weights` are one item for one output, or a list or dict with one for each; `names_of` gives the
    outputs' names; `tracker` is the mean of the total, for steps that call this object.
    """

    def __init__(self, loss, loss_weights, names_of, tracker):
        self.loss = loss
        self.loss_weights = loss_weights
        self.names_of = names_of
        self.tracker = tracker
        self.functions = None  # one Loss per output, made when the outputs are first seen
        self.class_counts = {}  # number of classes by output, where labels are class numbers

    def terms(self, y, y_pred, sample_weight):
        """The loss of each output that has one, as a list of (name, scalar, factor): the total has scalar · factor."""
        outputs, names = tf.nest.flatten(y_pred), self.names_of(y_pred)
        if self.functions is None:
            self.functions = [as_loss(item) for item in spread("loss", self.loss, y_pred, names)]
        factors = spread("loss_weights", self.loss_weights, y_pred, names)
        labels = spread("y", y, y_pred, names)
        weights = spread("sample_weight", sample_weight, y_pred, names, share=True)
        terms = []
        for index, function in enumerate(self.functions):
            if function is None:
                continue
            if labels[index] is None:
                raise ValueError(f"Output {names[index]!r} has a loss and no labels. Pass y, or compile with loss=None.")
            self._note_classes(index, function, outputs[index])
            value = function(labels[index], outputs[index], sample_weight=weights[index])
            value = tf.reduce_sum(value) if value.shape.rank != 0 else value
            terms.append((names[index], value, 1.0 if factors[index] is None else tf.cast(factors[index], value.dtype)))
        return terms

    def _note_classes(self, index, function, y_pred):
        by_name = getattr(function, "fn", None) is loss_library.sparse_categorical_crossentropy
        if by_name or isinstance(function, loss_library.SparseCategoricalCrossentropy) and function.ignore_class is None:
            self.class_counts[index] = y_pred.shape[-1 if by_name else function.axis]

    def check_labels(self, y):
        """Refuse class numbers out of range, where `y` is in memory and the number of classes is known."""
        labels = tf.nest.flatten(y)
        for index, num_classes in self.class_counts.items():
            if num_classes is not None and index < len(labels):
                check_labels(labels[index], num_classes)

    def __call__(self, y_true, y_pred, sample_weight=None, regularization_losses=None):
        """The total loss, as training steps written for TensorFlow 2 ask for it; it is reported as `loss`."""
        values = weighted(self.terms(y_true, y_pred, sample_weight))
        rows = tf.shape(tf.nest.flatten(y_pred)[0])[0]
        total = add_up([*values, *whole.group.shares(regularization_losses or [], rows)])
        self.tracker.update_state(*whole.group.weighted(total, rows))
        return total


class CompiledMetrics(tracking.Tracked):
    """The metrics of all outputs, made when labels and predictions are first seen.

    `metrics` and `weighted_metrics` are a list for one output, or a list or dict of lists for many; only the
    weighted ones see sample weights. Until the metrics are made, this object stands for them in `model.metrics`:
    a training step that updates each of those updates all.
    """

    name = "compile_metrics"
    _keeps = "metric"

    def __init__(self, metrics, weighted_metrics, names_of):
        self.metrics = [self] if any(tf.nest.flatten((metrics, weighted_metrics))) else []  # first: paths of state go by it
        self.given = (metrics, weighted_metrics)
        self.names_of = names_of
        self.by_output = None  # per output: list of (metric, weighted)

    def result(self):
        """The results by name."""
        return {} if self.by_output is None else {metric.name: metric.result() for metric in self.metrics}

    def reset_state(self):
        """Start all metrics anew."""
        for metric in self.metrics if self.by_output is not None else tf.nest.flatten(self.given):
            if isinstance(metric, metric_library.Metric):
                metric.reset_state()

    @property
    def variables(self):
        """The state of the metrics."""
        return [] if self.by_output is None else [variable for metric in self.metrics for variable in metric.variables]

    def update_state(self, y, y_pred, sample_weight=None):
        """Take in one batch."""
        outputs, names = tf.nest.flatten(y_pred), self.names_of(y_pred)
        labels = spread("y", y, y_pred, names)
        weights = spread("sample_weight", sample_weight, y_pred, names, share=True)
        if self.by_output is None:
            self._make(labels, y_pred, names)
        for y_true, output, weight, metrics in zip(labels, outputs, weights, self.by_output):
            if y_true is None:
                continue
            for metric, weighted in metrics:
                if weighted:
                    metric.update_state(y_true, output, sample_weight=weight)
                else:
                    metric.update_state(y_true, output)

    def _make(self, labels, y_pred, names):
        outputs = tf.nest.flatten(y_pred)
        self.by_output = [[] for _ in outputs]
        for weighted, given in zip((False, True), self.given):
            for index, items in enumerate(_metrics_per_output(given, y_pred, names)):
                prefix = f"{names[index]}_" if len(outputs) > 1 else ""
                for item in items:
                    if labels[index] is None and isinstance(item, str):
                        continue
                    metric = as_metric(item, labels[index], outputs[index])
                    if weighted and any(metric.name == other.name.removeprefix(prefix) for other, _ in self.by_output[index]):
                        metric.name = f"weighted_{metric.name}"
                    if not metric.name.startswith(prefix):  # one of an earlier compile has its prefix
                        metric.name = prefix + metric.name
                    self.by_output[index].append((metric, weighted))
        self.metrics = [metric for metrics in self.by_output for metric, _ in metrics]


def as_loss(item):
    """A Loss from what `compile` takes: a name, a Loss, a function of (y_true, y_pred)."""
    found = loss_library.get(item)
    if found is None or isinstance(found, Loss):
        return found
    return FunctionLoss(found)


def as_metric(item, y_true, y_pred):
    """A Metric from what `compile` takes: a name (which it keeps), a Metric, a function of (y_true, y_pred)."""
    if isinstance(item, metric_library.Metric):
        return item
    found = for_shapes(item, y_true, y_pred) if item in _BY_SHAPE else metric_library.get(item)
    if not isinstance(found, metric_library.Metric):
        found = MeanMetricWrapper(found, name=getattr(found, "name", None) or getattr(found, "__name__", None))
    if isinstance(item, str):
        found.name = item
    return found


def spread(what, given, y_pred, names, share=False):
    """`given` as a flat list, one item per output. `share`: a single item is for every output."""
    count = len(names)
    if given is None:
        return [None] * count
    if isinstance(given, dict):
        unknown = [key for key in given if key not in names]
        if unknown:
            raise ValueError(f"`{what}` names {unknown}, which are not outputs. The outputs are {names}.")
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)) and (count > 1 or len(given) == 1):
        if len(given) != count:
            raise ValueError(f"`{what}` has {len(given)} items for {count} outputs {names}. Give one for each, or a dict.")
        return list(given)
    if count > 1 and not share:
        if what != "loss":
            raise ValueError(f"The model has {count} outputs {names}: give `{what}` as a list or dict with one for each.")
        return [given] * count
    return [given] * count


def _metrics_per_output(given, y_pred, names):
    if given is None:
        return [[] for _ in names]
    if isinstance(given, dict):
        per_output = spread("metrics", given, y_pred, names)
    elif len(names) == 1 or not isinstance(given, (list, tuple)):
        per_output = [given] if len(names) == 1 else [given] * len(names)
    else:
        per_output = spread("metrics", given, y_pred, names)
    return [[] if item is None else list(tf.nest.flatten([item])) for item in per_output]


def weighted(terms):
    """The scalars of (name, scalar, factor), each times its factor."""
    return [value if isinstance(factor, float) else value * factor for _, value, factor in terms]


def add_up(values):
    """The sum of scalars, in the widest dtype among them."""
    if not values:
        raise ValueError(
            "There is nothing to minimise: no compiled loss, no add_loss, no regularizer. "
            "Pass `loss=` to compile(), or call self.add_loss(...) in a layer."
        )
    widest = max((value.dtype for value in values), key=lambda dtype: dtype.size)
    return tf.add_n([tf.cast(value if value.shape.rank == 0 else tf.reduce_sum(value), widest) for value in values])
