"""Class labels: smoothed, checked, weighted, and in the form a loss expects."""

import warnings

import numpy as np
import tensorflow as tf

from losses.ground.numerics import ROUNDING, as_integers, cast

ONE_HOT_HINT = "Labels are one-hot, shape (..., classes); for class numbers use sparse_categorical_crossentropy."


def smooth(y_true, label_smoothing, mean):
    """`y_true · (1 - label_smoothing) + label_smoothing · mean`: part of each label is given to all classes.

    Source: Szegedy et al., Rethinking the Inception Architecture, 2015, section 7.
    """
    if isinstance(label_smoothing, (int, float)) and not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(
            f"label_smoothing expects a number from 0 (labels as they are) to 1 (all classes alike); "
            f"received {label_smoothing!r}. Common is 0.1."
        )
    return y_true * (1.0 - label_smoothing) + label_smoothing * mean


def smooth_one_hot(owner, y_true, label_smoothing, axis):
    """One-hot labels smoothed towards `1 / classes`; warns if there is only one class along `axis`."""
    num_classes = y_true.shape[axis]
    if num_classes == 1:
        warnings.warn(
            f"{owner} of a single class is zero whatever the model predicts; for two classes in one unit "
            "use binary_crossentropy.",
            stacklevel=3,
        )
    if num_classes is None:
        num_classes = tf.cast(tf.shape(y_true)[axis], y_true.dtype)
    return smooth(y_true, label_smoothing, 1.0 / num_classes)


def check_labels(y_true, num_classes, ignore_class=None, owner="sparse_categorical_crossentropy"):
    """Refuse class numbers outside `0 ... num_classes - 1` (and other than `ignore_class`).

    Reads the values, so `y_true` is NumPy or an eager tensor. The losses call this themselves when they run
    eagerly; compiled code cannot raise on values (XLA would give NaN), so there the labels are checked before
    training, where the data enter.

    >>> check_labels([0, 2, 3], num_classes=3)
    Traceback (most recent call last):
    ValueError: sparse_categorical_crossentropy expects class numbers from 0 to 2, since y_pred has 3 classes; \
received labels from 0 to 3. Give the last layer 4 units, or correct the labels.
    """
    given = np.asarray(y_true)
    if given.dtype.kind in "OSU":
        raise ValueError(
            f"{owner} expects class numbers, received text such as {given.flat[0]!r}. Number the labels: "
            "classes, y = np.unique(labels, return_inverse=True)."
        )
    if given.dtype.kind == "f":
        fractions = given[~(abs(given - np.round(given)) <= ROUNDING)]
        if fractions.size:
            raise ValueError(
                f"{owner} expects class numbers, received {fractions.flat[0]:g}. Round the labels; for probabilities use "
                "categorical_crossentropy."
            )
        given = np.round(given)
    labels = given.astype("int64")
    if ignore_class is not None:
        labels = labels[labels != ignore_class]
    if labels.size == 0 or (labels.min() >= 0 and labels.max() < num_classes):
        return
    fix = f"Give the last layer {labels.max() + 1} units, or correct the labels."
    if labels.min() < 0:
        fix = "Number the classes from 0; a label that marks padding is named by ignore_class."
    raise ValueError(
        f"{owner} expects class numbers from 0 to {num_classes - 1}, since y_pred has {num_classes} classes; "
        f"received labels from {labels.min()} to {labels.max()}. {fix}"
    )


def class_numbers(owner, y_true, y_pred, ignore_class=None):
    """`y_true` as int64 class numbers, one for each row of classes in `y_pred` `(..., C)`: shape `(...)`.

    A trailing axis of length 1 is removed. Raises ValueError if shapes disagree, or values where they are known.
    """
    labels = tf.convert_to_tensor(y_true)
    wanted = y_pred.shape[:-1]
    if labels.shape.rank is not None and labels.shape.rank == y_pred.shape.rank and labels.shape[-1] == 1:
        labels = tf.squeeze(labels, -1)
    if not labels.shape.is_compatible_with(wanted):
        raise ValueError(
            f"{owner} expects y_true of shape {wanted}, a class number for each row of y_pred of shape {y_pred.shape}; "
            f"received y_true of shape {labels.shape}. For one-hot labels use categorical_crossentropy."
        )
    if tf.executing_eagerly():
        check_labels(labels, y_pred.shape[-1], ignore_class, owner)
    return as_integers(labels)


class ClassWeights:
    """Weights by class: `{class number: weight}`, 1 for a class that is not named.

    >>> ClassWeights({1: 5.0})(tf.constant([0, 1, 2]), None, tf.float32).numpy()
    array([1., 5., 1.], dtype=float32)
    """

    def __init__(self, class_weight):
        known = isinstance(class_weight, dict) and all(isinstance(k, (int, np.integer)) and k >= 0 for k in class_weight)
        if not known:
            raise ValueError(f"class_weight is a dict {{class number: weight}}; received {class_weight!r}.")
        wrong = {label: weight for label, weight in class_weight.items() if not _is_weight(weight)}
        if wrong:
            raise ValueError(f"class_weight takes finite numbers from 0 as weights; received {wrong}. Leave the class out for 1.")
        self.table = np.ones(max(class_weight, default=0) + 1)
        for label, weight in class_weight.items():
            self.table[label] = weight

    def __call__(self, y, sample_weight, dtype, one_hot=False):
        """A weight for each class number in `y`, or for each row of `y` if `one_hot`; times its `sample_weight`."""
        if y is None or tf.nest.is_nested(y):
            raise ValueError(
                "class_weight needs one output with class labels y. For several outputs give one for each: "
                "class_weight={output: {class number: weight}}."
            )
        if one_hot:
            with tf.control_dependencies(_one_class_each(y)):
                classes = tf.argmax(y, -1)
        else:
            with tf.control_dependencies(_whole(y)):
                classes = tf.cast(y, tf.int64)
            if classes.shape.rank and classes.shape.rank > 1 and classes.shape[-1] == 1:
                classes = tf.squeeze(classes, -1)
        size = self.table.shape[0]
        known = (classes >= 0) & (classes < size)
        table = tf.gather(tf.cast(self.table, dtype), tf.where(known, classes, 0))
        weight = tf.where(known, table, tf.ones([], dtype))
        return weight if sample_weight is None else multiply_weights(weight, cast(sample_weight, dtype))


def kind_of_labels(y_true, y_pred):
    """Of what kind labels are: the place in (binary, sparse categorical, categorical) of what fits them.

        y_pred (N,) or (..., 1)                          0, a yes or no
        y_true with one axis less, or (..., 1)           1, class numbers
        otherwise                                        2, one-hot labels
    """
    labels, outputs = tuple(y_true.shape), tuple(y_pred.shape)
    if len(outputs) < 2 or outputs[-1] == 1:
        return 0
    return 1 if len(labels) < len(outputs) or labels[-1] == 1 else 2


def _is_weight(value):
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and 0 <= value < np.inf


def multiply_weights(first, second):
    """The product of weights, of which one may be for rows `(N,)` and the other for elements `(N, ...)`."""
    for _ in range((first.shape.rank or 0) - (second.shape.rank or 0)):
        second = tf.expand_dims(second, -1)
    for _ in range((second.shape.rank or 0) - (first.shape.rank or 0)):
        first = tf.expand_dims(first, -1)
    return first * second


def _one_class_each(y):
    """What refuses rows with several labels; in a traced function (of a tf.data pipeline) an operation that does."""
    several = tf.reduce_any(tf.reduce_sum(tf.maximum(tf.cast(y, tf.float32), 0.0), axis=-1) > 1.01)
    return _refuse(several, (
        f"class_weight takes labels of one class each, as numbers or one-hot; received y of shape {y.shape} with rows of "
        "several labels. Give each row its weight with sample_weight, or each label with a loss of your own."
    ))  # fmt: skip


def _whole(y):
    """What refuses class numbers with a fraction."""
    if not y.dtype.is_floating:
        return []
    return _refuse(tf.reduce_any(y != tf.floor(y)), (
        "class_weight takes labels that are class numbers or one-hot; received numbers with a fraction. Use sample_weight."
    ))  # fmt: skip


def _refuse(wrong, message):
    if not tf.executing_eagerly():
        return [tf.debugging.Assert(~wrong, [message])]
    if wrong:
        raise ValueError(message)
    return []
