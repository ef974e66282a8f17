"""The whole state of a run as one directory, made whole by one rename.

    checkpoints/
      00000003-00000120/         after 3 epochs and 120 steps of the fourth
        run.json                 epoch, step, place in the data, logs, callbacks' state, random state of Python and NumPy
        state.safetensors        weights, optimizer, seeds, metrics' partial sums, callbacks' arrays; a checksum of itself
                                 and of run.json

A directory is written under a temporary name, its files and itself synced to the disk, then renamed: what has a final
name is complete at every instant. Older ones go only after that, and lose their names first. `newest` takes the last
one that verifies.
"""

import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import warnings

import numpy as np

from engine.saving import container, disk
from engine.saving.container import FileError
from engine.saving.state import named_weights, optimizer_state_of, seeds_of, values_of
from engine.saving.weights import compare
from engine.training.step import make_variables

_UNFINISHED = ".unfinished-"
_NAME = re.compile(r"(\d{8,})-(\d{8,})(?:\.(\d+))?")  # the third number where one run was there twice
_FIELDS = {"epoch": int, "step": int, "total": int, "stopped": bool, "logs": dict, "feed": dict, "callbacks": list,
           "random": dict}  # fmt: skip


class CheckpointError(FileError):
    """A checkpoint that cannot be used, and why."""


# ---- the state of a run -------------------------------------------------------------------------


def variables_of(run):
    """{name: variable} of all that a step can change; the names do not depend on the process."""
    model = run.model
    metrics = [variable for metric in [*model.metrics, model._term_tracker] for variable in metric.variables]
    return {
        **named_weights(model), **seeds_of(model), **optimizer_state_of(model),
        **{f"metrics/{index}": variable for index, variable in enumerate(metrics)},
    }  # fmt: skip


def capture(run):
    """(arrays, info): the state of `run` as NumPy arrays by name, and as plain data."""
    arrays = values_of(variables_of(run))
    numpy_state = list(np.random.get_state())
    numpy_state[1] = numpy_state[1].tolist()
    info = {
        "epoch": run.epoch, "step": run.step, "total": run.total, "stopped": bool(run.model.stop_training),
        "logs": _take_arrays(run.logs, "logs", arrays), "feed": run.feed.get_state(),
        "callbacks": _take_arrays(_states_of(run), "callbacks", arrays),
        "random": {"python": random.getstate(), "numpy": numpy_state},
    }  # fmt: skip
    return arrays, info


def _states_of(run):
    return [[type(callback).__name__, callback.get_state()] for callback in run.callbacks]


def restore(run, arrays, info):
    """Put `run` where it was. Everything is compared before anything is changed, and an error undoes what was done."""
    if run.model.run_eagerly:  # nothing has made the slots and the metrics yet
        make_variables(run.model, run.feed.spec)
    _compare(run, arrays, info)
    states, python_state, numpy_state = _states_of(run), random.getstate(), np.random.get_state()
    try:
        _apply(run, arrays, info)  # the variables last: what can fail comes before them
    except Exception as error:
        for callback, (_, state) in zip(run.callbacks, states):
            with contextlib.suppress(Exception):
                callback.set_state(state)
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        raise CheckpointError(f"The checkpoint is of another run: {error}. Nothing was changed.") from error


def _compare(run, arrays, info):
    misfits = compare(variables_of(run), {name: array for name, array in arrays.items() if not _is_taken(name)})
    if misfits:
        raise CheckpointError(f"The checkpoint is of another model or optimizer. Nothing was changed.\n{misfits}")
    then, now = [name for name, _ in info["callbacks"]], [type(callback).__name__ for callback in run.callbacks]
    if then != now:
        raise CheckpointError(
            f"The checkpoint is of a run with the callbacks {then}, and this one has {now}. Nothing was changed. "
            "Give the same ones in the same order."
        )


def _apply(run, arrays, info):
    run.feed.set_state(info["feed"])  # may draw from a generator, and that from the random state
    for callback, (_, state) in zip(run.callbacks, info["callbacks"]):
        callback.set_state(_give_arrays(state, arrays))
    version, internal, gauss = info["random"]["python"]
    random.setstate((version, tuple(internal), gauss))
    np.random.set_state(tuple(info["random"]["numpy"]))
    run.logs = _give_arrays(info["logs"], arrays)
    run.epoch, run.step, run.total = info["epoch"], info["step"], info["total"]
    run.model.stop_training = info["stopped"]
    for name, variable in variables_of(run).items():
        variable.assign(arrays[name])


def _is_taken(name):
    return name.startswith(("callbacks/", "logs/"))


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
    """Write a checkpoint into `directory` and return its path; keeps the last `keep`. An OSError leaves those before."""
    final = _free_name(directory, info)
    temporary = os.path.join(directory, _UNFINISHED + os.path.basename(final))
    try:
        text = json.dumps(info).encode()
    except TypeError as error:
        raise TypeError(f"get_state() of a callback returns numbers, strings, lists, dicts and arrays only: {error}") from None
    try:
        os.mkdir(temporary)
        disk.write_file(os.path.join(temporary, "run.json"), text)
        state = container.pack("checkpoint", arrays, run_sha256=hashlib.sha256(text).hexdigest())
        disk.write_file(os.path.join(temporary, "state.safetensors"), *state)
        disk.sync(temporary)
        os.rename(temporary, final)
        disk.sync(directory)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError):
            raise disk.failed(error, final, "The checkpoints before it are untouched") from error
        raise
    for old in names(directory)[:-keep]:
        remove(directory, old)
    return final


def _free_name(directory, info):
    name = f"{info['epoch']:08d}-{info['step']:08d}"
    same = [other for other in names(directory) if other.partition(".")[0] == name]
    if same:  # of a run that was resumed from an older one: its checkpoints stay until this one is there
        name = f"{name}.{int(_NAME.fullmatch(same[-1])[3] or 0) + 1}"
    return os.path.join(directory, name)


def remove(directory, name):
    """Delete a checkpoint; first its name, so that none is ever half there."""
    temporary = os.path.join(directory, _UNFINISHED + name)
    with contextlib.suppress(OSError):
        os.rename(os.path.join(directory, name), temporary)
    shutil.rmtree(temporary, ignore_errors=True)


def tidy(directory):
    """Delete what killed processes left behind. Only for the one that holds the directory's lock."""
    for name in os.listdir(directory):
        if name.startswith(_UNFINISHED):
            shutil.rmtree(os.path.join(directory, name), ignore_errors=True)


def names(directory):
    """The names of the finished checkpoints, the oldest first."""
    found = filter(None, map(_NAME.fullmatch, os.listdir(directory) if os.path.isdir(directory) else []))
    return [match[0] for match in sorted(found, key=lambda match: tuple(int(part or 0) for part in match.groups()))]


def newest(directory):
    """(path, arrays, info) of the newest checkpoint that verifies, or None; warns of each it skipped, and why."""
    for name in reversed(names(directory)):
        path = os.path.join(directory, name)
        try:
            return (path, *read(path))
        except CheckpointError as error:
            warnings.warn(f"The checkpoint {path} is skipped: {error}", stacklevel=3)
    return None


def read(path):
    """(arrays, info) of one checkpoint; a CheckpointError unless every byte is as it was written."""
    try:
        content = container.read(os.path.join(path, "state.safetensors"))
        text = container.read_bytes(os.path.join(path, "run.json"))
        if content.metadata.get("run_sha256") != hashlib.sha256(text).hexdigest():
            raise CheckpointError("run.json does not match its checksum.")
        info = json.loads(text)
        _check_fields(info, content.arrays)
    except CheckpointError:
        raise
    except (FileError, OSError, ValueError, RecursionError) as error:
        raise CheckpointError(str(error)) from error
    return content.arrays, info


def _check_fields(info, arrays):
    """That `info` has all fields, of the right types, and refers to arrays that are there."""
    if not isinstance(info, dict) or set(info) != set(_FIELDS):
        raise CheckpointError(f"run.json has not the fields {list(_FIELDS)}.")
    for name, kind in _FIELDS.items():
        if type(info[name]) is not kind or (kind is int and info[name] < 0):
            raise CheckpointError(f"run.json: {name} is no {kind.__name__}, but {info[name]!r:.80}.")
    try:
        _give_arrays([info["logs"], info["callbacks"]], arrays)
        if not all(isinstance(name, str) for name, _ in info["callbacks"]):
            raise TypeError("a callback without a name")
        version, internal, gauss = info["random"]["python"]
        random.Random().setstate((version, tuple(internal), gauss))
        np.random.RandomState().set_state(tuple(info["random"]["numpy"]))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise CheckpointError(f"run.json is no description of a run ({type(error).__name__}: {error}).") from error
