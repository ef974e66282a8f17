"""A process of its own: loads every file of a directory under an audit hook, and prints what happened as JSON.

What no file may bring about: a process, a socket, an import, code, and any file but itself.
"""

import json
import pathlib
import sys
import time

import engine.saving
from engine import Sequential
from layers import Dense

FORBIDDEN = ("subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "socket.", "import", "exec",
             "compile", "ctypes.", "marshal.", "pickle.", "os.remove", "os.rename", "os.mkdir", "os.link", "os.symlink",
             "os.chmod", "os.truncate", "shutil.", "tempfile.", "webbrowser.", "urllib.", "sys.addaudithook")  # fmt: skip
watching = None  # the path of the file that is being loaded
offences = []


def hook(event, arguments):
    if watching is None:
        return
    if event == "open":
        if isinstance(arguments[0], int) or pathlib.Path(str(arguments[0])) == watching:
            return
        offences.append(f"open {arguments[0]}")
    elif event.startswith(FORBIDDEN):
        offences.append(f"{event} {str(arguments)[:80]}")


def memory(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) * 1024


def load(path):
    model = Sequential([Dense(2, input_shape=(3,))])
    if path.name.endswith(".weights.h5"):
        return model.load_weights(path)
    return engine.saving.load_model(path)


def slowness():
    """How many times as long as the machine that the limits are for this one takes now, at least 1."""
    started = time.process_time()
    for number in range(500_000):
        len(str(number))
    return max(1.0, (time.process_time() - started) / 0.02)


def attempt(path):
    """{"outcome": ..., "seconds": ..., "memory": peak bytes, "offences": [...]} of one load."""
    global watching
    offences.clear()
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before, started = memory("VmRSS"), time.process_time()  # of this process, whatever else the machine does
    watching = path
    try:
        load(path)
        outcome = "loaded"
    except engine.saving.FileError as error:
        outcome = f"refused: {error}"
    except BaseException as error:
        outcome = f"WRONG: {type(error).__name__}: {error}"
    watching = None
    seconds = time.process_time() - started
    if seconds > 1:
        seconds /= slowness()
    return {"outcome": outcome, "seconds": seconds, "memory": memory("VmHWM") - before, "offences": list(offences)}


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    for warm in (folder / "good").iterdir():  # the first load of all also loads parts of TensorFlow and h5py
        load(warm)
    sys.addaudithook(hook)
    print(json.dumps({path.name: attempt(path) for path in sorted((folder / "files").iterdir())}))
