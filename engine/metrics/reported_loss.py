"""The compiled losses of a model that users train: labels that do not fit are refused, and older training steps may call it."""

import tensorflow as tf

import losses
from engine.core.objective import CompiledLoss, add_up, weighted
from losses.ground import whole
from losses.ground.labels import check_labels


class ReportedLoss(CompiledLoss):
    """A CompiledLoss that knows the numbers of classes. `tracker`: the mean of the total, for steps that call this object."""

    tracker = None

    def __init__(self, loss, loss_weights, names_of):
        super().__init__(loss, loss_weights, names_of)
        self.class_counts = {}  # number of classes by output, where labels are class numbers

    def terms(self, y, y_pred, sample_weight):
        """As CompiledLoss's."""
        found = super().terms(y, y_pred, sample_weight)
        for index, (function, output) in enumerate(zip(self.functions, tf.nest.flatten(y_pred))):
            self._note_classes(index, function, output)
        return found

    def _note_classes(self, index, function, y_pred):
        by_name = getattr(function, "fn", None) is losses.sparse_categorical_crossentropy
        if by_name or isinstance(function, losses.SparseCategoricalCrossentropy) and function.ignore_class is None:
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
