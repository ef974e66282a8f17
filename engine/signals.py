"""Ctrl-C and SIGTERM as a wish that is noted: the first time."""

import signal
import threading

WATCHED = (signal.SIGINT, signal.SIGTERM)
waiting = []  # the Signals that no signal has come to; a handler belongs to the process, so they share one
before = {}  # the handlers from before, while ours are there


class Signals:
    """From when it is made until `close`: `received` is the number of the first SIGINT or SIGTERM, or None.

    The first signal brings the handlers from before back, so the second does what it always does. All that are open
    receive the first, and the last one to close brings the handlers back, in whatever order they close. Python allows
    handlers in the main thread only; in any other this sees nothing.
    """

    def __init__(self):
        self.received = None
        if threading.current_thread() is threading.main_thread():
            waiting.append(self)
            for number in WATCHED if not before else ():
                before[number] = signal.getsignal(number)
                signal.signal(number, _note)

    def close(self):
        """Bring the handlers from before back, if no other waits."""
        if self in waiting:
            waiting.remove(self)
            if not waiting:
                _bring_back()


def _note(number, frame):
    for each in waiting:
        each.received = number
    waiting.clear()
    _bring_back()


def _bring_back():
    while before:
        number, handler = before.popitem()
        if signal.getsignal(number) == _note:  # and not what another has put there since
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
