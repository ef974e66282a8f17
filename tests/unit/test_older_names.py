"""What programs for TensorFlow 2 ask of layers and models, beside its names of today."""

import importlib.util

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.applications import convnext, inception_resnet_v2

import glassbox
from engine import Input, InputLayer, Layer, Model, Sequential
from engine.callbacks import TensorBoard
from engine.saving import model_from_json
from layers import Concatenate, Conv2DTranspose, Dense, Flatten, Lambda, Normalization, Reshape


def test_shapes_while_a_generator_is_built():
    model = Sequential()
    model.add(Dense(2 * 2 * 3, use_bias=False, input_shape=(5,)))
    assert model.output_shape == (None, 12) and model.input_shape == (None, 5)
    model.add(Reshape((2, 2, 3)))
    assert model.output_shape == (None, 2, 2, 3)
    model.add(Conv2DTranspose(4, 3, strides=2, padding="same"))
    assert model.output_shape == model.layers[-1].output_shape == (None, 4, 4, 4)
    assert model.layers[1].input_shape == (None, 12)
    assert Sequential([Flatten(input_shape=(2, 3))]).output_shape == (None, 6)


def test_shapes_and_names_of_several():
    def build(library):
        a, b = library.Input((3,), name="a"), library.Input((2,), name="b")
        return library.Model({"a": a, "b": b}, [library.layers.Dense(2, name="p")(a), library.layers.Dense(1, name="q")(b)])

    ours, theirs = build(glassbox), build(keras)
    assert ours.input_shape == theirs.input_shape and ours.output_shape == theirs.output_shape
    assert ours.output_names == theirs.output_names == ["p", "q"] and ours.input_names == ["a", "b"]


def test_without_a_graph_there_are_no_shapes():
    model = Sequential([Dense(2)])
    assert not hasattr(model, "output_shape") and not hasattr(Dense(2), "input_shape")
    with pytest.raises(AttributeError, match="never called on symbols"):
        _ = model.output_shape


def test_a_layer_may_have_such_a_name_of_its_own():
    class Own(Layer):
        def __init__(self, input_shape_of_mine):
            super().__init__()
            self.output_shape = input_shape_of_mine
            self.submodules = ["mine"]

        def call(self, inputs):
            return inputs

    own = Own((7,))
    own(Input((3,)))
    assert own.output_shape == (7,) and own.submodules == ["mine"]
    assert Lambda(lambda x: x, output_shape=(3,)).get_config()["output_shape"] == (3,)


def test_calls_by_number():
    layer, a, b = Dense(2), Input((3,)), Input((3,))
    first, second = layer(a), layer(b)
    assert layer.get_input_at(0) is a and layer.get_input_at(1) is b
    assert layer.get_output_at(0) is first and layer.get_output_at(1) is second
    joined = Concatenate()
    joined([a, b])
    assert joined.get_input_at(0) == [a, b]
    with pytest.raises(ValueError, match="2 times; there is no call 2"):
        layer.get_input_at(2)


def test_submodules_and_add_variable():
    class Scale(Layer):
        def build(self, input_shape):
            self.factor = self.add_variable("factor", (input_shape[-1],), initializer="ones")

        def call(self, inputs):
            return inputs * self.factor

    model = Sequential([Scale(), Dense(1)])
    model(np.ones((2, 3), "float32"))
    assert model.submodules == tuple(model.layers)
    assert [tuple(weight.shape) for weight in model.layers[0].weights] == [(3,)]


def test_an_input_layer_by_its_older_argument():
    model = Sequential([InputLayer(input_shape=(28, 28, 1)), Flatten(), Dense(2)])
    assert model.input_shape == (None, 28, 28, 1) == InputLayer((28, 28, 1)).batch_shape
    with pytest.raises(ValueError, match="needs shape="):
        InputLayer()


def test_a_summary_of_what_is_known():
    normalization = Normalization()
    normalization.adapt(np.ones((4, 3)))
    text = Sequential([normalization, Dense(1, name="last")]).summary(print_fn=None).text(120)
    (known,) = [line for line in text.splitlines() if "(Normalization)" in line]
    (unknown,) = [line for line in text.splitlines() if "last (Dense)" in line]
    assert "7 (frozen)" in known and "not built" in unknown and "Parameters: 7" in text


def test_a_model_that_passes_itself_on():
    class Own(Model):
        def __init__(self):
            super().__init__(self)
            self.dense = Dense(1)

        def call(self, inputs):
            return self.dense(inputs)

    model = Own()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    assert model.count_params() == 3


def test_a_dynamic_model_runs_eagerly():
    class Own(Model):
        def __init__(self):
            super().__init__(dynamic=True)
            self.dense, self.seen = Dense(1), []

        def call(self, inputs):
            self.seen.append(float(tf.reduce_sum(inputs).numpy()))  # needs values
            return self.dense(inputs)

    model = Own()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), batch_size=2, verbose=0)
    assert model.run_eagerly and model.seen[-2:] == [4.0, 4.0]


def test_tensorboard_asks_for_its_package_when_it_writes(monkeypatch, tmp_path):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *args: None if name == "tensorboard" else found(name, *args))
    callback = TensorBoard(tmp_path / "logs")
    model = Sequential([Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ImportError, match="pip install tensorboard"):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), callbacks=[callback], verbose=0)


@pytest.mark.parametrize("kind", ["convnext", "inception"])
def test_private_layers_of_networks_in_keras(kind):
    inputs = keras.Input((4, 4, 2))
    if kind == "convnext":
        theirs = keras.Model(inputs, convnext.StochasticDepth(0.25)(convnext.LayerScale(0.5, 2)(inputs)))
    else:
        scale = inception_resnet_v2.CustomScaleLayer(0.5)
        theirs = keras.Model(inputs, scale([inputs, keras.layers.Conv2D(2, 1)(inputs)]))
    ours = model_from_json(theirs.to_json())
    ours.set_weights(theirs.get_weights())
    x = np.random.default_rng(1).normal(size=(64, 4, 4, 2)).astype("float32")
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-5, atol=1e-6)
    if kind == "convnext":
        rows = ours(x, training=True).numpy() / ours(x).numpy()
        left_out = (rows == 0).all((1, 2, 3))
        assert 0 < left_out.mean() < 0.6
        np.testing.assert_allclose(rows[~left_out], 1 / 0.75, rtol=1e-5)
