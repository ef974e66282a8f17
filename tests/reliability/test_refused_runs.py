"""A run that is refused, or that comes upon one that is going on, leaves every file of the directory as it was."""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import sys

import forked
import numpy as np
import pytest
from scripted import script

import train
from engine import Sequential, set_seed
from engine.callbacks import BackupAndRestore, Callback, Checkpoint, CSVLogger, ModelCheckpoint, TensorBoard
from engine.distribute.workers import launch
from engine.saving import CheckpointError, FileError, checkpoint, run_directory
from engine.study import report
from layers import Dense


def named(item):
    """A text for a case, the same in every process: without addresses."""
    return re.sub(r" at 0x\w+", "", str(item))


SCRIPT = pathlib.Path(train.__file__).resolve()
X = np.arange(36.0).reshape(12, 3) / 9


def content(directory):
    """{path: bytes} of all files in `directory`; locks are no content."""
    files = sorted(path for path in pathlib.Path(directory).rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


def writers(directory):
    """Every callback that writes, in an order in which those before the Checkpoint would be too early."""
    return [CSVLogger(directory / "history.csv"), CSVLogger(directory / "all.csv", append=True), TensorBoard(directory / "logs"),
            ModelCheckpoint(directory / "{epoch}.safetensors"), Checkpoint(directory / "checkpoints", every_steps=1)]  # fmt: skip


def fit(directory, optimizer="adam", units=2, rows=12, batch_size=4, epochs=2, callbacks=(), eager=False):
    set_seed(1)
    model = Sequential([Dense(units, input_shape=(3,))])
    model.compile(optimizer, "mse", run_eagerly=eager, jit_compile=False)
    x = X[:rows]
    return model.fit(x, x[:, :units], batch_size, epochs, verbose=0, callbacks=[*writers(directory), *callbacks])


class Other(Callback):
    """One callback more than before."""


class Choosy(Callback):
    """Takes no state."""

    def set_state(self, state):
        raise KeyError("own")


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A directory with the files of a run of two epochs."""
    directory = tmp_path_factory.mktemp("ended")
    fit(directory)
    return directory


@pytest.fixture
def before(ended, tmp_path):
    shutil.copytree(ended, tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize("arguments", [
    {"optimizer": "sgd"}, {"optimizer": "rmsprop"}, {"units": 3}, {"rows": 8}, {"batch_size": 3}, {"callbacks": [Other()]},
    {"epochs": 1}, {"eager": True, "units": 3},
], ids=named)  # fmt: skip
def test_a_refused_fit_touches_nothing(arguments, before):
    found = content(before)
    assert len(found["history.csv"].splitlines()) == 3
    with pytest.raises(CheckpointError, match="Nothing was changed"):
        fit(before, **arguments)
    assert content(before) == found


def test_a_callback_that_refuses_its_state_touches_nothing(tmp_path):
    fit(tmp_path, callbacks=[Choosy()])
    found = content(tmp_path)
    with pytest.raises(CheckpointError, match="'own'. Nothing was changed"):
        fit(tmp_path, epochs=3, callbacks=[Choosy()])
    assert content(tmp_path) == found


def test_what_lies_unfinished_stays_until_all_is_checked(before):
    unfinished = before / "checkpoints/.unfinished-x"
    unfinished.mkdir()
    with pytest.raises(CheckpointError):
        fit(before, units=3)
    assert unfinished.is_dir()
    fit(before, epochs=3)
    assert not unfinished.exists()


def test_a_run_that_is_going_on_keeps_its_files(before):
    found = content(before)
    with checkpoint.lock(before / "checkpoints"):
        with pytest.raises(CheckpointError, match="Another run is writing"):
            fit(before, epochs=3)
    assert content(before) == found
    fit(before, epochs=3)  # and it can go on afterwards
    rows = (before / "history.csv").read_text().splitlines()
    assert [row.partition(",")[0] for row in rows] == ["epoch", "0", "1", "2"] and rows[:3] == found["history.csv"].decode().splitlines()


def test_no_checkpoint_verifies(before):
    for path in before.glob("checkpoints/*/run.json"):
        path.write_text("null")
    found = content(before)
    with pytest.raises(CheckpointError, match="None of the checkpoints in .* Nothing was changed. Delete them .* is skipped: run.json"):
        fit(before)
    assert content(before) == found


def test_ready_comes_once_after_all_have_resumed(tmp_path):
    class Notes(Callback):
        def __init__(self):
            self.calls = []

        def on_train_begin(self, logs=None):
            self.calls.append("begin")

        def on_resume(self, run):
            self.calls.append(("resume", run.epoch, run.step))

        def on_ready(self, run):
            self.calls.append(("ready", run.epoch, run.step))

    class StopIn(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if stop and batch == 1:
                raise KeyboardInterrupt

    stop, first, second = True, Notes(), Notes()
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path, callbacks=[first, StopIn()])
    assert first.calls == ["begin", ("resume", 0, 0), ("ready", 0, 0)]
    stop = False
    fit(tmp_path, callbacks=[second, StopIn()])
    assert second.calls == ["begin", ("resume", 0, 1), ("ready", 0, 1), ("resume", 0, 1)]


def test_a_backup_that_another_run_has_taken_over_is_not_deleted(tmp_path):
    class Take(Callback):
        def close(self):  # the lock is free from here on
            self.lock = checkpoint.lock(tmp_path)

    take = Take()
    model = Sequential([Dense(2, input_shape=(3,))])
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(X, X[:, :2], verbose=0, callbacks=[BackupAndRestore(tmp_path), take])
    take.lock.close()
    assert len(checkpoint.names(tmp_path)) == 1


class Delete(Callback):
    """Lets something happen to the directory in the second epoch."""

    def __init__(self, happen):
        self.happen = happen

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            self.happen()


@pytest.mark.parametrize("again", [False, True], ids=["deleted", "deleted and made anew"])
def test_a_directory_deleted_during_the_run_is_said_to_be_gone(again, tmp_path):
    directory = tmp_path / "checkpoints"

    def happen():
        shutil.rmtree(directory)
        if again:
            checkpoint.disk.make_directory(directory)

    with pytest.raises(FileNotFoundError, match="deleted or moved during the run, so this was not saved") as error:
        fit(tmp_path, callbacks=[Delete(happen)])
    assert "untouched" not in str(error.value) and str(directory) in str(error.value)


def test_a_directory_moved_during_the_run_keeps_its_checkpoints(tmp_path):
    with pytest.raises(FileNotFoundError, match="deleted or moved"):
        fit(tmp_path, callbacks=[Delete(lambda: os.rename(tmp_path / "checkpoints", tmp_path / "moved"))])
    assert len(checkpoint.names(tmp_path / "moved")) == 3


def test_a_write_without_a_directory_promises_nothing(ended, tmp_path):
    state = checkpoint.newest(ended / "checkpoints")[1:]
    with pytest.raises(FileNotFoundError, match="this was not saved. There is no checkpoint in this directory"):
        checkpoint.write(tmp_path / "gone", *state)


# ---- the script ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of the script of two epochs."""
    directory = tmp_path_factory.mktemp("trained")
    assert train.main(["--model", "mlp", "--epochs", "2", "--trace", "--out", str(directory)]) == 0
    return directory


@pytest.fixture
def run(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize("words", [
    "--optimizer sgd", "--batch-size 64", "--report", "--model cnn", "--seed 9", "--stream", "--dataset mnist", "--epochs 1",
])  # fmt: skip
def test_a_refused_resume_of_the_script_touches_nothing(words, run, capsys):
    found = content(run)
    status, output, errors = script(capsys, "--resume", "--trace", "--out", str(run), *words.split())
    assert status == 2 and errors.startswith("train.py: ") and errors.count("\n") == 1, errors
    assert content(run) == found


@pytest.mark.parametrize("words", [["--resume"], ["--resume", "--epochs", "9"], ["--trace"], ["--workers", "2"]], ids=" ".join)
def test_the_script_leaves_the_files_of_a_running_one_alone(words, run, capsys):
    found = content(run)
    with run_directory.held(run):
        status, output, errors = script(capsys, "--model", "mlp", "--out", str(run), *words)
    assert (status, errors) == (2, f"train.py: Another run is going on in {str(run)!r}. Wait for it, or give another directory.\n")
    assert content(run) == found


def test_other_images_of_the_same_size_are_refused(run, capsys, monkeypatch):
    """Whatever args.json says: the checkpoint has the name of its dataset."""
    found, load = content(run), train.load

    def others(*args):
        *data, info = load(*args)
        return *data, dataclasses.replace(info, name="others")

    with monkeypatch.context() as patch:
        patch.setattr(train, "load", others)
        status, _, errors = script(capsys, "--resume", "--out", str(run), "--epochs", "3")
    assert status == 2 and "it is about {'dataset': 'digits'}, and this one about {'dataset': 'others'}" in errors and errors.count("\n") == 1
    assert content(run) == found
    assert script(capsys, "--resume", "--out", str(run), "--epochs", "3")[0] == 0


def test_a_running_script_keeps_its_history(tmp_path):
    words = ("--model", "mlp", "--out", "run")
    with forked.Python(SCRIPT, *words, "--epochs", "100000", cwd=tmp_path) as first:
        for line in first.stdout:
            if line.startswith("Epoch 3/"):
                break
        with forked.Python(SCRIPT, "--resume", "--out", "run", cwd=tmp_path) as second:
            _, errors = second.communicate(timeout=60)
        assert second.returncode == 2 and "Another run is going on in" in errors
        rows = (tmp_path / "run/history.csv").read_text().splitlines()
        assert [row.partition(",")[0] for row in rows[:4]] == ["epoch", "0", "1", "2"]
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=60)


def test_the_lock_is_held_until_the_last_file_is_written(tmp_path, monkeypatch):
    def locked(*_):
        with pytest.raises(CheckpointError, match="Another run is going on"), run_directory.held(tmp_path):
            pass
        return tmp_path

    monkeypatch.setattr(train, "record_run", locked)
    monkeypatch.setattr(train, "report", locked)
    assert train.main(["--model", "mlp", "--epochs", "1", "--report", "--out", str(tmp_path)]) == 0
    with run_directory.held(tmp_path):
        pass


def test_runs_that_came_to_nothing_do_not_cost_the_one_before(tmp_path):
    for _ in range(3):
        os.makedirs(tmp_path / "checkpoints/00000001-00000000", exist_ok=True)
        run_directory.begin(tmp_path, {})
        for _ in range(2):
            os.makedirs(tmp_path / "checkpoints", exist_ok=True)
            run_directory.begin(tmp_path, {})
            assert sorted(os.listdir(tmp_path / "checkpoints.old")) == [".lock", "00000001-00000000"]


def test_resume_says_where_it_goes_on(run, capsys):
    words = "--resume", "--out", str(run)
    assert "goes on after 2 of 2 epochs\n" in script(capsys, *words)[1]
    assert "goes on after 2 of 3 epochs\n" in script(capsys, *words, "--epochs", "3")[1]
    assert "goes on after 3 of 3 epochs\n" in script(capsys, *words)[1]  # what was given is remembered
    status, _, errors = script(capsys, *words, "--epochs", "1")
    assert status == 2 and "more than the 1 epochs that are asked for behind it: 3" in errors
    shutil.rmtree(run / "checkpoints")
    status, output, _ = script(capsys, *words)
    assert status == 0 and f"no checkpoint in {run} yet: from the beginning\n" in output and "Epoch 1/3" in output


@pytest.mark.parametrize("text", ["null", "[1]", "{}", '{"epoch": [1]}', "{"])
def test_a_run_json_edited_by_hand(text, run, capsys):
    for path in run.glob("checkpoints/*/run.json"):
        path.write_text(text)
    found = content(run)
    status, output, errors = script(capsys, "--resume", "--out", str(run))
    assert status == 2 and errors.count("\n") == 1 and "None of the checkpoints" in errors and "run.json" in errors
    assert content(run) == found


@pytest.mark.parametrize(("edit", "says"), [
    ({"model": None}, "--model cannot be null"), ({"epochs": None}, "--epochs cannot be null"), ({"eager": None}, "--eager cannot be null"),
    ({"epochs": False}, "--epochs cannot be false"), ({"dataset": ["digits"]}, '--dataset cannot be ["digits"]'),
    ({"optimizer": {"a": 1}}, '--optimizer cannot be {"a": 1}'), ({"data_dir": [1]}, "--data-dir cannot be [1]"),
    ({"model": ["mlp"]}, "--model cannot be"), ({"model": "nope"}, "invalid choice: 'nope'"), ({"learning_rate": [0.1]}, "--learning-rate cannot be"),
])  # fmt: skip
def test_an_args_json_edited_by_hand(edit, says, run, capsys):
    path = run / "args.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **edit}))
    found = content(run)
    status, output, errors = script(capsys, "--resume", "--out", str(run))
    assert (status, output, errors.count("\n")) == (2, "", 1) and says in errors
    assert content(run) == found


def replaced(path, make):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    make(path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/full"), lambda path: path.symlink_to(path)],
                         ids=["pipe", "directory", "device", "loop"])  # fmt: skip
@pytest.mark.parametrize("name", ["args.json", "checkpoints", "checkpoints/.lock", "history.csv", "weights.safetensors"])
def test_what_is_no_file_in_the_place_of_one(name, make, run, capsys):
    """Said in one line before the first step, and nothing waits for a pipe; what is only written over may be anything."""
    replaced(run / name, make)
    found = content(run)
    status, output, errors = script(capsys, "--resume", "--out", str(run), "--epochs", "3")
    if status == 0:
        assert (name, os.path.isfile(run / name)) == ("weights.safetensors", True) or os.path.islink(run / name) or name == "checkpoints"
    else:
        assert status == 2 and errors.startswith("train.py: ") and errors.count("\n") == 1 and "Epoch" not in output, errors
        assert content(run) == found


@pytest.mark.parametrize("name", ["run.json", "state.safetensors"])
def test_a_pipe_in_a_checkpoint_is_skipped(name, run, capsys):
    path = run / "checkpoints" / checkpoint.names(run / "checkpoints")[-1] / name
    replaced(path, os.mkfifo)
    with pytest.warns(UserWarning, match="is skipped"):
        assert script(capsys, "--resume", "--out", str(run))[0] == 0


def test_names_of_checkpoints_have_plain_digits(tmp_path):
    os.mkdir(tmp_path / "٠٠٠٠٠٠٠٩-٠٠٠٠٠٠٠٠")
    assert checkpoint.names(tmp_path) == []


def test_logs_of_workers_are_gone_on_with(tmp_path, capfd):
    for word in ("first", "second"):
        assert launch(2, [sys.executable, "-c", f"print({word!r})"], str(tmp_path)) == 0
        assert capfd.readouterr().out == f"{word}\n"
    assert [(tmp_path / f"worker-{index}.log").read_text() for index in range(2)] == ["first\nsecond\n"] * 2


def test_a_model_saved_into_a_directory_that_is_gone(tmp_path):
    model = Sequential([Dense(2, input_shape=(3,))])
    with pytest.raises(FileNotFoundError, match="this was not saved. There is no such file"):
        model.save(tmp_path / "gone/model.safetensors")


RECORD = {"model": "M", "config": {"a": "b"}, "versions": {"numpy": "2"}, "summary": "s", "confusion": [[1, 0], [0, 1]]}


@pytest.mark.parametrize("record", [
    None, [], 3, {}, *({**RECORD, name: None} for name in RECORD), *({**RECORD, name: [1]} for name in RECORD),
    {**RECORD, "confusion": [[1], [0, 1]]}, {**RECORD, "confusion": [["a"]]}, {**RECORD, "confusion": []},
], ids=named)  # fmt: skip
def test_a_report_of_a_run_json_edited_by_hand(record, tmp_path):
    (tmp_path / "history.csv").write_text("epoch,loss\n0,1.5\n")
    (tmp_path / "run.json").write_text(json.dumps(RECORD))
    assert report(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps(record))
    with pytest.raises(FileError, match="run.json.* is not as record_run wrote it: "):
        report(tmp_path)
