"""The share of predictions that are right."""

from engine.metrics import functions
from engine.metrics.mean import MeanMetricWrapper


class Accuracy(MeanMetricWrapper):
    """The share of elements where `y_pred == y_true`: for predictions that are labels themselves.

    `accuracy` in `compile` means one of the other classes here, by the shapes of labels and outputs.

    >>> metric = Accuracy()
    >>> float(metric([1, 2, 3, 4], [0, 2, 3, 4]))
    0.75
    """

    def __init__(self, name="accuracy", dtype=None):
        super().__init__(functions.accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """The share of elements where `(y_pred > threshold) == y_true`, labels 0 and 1.

    `threshold=0.5` fits probabilities; for logits it is 0.

    >>> metric = BinaryAccuracy(threshold=0.0)
    >>> float(metric([[1.0], [0.0]], [[0.3], [1.2]]))
    0.5
    """

    def __init__(self, name="binary_accuracy", dtype=None, threshold=0.5):
        super().__init__(functions.binary_accuracy, name, dtype, threshold=threshold)
        self.threshold = threshold


class CategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose highest score is the label's, labels one-hot.

    >>> metric = CategoricalAccuracy()
    >>> float(metric([[0, 1], [1, 0]], [[0.3, 0.7], [0.4, 0.6]]))
    0.5
    """

    def __init__(self, name="categorical_accuracy", dtype=None):
        super().__init__(functions.categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose highest score is the label's, labels are class numbers.

    >>> metric = SparseCategoricalAccuracy()
    >>> float(metric([1, 0], [[0.3, 0.7], [0.4, 0.6]], sample_weight=[3.0, 1.0]))
    0.75
    """

    casts_labels = False

    def __init__(self, name="sparse_categorical_accuracy", dtype=None):
        super().__init__(functions.sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose label is among the `k` highest scores, labels one-hot.

    `k=5` is the custom for the thousand classes of ImageNet.

    >>> metric = TopKCategoricalAccuracy(k=2)
    >>> float(metric([[0, 0, 1], [0, 1, 0]], [[0.5, 0.2, 0.3], [0.5, 0.2, 0.3]]))
    0.5
    """

    def __init__(self, k=5, name="top_k_categorical_accuracy", dtype=None):
        super().__init__(functions.top_k_categorical_accuracy, name, dtype, k=k)
        self.k = k


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose label is among the `k` highest scores, labels are class numbers.

    With `from_sorted_ids` the predictions are class numbers, the best first.

    >>> metric = SparseTopKCategoricalAccuracy(k=2)
    >>> float(metric([2, 1], [[0.5, 0.2, 0.3], [0.5, 0.2, 0.3]]))
    0.5
    """

    casts_labels = False

    def __init__(self, k=5, name="sparse_top_k_categorical_accuracy", dtype=None, from_sorted_ids=False):
        super().__init__(
            functions.sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids
        )
        self.k = k
        self.from_sorted_ids = from_sorted_ids

    def get_config(self):
        """The constructor's arguments; `from_sorted_ids` only where it is set."""
        config = super().get_config()
        if not self.from_sorted_ids:
            del config["from_sorted_ids"]
        return config
