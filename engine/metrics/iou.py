"""Intersection over union: how far predicted regions cover the true ones, class by class."""

import tensorflow as tf

from engine import dtypes
from engine.core.metric import Metric
from engine.metrics.confusion import tally
from engine.small_parts.account import spend
from losses.ground.numerics import cast
from losses.ground.shapes import align_ranks
from losses.reduction import weigh


class IoU(Metric):
    """The mean over the `target_class_ids` of intersection over union, as for the regions of an image.

        iou(c) = true_positives / (true_positives + false_positives + false_negatives)

    A class that neither labels nor predictions contain does not count.
    Shapes: class numbers y_true, y_pred `(N, ...)`, or with a further axis of scores (see below) → scalar.
    State: `total_confusion_matrix` `(num_classes, num_classes)`, rows are labels. It is float64: counts stay exact
    up to 2⁵³, and weights may be fractions.
    Arguments: `num_classes`; `target_class_ids`; `ignore_class`, a label that does not count; `sparse_y_true`,
    `sparse_y_pred`: False for one-hot labels or scores along `axis`. Labels that are no class do not count.

    >>> metric = IoU(num_classes=2, target_class_ids=[0])
    >>> round(float(metric([0, 0, 1, 1], [0, 1, 0, 1])), 4)
    0.3333
    """

    _direction = "up"

    def __init__(self, num_classes, target_class_ids, name=None, dtype=None, ignore_class=None,
                 sparse_y_true=True, sparse_y_pred=True, axis=-1):
        super().__init__(name, "int64" if dtype is None else dtype)
        spend(f"the classes of {type(self).__name__}", memory=8 * num_classes**2)
        self.num_classes = num_classes
        self.target_class_ids = list(target_class_ids)
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        outside = [class_id for class_id in self.target_class_ids if not 0 <= class_id < num_classes]
        if outside:
            raise ValueError(
                f"{type(self).__name__} expects target_class_ids from 0 to {num_classes - 1}, since num_classes is "
                f"{num_classes}; received {outside[0]}."
            )
        self.total_confusion_matrix = self.add_weight(
            name="total_confusion_matrix", shape=(num_classes, num_classes), dtype="float64"
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in one batch of labels and predictions."""
        y_true = y_true if self.sparse_y_true else tf.argmax(y_true, self.axis)
        y_pred = y_pred if self.sparse_y_pred else tf.argmax(y_pred, self.axis)
        y_true, y_pred = align_ranks(cast(y_true, tf.int32), cast(y_pred, tf.int32))
        owner = f"{type(self).__name__} {self.name!r}"
        if not y_true.shape.is_compatible_with(y_pred.shape):
            raise ValueError(
                f"{owner} expects a predicted class for each label; received labels of shape {y_true.shape} and "
                f"predictions of shape {y_pred.shape}. One-hot labels need sparse_y_true=False, scores sparse_y_pred=False."
            )
        ones = tf.ones(tf.shape(y_true), tf.float64)
        ones, weights = weigh(owner, ones, sample_weight=sample_weight)
        weights = ones if weights is None else ones * weights
        size = self.num_classes
        counts = (y_true >= 0) & (y_true < size) & (y_pred >= 0) & (y_pred < size)
        if self.ignore_class is not None:
            counts &= y_true != self.ignore_class
        cells = tf.where(counts, y_true * size + y_pred, size * size)  # beyond the matrix: left out
        self.total_confusion_matrix.assign_add(tf.reshape(tally(cells, weights, size * size), [size, size]))

    def result(self):
        matrix = self.total_confusion_matrix.read_value()
        intersection = tf.linalg.diag_part(matrix)
        union = tf.reduce_sum(matrix, 0) + tf.reduce_sum(matrix, 1) - intersection
        ious = tf.math.divide_no_nan(intersection, union)
        ious, present = (tf.gather(values, self.target_class_ids) for values in (ious, tf.cast(union > 0.0, ious.dtype)))
        dtype = tf.as_dtype(self.dtype)
        mean = tf.math.divide_no_nan(tf.reduce_sum(ious), tf.reduce_sum(present))
        return tf.cast(mean, dtype if dtype.is_floating else dtypes.floatx())


class BinaryIoU(IoU):
    """`IoU` of two classes, predictions are probabilities: class 1 where `y_pred >= threshold`, else class 0.

    >>> metric = BinaryIoU(target_class_ids=[1], threshold=0.3)
    >>> float(metric([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7]))
    0.3333333432674408
    """

    def __init__(self, target_class_ids=(0, 1), threshold=0.5, name=None, dtype=None):
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in one batch of labels and probabilities."""
        super().update_state(y_true, tf.convert_to_tensor(y_pred) >= self.threshold, sample_weight)


class MeanIoU(IoU):
    """`IoU` over all classes.

    >>> metric = MeanIoU(num_classes=2)
    >>> round(float(metric([0, 0, 1, 1], [0, 1, 0, 1], sample_weight=[0.3, 0.3, 0.3, 0.1])), 4)
    0.2381
    """

    def __init__(self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_true=True,
                 sparse_y_pred=True, axis=-1):
        super().__init__(
            num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis
        )


class OneHotIoU(IoU):
    """`IoU` of one-hot labels, and of scores (class numbers with `sparse_y_pred=True`) along `axis`.

    >>> metric = OneHotIoU(num_classes=2, target_class_ids=[1])
    >>> float(metric([[1, 0], [0, 1]], [[0.2, 0.8], [0.1, 0.9]]))
    0.5
    """

    def __init__(self, num_classes, target_class_ids, name=None, dtype=None, ignore_class=None, sparse_y_pred=False,
                 axis=-1):
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot labels, and of scores (class numbers with `sparse_y_pred=True`) along `axis`.

    >>> metric = OneHotMeanIoU(num_classes=2)
    >>> float(metric([[1, 0], [0, 1]], [[0.2, 0.8], [0.1, 0.9]]))
    0.25
    """

    def __init__(self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_pred=False, axis=-1):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
