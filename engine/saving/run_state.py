"""The state of a run of `fit`: taken out of it as arrays and plain data, and put into another run that goes on from there."""

import contextlib
import random
from itertools import filterfalse

import numpy as np

from engine.saving.container import FileError
from engine.saving.contents import values_of
from engine.saving.weights import compare
from engine.state import make_variables, state_of

_REFERENCE = "is the array"  # the key that stands for an array in plain data


class CheckpointError(FileError):
    """A checkpoint, or a directory for them, that cannot be used, and why."""


def variables_of(run):
    """{path: variable} of all that a step can change."""
    return {path: variable for path, (variable, _) in state_of(run.model).items()}


def capture(run):
    """(arrays, info): the state of `run` as NumPy arrays by name, and as plain data."""
    arrays = values_of(variables_of(run))
    numpy_state = list(np.random.get_state())
    numpy_state[1] = numpy_state[1].tolist()
    info = {
        "epoch": run.epoch, "step": run.step, "total": run.total, "stopped": bool(run.model.stop_training),
        "logs": _take_arrays(run.logs, "logs", arrays), "feed": run.feed.get_state(),
        "callbacks": _take_arrays(_states_of(run), "callbacks", arrays),
        "random": {"python": random.getstate(), "numpy": numpy_state}, "steps": run.model._traces.get_state(),
    }  # fmt: skip
    return arrays, info


def _states_of(run):
    return [[type(callback).__name__, callback.get_state() if callback._is_active else {}]
            for callback in run.callbacks]  # fmt: skip


def _active(run, states):
    return [(callback, state) for callback, state in zip(run.callbacks, states) if callback._is_active]


def restore(run, arrays, info):
    """Put `run` where it was. Everything is compared before anything is changed, and an error undoes what was done."""
    if run.model.run_eagerly:  # nothing has made the slots, the metrics and the kept states yet
        make_variables(run.model, run.feed)
        for feed in run.validation.values():
            if not variables_of(run).keys() >= set(filterfalse(_is_taken, arrays)):
                make_variables(run.model, feed, "test")
    _compare(run, arrays, info)
    states, python_state, numpy_state = _states_of(run), random.getstate(), np.random.get_state()
    try:
        _apply(run, arrays, info)  # the variables last: what can fail comes before them
    except Exception as error:
        for callback, (_, state) in _active(run, states):
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
    for callback, (_, state) in _active(run, info["callbacks"]):
        callback.set_state(give_arrays(state, arrays))
    version, internal, gauss = info["random"]["python"]
    random.setstate((version, tuple(internal), gauss))
    np.random.set_state(tuple(info["random"]["numpy"]))
    run.logs = give_arrays(info["logs"], arrays)
    run.epoch, run.step, run.total = info["epoch"], info["step"], info["total"]
    run.model.stop_training = info["stopped"]
    run.model._traces.set_state(info["steps"])
    for name, variable in variables_of(run).items():
        variable.assign(arrays[name])


def _is_taken(name):
    return name.startswith(("callbacks/", "logs/"))


def _take_arrays(state, place, arrays):
    """`state` with its arrays moved to `arrays`, and references in their place; a TypeError if it would not come back."""
    if isinstance(state, np.ndarray):
        name = f"{place}/{len(arrays)}"  # a number, because ["a/b"] and ["a"]["b"] are one place
        arrays[name] = state
        return {_REFERENCE: name}
    if isinstance(state, dict):
        strange = [key for key in state if not isinstance(key, str) or key == _REFERENCE]
        if strange:
            raise TypeError(f"{place}: the state of a run has dicts with text as keys, received the key {strange[0]!r}.")
        return {key: _take_arrays(value, f"{place}/{key}", arrays) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return [_take_arrays(value, f"{place}/{index}", arrays) for index, value in enumerate(state)]
    state = state.item() if isinstance(state, np.generic) else state
    if state is not None and not isinstance(state, (bool, int, float, str)):
        raise TypeError(
            f"{place}: the state of a run has numbers, strings, lists, dicts and arrays, received {state!r:.80}. "
            "Return those from get_state()."
        )
    return state


def give_arrays(state, arrays):
    if isinstance(state, dict):
        if set(state) == {_REFERENCE}:
            return arrays[state[_REFERENCE]]
        return {key: give_arrays(value, arrays) for key, value in state.items()}
    return [give_arrays(value, arrays) for value in state] if isinstance(state, list) else state
