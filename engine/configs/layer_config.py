"""A layer or a Sequential as plain data, and again from that, in the format of Keras 3.

    {"class_name": "Dense", "module": "keras.layers", "registered_name": None, "config": {"units": 2, ...}}

`registered_name` is that of a class of the user's own. Nothing is ever imported or run that a config names: a class is
one of this project's, or was passed in `custom_objects`; code inside a config is refused. How a functional model is
described is in graph_config.py.
"""

from engine.core.layer import Layer
from engine.small_parts.account import LAYER, spend
from losses.ground.configurable import constructor_arguments, describe, public_name, serialize, serialize_object
from losses.ground.lookup import custom_object, find, resolve

_seen = {}  # classes by name, as _known_layers once found them
_NOT_OFFERED = {"quantization_config"}  # arguments of Keras's layers that are None where they are not used


def get_layer(identifier):
    """The layer that a layer, its class, its name or its config dict stands for.

    Known by name are the layers of this project that have been imported; others come through `custom_objects`.
    Raises ValueError for an unknown class, or a config that holds Python code.

    >>> import layers
    >>> get_layer({"class_name": "Dense", "config": {"units": 3}}).units
    3
    """
    if not isinstance(identifier, dict):
        return resolve("layer", identifier, _known_layers())
    if not isinstance(identifier.get("class_name"), str):
        raise ValueError(f"The config of a layer needs the key 'class_name'; received the keys {list(identifier)}.")
    spend("a layer", memory=LAYER)
    arguments = identifier.get("config") or {}
    return _class_of(identifier).from_config(_without_code(identifier["class_name"], arguments))


def _known_layers():
    """The classes a config may name: those of this project, not other subclasses that happen to be loaded."""
    found, open_ = {}, [Layer]
    while open_:
        cls = open_.pop()
        open_.extend(cls.__subclasses__())
        if cls.__module__.split(".")[0] in ("engine", "layers"):
            found[public_name(cls)] = cls
    return {**found, **({"Functional": found["Model"]} if "Model" in found else {})}


def _class_of(entry):
    """A class of the caller's, by its registered name ("package>Name") or plain name; else one of this project."""
    name, registered = entry["class_name"], entry.get("registered_name")
    custom = custom_object(registered) or custom_object(name)
    if custom is not None:
        return custom
    of_applications = str(entry.get("module")).startswith("keras.src.applications.")
    if registered in (None, "Functional") or of_applications:
        if name in _seen:  # a config may name a class 100,000 times
            return _seen[name]
        known = _known_layers()
        _seen.update(known)
        if name not in known and not any(cls.__module__.startswith("layers.") for cls in known.values()):
            raise ValueError(f"Unknown layer {name!r}: no layers are loaded. Put `import layers` into your program.")
        return find("layer", name, known)
    raise ValueError(
        f"Unknown layer {registered!r} (from {entry.get('module')!r}), which is not one of this project's. Pass its class, "
        f"written as a Layer: custom_objects={{{name!r}: {name}}}."
    )


def _without_code(class_name, arguments):
    """`arguments` of a layer; where one was a lambda, the name of a function of the caller's in its place."""
    checked = {key: value for key, value in arguments.items() if key not in _NOT_OFFERED or value is not None}
    for key, value in arguments.items():
        if not _is_lambda(value):
            continue
        name = arguments.get("name", key)
        if custom_object(name) is None:
            raise ValueError(
                f"{class_name} {name!r} was made with a Python lambda ({key}=...), and code from a config is never run. "
                f"Pass the function under the layer's name: custom_objects={{{name!r}: function}}."
            )
        checked[key] = {"class_name": "function", "config": name}
    return checked


def _is_lambda(value):
    if isinstance(value, dict):
        return value.get("class_name") == "__lambda__" or value.get("config") == "<lambda>"
    return isinstance(value, str) and value == "<lambda>"


def describe_arguments(model, below):
    """The config of a model whose class, a subclass of `below`, has a constructor of its own: that one's arguments."""
    config = {"name": model.name, "trainable": model.trainable, "dtype": serialize(model.dtype_policy)}
    names = [name for name in constructor_arguments(type(model), below=below) if name not in config]
    if type(model).get_config is not below.get_config:  # it adds what is not found here
        names = [name for name in names if hasattr(model, name)]
    return {**config, **describe(model, names)}


def describe_sequence(model, start, layers):
    """The config of a Sequential: its layers in order, an InputLayer first once the `start` symbol is known."""
    first = [start.node.operation] if start is not None else []
    config = {
        "name": model.name,
        "trainable": model.trainable,
        "dtype": serialize(model.dtype_policy),
        "layers": [serialize_object(layer) for layer in [*first, *layers]],
    }
    return {**config, "build_input_shape": tuple(start.shape)} if first else config


def read_sequence(cls, config):
    """A Sequential of class `cls` from its config."""
    own = {key: config[key] for key in ("name", "trainable", "dtype") if key in config}
    model = cls([get_layer(entry) for entry in config["layers"]], **own)
    if not model.built and config.get("build_input_shape") is not None:
        model.build(config["build_input_shape"])
    return model
