"""What `compile` was told to minimise: losses, one per output. What it was told to report is in engine/metrics/reported.py."""

import math
import numbers

import tensorflow as tf

import losses as loss_library
from engine.training.outputs import numbered
from losses.base import FunctionLoss, Loss
from losses.ground import whole
from losses.ground.labels import check_labels
from losses.ground.numerics import cast, made_by

_OF_CLASSES = (loss_library.SparseCategoricalCrossentropy, loss_library.CategoricalGeneralizedCrossEntropy)
_FUNCTIONS_OF_CLASSES = (loss_library.sparse_categorical_crossentropy, loss_library.categorical_generalized_cross_entropy)


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
        self.names = None  # of the outputs, and of their losses in the logs, in the order in which `evaluate` lists them
        self.reported = []
        self.makers = {}  # (activation, units) by output
        self.class_counts = {}  # (number of classes, class to ignore) by output, where labels are class numbers

    def terms(self, y, y_pred, sample_weight):
        """The loss of each output that has one, as a list of (name, scalar, factor): the total has scalar · factor."""
        outputs, names = tf.nest.flatten(y_pred), self.names_of(y_pred)
        if self.functions is None:
            self.functions = [as_loss(item) for item in spread("loss", self.loss, y_pred, names)]
        self._name(y_pred, names)
        factors = [as_factor(item) for item in spread("loss_weights", self.loss_weights, y_pred, names)]
        labels = spread("y", y, y_pred, names)
        weights = spread("sample_weight", sample_weight, y_pred, names, share=True)
        terms = []
        for index, function in enumerate(self.functions):
            if function is None:
                continue
            if labels[index] is None:
                raise ValueError(f"Output {names[index]!r} has a loss and no labels. Pass y, or compile with loss=None.")
            self._note(index, function, outputs[index])
            value = function(labels[index], outputs[index], sample_weight=weights[index])
            value = tf.reduce_sum(value) if value.shape.rank != 0 else value
            terms.append((self.labels[index], value, 1.0 if factors[index] is None else cast(factors[index], value.dtype)))
        return terms

    def _name(self, y_pred, names):
        """Names in the logs: the outputs' own, or else those of their losses."""
        self.names = names
        used = [index for index, function in enumerate(self.functions) if function is not None]
        self.labels = list(names)
        if not names.own:
            for index, name in zip(used, numbered([self.functions[index].name for index in used])):
                self.labels[index] = name
        keys = self.loss if isinstance(self.loss, dict) else y_pred
        order = [names.index(key) for key in keys] if isinstance(y_pred, dict) and names.own else used
        self.reported = [f"{self.labels[index]}_loss" for index in order if index in used] if len(used) > 1 else []

    def _note(self, index, function, y_pred):
        """What is known of an output without its values: the activation that made it, units, and classes."""
        self.makers[index] = made_by(y_pred), y_pred.shape[-1] if y_pred.shape.rank else None
        if isinstance(function, _OF_CLASSES) or getattr(function, "fn", None) in _FUNCTIONS_OF_CLASSES:
            size = y_pred.shape[getattr(function, "axis", -1)]
            self.class_counts[index] = size, getattr(function, "ignore_class", None)

    def check_labels(self, y):
        """Refuse class numbers out of range, where `y` is in memory and the number of classes is known."""
        labels = tf.nest.flatten(y)
        for index, (num_classes, ignore_class) in self.class_counts.items():
            if num_classes is not None and index < len(labels) and labels[index] is not None:
                check_labels(labels[index], num_classes, ignore_class)

    def __call__(self, y_true, y_pred, sample_weight=None, regularization_losses=None):
        """The total loss, as training steps written for TensorFlow 2 ask for it; it is reported as `loss`."""
        values = weighted(self.terms(y_true, y_pred, sample_weight))
        rows = tf.shape(tf.nest.flatten(y_pred)[0])[0]
        total = add_up([*values, *whole.group.shares(regularization_losses or [], rows)])
        self.tracker.update_state(*whole.group.weighted(total, rows))
        return total


def as_loss(item):
    """A Loss from what `compile` takes: a name (which a function keeps), a Loss, a function of (y_true, y_pred)."""
    found = loss_library.get(item)
    if found is None or isinstance(found, Loss):
        return found
    return FunctionLoss(found, name=item if isinstance(item, str) else None)


def as_factor(item):
    """A weight of a loss: None, a finite number, a scalar tensor or variable. A ValueError for anything else."""
    if item is None or isinstance(item, (tf.Tensor, tf.Variable)):
        return item
    if isinstance(item, numbers.Real) and not isinstance(item, bool) and math.isfinite(item):
        return float(item)
    raise ValueError(f"`loss_weights` has a finite number for each output, or None for 1; received {item!r}.")


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
    if isinstance(given, (list, tuple)) and (count > 1 or len(given) == 1 or what in ("loss", "loss_weights")):
        if len(given) != count:
            raise ValueError(f"`{what}` has {len(given)} items for {count} outputs {names}. Give one for each, or a dict.")
        return list(given)
    if count > 1 and not share:
        if what != "loss":
            raise ValueError(f"The model has {count} outputs {names}: give `{what}` as a list or dict with one for each.")
        return [given] * count
    return [given] * count


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
