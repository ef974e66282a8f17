"""Names for layers that were given none: `dense`, `dense_1`, `dense_2`."""

import collections

from losses.ground.lookup import snake_case

_counts = collections.Counter()


def checked(cls, name):
    """`name`, or the next free name for an object of class `cls`; a TypeError if it is no text."""
    if name is not None and not isinstance(name, str):
        raise TypeError(f"{cls.__name__} takes text as its name, received {name!r} of type {type(name).__name__}.")
    return name or unique_name(cls)


def unique_name(cls):
    """The next free name for an object of class `cls`."""
    return next_name(snake_case(cls.__name__).lstrip("_"))


def next_name(base):
    """The next free one of `base`, `base_1`, `base_2` ..."""
    count = _counts[base]
    _counts[base] += 1
    return f"{base}_{count}" if count else base


def clear_session():
    """Start counting names anew, as in a new process."""
    _counts.clear()
