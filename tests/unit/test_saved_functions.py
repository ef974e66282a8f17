"""Functions of TensorFlow in the graph of a functional model: the model is saved and read again with them."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Model, Sequential
from engine.configs.tensorflow_functions import TensorFlowFunction
from engine.core import symbolic
from engine.saving import FileError, load_model, model_from_json
from engine.small_parts.account import Account, opened
from layers import Dense

X = np.random.default_rng(0).normal(size=(3, 4, 6)).astype("float32")
KERNEL = np.arange(36, dtype="float32").reshape(2, 6, 3)

FUNCTIONS = {
    "shape": lambda x: tf.reshape(x, [tf.shape(x)[0], -1]),
    "shape of another dtype": lambda x: tf.cast(tf.shape(x, out_type=tf.int64), tf.float32),
    "unstack": lambda x: tf.unstack(x, axis=1)[2],
    "split": lambda x: tf.concat(tf.split(x, 2, axis=-1)[::-1], -1),
    "split in uneven parts": lambda x: tf.split(x, [1, 2, 3], axis=-1)[2],
    "matmul": lambda x: tf.matmul(x, x, transpose_b=True),
    "tensordot": lambda x: tf.tensordot(x, KERNEL[0], [[2], [0]]),
    "einsum": lambda x: tf.einsum("bij,bkj->bik", x, x),
    "one_hot": lambda x: tf.one_hot(tf.argmax(x, -1, output_type=tf.int32), 6, dtype=tf.float64),
    "gather": lambda x: tf.gather(x, [0, 2], axis=1),
    "gather in each row": lambda x: tf.gather(x, tf.argmax(x, 1), axis=1, batch_dims=1),
    "top_k": lambda x: tf.math.top_k(x, 2).indices,
    "norm": lambda x: tf.norm(x, axis=-1, keepdims=True),
    "l2_normalize": lambda x: tf.nn.l2_normalize(x, -1),
    "tile": lambda x: tf.tile(x, [1, 2, 1]),
    "pad": lambda x: tf.pad(x, [[0, 0], [1, 1], [0, 2]], "REFLECT"),
    "roll": lambda x: tf.roll(x, 1, axis=1),
    "cumsum": lambda x: tf.cumsum(x, axis=1, reverse=True),
    "resize": lambda x: tf.image.resize(x[..., tf.newaxis], (8, 8), method="nearest"),
    "sequence_mask": lambda x: tf.sequence_mask(tf.cast(tf.abs(x[:, 0, 0]) * 3, tf.int32), 4),
    "like": lambda x: x + tf.ones_like(x),
    "stop_gradient": lambda x: tf.stop_gradient(x) * x,
    "gelu": lambda x: tf.nn.gelu(x, approximate=True),
    "std": lambda x: tf.math.reduce_std(x, 1),
    "logsumexp": lambda x: tf.reduce_logsumexp(x, -1),
    "sort": lambda x: tf.sort(x, -1, "DESCENDING"),
    "boolean_mask": lambda x: tf.boolean_mask(x, [True, False, True, False], axis=1),
    "conv1d": lambda x: tf.nn.conv1d(x, KERNEL, 1, "SAME"),
    "band_part": lambda x: tf.linalg.band_part(x, -1, 0),
    "broadcast_to": lambda x: tf.broadcast_to(x[:, :1], tf.shape(x)),
    "range": lambda x: x + tf.cast(tf.range(tf.shape(x)[2]), x.dtype),
    "fill": lambda x: tf.fill([tf.shape(x)[0], 2], 1.5),
    "check_numerics": lambda x: tf.debugging.check_numerics(x, "not finite"),
    "frame": lambda x: tf.signal.frame(x[..., 0], 2, 1),
    "strings": lambda x: tf.strings.length(tf.strings.as_string(x, precision=2)),
    "a layer after": lambda x: Dense(2)(tf.math.l2_normalize(x, axis=-1)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_saved_and_read(name, tmp_path):
    inputs = Input((4, 6))
    model = Model(inputs, FUNCTIONS[name](inputs))
    model.save(tmp_path / "model.keras")
    read, again = load_model(tmp_path / "model.keras"), model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    expected = model(X)
    for other in (read, again):
        assert other.output_shape == model.output_shape and other(X).dtype == expected.dtype
        np.testing.assert_array_equal(other(X), expected)
    assert json.loads(read.to_json()) == json.loads(again.to_json())


def of_function(name, shape=(4,)):
    """The description of a model with a node that calls the function of this name."""
    inputs = Input(shape)
    config = json.loads(Model(inputs, tf.unstack(inputs, axis=1)[0] if shape == (4,) else tf.math.l2_normalize(inputs)).to_json())
    (entry,) = [entry for entry in config["config"]["layers"] if entry["class_name"] == "TFOpLambda"]
    entry["config"]["function"] = name
    return json.dumps(config)


REFUSED = ["io.write_file", "io.read_file", "py_function", "numpy_function", "compat.v1.py_func", "load_library", "function", "print",
           "raw_ops.WriteFile", "random.set_seed", "keras.layers.Dense", "nn.RNNCellDeviceWrapper", "linalg.LinearOperatorIdentity",
           "compat.v1.random.set_random_seed", "math.add.__globals__", "__builtins__.eval", "experimental.numpy.save", "math.", "", ".", None,
           5, ["math", "add"], "map_fn", "while_loop"]  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_no_other_function_can_be_named(name):
    with pytest.raises(FileError, match="No function of TensorFlow that a config may name is called"):
        model_from_json(of_function(name))
    with pytest.raises(ValueError, match="No function of TensorFlow that a config may name is called"):
        TensorFlowFunction(name)


def test_what_a_function_costs_is_counted():
    assert model_from_json(of_function("unstack")).output_shape == (None,)
    with pytest.raises(FileError, match="more work than it may"):
        model_from_json(of_function("unstack").replace("[null, 4]", "[null, 40000000]"))
    for name in ("unstack", "compat.v1.unstack", "split", "compat.v1.split"):
        with pytest.raises(ValueError, match="more work than it may"), opened(Account(memory=10**6, steps=10**4)):
            symbolic.record(TensorFlowFunction(name), (Input((None, 3)), 10**9, 1), {})


def test_what_takes_functions_cannot_be_saved():
    inputs = Input((4, 6))
    model = Model(inputs, tf.scan(lambda before, item: before + item, inputs))
    with pytest.raises(ValueError, match="no config can name tf.scan.*Make it a Layer of your own"):
        model.to_json()


def test_losses_and_metrics_of_a_graph_are_saved(tmp_path):
    inputs = Input((6,))
    hidden = Dense(3, activation="relu")(inputs)
    model = Model({"x": inputs}, Dense(2)(hidden))
    model.add_loss(tf.reduce_mean(tf.square(hidden)))
    model.add_metric(tf.reduce_max(hidden), name="largest", aggregation="mean")
    model.compile("sgd", "mse")
    model.save(tmp_path / "model.keras")
    read = load_model(tmp_path / "model.keras")
    x, y = {"x": X[:, 0]}, X[:, 0, :2]
    expected, found = (each.fit(x, y, epochs=2, verbose=0).history for each in (model, read))
    assert found.keys() == expected.keys() >= {"loss", "largest", "add_loss"}
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6)


@pytest.mark.parametrize("damage", [[["nowhere", 0, 0]], [["dense", 5, 0]], 3, None])
def test_damaged_losses_of_a_graph_are_refused(damage):
    inputs = Input((6,))
    model = Model(inputs, Dense(2, name="dense")(inputs))
    model.add_loss(tf.reduce_mean(model.output))
    config = json.loads(model.to_json())
    config["config"]["added_losses"] = damage
    with pytest.raises(FileError):
        model_from_json(json.dumps(config))


FIRST = [
    "import glassbox as keras; load = keras.models.load_model",
    "from glassbox.models import load_model as load",
    "from glassbox.saving import load_model as load",
    "from glassbox import models; load = lambda path: models.model_from_json(open(path + '.json').read())",
    "import glassbox as keras, json; load = lambda path: keras.Model.from_config(json.load(open(path + '.json'))['config'])",
    "import glassbox as keras, json; load = lambda path: keras.utils.deserialize_keras_object(json.load(open(path + '.json')))",
    "import layers; from engine.saving import load_model as load",
]


def test_a_program_may_begin_with_loading_a_model(tmp_path):
    """Nothing has asked for a layer before. Each in a process that has imported TensorFlow, and nothing of ours."""
    inputs = Input((3,))
    model = Model(inputs, Sequential([Dense(2)])(inputs))
    path = str(tmp_path / "model.keras")
    model.save(path)
    (tmp_path / "model.keras.json").write_text(model.to_json())
    program = f"""
import os, sys
import tensorflow
for number, text in enumerate({FIRST!r}):
    if not os.fork():
        exec(text)
        print(number, load({path!r}).output_shape, flush=True)
        os._exit(0)
    os.wait()
from engine.saving import load_model
try:
    load_model({path!r})
except ValueError as error:
    print(error)
"""
    root = pathlib.Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, cwd=root, check=True)
    *loaded, refused = found.stdout.strip().splitlines()
    assert loaded == [f"{number} (None, 2)" for number in range(len(FIRST))], found.stderr[-2000:]
    assert "no layers are loaded. Put `import layers` into your program." in refused
