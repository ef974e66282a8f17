"""The whole state of a run as one directory, made whole by one rename.

    checkpoints/
      00000003-00000120/         after 3 epochs and 120 steps of the fourth
        state.safetensors        weights, optimizer slots, random state, metrics' partial sums, callbacks' arrays
        run.json                 epoch, step, data position, history, callbacks' state, checksums

A directory is written under a temporary name, its files and itself synced to disk, then renamed: at every instant
what has a final name is complete. Older ones go only after that. `newest` takes the last that verifies.
"""

import hashlib
import json
import os
import random
import shutil
import warnings

import numpy as np
import tensorflow as tf
from safetensors.numpy import load_file, save_file

from engine.core import tracking
from engine.random import SeedGenerator

FORMAT = 1
_TEMPORARY = ".writing-"


class CheckpointError(ValueError):
    """A checkpoint that cannot be used, and why."""


# ---- the state of a run -------------------------------------------------------------------------


def variables_of(run):
    """{name: variable} of all that a step can change; the names do not depend on the process."""
    model = run.model
    named = {f"weights/{weight.path}": weight.variable for weight in model.named_weights()}
    for path, layer in model.named_layers():
        for name, child in tracking.children(layer):
            if isinstance(child, SeedGenerator):
                named[f"seeds/{tracking.join(path, name)}"] = child.state
    for index, variable in enumerate(model.optimizer.variables):
        named[f"optimizer/{index}"] = variable
    metrics = [variable for metric in [*model.metrics, model._term_tracker] for variable in metric.variables]
    for index, variable in enumerate(metrics):
        named[f"metrics/{index}"] = variable
    return named


def capture(run):
    """(arrays, info): the state of `run` as NumPy arrays by name, and as plain data."""
    arrays = {name: variable.numpy() for name, variable in variables_of(run).items()}
    states = []
    for index, callback in enumerate(run.callbacks):
        state = callback.get_state()
        states.append([type(callback).__name__, _take_arrays(state, f"callbacks/{index}", arrays)])
    numpy_state = list(np.random.get_state())
    numpy_state[1] = numpy_state[1].tolist()
    info = {
        "format": FORMAT, "epoch": run.epoch, "step": run.step, "feed": run.feed.get_state(), "callbacks": states,
        "random": {"python": random.getstate(), "numpy": numpy_state},
    }  # fmt: skip
    return arrays, info


def restore(run, arrays, info):
    """Put `run` where it was. Everything is compared before anything is assigned."""
    variables = variables_of(run)
    stored = {name for name in arrays if not name.startswith("callbacks/")}
    problems = [f"{name} is missing in the checkpoint" for name in variables if name not in stored]
    problems += [f"{name} is not in this model" for name in stored if name not in variables]
    for name, variable in variables.items():
        if name in stored and arrays[name].shape != tuple(variable.shape):
            problems.append(f"{name} has shape {arrays[name].shape} there and {tuple(variable.shape)} here")
    names = [type(callback).__name__ for callback in run.callbacks]
    if [name for name, _ in info["callbacks"]] != names:
        problems.append(f"the callbacks were {[name for name, _ in info['callbacks']]} and are {names}")
    if problems:
        raise CheckpointError("The checkpoint is of another run: " + "; ".join(problems[:5]) + ". Nothing was changed.")
    for name, variable in variables.items():
        variable.assign(tf.cast(arrays[name], variable.dtype))
    for callback, (_, state) in zip(run.callbacks, info["callbacks"]):
        callback.set_state(_give_arrays(state, arrays))
    run.epoch, run.step = info["epoch"], info["step"]
    run.feed.set_state(info["feed"])
    version, internal, gauss = info["random"]["python"]
    random.setstate((version, tuple(internal), gauss))
    np.random.set_state(tuple(info["random"]["numpy"]))


def _take_arrays(state, prefix, arrays):
    """`state` with its arrays moved to `arrays`, and references in their place."""
    if isinstance(state, np.ndarray):
        arrays[prefix] = state
        return {"array": prefix}
    if isinstance(state, dict):
        return {key: _take_arrays(value, f"{prefix}/{key}", arrays) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return [_take_arrays(value, f"{prefix}/{index}", arrays) for index, value in enumerate(state)]
    return state.item() if isinstance(state, np.generic) else state


def _give_arrays(state, arrays):
    if isinstance(state, dict):
        if set(state) == {"array"}:
            return arrays[state["array"]]
        return {key: _give_arrays(value, arrays) for key, value in state.items()}
    return [_give_arrays(value, arrays) for value in state] if isinstance(state, list) else state


# ---- as files -----------------------------------------------------------------------------------


def write(directory, arrays, info, keep=3):
    """Write a checkpoint into `directory` and return its path; keeps the last `keep`."""
    name = f"{info['epoch']:08d}-{info['step']:08d}"
    final = os.path.join(directory, name)
    temporary = os.path.join(directory, f"{_TEMPORARY}{name}")
    shutil.rmtree(temporary, ignore_errors=True)
    os.makedirs(temporary)
    try:
        data = os.path.join(temporary, "state.safetensors")
        dtypes = {name: array.dtype.name for name, array in arrays.items()}
        save_file({name: _as_bytes(array) for name, array in arrays.items()}, data)
        info = {**info, "dtypes": dtypes, "sha256": _digest_of_file(data)}
        with open(os.path.join(temporary, "run.json"), "w") as file:
            text = json.dumps(info)
            json.dump({"sha256": hashlib.sha256(text.encode()).hexdigest(), "run": text}, file)
        for path in (data, os.path.join(temporary, "run.json"), temporary):
            _sync(path)
        if os.path.exists(final):  # the same step again, after a resume from an older checkpoint
            os.rename(final, final + ".old")
        os.rename(temporary, final)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    _sync(directory)
    shutil.rmtree(final + ".old", ignore_errors=True)
    for old in names(directory)[:-keep]:
        shutil.rmtree(os.path.join(directory, old), ignore_errors=True)
    return final


def names(directory):
    """The names of the finished checkpoints, the oldest first."""
    if not os.path.isdir(directory):
        return []
    return sorted(name for name in os.listdir(directory) if name[:8].isdigit() and not name.endswith(".old"))


def newest(directory):
    """(path, arrays, info) of the newest checkpoint that verifies, or None; says which it skipped and why."""
    candidates = [name for name in os.listdir(directory) if name[:8].isdigit()] if os.path.isdir(directory) else []
    for name in sorted(candidates, reverse=True):
        path = os.path.join(directory, name)
        try:
            return (path, *read(path))
        except CheckpointError as error:
            warnings.warn(f"Checkpoint {path} is skipped: {error}", stacklevel=3)
    return None


def read(path):
    """(arrays, info) of one checkpoint; a CheckpointError unless every byte is as it was written."""
    try:
        with open(os.path.join(path, "run.json")) as file:
            outer = json.load(file)
        text = outer["run"]
        if hashlib.sha256(text.encode()).hexdigest() != outer["sha256"]:
            raise CheckpointError("run.json does not match its checksum.")
        info = json.loads(text)
        if info["format"] != FORMAT:
            raise CheckpointError(f"its format is {info['format']}, this version reads {FORMAT}.")
        data = os.path.join(path, "state.safetensors")
        if _digest_of_file(data) != info["sha256"]:
            raise CheckpointError("state.safetensors does not match its checksum.")
        stored = load_file(data)
        arrays = {name: _from_bytes(stored[name], dtype) for name, dtype in info["dtypes"].items()}
    except CheckpointError:
        raise
    except Exception as error:  # whatever damage does to a file, it is the same to the caller
        raise CheckpointError(f"it cannot be read ({type(error).__name__}: {error}).") from error
    return arrays, info


def _as_bytes(array):
    """safetensors' NumPy side has no bfloat16: store its bits."""
    return array.view(np.uint16) if array.dtype.name == "bfloat16" else np.array(array, order="C")


def _from_bytes(array, dtype):
    return array.view(tf.bfloat16.as_numpy_dtype) if dtype == "bfloat16" else array


def _digest_of_file(path):
    with open(path, "rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
