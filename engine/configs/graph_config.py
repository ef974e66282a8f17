"""A functional model as plain data, and the model again from that, in the format of Keras 3.

It is described by its layers and, for each layer, the calls on symbols it took part in:

    {"name": "model", "layers": [
        {"class_name": "InputLayer", "name": "x", "config": {...}, "inbound_nodes": []},
        {"class_name": "Dense", "name": "dense", "config": {"units": 2, ...}, "inbound_nodes": [
            {"args": [<the tensor x 0 0>], "kwargs": {}}]}],
     "input_layers": ["x", 0, 0], "output_layers": ["dense", 0, 0],
     "added_losses": [["loss", 0, 0]], "added_metrics": {}}

A tensor is three things: the name of the layer that made it, which of that layer's calls, which output of the call.
So to read is: make all layers, then repeat each call as soon as the tensors it needs are there. Operations such as `+`
are entries like layers (see operations.py).
"""

import collections

import numpy as np
import tensorflow as tf

from engine.configs import operations, tensorflow_functions
from engine.configs.layer_config import get_layer
from engine.core import symbolic
from engine.core.inputs import InputLayer
from engine.core.layer import Layer
from engine.functional import operators
from engine.small_parts.account import LAYER, spend
from engine.small_parts.signature import signature
from losses.ground.configurable import serialize, serialize_object

_ADDED = ("added_losses", "added_metrics")  # what add_loss and add_metric were given as symbols; Keras knows no such thing

# ---- reading ------------------------------------------------------------------------------------

_Call = collections.namedtuple("_Call", "name number args kwargs needs")


def read_graph(cls, config):
    """A functional model of class `cls` from its config."""
    members = {entry["name"]: _member(entry) for entry in config["layers"]}
    tensors = _make_tensors(members, [call for entry in config["layers"] for call in _calls(entry)], config.get("name"))

    def ends(structure):
        if isinstance(structure, dict):
            return {key: ends(item) for key, item in structure.items()}
        if not _is_reference(structure):
            return [ends(item) for item in structure]
        name, number, index = structure
        return tensors[name, number - _calls_before(members[name]), index]

    own = {key: config[key] for key in ("name", "trainable") if key in config}
    model = cls(ends(config["input_layers"]), ends(config["output_layers"]), **own)
    if _ADDED[0] in config:
        model._add_to_graph(*(ends(config[key]) for key in _ADDED))
    return model


def _make_tensors(members, calls, title):
    """{reference: symbol}: repeats all calls, each as soon as the tensors it needs are there."""
    tensors = {(name, 0, 0): member.output for name, member in members.items() if isinstance(member, InputLayer)}
    missing = {id(call): {reference for reference in call.needs if reference not in tensors} for call in calls}
    waiting = collections.defaultdict(list)  # a tensor that is not there yet: the calls that need it
    for call in calls:
        for reference in missing[id(call)]:
            waiting[reference].append(call)
    ready = collections.deque(call for call in calls if not missing[id(call)])
    while ready:
        call = ready.popleft()
        spend("the record of a call", memory=LAYER, steps=len(call.needs))
        outputs = _repeat(members[call.name], _decode(call.args, tensors), _decode(call.kwargs, tensors))
        for index, symbol in enumerate(symbolic.symbols_in(outputs)):
            reference = call.name, call.number, index
            tensors[reference] = symbol
            for other in waiting.pop(reference, ()):
                missing[id(other)].remove(reference)
                if not missing[id(other)]:
                    ready.append(other)
    if waiting:
        reference, (call, *_) = next(iter(waiting.items()))
        raise ValueError(f"The config of model {title!r} is incomplete: no layer makes the tensor {list(reference)} that "
                         f"{call.name!r} is called on.")  # fmt: skip
    return tensors


def _member(entry):
    """The layer or the operation that an entry of a graph's list describes."""
    if ".ops." in (entry.get("module") or ""):
        spend("an operation", memory=LAYER)
        arguments = {key: value for key, value in entry["config"].items() if key != "name"}
        return operations.Operation(entry["class_name"], arguments, entry["name"])
    if (entry.get("module"), entry["class_name"]) == (tensorflow_functions.MODULE, tensorflow_functions.CLASS_NAME):
        return tensorflow_functions.TensorFlowFunction(entry["config"]["function"])
    return get_layer(entry)


def _calls(entry):
    for number, node in enumerate(entry["inbound_nodes"]):
        if not isinstance(node, dict):
            raise ValueError(f"Layer {entry['name']!r}: its inbound_nodes are not in the format of Keras 3; write it anew with that.")
        needs = _references([node["args"], node["kwargs"]])
        if not needs:  # it would be computed at once, however large it is, and be part of no graph
            raise ValueError(f"Layer {entry['name']!r} is called on constants alone, which makes no tensor of the graph.")
        yield _Call(entry["name"], number, node["args"], node["kwargs"], needs)


def _repeat(member, args, kwargs):
    if not isinstance(member, Layer):
        return symbolic.record(member, args, kwargs).outputs
    # Keras writes `training` for calls that never mentioned it, and lets the model's caller overrule it. A mask that is
    # None was not given; one that `call` does not take travels with the tensor.
    declared = signature(type(member)).names
    given = {key: value for key, value in kwargs.items() if key != "training"}
    for key in [key for key in given if key.endswith("mask")]:
        if key not in declared or all(mask is None for mask in tf.nest.flatten(given[key])):
            del given[key]
    return member(*args, **given)


def _calls_before(member):
    """In the lists of inputs and outputs, the calls of a functional model count from 1: its own graph is number 0."""
    return int(getattr(member, "_graph", None) is not None)


def _is_reference(item):
    return len(item) == 3 and isinstance(item[0], str) and isinstance(item[1], int)


def _references(item):
    """The (name, call, output) of each tensor in a nest of arguments."""
    if isinstance(item, dict):
        if item.get("class_name") == "__keras_tensor__":
            return [tuple(item["config"]["keras_history"])]
        return [reference for value in item.values() for reference in _references(value)]
    if isinstance(item, (list, tuple)):
        return [reference for value in item for reference in _references(value)]
    return []


def _decode(item, tensors):
    """Arguments of a call, with the symbols that references stand for."""
    if isinstance(item, (list, tuple)):
        return type(item)(_decode(value, tensors) for value in item)
    if isinstance(item, np.ndarray):
        return tf.constant(item)
    if not isinstance(item, dict):
        return item
    kind, config = item.get("class_name"), item.get("config")
    if kind == "__keras_tensor__":
        return tensors[tuple(config["keras_history"])]
    if kind in ("__tensor__", "__numpy__"):
        return tf.constant(config["value"], config["dtype"])
    if kind == "__slice__":
        return operators.Slice(*(_decode(config[key], tensors) for key in ("start", "stop", "step")))
    if kind == "__ellipsis__":
        return Ellipsis
    return {key: _decode(value, tensors) for key, value in item.items()}


# ---- writing ------------------------------------------------------------------------------------


def describe_graph(model):
    """The config of a functional model."""
    for symbol in model.inputs:
        if symbol.node.inputs:
            raise ValueError(
                f"{model._title}.get_config(): the model starts in the midst of another graph, at {symbol!r}. "
                "Only a graph that starts at Input(...) can be described."
            )
    names = _names(model._graph.nodes)
    calls = collections.Counter()
    where, entries = {}, {}  # id of a symbol → its reference; name → entry
    for node in model._graph.nodes:
        name = names[id(node.operation)]
        if name not in entries:
            entries[name] = {**_describe_member(node, name), "name": name, "inbound_nodes": []}
        for index, symbol in enumerate(symbolic.symbols_in(node.outputs)):
            where[id(symbol)] = [name, calls[name], index]
        calls[name] += 1
        if node.inputs:
            entries[name]["inbound_nodes"].append(_describe_call(node, where))

    def ends(structure):
        if isinstance(structure, dict):
            return {key: ends(item) for key, item in structure.items()}
        if isinstance(structure, (list, tuple)):
            return [ends(item) for item in structure]
        name, number, index = where[id(structure)]
        return [name, number + _calls_before(structure.node.operation), index]

    added = model._added_losses, model._added_metrics
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": list(entries.values()),
        "input_layers": ends(model.input),
        "output_layers": ends(model.output),
        **(dict(zip(_ADDED, map(ends, added))) if any(added) else {}),
    }


def _names(nodes):
    """A name for each layer and operation, by its id. Operations get what is left free: add, add_1 ..."""
    names = {id(n.operation): n.operation.name for n in nodes if isinstance(n.operation, Layer)}
    taken = set(names.values())
    for operation in (node.operation for node in nodes if not isinstance(node.operation, Layer)):
        base = operation.name.removeprefix("tf.")
        count = 0
        while (name := f"{base}_{count}" if count else base) in taken:
            count += 1
        taken.add(name)
        names[id(operation)] = name
    return names


def _describe_member(node, name):
    if isinstance(node.operation, Layer):
        return serialize_object(node.operation)
    found = operations.describe(node)
    return {"module": found.module, "class_name": found.class_name, "config": {"name": name, **serialize(found.arguments)},
            "registered_name": found.class_name}  # fmt: skip


def _describe_call(node, where):
    call = node if isinstance(node.operation, Layer) else operations.describe(node)
    return {"args": _encode(call.args, where), "kwargs": _encode(call.kwargs, where)}


def _encode(item, where):
    """Arguments of a call as plain data: the opposite of `_decode`."""
    if isinstance(item, symbolic.Symbol):
        config = {"shape": tuple(item.shape), "dtype": item.dtype.name, "keras_history": where[id(item)]}
        return {"class_name": "__keras_tensor__", "config": config}
    if isinstance(item, operators.Slice):
        return {"class_name": "__slice__", "config": _encode(item._asdict(), where)}
    if isinstance(item, dict):
        return {key: _encode(value, where) for key, value in item.items()}
    if isinstance(item, (list, tuple)):
        return type(item)(_encode(value, where) for value in item)
    if isinstance(item, tf.Variable):
        raise ValueError(f"get_config() of a graph: the variable {item.name!r} is used outside of a layer. Make a Layer of it.")
    if isinstance(item, (tf.Tensor, np.ndarray)):
        kind = "__tensor__" if isinstance(item, tf.Tensor) else "__numpy__"
        return {"class_name": kind, "config": {"value": serialize(item), "dtype": np.dtype(item.dtype.name).name}}
    if item is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    return serialize(item)
