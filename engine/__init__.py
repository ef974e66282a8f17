"""Glassbox's engine: what a layer is, how a model learns, and tools that look into both.

The heart is `core/`: 18 files, less than 2,000 lines, which train a model by themselves. `core/README.md` has the order to
read them in, docs/tour.md walks through them with numbers. What each floor may import, from the ground up:

1. `losses/`    what is minimised; `losses/ground/` is what every floor stands on
2. small parts  `small_parts/` (names, checks, arrays as tensors), `initializers`, `activations`, `regularizers`, `constraints`,
                `random`, `dtypes`, `text`, `signals`, `hints` (what arguments may be); `spellings` (what older code writes)
3. `core/`      the heart: what a layer is, how a model learns, how weights move
4. its seams    `around` (what goes around a step), `state` (all that changes, by path), `unchanged` (look and leave no trace),
                `passes` (whose sums the metrics hold), `outputs` and `kept_states` (what is known before the first step),
                `unbuilt` (what is known of a model before it is built), `parts` (what TensorFlow's checkpoints have of us);
                `compilation/` (XLA or not), `functional/` (TensorFlow's functions on symbols), `configs/` (models as plain data)
5. parts        `metrics/`, `optimizers/`, and the layers in `layers/`
6. around it    `data/` (tf.data, generators), `datasets/`, `saving/` (files); then `distribute/` (the same step on many devices),
                `guards/` (what watches a step), `study/` (reads models and never changes them); then `callbacks/`
7. `model.py`, `trainer.py`, `sequential.py`: `Model` = the heart + all of this; `cloning.py`: a model like another
8. beside it    `utils/` (what programs do around a model: text, images, files, data sets), `port/` (programs for Keras rewritten to run here)

A name of this package is imported when it is first asked for, as TensorFlow takes seconds to start: what does without it,
such as `train.py --help`, need not wait.
"""

import importlib.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for editors; programs get the same from __getattr__
    from engine import activations, callbacks, constraints, initializers, metrics, optimizers, regularizers
    from engine.cloning import clone_model
    from engine.core.inputs import Input, InputLayer
    from engine.core.layer import Layer
    from engine.dtypes import floatx, set_floatx, set_policy
    from engine.model import Model
    from engine.random import set_seed
    from engine.sequential import Sequential
    from engine.small_parts.input_spec import InputSpec
    from engine.small_parts.naming import clear_session
    from losses.ground.lookup import custom_object_scope

__all__ = [
    "Input", "InputLayer", "InputSpec", "Layer", "Model", "Sequential", "activations", "callbacks", "clear_session",
    "clone_model", "constraints", "custom_object_scope", "floatx", "initializers", "metrics", "optimizers", "regularizers",
    "set_floatx", "set_policy", "set_seed",
]  # fmt: skip

_HOMES = {
    "Input": "engine.core.inputs", "InputLayer": "engine.core.inputs", "InputSpec": "engine.small_parts.input_spec",
    "Layer": "engine.core.layer", "Model": "engine.model", "Sequential": "engine.sequential",
    "clear_session": "engine.small_parts.naming", "clone_model": "engine.cloning",
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
