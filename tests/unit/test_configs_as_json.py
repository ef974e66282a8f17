"""Configs that hold more than JSON has words for: saved, written as JSON, and made again with the same values."""

import collections
import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, optimizers
from engine.configs.json_data import from_json, to_json
from engine.saving import load_model, model_from_json
from layers import Dense

Point = collections.namedtuple("Point", "x y")
VALUES = {
    "array": np.array([0.1, 0.2], "float32"),
    "integers": np.array([[1, 2], [3, 4]], "int64"),
    "flags": np.array([True, False]),
    "bfloat16": np.array([1.5, 2.0], tf.bfloat16.as_numpy_dtype),
    "empty": np.zeros((0,), "float32"),
    "zero-dimensional": np.array(2.5, "float64"),
    "text array": np.array(["a", "bc"]),
    "complex array": np.array([1 + 2j]),
    "not a number": np.array([np.nan, np.inf]),
    "tensor": tf.constant([[1, 2]], tf.int32),
    "shape": tf.TensorShape([None, 3]),
    "unknown shape": tf.TensorShape(None),
    "dtype": np.dtype("int16"),
    "tensorflow's dtype": tf.bfloat16,
    "set": {1, 2, 30},
    "frozen set": frozenset({"a", "b"}),
    "set of tuples": {(1, 2), (3, (4, 5))},
    "path": pathlib.Path("/data/words.txt"),
    "bytes": b"\x00\xffabc",
    "complex": 1.5 - 2j,
    "integer keys": {1: "one", 2: {3: [4.0]}},
    "keys of all kinds": {(0, 1): 1, None: 2, True: 3, 2.5: 4, "text": 5},
    "inside": {"a": [np.arange(3), {"b": (pathlib.Path("x"), {7})}]},
    "a key's name": {"class_name": "Dense", "config": {"units": np.int64(3)}},
}


def assert_same(received, expected):
    if isinstance(expected, (np.ndarray, tf.Tensor)):
        assert type(received) is type(expected) and received.dtype == expected.dtype and received.shape == expected.shape
        np.testing.assert_array_equal(received, expected)
    elif isinstance(expected, dict):
        assert list(map(type, received)) == list(map(type, expected)) and list(received) == list(expected)
        for key, value in expected.items():
            assert_same(received[key], value)
    elif isinstance(expected, (list, tuple)):
        for mine, value in zip(received, expected, strict=True):
            assert_same(mine, value)
    elif isinstance(expected, tf.TensorShape):
        assert isinstance(received, tf.TensorShape) and str(received) == str(expected)
    else:
        assert received == expected
        assert type(received) is type(expected) or isinstance(expected, np.generic)


@pytest.mark.parametrize("name", VALUES)
def test_values_come_back(name):
    assert_same(from_json(json.loads(json.dumps(to_json(VALUES[name])))), VALUES[name])


def test_the_text_does_not_depend_on_the_order_of_a_set():
    assert to_json({"a", "b", "c"}) == to_json({"c", "a", "b"})


class Says(Layer):
    """Has a get_config() that returns what it was given."""

    def __init__(self, value, **kwargs):
        super().__init__(**kwargs)
        self.value = value

    def call(self, x):
        return x * 2.0

    def get_config(self):
        return {**super().get_config(), "value": self.value}


class Found(Layer):
    """Has its arguments found by themselves."""

    def __init__(self, value, **kwargs):
        super().__init__(**kwargs)
        self.value = value

    def call(self, x):
        return x * 2.0


class OwnModel(Model):
    def __init__(self, value, name=None):
        super().__init__(name=name)
        self.value, self.dense = value, Dense(1)

    def call(self, x):
        return self.dense(x)

    def get_config(self):
        return {"value": self.value, "name": self.name}


CUSTOM = {"Says": Says, "Found": Found, "OwnModel": OwnModel}


def in_a_list(value):
    return Sequential([Says(value, input_shape=(2,)), Dense(1)])


def in_a_graph(value):
    x = Input((2,))
    return Model(x, Dense(1)(Says(value)(x + np.array([1.0, 2.0], "float32"))))


def said_by(model):
    if isinstance(model, OwnModel):
        return model.value
    return next(layer.value for layer in model.layers if isinstance(layer, (Says, Found)))


@pytest.mark.parametrize("make", [in_a_list, in_a_graph, OwnModel])
@pytest.mark.parametrize("name", VALUES)
def test_own_configs_go_through_files_text_and_memory(name, make, tmp_path):
    model, x = make(VALUES[name]), np.ones((3, 2), "float32")
    expected = model.predict(x)
    model.save(tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors", custom_objects=CUSTOM)
    assert_same(said_by(loaded), VALUES[name])
    np.testing.assert_array_equal(loaded.predict(x), expected)
    for again in (model_from_json(model.to_json(), CUSTOM), type(model).from_config(model.get_config(), CUSTOM)):
        assert_same(said_by(again), VALUES[name])


@pytest.mark.parametrize("name", sorted(set(VALUES) - {"array", "integers", "flags", "bfloat16", "empty", "zero-dimensional", "text array",
                                              "complex array", "not a number", "tensor", "tensorflow's dtype", "inside", "a key's name"}))
def test_arguments_that_are_found_by_themselves_come_back_too(name, tmp_path):
    model = Sequential([Found(VALUES[name], input_shape=(2,)), Dense(1)])
    model.save(tmp_path / "model.safetensors")
    assert_same(said_by(load_model(tmp_path / "model.safetensors", custom_objects=CUSTOM)), VALUES[name])
    assert_same(Found.from_config(Found(VALUES[name]).get_config()).value, VALUES[name])


def test_arrays_that_are_found_by_themselves_are_lists_and_named_tuples_keep_their_names():
    assert Found(np.arange(3)).get_config()["value"] == [0, 1, 2]
    assert Found(Point(np.float32(1.0), 2)).get_config()["value"] == Point(1.0, 2)
    assert Found({3: np.arange(2)}).get_config()["value"] == {3: [0, 1]}


def test_numpy_scalars_and_objects_of_this_project_are_plain_data():
    data = json.loads(json.dumps(to_json([np.float32(1.5), np.int64(2), np.bool_(True), optimizers.SGD(0.5), np.ones])))
    assert data[:3] == [1.5, 2, True] and data[3]["class_name"] == "SGD" and data[4] == "ones"


class Weighted(optimizers.SGD):
    def __init__(self, table, **kwargs):
        super().__init__(**kwargs)
        self.table = table

    def get_config(self):
        return {**super().get_config(), "table": self.table}


def test_what_a_model_was_compiled_with_comes_back(tmp_path):
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile(Weighted({1: np.arange(3)}), "mse")
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors", custom_objects={"Weighted": Weighted})
    assert_same(again.optimizer.table, {1: np.arange(3)})


def test_what_nobody_can_write_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be written as JSON.*object"):
        in_a_list(object()).save(tmp_path / "model.safetensors")


@pytest.mark.parametrize("text", [
    '{"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}}',
    '{"class_name": "__numpy__", "config": {"value": [1], "dtype": "V100000000"}}',
    '{"class_name": "__path__", "config": {"code": 1}}',
])  # fmt: skip
def test_values_that_lie_are_refused(text):
    with pytest.raises((TypeError, ValueError)):
        from_json(json.loads(text))
