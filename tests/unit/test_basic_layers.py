"""Embedding, Masking, Lambda and merging: what a row cannot say."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import layers
from losses.ground.masks import get_mask


def test_the_gradient_of_an_embedding_is_sparse():
    layer = layers.Embedding(1000, 4)
    for call in (layer, tf.function(layer, autograph=False)):
        with tf.GradientTape() as tape:
            outputs = call(tf.constant([[1, 7, 7]]))
        gradient = tape.gradient(outputs, layer.embeddings)
        assert isinstance(gradient, tf.IndexedSlices)
        assert gradient.values.shape == (3, 4) and gradient.indices.numpy().tolist() == [1, 7, 7]


def test_embedding_takes_large_integers_as_floats_in_half_precision():
    layer = layers.Embedding(5000, 1, dtype="mixed_float16", embeddings_initializer="zeros")
    layer(tf.constant([0.0]))
    layer.embeddings.assign(np.eye(5000, 1, k=-4097))
    outputs = layer(tf.constant([4097.0]))
    assert outputs.dtype == tf.float16 and outputs.numpy().tolist() == [[1.0]]


def test_input_length_declares_the_first_shape():
    assert layers.Embedding(10, 4, input_length=6)._batch_input_shape == (None, 6)


def test_a_mask_goes_from_an_embedding_to_the_end():
    ids = tf.constant([[1, 2, 0], [3, 0, 0]])
    x = layers.Embedding(5, 4, mask_zero=True)(ids)
    for layer in (
        layers.Dropout(0.5), layers.LayerNormalization(), layers.BatchNormalization(), layers.Activation("relu"),
        layers.GaussianNoise(0.1), layers.PReLU(), layers.Identity(), layers.UnitNormalization(),
    ):  # fmt: skip
        x = layer(x, training=True)
        np.testing.assert_array_equal(get_mask(x), ids != 0)
    assert get_mask(layers.Lambda(lambda y: y * 2)(x)) is None
    np.testing.assert_array_equal(get_mask(layers.Lambda(lambda y: y * 2, mask=lambda y, mask: mask)(x)), ids != 0)


def test_lambda_passes_on_what_its_function_takes():
    mask = tf.constant([[True, False]])
    x = layers.Masking()(tf.constant([[[1.0], [0.0]]]))

    def function(inputs, factor, mask=None, training=None):
        assert training is True
        return inputs * factor + tf.cast(mask[..., None], inputs.dtype)

    layer = layers.Lambda(function, arguments={"factor": 3.0})
    np.testing.assert_array_equal(layer(x, training=True), [[[4.0], [0.0]]])
    np.testing.assert_array_equal(get_mask(x), mask)
    config = layer.get_config()
    assert config["function"]["config"] == "function" and config["arguments"] == {"factor": 3.0}
    with pytest.raises(ValueError, match="custom_objects"):
        layers.Lambda.from_config(config)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate", "dot"])
def test_the_function_is_the_layer(name):
    a, b = tf.constant([[1.0, -2.0]]), tf.constant([[3.0, 5.0]])
    layer = layers.Dot(-1) if name == "dot" else getattr(layers, name.capitalize())()
    np.testing.assert_array_equal(getattr(layers, name)([a, b]), layer([a, b]))


def test_concatenate_joins_masks_of_images_in_time():
    masks = [tf.constant([[True, False]]), tf.constant([[False, True, True]])]
    inputs = [tf.ones((1, 2, 4, 5)), tf.ones((1, 3, 4, 5))]
    for tensor, mask in zip(inputs, masks, strict=True):
        tensor._keras_mask = mask
    np.testing.assert_array_equal(get_mask(layers.Concatenate(axis=1)(inputs)), tf.concat(masks, 1))


MERGING = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"]
DTYPES = [("int64", "float32"), ("bool", "float32"), ("float64", "float32"), ("int32", "float16"), ("int32", "int64"), ("uint8", "int32"),
          ("float16", "bfloat16")]  # fmt: skip


@pytest.mark.parametrize("first, second", DTYPES)
@pytest.mark.parametrize("name", MERGING)
def test_inputs_of_several_dtypes_merge_as_in_keras(name, first, second):
    """One-hot columns of integers beside numbers, above all."""
    arguments = {"axes": 1} if name == "Dot" else {}
    x, y = tf.cast([[1, 2, 0]], first), tf.cast([[4, 0, 6]], second)
    expected = getattr(keras.layers, name)(**arguments)([x, y])
    outputs = getattr(layers, name)(**arguments)([x, y])
    assert outputs.dtype == expected.dtype
    np.testing.assert_array_equal(outputs, expected)


def test_masks_stay_where_dtypes_differ():
    x = layers.Embedding(5, 2, mask_zero=True)(tf.constant([[1, 0]]))
    outputs = layers.Add()([x, layers.Masking(0)(tf.constant([[[1, 1], [0, 0]]]))])
    assert get_mask(outputs).numpy().tolist() == [[True, False]] and outputs.dtype == tf.float32


def test_text_and_numbers_do_not_merge():
    with pytest.raises(ValueError, match="Text does not fit where float32 is computed"):
        layers.Concatenate()([tf.constant([["a"]]), tf.constant([[1.0]])])
