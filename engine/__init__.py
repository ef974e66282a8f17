"""Glassbox's engine: what a layer is, how a model learns, and tools that look into both.

Reading order, an afternoon's worth:

1. `core/`      what a layer is: `tracking` (attributes are the record), `state` (all that changes, by path), `layer` (the
                five steps of a call), `calling` and `building` (those steps), `symbolic` and `graph` (calls on symbols), `context`
2. `training/`  how a model learns: `step` (one step, on one screen), `objective` (what is minimised),
                `feed` (where batches come from), `compiled` and `loop` (many steps in one compiled function)
3. `model.py`, `trainer.py`, `sequential.py`: a layer that can be trained
4. `optimizers/`, `metrics/`, `callbacks/`, and the small parts: `initializers`, `activations`, `regularizers`,
                `constraints`, `random`, `dtypes`; `spellings` (what older code writes, and what it means)
5. around it: `data/` (batches from tf.data and generators), `datasets/`, `guards/` (what watches a step), `distribute/` (the
                same step on many devices), `configs/` (layers and models as plain data), `saving/`, and `study/`, which
                reads models and never changes them

A name of this package is imported when it is first asked for, as TensorFlow takes seconds to start: what does without it,
such as `train.py --help`, need not wait.
"""

import importlib.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for editors; programs get the same from __getattr__
    from engine import activations, callbacks, constraints, initializers, metrics, optimizers, regularizers
    from engine.cloning import clone_model
    from engine.core.input_spec import InputSpec
    from engine.core.inputs import Input, InputLayer
    from engine.core.layer import Layer
    from engine.core.naming import clear_session
    from engine.dtypes import floatx, set_floatx, set_policy
    from engine.model import Model
    from engine.random import set_seed
    from engine.sequential import Sequential
    from losses.ground.lookup import custom_object_scope

__all__ = [
    "Input", "InputLayer", "InputSpec", "Layer", "Model", "Sequential", "activations", "callbacks", "clear_session",
    "clone_model", "constraints", "custom_object_scope", "floatx", "initializers", "metrics", "optimizers", "regularizers",
    "set_floatx", "set_policy", "set_seed",
]  # fmt: skip

_HOMES = {
    "Input": "engine.core.inputs", "InputLayer": "engine.core.inputs", "InputSpec": "engine.core.input_spec",
    "Layer": "engine.core.layer", "Model": "engine.model", "Sequential": "engine.sequential",
    "clear_session": "engine.core.naming", "clone_model": "engine.cloning",
    "custom_object_scope": "losses.ground.lookup", "floatx": "engine.dtypes",
    "set_floatx": "engine.dtypes", "set_policy": "engine.dtypes", "set_seed": "engine.random",
}  # fmt: skip


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if importlib.util.find_spec(f"engine.{name}") is None:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    return importlib.import_module(f"engine.{name}")


def __dir__():
    return sorted({*globals(), *__all__})
