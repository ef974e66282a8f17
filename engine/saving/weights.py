"""Weights as a file: safetensors, one array per weight, under the weight's path (`blocks.0.kernel`).

A file is written whole or not at all, and read whole or not at all: written under another name and then renamed,
and compared with the model, weight by weight, before the first value is assigned.
"""

import os
import uuid

import numpy as np
import safetensors
from safetensors.numpy import save

from engine.study.differences import table

_FORMAT = "glassbox_weights"  # the key in the file's metadata; its value is the version
_VERSION = 1


def save_weights(model, path):
    """Write the weights of `model` to the file `path`, replacing it. Such files are named `*.safetensors`.

    Errors: ValueError if the model is not built, or if two weights have the same path.

    >>> import os, tempfile
    >>> from engine.saving.weights import load_weights, save_weights
    >>> from layers import Dense
    >>> first, second = Dense(2), Dense(2)
    >>> first.build((None, 3)); second.build((None, 3))
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     save_weights(first, os.path.join(directory, "dense.safetensors"))
    ...     load_weights(second, os.path.join(directory, "dense.safetensors"))
    []
    >>> bool((first.kernel == second.kernel).numpy().all())
    True
    """
    arrays = {name: np.asarray(variable) for name, variable in _weights_of(model, "save_weights").items()}
    _write(os.path.realpath(path), save(arrays, metadata={_FORMAT: str(_VERSION)}))


def load_weights(model, path, strict=True):
    """Assign the weights in the file `path` to those of `model` with the same paths.

    `strict`: the names must be the same on both sides; else weights on one side only are left alone. Returns the names
    of the model's weights that were left as they were (none if strict).
    Errors: FileNotFoundError; ValueError for a file that is damaged or of another kind, for a model that is not built,
    and, with a table, for names, shapes or dtypes that do not fit. Nothing has been assigned then.
    """
    own, arrays = _weights_of(model, "load_weights"), _read(os.fspath(path))
    problems = [(name, _kind(own[name]), _kind(arrays[name]), "mismatched") for name in own
                if name in arrays and _kind(own[name]) != _kind(arrays[name])]  # fmt: skip
    missing = [name for name in own if name not in arrays]
    if strict:
        problems += [(name, _kind(own[name]), "", "missing in the file") for name in missing]
        problems += [(name, "", _kind(arrays[name]), "unexpected") for name in arrays if name not in own]
    if problems:
        mismatched = any(row[-1] == "mismatched" for row in problems)
        hint = "" if mismatched else " strict=False loads those that are on both sides."
        raise ValueError(
            f"{model.title}: the weights in {os.fspath(path)!r} do not fit, and none was loaded.{hint}\n"
            + table(("weight", "in the model", "in the file", ""), problems)
        )
    for name, variable in own.items():
        if name in arrays:
            variable.assign(arrays[name])
    return missing


def _weights_of(model, action):
    """The weights by path."""
    if not model.built:
        raise ValueError(
            f"{model.title} is not built, so it has no weights yet. Call it on a batch once, or build(shape), "
            f"before {action}()."
        )
    weights = {}
    for path, variable, _ in model.named_weights():
        if path in weights:
            raise ValueError(f"{model.title} has two weights at the path {path!r}. Rename one of the attributes.")
        weights[path] = variable
    return weights


def _kind(array):
    """`float32 (3, 4)` of an array or a variable."""
    return f"{getattr(array.dtype, 'name', array.dtype)} {tuple(array.shape)}"


def _read(path):
    """All arrays of a file, by name."""
    if not os.path.isfile(path):
        raise FileNotFoundError(f"load_weights: there is no file {path!r}.")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            version = (file.metadata() or {}).get(_FORMAT, str(_VERSION))  # a file from elsewhere is as good
            if version != str(_VERSION):
                raise ValueError(
                    f"{path!r} has weights in format {version}; this release reads {_VERSION}. Update the package."
                )
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path!r} is damaged or no safetensors file: {error}.") from error


def _write(path, data):
    """Put `data` at `path` in one move: whoever looks there sees the old file or the new one, whole."""
    unfinished = f"{path}.{uuid.uuid4().hex}.part"
    try:
        with open(unfinished, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        if os.path.exists(unfinished):
            os.remove(unfinished)
        raise
