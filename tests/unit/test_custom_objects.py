"""Classes and functions of one's own, registered once and found in files, beside those that are passed along."""

import numpy as np
import pytest
import tensorflow as tf

import losses
from engine import Layer, Sequential, utils
from engine.saving import load_model, model_from_json
from layers import Dense
from losses.ground import lookup


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch):
    monkeypatch.setattr(lookup, "_registered", {})


def test_what_is_registered_is_found_in_a_file(tmp_path):
    @utils.register_keras_serializable()
    class Doubled(Layer):
        def __init__(self, factor=2.0, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, inputs):
            return inputs * self.factor

    @utils.register_keras_serializable("mine", name="bent")
    def bent_activation(x):
        return tf.nn.relu(x) - 0.1

    @utils.register_keras_serializable("mine")
    def own_loss(y_true, y_pred):
        return tf.reduce_mean(tf.abs(y_true - y_pred), -1)

    model = Sequential([Dense(2, activation=bent_activation, input_shape=(3,)), Doubled(3.0)])
    model.compile("sgd", own_loss)
    x = np.ones((4, 3))
    expected = model.predict(x)
    model.save(tmp_path / "model.glassbox")
    loaded = load_model(tmp_path / "model.glassbox")
    np.testing.assert_array_equal(loaded.predict(x), expected)
    assert loaded.evaluate(x, np.ones((4, 2)), verbose=0) == model.evaluate(x, np.ones((4, 2)), verbose=0)
    assert '"Custom>Doubled"' in model.to_json() and '"mine>bent"' in model.to_json()
    assert type(model_from_json(model.to_json()).layers[1]) is Doubled


def test_a_registered_class_does_not_stand_in_for_one_of_this_project():
    @utils.register_keras_serializable()
    class Dense(Layer):
        pass

    plain = Sequential([__import__("layers").Dense(2, input_shape=(3,))])
    assert type(model_from_json(plain.to_json()).layers[0]) is not Dense


def test_names_that_are_put_into_the_dict():
    utils.get_custom_objects()["twice"] = lambda x: 2 * x
    utils.get_custom_objects().update({"half_off": lambda y_true, y_pred: tf.reduce_mean(y_pred, -1) / 2})
    assert Dense(1, activation="twice", kernel_initializer="ones")([[1.0]]).numpy() == 2
    assert losses.get("half_off")(None, tf.constant([[4.0]])).numpy() == 2
    with utils.CustomObjectScope({"thrice": lambda x: 3 * x}):
        assert Dense(1, activation="thrice", kernel_initializer="ones")([[1.0]]).numpy() == 3
    with pytest.raises(ValueError, match="Unknown activation 'thrice'"):
        Dense(1, activation="thrice")


def test_reductions_by_their_older_names():
    labels, outputs = [[0.0], [2.0]], [[1.0], [0.0]]
    for reduction, expected in (("AUTO", 2.5), ("SUM_OVER_BATCH_SIZE", 2.5), ("SUM", 5.0), ("NONE", [1.0, 4.0])):
        loss = losses.MeanSquaredError(reduction=getattr(losses.Reduction, reduction))
        np.testing.assert_allclose(loss(labels, outputs), expected)
