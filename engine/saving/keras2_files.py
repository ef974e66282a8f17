"""Whole models and weights in the HDF5 format of Keras 2, `model.h5`, which Keras 3 also writes. Only read.

    attributes: model_config, training_config      JSON: how the model is made, and how it was compiled
    model_weights/LAYER/WEIGHT                     arrays; `layer_names` and `weight_names` have their order

A file of weights alone has its layers at the top. The same precautions as for other HDF5 files: see hdf5.py.
"""

from engine.configs.keras2_config import is_of_keras2, to_keras3
from engine.saving import hdf5
from engine.saving.container import FileError, parse_json

_GIVEN = ("accuracy", "acc", "mse", "mae", "mape", "msle", "cosine_similarity")  # names of metrics that are no function's


def is_one(file):
    """Whether an open HDF5 file has this format."""
    return "layer_names" in file.attrs or "model_config" in file.attrs


def read_config(data, path):
    """The config of the model in the bytes of a file, as text and parsed, and compile's arguments or None."""
    with hdf5.opened(data, path) as file:
        if "model_config" not in file.attrs:
            raise FileError("it holds weights only. Make the model and call model.load_weights(path)")
        text, *compiled = (hdf5.texts(file, name, len(data))[0] for name in ("model_config", "training_config") if name in file.attrs)
        config = parse_json(text)
        if not isinstance(config, dict):
            raise FileError("model_config is no object")
        older = is_of_keras2({"keras_version": file.attrs.get("keras_version", "2.")})
        return text, to_keras3(config) if older else config, _compiled(parse_json(compiled[0])) if compiled else None


def read_weights(file, size, model, by_name=False):
    """{path: array} for `model` from an open file of `size` bytes; what no weight corresponds to keeps its name in the file.

    Layers are found by their names, or, where names differ and there are as many layers, by their order. `by_name`: by their
    names alone, and only those that both have.
    """
    group = file["model_weights"] if hdf5.is_group(file, "model_weights") else file
    arrays = hdf5.arrays(group, size)
    named = [name for name in hdf5.texts(group, "layer_names", size) if hdf5.is_group(group, name)]
    held = {name: weights for name in named if (weights := hdf5.texts(group[name], "weight_names", size))}
    own = {layer.name: [*layer.trainable_weights, *layer.non_trainable_weights] for layer in model.layers if layer.weights}
    if by_name:
        common = tuple(f"{name}/" for name in own.keys() & held.keys())
        arrays = {place: array for place, array in arrays.items() if place.startswith(common)}
    elif held.keys() != own.keys() and len(held) == len(own):
        own = dict(zip(held, own.values()))
    paths = {id(variable): path for path, variable, _ in model.named_weights()}
    names = {}
    for name, weights in held.items():
        names.update({f"{name}/{weight}": paths[id(variable)] for weight, variable in zip(weights, own.get(name, ()))})
    return {names.get(name, name): array for name, array in arrays.items()}


def _compiled(training):
    return settings(training, training["optimizer_config"]) if "optimizer_config" in training else None


def settings(given, optimizer):
    """The arguments of compile, from those that Keras 2 was given and the description of its optimizer."""
    found = {key: _named(given.get(key)) for key in ("loss", "metrics", "weighted_metrics", "loss_weights")}
    if isinstance(optimizer, dict):
        optimizer = _optimizer(optimizer["class_name"], **optimizer["config"])
    return {**found, "optimizer": optimizer}


def _optimizer(class_name, decay=0.0, is_legacy_optimizer=None, jit_compile=None, **config):
    if decay:  # by every update, as the oldest optimizers have it
        falling = {"initial_learning_rate": config["learning_rate"], "decay_steps": 1, "decay_rate": decay}
        config["learning_rate"] = {"class_name": "InverseTimeDecay", "config": falling}
    return {"class_name": class_name.removeprefix("Custom>"), "config": config}


def _named(item):
    """Metrics that wrap a function, as the name they were given, or the function's; a list around those of a single output goes."""
    if isinstance(item, dict) and item.get("class_name") == "MeanMetricWrapper":
        name = item["config"]["name"]
        return name if name in _GIVEN else item["config"]["fn"]
    if isinstance(item, dict):
        return {key: "sum_over_batch_size" if value == "auto" else _named(value) for key, value in item.items() if key != "fn"}
    if isinstance(item, list):
        items = [_named(value) for value in item]
        return items[0] if len(items) == 1 and isinstance(items[0], list) else items
    return item
