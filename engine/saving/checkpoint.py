"""The whole state of a run as one directory, made whole by one rename.

    checkpoints/
      00000003-00000120/         after 3 epochs and 120 steps of the fourth
        run.json                 epoch, step, place in the data, logs, state of callbacks and layers, which layers are frozen, random
                                 state of Python and NumPy, steps made and known to come, which decide about XLA
        state.safetensors        all that Model.state() has, arrays of callbacks and layers; a checksum of itself and of run.json

A directory is written under a temporary name, its files and itself synced to the disk, then renamed: what has a final
name is complete at every instant. Older ones go only after that, and lose their names first. `newest` takes the last
one that verifies.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import random
import re
import shutil
import warnings

import numpy as np

from engine.compilation.xla import Tally
from engine.saving import container, disk
from engine.saving.container import FileError
from engine.saving.run_state import CheckpointError, give_arrays

_UNFINISHED, _LOCK = ".unfinished-", ".lock"
_NAME = re.compile(r"(\d{8,})-(\d{8,})(?:\.(\d+))?", re.ASCII)  # the third number where one run was there twice
_FIELDS = {"epoch": int, "step": int, "total": int, "stopped": bool, "logs": dict, "feed": dict, "callbacks": list,
           "layers": dict, "frozen": list, "random": dict, "steps": dict}  # fmt: skip


def lock(directory):
    """The right to write into `directory`, until the file that this returns is closed or the process ends."""
    path = os.path.join(directory, _LOCK)
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe would keep us waiting
        raise CheckpointError(f"{path!r} is no regular file, so it cannot be the lock of this directory. Delete it, or give another directory.")
    file = open(path, "w")  # noqa: SIM115 (held by the caller)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise CheckpointError(
            f"Another run is writing checkpoints into {os.fspath(directory)!r}. Wait for it, or give another directory."
        ) from None
    return file


def still_locked(directory, file):
    """Whether `file`, the lock of `directory`, is still the one that lies there: not after the directory was deleted or moved."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(os.path.join(directory, _LOCK)))
    except OSError:
        return False


def write(directory, arrays, info, keep=3):
    """Write a checkpoint into `directory` and return its path; keeps the last `keep`. An OSError leaves those before."""
    final = _free_name(directory, info)
    temporary = os.path.join(directory, _UNFINISHED + os.path.basename(final))
    text = json.dumps(info).encode()
    try:
        os.mkdir(temporary)
        disk.write_file(os.path.join(temporary, "run.json"), text)
        state = container.pack("checkpoint", arrays, run_sha256=hashlib.sha256(text).hexdigest())
        disk.write_file(os.path.join(temporary, "state.safetensors"), *state)
        disk.sync(temporary)
        os.rename(temporary, final)
        disk.sync(directory)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError):
            kept = "The checkpoints before it are untouched" if names(directory) else "There is no checkpoint in this directory"
            raise disk.failed(error, final, kept) from error
        raise
    before = names(directory)
    before = before[: before.index(os.path.basename(final))]  # those behind it are damaged, and save nobody
    for old in before[: len(before) - (keep - 1)]:
        remove(directory, old)
    return final


def _free_name(directory, info):
    name = f"{info['epoch']:08d}-{info['step']:08d}"
    same = [other for other in names(directory) if other.partition(".")[0] == name]
    if same:  # of a run that was resumed from an older one: its checkpoints stay until this one is there
        name = f"{name}.{int(_NAME.fullmatch(same[-1])[3] or 0) + 1}"
    return os.path.join(directory, name)


def remove(directory, name):
    """Delete a checkpoint; first its name, so that none is ever half there."""
    temporary = os.path.join(directory, _UNFINISHED + name)
    with contextlib.suppress(OSError):
        os.rename(os.path.join(directory, name), temporary)
    shutil.rmtree(temporary, ignore_errors=True)


def tidy(directory):
    """Delete what killed processes left behind. Only for the one that holds the directory's lock."""
    for name in os.listdir(directory):
        if name.startswith(_UNFINISHED):
            shutil.rmtree(os.path.join(directory, name), ignore_errors=True)


def names(directory):
    """The names of the finished checkpoints, the oldest first."""
    found = filter(None, map(_NAME.fullmatch, os.listdir(directory) if os.path.isdir(directory) else []))
    return [match[0] for match in sorted(found, key=lambda match: tuple(int(part or 0) for part in match.groups()))]


def newest(directory):
    """(path, arrays, info) of the newest checkpoint that verifies, or None; warns of each it skipped, and why."""
    found, skipped = search(directory)
    for why in skipped:
        warnings.warn(why, stacklevel=3)
    return found


def search(directory):
    """What `newest` finds, and what it says of those it skipped."""
    skipped = []
    for name in reversed(names(directory)):
        path = os.path.join(directory, name)
        try:
            return (path, *read(path)), skipped
        except CheckpointError as error:
            skipped.append(f"The checkpoint {path} is skipped: {error}")
    return None, skipped


def read(path):
    """(arrays, info) of one checkpoint; a CheckpointError unless every byte is as it was written."""
    try:
        content = container.read(os.path.join(path, "state.safetensors"))
        text = container.read_bytes(os.path.join(path, "run.json"))
        if content.metadata.get("run_sha256") != hashlib.sha256(text).hexdigest():
            raise CheckpointError("run.json does not match its checksum.")
        info = json.loads(text)
        _check_fields(info, content.arrays)
    except CheckpointError:
        raise
    except (FileError, OSError, ValueError, RecursionError) as error:
        raise CheckpointError(str(error)) from error
    return content.arrays, info


def _check_fields(info, arrays):
    """That `info` has all fields, of the right types, and refers to arrays that are there."""
    if not isinstance(info, dict) or set(info) != set(_FIELDS):
        raise CheckpointError(f"run.json has not the fields {list(_FIELDS)}.")
    for name, kind in _FIELDS.items():
        if type(info[name]) is not kind or (kind is int and info[name] < 0):
            raise CheckpointError(f"run.json: {name} is no {kind.__name__}, but {info[name]!r:.80}.")
    try:
        give_arrays([info["logs"], info["callbacks"], info["layers"]], arrays)
        if not all(isinstance(name, str) for name, _ in info["callbacks"]):
            raise TypeError("a callback without a name")
        if not all(isinstance(path, str) for path in info["frozen"]):
            raise TypeError("a layer without a path")
        version, internal, gauss = info["random"]["python"]
        random.Random().setstate((version, tuple(internal), gauss))
        np.random.RandomState().set_state(tuple(info["random"]["numpy"]))
        for counts in info["steps"].values():
            Tally().set_state(counts)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise CheckpointError(f"run.json is no description of a run ({type(error).__name__}: {error}).") from error
