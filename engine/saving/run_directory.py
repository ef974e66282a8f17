"""The directory of a training program holds all that is needed to go on with it: its arguments, and checkpoints.

    runs/digits-cnn/
      args.json         the arguments that the run was started with
      checkpoints/      see checkpoint.py;   checkpoints.old/   those of the run before, until the next one begins
"""

import contextlib
import fcntl
import json
import os
import shutil

from engine.saving import checkpoint, container, disk
from engine.saving.container import FileError
from engine.saving.run_state import CheckpointError

_ARGUMENTS, _CHECKPOINTS = "args.json", "checkpoints"
_TOLD = ("run.json", "mistakes.npz", "report.html", "comparison.html", "step.html", "walk.html")


@contextlib.contextmanager
def held(directory):
    """The right to write into the directory of a run. Nothing is put there for it: the directory itself is locked.

    Errors: CheckpointError if another process has it.
    """
    disk.make_directory(directory)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CheckpointError(f"Another run is going on in {directory!r}. Wait for it, or give another directory.") from None
        except OSError:  # a file system that locks files alone: the lock of the checkpoints remains
            pass
        yield
    finally:
        os.close(descriptor)  # which also unlocks


def begin(directory, arguments):
    """Begin a new run in `directory`, with `arguments` {name: plain value}; a run that was there is put aside.

    Errors: CheckpointError if that one has not ended.
    """
    checkpoints, old = checkpoints_of(directory), f"{checkpoints_of(directory)}.old"
    if os.path.isdir(checkpoints):
        with checkpoint.lock(checkpoints):
            if checkpoint.names(checkpoints) or not os.path.isdir(old):  # a run without any is not worth the one before it
                shutil.rmtree(old, ignore_errors=True)
                os.rename(checkpoints, old)
    remember(directory, arguments)


def forget(directory):
    """Remove the record and the pages of the run that was in `directory` before: they say nothing of the one that begins."""
    for name in _TOLD:
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(directory, name))


def remember(directory, arguments):
    """Write down what the run in `directory` is to be gone on with."""
    disk.replace_file(os.path.join(directory, _ARGUMENTS), json.dumps(arguments, indent=1).encode())


def arguments_of(directory):
    """The arguments of the run in `directory`. FileNotFoundError if there is none, FileError if they are damaged."""
    path = os.path.join(directory, _ARGUMENTS)
    try:
        arguments = container.parse_json(container.read_bytes(path))
    except FileError as error:
        raise FileError(f"{path!r} is damaged: {str(error).rstrip('.')}.") from None
    if not isinstance(arguments, dict):
        raise FileError(f"{path!r} does not hold the arguments of a run.")
    return arguments


def checkpoints_of(directory):
    """Where the checkpoints of the run are."""
    return os.path.join(directory, _CHECKPOINTS)
