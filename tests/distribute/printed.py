"""What a script of this folder prints, as the tests want it."""

import functools
import json
import pathlib

import forked

HERE = pathlib.Path(__file__).parent


@functools.lru_cache
def printed(script, *words):
    """The last line of `python script words`, as JSON; one process for all who ask the same."""
    return json.loads(forked.output(HERE / script, *words, timeout=500).splitlines()[-1])
