"""Workers (see cluster.py) on this machine, to try out: `python train.py --workers 2`."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

from engine.signals import Signals

_LAST_WORDS = 30  # seconds that the others get when one has failed; a dead worker is noticed after 10
_TO_OBEY = 3  # seconds that they then get to hear SIGTERM


def launch(count, command, directory):
    """Run `command` as `count` workers on this machine, with logs in `directory`; returns the exit status.

    What the chief prints is shown; logs of a run before are gone on with. When one fails the others are stopped. Ctrl-C and SIGTERM reach the chief.
    """
    os.makedirs(directory, exist_ok=True)
    paths = [os.path.join(directory, f"worker-{index}.log") for index in range(count)]
    addresses = [f"127.0.0.1:{port}" for port in _free_ports(count)]
    workers, signals = [], Signals()
    seen = os.path.getsize(paths[0]) if os.path.exists(paths[0]) else 0
    try:
        for index, path in enumerate(paths):
            task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            with open(path, "ab") as log:  # a group of its own: Ctrl-C is for the chief, and its checkpoint
                workers.append(subprocess.Popen(
                    command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                    env={**os.environ, "TF_CONFIG": json.dumps(task)},
                ))  # fmt: skip
        _wait(workers, paths[0], seen, signals)
    finally:
        signals.close()
        _stop(workers)
    return _status(workers, paths)


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [item.getsockname()[1] for item in sockets]
    finally:
        for item in sockets:
            item.close()


def _wait(workers, chiefs_log, seen, signals):
    """Until all are done, or for a while after one is not: showing what the chief says, which begins at the byte `seen`."""
    deadline, told = None, False
    with open(chiefs_log, "rb") as log:
        log.seek(seen)
        while deadline is None or time.monotonic() < deadline:
            codes = [worker.poll() for worker in workers]
            sys.stdout.write(log.read().decode(errors="replace"))
            sys.stdout.flush()
            if None not in codes:
                return
            if signals.received and not told:
                workers[0].send_signal(signals.received)
                told, deadline = True, time.monotonic() + _LAST_WORDS  # it may wait for another in vain
            if any(codes) or codes[0] is not None:
                ends = time.monotonic() + (0 if told else _LAST_WORDS)
                deadline = ends if deadline is None else min(deadline, ends)
            time.sleep(0.1)


def _stop(workers):
    """End those that still run. One that waits for another in vain hears no SIGTERM."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for worker in workers:
            if worker.poll() is None:
                worker.send_signal(number)
        deadline = time.monotonic() + _TO_OBEY
        while any(worker.poll() is None for worker in workers) and time.monotonic() < deadline:
            time.sleep(0.05)


def _status(workers, paths):
    """The exit status of all: the chief's if it was asked to stop; 1 if one failed, which is told."""
    codes = [worker.returncode for worker in workers]
    if codes[0] in (0, 128 + signal.SIGINT, 128 + signal.SIGTERM):
        return codes[0]
    for index, (code, path) in enumerate(zip(codes, paths)):
        if code:
            ended = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
            print(f"worker {index} {ended}; its log: {path}", file=sys.stderr)
    return 1
