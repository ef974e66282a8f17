"""The script as its users run it: what it prints, what it leaves, how it ends."""

import contextlib
import csv
import os
import pathlib
import re
import signal
import subprocess
import sys

import forked
import pytest

import train

SCRIPT = pathlib.Path(train.__file__).resolve()

# Runs the script with Keras hidden, as if it was not installed.
WITHOUT_KERAS = f"""
import importlib.machinery, runpy, sys
Finder = importlib.machinery.PathFinder
class Hide(Finder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in ("keras", "tf_keras") else Finder.find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(Finder)] = Hide
sys.argv[0] = {str(SCRIPT)!r}
sys.path.insert(0, {str(SCRIPT.parent)!r})
try:
    runpy.run_path({str(SCRIPT)!r}, run_name="__main__")
finally:
    assert "keras" not in sys.modules
"""


def environment(cwd):
    kept = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return {**kept, "XDG_CACHE_HOME": str(cwd / "cache")}


@contextlib.contextmanager
def started(*arguments, cwd, code=None):
    """The script as a process whose output is a pipe."""
    command = [sys.executable, *(["-c", code] if code else [str(SCRIPT)]), *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=cwd, env=environment(cwd), text=True, stdout=pipe, stderr=pipe) as run:
        yield run


def forked_off(*arguments, cwd):
    """The same, where it does not matter how Python starts."""
    return forked.Python(SCRIPT, *arguments, cwd=cwd, env=environment(cwd))


def without_times(text):
    return re.sub(r"\d+\.\ds", "?s", text)


def test_default_run_learns_repeats_and_needs_no_keras(tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    target = ("--target-accuracy", "0.97")
    with started(*target, cwd=folders[0]) as one, started(*target, cwd=folders[1], code=WITHOUT_KERAS) as two:
        runs = one, two
        (first, noise), (second, noise_without) = (run.communicate(timeout=240) for run in runs)

    assert [run.returncode for run in runs] == [0, 0], noise + noise_without
    assert (noise, noise_without) == ("", "")
    assert without_times(first) == without_times(second)
    assert float(re.search(r"test accuracy (\S+),", first).group(1)) >= 0.97
    assert "\r" not in first and "\x1b" not in first

    saved = pathlib.Path("runs/digits-cnn/weights.safetensors")
    assert f"saved {saved} and {saved.parent}/history.csv" in first
    assert (folders[0] / saved).read_bytes() == (folders[1] / saved).read_bytes()
    with open(folders[0] / saved.parent / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30 and float(rows[-1]["loss"]) < float(rows[0]["loss"]) / 5


def test_interrupted_and_resumed_ends_as_never_interrupted(tmp_path):
    few, folders = ("--model", "mlp", "--epochs", "3", "--out"), {signal.SIGINT: "int", signal.SIGTERM: "term"}
    with forked_off(*few, "whole", cwd=tmp_path) as whole:
        for number, folder in folders.items():
            with forked_off(*few, folder, cwd=tmp_path) as run:
                for line in run.stdout:
                    if line.startswith("Epoch 1/3"):
                        run.send_signal(number)
                        break
                rest, errors = run.communicate(timeout=60)
            assert run.returncode == 128 + number and errors == ""
            assert rest.splitlines()[-1] == f"stopped; go on with: python train.py --resume --out {folder}"
        assert whole.wait(timeout=60) == 0
    for folder in folders.values():
        with forked_off("--resume", "--out", folder, cwd=tmp_path) as run:
            output, errors = run.communicate(timeout=60)
        assert run.returncode == 0 and errors == "" and "Epoch 1/3" not in output
        for name in ("weights.safetensors", "history.csv"):
            assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / folder / name).read_bytes()


def test_pages_of_the_run_before_are_not_those_of_the_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    few = ["--model", "mlp", "--epochs", "1", "--out", "there"]
    def links():
        found = re.findall('<a href="([^"]*)"', pathlib.Path("there/report.html").read_text(encoding="utf-8"))
        return found, sorted(set(os.listdir("there")) - {"args.json", "checkpoints", "checkpoints.old", "history.csv", "weights.safetensors"})

    assert train.main([*few, "--trace", "--walk", "--report"]) == 0
    assert links() == (["step.html", "walk.html"], ["mistakes.npz", "report.html", "run.json", "step.html", "walk.html"])
    assert train.main([*few, "--epochs", "2", "--resume", "--report"]) == 0
    assert links()[0] == ["step.html", "walk.html"]
    pathlib.Path("there/comparison.html").touch()
    assert train.main([*few, "--walk", "--report"]) == 0
    assert links() == (["walk.html"], ["mistakes.npz", "report.html", "run.json", "walk.html"])
    assert train.main(few) == 0
    assert sorted(os.listdir("there")) == ["args.json", "checkpoints", "checkpoints.old", "history.csv", "weights.safetensors"]


def test_a_new_run_puts_the_old_one_aside_and_resume_goes_on_further(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    few = ["--model", "mlp", "--out", "there", "--seed", "3"]
    assert train.main([*few, "--epochs", "1"]) == 0
    assert train.main([*few, "--epochs", "2"]) == 0
    assert sorted(os.listdir("there")) == ["args.json", "checkpoints", "checkpoints.old", "history.csv", "weights.safetensors"]
    whole = pathlib.Path("there/weights.safetensors").read_bytes()
    assert train.main([*few, "--epochs", "1"]) == 0
    assert train.main(["--resume", "--out", "there", "--epochs", "2"]) == 0
    assert pathlib.Path("there/weights.safetensors").read_bytes() == whole
    assert "seed 3" in capsys.readouterr().out.split("saved")[-2]


def train_out(model):
    return os.path.join("runs", f"digits-{model}")


def test_reader_that_leaves_early_is_harmless(tmp_path):
    with started("--epochs", "100000", "--model", "mlp", cwd=tmp_path) as run:
        run.stdout.readline()
        run.stdout.close()  # as `head -1` does
        assert run.stderr.read() == ""
    assert run.returncode == 141


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--model mpl", "invalid choice: 'mpl' (choose from"),
        ("--optimizer adamm", "Unknown optimizer 'adamm'. Did you mean 'adam'"),
        ("--epochs 0", "--epochs must be a positive number, received 0"),
        ("--learning-rate nan", "--learning-rate must be a positive number"),
        ("--batch-size -1", "--batch-size must be a positive number"),
        ("--seed -1", "--seed must be from 0"),
        ("--dataset mnisst", "Unknown dataset 'mnisst'. Did you mean 'mnist'"),
        ("--dataset iris", "'iris' is no set of images with one class label each"),
        ("--dataset tf_flowers", "differ in size"),
        ("--dataset mnist --data-dir EMPTY", "The dataset 'mnist' is not in EMPTY and cannot be put there"),
        ("--data-dir FILE", "The dataset 'digits' is not in FILE and cannot be put there"),
        ("--resume --out EMPTY", "there is no run to go on with in EMPTY"),
        ("--out FILE", "Choose a directory you can write to with --out"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("engine.datasets.loading._why_offline", lambda builder: "this computer is offline")
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "FILE").touch()
    try:
        status = train.main(arguments.split())
    except SystemExit as end:
        status = end.code
    output = capsys.readouterr()
    assert status == 2
    assert output.out == ""
    assert output.err.startswith("train.py: ") and says in output.err and output.err.count("\n") == 1


def test_status_of_a_wrong_argument(tmp_path):
    with forked_off("--model", "mpl", cwd=tmp_path) as run:
        _, errors = run.communicate(timeout=60)
    assert run.returncode == 2 and errors.count("\n") == 1


@pytest.mark.parametrize("command", [[str(SCRIPT)], ["-m", "train"]], ids=["script", "module"])
@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        ("--help", 0, "--model {mlp,cnn,resnet,quadratic}"),
        ("--model nope", 2, "train.py: argument --model: invalid choice: 'nope'"),
        ("--nope", 2, "train.py: unrecognized arguments: --nope"),
        ("--epochs -1", 2, "train.py: --epochs must be a positive number, received -1"),
        ("--batch-size 0", 2, "train.py: --batch-size must be a positive number, received 0"),
        ("--seed -1", 2, "train.py: --seed must be from 0"),
        ("--target-accuracy 97", 2, "train.py: --target-accuracy is a share of the images, at most 1, received 97"),
        ("--strategy mirrored --eager", 2, "train.py: --eager, --trace and --check-gradients look at one device"),
        ("--model mlp", 1, "TensorFlow was imported"),  # the check can fail
    ],
)
def test_help_and_mistakes_need_no_tensorflow(command, arguments, status, says, tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise ImportError('TensorFlow was imported')")
    path = os.pathsep.join([str(tmp_path), str(SCRIPT.parent)])
    run = subprocess.run([sys.executable, *command, *arguments.split()], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path},
                         capture_output=True, text=True, timeout=60)  # fmt: skip
    assert run.returncode == status
    assert says in run.stdout + run.stderr


def test_missed_target_is_status_1(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert train.main(["--model", "mlp", "--epochs", "1", "--target-accuracy", "1", "--out", "there"]) == 1
    assert "missed the target accuracy 1.0" in capsys.readouterr().err
    assert sorted(os.listdir("there")) == ["args.json", "checkpoints", "history.csv", "weights.safetensors"]


@pytest.mark.parametrize("model", train.MODELS)
def test_every_model_has_right_gradients_and_trains_eagerly_too(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (x, y), _, info = train.load("digits")
    few = x[:96], y[:96]
    monkeypatch.setattr(train, "load", lambda *_: (few, few, info))
    assert train.main(["--model", model, "--epochs", "1", "--check-gradients"]) == 0
    compiled = capsys.readouterr().out
    assert "differences in float64" in compiled and "WRONG" not in compiled
    assert train.main(["--model", model, "--epochs", "1", "--eager", "--optimizer", "sgd"]) == 0
    assert "SGD" in capsys.readouterr().out


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as end:
        train.main(["--help"])
    text = capsys.readouterr().out
    assert end.value.code == 0
    options = "dataset data-dir model epochs batch-size seed learning-rate optimizer out resume eager check-gradients"
    for option in [*options.split(), "target-accuracy"]:
        assert f"  --{option} " in text
    assert "--model {mlp,cnn,resnet,quadratic}" in text
    assert "default: digits" in " ".join(text.split())
