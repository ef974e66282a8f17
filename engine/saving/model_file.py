"""A whole model as one file: how it is made, how it was compiled, all weights, the state of the optimizer.

The file is safetensors (container.py). Its metadata hold one JSON text,

    {"model": {"class_name": ..., "config": {...}},    as Model.get_config gives it
     "inputs": ...,                                    shapes and dtypes of the first call, for a subclassed model
     "compile": {"optimizer": ..., "loss": ...},       null if it was not compiled
     "optimizer_weights": ["dense.kernel", ...]}       the weights that the optimizer knew

and its arrays have the names of state.py. To load is: check the file, make the model from its config, compare every
name, shape and dtype, and assign. The config can name classes and no more; while the model is made, variables
may take no more memory than the file has data for, so a config that lies about sizes is refused before the allocation.
"""

import contextlib
import json
import os

from engine.configs import layer_config
from engine.configs.json_data import from_json, to_json
from engine.configs.keras2_config import is_of_keras2, to_keras3
from engine.core import symbolic
from engine.core.model import CoreModel
from engine.saving import compiling, container, keras2_files, keras_files, limits, weights
from engine.saving.container import FileError
from engine.saving.contents import OPTIMIZER, joined, optimizer_state_of, seeds_of, values_of, weights_of
from engine.small_parts import arguments
from engine.small_parts.kinds import kind_of
from engine.unbuilt import known_inputs
from losses.ground.configurable import serialize_object
from losses.ground.lookup import custom_object_scope

_LONG = 3000  # characters of a message


def save(model, filepath, include_optimizer=True):
    """Write `model` to the file `filepath`, replacing it, in one move. `include_optimizer=False` leaves out its state.

    Errors: ValueError if the model is not built; NotImplementedError if a class of your own cannot say how it was made
    (then `save_weights` is enough for the weights); OSError, which leaves the old file.

    >>> import os, tempfile
    >>> from engine import Sequential
    >>> from layers import Dense
    >>> model = Sequential([Dense(2, input_shape=(3,))])
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     model.save(os.path.join(directory, "model.safetensors"))
    ...     same = load_model(os.path.join(directory, "model.safetensors"))
    >>> bool((same.layers[0].kernel == model.layers[0].kernel).numpy().all())
    True
    """
    variables = joined(model, weights_of(model, "save"), seeds_of(model))
    if not model.built and known_inputs(model) is None:
        raise ValueError(
            f"{model._title} was never called as a whole, so a file of it could not say how to make it again. Call it once, "
            "model(x), or save its parts, each by itself. save_weights() needs no call."
        )
    description = {
        "model": serialize_object(model),
        "inputs": _describe_inputs(known_inputs(model)),
        "compile": compiling.describe(model) if include_optimizer else None,
        "optimizer_weights": [],
    }
    if include_optimizer and model.optimizer is not None:
        variables = joined(model, variables, optimizer_state_of(model))
        paths = {id(variable): name for name, variable in variables.items()}
        description["optimizer_weights"] = [paths[id(v)] for v in model.optimizer._weights if id(v) in paths]
    try:
        text = json.dumps(to_json(description))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{model._title}: its config cannot be written as JSON ({error}). get_config() of your own classes returns "
            "numbers, text, arrays, lists, dicts and the like. save_weights() needs no config."
        ) from error
    container.write(filepath, "model", values_of(variables), model=text)


def load_model(filepath, custom_objects=None, compile=True, safe_mode=True):
    """The model in a file that `Model.save` wrote, or in one of Keras: `.keras`, or `.h5` of a whole model, of Keras 2 or 3.

    `custom_objects` {name: class or function}: all that is not of this project. `compile=False` leaves out compile's
    arguments and the optimizer. `safe_mode`: code in a file is never run here, so that False allows no more than True.
    Of Keras's files the optimizer's state is not read: it starts anew.
    Errors: FileNotFoundError; FileError (a ValueError) for everything that is wrong with the file.

    >>> import tempfile
    >>> from engine import Sequential
    >>> from engine.saving import load_model
    >>> from layers import Dense
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     Sequential([Dense(2, input_shape=(3,))], name="small").save(f"{directory}/model.safetensors")
    ...     load_model(f"{directory}/model.safetensors")
    <Sequential 'small'>
    """
    arguments.flag("load_model", safe_mode=safe_mode)
    filepath = os.fspath(filepath)
    data = container.read_bytes(filepath)
    if keras_files.is_one(data):
        return _load_keras(data, filepath, custom_objects, compile)
    content = container.unpack(data, filepath)
    if "model" not in content.metadata:
        raise FileError(f"{filepath!r} does not say how its model is made. Make it and call model.load_weights(filepath).")
    with _refusing(repr(filepath)):
        text = content.metadata["model"]
        with limits.limited(sum(array.nbytes for array in content.arrays.values()), text):
            description = from_json(container.parse_json(text))
            model = _make(description["model"], description["inputs"], custom_objects)
            with_optimizer = compile and description["compile"] is not None
            own = {**weights_of(model, "load_model"), **seeds_of(model)}
            if with_optimizer:
                compiling.compile_again(model, description["compile"], custom_objects)
                known = description["optimizer_weights"]
                if known:
                    model.optimizer.build([own[name] for name in known])
                own |= optimizer_state_of(model)
    arrays = content.arrays
    if not with_optimizer:
        arrays = {name: array for name, array in arrays.items() if name in own or not name.startswith(OPTIMIZER)}
    weights.assign(model, own, arrays, filepath)
    return model


def _load_keras(data, path, custom_objects, compile):
    read = keras_files.read_config if keras_files.is_archive(data) else keras2_files.read_config
    text, whole, settings = read(data, path)
    with _refusing(repr(path)):
        shapes = (whole.get("build_config") or {}).get("input_shape")
        with limits.limited(len(data), text):
            model = _make(whole, _inputs_of_shapes(shapes), custom_objects)
            own = weights_of(model, "load_model")
            if compile and settings:
                compiling.compile_again(model, settings, custom_objects)
    weights.assign(model, own, keras_files.read_weights(data, path, model), path)
    return model


def model_from_json(text, custom_objects=None):
    """The model that `Model.to_json()` described, or Keras's `to_json()`, of Keras 2 or 3; its weights are new.

    Errors: FileError (a ValueError) for everything that is wrong with the text, and for a model that does not fit into the
    memory of this machine.

    >>> from engine import Sequential
    >>> from layers import Dense
    >>> text = Sequential([Dense(2, input_shape=(3,))]).to_json()
    >>> model_from_json(text).count_params()
    8
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with _refusing("this JSON"), limits.limited(memory, text, zeros=False):
        description = from_json(container.parse_json(text))
        return _make(to_keras3(description) if is_of_keras2(description) else description, None, custom_objects)


@contextlib.contextmanager
def _refusing(source):
    """Whatever goes wrong while a description is turned into a model is the fault of what holds it."""
    try:
        yield
    except Exception as error:
        text = str(error)
        cause = error if len(text) < _LONG else None  # a traceback shows its message too
        raise FileError(f"No model can be made from {source}: {type(error).__name__}: {text}") from cause


def _make(description, inputs, custom_objects):
    """The model, with all its weights made."""
    with custom_object_scope(custom_objects):
        model = layer_config.get_layer(description)
        if not isinstance(model, CoreModel):
            raise FileError(f"it describes a {type(model).__name__}, not a model")
        if inputs is not None:
            symbols = _read_inputs(inputs)
            model._ensure_built((symbols,), {})
            if not _all_built(model):
                symbolic.infer(model, (symbols,), {})
    return model


def _all_built(model):
    return all(layer.built for _, layer in model.named_layers() if layer is not model)


# ---- the inputs of a subclassed model, which has no Input to tell them -----------------------------------


def _describe_inputs(inputs):
    """A nest of specs as a nest of {"shape", "dtype"}, and "kind" where it is not dense; a tuple becomes a list."""
    if isinstance(inputs, dict):
        return {"dict": {key: _describe_inputs(item) for key, item in inputs.items()}}
    if isinstance(inputs, (list, tuple)):
        return [_describe_inputs(item) for item in inputs]
    if inputs is None:
        return None
    kind = kind_of(inputs)
    return {"shape": list(inputs.shape), "dtype": inputs.dtype.name} | ({} if kind == "dense" else {"kind": kind})


def _read_inputs(described):
    if described is None:
        return None
    if isinstance(described, list):
        return [_read_inputs(item) for item in described]
    if "dict" in described:
        return {key: _read_inputs(item) for key, item in described["dict"].items()}
    return symbolic.Symbol(described["shape"], described["dtype"], kind=described.get("kind", "dense"))


def _inputs_of_shapes(shapes):
    """What Keras keeps of the first call: a shape, or a list or dict of shapes."""
    if shapes is None:
        return None
    if isinstance(shapes, dict):
        return {"dict": {key: _inputs_of_shapes(shape) for key, shape in shapes.items()}}
    if any(isinstance(item, (list, dict)) for item in shapes):
        return [_inputs_of_shapes(shape) for shape in shapes]
    return {"shape": [None, *shapes[1:]], "dtype": "float32"}
