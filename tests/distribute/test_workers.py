"""Real processes on this machine that train one model together; one of them dies."""

import csv
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import cases
import forked
import numpy as np
import pytest

from engine.distribute import cluster, workers

HERE = pathlib.Path(__file__).parent
CASE = "synchronized"


@pytest.fixture(autouse=True)
def path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(HERE.parents[1]))


def command(directory, epochs, *failure):
    return [sys.executable, str(HERE / "worker.py"), str(directory), CASE, str(epochs), *map(str, failure)]


def numbers(directory):
    with np.load(directory / "numbers.npz") as found:
        return dict(found)


def alone(directory, epochs):
    """The numbers of one process with the whole batches."""
    directory.mkdir()
    forked.output(*command(directory, epochs)[1:], timeout=200)
    return numbers(directory)


CASES = (CASE, "random", "mixed", "accumulated")


@pytest.fixture
def trained(tmp_path_factory, capfd, monkeypatch):
    """{case: the numbers of two workers, and those of one process}; each side trains all cases in a row, when the first test asks."""
    if not _trained:
        monkeypatch.setattr(sys.modules[__name__], "CASE", ",".join(CASES))
        directory = tmp_path_factory.mktemp("trained")
        assert workers.launch(2, command(directory, 2), str(directory)) == 0
        assert capfd.readouterr().out.endswith("done\n")
        forked.output(*command(directory / "alone", 2)[1:], timeout=200)
        _trained.update({case: (numbers(directory / case), numbers(directory / "alone" / case)) for case in CASES})
    return _trained


_trained = {}


@pytest.mark.parametrize("case", CASES)
def test_two_workers_give_the_numbers_of_one(trained, case):
    difference, where = cases.difference(*trained[case])
    assert difference < 1e-10, where


def test_two_workers_go_from_update_to_update(tmp_path, capfd, monkeypatch):
    """An exchange is that of an update; and no thread is left of one (TensorFlow keeps two for each that has a limit)."""
    monkeypatch.setattr(sys.modules[__name__], "CASE", "accumulated")
    assert workers.launch(2, command(tmp_path, 12, 0, "unsaved"), str(tmp_path)) == 0
    said = capfd.readouterr().out
    assert "chunks [3, 4, 3, 4]\n" in said
    assert int(re.search(r"threads (-?\d+)\n", said).group(1)) < 12, said
    difference, where = cases.difference(numbers(tmp_path), alone(tmp_path / "alone", 12))
    assert difference < 1e-10, where


FAILURES = {  # how which worker fails: what the other says
    ("SIGKILL", 1): "is gone",
    ("SIGKILL", 0): "is gone",
    ("SIGSTOP", 1): "does not take part any more",  # TensorFlow misses its heartbeats after some 10 s
    ("SIGSTOP", 0): "does not answer any more",
    ("busy", 1): "has not taken part for 15 s",
    ("busy", 0): "has not taken part for 15 s",
}


def test_who_hangs_up_is_gone():
    """The kernel may end what a killed process had open one by one: what it listened at a moment after its connections."""

    def hangs_up(listening):
        time.sleep(0.1)
        listening.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        ending = threading.Thread(target=hangs_up, args=(listening,))
        ending.start()
        assert not cluster.answers(address)
        ending.join()
        assert cluster.answers(address)  # stopped, or busy: a connection is made, and nobody says anything
    assert not cluster.answers(address)


@pytest.mark.slow
@pytest.mark.parametrize("how, who", FAILURES)
def test_a_worker_fails(tmp_path, capfd, monkeypatch, how, who):
    monkeypatch.setattr(workers, "_LAST_WORDS", 40 if how == "SIGKILL" else 3)  # the others may start no exchange before
    assert workers.launch(2, command(tmp_path, 3, 7, how, who), str(tmp_path)) == 1
    assert f"worker {who} was killed by signal 9; its log: " in capfd.readouterr().err
    log = (tmp_path / f"worker-{1 - who}.log").read_text()
    assert re.search(rf"WorkerError: worker {who} \(127.0.0.1:\d+\) {FAILURES[how, who]}\. Start all workers again", log), log[-2000:]
    assert len(os.listdir(tmp_path / "checkpoints")) > 1 and not (tmp_path / "numbers.npz").exists()
    if how == "SIGKILL":
        assert workers.launch(2, command(tmp_path, 3), str(tmp_path)) == 0
        difference, where = cases.difference(numbers(tmp_path), alone(tmp_path / "alone", 3))
        assert difference < 1e-10, where


@pytest.mark.slow
def test_ctrl_c_reaches_the_chief_and_the_run_goes_on(tmp_path):
    script = [sys.executable, str(HERE.parents[1] / "train.py"), "--model", "mlp", "--epochs", "15", "--workers", "2"]
    with subprocess.Popen([*script, "--out", "stopped"], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as launched:
        next(line for line in launched.stdout if line.startswith("Epoch 3/"))
        launched.send_signal(signal.SIGINT)
        rest, _ = launched.communicate(timeout=60)
    assert launched.returncode == 130 and "stopped; go on with: python train.py --resume" in rest
    for more in (["--out", "stopped", "--resume"], ["--out", "whole"]):
        subprocess.run([*script, *more], check=True, cwd=tmp_path, capture_output=True, timeout=200)
    tables = []
    for run in ("stopped", "whole"):
        with open(tmp_path / run / "history.csv") as file:
            tables.append([float(cell) for row in csv.DictReader(file) for cell in row.values()])
    assert tables[0] == pytest.approx(tables[1], rel=1e-6) and len(tables[0]) == 15 * 3


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


@pytest.mark.slow
def test_the_script_with_dropout_ends_where_one_process_ends(tmp_path):
    """On two workers, on two of which each reads its rows of a stream, and from the checkpoint of two on one."""
    found = {}
    for name, *arguments in (("one",), ("two", "--workers", "2"), ("three", "--workers", "2", "--epochs", "2"), ("three", "--resume"),
                             ("read", "--stream"), ("shared", "--stream", "--workers", "2")):  # fmt: skip
        arguments = ["--epochs", "3", *arguments] if "--resume" not in arguments else ["--resume", "--workers", "1", "--epochs", "3"]
        done = subprocess.run([sys.executable, str(HERE.parents[1] / "train.py"), "--out", name, *arguments], cwd=tmp_path,
                              capture_output=True, text=True, timeout=200)  # fmt: skip
        assert done.returncode == 0, done.stderr
        with open(tmp_path / name / "history.csv") as file:
            found[name] = [float(cell) for row in csv.DictReader(file) for cell in row.values()]
    for name, other in (("two", "one"), ("three", "one"), ("shared", "read")):
        assert found[name] == pytest.approx(found[other], rel=1e-5) and len(found[name]) == 9, name


def test_workers_that_do_not_listen_are_stopped_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "_LAST_WORDS", 0.3)
    monkeypatch.setattr(workers, "_TO_OBEY", 0.3)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(300)"
    logs = [tmp_path / f"worker-{index}.log" for index in range(2)]

    def stop_when_ready():
        while not all(log.exists() and log.read_text() == "ready\n" for log in logs):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop_when_ready).start()
    assert workers.launch(2, [sys.executable, "-c", deaf], tmp_path) == 1
    assert logs[1].read_text() == "ready\n"
