"""The compiled losses of a model that users train: labels that do not fit are refused, and older training steps may call it."""

import tensorflow as tf

import losses
from engine.core.objective import CompiledLoss, add_up, as_loss, weighted
from losses.ground import whole
from losses.ground.labels import check_labels, kind_of_labels
from losses.ground.numerics import made_by
from losses.ground.outputs import numbered, spread

_BY_SHAPE = ("crossentropy", "ce")
_CROSSENTROPIES = ("binary_crossentropy", "sparse_categorical_crossentropy", "categorical_crossentropy")
_OF_CLASSES = (losses.SparseCategoricalCrossentropy, losses.CategoricalGeneralizedCrossEntropy)
_FUNCTIONS_OF_CLASSES = (losses.sparse_categorical_crossentropy, losses.categorical_generalized_cross_entropy)


class ReportedLoss(CompiledLoss):
    """A CompiledLoss that knows the numbers of classes. `tracker`: the mean of the total, for steps that call this object."""

    tracker = None

    def __init__(self, loss, loss_weights, names_of):
        super().__init__(loss, loss_weights, names_of)
        self.names = None  # of the outputs, and of their losses in the logs, in the order in which `evaluate` lists them
        self.labels, self.reported = [], []
        self.makers = {}  # (activation, units) by output
        self.class_counts = {}  # (number of classes, class to ignore) by output, where labels are class numbers

    def terms(self, y, y_pred, sample_weight):
        """As CompiledLoss's."""
        if self.functions is None:
            names = self.names_of(y_pred)
            given = spread("loss", self.loss, y_pred, names, share=True)
            self.functions = [_for_shapes(*each) for each in zip(given, spread("y", y, y_pred, names), tf.nest.flatten(y_pred))]
        found = super().terms(y, y_pred, sample_weight)
        used = self._name(y_pred, self.names_of(y_pred))
        for index, (function, output) in enumerate(zip(self.functions, tf.nest.flatten(y_pred))):
            self._note(index, function, output)
        return [(self.labels[index], value, factor) for index, (_, value, factor) in zip(used, found)]

    def _name(self, y_pred, names):
        """Names in the logs: the outputs' own, or else those of their losses."""
        self.names = names
        used = [index for index, function in enumerate(self.functions) if function is not None]
        self.labels = list(names)
        if not names.own:
            for index, name in zip(used, numbered([self.functions[index].name for index in used])):
                self.labels[index] = name
        keys = self.loss if isinstance(self.loss, dict) else y_pred
        is_flat = isinstance(y_pred, dict) and names.own and set(keys) <= set(names)
        order = [names.index(key) for key in keys] if is_flat else used
        self.reported = [f"{self.labels[index]}_loss" for index in order if index in used] if len(used) > 1 else []
        return used

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


def checked(item):
    """The Loss that `compile` is given, or "crossentropy", which waits for shapes; a ValueError for an unknown name."""
    return item if isinstance(item, str) and item in _BY_SHAPE else as_loss(item)


def _for_shapes(item, y_true, y_pred):
    """The Loss for an output; of the crossentropies the one that fits its labels."""
    if isinstance(item, str) and item in _BY_SHAPE and y_true is not None:
        item = _CROSSENTROPIES[kind_of_labels(y_true, y_pred)]
    return as_loss(item)
