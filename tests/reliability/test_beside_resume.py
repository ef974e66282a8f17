"""Each option of train.py beside --resume does what the table in docs/reliability.md says, which names them all."""

import json
import pathlib
import re
import shutil
import signal

import forked
import pytest
from scripted import script

import train
from engine.callbacks import CSVLogger
from engine.command_line import FIXED, make_parser
from engine.saving import checkpoint

SCRIPT = pathlib.Path(train.__file__).resolve()
PAGE = pathlib.Path(__file__).parents[2] / "docs/reliability.md"
ROWS = {option.replace("-", "_"): (may, why) for option, may, why in re.findall(
    r"^\| `--(\S+)` \| (\w+) \| (.*?) ?\|$",
    re.search(r"<!-- beside --resume -->(.*)<!-- end of beside", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1], re.MULTILINE)}  # fmt: skip

# Another value of each than that of the run, which has the first ones that TRAINED names, or the options' own.
TRAINED = {"model": "mlp", "epochs": 1, "learning_rate": 0.01}
OTHER = {"epochs": 2, "learning_rate": 0.5, "target_accuracy": 0.01, "eager": True, "check_gradients": True, "trace": True, "walk": True,
         "strategy": "mirrored", "devices": 2, "workers": 2, "dataset": "mnist", "stream": True, "model": "cnn", "batch_size": 64,
         "optimizer": "sgd", "seed": 9, "report": True}  # fmt: skip
NEEDS = {"devices": ["--strategy", "mirrored"]}
APART = ("strategy", "devices", "workers")  # they need a process in which TensorFlow has not begun


def words(name, value):
    option = f"--{name.replace('_', '-')}"
    return [option] if value is True else [option, str(value)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    directory = tmp_path_factory.mktemp("trained")
    given = [word for name, value in TRAINED.items() for word in words(name, value)]
    assert train.main([*given, "--out", str(directory)]) == 0
    return directory


@pytest.fixture
def run(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


def end_of(run):
    """(arrays, info) of the newest checkpoint."""
    return checkpoint.newest(run / "checkpoints")[1:]


def remembered(run):
    return json.loads((run / "args.json").read_text())


def test_the_table_names_every_option():
    options = {action.dest for action in make_parser(train.MODELS)._actions} - {"help", "resume"}
    assert set(ROWS) == options
    assert {name: why for name, (may, why) in ROWS.items() if may == "no"} == FIXED


@pytest.mark.parametrize("name", [name for name, (may, _) in ROWS.items() if may == "no"])
def test_what_may_not_change(name, run, capsys):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    status, output, errors = script(capsys, "--resume", "--out", str(run), *words(name, OTHER[name]))
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert f"--{name.replace('_', '-')} cannot change in a run that goes on" in errors and ROWS[name][1] in errors
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", [name for name, (may, _) in ROWS.items() if may == "yes" and name not in APART])
def test_what_may_change(name, run, capsys, tmp_path):
    value = {"out": str(run), "data_dir": str(tmp_path)}.get(name, OTHER.get(name))
    status, output, errors = script(capsys, "--epochs", "2", *words(name, value), "--resume", "--out", str(run))
    assert (status, errors) == (0, "")
    assert "goes on after 1 of 2 epochs\n" in output and "Epoch 2/2" in output and "Epoch 1/2" not in output
    arrays, info = end_of(run)
    assert info["epoch"] == 2 and remembered(run)[name] == value
    assert arrays["optimizer/learning_rate"] == pytest.approx(0.5 if name == "learning_rate" else 0.01)
    pages = {"step.html": "trace", "walk.html": "walk"}
    assert all((run / page).exists() == (name == option) for page, option in pages.items())
    assert ("differences in float64" in output) == (name == "check_gradients")
    assert len((run / "history.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize("name", APART)
def test_where_it_runs_may_change(name, run, tmp_path):
    given = "--resume", "--out", str(run), "--epochs", "2", *words(name, OTHER[name]), *NEEDS.get(name, ())
    with forked.Python(SCRIPT, *given, cwd=tmp_path) as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "goes on after 1 of 2 epochs\n" in output and end_of(run)[1]["epoch"] == 2 and name not in remembered(run)


@pytest.mark.parametrize("name", TRAINED)
def test_what_the_run_has_may_be_said_again(name, run, capsys):
    assert script(capsys, "--resume", "--out", str(run), *words(name, TRAINED[name]))[0] == 0


def test_the_rate_wins_in_the_middle_of_an_epoch_and_is_remembered(tmp_path, monkeypatch, capsys):
    class Interrupts(CSVLogger):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 20:
                signal.raise_signal(signal.SIGTERM)

    Interrupts.__name__ = "CSVLogger"
    resume = ["--resume", "--out", str(tmp_path)]
    with monkeypatch.context() as patch:
        patch.setattr(train, "CSVLogger", Interrupts)
        status, output, _ = script(capsys, "--model", "mlp", "--epochs", "2", "--learning-rate", "0.01", "--out", str(tmp_path))
        assert status == 128 + signal.SIGTERM and end_of(tmp_path)[1]["step"] == 21
        status, output, _ = script(capsys, *resume, "--learning-rate", "0.25")
        assert status == 128 + signal.SIGTERM and "goes on after 0 of 2 epochs and 21 steps\n" in output
    assert end_of(tmp_path)[0]["optimizer/learning_rate"] == 0.25
    assert script(capsys, *resume)[0] == 0
    arrays, info = end_of(tmp_path)
    assert info["epoch"] == 2 and arrays["optimizer/learning_rate"] == 0.25
