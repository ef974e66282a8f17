"""A process of its own that has imported everything and run nothing, and forks runs of `fit` to be killed.

    python killed_runs.py calls FOLDER SCENARIO       kill at each call that changes the disk, one after the other
    python killed_runs.py random FOLDER SCENARIO N    kill N times at a random moment

After each kill a verified checkpoint must be there, if there ever was one; each run, when it comes to its end, must have
the fingerprint of a run that nobody touched. Prints the counts as JSON.
"""

import json
import os
import pathlib
import random
import shutil
import signal
import sys
import time
import warnings

import crashes
import scenarios

from engine.saving import checkpoint

AS_BY_DEFAULT = {"jit": "auto"}
FEW_SAVES = {"every_steps": 4, "epochs": 2}  # by calls: each call of each of a few saves


def start(folder, fatal=None, **arguments):
    """The process id of a run in `folder` that writes its fingerprint to the file `end` there."""
    folder.mkdir(parents=True, exist_ok=True)
    pid = os.fork()
    if pid:
        return pid
    try:
        if fatal is not None:
            crashes.DieAt(fatal)
        end = scenarios.SCENARIOS[scenario](folder, **arguments)
        (folder / "end").write_text(json.dumps(end))
        os._exit(0)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        os._exit(1)


def status_of(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def whole(folder, **arguments):
    assert status_of(start(folder, **arguments)) == 0
    return json.loads((folder / "end").read_text())


def check(folder, had_one):
    """Whether there is a verified checkpoint; there must be if there was one, and nothing may need to be skipped."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = checkpoint.newest(folder / "checkpoints")
    assert found or not had_one, "the checkpoint is gone"
    return bool(found)


def by_calls(folder):
    expected = whole(folder / "whole", **FEW_SAVES)
    for fatal in range(1, 1000):
        run = folder / f"run{fatal}"
        status = status_of(start(run, fatal, **FEW_SAVES))
        if status == 0:
            return {"kills": fatal - 1}
        assert status == -signal.SIGKILL
        check(run, False)
        assert whole(run, **FEW_SAVES) == expected, f"killed at call {fatal}"
        shutil.rmtree(run)


def at_random(folder, wanted):
    started = time.monotonic()
    expected = whole(folder / "whole", **AS_BY_DEFAULT)
    length = time.monotonic() - started
    rng, kills, ends, had_one, run = random.Random(1), 0, 0, False, folder / "run"
    while kills < wanted or ends == 0:
        pid = start(run, **AS_BY_DEFAULT)
        time.sleep(rng.uniform(0.3, 1) * length)
        os.kill(pid, signal.SIGKILL)
        if status_of(pid) == 0:
            assert json.loads((run / "end").read_text()) == expected
            ends, had_one = ends + 1, False
            shutil.rmtree(run)
            continue
        kills += 1
        had_one = check(run, had_one)
    assert whole(run, **AS_BY_DEFAULT) == expected
    return {"kills": kills, "ends": ends + 1}


if __name__ == "__main__":
    kind, folder, scenario = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    print(json.dumps(by_calls(folder) if kind == "calls" else at_random(folder, int(sys.argv[4]))))
