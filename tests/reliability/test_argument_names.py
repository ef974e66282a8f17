"""What has to do with files takes Keras's names of the arguments."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine import Model, Sequential, saving
from engine.saving import FileError, load_model
from layers import Dense

X = np.ones((4, 3), "f4")


@pytest.fixture
def model():
    return Sequential([Dense(2, input_shape=(3,))])


@pytest.mark.parametrize(("ours", "theirs"), [
    *((getattr(Model, verb), getattr(keras.Model, verb)) for verb in ("save", "save_weights", "load_weights", "export")),
    (saving.load_model, keras.saving.load_model), (saving.save_weights, keras.saving.save_weights),
    (saving.load_weights, keras.saving.load_weights),
], ids=lambda function: function.__qualname__)  # fmt: skip
def test_the_first_arguments_have_keras_names(ours, theirs):
    names = [list(inspect.signature(function).parameters) for function in (ours, theirs)]
    place = names[1].index("filepath")
    assert names[0][: place + 1] == names[1][: place + 1]


def test_by_name(model, tmp_path):
    weights, whole, served = (tmp_path / name for name in ("w.safetensors", "m.safetensors", "served"))
    model.save_weights(filepath=weights)
    assert not model.load_weights(filepath=weights)
    model.save(filepath=whole)
    expected = model.predict(X)
    for safe_mode in (True, False):
        assert np.array_equal(load_model(filepath=whole, custom_objects=None, compile=True, safe_mode=safe_mode).predict(X), expected)
    model.export(filepath=served, format="tf_saved_model")
    model.export(tmp_path / "again", "tf_saved_model")
    for directory in (served, tmp_path / "again"):
        assert np.allclose(tf.saved_model.load(str(directory)).serve(X), expected)


@pytest.mark.parametrize("format", ["onnx", "openvino", "h5", None, tf.TensorSpec((None, 3))])
def test_other_formats_are_refused(format, model, tmp_path):
    with pytest.raises(ValueError, match='export: format is "tf_saved_model", received .*convert'):
        model.export(tmp_path / "served", format=format)
    assert not (tmp_path / "served").exists()


def test_safe_mode_is_true_or_false(model, tmp_path):
    model.save(tmp_path / "m")
    with pytest.raises(ValueError, match="load_model: safe_mode is True or False; received 'no'"):
        load_model(tmp_path / "m", safe_mode="no")


def test_code_in_a_file_is_not_run_without_safe_mode_either(tmp_path):
    other = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x + 1, output_shape=(3,))])
    other.save(tmp_path / "m.keras")
    for safe_mode in (True, False):
        with pytest.raises(FileError, match="code from a config is never run|lambda"):
            load_model(tmp_path / "m.keras", safe_mode=safe_mode)
