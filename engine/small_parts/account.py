"""The account of a load: what a file may cost, whoever wrote it.

Some work grows with a number and not with the file that holds the number: a loop that is unrolled, thresholds of a metric, a
model in a model that is called twice at every level. While a file is turned into a model (engine/saving/limits.py) each
such place says what it is about to spend; the sum counts, so many small numbers are no way around it. At all other times
nothing is counted.
"""

import contextlib
import contextvars

_open = contextvars.ContextVar("account", default=None)

LAYER = 1500  # bytes that a layer, or the record of a call, takes
LOOP = 30  # steps that it takes to trace a loop over time
UNROLLED = 2  # steps that it takes to begin a step that is traced by itself; its operations are counted too


class Overdrawn(ValueError):
    """A file asks for more than it may cost."""


class Account:
    """What is left: `memory` in bytes, `steps` of about a millisecond, such as a call of a layer."""

    def __init__(self, memory, steps):
        self.memory, self.steps = memory, steps


@contextlib.contextmanager
def opened(account):
    """Within this, what is spent is taken from `account`."""
    token = _open.set(account)
    try:
        yield
    finally:
        _open.reset(token)


def spend(what, memory=0, steps=0):
    """Take so much from the open account, before it is spent; Overdrawn, which says for `what`, if it has not so much left.

    >>> with opened(Account(memory=100, steps=2)):
    ...     spend("a loop", steps=3)
    Traceback (most recent call last):
    engine.small_parts.account.Overdrawn: it asks for more work than it may: a loop was one thing too many
    """
    account = _open.get()
    if account is None:
        return
    account.memory -= max(memory, 0)  # a number below 0 pays nothing back
    account.steps -= max(steps, 0)
    for left, kind in ((account.memory, "memory"), (account.steps, "work")):
        if not left >= 0:  # also where it is no number
            raise Overdrawn(f"it asks for more {kind} than it may: {what} was one thing too many")
