"""The state of a run of `fit`: taken out of it as arrays and plain data, and put into another run that goes on from there."""

import contextlib
import functools
import itertools
import random

import numpy as np

from engine.saving.container import FileError
from engine.saving.contents import OPTIMIZER, values_of
from engine.saving.weights import compare
from engine.small_parts.remembering import Remembering
from engine.state import make_variables, state_of

_REFERENCE = "is the array"  # the key that stands for an array in plain data


class CheckpointError(FileError):
    """A checkpoint, or a directory for them, that cannot be used, and why."""


def variables_of(run):
    """{path: variable} of all that a step can change."""
    return {path: variable for path, (variable, _) in state_of(run.model).items()}


def frozen(model):
    """The paths of the layers that do not learn: a callback may have frozen or thawed some."""
    return [path for path, layer in model.named_layers() if not layer._trainable]


def freeze(model, paths):
    """Let these layers be those that do not learn."""
    for path, layer in model.named_layers():
        layer._trainable = path not in paths


def remembering(model):
    """{path: layer} of the layers that remember something in plain Python, as callbacks do."""
    return {path: layer for path, layer in model.named_layers() if isinstance(layer, Remembering)}


def capture(run):
    """(arrays, info): the state of `run` as NumPy arrays by name, and as plain data."""
    arrays = values_of(variables_of(run))
    numpy_state = list(np.random.get_state())
    numpy_state[1] = numpy_state[1].tolist()
    info = {
        "epoch": run.epoch, "step": run.step, "total": run.total, "stopped": bool(run.model.stop_training),
        "logs": _take_arrays(run.logs, "logs", arrays), "feed": run.feed.get_state(),
        "callbacks": _take_arrays(_states_of(run), "callbacks", arrays),
        "layers": _take_arrays(_states_of_layers(run), "layers", arrays), "frozen": frozen(run.model),
        "random": {"python": random.getstate(), "numpy": numpy_state}, "steps": run.model._traces.get_state(),
    }  # fmt: skip
    return arrays, info


def _states_of(run):
    return [[type(callback).__name__, callback.get_state() if callback._is_active else {}]
            for callback in run.callbacks]  # fmt: skip


def _states_of_layers(run):
    return {path: layer.get_state() for path, layer in remembering(run.model).items()}


def _give(run, callbacks, layers):
    """Let callbacks and layers take back what `_states_of` and `_states_of_layers` gave."""
    for callback, (_, state) in zip(run.callbacks, callbacks):
        if callback._is_active:
            yield functools.partial(callback.set_state, state)
    for path, layer in remembering(run.model).items():
        yield functools.partial(layer.set_state, layers[path])


def restore(run, arrays, info):
    """Put `run` where it was. Everything is compared before anything is changed, and an error undoes what was done."""
    before = frozen(run.model)
    try:
        _make_missing(run, arrays, info)
        if before != info["frozen"]:
            freeze(run.model, info["frozen"])
            _make_missing(run, arrays, info, thawed=True)
        _compare(run, arrays, info)
    except Exception:
        freeze(run.model, before)
        raise
    states, python_state, numpy_state = (_states_of(run), _states_of_layers(run)), random.getstate(), np.random.get_state()
    try:
        _apply(run, arrays, info)  # the variables last: what can fail comes before them
    except Exception as error:
        for give in _give(run, *states):
            with contextlib.suppress(Exception):
                give()
        freeze(run.model, before)
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        raise CheckpointError(f"The checkpoint is of another run: {error}. Nothing was changed.") from error


def for_callbacks_of(run, info):
    """`info` with the callbacks of `run`, where only those that remember nothing came or went; else as it is, and is refused."""
    left, fitting = list(info["callbacks"]), []
    for callback in run.callbacks:
        name = type(callback).__name__
        known = next((entry for entry in left if entry[0] == name), None)
        if known is None and callback.get_state():
            return info
        if known is not None:
            left.remove(known)
        fitting.append(known or [name, {}])
    return info if any(state for _, state in left) else {**info, "callbacks": fitting}


def _make_missing(run, arrays, info, thawed=False):
    """Make what no step of this process has made yet: eagerly all that a step needs; slots of what learned before, or now."""
    model, wanted = run.model, arrays.keys() - taken(info)
    feeds = [(run.feed, "train"), *((feed, "test") for feed in run.validation.values())] if model.run_eagerly or thawed else []
    for feed, verb in feeds:
        if not variables_of(run).keys() >= wanted:
            make_variables(model, feed, verb)
    with_slots = {name.removeprefix(OPTIMIZER).rpartition("/")[0] for name in wanted if name.startswith(OPTIMIZER)}
    known = {id(variable): variable for variable in model.optimizer._weights}
    seen = {id(variable): variable for path, variable, _ in model.named_weights() if path in with_slots}
    if seen.keys() - known.keys():
        model.optimizer.build(list({**known, **seen}.values()))


def _compare(run, arrays, info):
    misfits = compare(variables_of(run), {name: arrays[name] for name in arrays.keys() - taken(info)})
    if misfits:
        raise CheckpointError(f"The checkpoint is of another model or optimizer. Nothing was changed.\n{misfits}")
    for what, then, now in (
        ("callbacks", [name for name, _ in info["callbacks"]], [type(callback).__name__ for callback in run.callbacks]),
        ("layers that remember something", list(info["layers"]), list(remembering(run.model))),
    ):
        if then != now:
            raise CheckpointError(
                f"The checkpoint is of a run with the {what} {then}, and this one has {now}. Nothing was changed. "
                "Give the same ones in the same order."
            )


def _apply(run, arrays, info):
    run.feed.set_state(info["feed"])  # may draw from a generator, and that from the random state
    for give in _give(run, give_arrays(info["callbacks"], arrays), give_arrays(info["layers"], arrays)):
        give()
    version, internal, gauss = info["random"]["python"]
    random.setstate((version, tuple(internal), gauss))
    np.random.set_state(tuple(info["random"]["numpy"]))
    run.logs = give_arrays(info["logs"], arrays)
    run.epoch, run.step, run.total = info["epoch"], info["step"], info["total"]
    run.model.stop_training = info["stopped"]
    run.model._traces.set_state(info["steps"])
    for name, variable in variables_of(run).items():
        variable.assign(arrays[name])


def taken(info):
    """The names of the arrays that plain data refer to; all others are variables'."""
    found, waiting = set(), [info["logs"], info["callbacks"], info["layers"]]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict) and set(item) == {_REFERENCE}:
            found.add(item[_REFERENCE])
        elif isinstance(item, (dict, list)):
            waiting.extend(item.values() if isinstance(item, dict) else item)
    return found


def _take_arrays(state, place, arrays):
    """`state` with its arrays moved to `arrays`, and references in their place; a TypeError if it would not come back."""
    if isinstance(state, np.ndarray):
        # A number, because ["a/b"] and ["a"]["b"] are one place; which no variable has, whatever its owner named it.
        name = next(name for name in (f"{place}/{number}" for number in itertools.count(len(arrays))) if name not in arrays)
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
