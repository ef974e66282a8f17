"""Which arguments an optimizer refuses, and how it says so: who, expected, received, fix."""

import difflib
import math

import numpy as np

from losses.ground.configurable import constructor_arguments


LATER = object()  # in the place of a learning rate: a subclass sets it itself


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


def number(owner, name, value):
    """`value`, a finite number of 0 or more or the like, as a float."""
    try:
        if not isinstance(value, (str, bool)) and 0 <= float(value) < math.inf:
            return float(value)
    except (TypeError, ValueError):
        pass
    raise ValueError(
        f"{type(owner).__name__} needs as `{name}` a number (finite, 0 or more), a LearningRateSchedule or a function; "
        f"received {value!r}."
    )


def shared_arguments(optimizer):
    """ValueError unless what every optimizer takes beside its own arguments is as it must be."""
    found = vars(optimizer)
    one_positive(optimizer, **{name: found[name] for name in ("clipnorm", "clipvalue", "global_clipnorm")})
    one_positive(optimizer, loss_scale_factor=found["loss_scale_factor"])
    not_negative(optimizer, optional=True, weight_decay=found["weight_decay"])
    flag(optimizer, use_ema=found["use_ema"])
    between(optimizer, 0, 1, ema_momentum=found["ema_momentum"])
    count(optimizer, 1, ema_overwrite_frequency=found["ema_overwrite_frequency"])
    count(optimizer, 2, gradient_accumulation_steps=found["gradient_accumulation_steps"])


def between(owner, low, high, **values):
    """ValueError unless each of `values` is a number from `low` to `high`."""
    for name, value in values.items():
        if not (is_number(value) and low <= value <= high):
            raise ValueError(f"{type(owner).__name__} needs `{name}` between {low} and {high}; received {value!r}.")


def fraction(owner, **values):
    """ValueError unless each of `values`, what is kept of an average in each step, is a number from 0 to below 1."""
    for name, value in values.items():
        if not (is_number(value) and 0 <= value < 1):
            raise ValueError(f"{type(owner).__name__} needs `{name}` between 0 and 1, and below 1; received {value!r}.")


def not_negative(owner, optional=False, **values):
    """ValueError unless each of `values` is a finite number from 0, or None where that is `optional`."""
    for name, value in values.items():
        if not (value is None and optional or is_number(value) and 0 <= value < math.inf):
            others = ", or None" if optional else ""
            raise ValueError(f"{type(owner).__name__} needs a finite `{name}` of 0 or more{others}; received {value!r}.")


def finite(owner, **values):
    """ValueError unless each of `values` is a finite number."""
    for name, value in values.items():
        if not (is_number(value) and math.isfinite(value)):
            raise ValueError(f"{type(owner).__name__} needs a finite number as `{name}`; received {value!r}.")


def flag(owner, **values):
    """ValueError unless each of `values` is True or False: the text "False" would count as true."""
    for name, value in values.items():
        if not (isinstance(value, (bool, np.bool_)) or is_number(value) and value in (0, 1)):
            raise ValueError(f"{type(owner).__name__} needs True or False as `{name}`; received {value!r}.")


def one_positive(owner, **values):
    """ValueError unless at most one of `values` is given, and that one is a positive number."""
    given = {name: value for name, value in values.items() if value is not None}
    if len(given) > 1:
        raise ValueError(f"{type(owner).__name__} takes only one of {', '.join(values)}; received {given}.")
    for name, value in given.items():
        if not (is_number(value) and 0 < value < math.inf):
            raise ValueError(f"{type(owner).__name__} needs a finite positive `{name}`, or None; received {value!r}.")


def count(owner, least, **values):
    """ValueError unless each of `values` is None or an integer of at least `least`."""
    for name, value in values.items():
        is_integer = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if value is not None and not (is_integer and value >= least):
            raise ValueError(
                f"{type(owner).__name__} needs an integer `{name}` of at least {least}, or None; received {value!r}."
            )


def is_number(value):
    """Whether `value` is a number of Python or NumPy, no truth value."""
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
