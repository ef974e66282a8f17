"""What `train.py` is asked for and cannot do: one line that says so, status 2, and nothing else."""

import json

import pytest

import train

WORKERS = ["127.0.0.1:1", "127.0.0.1:2"]


def refused(capsys, *words):
    with pytest.raises(SystemExit) as stopped:
        train.main(list(words))
    printed = capsys.readouterr()
    assert stopped.value.code == 2 and printed.out == "" and printed.err.count("\n") == 1, printed
    assert printed.err.startswith("train.py: ")
    return printed.err


def config(cluster=None, task=None):
    return json.dumps({"cluster": {"worker": WORKERS} if cluster is None else cluster,
                       "task": {"type": "worker", "index": 0} if task is None else task})  # fmt: skip


@pytest.mark.parametrize("text", [
    "{", "worker", "[]", "3", '"x"', "null x", config(task={"type": "worker", "index": 2}),
    config(task={"type": "worker", "index": -1}), config(task={"type": "worker", "index": "0"}),
    config(task={"type": "chief", "index": 0}), config(task={}), config(task=[]), config(cluster=[]), config(cluster={}),
    config(cluster={"worker": "127.0.0.1:1"}), config(cluster={"worker": [1, 2]}), config(cluster={"worker": ["here"]}),
    config(task={"type": "worker", "index": True}),
])  # fmt: skip
def test_a_wrong_tf_config_is_refused(text, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("TF_CONFIG", text)
    told = refused(capsys, "--strategy", "multiworker", "--out", str(tmp_path))
    assert "TF_CONFIG does not say who is who" in told and '"cluster"' in told


@pytest.mark.parametrize(("words", "message"), [
    (["--out", "a\0b"], "--out is no name of a file"), (["--data-dir", "\0"], "--data-dir is no name"),
    (["--dataset", "a\0"], "--dataset is no name"), (["--devices", "2"], "add --strategy mirrored"),
    (["--devices", "2", "--strategy", "none"], "--devices is for a strategy"), (["--devices", "0", "--strategy", "mirrored"], "positive"),
])  # fmt: skip
def test_options_that_cannot_be(words, message, capsys):
    assert message in refused(capsys, *words)


GOOD = {"dataset": "digits", "model": "mlp", "epochs": 3, "batch_size": 32, "seed": 0, "eager": False, "learning_rate": None}


@pytest.mark.parametrize(("edit", "message"), [
    ({"epochs": "many"}, "invalid int value: 'many'"), ({"epochs": 2.5}, "invalid int value: '2.5'"),
    ({"epochs": [3]}, "invalid int"), ({"epochs": True}, "expected one argument"), ({"epochs": {}}, "invalid int"),
    ({"epochs": -3}, "--epochs must be a positive number"), ({"model": "vgg"}, "invalid choice: 'vgg'"), ({"model": 3}, "invalid choice"),
    ({"eager": "yes"}, "ignored explicit argument 'yes'"), ({"eager": 1}, "ignored explicit argument"),
    ({"learning_rate": "fast"}, "invalid float value"), ({"learning_rate": float("nan")}, "--learning-rate must be"),
    ({"seed": "x"}, "invalid int"), ({"epoch": 3}, "there is no argument 'epoch'"), ({"help": True}, "no argument 'help'"),
    ({"dataset": "x\0"}, "--dataset is no name"), ({"optimizer": "adamm"}, "Did you mean 'adam'"), ({"optimizer": 7}, "Unknown optimizer '7'"),
])  # fmt: skip
def test_an_args_json_edited_by_hand(edit, message, capsys, tmp_path):
    (tmp_path / "args.json").write_text(json.dumps({**GOOD, **edit}))
    told = refused(capsys, "--resume", "--out", str(tmp_path))
    assert message in told


@pytest.mark.parametrize("text", ("", "{", "[]", "3", "\xff\xfe"))
def test_an_args_json_that_is_none(text, capsys, tmp_path):
    (tmp_path / "args.json").write_text(text, encoding="latin-1")
    assert "args.json" in refused(capsys, "--resume", "--out", str(tmp_path))
