"""How far predictions follow the labels, whatever their size."""

from engine.metrics import functions
from engine.metrics.mean import MeanMetricWrapper


class PearsonCorrelation(MeanMetricWrapper):
    """The mean `pearson_correlation` along `axis` of each sample: -1 ... 1, offset and scale do not matter.

    `axis=-1` correlates the outputs of one sample; `axis=0` each output over a batch.

    >>> metric = PearsonCorrelation()
    >>> round(float(metric([[0.0, 1.0, 1.0]], [[1.0, 3.0, 5.0]])), 4)
    0.866
    """

    def __init__(self, name="pearson_correlation", dtype=None, axis=-1):
        super().__init__(functions.pearson_correlation, name, dtype, axis=axis)
        self.axis = axis


class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean `concordance_correlation` along `axis` of each sample: 1 only where predictions equal labels.

    `axis=-1` correlates the outputs of one sample; `axis=0` each output over a batch.

    >>> metric = ConcordanceCorrelation()
    >>> round(float(metric([[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]])), 4)
    0.5714
    """

    def __init__(self, name="concordance_correlation", dtype=None, axis=-1):
        super().__init__(functions.concordance_correlation, name, dtype, axis=axis)
        self.axis = axis
