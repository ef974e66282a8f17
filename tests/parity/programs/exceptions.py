"""Programs that are not drawn: where Keras is wrong, or where this project says that it differs. Each has its reason."""

import collections
import json

Exception_ = collections.namedtuple("Exception_", "reason applies")


def exception_for(program):
    """The first exception that applies to a program, or None."""
    return next((exception for exception in EXCEPTIONS if exception.applies(program)), None)


def has(program, *words):
    """Whether all the words occur in the program as data."""
    text = json.dumps(program)
    return all(f'"{word}"' in text for word in words)


EXCEPTIONS = []
