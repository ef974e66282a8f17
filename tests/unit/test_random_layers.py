"""Layers that draw random numbers: what must hold whatever the numbers are."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

import layers
from engine import Layer

IMAGES = tf.constant(np.random.default_rng(0).uniform(size=(5, 8, 7, 3)), tf.float32)
SEQUENCES = IMAGES[:, :, 0]
VOLUMES = tf.stack([IMAGES, 2 * IMAGES], 1)

RANDOM = [  # (name, arguments, inputs)
    ("Dropout", dict(rate=0.25), SEQUENCES),
    ("Dropout", dict(rate=0.25, noise_shape=(None, 1, 3)), SEQUENCES),
    ("AlphaDropout", dict(rate=0.25), SEQUENCES),
    ("GaussianDropout", dict(rate=0.25), SEQUENCES),
    ("GaussianNoise", dict(stddev=0.5), SEQUENCES),
    ("SpatialDropout1D", dict(rate=0.25), SEQUENCES),
    ("SpatialDropout2D", dict(rate=0.25), IMAGES),
    ("SpatialDropout3D", dict(rate=0.25), VOLUMES),
    ("RandomFlip", dict(), IMAGES),
    ("RandomContrast", dict(factor=0.5), IMAGES),
    ("RandomTranslation", dict(height_factor=0.5, width_factor=0.5), IMAGES),
    ("RandomRotation", dict(factor=0.5), IMAGES),
    ("RandomZoom", dict(height_factor=0.5), IMAGES),
]
NOT_FOR_XLA = {"RandomTranslation", "RandomRotation", "RandomZoom"}  # their kernel has no XLA version on the CPU


def make(name, arguments, seed=3):
    return getattr(layers, name)(**arguments, seed=seed)


@pytest.mark.parametrize("name, arguments, inputs", RANDOM)
def test_seed_and_step_decide(name, arguments, inputs):
    first, second = make(name, arguments), make(name, arguments)
    for _ in range(2):
        np.testing.assert_array_equal(first(inputs, training=True), second(inputs, training=True))
    assert np.any(first(inputs, training=True) != first(inputs, training=True))
    assert np.any(first(inputs, training=True) != make(name, arguments, seed=4)(inputs, training=True))
    np.testing.assert_array_equal(first(inputs, training=False), inputs)


@pytest.mark.parametrize("name, arguments, inputs", RANDOM)
def test_the_numbers_are_those_of_keras(name, arguments, inputs):
    ours, theirs = make(name, arguments), getattr(keras.layers, name)(**arguments, seed=3)
    for _ in range(3):
        np.testing.assert_allclose(ours(inputs, training=True), theirs(inputs, training=True), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name, arguments, inputs", RANDOM)
def test_compiled_is_eager(name, arguments, inputs):
    for jit_compile in (False, True)[: 1 if name in NOT_FOR_XLA else 2]:
        eager, compiled = make(name, arguments), make(name, arguments)
        size = [None, None, *inputs.shape[2:]] if "Random" not in name else [None, *inputs.shape[1:]]
        train = functools.partial(compiled, training=True)
        call = tf.function(train, [tf.TensorSpec(size)], autograph=False, jit_compile=jit_compile)
        for _ in range(2):
            np.testing.assert_allclose(call(inputs), eager(inputs, training=True), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("name, arguments, inputs", RANDOM)
def test_dtypes(name, arguments, inputs, dtype):
    layer = getattr(layers, name)(**arguments, seed=3, dtype=dtype)
    outputs = layer(tf.cast(inputs, dtype), training=True)
    assert outputs.dtype == dtype and outputs.shape == inputs.shape
    assert np.all(np.isfinite(tf.cast(outputs, tf.float64)))


@pytest.mark.parametrize("name, arguments", [
    ("Dropout", dict(rate=0.3)), ("GaussianDropout", dict(rate=0.3)), ("AlphaDropout", dict(rate=0.3)),
    ("GaussianNoise", dict(stddev=0.5)), ("SpatialDropout1D", dict(rate=0.3)),
])  # fmt: skip
def test_mean_and_variance(name, arguments):
    """Over 200,000 standard normal inputs; five standard errors of the mean are 0.013."""
    inputs = np.random.default_rng(1).normal(size=(100, 20, 100)).astype("float32")
    outputs = make(name, arguments)(inputs, training=True).numpy()
    variance = {"AlphaDropout": 1.0, "GaussianNoise": 1.25}.get(name, 1 / 0.7)
    assert abs(outputs.mean()) < 0.02
    assert abs(outputs.var() / variance - 1) < 0.05
    ones = make(name, arguments)(np.ones((200, 20, 100), "float32"), training=True).numpy()
    if name != "AlphaDropout":
        assert abs(ones.mean() - 1) < 0.03
    if name in ("Dropout", "SpatialDropout1D"):
        np.testing.assert_allclose(np.unique(ones), [0.0, 1 / 0.7], rtol=1e-6)
        assert abs((ones == 0).mean() - 0.3) < 0.03


@pytest.mark.parametrize("name, arguments, inputs, axes", [
    ("SpatialDropout1D", dict(rate=0.5), SEQUENCES, (1,)),
    ("SpatialDropout2D", dict(rate=0.5), IMAGES, (1, 2)),
    ("SpatialDropout2D", dict(rate=0.5, data_format="channels_first"), IMAGES, (2, 3)),
    ("SpatialDropout3D", dict(rate=0.5), VOLUMES, (1, 2, 3)),
    ("Dropout", dict(rate=0.5, noise_shape=(None, 1, None)), SEQUENCES, (1,)),
])  # fmt: skip
def test_whole_channels_are_dropped(name, arguments, inputs, axes):
    dropped = make(name, arguments)(inputs, training=True).numpy() == 0
    whole = dropped.all(axes)
    np.testing.assert_array_equal(whole, dropped.any(axes))
    assert 0 < whole.sum() < whole.size


def test_dropout_gradient_is_the_mask():
    layer = layers.Dropout(0.5, seed=1)
    inputs = tf.Variable(SEQUENCES)
    with tf.GradientTape() as tape:
        outputs = layer(inputs, training=True)
    np.testing.assert_allclose(tape.gradient(outputs, inputs), np.where(outputs == 0, 0, 2.0))


def test_the_state_is_a_variable_of_the_layer():
    layer = layers.Dropout(0.5, seed=1)
    layer(SEQUENCES, training=True)
    saved = layer.variables[0].numpy()
    following = layer(SEQUENCES, training=True)
    resumed = layers.Dropout(0.5, seed=1)
    (state,) = resumed.variables
    state.assign(saved)
    np.testing.assert_array_equal(resumed(SEQUENCES, training=True), following)


def test_training_comes_from_the_model_around():
    class Around(Layer):
        def __init__(self):
            super().__init__()
            self.dropout = layers.Dropout(0.5, seed=1)

        def call(self, inputs):
            return self.dropout(inputs)

    around = Around()
    assert np.all(around(SEQUENCES) == SEQUENCES)
    assert np.any(around(SEQUENCES, training=True) != SEQUENCES)


# ---- images -----------------------------------------------------------------------------------


def test_flips_mirror_each_image_by_itself():
    many = tf.tile(IMAGES[:1], (64, 1, 1, 1))
    one = many[0].numpy()
    flipped = dict(horizontal=one[:, ::-1], vertical=one[::-1], horizontal_and_vertical=one[::-1, ::-1])
    for mode, other in flipped.items():
        outputs = layers.RandomFlip(mode, seed=2)(many).numpy()
        same, mirrored = (sum(np.array_equal(image, version) for image in outputs) for version in (one, other))
        assert same + mirrored == 64 and 16 < same < 48


def test_contrast_moves_away_from_the_mean():
    many = tf.tile(IMAGES[:1], (200, 1, 1, 1))
    outputs = layers.RandomContrast((0.25, 0.5), value_range=(-9, 9), seed=2)(many).numpy()
    mean = many.numpy().mean((1, 2), keepdims=True)
    strength = (outputs - mean) / (many.numpy() - mean)
    np.testing.assert_allclose(strength.std((1, 2, 3)), 0, atol=1e-3)
    assert 0.75 <= strength.min() < 0.76 and 1.49 < strength.max() <= 1.501
    assert layers.RandomContrast(1.0, value_range=(0.4, 0.6), seed=2)(many).numpy().max() == np.float32(0.6)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_one_image_and_a_batch_of_one(data_format):
    for name, arguments, _ in RANDOM[8:]:
        arguments = dict(arguments, **({} if name == "RandomContrast" else dict(data_format=data_format)))
        batch = make(name, arguments)(IMAGES[:1], training=True)
        np.testing.assert_array_equal(batch[0], make(name, arguments)(IMAGES[0], training=True))


@pytest.mark.parametrize("fill_mode", ["reflect", "wrap", "constant", "nearest"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("name, arguments", [
    ("RandomRotation", dict(factor=(0.07, 0.07))),
    ("RandomRotation", dict(factor=(-0.3, -0.3), fill_value=0.5)),
    ("RandomTranslation", dict(height_factor=(0.21, 0.21), width_factor=(-0.3, -0.3), fill_value=0.5)),
    ("RandomZoom", dict(height_factor=(0.33, 0.33), width_factor=(-0.21, -0.21))),
    ("RandomZoom", dict(height_factor=(-0.42, -0.42))),
])  # fmt: skip
def test_a_fixed_factor_gives_the_images_of_keras(name, arguments, interpolation, fill_mode):
    arguments = dict(arguments, interpolation=interpolation, fill_mode=fill_mode)
    theirs = getattr(keras.layers, name)(**arguments)(IMAGES, training=True)
    ours = getattr(layers, name)(**arguments)(IMAGES, training=True)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_random_maps_stay_in_their_bounds():
    """Where the things of an image go tells the factor: a bright pixel moves by at most the bound."""
    pixel = np.zeros((200, 21, 31, 1), "float32")
    pixel[:, 10, 15] = 1
    moved = layers.RandomTranslation((-0.1, 0.2), 0.1, fill_mode="constant", seed=1)(pixel).numpy()[..., 0]
    weight = moved.sum((1, 2))
    down = (moved.sum(2) @ np.arange(21)) / weight - 10
    right = (moved.sum(1) @ np.arange(31)) / weight - 15
    assert -2.1 - 1e-3 <= down.min() < -1.9 and 4.0 < down.max() <= 4.2 + 1e-3
    assert -3.1 - 1e-3 <= right.min() < -2.9 and 2.9 < right.max() <= 3.1 + 1e-3
