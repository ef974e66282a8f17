"""What a script of this folder prints, as the tests want it."""

import functools
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


@functools.lru_cache
def printed(script, *words):
    """The last line of `python script words`, as JSON; one process for all who ask the same."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    command = [sys.executable, str(HERE / script), *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
