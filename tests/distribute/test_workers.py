"""Real processes on this machine that train one model together; one of them dies."""

import csv
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import cases
from engine.training import workers

HERE = pathlib.Path(__file__).parent
CASE = "synchronized"


@pytest.fixture(autouse=True)
def path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(HERE.parents[1]))


def command(directory, epochs, die=0):
    return [sys.executable, str(HERE / "worker.py"), str(directory), CASE, str(epochs), str(die)]


def numbers(directory):
    with np.load(directory / "numbers.npz") as found:
        return dict(found)


def alone(directory, epochs):
    """The numbers of one process with the whole batches."""
    directory.mkdir()
    subprocess.run(command(directory, epochs), check=True, capture_output=True, timeout=200)
    return numbers(directory)


def test_two_workers_give_the_numbers_of_one(tmp_path, capfd):
    assert workers.launch(2, command(tmp_path, 2), str(tmp_path)) == 0
    assert capfd.readouterr().out.endswith("done\n")
    difference, where = cases.difference(numbers(tmp_path), alone(tmp_path / "alone", 2))
    assert difference < 1e-10, where


@pytest.mark.slow
def test_a_worker_is_killed_and_the_run_goes_on(tmp_path, capfd):
    assert workers.launch(2, command(tmp_path, 3, die=7), str(tmp_path)) == 1
    assert "worker 1 was killed by signal 9; its log: " in capfd.readouterr().err
    log = (tmp_path / "worker-0.log").read_text()
    assert re.search(r"WorkerError: worker 1 \(127.0.0.1:\d+\) is gone\. Start all workers again", log), log[-2000:]
    assert len(os.listdir(tmp_path / "checkpoints")) > 1 and not (tmp_path / "numbers.npz").exists()
    assert workers.launch(2, command(tmp_path, 3), str(tmp_path)) == 0
    difference, where = cases.difference(numbers(tmp_path), alone(tmp_path / "alone", 3))
    assert difference < 1e-10, where


@pytest.mark.slow
def test_the_script_with_two_workers_and_with_two_devices(tmp_path):
    rows = []
    for how in (["--workers", "2"], ["--strategy", "mirrored", "--devices", "2"]):
        arguments = ["--model", "mlp", "--epochs", "2", "--out", str(tmp_path / how[-2]), *how]
        done = subprocess.run([sys.executable, str(HERE.parents[1] / "train.py"), *arguments], cwd=tmp_path,
                              capture_output=True, text=True, timeout=200)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "Epoch 2/2 - 46 steps" in done.stdout and done.stdout.count("saved ") == 1
        with open(tmp_path / how[-2] / "history.csv") as file:
            rows.append([float(row["loss"]) for row in csv.DictReader(file)])
    assert rows[0] == pytest.approx(rows[1], rel=1e-5) and len(rows[0]) == 2


def test_workers_that_do_not_listen_are_stopped_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "_LAST_WORDS", 1)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(300)"
    timer = threading.Timer(2, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    assert workers.launch(2, [sys.executable, "-c", deaf], tmp_path) == 1
    assert (tmp_path / "worker-1.log").read_text() == "ready\n"
