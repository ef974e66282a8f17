"""Workers that read their share of the rows alone make the same steps as one process that reads all of them."""

import contextlib
import csv
import json
import os
import pathlib
import re
import subprocess
import sys

import cases
import forked
import numpy as np
import pytest
import tensorflow as tf

from engine import set_floatx
from engine.datasets import DatasetError, stream
from engine.distribute import workers

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
TFDS = ROOT.parent / "shared" / "tfds"
ENVIRONMENT = {**os.environ, "TFDS": str(TFDS)}
CASES = ("digits", "files", "function")
ROWS = {"digits": (1442, 355), "thirds": (1442, 355), "mnist": (60000, 10000)}  # to train on, and for the test


@pytest.fixture(autouse=True)
def environment():
    yield
    set_floatx("float32")  # which the cases have changed


def command(directory, how, *words):
    return (HERE / "shards.py", directory, how, *words)


def on_workers(count, directory, *words):
    """As many processes that find each other by TF_CONFIG."""
    addresses = [f"127.0.0.1:{port}" for port in workers._free_ports(count)]
    with contextlib.ExitStack() as stack:
        started = []
        for index in range(count):
            task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            environment = {**ENVIRONMENT, "TF_CONFIG": json.dumps(task)}
            started.append(stack.enter_context(forked.Python(*command(directory, "workers", *words), env=environment)))
        for run in started:
            said = run.communicate(timeout=400)
            assert run.returncode == 0, said


def alone(directory, *words, how="alone"):
    """What the process printed."""
    return forked.output(*command(directory, how, *words), env=ENVIRONMENT)


def difference(directory, case, how="workers"):
    found, expected = ({**np.load(directory / f"{case}-{name}.npz")} for name in (how, "alone"))
    return cases.difference(found, expected)


def rows_of(directory, case, count):
    """The rows that each worker has read, and those of one process."""
    parts = [np.load(directory / f"{case}-workers-{worker}.npy") for worker in range(count)]
    return parts, np.load(directory / f"{case}-alone-0.npy")


def in_order(rows):
    return rows[np.lexsort(rows.T)]


def check(directory, case, count):
    """The numbers are those of one process; each row was read by one worker, once in each pass (of the test: two)."""
    worst, where = difference(directory, case)
    assert worst < 1e-10, where
    parts, whole = rows_of(directory, case, count)
    train, test = ROWS[case]
    shares = [len(range(worker, train, count)) + 2 * len(range(worker, test, count)) for worker in range(count)]
    assert [len(part) for part in parts] == shares and len(whole) == train + 2 * test
    np.testing.assert_array_equal(in_order(np.concatenate(parts)), in_order(whole))


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A directory with the numbers of two workers and of one process, after an epoch."""
    directory = tmp_path_factory.mktemp("two")
    on_workers(2, directory, 1, "none", *CASES)
    alone(directory, 1, "none", *CASES)
    return directory


def test_two_workers_read_half_of_a_stream_each(two):
    check(two, "digits", 2)


@pytest.mark.parametrize("case", ("files", "function"))
def test_what_tensorflow_deals_out_to_two_workers(two, case):
    worst, where = difference(two, case)
    assert worst < 1e-10, where


def test_stream_says_how_to_share_a_batch_evenly():
    train, _, _ = stream("digits", batch_size=100)
    with pytest.raises(DatasetError, match=r"3 workers cannot share batches of 100 evenly\. Take batch_size=102"):
        train.share(0, 3)
    with pytest.raises(DatasetError, match="batch_size is a positive integer, received 0"):
        stream("digits", batch_size=0)


def test_a_distributed_dataset_of_one_replica():
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    with strategy.scope():
        data = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((cases.X, cases.Y)).batch(8))
    found = []
    for arguments in (dict(x=data), dict(x=cases.X, y=cases.Y, batch_size=8, shuffle=False)):
        model = cases.make("synchronized", strategy)
        history = model.fit(**arguments, epochs=2, verbose=0, validation_data=arguments["x"] if len(arguments) == 1 else None)
        found.append({**cases.numbers(model, history), "predict": model.predict(arguments["x"])})
    assert len(found[0].pop("history/val_loss")) == 2
    assert cases.difference(*found)[0] < 1e-10


def test_an_endless_distributed_dataset_needs_its_steps():
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    data = tf.data.Dataset.from_tensor_slices((cases.X, cases.Y)).batch(8).repeat()
    with strategy.scope():
        data = strategy.experimental_distribute_dataset(data)
    model = cases.make("synchronized", strategy)
    with pytest.raises(ValueError, match="needs steps_per_epoch="):
        model.fit(data, verbose=0)
    assert len(model.fit(data, epochs=2, steps_per_epoch=5, verbose=0).history["loss"]) == 2


@pytest.mark.slow
def test_two_devices_of_one_process(tmp_path):
    """A distributed dataset of 29 rows: four at a time for each device are eight of one."""
    printed = alone(tmp_path, 2, "none", "function", "files", "digits", "refusals", how="mirrored")
    alone(tmp_path, 2, "none", "digits")
    assert difference(tmp_path, "digits", "mirrored")[0] < 1e-10
    model = cases.make("dropout", None)
    data = tf.data.Dataset.from_tensor_slices((cases.X, cases.CLASSES)).batch(8)
    history = model.fit(data, epochs=2, class_weight={0: 2.0, 2: 0.3}, validation_data=data, verbose=0)
    expected = {**cases.numbers(model, history), "evaluate": np.array(model.evaluate(data, verbose=0))}
    for case in ("function", "files"):
        worst, where = cases.difference({**np.load(tmp_path / f"{case}-mirrored.npz")}, expected)
        assert worst < 1e-10, where
    says = (
        "ValueError: predict.* has given its rows to 2 replicas. Pass the tf.data.Dataset itself",
        "ValueError: .* was given a Distributed.*Iterator. Pass the DistributedDataset",
        "ValueError: .* was made outside of a strategy's scope and is given a Distributed",
        r"NonFiniteError: .* in step 2 of epoch 1. `x` of the batch is not finite in its rows \[4\]",
    )
    for pattern, line in zip(says, printed.splitlines()[-5:-1], strict=True):
        assert re.match(pattern, line), line


@pytest.mark.slow
def test_three_workers_of_whom_one_gets_nothing_at_the_end(tmp_path):
    on_workers(3, tmp_path, 1, "none", "thirds")
    alone(tmp_path, 1, "none", "thirds")
    check(tmp_path, "thirds", 3)


@pytest.mark.slow
@pytest.mark.parametrize("first, second", [(2, 1), (1, 2)])
def test_a_run_goes_on_in_the_middle_of_an_epoch_with_other_workers(tmp_path, first, second):
    def run(count, *words):
        on_workers(count, tmp_path, *words) if count > 1 else alone(tmp_path, *words)

    run(first, 2, 16, "digits")  # an epoch has 13 steps
    assert len(os.listdir(tmp_path / "checkpoints")) > 0 and not list(tmp_path.glob("*.npz"))
    run(second, 2, 0, "digits")
    if second == 1:
        os.rename(tmp_path / "digits-alone.npz", tmp_path / "digits-workers.npz")
    alone(tmp_path, 2, "none", "digits")
    worst, where = difference(tmp_path, "digits")
    assert worst < 1e-10, where


@pytest.mark.slow
@pytest.mark.skipif(not (TFDS / "mnist").exists(), reason=f"no MNIST in {TFDS}")
def test_mnist_on_two_workers(tmp_path):
    on_workers(2, tmp_path, 1, "none", "mnist")
    alone(tmp_path, 1, "none", "mnist")
    check(tmp_path, "mnist", 2)


@pytest.mark.slow
def test_the_script_streams_on_two_workers(tmp_path):
    found = []
    for count in ("1", "2"):
        arguments = ["--stream", "--model", "quadratic", "--batch-size", "50", "--epochs", "2", "--out", str(tmp_path / count)]
        done = subprocess.run([sys.executable, str(ROOT / "train.py"), *arguments, "--workers", count], cwd=tmp_path,
                              capture_output=True, text=True, timeout=200)  # fmt: skip
        assert done.returncode == 0, done.stderr
        with open(tmp_path / count / "history.csv") as file:
            losses = [float(row["loss"]) for row in csv.DictReader(file)]
        found.append([*losses, *map(float, re.search(r"accuracy (\S+), loss (\S+)", done.stdout).groups())])
    assert found[0] == pytest.approx(found[1], rel=1e-4) and len(found[0]) == 4
