"""Layers that prepare data: what adapt() learns, and what is enlarged."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import layers

DATA = np.random.default_rng(0).normal(2.0, 3.0, size=(7, 4, 5)).astype("float32")


@pytest.mark.parametrize("axis", [-1, 1, None, (1, 2), -2, (2, -2)])
@pytest.mark.parametrize("invert", [False, True])
def test_adapt_is_that_of_keras(axis, invert):
    ours, theirs = layers.Normalization(axis, invert=invert), keras.layers.Normalization(axis, invert=invert)
    ours.adapt(DATA)
    theirs.adapt(DATA)
    np.testing.assert_allclose(ours(DATA), theirs(DATA), rtol=1e-4, atol=1e-5)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)


@pytest.mark.parametrize("axis", [-1, None, (1, 2)])
def test_adapt_in_batches_is_adapt_at_once(axis):
    whole, batched, listed = (layers.Normalization(axis) for _ in range(3))
    whole.adapt(DATA)
    batched.adapt(tf.data.Dataset.from_tensor_slices(DATA).batch(2))
    listed.adapt([DATA[:3], DATA[3:]])
    for one, two, three in zip(whole.get_weights(), batched.get_weights(), listed.get_weights(), strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-5)
        np.testing.assert_allclose(three, one, rtol=1e-5)


def test_adapt_starts_anew():
    layer = layers.Normalization()
    layer.adapt(DATA + 5)
    layer.adapt(DATA)
    np.testing.assert_allclose(layer.mean, DATA.mean((0, 1)), rtol=1e-5)


def test_a_single_column():
    column, one = layers.Normalization(), layers.Normalization(axis=None)
    column.adapt([1.0, 2.0, 3.0])
    one.adapt(np.array([1.0, 2.0, 3.0]))
    assert column.mean.numpy().tolist() == [2.0] and one.mean.numpy() == 2.0
    np.testing.assert_allclose(column(tf.constant([[2.0], [3.0]])), [[0.0], [1.5**0.5]], rtol=1e-6)
    np.testing.assert_allclose(one(tf.constant([2.0, 3.0])), [0.0, 1.5**0.5], rtol=1e-6)


def test_a_constant_feature_becomes_zero():
    layer = layers.Normalization()
    layer.adapt(np.ones((4, 2), "float32"))
    np.testing.assert_array_equal(layer(np.ones((3, 2), "float32")), np.zeros((3, 2)))


@pytest.mark.parametrize("make, message", [
    (lambda: layers.Normalization(mean=1.0, variance=2.0).adapt(DATA), "was given mean and variance"),
    (lambda: layers.Normalization().adapt(tf.data.Dataset.range(0)), "at least one row"),
    (lambda: layers.Normalization(axis=0).adapt(DATA), "other than the batch"),
    (lambda: layers.Normalization(axis=3).adapt(DATA), "other than the batch"),
])  # fmt: skip
def test_adapt_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("height, width", [(8, 4), (3, 9), (9, 8), (5, 6), (2, 3)])
def test_center_crop_enlarges_as_keras_does(height, width):
    images = np.random.default_rng(1).normal(size=(2, 5, 6, 3)).astype("float32")
    ours, theirs = layers.CenterCrop(height, width), keras.layers.CenterCrop(height, width)
    np.testing.assert_allclose(ours(images), theirs(images), rtol=1e-5, atol=1e-6)
    unknown = tf.function(ours, [tf.TensorSpec((None, None, None, 3))], autograph=False)
    np.testing.assert_allclose(unknown(images), theirs(images), rtol=1e-5, atol=1e-6)


def test_large_integers_survive_half_precision():
    layer = layers.CategoryEncoding(5000, dtype="float16")
    assert np.flatnonzero(layer(tf.constant([[4097.0]]))).tolist() == [4097]
