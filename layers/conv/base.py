"""What all convolutions share: kernel size, strides, padding, dilation, the bias and the activation."""

import tensorflow as tf

from engine import activations
from engine.dtypes import cast
from engine.small_parts.input_spec import InputSpec
from layers.spatial import SpatialLayer, check_windows_fit, one_of, per_axis
from layers.weights import keep_arguments, make_weight


class BaseConvolution(SpatialLayer):
    """Base of the convolutions: a subclass makes its kernels in `build` and multiplies in `convolve`."""

    paddings = ("valid", "same")
    strides_with_dilation = False

    def __init__(self, kernel_size, strides, padding, dilation_rate, activation, use_bias,
                 bias_initializer, bias_regularizer, bias_constraint, **kwargs):  # fmt: skip
        super().__init__(**kwargs)
        self.kernel_size = per_axis(self, "kernel_size", kernel_size)
        self.strides = per_axis(self, "strides", strides)
        self.padding = one_of(self, "padding", padding, self.paddings)
        self.dilation_rate = per_axis(self, "dilation_rate", dilation_rate)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        keep_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1 and not self.strides_with_dilation:
            raise ValueError(
                f"{self._title} takes strides or a dilation rate above 1, not both, "
                f"received strides={self.strides} and dilation_rate={self.dilation_rate}."
            )

    @property
    def window(self):
        """How far the dilated kernel reaches on each axis."""
        return tuple(dilation * (size - 1) + 1 for size, dilation in zip(self.kernel_size, self.dilation_rate))

    def channels_of(self, input_shape):
        """The number of channels of inputs of this shape; from now on, the layer insists on it."""
        channels = input_shape[self.channel_axis]
        if channels is None:
            raise ValueError(
                f"{self._title} needs a known number of channels, received inputs of shape {tuple(input_shape)} "
                f"with data_format={self.data_format!r}. Give it in Input(shape=...)."
            )
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self.channel_axis: channels})
        return channels

    def check_kernel_fits(self, input_shape):
        """A ValueError if the kernel is larger than the input and nothing is padded."""
        if self.padding == "valid":
            check_windows_fit(self, input_shape, self.window)

    def add_bias(self, size):
        """The bias of `size` output channels, None without one."""
        return make_weight(self, "bias", (size,)) if self.use_bias else None

    def convolve(self, inputs):
        """The convolution alone, on channels last."""
        raise NotImplementedError(f"{type(self).__name__} has no convolve(). Define `def convolve(self, inputs): ...`.")

    def compute(self, inputs):
        outputs = self.convolve(cast(inputs, self.compute_dtype))  # cast: images often come as integers
        # Not tf.nn.bias_add: oneDNN merges its gradient into that of the kernel, and that kernel of theirs is much slower.
        return outputs + tf.cast(self.bias, outputs.dtype) if self.use_bias else outputs

    def call(self, inputs):
        outputs = super().call(inputs)
        return outputs if self.activation is None else self.activation(outputs)
