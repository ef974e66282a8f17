"""Processes that die in the middle of a save: at the n-th call that changes the disk, or at any time."""

import os
import signal
import warnings

CALLS = ("write", "fsync", "rename", "replace", "mkdir", "remove", "unlink", "rmdir")


class DieAt:
    """Counts the calls of `os` that change the disk; before number `fatal` the process is killed.

    Before a write that is fatal, half of its bytes go to the file: a write may be cut anywhere.
    """

    def __init__(self, fatal=None):
        self.fatal, self.count = fatal, 0
        for name in CALLS:
            setattr(os, name, self._counted(name, getattr(os, name)))

    def _counted(self, name, call):
        def counted(*args, **kwargs):
            self.count += 1
            if self.count == self.fatal:
                if name == "write" and len(args[1]) > 1:
                    call(args[0], args[1][: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return counted


def in_child(function):
    """Run `function`, which needs no TensorFlow, in a forked process; its exit status, or minus the signal that ended it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forks and threads: the child uses none of them
        pid = os.fork()
    if pid == 0:
        try:
            function()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
