"""What `compile` was told to minimise: losses, one per output. What it was told to report is in engine/metrics/reported.py."""

import tensorflow as tf

import losses as loss_library
from engine.training.nests import follow
from losses.ground import whole
from losses.base import FunctionLoss, Loss
from losses.ground.labels import check_labels, kind_of_labels

_BY_SHAPE = ("crossentropy", "ce")
_CROSSENTROPIES = ("binary_crossentropy", "sparse_categorical_crossentropy", "categorical_crossentropy")

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
            given = spread("loss", self.loss, y_pred, names, share=True)
            self.functions = [_for_shapes(*each) for each in zip(given, spread("y", y, y_pred, names), outputs)]
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


def as_loss(item):
    """A Loss from what `compile` takes: a name, a Loss, a function of (y_true, y_pred). "crossentropy" waits for shapes."""
    if isinstance(item, str) and item in _BY_SHAPE:
        return item
    found = loss_library.get(item)
    if found is None or isinstance(found, Loss):
        return found
    return FunctionLoss(found)


def _for_shapes(item, y_true, y_pred):
    """The Loss for an output; of the crossentropies the one that fits its labels."""
    if isinstance(item, str) and item in _BY_SHAPE and y_true is not None:
        item = _CROSSENTROPIES[kind_of_labels(y_true, y_pred)]
    return as_loss(item)


def spread(what, given, y_pred, names, share=False):
    """`given` as a flat list, one item per output. `share`: a single item is for every output."""
    count = len(names)
    found = follow(given, y_pred, share) if tf.nest.is_nested(y_pred) or given is None else None
    if found is not None:
        return found
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
        raise ValueError(f"The model has {count} outputs {names}: give `{what}` as a list or dict with one for each.")
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
