"""Cross-entropies and divergences as metrics: the mean over an epoch of what `losses` computes per sample."""

import losses
from engine.metrics.mean import MeanMetricWrapper


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean of `losses.binary_crossentropy`.

    >>> metric = BinaryCrossentropy(from_logits=True)
    >>> round(float(metric([[0.0], [1.0]], [[0.0], [0.0]])), 4)
    0.6931
    """

    def __init__(self, name="binary_crossentropy", dtype=None, from_logits=False, label_smoothing=0):
        super().__init__(
            losses.binary_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.categorical_crossentropy`, labels one-hot.

    >>> metric = CategoricalCrossentropy()
    >>> round(float(metric([[0.0, 1.0]], [[0.25, 0.75]])), 4)
    0.2877
    """

    def __init__(self, name="categorical_crossentropy", dtype=None, from_logits=False, label_smoothing=0, axis=-1):
        super().__init__(
            losses.categorical_crossentropy, name, dtype,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.sparse_categorical_crossentropy`, labels are class numbers.

    A sample labelled `ignore_class` costs nothing. Beside sample weights it also does not count; without them the
    mean is over all samples, the ignored ones as zeros.

    >>> metric = SparseCategoricalCrossentropy()
    >>> round(float(metric([1], [[0.25, 0.75]])), 4)
    0.2877
    """

    casts_labels = False

    def __init__(self, name="sparse_categorical_crossentropy", dtype=None, from_logits=False, ignore_class=None,
                 axis=-1):
        super().__init__(
            losses.sparse_categorical_crossentropy, name, dtype,
            from_logits=from_logits, ignore_class=ignore_class, axis=axis,
        )  # fmt: skip
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis


class KLDivergence(MeanMetricWrapper):
    """The mean of `losses.kl_divergence`.

    >>> metric = KLDivergence()
    >>> round(float(metric([[0.5, 0.5]], [[0.25, 0.75]])), 4)
    0.1438
    """

    def __init__(self, name="kl_divergence", dtype=None):
        super().__init__(losses.kl_divergence, name, dtype)


class Poisson(MeanMetricWrapper):
    """The mean of `losses.poisson`.

    >>> metric = Poisson()
    >>> round(float(metric([[1.0], [2.0]], [[1.0], [2.0]])), 4)
    0.8069
    """

    def __init__(self, name="poisson", dtype=None):
        super().__init__(losses.poisson, name, dtype)
