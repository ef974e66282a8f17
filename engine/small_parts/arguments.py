"""Numbers that `compile`, `fit`, `evaluate` and `predict` are given, checked before anything begins."""

import numbers
from collections.abc import Collection

import numpy as np

_KINDS = {0: "an integer from 0", 1: "a positive integer"}


def count(verb, least=1, optional=True, **values):
    """A ValueError unless each of `values` is an integer from `least`, 0 or 1, or None where that is `optional`."""
    for name, value in values.items():
        is_integer = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not (value is None and optional or is_integer and value >= least):
            others = ", or None" if optional else ""
            raise ValueError(f"{verb}: {name} is {_KINDS[least]}{others}, received {value!r}.")


def flag(verb, **values):
    """A ValueError unless each of `values` is true or false, or None: the text "false" would count as true."""
    for name, value in values.items():
        if value is not None and not isinstance(value, (bool, np.bool_)) and value not in (0, 1):
            raise ValueError(f"{verb}: {name} is True or False; received {value!r}.")


def verbosity(verb, value):
    """A ValueError unless `value` is one of those that `verbose` takes."""
    if value != "auto" and not (isinstance(value, (int, np.integer)) and value in (0, 1, 2)):
        raise ValueError(f'{verb}: verbose is 0, 1, 2 or "auto"; received {value!r}.')


def fraction(verb, **values):
    """A ValueError unless each of `values` is a number from 0 to below 1, or None."""
    for name, value in values.items():
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if value is not None and not (is_number and 0 <= value < 1):
            raise ValueError(f"{verb}: {name} is a fraction between 0 and 1, received {value!r}.")


def frequency(verb, **values):
    """A ValueError unless each of `values` says in which epochs: a positive integer, or a collection of them."""
    for name, value in values.items():
        several = isinstance(value, Collection) and not isinstance(value, str)
        for item in value if several else [value]:
            count(verb, optional=False, **{name: item})
