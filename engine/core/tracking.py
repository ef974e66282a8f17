"""What belongs to a layer: found by walking its attributes, when asked.

There is no store that `__setattr__` fills and that can go stale. A layer's attributes *are*
the record: append to a list, set an item, reassign or delete, and the next read is right.
Identity decides what is the same (`==` on variables is elementwise), so a tied weight is one
variable, and a cycle ends the walk. The way to a variable (`blocks.0.kernel`) is its path,
and the path is its name in summaries, errors and files.
"""

import collections
import dataclasses

import tensorflow as tf

from engine.random import SeedGenerator

# Types that cannot hold anything; checked first because most attributes are of them.
_LEAVES = frozenset({bool, int, float, complex, str, bytes, type(None), type, tf.DType, tf.TensorShape})
_SEQUENCES = (list, tuple, set, frozenset, collections.deque)


class Tracked:
    """Base of what a walk finds and does not open: layers and metrics, which walk for themselves.

    `_untracked` names attributes that hold what is used but not owned.
    """

    _untracked = frozenset()


Weight = collections.namedtuple("Weight", "path variable trainable")


def children(owner):
    """Yield (path, child) for each variable, layer, metric and seed generator held by `owner`.

    In order of assignment, containers opened. A child found twice is yielded twice.
    """
    loose = vars(owner).get("_loose_weights")
    found = set()
    opened = {id(owner)}
    for name, value in list(vars(owner).items()):
        if type(value) in _LEAVES or name in owner._untracked or name == "_loose_weights":
            continue
        for path, child in _open(name.lstrip("_"), value, opened):
            if loose:
                found.add(id(child))
            yield path, child
    if loose:  # weights made by add_weight and held by no attribute (yet)
        loose[:] = [(name, variable) for name, variable in loose if id(variable) not in found]
        yield from loose


def _open(path, value, opened):
    if isinstance(value, (tf.Variable, Tracked, SeedGenerator)):
        yield path, value
        return
    if isinstance(value, dict):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, _SEQUENCES):
        items = [(str(index), item) for index, item in enumerate(value)]
    elif isinstance(value, tf.Module) or (dataclasses.is_dataclass(value) and not isinstance(value, type)):
        items = [(name, item) for name, item in vars(value).items() if not name.startswith("_self_")]  # TensorFlow's own
    else:
        return
    if id(value) in opened:  # a container that holds itself
        return
    opened.add(id(value))
    for name, item in items:
        if type(item) not in _LEAVES:
            yield from _open(f"{path}.{name}", item, opened)


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
    parts = []
    for _, inner in descend(layer, kind):
        parts.append((id(inner), inner._trainable))
        parts.extend(id(child) for _, child in children(inner) if isinstance(child, tf.Variable))
    return tuple(parts)
