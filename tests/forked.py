"""`python SCRIPT WORD ...` without the seconds in which it imports TensorFlow.

A process of its own all the same, to be killed, measured or given other devices: it is forked off a server that has
imported everything and run nothing. Each process of pytest starts one server, when the first test asks.
Where a test is about how Python starts or ends, it starts Python.
"""

import functools
import gc
import multiprocessing
import os
import pathlib
import runpy
import signal
import sys
import threading
from multiprocessing import forkserver
from unittest import mock

ROOT = pathlib.Path(__file__).parents[1]


def collect_seldom():
    """TensorFlow's graphs are garbage in cycles: it is looked for less often, and not among what was imported."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@functools.cache
def _server():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["train"])
    with mock.patch.dict(os.environ, PYTHONPATH=str(ROOT)):
        forkserver.ensure_running()
    return context


class Python:
    """As much of `subprocess.Popen([sys.executable, *words], stdout=PIPE, stderr=PIPE, text=True)` as the tests need."""

    def __init__(self, *words, cwd=None, env=None):
        self.stdout, out = self._pipe()
        self.stderr, err = self._pipe()
        environment = {**(os.environ if env is None else env)}
        arguments = ([str(word) for word in words], str(cwd or os.getcwd()), environment, out, err)
        self.process = _server().Process(target=_run, args=arguments)
        self.process.start()
        out.close(), err.close()

    @staticmethod
    def _pipe():
        read, write = _server().Pipe(duplex=False)
        with read:
            return open(os.dup(read.fileno())), write

    @property
    def returncode(self):
        return self.process.exitcode

    def send_signal(self, number):
        os.kill(self.process.pid, number)

    def wait(self, timeout):
        """The exit status; the process is killed if it takes longer."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            self.send_signal(signal.SIGKILL)
            raise TimeoutError(f"The process was not done after {timeout} s.")
        return self.returncode

    def communicate(self, timeout):
        """What it has still to say on stdout and on stderr, until its end."""
        found = {}
        readers = [threading.Thread(target=lambda pipe=pipe: found.__setitem__(pipe, pipe.read())) for pipe in (self.stdout, self.stderr)]
        for reader in readers:
            reader.start()
        try:
            self.wait(timeout)
        finally:
            for reader in readers:
                reader.join()
        return found[self.stdout], found[self.stderr]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.join()
        self.stdout.close(), self.stderr.close()


def output(*words, timeout=400, **how):
    """What `python *words` prints; an AssertionError with its errors if its status is not 0."""
    with Python(*words, **how) as run:
        printed, errors = run.communicate(timeout)
    assert run.returncode == 0, errors
    return printed


def _run(words, directory, environment, *pipes):
    for number, pipe in enumerate(pipes, start=1):
        os.dup2(pipe.fileno(), number)
        pipe.close()
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    collect_seldom()
    if words[0] == "-c":
        sys.argv[:] = ["-c", *words[2:]]
        exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv[:] = words
        sys.path.insert(0, os.path.dirname(words[0]))
        runpy.run_path(words[0], run_name="__main__")
