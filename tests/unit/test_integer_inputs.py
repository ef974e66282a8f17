"""Layers that compute with fractions, on whole numbers: as on the same numbers in the layer's dtype."""

import numpy as np
import pytest
import tensorflow as tf

import layers
from engine import Input, Model

IMAGE, SERIES, ROW = (2, 4, 5, 3), (2, 4, 3), (2, 3)
MAKE = {
    "GlobalAveragePooling1D": (lambda **dtype: layers.GlobalAveragePooling1D(**dtype), SERIES),
    "GlobalAveragePooling2D": (lambda **dtype: layers.GlobalAveragePooling2D(data_format="channels_first", **dtype), IMAGE),
    "GlobalAveragePooling3D": (lambda **dtype: layers.GlobalAveragePooling3D(**dtype), (2, 3, 2, 2, 3)),
    "AveragePooling1D": (lambda **dtype: layers.AveragePooling1D(2, **dtype), SERIES),
    "AveragePooling2D": (lambda **dtype: layers.AveragePooling2D(2, padding="same", **dtype), IMAGE),
    "AveragePooling3D": (lambda **dtype: layers.AveragePooling3D(2, **dtype), (2, 3, 2, 2, 3)),
    "AdaptiveAveragePooling2D": (lambda **dtype: layers.AdaptiveAveragePooling2D((2, 3), **dtype), IMAGE),
    "UpSampling2D": (lambda **dtype: layers.UpSampling2D(2, interpolation="bilinear", **dtype), IMAGE),
    "MultiHeadAttention": (lambda **dtype: layers.MultiHeadAttention(2, 3, use_gate=True, **dtype), SERIES),
    "GroupQueryAttention": (lambda **dtype: layers.GroupQueryAttention(3, 4, 2, **dtype), SERIES),
    "Attention": (lambda **dtype: layers.Attention(use_scale=True, **dtype), SERIES),
    "Attention of pairs": (lambda **dtype: layers.Attention(score_mode="concat", **dtype), SERIES),
    "AdditiveAttention": (lambda **dtype: layers.AdditiveAttention(**dtype), SERIES),
    "PReLU": (lambda **dtype: layers.PReLU("ones", **dtype), SERIES),
    "Discretization": (lambda **dtype: layers.Discretization(bin_boundaries=[1.0, 3.0], **dtype), ROW),
}


def called(layer, *inputs):
    several = {layers.Attention: lambda: ([*inputs, *inputs],), layers.AdditiveAttention: lambda: ([*inputs, *inputs],),
               layers.MultiHeadAttention: lambda: inputs * 2, layers.GroupQueryAttention: lambda: inputs * 2}  # fmt: skip
    return layer(*several.get(type(layer), lambda: inputs)())


@pytest.mark.parametrize("policy", ("float32", "float64", "mixed_bfloat16"))
@pytest.mark.parametrize("given", ("int32", "int64", "uint8", "bool"))
@pytest.mark.parametrize("name", MAKE)
def test_whole_numbers_are_computed_with_as_numbers_with_fractions(name, given, policy):
    make, shape = MAKE[name]
    layer = make(dtype=policy)
    whole = tf.cast(np.random.default_rng(0).integers(0, 6, shape), given)
    outputs, expected = called(layer, whole), called(layer, tf.cast(whole, layer.compute_dtype))
    assert outputs.dtype == expected.dtype
    np.testing.assert_array_equal(outputs, expected)
    graph = tf.function(lambda inputs: called(layer, inputs))(whole)
    np.testing.assert_allclose(tf.cast(graph, "float64"), tf.cast(expected, "float64"), rtol=0.05 if policy == "mixed_bfloat16" else 1e-4, atol=1e-5)


def test_the_mean_of_whole_numbers_has_a_fraction_in_models_and_under_masks():
    whole = np.array([[[1, 2], [2, 4], [9, 9]]])
    inputs = Input((3, 2), dtype="int32")
    np.testing.assert_array_equal(Model(inputs, layers.GlobalAveragePooling1D()(inputs)).predict(whole), [[4.0, 5.0]])
    mask = tf.constant([[True, True, False]])
    np.testing.assert_array_equal(layers.GlobalAveragePooling1D()(tf.constant(whole), mask=mask), [[1.5, 3.0]])
