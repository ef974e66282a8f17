"""Configs as Keras 2 wrote them, in whole models and as JSON: `to_keras3` makes of them what the other files here read.

Layers are described alike; how they are connected is not. Keras 2 lists, for each call of a layer, the tensors it is called
on, and puts the other arguments beside each of them:

    "inbound_nodes": [[["x", 0, 0, {}], ["y", 0, 0, {}]]]     a call on a list of two
    "inbound_nodes": [["x", 0, 0, {"y": 2.0}]]                the function of a TFOpLambda: tf.multiply(x, y=2.0)
"""

import tensorflow as tf

from engine.configs.operations import OPERATORS
from engine.configs.tensorflow_functions import CLASS_NAME, MODULE
from losses.ground.lookup import register_keras_serializable, registered_name

_RECURRENT = ("RNN", "SimpleRNN", "GRU", "LSTM", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_CONSTANT = "_CONSTANT_VALUE"
# Arguments that have gone, where they say what is so anyway (...: whatever they say).
_OF_ALL = {"time_major": False, "query_shape": ..., "key_shape": ..., "value_shape": ..., "softmax_robust_masking": False}
_OF_SEPARABLE = {**_OF_ALL, "groups": 1, "kernel_initializer": ..., "kernel_regularizer": None, "kernel_constraint": None}
_GONE = {
    **{f"{kind}Conv{rank}D": _OF_SEPARABLE for kind in ("Depthwise", "Separable") for rank in (1, 2)},
    **{f"Conv{rank}DTranspose": {**_OF_ALL, "groups": 1} for rank in (1, 2, 3)},
    "Lambda": {**_OF_ALL, "module": ..., "function_type": ..., "output_shape_type": ..., "output_shape_module": ...},
}


@register_keras_serializable("keras2")
def hard_sigmoid(x):
    """What Keras 2 has under this name; Keras 3 has another function, with the slope 1/6."""
    return tf.clip_by_value(0.2 * x + 0.5, 0.0, 1.0)


def is_of_keras2(notes):
    """Whether what is noted beside a config, or in a file, says that Keras 2 wrote it."""
    return isinstance(notes, dict) and str(notes.get("keras_version")).startswith("2.")


def to_keras3(item):
    """A config, or a nest of them, with all graphs inside as Keras 3 describes them; what is in that form stays as it is."""
    if isinstance(item, list):
        return [to_keras3(value) for value in item]
    if not isinstance(item, dict):
        return item
    item = {key: to_keras3(value) for key, value in item.items()}
    if item.get("class_name") == "Sequential" and isinstance(item.get("config"), list):  # the oldest ones
        item["config"] = {"layers": item["config"]}
    if isinstance(item.get("config"), dict) and "class_name" in item:
        item["config"] = _arguments(item["class_name"], item["config"])
    layers = item.get("layers")
    if not isinstance(layers, list) or not any(isinstance(node, list) for entry in layers for node in entry.get("inbound_nodes", ())):
        return item
    # Calls of a model inside count from 1, as its own graph is number 0; in Keras 3 those of a Functional do, in the lists of ends.
    first = {entry["name"]: int("layers" in entry["config"]) for entry in layers}
    listings = {entry["name"]: int(entry["class_name"] == "Sequential") for entry in layers}
    ends = {key: _unlisted(_ends(item[key], listings)) for key in ("input_layers", "output_layers")}
    return {**item, **ends, "layers": [_entry(entry, first) for entry in layers]}


def _arguments(class_name, config):
    """The arguments of a layer, without those that have gone where they change nothing."""
    gone = _GONE.get(class_name, _OF_ALL)
    kept = {key: value for key, value in config.items() if key not in gone or gone[key] not in (..., value)}
    if class_name == "Lambda" and isinstance(kept.get("function"), list):
        kept["function"] = {"class_name": "__lambda__"}  # it held the code of one, which nobody runs
    older = registered_name(hard_sigmoid)
    return {key: older if key.endswith("activation") and value == "hard_sigmoid" else value for key, value in kept.items()}


def _ends(item, first):
    if _is_tensor(item):
        return [item[0], item[1] - first[item[0]], item[2]]
    return {key: _ends(value, first) for key, value in item.items()} if isinstance(item, dict) else [_ends(value, first) for value in item]


def _entry(entry, first):
    nodes = [_node(node, first) if isinstance(node, list) else node for node in entry["inbound_nodes"]]
    kind = entry["class_name"]
    if kind in _RECURRENT:
        nodes = [_with_state(**node) for node in nodes]
    if kind not in ("TFOpLambda", "SlicingOpLambda"):
        return {**entry, "inbound_nodes": nodes}
    function = str(entry["config"]["function"])
    operator = function.removeprefix("__operators__.")
    if operator == function:
        kept = {"name": entry["name"], "function": function}
        return {**entry, "module": MODULE, "class_name": CLASS_NAME, "config": kept, "inbound_nodes": nodes}
    for node in nodes:  # an operator has no names for its operands
        operands = [value for name, value in node["kwargs"].items() if name != "name"]
        node["args"], node["kwargs"] = [*node["args"], *map(_slices, operands)], {}
    kept = {"module": "keras.src.ops.numpy", "class_name": OPERATORS.get(operator, function), "config": {"name": entry["name"]}}
    return {**entry, **kept, "inbound_nodes": nodes}


def _node(data, first):
    kwargs = {}

    def tensors(item):
        if isinstance(item, dict):
            return {key: tensors(value) for key, value in item.items()}
        if not _is_tensor(item):
            return [tensors(value) for value in item]
        kwargs.update(*item[3:4])
        return item[2] if item[0] == _CONSTANT else _reference(item, first)

    args = [_unlisted(tensors(data))]
    return {"args": args, "kwargs": {key: _with_references(value, first) for key, value in kwargs.items()}}


def _with_state(args, kwargs):
    """A call of a recurrent layer on a list: what comes after the sequences is the state it begins with."""
    sequences, *state = args[0] if isinstance(args[0], list) else args
    return {"args": [sequences], "kwargs": {**kwargs, "initial_state": state} if state else kwargs}


def _is_tensor(item):
    return isinstance(item, list) and len(item) in (3, 4) and isinstance(item[0], str) and isinstance(item[1], int)


def _reference(item, first):
    name, number, index, *_ = item
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, number - first[name], index]}}


def _with_references(item, first):
    if _is_tensor(item) and item[0] in first:
        return _reference(item, first)
    if isinstance(item, dict):
        return {key: _with_references(value, first) for key, value in item.items()}
    return [_with_references(value, first) for value in item] if isinstance(item, list) else item


def _slices(item):
    if isinstance(item, list):
        return [_slices(value) for value in item]
    is_slice = isinstance(item, dict) and item.keys() == {"start", "stop", "step"}
    return {"class_name": "__slice__", "config": item} if is_slice else item


def _unlisted(items):
    return items[0] if isinstance(items, list) and len(items) == 1 else items
