"""How long a worker waits in an exchange for one that lives and does not take part: some minutes, and then it says so.

TensorFlow's own limit (`timeout_seconds` of its CommunicationOptions) keeps a sleeping thread for each exchange of the last
so many seconds: two hundred exchanges a second with a limit of ten minutes are more threads than a machine has. Here one
thread looks now and then. Who waits does not compute, so the processor time of the process tells waiting from long steps.
"""

import contextlib
import functools
import threading
import time

import tensorflow as tf
from tensorflow.python.eager import context

SECONDS = 600  # for one exchange between workers, of which one may be busy with its files
_IDLE = 0.01  # of a processor: who waits for others uses less


class _Watcher(threading.Thread):
    """Ends the exchanges of this process where it has done nothing but wait in one for too long."""

    def __init__(self):
        super().__init__(name="patience", daemon=True)
        self.inside = False  # whether the process is where it may wait for others
        self.idle_since = 0.0

    def run(self):
        """Look now and then, to the end of the process."""
        while True:
            began, used = time.monotonic(), time.process_time()
            time.sleep(min(5, SECONDS / 10))
            now, used = time.monotonic(), time.process_time() - used
            if not self.inside or used > _IDLE * (now - began):
                self.idle_since = now
            elif now - self.idle_since > SECONDS:
                message = f"An exchange has waited for other workers for {SECONDS} s."
                context.context().abort_collective_ops(tf.compat.v1.errors.DEADLINE_EXCEEDED, message)
                return


@functools.cache
def _watcher():
    watcher = _Watcher()
    watcher.start()
    return watcher


@contextlib.contextmanager
def limited():
    """In the block this process may wait for other workers, but not for ever: then an exchange raises a DeadlineExceededError."""
    watcher = _watcher()
    watcher.idle_since, watcher.inside = time.monotonic(), True
    try:
        yield
    finally:
        watcher.inside = False
