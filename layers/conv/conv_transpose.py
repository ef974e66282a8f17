"""Transposed convolution: the gradient of a convolution, used forwards to enlarge."""

import tensorflow as tf

from engine.small_parts.sizes import positive_integer
from layers.conv.base import BaseConvolution
from layers.spatial import is_integer
from layers.weights import keep_arguments, make_weight
from losses.ground.shapes import sizes_of

_OPERATIONS = {3: tf.nn.conv1d_transpose, 4: tf.nn.conv2d_transpose, 5: tf.nn.conv3d_transpose}


class ConvolutionTranspose(BaseConvolution):
    """Base of Conv1DTranspose, Conv2DTranspose and Conv3DTranspose."""

    def __init__(self, filters, kernel_size, strides=1, padding="valid", output_padding=None, data_format=None,
                 dilation_rate=1, activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, **kwargs):  # fmt: skip
        super().__init__(
            kernel_size, strides, padding, dilation_rate, activation, use_bias, bias_initializer, bias_regularizer,
            bias_constraint, data_format=data_format, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.filters = positive_integer(self, "filters", filters)
        self.output_padding = self._checked_output_padding(output_padding)
        keep_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)

    def _checked_output_padding(self, value):
        """`value` as None or one integer per axis; the forward convolution must be able to have inputs of that size."""
        if value is None:
            return None
        extra = (value,) * self.rank if is_integer(value, 0) else value
        if not isinstance(extra, (tuple, list)) or len(extra) != self.rank or not all(is_integer(e, 0) for e in extra):
            raise ValueError(
                f"{self._title} takes None, an integer from 0 or {self.rank} of them as `output_padding`, "
                f"received {value!r}."
            )
        for size, stride, window in zip(extra, self.strides, self.window):
            if size >= stride or (self.padding == "same" and size + window % 2 == 0):
                raise ValueError(
                    f"{self._title} takes an `output_padding` below the strides {self.strides}, and above 0 where "
                    f"an even window is padded 'same', received {value!r}. None finds one that fits."
                )
        return tuple(int(size) for size in extra)

    def build(self, input_shape):
        channels = self.channels_of(input_shape)
        self.kernel = make_weight(self, "kernel", (*self.kernel_size, self.filters, channels))
        self.bias = self.add_bias(self.filters)

    def _output_size(self, size, axis):
        stride, window = self.strides[axis], self.window[axis]
        if self.output_padding is None:
            return size * stride + (max(window - stride, 0) if self.padding == "valid" else 0)
        cut = 2 * (window // 2) if self.padding == "same" else 0
        return (size - 1) * stride + window - cut + self.output_padding[axis]

    def convolve(self, inputs):
        kernel = tf.cast(self.kernel, inputs.dtype)
        if max(self.dilation_rate) > 1:
            return self._convolve_dilated(inputs, kernel)
        batch, *sizes, _ = sizes_of(inputs)
        output_shape = (batch, *(self._output_size(size, axis) for axis, size in enumerate(sizes)), self.filters)
        operation = _OPERATIONS[self.rank + 2]
        return operation(inputs, kernel, output_shape, (1, *self.strides, 1), self.padding.upper())

    def _convolve_dilated(self, inputs, kernel):
        """As a convolution of the padded inputs with the mirrored kernel: CPUs cannot transpose a dilated one.

        A dilated kernel has strides of 1, so output p meets input p - dilation_rate * k under kernel place k.
        """
        paddings = []
        for window in self.window:
            before = (window - 1) // 2 if self.padding == "same" else 0  # what the forward convolution pads
            after = window - 1 - before if self.padding == "same" else 0
            paddings.append((window - 1 - before, window - 1 - after))
        axes = list(range(self.rank))
        mirrored = tf.transpose(tf.reverse(kernel, axes), (*axes, self.rank + 1, self.rank))
        inputs = tf.pad(inputs, [(0, 0), *paddings, (0, 0)])
        return tf.nn.convolution(inputs, mirrored, padding="VALID", dilations=self.dilation_rate)


class Conv1DTranspose(ConvolutionTranspose):
    """A transposed convolution over time: as `Conv2DTranspose`, with one spatial axis.

    Shapes: (batch, steps, channels) → (batch, new steps, filters).
    Weights: `kernel` (kernel_size, filters, channels), `bias` (filters,).
    Arguments: as `Conv2DTranspose`.

    >>> import tensorflow as tf
    >>> from layers import Conv1DTranspose
    >>> conv = Conv1DTranspose(5, 3, strides=2)
    >>> conv(tf.ones((2, 7, 4))).shape, conv.kernel.shape
    (TensorShape([2, 15, 5]), TensorShape([3, 5, 4]))
    """

    rank = 1


class Conv2DTranspose(ConvolutionTranspose):
    """A transposed convolution over images: every input pixel stamps the kernel, scaled by its value, on the output.

        outputs[n, strides * p + dilation_rate * k, f] += inputs[n, p, c] * kernel[k, f, c]     for all p, k, c
        outputs = activation(outputs + bias)

    Shapes: (batch, height, width, channels) → (batch, new height, new width, filters); an axis of size n becomes
    n * stride with padding "same" (the rim of the stamps is cut off), and n * stride + max(window - stride, 0)
    with "valid", where window = dilation_rate * (kernel_size - 1) + 1.
    Weights: `kernel` (*kernel_size, filters, channels), `bias` (filters,).

    Arguments: as `Conv2D` without groups, and `output_padding` (None: the sizes above; a number below the
    stride: (n - 1) * stride + window + output_padding, less 2 * (window // 2) with "same").
    Errors: ValueError if strides and dilation_rate are both above 1, or no convolution has that output_padding.
    Source: Zeiler et al., "Deconvolutional Networks", 2010.

    >>> import tensorflow as tf
    >>> from layers import Conv2DTranspose
    >>> conv = Conv2DTranspose(5, 3, strides=2, padding="same")
    >>> conv(tf.ones((2, 7, 9, 4))).shape, conv.kernel.shape
    (TensorShape([2, 14, 18, 5]), TensorShape([3, 3, 5, 4]))
    """

    rank = 2


class Conv3DTranspose(ConvolutionTranspose):
    """A transposed convolution over volumes: as `Conv2DTranspose`, with a third spatial axis.

    Shapes: (batch, depth, height, width, channels) → (batch, new depth, new height, new width, filters).
    Weights: `kernel` (*kernel_size, filters, channels), `bias` (filters,).
    Arguments: as `Conv2DTranspose`.

    >>> import tensorflow as tf
    >>> from layers import Conv3DTranspose
    >>> conv = Conv3DTranspose(5, 2, strides=2)
    >>> conv(tf.ones((2, 3, 4, 6, 4))).shape, conv.kernel.shape
    (TensorShape([2, 6, 8, 12, 5]), TensorShape([2, 2, 2, 5, 4]))
    """

    rank = 3


Convolution1DTranspose, Convolution2DTranspose, Convolution3DTranspose = (
    Conv1DTranspose, Conv2DTranspose, Conv3DTranspose,
)  # fmt: skip
