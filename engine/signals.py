"""Ctrl-C and SIGTERM as a wish that is noted: the first time."""

import contextlib
import signal


class Signals:
    """From when it is made until `close`: `received` is the number of the first SIGINT or SIGTERM, or None.

    The first signal brings the handlers from before back, so the second does what it always does. Python allows
    handlers in the main thread only; in any other this sees nothing.
    """

    def __init__(self):
        self.received, self.before = None, {}
        with contextlib.suppress(ValueError):  # not in the main thread
            for number in (signal.SIGINT, signal.SIGTERM):
                self.before[number] = signal.signal(number, self._note)

    def _note(self, number, frame):
        self.received = number
        self.close()

    def close(self):
        """Bring the handlers from before back."""
        while self.before:
            number, handler = self.before.popitem()
            if signal.getsignal(number) == self._note:
                signal.signal(number, handler if handler is not None else signal.SIG_DFL)
