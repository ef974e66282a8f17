"""Names for layers that were given none: `dense`, `dense_1`, `dense_2`."""

import collections

from losses.lookup import snake_case

_counts = collections.Counter()


def unique_name(cls):
    """The next free name for an object of class `cls`."""
    base = snake_case(cls.__name__).lstrip("_")
    count = _counts[base]
    _counts[base] += 1
    return f"{base}_{count}" if count else base


def clear_session():
    """Start counting names anew, as in a new process."""
    _counts.clear()
