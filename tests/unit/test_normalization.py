"""Batch normalization by one fused kernel, masks at the edge, and normalization in 16 bits."""

import numpy as np
import pytest
import tensorflow as tf

import layers
from engine import initializers


@pytest.mark.parametrize("shape", [(7, 5), (3, 4, 5), (3, 2, 4, 5), (2, 3, 2, 4, 5), (1, 5)])
@pytest.mark.parametrize("center, scale", [(True, True), (True, False), (False, True)])
def test_the_fused_kernel_computes_what_the_formula_says(shape, center, scale):
    """float32 with the features last is fused, float64 is written out: outputs, gradients, moving statistics."""
    rng = np.random.default_rng(0)
    x, cotangent = rng.normal(2.0, 3.0, size=shape), rng.normal(size=shape)
    results = []
    for dtype in ("float32", "float64"):
        layer = layers.BatchNormalization(momentum=0.5, center=center, scale=scale, dtype=dtype)
        inputs = tf.Variable(x, dtype=dtype)
        with tf.GradientTape() as tape:
            outputs = layer(inputs, training=True)
        gradients = tape.gradient(outputs, [inputs, *layer.trainable_weights], tf.constant(cotangent, dtype))
        results.append([outputs, *gradients, *layer.non_trainable_weights])
        assert layer._can_be_fused(inputs, None) == (dtype == "float32")
    for fused, formula in zip(*results, strict=True):
        np.testing.assert_allclose(fused, formula, rtol=1e-4, atol=2e-5)


def test_masked_steps_do_not_matter():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 5)).astype("float32")
    mask = np.array([[1, 1, 0], [1, 0, 0]], bool)
    other = np.where(mask[..., None], x, 1e6).astype("float32")
    one, two, packed = (layers.BatchNormalization() for _ in range(3))
    outputs, again = one(x, training=True, mask=mask), two(other, training=True, mask=mask)
    np.testing.assert_allclose(outputs[mask], again[mask], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(outputs[mask], packed(x[mask], training=True), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(one.moving_variance, packed.moving_variance, rtol=1e-5)


def test_a_frozen_layer_stays():
    layer = layers.BatchNormalization()
    layer(np.ones((4, 3), "float32"), training=True)
    layer.trainable = False
    before = layer.get_weights()
    outputs = layer(np.full((4, 3), 9.0, "float32"), training=True)
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_allclose(outputs, layer(np.full((4, 3), 9.0, "float32"), training=False))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name, arguments", [
    ("BatchNormalization", dict()), ("LayerNormalization", dict()), ("GroupNormalization", dict(groups=4)),
    ("RMSNormalization", dict()), ("UnitNormalization", dict()),
])  # fmt: skip
def test_16_bits_are_summed_in_32(name, arguments, dtype):
    """300² times 64 is beyond the largest float16."""
    x = 4 * np.random.default_rng(0).integers(48, 64, size=(5, 64)).astype("float32")  # exact in 16 bits
    exact = getattr(layers, name)(**arguments)(x, training=True)
    for policy in (dtype, f"mixed_{dtype}"):
        rounded = getattr(layers, name)(**arguments, dtype=policy)(tf.cast(x, dtype), training=True)
        assert rounded.dtype == dtype
        np.testing.assert_allclose(tf.cast(rounded, tf.float32), exact, atol=0.05)


@pytest.mark.parametrize("name, arguments", [
    ("BatchNormalization", dict()), ("LayerNormalization", dict()), ("GroupNormalization", dict(groups=2)),
    ("RMSNormalization", dict()), ("UnitNormalization", dict()),
    ("EinsumDense", dict(equation="ab,bc->ac", output_shape=3, kernel_initializer=initializers.GlorotUniform(seed=1))),
])  # fmt: skip
def test_integers_become_floating(name, arguments):
    x = np.arange(12, dtype="uint8").reshape(3, 4)
    layer = getattr(layers, name)(**arguments)
    outputs = layer(x, training=True)
    assert outputs.dtype == tf.float32
    np.testing.assert_allclose(outputs, layer(x.astype("float32"), training=True))


def test_rms_scaling_divides_by_the_standard_deviation():
    x = np.random.default_rng(0).normal(2.0, 3.0, size=(3, 5))
    layer = layers.LayerNormalization(rms_scaling=True, epsilon=0.5, dtype="float64")
    np.testing.assert_allclose(layer(x), x / np.sqrt(x.var(-1, keepdims=True) + 0.5))
    assert [weight.name for weight in layer.weights] == ["gamma:0"]


def test_spectral_normalization_brings_the_largest_singular_value_to_one():
    layer = layers.SpectralNormalization(layers.Dense(4, kernel_initializer="glorot_normal"), power_iterations=50)
    layer(np.ones((2, 6), "float32"), training=True)
    assert abs(np.linalg.svd(layer.layer.kernel)[1][0] - 1) < 1e-3
    layer.layer.kernel.assign(np.zeros((6, 4)))
    remembered = layer.vector_u.numpy()
    layer(np.ones((2, 6), "float32"), training=True)
    np.testing.assert_array_equal(layer.layer.kernel, np.zeros((6, 4)))
    np.testing.assert_array_equal(layer.vector_u, remembered)
