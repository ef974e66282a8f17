"""TensorFlow's checkpoints and SavedModels of our objects: `tf.train.Checkpoint(model=model, optimizer=optimizer)`.

Names in such a file are the paths of attributes; an optimizer's variables are numbered, in the order in which they are made.

>>> import tempfile
>>> import tensorflow as tf
>>> from layers import Dense
>>> first, second = Dense(2), Dense(2)
>>> _ = first(tf.ones((1, 3)))
>>> with tempfile.TemporaryDirectory() as directory:
...     path = tf.train.Checkpoint(layer=first).save(f"{directory}/cp")
...     _ = tf.train.Checkpoint(layer=second).restore(path)       # not built yet: the values wait
...     _ = second(tf.ones((1, 3)))
>>> bool(tf.reduce_all(first.kernel == second.kernel))
True
"""

import json
import os

import tensorflow as tf
from tensorflow.lookup.experimental import MutableHashTable
from tensorflow.types.experimental import PolymorphicFunction

from engine.core import tracking
from engine.core.model import CoreModel
from engine.core.update_rule import UpdateRule
from engine.random import SeedGenerator
from engine.saving import disk, weights
from engine.saving.contents import weights_of
from engine.saving.export import functions
from engine.small_parts.trackable import Trackable, register
from engine.state import state_of

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_BESIDE_WEIGHTS = ("optimizer.", "loss_tracker.", "save_counter", "_CHECKPOINTABLE")


def parts(owner, save_type):
    """{name: part} of a layer, a metric or an optimizer: its variables, and what has variables in its turn."""
    if isinstance(owner, UpdateRule):
        return {f"variables.{number}": variable for number, variable in enumerate(owner.variables)}
    found = {}
    for name, child in tracking.children(owner):
        child = child.state if isinstance(child, SeedGenerator) else child
        if isinstance(child, (tf.Variable, Trackable)):
            found[name] = child
        else:  # a metric
            found.update((f"{name}.{inner}", part) for inner, part in parts(child, save_type).items())
    if save_type == "savedmodel":
        found.update(_functions_and_tables(owner))
        if isinstance(owner, CoreModel) and owner.built:
            found["serve"], found["_default_save_signature"] = functions(owner)
    return found


def _functions_and_tables(owner):
    """{name: part} of what only a SavedModel holds: the methods that are tf.functions, and the tables that they read."""
    methods = {name for cls in type(owner).__mro__ for name, item in vars(cls).items() if isinstance(item, PolymorphicFunction)}
    tables = {name: item for name, item in vars(owner).items() if isinstance(item, (tf.lookup.StaticHashTable, MutableHashTable))}
    return {**{name: getattr(owner, name) for name in methods}, **tables}


register(parts)


def is_one(path):
    """Whether `path` is the name of a checkpoint of TensorFlow, such as `cp.ckpt` or `cp-0003.ckpt`."""
    return ".ckpt" in os.path.basename(os.fspath(path))


def save(model, path):
    """Write a checkpoint of `model` under the name `path`, which `tf.train.latest_checkpoint` finds."""
    path = os.path.abspath(os.fspath(path))
    weights_of(model, "save_weights")
    disk.make_directory(os.path.dirname(path))
    tf.train.Checkpoint(model).write(path)
    name = json.dumps(os.path.basename(path))
    latest = f"model_checkpoint_path: {name}\nall_model_checkpoint_paths: {name}\n"  # what TensorFlow writes there
    disk.replace_file(os.path.join(os.path.dirname(path), "checkpoint"), latest.encode())


def load(model, path, strict=True):
    """Assign the weights in a checkpoint: everything is compared before the first value is assigned."""
    reader, own = tf.train.load_checkpoint(os.fspath(path)), weights_of(model, "load_weights")
    beside = {name.rpartition("/")[2] for name, state in state_of(model).items() if state.kind != "weight"}
    names = {_path(key): key for key in reader.get_variable_to_shape_map()}
    arrays = {name: reader.get_tensor(key) for name, key in names.items()
              if name in own or not (name in beside or name.startswith(_BESIDE_WEIGHTS))}  # fmt: skip
    return weights.assign(model, own, arrays, os.fspath(path), strict)


def _path(key):
    """The path of a variable from its key in a file: `blocks..0/kernel/.ATTRIBUTES/VARIABLE_VALUE` → `blocks.0.kernel`."""
    return key.removesuffix(_VALUE).replace("/", ".").replace("..", ".")
