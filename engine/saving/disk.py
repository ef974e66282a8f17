"""Files that are whole or not there.

What is half written has another name: the bytes go to a temporary file beside the place, are synced to the disk, and
one rename puts them there. The rename is atomic, so whoever looks at any instant, also after a crash or a power cut,
finds the old file or the new one. The directory is synced last, which makes the rename itself last.
"""

import contextlib
import os
import shutil
import signal
import uuid

_BLOCK = 1 << 20  # bytes per write


def replace_file(path, *parts):
    """Make `parts` (bytes-like) the content of the file `path`, in one move. An OSError leaves what was there."""
    path = os.path.realpath(path)
    unfinished = f"{path}.{uuid.uuid4().hex}.part"
    try:
        write_file(unfinished, *parts)
        os.replace(unfinished, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.remove(unfinished)
        if isinstance(error, OSError):
            raise failed(error, path, what_is_there(path)) from error
        raise
    sync(os.path.dirname(path))


def write_file(path, *parts):
    """A new file, on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        for part in parts:
            rest = memoryview(part).cast("B")
            while rest:
                rest = rest[os.write(descriptor, rest[:_BLOCK]) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path):
    """A directory, and those above it; their names are on the disk when this returns."""
    path = os.path.abspath(path)
    if not os.path.isdir(path):
        make_directory(os.path.dirname(path))
        os.mkdir(path)
        sync(os.path.dirname(path))


@contextlib.contextmanager
def filled(directory, last=""):
    """Within this, a new directory to write files into, which then go to `directory` under their names, that of the name `last` last.

    An error in the block, or Ctrl-C at any time, leaves what was there, or all that is new. Files get their names one after the other.
    """
    make_directory(directory)
    unfinished = os.path.join(directory, f".{uuid.uuid4().hex}.part")
    os.mkdir(unfinished)
    try:
        yield unfinished
        files = sorted(os.path.relpath(os.path.join(place, name), unfinished) for place, _, names in os.walk(unfinished) for name in names)
        for file in files:
            sync(os.path.join(unfinished, file))
        with _uninterrupted():
            for file in sorted(files, key=lambda file: (file == last, file)):
                make_directory(os.path.dirname(os.path.join(directory, file)))
                os.replace(os.path.join(unfinished, file), os.path.join(directory, file))
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    sync(directory)


@contextlib.contextmanager
def _uninterrupted():
    """Ctrl-C and SIGTERM in the block come after it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def sync(directory):
    """Put the names in a directory on the disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def what_is_there(path):
    """After a save into `path` has failed."""
    return "What was there before is untouched" if os.path.lexists(path) else "There is no such file"


def failed(error, path, consequence):
    """An OSError of the same kind that also says what the failure means."""
    return OSError(error.errno, f"{error.strerror or error}, so this was not saved. {consequence}", path)
