"""The outputs of a model: their names, and what was given for them one by one: losses, labels, weights, metrics."""

import collections
import math
import numbers

import tensorflow as tf

from losses.ground.nests import follow, paths


class OutputNames(list):
    """A name for each output, no two alike. `own`: the model gave them; if not, they are output_0, output_1 ..."""

    def __init__(self, names=None, count=0):
        super().__init__(numbered(names) if names is not None else [f"output_{index}" for index in range(count)])
        self.own = names is not None


def names_of(outputs, declared):
    """A name for each of `outputs`: dict keys (`a/b` in nested ones), the `declared` names, or output_0, output_1 ..."""
    if isinstance(outputs, dict):
        return OutputNames(paths(outputs))
    count = len(tf.nest.flatten(outputs))
    return OutputNames(declared) if len(declared) == count else OutputNames(count=count)


def numbered(names):
    """`names` without doubles: of equal ones the later are `name_1`, `name_2` ...

    >>> numbered(["mae", "mse", "mae", "mae_1"])
    ['mae', 'mse', 'mae_2', 'mae_1']
    """
    given, found, counts = set(names), [], collections.Counter()
    for name in names:
        new = name
        while new in found or (new != name and new in given):
            counts[name] += 1
            new = f"{name}_{counts[name]}"
        found.append(new)
    return found


def spread(what, given, y_pred, names, share=False):
    """`given` as a flat list, one item per output. `share`: a single item is for every output."""
    count = len(names)
    found = follow(given, y_pred, share) if tf.nest.is_nested(y_pred) or given is None else None
    if found is not None:
        return found
    if isinstance(given, dict):
        unknown = [key for key in given if key not in names]
        if unknown:
            raise ValueError(f"`{what}` names {unknown}, which are not outputs. The outputs are {names}.")
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)) and (count > 1 or len(given) == 1 or what in ("loss", "loss_weights")):
        if len(given) != count:
            raise ValueError(f"`{what}` has {len(given)} items for {count} outputs {names}. Give one for each, or a dict.")
        return list(given)
    if count > 1 and not share:
        raise ValueError(f"The model has {count} outputs {names}: give `{what}` as a list or dict with one for each.")
    return [given] * count


def as_factor(item):
    """A weight of a loss: None, a finite number, a scalar tensor or variable. A ValueError for anything else."""
    if item is None or isinstance(item, (tf.Tensor, tf.Variable)):
        return item
    if isinstance(item, numbers.Real) and not isinstance(item, bool) and math.isfinite(item):
        return float(item)
    raise ValueError(f"`loss_weights` has a finite number for each output, or None for 1; received {item!r}.")
