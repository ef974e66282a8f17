"""Margins as metrics: the mean over an epoch of what `losses` computes per sample."""

import losses
from engine.metrics.mean import MeanMetricWrapper


class Hinge(MeanMetricWrapper):
    """The mean of `losses.hinge`.

    >>> metric = Hinge()
    >>> float(metric([[0.0], [1.0]], [[-2.0], [0.5]]))
    0.25
    """

    def __init__(self, name="hinge", dtype=None):
        super().__init__(losses.hinge, name, dtype)


class SquaredHinge(MeanMetricWrapper):
    """The mean of `losses.squared_hinge`.

    >>> metric = SquaredHinge()
    >>> float(metric([[0.0], [1.0]], [[-2.0], [0.5]]))
    0.125
    """

    def __init__(self, name="squared_hinge", dtype=None):
        super().__init__(losses.squared_hinge, name, dtype)


class CategoricalHinge(MeanMetricWrapper):
    """The mean of `losses.categorical_hinge`.

    >>> metric = CategoricalHinge()
    >>> float(metric([[0.0, 1.0]], [[0.5, 1.0]]))
    0.5
    """

    def __init__(self, name="categorical_hinge", dtype=None):
        super().__init__(losses.categorical_hinge, name, dtype)
