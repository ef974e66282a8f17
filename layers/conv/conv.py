"""Convolution: the same small kernel looks at every place of the input."""

import tensorflow as tf

from engine.small_parts.sizes import positive_integer
from layers.conv.base import BaseConvolution
from layers.weights import keep_arguments, make_weight

_OPERATIONS = {3: tf.nn.conv1d, 4: tf.nn.conv2d, 5: tf.nn.conv3d}  # by the rank of the inputs


def convolve(inputs, kernel, strides, padding, dilation_rate, groups=1):
    """The convolution of `inputs` (batch, ...space, channels) with `kernel` (...size, channels // groups, filters).

        outputs[n, p, f] = sum over k, c of inputs[n, strides * p + dilation_rate * k, c] * kernel[k, c, f]
    """
    if padding == "causal":  # zeros before the start only, so that no output sees what comes after it
        inputs = tf.pad(inputs, ((0, 0), (dilation_rate[0] * (kernel.shape[0] - 1), 0), (0, 0)))
        padding = "valid"
    if groups > 1:  # one convolution per group: CPUs have no gradient for a grouped one
        pairs = zip(tf.split(inputs, groups, axis=-1), tf.split(kernel, groups, axis=-1))
        return tf.concat([convolve(x, k, strides, padding, dilation_rate) for x, k in pairs], axis=-1)
    if max(dilation_rate) > 1:
        return tf.nn.convolution(inputs, kernel, strides, padding.upper(), dilations=dilation_rate)
    return _OPERATIONS[kernel.shape.rank](inputs, kernel, (1, *strides, 1), padding.upper())


class Convolution(BaseConvolution):
    """Base of Conv1D, Conv2D and Conv3D."""

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None, dilation_rate=1, groups=1,
                 activation=None, use_bias=True, kernel_initializer="glorot_uniform", bias_initializer="zeros",
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                 bias_constraint=None, **kwargs):  # fmt: skip
        super().__init__(
            kernel_size, strides, padding, dilation_rate, activation, use_bias, bias_initializer, bias_regularizer,
            bias_constraint, data_format=data_format, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.filters = positive_integer(self, "filters", filters)
        self.groups = positive_integer(self, "groups", groups)
        keep_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._check_groups("filters", self.filters)

    def _check_groups(self, name, count):
        if count % self.groups:
            raise ValueError(f"{self._title} needs {name} divisible by groups={self.groups}, received {count}.")

    def build(self, input_shape):
        channels = self.channels_of(input_shape)
        self._check_groups("input channels", channels)
        self.check_kernel_fits(input_shape)
        self.kernel = make_weight(self, "kernel", (*self.kernel_size, channels // self.groups, self.filters))
        self.bias = self.add_bias(self.filters)

    def convolve(self, inputs):
        kernel = tf.cast(self.kernel, inputs.dtype)
        return convolve(inputs, kernel, self.strides, self.padding, self.dilation_rate, self.groups)


class Conv1D(Convolution):
    """A convolution over time: `filters` patterns of `kernel_size` steps, looked for at every step.

        outputs[n, p, f] = activation(
            sum over k, c of inputs[n, strides * p + dilation_rate * k, c] * kernel[k, c, f] + bias[f])

    Shapes: (batch, steps, channels) → (batch, new steps, filters); "channels_first": channels before steps.
    Weights: `kernel` (kernel_size, channels // groups, filters), `bias` (filters,).

    Arguments: as `Conv2D`, with one integer for each size; `padding` also knows "causal": zeros before the
    start only, so that an output never sees a later input.
    Source: van den Oord et al., "WaveNet: A Generative Model for Raw Audio", 2016 (causal, dilated).

    >>> import tensorflow as tf
    >>> from layers import Conv1D
    >>> conv = Conv1D(5, 3, padding="causal", dilation_rate=2)
    >>> conv(tf.ones((2, 10, 4))).shape, conv.kernel.shape
    (TensorShape([2, 10, 5]), TensorShape([3, 4, 5]))
    """

    rank = 1
    paddings = ("valid", "same", "causal")


class Conv2D(Convolution):
    """A convolution over images: `filters` patterns of `kernel_size` pixels, looked for at every place.

        outputs[n, p, q, f] = activation(bias[f] + sum over i, j, c of
            inputs[n, strides[0] * p + dilation_rate[0] * i, strides[1] * q + dilation_rate[1] * j, c]
            * kernel[i, j, c, f])

    Shapes: (batch, height, width, channels) → (batch, new height, new width, filters); an axis of size n becomes
    ceil(n / stride) with padding "same", and ceil((n - window + 1) / stride) with "valid", where
    window = dilation_rate * (kernel_size - 1) + 1.
    Weights: `kernel` (*kernel_size, channels // groups, filters), `bias` (filters,).

    Arguments: `filters`; `kernel_size`, `strides` (step between places) and `dilation_rate` (step inside the
    kernel), an integer or one per axis; `padding` "valid" (none) or "same" (zeros around); `data_format`
    "channels_last" or "channels_first"; `groups` (each sees its share of the channels and makes its share of
    the filters); `activation`, `use_bias`, initializers, regularizers and constraints as in `Dense`.
    Errors: ValueError if strides and dilation_rate are both above 1, or groups do not divide channels and filters.
    Source: LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998.

    >>> import tensorflow as tf
    >>> from layers import Conv2D
    >>> conv = Conv2D(5, 3, strides=2, padding="same", activation="relu")
    >>> conv(tf.ones((2, 8, 9, 4))).shape, conv.kernel.shape
    (TensorShape([2, 4, 5, 5]), TensorShape([3, 3, 4, 5]))
    """

    rank = 2


class Conv3D(Convolution):
    """A convolution over volumes or video: as `Conv2D`, with a third spatial axis.

    Shapes: (batch, depth, height, width, channels) → (batch, new depth, new height, new width, filters).
    Weights: `kernel` (*kernel_size, channels // groups, filters), `bias` (filters,).
    Arguments: as `Conv2D`.

    >>> import tensorflow as tf
    >>> from layers import Conv3D
    >>> conv = Conv3D(5, (1, 3, 3))
    >>> conv(tf.ones((2, 6, 7, 8, 4))).shape, conv.kernel.shape
    (TensorShape([2, 6, 5, 6, 5]), TensorShape([1, 3, 3, 4, 5]))
    """

    rank = 3


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
