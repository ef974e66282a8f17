"""Glassbox's engine: what a layer is, how a model learns, and tools that look into both.

Reading order, an afternoon's worth:

1. `core/`      what a layer is: `tracking` (attributes are the record), `layer` (the five steps of a call),
                `calling` and `building` (those steps), `symbolic` and `graph` (calls on symbols), `context`
2. `training/`  how a model learns: `step` (one step, on one screen), `objective` (what is minimised),
                `feed` (where batches come from), `compiled` and `loop` (many steps in one compiled function)
3. `model.py`, `sequential.py`: a layer that can be trained
4. `optimizers/`, `metrics/`, `callbacks/`, and the small parts: `initializers`, `activations`, `regularizers`,
                `constraints`, `random`
5. around it: `guards/` (what watches a step), `distribute/` (the same step on many devices), `saving/`, `datasets/`, and
                `study/`, which reads models and never changes them
"""

from engine import activations, callbacks, constraints, initializers, metrics, optimizers, regularizers
from engine.core.dtypes import floatx, set_floatx, set_policy
from engine.core.input_spec import InputSpec
from engine.core.inputs import Input, InputLayer
from engine.core.layer import Layer
from engine.core.naming import clear_session
from engine.model import Model
from engine.random import set_seed
from engine.sequential import Sequential
from losses.lookup import custom_object_scope

__all__ = [
    "Input", "InputLayer", "InputSpec", "Layer", "Model", "Sequential", "activations", "callbacks", "clear_session",
    "constraints", "custom_object_scope", "floatx", "initializers", "metrics", "optimizers", "regularizers",
    "set_floatx", "set_policy", "set_seed",
]  # fmt: skip
