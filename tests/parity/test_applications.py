"""Whole architectures, read from the config that Keras writes for them: same outputs, same gradients, both ways."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import layers  # noqa: F401 - a config names them
from engine import Layer, Model, initializers
from engine.saving import model_from_json

FLOAT32, FLOAT64 = "float32", "float64"
TOLERANCE = {FLOAT32: 1e-4, FLOAT64: 1e-9}  # of the largest output, and of the largest entry of each gradient


class LayerScale(Layer):
    """Of ConvNeXt: each feature times a weight that begins small."""

    def __init__(self, init_values, projection_dim, **kwargs):
        super().__init__(**kwargs)
        self.init_values = init_values
        self.projection_dim = projection_dim

    def build(self, input_shape):
        start = initializers.Constant(self.init_values)
        self.gamma = self.add_weight(name="gamma", shape=(self.projection_dim,), initializer=start)

    def call(self, inputs):
        return inputs * self.gamma


class StochasticDepth(Layer):
    """Of ConvNeXt: in training, leaves a branch out for some rows of the batch. These tests run in inference."""

    def __init__(self, drop_path_rate, **kwargs):
        super().__init__(**kwargs)
        self.drop_path_rate = drop_path_rate

    def call(self, inputs):
        return inputs


OURS = {"LayerScale": LayerScale, "StochasticDepth": StochasticDepth}


def theirs():
    from keras.src.applications import convnext

    return {name: getattr(convnext, name) for name in OURS}


@pytest.fixture
def set_dtype():
    def change(name):
        keras.config.set_floatx(name)
        keras.config.set_dtype_policy(name)

    yield change
    change(FLOAT32)


def keras_model(name, size, x):
    """Built without a download. Weights are moved off their special first values, zeros and ones, and batches are
    normalized with statistics of `x`: with those of a new network, mean 0 and variance 1, signals would die on the way
    down, and what one compared would be rounding."""
    keras.utils.set_random_seed(3)
    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classes=7)
    random = np.random.default_rng(4)
    for weight in model.trainable_weights:
        value = weight.numpy() * (1 + 0.1 * random.standard_normal(weight.shape))
        weight.assign(value if value.ndim > 1 else value + 0.1 * random.standard_normal(weight.shape))
    normalizing = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momentum = [layer.momentum for layer in normalizing]
    for layer in normalizing:
        layer.momentum = 0.0
    model(x, training=True)
    for layer, value in zip(normalizing, momentum):
        layer.momentum = value
    return model


def difference(ours, reference):
    ours, reference = np.asarray(ours), np.asarray(reference)
    assert ours.shape == reference.shape and ours.dtype == reference.dtype
    return np.max(np.abs(ours - reference)) / np.max(np.abs(reference))


def outputs_and_gradients(model, x, cotangent):
    with tf.GradientTape() as tape:
        outputs = model(x, training=False)
        total = tf.reduce_sum(outputs * cotangent)
    weights = [weight.value if isinstance(weight, keras.Variable) else weight for weight in model.trainable_weights]
    return outputs, tape.gradient(total, weights)


SMALL = ["MobileNetV2", "MobileNetV3Small"]
LARGE = ["ResNet50V2", "EfficientNetB0", "DenseNet121", "ConvNeXtTiny"]
CASES = [
    *[pytest.param(name, dtype, id=f"{name}-{dtype}") for name in SMALL for dtype in (FLOAT32, FLOAT64)],
    *[pytest.param(name, dtype, id=f"{name}-{dtype}", marks=pytest.mark.slow) for name in LARGE
      for dtype in (FLOAT32, FLOAT64)],
]  # fmt: skip


@pytest.mark.parametrize("name, dtype", CASES)
def test_an_architecture_of_keras_computes_the_same(name, dtype, set_dtype):
    set_dtype(dtype)
    random = np.random.default_rng(5)
    size = 64
    x = tf.constant(random.uniform(0, 255, (2, size, size, 3)) if name not in ("MobileNetV2", "ResNet50V2")
                    else random.uniform(-1, 1, (2, size, size, 3)), dtype)  # fmt: skip
    cotangent = tf.constant(random.standard_normal((2, 7)), dtype)
    reference = keras_model(name, size, x)

    model = Model.from_config(reference.get_config(), custom_objects=OURS)
    assert [tuple(weight.shape) for weight in model.weights] == [tuple(weight.shape) for weight in reference.weights]
    model.set_weights(reference.get_weights())

    outputs, gradients = outputs_and_gradients(model, x, cotangent)
    wanted, wanted_gradients = outputs_and_gradients(reference, x, cotangent)
    assert difference(outputs, wanted) < TOLERANCE[dtype]
    assert len(gradients) == len(wanted_gradients) > 50
    worst = {weight.path: difference(own, other)
             for weight, own, other in zip(reference.trainable_weights, gradients, wanted_gradients)}  # fmt: skip
    assert max(worst.values()) < TOLERANCE[dtype], max(worst.items(), key=lambda item: item[1])

    back = keras.Model.from_config(model.get_config(), custom_objects=theirs())
    back.set_weights(model.get_weights())
    assert difference(back(x, training=False), wanted) < TOLERANCE[dtype]
    again = model_from_json(model.to_json(), custom_objects=OURS)
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again(x), outputs)


def test_training_an_architecture_moves_its_statistics_as_in_keras(set_dtype):
    set_dtype(FLOAT64)
    x = tf.constant(np.random.default_rng(6).uniform(-1, 1, (2, 64, 64, 3)))
    reference = keras_model("MobileNetV2", 64, x)
    model = Model.from_config(reference.get_config())
    model.set_weights(reference.get_weights())
    before = model.get_weights()
    assert difference(model(x + 0.1, training=True), reference(x + 0.1, training=True)) < 1e-9
    moved = [not np.array_equal(old, new) for old, new in zip(before, model.get_weights())]
    assert sum(moved) == len(model.non_trainable_weights) == 104
    for own, other in zip(model.get_weights(), reference.get_weights()):
        np.testing.assert_allclose(own, other, rtol=1e-9, atol=1e-12)
