"""Separable convolution: look at each channel alone, then mix the channels at each place."""

import tensorflow as tf

from engine.small_parts.sizes import positive_integer
from layers.conv.base import BaseConvolution
from layers.conv.conv import convolve
from layers.conv.depthwise_conv import convolve_depthwise
from layers.weights import keep_arguments, make_weight


class SeparableConvolution(BaseConvolution):
    """Base of SeparableConv1D and SeparableConv2D."""

    strides_with_dilation = True

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None, dilation_rate=1,
                 depth_multiplier=1, activation=None, use_bias=True, depthwise_initializer="glorot_uniform",
                 pointwise_initializer="glorot_uniform", bias_initializer="zeros", depthwise_regularizer=None,
                 pointwise_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 depthwise_constraint=None, pointwise_constraint=None, bias_constraint=None, **kwargs):  # fmt: skip
        super().__init__(
            kernel_size, strides, padding, dilation_rate, activation, use_bias, bias_initializer, bias_regularizer,
            bias_constraint, data_format=data_format, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.filters = positive_integer(self, "filters", filters)
        self.depth_multiplier = positive_integer(self, "depth_multiplier", depth_multiplier)
        keep_arguments(self, "depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        keep_arguments(self, "pointwise", pointwise_initializer, pointwise_regularizer, pointwise_constraint)

    def build(self, input_shape):
        channels = self.channels_of(input_shape)
        self.check_kernel_fits(input_shape)
        depthwise_shape = (*self.kernel_size, channels, self.depth_multiplier)
        pointwise_shape = (*[1] * self.rank, channels * self.depth_multiplier, self.filters)
        self.depthwise_kernel = make_weight(self, "depthwise_kernel", depthwise_shape, told="depthwise")
        self.pointwise_kernel = make_weight(self, "pointwise_kernel", pointwise_shape, told="pointwise")
        self.bias = self.add_bias(self.filters)

    def convolve(self, inputs):
        depthwise_kernel = tf.cast(self.depthwise_kernel, inputs.dtype)
        pointwise_kernel = tf.cast(self.pointwise_kernel, inputs.dtype)
        ones = (1,) * self.rank
        outputs = convolve_depthwise(inputs, depthwise_kernel, self.strides, self.padding, self.dilation_rate)
        return convolve(outputs, pointwise_kernel, ones, "valid", ones)


class SeparableConv1D(SeparableConvolution):
    """A separable convolution over time: as `SeparableConv2D`, with one spatial axis.

    Shapes: (batch, steps, channels) → (batch, new steps, filters).
    Weights: `depthwise_kernel` (kernel_size, channels, depth_multiplier),
    `pointwise_kernel` (1, channels * depth_multiplier, filters), `bias` (filters,).
    Arguments: as `SeparableConv2D`.

    >>> import tensorflow as tf
    >>> from layers import SeparableConv1D
    >>> conv = SeparableConv1D(5, 3)
    >>> conv(tf.ones((2, 7, 4))).shape, conv.pointwise_kernel.shape
    (TensorShape([2, 5, 5]), TensorShape([1, 4, 5]))
    """

    rank = 1


class SeparableConv2D(SeparableConvolution):
    """A separable convolution over images: a depthwise one, then one of size 1 that mixes the channels.

        between[n, p, c * depth_multiplier + m] =
            sum over k of inputs[n, strides * p + dilation_rate * k, c] * depthwise_kernel[k, c, m]
        outputs = activation(between @ pointwise_kernel + bias)

    It costs about kernel height * kernel width times less than `Conv2D`.

    Shapes: (batch, height, width, channels) → (batch, new height, new width, filters), the sizes as with `Conv2D`.
    Weights: `depthwise_kernel` (*kernel_size, channels, depth_multiplier),
    `pointwise_kernel` (1, 1, channels * depth_multiplier, filters), `bias` (filters,).

    Arguments: `depth_multiplier` (patterns per channel), the others as `Conv2D`; each kernel has an initializer,
    a regularizer and a constraint; strides and dilation go together.
    Source: Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2017.

    >>> import tensorflow as tf
    >>> from layers import SeparableConv2D
    >>> conv = SeparableConv2D(5, 3, depth_multiplier=2)
    >>> conv(tf.ones((2, 7, 9, 4))).shape, conv.pointwise_kernel.shape
    (TensorShape([2, 5, 7, 5]), TensorShape([1, 1, 8, 5]))
    """

    rank = 2


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
