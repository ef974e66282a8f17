"""Whole models in the HDF5 format of Keras 2: made from configs as it writes them, with their weights."""

import io
import json
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

import layers
from engine import Input, Model, Sequential, activations
from engine.saving import FileError, load_model, model_from_json
from layers import GRU, Bidirectional, Concatenate, Dense, Flatten, LSTM, TimeDistributed

X = np.random.default_rng(3).normal(size=(3, 4)).astype("float32")


def entry(class_name, name, *nodes, **config):
    return {"class_name": class_name, "name": name, "config": {"name": name, **config}, "inbound_nodes": list(nodes)}


def start(name="x", shape=(4,), dtype="float32"):
    return entry("InputLayer", name, batch_input_shape=[None, *shape], dtype=dtype, sparse=False, ragged=False)


def dense(name, *nodes, units=2, **config):
    return entry("Dense", name, *nodes, **{"trainable": True, "dtype": "float32", "units": units, "activation": "linear", "use_bias": True, **config})


def function(name, *nodes, of=None):
    return entry("TFOpLambda", f"tf.{name}", *nodes, trainable=True, dtype="float32", function=of or name)


def graph(*members, inputs=(("x", 0, 0),), outputs=(("y", 0, 0),)):
    return {"class_name": "Functional", "config": {"name": "model", "trainable": True, "layers": list(members),
                                                   "input_layers": inputs, "output_layers": outputs}}  # fmt: skip


def on(*names, **kwargs):
    """A call on one tensor, or on a list of several."""
    return [[name, 0, 0, kwargs] if isinstance(name, str) else [*name, kwargs] for name in names]


def write(path, config, model, training=None, version="2.15.0", names=None):
    """The file of `config`, with the weights of `model`, whose layers have the same names."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
        if training is not None:
            file.attrs["training_config"] = json.dumps(training)
        group = file if config is None else file.create_group("model_weights")
        group.attrs["layer_names"] = [(names or {}).get(layer.name, layer.name) for layer in model.layers]
        for layer in model.layers:
            name = (names or {}).get(layer.name, layer.name)
            below = group.create_group(name)
            weights = [*layer.trainable_weights, *layer.non_trainable_weights]
            below.attrs["weight_names"] = [f"{name}/weight_{index}:0" for index in range(len(weights))]
            for index, weight in enumerate(weights):
                below[f"{name}/weight_{index}:0"] = weight.numpy()


def check(path, config, model, *inputs, **more):
    for weight in model.weights:
        weight.assign(np.random.default_rng(1).uniform(0.1, 0.5, weight.shape))
    write(path, config, model, **more)
    read = load_model(path)
    inputs = inputs[0] if len(inputs) == 1 else list(inputs)
    for found, expected in zip(tf.nest.flatten(read(inputs)), tf.nest.flatten(model(inputs)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    return read


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.h5"


def test_a_sequential_and_what_it_was_compiled_with(path):
    members = [start("x"), dense("first", units=3, activation="relu", kernel_regularizer={"class_name": "L2", "config": {"l2": 0.1}}), dense("second")]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": members}}
    wrapper = {"class_name": "MeanMetricWrapper", "config": {"name": "mae", "dtype": "float32", "fn": "mean_absolute_error"}}
    loss = {"class_name": "Huber", "config": {"reduction": "auto", "name": "huber_loss", "delta": 0.5, "fn": "huber"}}
    optimizer = {"name": "SGD", "learning_rate": 0.5, "decay": 0.25, "momentum": 0.9, "nesterov": False, "is_legacy_optimizer": True}
    training = {"loss": loss, "metrics": [[wrapper]], "weighted_metrics": None, "loss_weights": None,
                "optimizer_config": {"class_name": "Custom>SGD", "config": optimizer}}  # fmt: skip
    model = Sequential([Input((4,)), Dense(3, "relu", kernel_regularizer="l2", name="first"), Dense(2, name="second")])
    read = check(path, config, model, X, training=training)
    assert type(read) is Sequential and read.layers[0].kernel_regularizer.l2 == pytest.approx(0.1)
    assert read.loss.delta == 0.5 and read.optimizer.momentum == 0.9
    assert [float(read.optimizer.rate_at(step)) for step in (0, 4)] == [0.5, 0.25]
    assert {"loss", "mae"} <= set(read.fit(X, X[:, :2], verbose=0).history)
    assert load_model(path, compile=False).optimizer is None


def test_functions_operators_and_slices_of_a_graph(path):
    config = graph(
        start(), function("math.subtract", [["_CONSTANT_VALUE", -1, 1.0, {"y": ["x", 0, 0], "name": None}]][0]),
        function("concat", [["tf.math.subtract", 0, 0, {"axis": -1}], ["x", 0, 0, {"axis": -1}]]),
        entry("SlicingOpLambda", "slice", ["tf.concat", 0, 0, {"slice_spec": [{"start": None, "stop": None, "step": None},
                                                                             {"start": 1, "stop": 7, "step": 2}]}],
              function="__operators__.getitem"),
        entry("TFOpLambda", "tf.plus", ["slice", 0, 0, {"y": 2.0, "name": None}], function="__operators__.add"),
        function("compat.v1.shape", ["x", 0, 0, {"name": None, "out_type": "int32"}]),
        entry("SlicingOpLambda", "rows", ["tf.compat.v1.shape", 0, 0, {"slice_spec": 0}], function="__operators__.getitem"),
        function("reshape", ["tf.plus", 0, 0, {"shape": [["rows", 0, 0], 3, 1]}]),
        function("math.reduce_sum", ["tf.reshape", 0, 0, {"axis": 2}]),
        dense("y", on("tf.math.reduce_sum")),
    )  # fmt: skip
    x = Input((4,))
    y = tf.concat([1 - x, x], -1)[:, 1:7:2] + 2.0
    model = Model(x, Dense(2, name="y")(tf.reduce_sum(tf.reshape(y, [tf.shape(x)[0], 3, 1]), 2)))
    check(path, config, model, X)


def test_models_inside_count_their_calls_from_one(path):
    inner = graph(start("z"), dense("left", on("z")), dense("right", on("z"), units=4), inputs=[["z", 0, 0]],
                  outputs=[["left", 0, 0], ["right", 0, 0]])  # fmt: skip
    inner = {**inner, "name": "inner", "inbound_nodes": [on("x"), [["inner", 1, 1, {}]]]}
    inner["config"]["name"] = "inner"
    tower = {"class_name": "Sequential", "name": "tower", "config": {"name": "tower", "layers": [start("t", (2,)), dense("d")]},
             "inbound_nodes": [[["inner", 1, 0, {}]], [["inner", 2, 0, {}]]]}  # fmt: skip
    config = graph(start(), inner, tower, entry("Concatenate", "c", [["tower", 1, 0, {}], ["inner", 2, 0, {}]], axis=-1),
                   outputs={"joined": ["c", 0, 0], "tower": ["tower", 2, 0], "inner": ["inner", 1, 1]})  # fmt: skip
    z = Input((4,))
    both = Model(z, [Dense(2, name="left")(z), Dense(4, name="right")(z)], name="inner")
    own_tower, x = Sequential([Input((2,)), Dense(2)], name="tower"), Input((4,))
    left, right = both(x)
    again, _ = both(right)
    first, second = own_tower(left), own_tower(again)
    model = Model(x, {"joined": Concatenate()([first, again]), "tower": second, "inner": right})
    check(path, config, model, X)


def test_recurrent_layers_with_their_state_in_the_list(path):
    members = [start("x", (5, 2)), start("h", (3,)), entry("GRU", "gru", on("x", "h"), units=3, return_sequences=True, time_major=False,
                                                           implementation=2, reset_after=True),
               entry("Bidirectional", "both", on("gru"), layer={"class_name": "LSTM", "config": {
                   "name": "lstm", "units": 2, "return_sequences": True, "recurrent_activation": "hard_sigmoid", "time_major": False}},
                     merge_mode="sum"),
               entry("TimeDistributed", "y", on("both"), layer={"class_name": "Dense", "config": {"name": "d", "units": 1}})]  # fmt: skip
    config = graph(*members, inputs=[["x", 0, 0], ["h", 0, 0]])

    def hard_sigmoid(x):
        return tf.clip_by_value(0.2 * x + 0.5, 0.0, 1.0)

    x, h = Input((5, 2)), Input((3,))
    y = GRU(3, return_sequences=True, name="gru")(x, initial_state=h)
    y = Bidirectional(LSTM(2, return_sequences=True, recurrent_activation=hard_sigmoid), merge_mode="sum", name="both")(y)
    model = Model([x, h], TimeDistributed(Dense(1), name="y")(y))
    random = np.random.default_rng(5)
    read = check(path, config, model, random.normal(size=(3, 5, 2)), random.normal(size=(3, 3)))
    read.save(path.with_name("again.keras"))
    again = load_model(path.with_name("again.keras"))
    assert again.get_layer("both").forward_layer.recurrent_activation is not activations.hard_sigmoid
    assert json.loads(again.to_json()) == json.loads(read.to_json())


@pytest.mark.parametrize("name, shape, own, older", [
    ("DepthwiseConv2D", (4, 4, 2), dict(kernel_size=2), dict(groups=1, kernel_initializer="zeros", kernel_regularizer=None)),
    ("SeparableConv2D", (4, 4, 2), dict(filters=3, kernel_size=2), dict(groups=1, kernel_constraint=None)),
    ("Conv2DTranspose", (4, 4, 2), dict(filters=3, kernel_size=2), dict(groups=1)),
    ("BatchNormalization", (4, 2), dict(), dict(axis=[2])),
    ("LeakyReLU", (4, 2), dict(negative_slope=0.25), dict(alpha=0.25)),
])  # fmt: skip
def test_arguments_of_before(path, name, shape, own, older):
    given = {key: value for key, value in own.items() if key != "negative_slope"}
    config = graph(start("x", shape), entry(name, "y", on("x"), **given, **older))
    x = Input(shape)
    check(path, config, Model(x, getattr(layers, name)(**own, name="y")(x)), np.random.default_rng(6).normal(size=(2, *shape)))


def test_code_is_not_run_and_functions_are_given_by_the_names_of_layers(path):
    code = ["4wEAAAAAAAAAAAAAAAIAAAADAAAA8wwAAACXAHwAZAF6AAAAUwApAk7pAQAAAKkAqQ==", None, None]
    config = graph(start(), entry("Lambda", "twice", on("x"), function=code, function_type="lambda", module="__main__", output_shape=None,
                                  output_shape_type="raw", output_shape_module=None, arguments={}), dense("y", on("twice")))  # fmt: skip
    x = Input((4,))
    model = Model(x, Dense(2, name="y")(layers.Lambda(lambda x: 2 * x, name="twice")(x)))
    write(path, config, model)
    with pytest.raises(FileError, match="Lambda 'twice' was made with a Python lambda.*code from a config is never run"):
        load_model(path)
    read = load_model(path, custom_objects={"twice": lambda x: 2 * x})
    np.testing.assert_array_equal(read(X), model(X))


def test_a_description_as_json_and_weights_beside_it(path):
    """As programs before whole files kept a model; the oldest ones have the layers of a Sequential as a list."""
    members = [dense("first", units=3, activation="hard_sigmoid", batch_input_shape=[None, 4]), dense("second")]
    model = Sequential([Input((4,)), Dense(3, lambda x: tf.clip_by_value(0.2 * x + 0.5, 0, 1), name="first"), Dense(2, name="second")])
    write(path, None, model)
    for config, version in ((members, "2.1.6"), ({"name": "s", "layers": members}, "2.15.0")):
        read = model_from_json(json.dumps({"class_name": "Sequential", "config": config, "keras_version": version, "backend": "tensorflow"}))
        read.load_weights(path)
        np.testing.assert_allclose(read(X), model(X), rtol=1e-6)
    text = json.dumps({**graph(start(), dense("first", on("x"), units=3), dense("y", on("first"))), "keras_version": "2.4.0"})
    assert model_from_json(text).output_shape == (None, 2)


def test_archives_of_keras_2(path):
    """`.keras`, as Keras 2.12 and later write it: the weights as Keras 3 has them, the graph as Keras 2, and its optimizer too."""
    x = Input((5, 4))
    y = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    model = Model(x, Dense(2, "relu", name="y")(y * 2.0))
    for weight in model.weights:
        weight.assign(np.random.default_rng(1).uniform(-0.5, 0.5, weight.shape))
    attention = entry("MultiHeadAttention", "attention", [["x", 0, 0, {"value": ["x", 0, 0]}]], num_heads=2, key_dim=3,
                      query_shape=[None, 5, 4], key_shape=[None, 5, 4], value_shape=[None, 5, 4])  # fmt: skip
    config = graph(start("x", (5, 4)), attention, function("math.multiply", ["attention", 0, 0, {"y": 2.0, "name": None}]),
                   dense("y", on("tf.math.multiply"), activation="relu"))  # fmt: skip
    optimizer = {"module": "keras.optimizers", "class_name": "SGD", "registered_name": None,
                 "config": {"name": "SGD", "learning_rate": 0.25, "momentum": 0.5, "is_legacy_optimizer": False, "jit_compile": False}}
    compiled = {"optimizer": optimizer, "loss": "mse", "metrics": ["mae"], "run_eagerly": None, "steps_per_execution": None}
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        for name in ("query", "key", "value", "output"):
            for index, weight in enumerate(getattr(model.get_layer("attention"), f"{name}_dense").weights):
                file[f"layers/multi_head_attention/_{name}_dense/vars/{index}"] = weight.numpy()
        for index, weight in enumerate(model.get_layer("y").weights):
            file[f"layers/dense/vars/{index}"] = weight.numpy()
        file["metrics/mean/vars/0"] = file["optimizer/vars/0"] = np.float32(3)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "2.15.0"}))
        archive.writestr("config.json", json.dumps({**config, "build_config": {"input_shape": [None, 5, 4]}, "compile_config": compiled}))
        archive.writestr("model.weights.h5", weights.getvalue())
    data = np.random.default_rng(2).normal(size=(3, 5, 4)).astype("float32")
    read = load_model(path)
    np.testing.assert_allclose(read(data), model(data), rtol=1e-6)
    assert read.optimizer.momentum == 0.5 and {"loss", "mae"} <= set(read.fit(data, data[..., :2], verbose=0).history)


def test_weights_alone_by_name_and_by_order(path):
    model = Sequential([Input((4,)), Dense(3, name="a"), Flatten(), Dense(2, name="b")])
    write(path, None, model)
    for names in ("a", "b"), ("b", "a"), ("c", "d"):
        other = Sequential([Input((4,)), Dense(3, name=names[0]), Dense(2, name=names[1])])
        if names == ("b", "a"):
            before = other.get_weights()
            with pytest.raises(FileError, match="mismatched"):
                other.load_weights(path)
            assert all((x == y).all() for x, y in zip(before, other.get_weights()))
            continue
        assert other.load_weights(path) == []
        np.testing.assert_array_equal(other(X), model(X))
    with pytest.raises(FileError, match="holds weights only. Make the model and call"):
        load_model(path)
    longer = Sequential([Input((4,)), Dense(3, name="a"), Dense(2, name="b"), Dense(2, name="c")])
    with pytest.raises(FileError, match=r"layers.2.kernel.*missing"):
        longer.load_weights(path)
    longer.load_weights(path, strict=False)
    np.testing.assert_array_equal(longer.layers[1](longer.layers[0](X)), model(X))


def test_by_name_the_layers_that_both_have(path):
    """As a new head is put on layers that were trained before."""
    model = Sequential([Input((4,)), Dense(3, name="base"), Dense(2, name="head")])
    write(path, None, model)
    other = Sequential([Input((4,)), Dense(3, name="base"), Dense(5, name="new"), Dense(6, name="newer")])
    kept = other.get_layer("new").get_weights()
    assert other.load_weights(path, by_name=True) == []
    np.testing.assert_array_equal(other.get_layer("base").kernel, model.get_layer("base").kernel)
    np.testing.assert_array_equal(other.get_layer("new").kernel, kept[0])
    wider = Sequential([Input((4,)), Dense(9, name="base"), Dense(2, name="unknown")])
    with pytest.raises(FileError, match="mismatched"):
        wider.load_weights(path, by_name=True)
    assert len(wider.load_weights(path, by_name=True, skip_mismatch=True)) == 2
    for name in ("w.safetensors", "w.weights.h5"):
        (model if "safe" in name else keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])).save_weights(path.with_name(name))
        with pytest.raises(FileError, match="by_name=True is for HDF5 files in the format of Keras 2"):
            other.load_weights(path.with_name(name), by_name=True)


def test_what_keras_3_writes_in_this_format_has_its_own_functions(path):
    theirs = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="hard_sigmoid", name="d")], name="s")
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [start(), dense("d", activation="hard_sigmoid")]}}
    model = Sequential([Input((4,)), Dense(2, "hard_sigmoid", name="d")])
    theirs.set_weights(model.get_weights())
    write(path, config, model, version="3.15.0")
    np.testing.assert_allclose(load_model(path)(X), theirs(X), rtol=1e-6)


@pytest.mark.parametrize("damage", ["text", "list", "node", "far", "name", "function", "array", "link", "attribute"])
def test_damage_is_one_class_of_error(path, damage):
    members = [start(), function("math.square", ["x", 0, 0, {}]), dense("y", on("tf.math.square"))]
    config = graph(*members)
    if damage == "node":
        members[2]["inbound_nodes"] = [[["x", 0]]]
    if damage == "far":
        members[2]["inbound_nodes"] = [on(("tf.math.square", 7, 0))]
    if damage == "name":
        members[2]["inbound_nodes"] = [on("nobody")]
    if damage == "function":
        members[1]["config"]["function"] = "io.read_file"
    x = Input((4,))
    write(path, config if damage != "list" else [config], Model(x, Dense(2, name="y")(x)))
    with h5py.File(path, "a") as file:
        weights = file["model_weights/y"]
        if damage == "text":
            file.attrs["model_config"] = "{"
        if damage == "array":
            del weights["y/weight_0:0"]
        if damage == "link":
            del weights["y/weight_0:0"]
            weights["y/weight_0:0"] = h5py.ExternalLink("/etc/passwd", "/x")
        if damage == "attribute":
            weights.attrs["weight_names"] = [5, 6]
    with pytest.raises(FileError):
        load_model(path)
