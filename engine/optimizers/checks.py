"""What an optimizer refuses, and how it says so: who, expected, received, fix."""

import difflib
import warnings

import numpy as np
import tensorflow as tf

from engine.optimizers import schedules
from losses.configurable import constructor_arguments


def no_unknown_arguments(cls, unknown):
    """ValueError for arguments that `cls` does not take, with the nearest one it does."""
    if not unknown:
        return
    name = next(iter(unknown))
    if name == "decay":
        hint = " For a falling rate pass a schedule: learning_rate=InverseTimeDecay(rate, 1, decay)."
    else:
        near = difflib.get_close_matches(name, constructor_arguments(cls), n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{cls.__name__} takes no argument {name!r}.{hint}")


def between(owner, low, high, **values):
    """ValueError unless each of `values` is a number from `low` to `high`."""
    for name, value in values.items():
        if not (_is_number(value) and low <= value <= high):
            raise ValueError(f"{type(owner).__name__} needs `{name}` between {low} and {high}; received {value!r}.")


def one_positive(owner, **values):
    """ValueError unless at most one of `values` is given, and that one is a positive number."""
    given = {name: value for name, value in values.items() if value is not None}
    if len(given) > 1:
        raise ValueError(f"{type(owner).__name__} takes only one of {', '.join(values)}; received {given}.")
    for name, value in given.items():
        if not (_is_number(value) and value > 0):
            raise ValueError(f"{type(owner).__name__} needs a positive `{name}`, or None; received {value!r}.")


def count(owner, least, **values):
    """ValueError unless each of `values` is None or an integer of at least `least`."""
    for name, value in values.items():
        is_integer = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if value is not None and not (is_integer and value >= least):
            raise ValueError(
                f"{type(owner).__name__} needs an integer `{name}` of at least {least}, or None; received {value!r}."
            )


def learning_rate(owner, value):
    """`value` as a float, a schedule or a function; a schedule's config is rebuilt."""
    if isinstance(value, dict):
        return schedules.deserialize(value)
    if callable(value):
        return value
    try:
        if not isinstance(value, str):
            return float(value)
    except (TypeError, ValueError):
        pass
    raise ValueError(
        f"{type(owner).__name__} needs as `learning_rate` a number, a LearningRateSchedule or a function "
        f"without arguments; received {value!r}."
    )


def pairs(owner, gradients, variables):
    """`gradients` and `variables` without the pairs whose gradient is None; a warning names those."""
    who = f"{type(owner).__name__} {owner.name!r}"
    if len(gradients) != len(variables):
        raise ValueError(f"{who} needs a gradient per variable; got {len(gradients)} and {len(variables)} variables.")
    if not variables:
        raise ValueError(f"{who} received no variables. Pass pairs (gradient, variable), or build(variables) first.")
    for variable in variables:
        if not isinstance(variable, tf.Variable):
            raise TypeError(
                f"{who} updates tf.Variables; received a {type(variable).__name__} in the place of one. "
                "The order is apply_gradients(zip(gradients, variables))."
            )
    missing = [variable.name for gradient, variable in zip(gradients, variables) if gradient is None]
    if len(missing) == len(variables):
        raise ValueError(
            f"{who} received no gradient for any variable: all of {missing} got None. The loss does not depend on "
            "them, or was computed outside of the tape."
        )
    if not missing:
        return gradients, variables
    warnings.warn(
        f"{who} received no gradient for {missing}; they stay as they are. The loss does not depend on them.",
        stacklevel=4,
    )
    kept = [(gradient, variable) for gradient, variable in zip(gradients, variables) if gradient is not None]
    return [gradient for gradient, _ in kept], [variable for _, variable in kept]


def shapes(owner, gradients, variables):
    """ValueError unless each gradient has its variable's shape: broadcasting would train something else in silence."""
    for gradient, variable in zip(gradients, variables):
        if not gradient.shape.is_compatible_with(variable.shape):
            raise ValueError(
                f"{type(owner).__name__} {owner.name!r} needs a gradient of shape {tuple(variable.shape)} for "
                f"{variable.name!r}; received shape {tuple(gradient.shape)}."
            )


def _is_number(value):
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
