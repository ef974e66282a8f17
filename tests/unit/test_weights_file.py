"""Weights as a file: all of them or none, and nothing in between."""

import os

import numpy as np
import pytest
import tensorflow as tf
from safetensors.numpy import save_file

from engine import Input, Layer, Model, Sequential
from engine.saving import container, weights
from engine.saving.weights import load_weights, save_weights
from layers import BatchNormalization, Dense


class Mixed(Layer):
    """Weights of many kinds, in nests."""

    def __init__(self):
        super().__init__()
        self.half = tf.Variable([1.5, -2.25], dtype=tf.float16)
        self.brain = {"inner": tf.Variable([[1.0, 3.0, -0.125]], dtype=tf.bfloat16)}
        self.count = tf.Variable(7, dtype=tf.int64, trainable=False)
        self.flags = [tf.Variable([True, False, True], trainable=False)]
        self.empty = tf.Variable(np.zeros((0, 4)))
        self.built = True

    def call(self, inputs):
        return inputs


def network(units=5):
    return Sequential([Input((3,)), Dense(units, activation="relu"), BatchNormalization(), Dense(2)])


def same(first, second):
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("make", [network, Mixed])
def test_round_trip_is_exact(make, tmp_path):
    model, other, path = make(), make(), tmp_path / "w.safetensors"
    for variable in other.weights:
        variable.assign(tf.zeros_like(variable))
    assert not same(model.get_weights(), other.get_weights())
    save_weights(model, path)
    assert load_weights(other, path) == []
    assert same(model.get_weights(), other.get_weights())
    assert os.listdir(tmp_path) == ["w.safetensors"]


def test_names_in_the_file_are_paths(tmp_path):
    save_weights(Mixed(), tmp_path / "w")
    arrays = container.read(tmp_path / "w").arrays
    assert {name: weights._kind(array) for name, array in arrays.items()} == {
        "half": "float16 (2,)", "brain.inner": "bfloat16 (1, 3)", "count": "int64 ()", "flags.0": "bool (3,)",
        "empty": "float64 (0, 4)",
    }  # fmt: skip


def test_a_table_says_what_does_not_fit_and_nothing_is_assigned(tmp_path):
    model, path = network(), tmp_path / "w.safetensors"
    names = [weight.path for weight in model.named_weights()]
    arrays = dict(zip(names, model.get_weights()))
    arrays["stranger"] = np.zeros(3, "float32")
    arrays[names[1]] = arrays[names[1]].astype("float64")
    del arrays[names[-1]]
    save_file(arrays, path)
    before = model.get_weights()
    with pytest.raises(ValueError, match="do not fit") as found:
        load_weights(model, path)
    table = str(found.value).splitlines()[2:]
    assert [line.split() for line in table] == [
        [names[1], "float32", "(5,)", "float64", "(5,)", "mismatched"],
        [names[-1], "float32", "(2,)", "missing", "in", "the", "file"],
        ["stranger", "float32", "(3,)", "unexpected"],
    ]
    assert same(before, model.get_weights())
    arrays[names[0]] = np.full((3, 5), 4.0, "float32")
    save_file(arrays, path)
    left = load_weights(model, path, strict=False)  # what fits is loaded, and the same table says what did not
    assert str(left).splitlines()[1:] == str(found.value).splitlines()[2:]
    assert [row[0] for row in left] == [names[1], names[-1], "stranger"]
    assert (model.weights[0].numpy() == 4.0).all() and same(before[-1:] + before[1:2], [model.weights[i].numpy() for i in (-1, 1)])


def test_not_strict_takes_what_is_on_both_sides(tmp_path):
    model, path = network(), tmp_path / "w.safetensors"
    names = [weight.path for weight in model.named_weights()]
    save_file({names[0]: np.full((3, 5), 4.0, "float32"), "stranger": np.zeros(3)}, path)
    with pytest.raises(ValueError, match="strict=False loads those that do"):
        load_weights(model, path)
    assert [row[0] for row in load_weights(model, path, strict=False)] == [*names[1:], "stranger"]
    assert (model.weights[0].numpy() == 4.0).all()


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    save_weights(network(), path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_weights(network(), path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["w.safetensors"]


def test_saving_through_a_link_keeps_the_link(tmp_path):
    (tmp_path / "real").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    save_weights(network(), tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").stat().st_size > 0


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-3], lambda data: b"\x89HDFx" + data])
def test_damaged_files(damage, tmp_path):
    model, path = network(), tmp_path / "w.safetensors"
    save_weights(model, path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="is damaged or no safetensors file"):
        load_weights(model, path)


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file '.*nothing'"):
        load_weights(network(), tmp_path / "nothing")


def test_format_of_the_future(tmp_path):
    kind = {"glassbox_format": "2", "glassbox_kind": "weights", "glassbox_sha256": "0" * 64}
    save_file({}, tmp_path / "w", metadata=kind)
    with pytest.raises(ValueError, match="in format 2; this release reads 1"):
        load_weights(network(), tmp_path / "w")


@pytest.mark.parametrize("action", [save_weights, load_weights])
def test_not_built(action, tmp_path):
    with pytest.raises(ValueError, match=rf"not built, so it has no weights yet.*before {action.__name__}\(\)"):
        action(Sequential([Dense(3)]), tmp_path / "w")


def test_two_weights_at_one_path(tmp_path):
    layer = Layer()
    layer.scale, layer._scale, layer.built = tf.Variable(1.0), tf.Variable(2.0), True
    with pytest.raises(ValueError, match="two weights at the path 'scale'"):
        save_weights(layer, tmp_path / "w")


def test_functional_model_and_shared_layer(tmp_path):
    def make():
        shared, inputs = Dense(3), Input((3,))
        return Model(inputs, shared(shared(inputs)))

    first, second = make(), make()
    save_weights(first, tmp_path / "w")
    load_weights(second, tmp_path / "w")
    assert same(first.get_weights(), second.get_weights()) and len(second.weights) == 2
