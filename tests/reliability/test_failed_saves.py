"""A save that fails, or is interrupted, leaves what was there before: for every kind of file that a model can be saved to."""

import contextlib
import errno
import os
import resource
import signal

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Sequential
from engine.saving import FileError, load_model
from layers import Dense

X = np.ones((1, 30), "float32")


def model_of(value):
    model = Sequential([Input((30,)), Dense(40), Dense(2)])
    for weight in model.weights:
        weight.assign(tf.fill(weight.shape, value))
    return model


def weights_in(path):
    model = model_of(9.0)
    model.load_weights(path)
    return model.get_weights()[0][0, 0]


def served_by(path):
    served = tf.saved_model.load(str(path))
    return float(served.serve(X)[0, 0])


KINDS = {  # how a model is written, and how a value of its first weight is read
    "model": ("m.safetensors", lambda model, path: model.save(path), lambda path: load_model(path).get_weights()[0][0, 0]),
    "weights": ("w.safetensors", lambda model, path: model.save_weights(path), weights_in),
    "checkpoint": ("cp.ckpt", lambda model, path: model.save_weights(path), weights_in),
    "export": ("served", lambda model, path: model.export(path), lambda path: served_by(path)),
}  # fmt: skip


@contextlib.contextmanager
def small_files(limit):
    """As on a disk that is full: no file may be longer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def files(directory):
    return sorted(os.path.relpath(os.path.join(place, name), directory) for place, _, names in os.walk(directory) for name in names)


@pytest.mark.parametrize("limit", [0, 500, 3000])
@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk(kind, limit, tmp_path):
    name, write, read = KINDS[kind]
    write(model_of(1.0), tmp_path / name)
    first, before = read(tmp_path / name), files(tmp_path)
    with small_files(limit), pytest.raises(OSError, match="so this was not saved. What was there before is untouched"):
        write(model_of(2.0), tmp_path / name)
    assert read(tmp_path / name) == first and files(tmp_path) == before
    with small_files(limit), pytest.raises(OSError, match="so this was not saved. There is no such file"):
        write(model_of(2.0), tmp_path / f"new-{name}")
    assert files(tmp_path) == before


@pytest.mark.parametrize("kind", KINDS)
def test_places_that_cannot_be(kind, tmp_path):
    name, write, read = KINDS[kind]
    (tmp_path / "file").write_text("a file")
    with pytest.raises(OSError):
        write(model_of(1.0), tmp_path / "file" / name)
    if kind == "model":
        with pytest.raises(FileNotFoundError, match="this was not saved"):
            write(model_of(1.0), tmp_path / "nowhere" / name)
    else:
        write(model_of(1.0), tmp_path / "nowhere" / name)
        read(tmp_path / "nowhere" / name)
    assert (tmp_path / "file").read_text() == "a file"


@pytest.mark.parametrize("error", [KeyboardInterrupt, "SIGINT", PermissionError])
@pytest.mark.parametrize("kind", KINDS)
def test_interrupted_at_each_call_that_changes_the_disk(kind, error, tmp_path, monkeypatch):
    """Ctrl-C as Python raises it between two calls of its own, and as the signal comes in the midst of one."""
    name, write, read = KINDS[kind]
    write(model_of(1.0), tmp_path / name)
    old = read(tmp_path / name)
    second, other = model_of(2.0), tmp_path / f"other-{name}"
    write(second, other)
    new = read(other)
    calls = ("fsync", "mkdir") if error != "SIGINT" else ("fsync", "mkdir", "replace")  # a rename is done, or is not
    for number in range(100):
        counter = iter(range(1000))

        def failing(call, number=number, counter=counter):
            def run(*args, **kwargs):
                if next(counter) == number:
                    if error != "SIGINT":
                        raise error(*[errno.EACCES, "denied"][: 2 * (error is PermissionError)])
                    signal.raise_signal(signal.SIGINT)
                return call(*args, **kwargs)
            return run

        with monkeypatch.context() as patch:
            for call in calls:
                patch.setattr(os, call, failing(getattr(os, call)))
            try:
                write(second, tmp_path / name)
            except (KeyboardInterrupt, PermissionError):
                pass
            else:
                if next(counter) <= number:
                    break
        assert read(tmp_path / name) in (old, new)
        assert not [file for file in files(tmp_path) if file.endswith(".part") or ".part/" in file]
    assert 2 <= number < 99 and read(tmp_path / name) == new


WRONG = {
    "more units": lambda: Sequential([Input((30,)), Dense(41), Dense(2)]), "other inputs": lambda: Sequential([Input((31,)), Dense(40), Dense(2)]),
    "fewer layers": lambda: Sequential([Input((30,)), Dense(40)]), "more layers": lambda: Sequential([Input((30,)), Dense(40), Dense(2), Dense(2)]),
    "no bias": lambda: Sequential([Input((30,)), Dense(40, use_bias=False), Dense(2)]),
    "another dtype": lambda: Sequential([Input((30,)), Dense(40), Dense(2, dtype="float64")]),
    "the last wrong": lambda: Sequential([Input((30,)), Dense(40), Dense(3)]),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["model", "weights", "checkpoint"])
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_weights_that_do_not_fit_change_nothing(wrong, kind, tmp_path):
    name, write, _ = KINDS[kind]
    write(model_of(1.0), tmp_path / name)
    model = wrong()
    before = model.get_weights()
    with pytest.raises(FileError, match="do not fit, and none was loaded"):
        model.load_weights(tmp_path / name)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    misfits = model.load_weights(tmp_path / name, strict=False)
    same = {path for path, variable, _ in model.named_weights() if np.all(variable.numpy() == 1.0)}
    assert misfits and not same & {row[0] for row in misfits}
