"""Depthwise convolution: each channel has its own kernels, and channels do not mix."""

import tensorflow as tf

from engine.small_parts.sizes import positive_integer
from layers.conv.base import BaseConvolution
from layers.spatial import pad_same
from layers.weights import keep_arguments, make_weight


def convolve_depthwise(inputs, kernel, strides, padding, dilation_rate):
    """The convolution of each channel of `inputs` (batch, ...space, channels) with its own kernels.

        outputs[n, p, c * multiplier + m] =
            sum over k of inputs[n, strides * p + dilation_rate * k, c] * kernel[k, c, m]

    `kernel` has the shape (...size, channels, multiplier).
    """
    if kernel.shape.rank == 3:  # a signal is an image of height 1
        outputs = convolve_depthwise(inputs[:, None], kernel[None], strides * 2, padding, (1, *dilation_rate))
        return tf.squeeze(outputs, axis=1)
    if strides[0] == strides[1] and 1 in (strides[0], max(dilation_rate)):
        return tf.nn.depthwise_conv2d(inputs, kernel, (1, *strides, 1), padding.upper(), dilations=dilation_rate)
    # TensorFlow has neither unequal strides nor strides with dilation here: convolve everywhere, keep some places.
    if padding == "same":
        windows = [rate * (size - 1) + 1 for rate, size in zip(dilation_rate, kernel.shape)]
        inputs = pad_same(inputs, windows, strides)
    outputs = tf.nn.depthwise_conv2d(inputs, kernel, (1, 1, 1, 1), "VALID", dilations=dilation_rate)
    return outputs[:, :: strides[0], :: strides[1]]


class DepthwiseConvolution(BaseConvolution):
    """Base of DepthwiseConv1D and DepthwiseConv2D."""

    strides_with_dilation = True

    def __init__(self, kernel_size, strides=1, padding="valid", depth_multiplier=1, data_format=None, dilation_rate=1,
                 activation=None, use_bias=True, depthwise_initializer="glorot_uniform", bias_initializer="zeros",
                 depthwise_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 depthwise_constraint=None, bias_constraint=None, **kwargs):  # fmt: skip
        super().__init__(
            kernel_size, strides, padding, dilation_rate, activation, use_bias, bias_initializer, bias_regularizer,
            bias_constraint, data_format=data_format, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.depth_multiplier = positive_integer(self, "depth_multiplier", depth_multiplier)
        keep_arguments(self, "depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)

    def build(self, input_shape):
        channels = self.channels_of(input_shape)
        self.check_kernel_fits(input_shape)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = make_weight(self, "kernel", shape, told="depthwise")
        self.bias = self.add_bias(channels * self.depth_multiplier)

    def convolve(self, inputs):
        kernel = tf.cast(self.kernel, inputs.dtype)
        return convolve_depthwise(inputs, kernel, self.strides, self.padding, self.dilation_rate)


class DepthwiseConv1D(DepthwiseConvolution):
    """A depthwise convolution over time: as `DepthwiseConv2D`, with one spatial axis.

    Shapes: (batch, steps, channels) → (batch, new steps, channels * depth_multiplier).
    Weights: `kernel` (kernel_size, channels, depth_multiplier), `bias` (channels * depth_multiplier,).
    Arguments: as `DepthwiseConv2D`.

    >>> import tensorflow as tf
    >>> from layers import DepthwiseConv1D
    >>> conv = DepthwiseConv1D(3, depth_multiplier=2)
    >>> conv(tf.ones((2, 7, 4))).shape, conv.kernel.shape
    (TensorShape([2, 5, 8]), TensorShape([3, 4, 2]))
    """

    rank = 1


class DepthwiseConv2D(DepthwiseConvolution):
    """A depthwise convolution over images: `depth_multiplier` patterns for each channel alone.

        outputs[n, p, c * depth_multiplier + m] = activation(bias[c * depth_multiplier + m]
            + sum over k of inputs[n, strides * p + dilation_rate * k, c] * kernel[k, c, m])

    Shapes: (batch, height, width, channels) → (batch, new height, new width, channels * depth_multiplier), the
    sizes as with `Conv2D`.
    Weights: `kernel` (*kernel_size, channels, depth_multiplier), `bias` (channels * depth_multiplier,).

    Arguments: `depth_multiplier` (patterns per channel), the others as `Conv2D`; strides and dilation go together.
    Source: Howard et al., "MobileNets", 2017.

    >>> import tensorflow as tf
    >>> from layers import DepthwiseConv2D
    >>> conv = DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2)
    >>> conv(tf.ones((2, 7, 9, 4))).shape, conv.kernel.shape
    (TensorShape([2, 4, 5, 8]), TensorShape([3, 3, 4, 2]))
    """

    rank = 2
