"""Optimizers: how gradients become new weights. A family per file, its formula a pure function.

From the simplest to the hardest:

    sgd.py          start here: a step against the gradient; momentum, Nesterov (its rule: engine/core/gradient_descent.py)
    adagrad.py      each element its own rate: divide by the root of all squares so far
    rmsprop.py      ... of the squares of late;   adadelta.py: ... in the units of the weight
    adam.py         momentum and RMSprop together, corrected for their start; AdamW
    adamax.py · nadam.py · lion.py       relatives: a maximum, a look ahead, only the sign
    lamb.py · adafactor.py               steps relative to the size of the weight
    schedule_free_adamw.py               an average in the place of a schedule
    ftrl.py         weights recomputed from sums, exactly zero under an L1 penalty
    muon.py         matrices as matrices: the momentum made orthogonal

    loss_scale.py   around any of them: float16 without vanishing or infinite gradients
    schedules.py    learning rates as functions of the step

    optimizer.py    `Optimizer`: what engine/core/update_rule.py says an optimizer is, and around the formula, each with its
                    equation, clipping.py · decay.py · averaging.py · accumulation.py
    eager_call.py   eager calls: the first ones operation by operation, then one compiled function

>>> optimizer = get("sgd")
>>> optimizer.learning_rate = 0.1
>>> round(float(optimizer.learning_rate), 4), optimizer.iterations.dtype.name
(0.1, 'int64')
"""

import engine.parts  # noqa: F401 (what TensorFlow's checkpoints have of them)
from engine.optimizers import schedules as schedules
from engine.optimizers.adadelta import Adadelta as Adadelta
from engine.optimizers.adafactor import Adafactor as Adafactor
from engine.optimizers.adagrad import Adagrad as Adagrad
from engine.optimizers.adam import Adam as Adam
from engine.optimizers.adam import AdamW as AdamW
from engine.optimizers.adamax import Adamax as Adamax
from engine.optimizers.ftrl import Ftrl as Ftrl
from engine.optimizers.lamb import Lamb as Lamb
from engine.optimizers.lion import Lion as Lion
from engine.optimizers.lookup import TABLE
from engine.optimizers.loss_scale import LossScaleOptimizer as LossScaleOptimizer
from engine.optimizers.muon import Muon as Muon
from engine.optimizers.nadam import Nadam as Nadam
from engine.optimizers.optimizer import Optimizer as Optimizer
from engine.optimizers.rmsprop import RMSprop as RMSprop
from engine.optimizers.schedule_free_adamw import ScheduleFreeAdamW as ScheduleFreeAdamW
from engine.optimizers.sgd import SGD as SGD
from losses.ground import configurable
from losses.ground.lookup import catalogue, custom_object_scope, resolve

_TABLE = {**TABLE, **catalogue(LossScaleOptimizer)}


def get(identifier):
    """The optimizer that a name, an object, a class or a config stands for.

    >>> get("adamm")
    Traceback (most recent call last):
    ValueError: Unknown optimizer 'adamm'. Did you mean 'adam' or ...
    """
    return resolve("optimizer", identifier, _TABLE)


def serialize(optimizer):
    """`optimizer` as plain data, for `deserialize`: its arguments, not its state.

    >>> serialize(SGD(0.5))["class_name"], serialize(SGD(0.5))["config"]["learning_rate"]
    ('SGD', 0.5)
    """
    return configurable.serialize_object(optimizer)


def deserialize(config, custom_objects=None):
    """The optimizer that `serialize` described; `custom_objects` names your own classes and functions.

    >>> deserialize(serialize(SGD(momentum=0.5))).momentum
    0.5
    """
    with custom_object_scope(custom_objects):
        return get(config)
