"""What belongs to a layer: found by walking its attributes, when asked.

There is no store that `__setattr__` fills and that can go stale. A layer's attributes *are*
the record: append to a list, set an item, reassign or delete, and the next read is right.
Identity decides what is the same (`==` on variables is elementwise), so a tied weight is one
variable, and a cycle ends the walk. The way to a variable (`blocks.0.kernel`) is its path,
and the path is its name in summaries, errors and files.
"""

import collections
import dataclasses
import functools
import types

import tensorflow as tf

from engine.random import SeedGenerator
from engine.small_parts.trackable import Trackable
from losses.ground.configurable import Configurable

_SEQUENCES = (list, tuple, set, frozenset, collections.deque)
_PLAIN = frozenset({type(None), bool, int, float, str, types.FunctionType})  # most attributes: passed over at once


class Tracked(Trackable):
    """Base of what a walk finds and does not open: layers, metrics and optimizers, which are walked for themselves.

    `_untracked` names attributes that hold what is used but not owned; `_keeps` says what kind of state its own variables
    are (see state.py).
    """

    _untracked = frozenset()
    _keeps = "kept"


Weight = collections.namedtuple("Weight", "path variable trainable")


def children(owner, all_used=False):
    """Yield (path, child) for each variable, layer, metric, optimizer and seed generator held by `owner`.

    In order of assignment, containers opened. A child found twice is yielded twice. `all_used`: also what is used and not
    owned, in untracked attributes, and parts: initializers, losses, generators of TensorFlow.
    """
    untracked, passed_over = (frozenset(), ("leaf",)) if all_used else (owner._untracked, ("leaf", "part"))
    loose = vars(owner).get("_loose_weights")
    found = set()
    opened = {id(owner)}
    for name, value in list(vars(owner).items()):
        if type(value) in _PLAIN:
            continue
        role = _role(type(value))
        if role in passed_over or name in untracked or name == "_loose_weights":
            continue
        if role in ("sequence", "dict") and not value:
            continue
        start = name.lstrip("_")
        for path, child in [(start, value)] if role == "child" else _open(start, value, opened, all_used):
            if loose:
                found.add(id(child))
            yield path, child
    if loose:  # weights made by add_weight and held by no attribute (yet)
        rest = [(name, variable) for name, variable in loose if id(variable) not in found]
        if not all_used:  # what an untracked attribute holds stays a weight
            loose[:] = rest
        yield from rest


@functools.lru_cache(maxsize=4096)
def _role(cls):
    """What a walk does with objects of a class. Remembered per class: a walk meets the same few classes all the time."""
    if issubclass(cls, (tf.Variable, Tracked, SeedGenerator)):
        return "child"
    if issubclass(cls, dict):
        return "dict"
    if issubclass(cls, _SEQUENCES):
        return "sequence"
    if issubclass(cls, tf.Module) or dataclasses.is_dataclass(cls):
        return "object"
    return "part" if issubclass(cls, (Configurable, tf.random.Generator)) else "leaf"


def _open(path, value, opened, all_used=False):
    role = _role(type(value))
    if role == "child" or (role == "part" and all_used):
        yield path, value
        return
    if role in ("leaf", "part") or id(value) in opened:  # the latter: a container that holds itself
        return
    opened.add(id(value))
    if role == "dict":
        items = value.items()
    elif role == "sequence":
        items = enumerate(value)
    else:
        items = [(name, item) for name, item in vars(value).items() if not name.startswith("_self_")]  # TensorFlow's own
    for name, item in list(items):
        yield from _open(f"{path}.{name}", item, opened, all_used)


def direct(owner, kind):
    """The children of `owner` that are of a kind, each once, in order."""
    return unique(child for _, child in children(owner) if isinstance(child, kind))


def unique(items):
    """`items` without those that are the same object as one before."""
    seen = {}
    for item in items:
        seen.setdefault(id(item), item)
    return list(seen.values())


def descend(layer, kind, path="", seen=None):
    """Yield (path, layer) for `layer` and every sublayer of class `kind` below it, each once, parents first."""
    seen = set() if seen is None else seen
    if id(layer) in seen:
        return
    seen.add(id(layer))
    yield path, layer
    for name, child in children(layer):
        if isinstance(child, kind):
            yield from descend(child, kind, join(path, name), seen)


def join(path, name):
    """`"blocks.0"`, `"kernel"` → `"blocks.0.kernel"`."""
    return f"{path}.{name}" if path else name


def weights(layer, kind):
    """The weights of `layer` and its sublayers of class `kind`, as a list of Weight(path, variable, trainable).

    Own trainable ones, own others, then each sublayer's. `trainable` is the variable's own
    flag and that of every layer on every path to it.
    """
    found = {}
    _collect(layer, kind, "", True, found, set())
    return list(found.values())


def _collect(layer, kind, path, trainable, found, visited):
    trainable = trainable and layer.trainable
    if (id(layer), trainable) in visited:
        return
    visited.add((id(layer), trainable))
    held = list(children(layer))
    own = [(name, child) for name, child in held if isinstance(child, tf.Variable)]
    for name, variable in sorted(own, key=lambda item: not item[1].trainable):
        before = found.get(id(variable))
        if before is None:
            found[id(variable)] = Weight(join(path, name), variable, trainable and variable.trainable)
        elif before.trainable and not trainable:
            found[id(variable)] = before._replace(trainable=False)
    for name, child in held:
        if isinstance(child, kind):
            _collect(child, kind, join(path, name), trainable, found, visited)


def fingerprint(layer, kind):
    """What `layer` is made of right now, as a tuple to compare: its layers with their flags, and its variables."""
    parts, seen, waiting = [], set(), [layer]
    while waiting:
        inner = waiting.pop()
        if id(inner) not in seen:
            seen.add(id(inner))
            parts.append((id(inner), inner._trainable))
            for _, child in children(inner):
                if isinstance(child, kind):
                    waiting.append(child)
                else:
                    parts.append(id(child))
    return tuple(parts)
