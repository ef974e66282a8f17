"""What `compile` was told to report: metrics, one set per output."""

import tensorflow as tf

from engine import metrics as metric_library
from engine.core import tracking
from engine.metrics.by_shape import for_shapes
from engine.metrics.mean import MeanMetricWrapper
from losses.ground.autograph import traceable, value_of
from losses.ground.configurable import remake
from losses.ground.nests import follow
from losses.ground.outputs import numbered, spread

# Names whose metric depends on the shapes of labels and predictions.
_BY_SHAPE = ("accuracy", "acc", "crossentropy", "ce")


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
        self.names = None  # of the outputs
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
        outputs, self.names = tf.nest.flatten(y_pred), self.names_of(y_pred)
        names = self.names
        labels = spread("y", y, y_pred, names)
        weights = spread("sample_weight", sample_weight, y_pred, names, share=True)
        if self.by_output is None:
            self._make(labels, y_pred, names)
        for y_true, output, weight, metrics in zip(labels, outputs, weights, self.by_output):
            if y_true is None:
                continue
            for metric, weighted in metrics:
                if weighted:
                    traceable(metric.update_state, y_true, output, sample_weight=weight)
                else:
                    traceable(metric.update_state, y_true, output)

    def _make(self, labels, y_pred, names):
        outputs = tf.nest.flatten(y_pred)
        by_output = [[] for _ in outputs]
        for weighted, given in zip((False, True), self.given):
            for index, items in enumerate(_metrics_per_output(given, y_pred, names)):
                prefix = f"{names[index]}_" if len(outputs) > 1 and names.own else ""
                for item in items:
                    if labels[index] is None and isinstance(item, str):
                        continue
                    metric = as_metric(item, labels[index], outputs[index])
                    if weighted and any(metric.name == other.name.removeprefix(prefix) for other, _ in by_output[index]):
                        metric.name = f"weighted_{metric.name}"
                    if not metric.name.startswith(prefix):  # one of an earlier compile has its prefix
                        metric.name = prefix + metric.name
                    by_output[index].append((metric, weighted))
        self.by_output, self.metrics = by_output, [metric for metrics in by_output for metric, _ in metrics]


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


def _metrics_per_output(given, y_pred, names):
    if given is None:
        return [[] for _ in names]
    if not isinstance(given, dict) and (len(names) == 1 or _is_for_all(given, y_pred, names)):
        given = tf.nest.flatten([given])
        return [given, *([_another(item, names) for item in given] for _ in names[1:])]
    per_output = spread("metrics", given, y_pred, names, share=True)
    return [[] if item is None else list(tf.nest.flatten([item])) for item in per_output]


def _is_for_all(given, y_pred, names):
    """Whether each output is to have all of it: one item, or a list of items that are not one for each output."""
    if not isinstance(given, (list, tuple)):
        return True
    flat = not any(item is None or isinstance(item, (list, tuple, dict)) for item in given)
    return flat and len(given) != len(names) and follow(given, y_pred, share=True) is None


def _another(item, names):
    """`item` for one more output: a metric with sums of its own, under the name that it had before it got the first one's."""
    if not isinstance(item, metric_library.Metric):
        return item
    name = item.name.removeprefix(f"{names[0]}_") if names.own else item.name
    return remake(item, name=name)


def named(metrics):
    """(name, metric) for each; where two have one name, the later ones are `name_1`, `name_2` ..."""
    return list(zip(numbered([metric.name for metric in metrics]), metrics))


def listed(loss, losses, metrics, others, names):
    """What `evaluate` lists, in Keras's order: names of the loss, of the losses of several outputs, of compiled metrics and
    of those of layers. `names` are the outputs'; where they are their own, those of several put metrics in order.
    """
    if names is None or len(names) == 1 or not names.own:
        return [*loss, *metrics, *losses, *others]
    return [*loss, *losses, *others, *sorted(metrics)]


def results(metrics):
    """{name: result} of (name, metric) pairs; a metric that returns a dict gives several."""
    found = {}
    for name, metric in metrics:
        result = value_of(metric.result)
        found.update(result if isinstance(result, dict) else {name: result})
    return found
