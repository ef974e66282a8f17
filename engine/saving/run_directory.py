"""The directory of a training program holds all that is needed to go on with it: its arguments, and checkpoints.

    runs/digits-cnn/
      args.json         the arguments that the run was started with
      checkpoints/      see checkpoint.py;   checkpoints.old/   those of the run before, until the next one begins
"""

import json
import os
import shutil

from engine.saving import checkpoint, container, disk
from engine.saving.container import FileError

_ARGUMENTS, _CHECKPOINTS = "args.json", "checkpoints"


def begin(directory, arguments):
    """Begin a new run in `directory`, with `arguments` {name: plain value}; a run that was there is put aside.

    Errors: CheckpointError if that one has not ended.
    """
    checkpoints = checkpoints_of(directory)
    if os.path.isdir(checkpoints):
        with checkpoint.lock(checkpoints):
            shutil.rmtree(f"{checkpoints}.old", ignore_errors=True)
            os.rename(checkpoints, f"{checkpoints}.old")
    disk.replace_file(os.path.join(directory, _ARGUMENTS), json.dumps(arguments, indent=1).encode())


def arguments_of(directory):
    """The arguments of the run in `directory`. FileNotFoundError if there is none, FileError if they are damaged."""
    path = os.path.join(directory, _ARGUMENTS)
    try:
        arguments = container.parse_json(container.read_bytes(path))
    except FileError as error:
        raise FileError(f"{path!r} is damaged: {error}.") from None
    if not isinstance(arguments, dict):
        raise FileError(f"{path!r} does not hold the arguments of a run.")
    return arguments


def checkpoints_of(directory):
    """Where the checkpoints of the run are."""
    return os.path.join(directory, _CHECKPOINTS)
