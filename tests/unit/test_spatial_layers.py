"""Layers over space where Keras gives no numbers on CPUs: proved from layers that are compared with Keras.

Channels first is the transposed channels last; a transposed convolution is the adjoint of a convolution; a depthwise
convolution is one with as many groups as channels. And: sizes unknown while tracing, integer images, empty masks.
"""

import numpy as np
import pytest
import tensorflow as tf

import layers


def normal(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).normal(size=shape))


def make(name, arguments, **more):
    return getattr(layers, name)(**arguments, **more, dtype="float64")


LAYERS = [  # (name, arguments, number of spatial axes)
    ("Conv1D", dict(filters=5, kernel_size=2, padding="same", bias_initializer="random_normal"), 1),
    ("Conv1D", dict(filters=5, kernel_size=2, padding="causal", dilation_rate=2), 1),
    ("Conv2D", dict(filters=5, kernel_size=3, strides=2, padding="same", activation="relu"), 2),
    ("Conv2D", dict(filters=6, kernel_size=2, groups=3, bias_initializer="random_normal"), 2),
    ("Conv2D", dict(filters=4, kernel_size=2, dilation_rate=(1, 2), padding="same"), 2),
    ("Conv3D", dict(filters=4, kernel_size=2, strides=(1, 2, 1)), 3),
    ("Conv1DTranspose", dict(filters=5, kernel_size=3, strides=2, padding="same"), 1),
    ("Conv2DTranspose", dict(filters=5, kernel_size=(3, 2), strides=2, output_padding=1), 2),
    ("Conv2DTranspose", dict(filters=5, kernel_size=3, dilation_rate=2), 2),
    ("Conv3DTranspose", dict(filters=4, kernel_size=2, strides=(1, 2, 3), bias_initializer="random_normal"), 3),
    ("DepthwiseConv1D", dict(kernel_size=3, bias_initializer="random_normal"), 1),
    ("DepthwiseConv2D", dict(kernel_size=3, depth_multiplier=2, bias_initializer="random_normal"), 2),
    ("DepthwiseConv2D", dict(kernel_size=2, strides=(1, 2), padding="same"), 2),
    ("SeparableConv2D", dict(filters=5, kernel_size=2, bias_initializer="random_normal"), 2),
    ("MaxPooling1D", dict(pool_size=3, strides=2, padding="same"), 1),
    ("MaxPooling2D", dict(pool_size=(2, 3)), 2),
    ("MaxPooling3D", dict(pool_size=(1, 2, 3), padding="same"), 3),
    ("AveragePooling2D", dict(pool_size=(2, 3), padding="same"), 2),
    ("AveragePooling3D", dict(pool_size=2, strides=1), 3),
    ("GlobalMaxPooling2D", dict(keepdims=True), 2),
    ("GlobalAveragePooling3D", dict(keepdims=True), 3),
    ("AdaptiveAveragePooling2D", dict(output_size=(2, 3)), 2),
    ("AdaptiveMaxPooling3D", dict(output_size=(2, 3, 1)), 3),
    ("UpSampling2D", dict(size=(1, 3)), 2),
    ("UpSampling2D", dict(size=2, interpolation="bicubic"), 2),
    ("UpSampling3D", dict(size=(1, 2, 3)), 3),
    ("ZeroPadding1D", dict(padding=(1, 2)), 1),
    ("ZeroPadding2D", dict(padding=((0, 1), (2, 3))), 2),
    ("Cropping3D", dict(cropping=((0, 1), (1, 0), (1, 2))), 3),
]
NAMES = [f"{name}-{'-'.join(arguments)}" for name, arguments, _ in LAYERS]
SIZES = (5, 6, 7)


@pytest.mark.parametrize("name, arguments, rank", LAYERS, ids=NAMES)
def test_channels_first_is_channels_last_transposed(name, arguments, rank):
    last = (0, *range(2, rank + 2), 1)
    first = (0, rank + 1, *range(1, rank + 1))
    x = normal(2, 3, *SIZES[:rank])
    ours, theirs = make(name, arguments, data_format="channels_first"), make(name, arguments)
    ours(x), theirs(tf.transpose(x, last))
    theirs.set_weights(ours.get_weights())
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        outputs = ours(x)
        expected = tf.transpose(theirs(tf.transpose(x, last)), first)
        cotangent = normal(*outputs.shape, seed=1)
        targets = [tf.reduce_sum(value * cotangent) for value in (outputs, expected)]
    np.testing.assert_allclose(outputs, expected, rtol=1e-12, atol=1e-12)
    gradients = [
        tape.gradient(target, [x, *layer.trainable_weights]) for target, layer in zip(targets, (ours, theirs))
    ]
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name, arguments, rank", LAYERS, ids=NAMES)
def test_sizes_unknown_while_tracing(name, arguments, rank):
    layer = make(name, arguments)
    x = normal(2, *SIZES[:rank], 3)
    expected = layer(x)
    traced = tf.function(layer, autograph=False, input_signature=[tf.TensorSpec((None,) * (rank + 1) + (3,), x.dtype)])
    np.testing.assert_allclose(traced(x), expected, rtol=1e-12, atol=1e-12)
    assert traced(x[:1]).shape == (1, *expected.shape[1:])


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kernel_size, dilation_rate", [((3, 2), (2, 3)), ((2, 2), (1, 3)), ((2, 3), (2, 2))])
def test_dilated_transposed_convolution_is_the_adjoint(kernel_size, dilation_rate, padding):
    arguments = dict(kernel_size=kernel_size, dilation_rate=dilation_rate, padding=padding, use_bias=False)
    conv, transposed = make("Conv2D", arguments, filters=5), make("Conv2DTranspose", arguments, filters=3)
    x = normal(2, 6, 7, 3)
    y = normal(*conv(x).shape, seed=1)
    transposed(y)
    transposed.set_weights(conv.get_weights())
    np.testing.assert_allclose(tf.reduce_sum(conv(x) * y), tf.reduce_sum(x * transposed(y)), rtol=1e-10)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [(1, 2), (3, 2), (2, 2)])
def test_depthwise_convolution_is_one_with_as_many_groups_as_channels(strides, padding):
    arguments = dict(kernel_size=(3, 2), strides=strides, padding=padding)
    depthwise = make("DepthwiseConv2D", arguments, depth_multiplier=2, bias_initializer="random_normal")
    grouped = make("Conv2D", arguments, filters=6, groups=3)
    x = normal(2, 8, 7, 3)
    outputs = depthwise(x)
    grouped(x)
    kernel, bias = depthwise.get_weights()
    grouped.set_weights([kernel.reshape(3, 2, 1, 6), bias])
    np.testing.assert_allclose(outputs, grouped(x), rtol=1e-10, atol=1e-12)


def test_volumes_pool_in_float64():
    x = normal(2, 5, 6, 7, 3)
    windows = x[:, :4, :6, :6].numpy().reshape(2, 2, 2, 3, 2, 3, 2, 3)
    np.testing.assert_allclose(make("MaxPooling3D", {})(x), windows.max((2, 4, 6)))
    np.testing.assert_allclose(make("AveragePooling3D", {})(x), windows.mean((2, 4, 6)))


def test_area_is_nearest_for_whole_factors():
    x = normal(2, 5, 6, 3)
    area, nearest = (make("UpSampling2D", dict(size=(2, 3), interpolation=name)) for name in ("area", "nearest"))
    np.testing.assert_array_equal(area(x), nearest(x))


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos3", "lanczos5"])
def test_interpolating_a_constant_image_keeps_it(interpolation):
    x = tf.fill((1, 4, 5, 2), 3.0)
    outputs = layers.UpSampling2D((2, 3), interpolation=interpolation)(x)
    np.testing.assert_allclose(outputs, tf.fill((1, 8, 15, 2), 3.0), rtol=1e-6)


def test_integer_images():
    x = tf.constant(np.random.default_rng(0).integers(0, 255, (2, 5, 6, 3)), tf.uint8)
    conv = layers.Conv2D(4, 3)
    np.testing.assert_array_equal(conv(x), conv(tf.cast(x, "float32")))


def test_average_of_no_steps_is_zero():
    x = normal(2, 4, 3)
    mask = tf.constant([[True, False, True, False], [False] * 4])
    outputs = make("GlobalAveragePooling1D", {})(x, mask=mask)
    np.testing.assert_allclose(outputs, [(x[0, 0] + x[0, 2]) / 2, [0, 0, 0]])


def test_reshape_does_not_move_elements_between_examples():
    """7 elements cannot be (2, 3), however many examples would make them fit."""
    reshape = layers.Reshape((2, 3))
    traced = tf.function(reshape, autograph=False, input_signature=[tf.TensorSpec((None, None))])
    with pytest.raises(tf.errors.InvalidArgumentError):
        traced(tf.ones((6, 7)))


@pytest.mark.parametrize("layer, shape", [("Conv2D", (None, 5, 6, None)), ("DepthwiseConv1D", (None, 5, None))])
def test_unknown_channels_are_an_error(layer, shape):
    arguments = dict(filters=2) if layer == "Conv2D" else {}
    with pytest.raises(ValueError, match="known number of channels"):
        make(layer, arguments, kernel_size=2).build(shape)


@pytest.mark.parametrize("kind", [layers.Conv1D, layers.Conv2D, layers.Conv2DTranspose, layers.DepthwiseConv2D])
def test_the_gradient_of_the_bias_stays_out_of_that_of_the_kernel(kind):
    """oneDNN merges BiasAddGrad into the gradient of the kernel, which makes a step of a CNN an eighth slower."""
    layer = kind(kernel_size=2, **({} if kind is layers.DepthwiseConv2D else {"filters": 3}))
    shape = (2, *[5] * layer.rank, 4)

    @tf.function
    def gradients(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x) ** 2)
        return tape.gradient(loss, layer.trainable_variables)

    operations = gradients.get_concrete_function(tf.TensorSpec(shape)).graph.get_operations()
    assert "BiasAddGrad" not in {operation.type for operation in operations}
