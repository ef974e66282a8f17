"""What `compile` and `fit` are given for several outputs: nests that follow the nest of outputs, or leave parts out."""

import tensorflow as tf


def follow(given, outputs, share=False):
    """The items of `given`, one for each of `outputs` in the order of tf.nest, or None where it is no such nest.

    A dict may leave keys out, which are None then. `share`: one item in the place of several outputs is for each of them.

    >>> follow({"b": [1, 2]}, {"a": 0.0, "b": (0.0, 0.0)})
    [None, 1, 2]
    """
    if given is None:
        return [None] * len(tf.nest.flatten(outputs))
    if not tf.nest.is_nested(outputs):
        return [given]
    parts = outputs if isinstance(outputs, dict) else getattr(outputs, "_asdict", lambda: dict(enumerate(outputs)))()
    if isinstance(given, dict) and set(given) <= set(parts):
        given = [given.get(key) for key in parts]
    elif len(parts) == 1 and not isinstance(given, (list, tuple)):
        given = [given]  # data in a list of one are as good as data
    elif not isinstance(given, (list, tuple)) or isinstance(outputs, dict):
        return [given] * len(tf.nest.flatten(outputs)) if share and not tf.nest.is_nested(given) else None
    if len(given) != len(parts):
        return None
    items = dict(zip(parts, given))
    found = [follow(items[key], parts[key], share) for key in (sorted(parts) if isinstance(outputs, dict) else parts)]
    return None if any(items is None for items in found) else [item for items in found for item in items]


def paths(outputs):
    """The way to each output in the order of tf.nest, as text.

    >>> paths({"a": 0.0, "b": {"c": 0.0, "d": [0.0, 0.0]}})
    ['a', 'b/c', 'b/d/0', 'b/d/1']
    """
    if not tf.nest.is_nested(outputs):
        return [""]
    parts = sorted(outputs.items()) if isinstance(outputs, dict) else enumerate(outputs)
    return [f"{key}/{path}" if path else str(key) for key, inner in parts for path in paths(inner)]
