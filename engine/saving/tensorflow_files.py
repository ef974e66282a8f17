"""TensorFlow's checkpoints and SavedModels of our objects: `tf.train.Checkpoint(model=model, optimizer=optimizer)`.

Names in such a file are the paths of attributes; an optimizer's variables are numbered, in the order in which they are made.
All that is read is compared before the first value is assigned, whoever asked TensorFlow to read it.

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
from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph
from tensorflow.types.experimental import PolymorphicFunction

from engine.core.layer import Layer
from engine.core.model import CoreModel
from engine.parts import parts
from engine.saving import disk, weights
from engine.saving.container import FileError
from engine.saving.contents import weights_of
from engine.saving.export import failing, functions, knows_inputs, used_by
from engine.small_parts.trackable import Trackable, register

_VALUE, _GRAPH, _COUNTER = "VARIABLE_VALUE", "_CHECKPOINTABLE_OBJECT_GRAPH", "save_counter"
_HOW = "tf.train.Checkpoint(model).restore(path) lets values wait for a model that is not built yet."


def serving(owner):
    """What a SavedModel has beside the parts: what a call of a layer reads, its methods that are tf.functions, and those that
    compute a model."""
    if not isinstance(owner, Layer):
        return {}
    found = {f"used_{index}": thing for index, thing in enumerate(used_by(owner))}
    found |= {name: getattr(owner, name) for cls in type(owner).__mro__ for name, item in vars(cls).items()
              if isinstance(item, PolymorphicFunction)}  # fmt: skip
    if isinstance(owner, CoreModel):
        weights_of(owner, "tf.saved_model.save")
        found |= dict(zip(("serve", "_default_save_signature"), functions(owner))) if knows_inputs(owner) else {}
    return found


def compare(reading, bound):
    """A FileError unless the variables of the objects `bound` {number of a node: object}, and of all below them, fit what is read."""
    misfits = weights.Misfits()
    for variable, key in below(reading.object_graph_proto.nodes, bound):
        then = tf.TensorSpec(reading.shape_map[key], reading.dtype_map[key])
        if not (variable.shape.is_compatible_with(then.shape) and variable.dtype.base_dtype == then.dtype):
            misfits.extend(weights.compare({_path(key): variable}, {_path(key): then}))
    if misfits:
        raise FileError(f"The checkpoint {reading.save_path_string!r} does not fit, and nothing was restored.\n{misfits}")


def below(nodes, bound):
    """Yield (variable, key of its value in the file) for all that the nodes of a file and the objects `bound` to them have."""
    waiting, seen = list(bound.items()), set()
    for number, owner in waiting:  # which grows
        if (number, id(owner)) in seen:
            continue
        seen.add((number, id(owner)))
        if isinstance(owner, tf.Variable):
            yield from ((owner, value.checkpoint_key) for value in nodes[number].attributes if value.name == _VALUE)
            continue
        children = parts(owner) if isinstance(owner, Trackable) else owner._trackable_children()
        waiting.extend((child.node_id, children[child.local_name]) for child in nodes[number].children if child.local_name in children)


register(serving=serving, compare=compare)


def is_one(path):
    """Whether `path` is the name of a checkpoint of TensorFlow, such as `cp.ckpt` or `cp-0003.ckpt`, or there is one of that name."""
    path = os.fspath(path)
    return ".ckpt" in os.path.basename(path) or not os.path.exists(path) and os.path.exists(f"{path}.index")


class _Weights(tf.__internal__.tracking.Trackable):
    """A layer as a part of a checkpoint that has its weights alone."""

    def __init__(self, layer, known):
        self.layer, self.known = layer, known
        known[id(layer)] = self

    def _trackable_children(self, save_type="checkpoint", **_):
        children = {name: self.known.get(id(part), part) for name, part in parts(self.layer).items()}
        made = {name: _Weights(part, self.known) if isinstance(part, Layer) else part for name, part in children.items()}
        own = {id(weight.variable) for weight in self.layer.named_weights()}
        return {name: part for name, part in made.items() if isinstance(part, _Weights) or id(part) in own}


def save(model, path):
    """Write a checkpoint of the weights of `model` under the name `path`, which `tf.train.latest_checkpoint` finds.

    All is written under another name first: an error leaves what was there. The two files then get their names one after the
    other, which no file system does at once: a process that is killed between the two leaves one that is refused.
    """
    path = os.path.abspath(os.fspath(path))
    weights_of(model, "save_weights")
    directory, name = os.path.split(path)
    with failing(path, f"{path}.index"), disk.filled(directory, last=f"{name}.index") as unfinished:
        tf.train.Checkpoint(_Weights(model, {})).write(os.path.join(unfinished, name))
    quoted = json.dumps(name)
    latest = f"model_checkpoint_path: {quoted}\nall_model_checkpoint_paths: {quoted}\n"  # what TensorFlow writes there
    disk.replace_file(os.path.join(directory, "checkpoint"), latest.encode())


def load(model, path, strict=True):
    """Assign the weights in a checkpoint: everything is compared before the first value is assigned."""
    path = os.fspath(path)
    try:
        own = weights_of(model, "load_weights")
    except ValueError as error:
        raise ValueError(f"{error} {_HOW}") from None
    if not os.path.exists(f"{path}.index"):
        raise FileNotFoundError(f"There is no checkpoint {path!r}: no file {path + '.index'!r}.")
    try:
        arrays = _read(tf.train.load_checkpoint(path), model, own)
    except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
        raise FileError(f"{path!r} is no checkpoint that can be read ({type(error).__name__}: {error}).") from error
    return weights.assign(model, own, arrays, path, strict)


def _read(reader, model, own):
    """{path: array} of the weights, and of what else is in the file and belongs to nothing that the model has."""
    shapes, kinds = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    if _GRAPH not in shapes:
        raise ValueError("it has no names of objects, as tf.train.Checkpoint writes them")
    try:
        nodes = TrackableObjectGraph.FromString(reader.get_tensor(_GRAPH)).nodes
    except Exception as error:  # noqa: BLE001 (protobuf's own)
        raise ValueError(f"its names of objects cannot be read: {error}") from error
    paths, found, left = {id(variable): path for path, variable in own.items()}, {}, dict.fromkeys(shapes)
    for variable, key in below(nodes, {0: model}):
        left.pop(key, None)  # a counter of random numbers, or a metric: known, and no weight
        if id(variable) in paths:
            found.setdefault(paths[id(variable)], key)
    arrays = {path: reader.get_tensor(key) for path, key in found.items()}
    rest = {_path(key): key for key in left if key not in (_GRAPH, f"{_COUNTER}/.ATTRIBUTES/{_VALUE}")}
    return arrays | {path: tf.TensorSpec(shapes[key], kinds[key]) for path, key in rest.items() if path not in arrays}


def _path(key):
    """The path of a variable from its key in a file: `blocks..0/kernel/.ATTRIBUTES/VARIABLE_VALUE` → `blocks.0.kernel`."""
    names = key.removesuffix(f"/.ATTRIBUTES/{_VALUE}").split("/")
    return ".".join(name.replace("..", "\0").replace(".S", "/").replace("\0", ".") for name in names)
