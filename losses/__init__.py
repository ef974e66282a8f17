"""Losses: the mathematics of what is minimised. Needs TensorFlow and nothing else of this project.

Reading order:

    regression.py     start here: a function per idea, a thin class around each
    base.py           Loss: dtype, weights, mask, reduction; FunctionLoss for a function of your own
    reduction.py      from values to one number: every rule about dividing
    crossentropy.py   yes-or-no, one-hot, class numbers
    focal.py · robust.py · hinge.py · probabilistic.py · overlap.py · similarity.py · sequence.py
    ground/           what all floors of the project stand on: shapes that agree, masks, numerics, names → objects

>>> float(MeanSquaredError()([[0.0], [1.0]], [[2.0], [1.0]]))     # a class: one number
2.0
>>> get("mse")([[0.0], [1.0]], [[2.0], [1.0]]).numpy().tolist()   # a function: a value per sample
[4.0, 0.0]
"""

import inspect

from losses.base import FunctionLoss as FunctionLoss
from losses.base import Loss as Loss
from losses.crossentropy import (
    BinaryCrossentropy as BinaryCrossentropy,
    CategoricalCrossentropy as CategoricalCrossentropy,
    SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
    binary_crossentropy as binary_crossentropy,
    categorical_crossentropy as categorical_crossentropy,
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
)
from losses.focal import (
    BinaryFocalCrossentropy as BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy as CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy as CategoricalGeneralizedCrossEntropy,
    binary_focal_crossentropy as binary_focal_crossentropy,
    categorical_focal_crossentropy as categorical_focal_crossentropy,
    categorical_generalized_cross_entropy as categorical_generalized_cross_entropy,
)
from losses.ground.configurable import serialize_object
from losses.ground.labels import check_labels as check_labels
from losses.ground.lookup import catalogue, custom_object_scope, resolve
from losses.hinge import (
    CategoricalHinge as CategoricalHinge,
    Hinge as Hinge,
    SquaredHinge as SquaredHinge,
    categorical_hinge as categorical_hinge,
    hinge as hinge,
    squared_hinge as squared_hinge,
)
from losses.overlap import Dice as Dice, Tversky as Tversky, dice as dice, tversky as tversky
from losses.probabilistic import (
    KLDivergence as KLDivergence,
    Poisson as Poisson,
    kl_divergence as kl_divergence,
    poisson as poisson,
)
from losses.reduction import Reduction as Reduction
from losses.regression import (
    MeanAbsoluteError as MeanAbsoluteError,
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
    MeanSquaredError as MeanSquaredError,
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
    mean_absolute_error as mean_absolute_error,
    mean_absolute_percentage_error as mean_absolute_percentage_error,
    mean_squared_error as mean_squared_error,
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
)
from losses.robust import Huber as Huber, LogCosh as LogCosh, huber as huber, log_cosh as log_cosh
from losses.sequence import CTC as CTC, ctc as ctc
from losses.similarity import (
    Circle as Circle,
    CosineSimilarity as CosineSimilarity,
    circle as circle,
    cosine_similarity as cosine_similarity,
)

bce = BCE = binary_crossentropy
kld = KLD = kullback_leibler_divergence = kl_divergence
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
mse = MSE = mean_squared_error
msle = MSLE = mean_squared_logarithmic_error
logcosh = log_cosh

# fmt: off
_TABLE = catalogue(
    BinaryCrossentropy, BinaryFocalCrossentropy, CTC, CategoricalCrossentropy, CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy, CategoricalHinge, Circle, CosineSimilarity, Dice, FunctionLoss, Hinge, Huber,
    KLDivergence, LogCosh, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError,
    MeanSquaredLogarithmicError, Poisson, SparseCategoricalCrossentropy, SquaredHinge, Tversky,
    binary_crossentropy, binary_focal_crossentropy, categorical_crossentropy, categorical_focal_crossentropy,
    categorical_generalized_cross_entropy, categorical_hinge, circle, cosine_similarity, ctc, dice, hinge, huber,
    kl_divergence, log_cosh, mean_absolute_error, mean_absolute_percentage_error, mean_squared_error,
    mean_squared_logarithmic_error, poisson, sparse_categorical_crossentropy, squared_hinge, tversky,
    bce=bce, BCE=bce, kld=kld, KLD=kld, kullback_leibler_divergence=kld, mae=mae, MAE=mae, mape=mape, MAPE=mape,
    mse=mse, MSE=mse, msle=msle, MSLE=msle, logcosh=log_cosh,
)
# fmt: on


def get(identifier):
    """A loss from a name, a config, a class or an object: `"mse"` → function, `"MeanSquaredError"` → object.

    >>> get("MSE") is get("mse") is mean_squared_error
    True
    >>> get("MeanSquaredError").name
    'mean_squared_error'
    """
    return resolve("loss", identifier, _TABLE)


def serialize(loss):
    """A loss, or a function by its name, as plain data for `deserialize`.

    >>> serialize(Huber(delta=2.0))["class_name"], serialize(mse)["config"]
    ('Huber', 'mean_squared_error')
    """
    if inspect.isfunction(loss):
        return {
            "module": "builtins",
            "class_name": "function",
            "config": loss.__name__,
            "registered_name": "function",
        }
    return serialize_object(loss)


def deserialize(name, custom_objects=None):
    """The loss that `serialize` described, or that `name` names; own classes come in as `custom_objects`.

    >>> deserialize(serialize(Huber(delta=2.0))).delta
    2.0
    """
    with custom_object_scope(custom_objects):
        return get(name)
