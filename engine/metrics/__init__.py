"""Metrics: numbers that many batches add up to.

Reading order:

    core/metric.py    Metric: state in variables; update_state, result, reset_state; and Mean
    mean.py           Sum, and MeanMetricWrapper: the mean of any function
    functions.py      what only metrics measure: hits and correlations, a value per sample
    accuracy.py · regression.py · probabilistic.py · hinge.py · correlation.py      means of such functions and of losses
    by_shape.py       which one "accuracy" means
    confusion.py      true and false positives at thresholds; then precision.py · auc.py
    f_score.py · iou.py · r2.py
    direction.py      whether a number in the logs is better when it is larger: what callbacks ask

>>> metric = Mean()
>>> metric.update_state([1.0, 2.0]); metric.update_state([6.0])
>>> float(metric.result())
3.0
"""

import engine.parts  # noqa: F401 (what TensorFlow's checkpoints have of them)
import losses
from engine.core.metric import Mean as Mean
from engine.core.metric import Metric as Metric
from engine.metrics.accuracy import (
    Accuracy as Accuracy,
    BinaryAccuracy as BinaryAccuracy,
    CategoricalAccuracy as CategoricalAccuracy,
    SparseCategoricalAccuracy as SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy as SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy as TopKCategoricalAccuracy,
)
from engine.metrics.auc import AUC as AUC
from engine.metrics.by_shape import for_shapes as for_shapes
from engine.metrics.confusion import (
    FalseNegatives as FalseNegatives,
    FalsePositives as FalsePositives,
    TrueNegatives as TrueNegatives,
    TruePositives as TruePositives,
)
from engine.metrics.correlation import (
    ConcordanceCorrelation as ConcordanceCorrelation,
    PearsonCorrelation as PearsonCorrelation,
)
from engine.metrics.f_score import F1Score as F1Score, FBetaScore as FBetaScore
from engine.metrics.functions import (
    binary_accuracy as binary_accuracy,
    categorical_accuracy as categorical_accuracy,
    concordance_correlation as concordance_correlation,
    pearson_correlation as pearson_correlation,
    sparse_categorical_accuracy as sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy as sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy as top_k_categorical_accuracy,
)
from engine.metrics.hinge import CategoricalHinge as CategoricalHinge, Hinge as Hinge, SquaredHinge as SquaredHinge
from engine.metrics.iou import (
    BinaryIoU as BinaryIoU,
    IoU as IoU,
    MeanIoU as MeanIoU,
    OneHotIoU as OneHotIoU,
    OneHotMeanIoU as OneHotMeanIoU,
)
from engine.metrics.mean import MeanMetricWrapper as MeanMetricWrapper, Sum as Sum
from engine.metrics.precision import (
    Precision as Precision,
    PrecisionAtRecall as PrecisionAtRecall,
    Recall as Recall,
    RecallAtPrecision as RecallAtPrecision,
    SensitivityAtSpecificity as SensitivityAtSpecificity,
    SpecificityAtSensitivity as SpecificityAtSensitivity,
)
from engine.metrics.probabilistic import (
    BinaryCrossentropy as BinaryCrossentropy,
    CategoricalCrossentropy as CategoricalCrossentropy,
    KLDivergence as KLDivergence,
    Poisson as Poisson,
    SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
)
from engine.metrics.r2 import R2Score as R2Score
from engine.metrics.regression import (
    CosineSimilarity as CosineSimilarity,
    LogCoshError as LogCoshError,
    MeanAbsoluteError as MeanAbsoluteError,
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
    MeanSquaredError as MeanSquaredError,
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
    RootMeanSquaredError as RootMeanSquaredError,
)
from losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from losses.ground.lookup import catalogue, custom_object_scope, resolve

# fmt: off
_CLASSES = catalogue(
    AUC, Accuracy, BinaryAccuracy, BinaryCrossentropy, BinaryIoU, CategoricalAccuracy, CategoricalCrossentropy,
    CategoricalHinge, ConcordanceCorrelation, CosineSimilarity, F1Score, FBetaScore, FalseNegatives, FalsePositives,
    Hinge, IoU, KLDivergence, LogCoshError, Mean, MeanAbsoluteError, MeanAbsolutePercentageError, MeanIoU,
    MeanMetricWrapper, MeanSquaredError, MeanSquaredLogarithmicError, Metric, OneHotIoU, OneHotMeanIoU,
    PearsonCorrelation, Poisson, Precision, PrecisionAtRecall, R2Score, Recall, RecallAtPrecision,
    RootMeanSquaredError, SensitivityAtSpecificity, SparseCategoricalAccuracy, SparseCategoricalCrossentropy,
    SparseTopKCategoricalAccuracy, SpecificityAtSensitivity, SquaredHinge, Sum, TopKCategoricalAccuracy, TrueNegatives,
    TruePositives,
    mse=MeanSquaredError, MSE=MeanSquaredError, mae=MeanAbsoluteError, MAE=MeanAbsoluteError,
    mape=MeanAbsolutePercentageError, MAPE=MeanAbsolutePercentageError,
    msle=MeanSquaredLogarithmicError, MSLE=MeanSquaredLogarithmicError,
    bce=BinaryCrossentropy, BCE=BinaryCrossentropy, kld=KLDivergence, KLD=KLDivergence,
    logcosh=LogCoshError, log_cosh=LogCoshError, rmse=RootMeanSquaredError,
)
_FUNCTIONS = catalogue(
    binary_accuracy, binary_crossentropy, binary_focal_crossentropy, categorical_accuracy, categorical_crossentropy,
    categorical_focal_crossentropy, categorical_hinge, concordance_correlation, hinge, huber, kl_divergence, log_cosh,
    mean_absolute_error, mean_absolute_percentage_error, mean_squared_error, mean_squared_logarithmic_error,
    pearson_correlation, poisson, sparse_categorical_accuracy, sparse_categorical_crossentropy,
    sparse_top_k_categorical_accuracy, squared_hinge, top_k_categorical_accuracy,
)
_TABLE = {**_FUNCTIONS, **_CLASSES}  # under a name of both, the class is meant
# fmt: on


def get(identifier):
    """A metric from a name, a config, a class or an object; a function stays one, for `MeanMetricWrapper`.

    `"accuracy"` is here the class of that name; `for_shapes` chooses by the shapes of labels and outputs.

    >>> get("mse"), get("mean_squared_error"), get(Mean)
    (<MeanSquaredError 'mean_squared_error'>, <MeanSquaredError 'mean_squared_error'>, <Mean 'mean'>)
    """
    return resolve("metric", identifier, _TABLE)


def serialize(metric):
    """A metric, or a function by its name, as plain data for `deserialize`.

    >>> serialize(Mean())["config"]
    {'name': 'mean', 'dtype': 'float32'}
    """
    return losses.serialize(metric)


def deserialize(config, custom_objects=None):
    """The metric that `serialize` described, or that a name names; own classes come in as `custom_objects`.

    >>> deserialize(serialize(BinaryAccuracy(threshold=0.3))).threshold
    0.3
    """
    with custom_object_scope(custom_objects):
        return get(config)
