"""LSTMs that see space: convolutions in place of the matrix products."""

import tensorflow as tf

from engine import activations, spellings
from engine.small_parts.input_spec import InputSpec
from engine.small_parts.sizes import positive_integer
from layers.conv.conv import convolve
from layers.recurrent.cell import RecurrentCell
from layers.recurrent.cell_layer import CellLayer
from layers.recurrent.lstm import LSTMCell, forget_bias
from layers.spatial import (
    one_of,
    per_axis,
    to_channels_first,
    to_channels_last,
)
from losses.ground.shapes import sizes_of


class ConvLSTMCell(RecurrentCell):
    """One step of a ConvLSTM; `rank` is the number of spatial axes."""

    rank = None
    num_gates = 4
    num_states = 2
    num_input_masks = 4
    draws_seed_first = True
    step = LSTMCell.step
    first_bias = forget_bias

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None, dilation_rate=1,
                 activation="tanh", recurrent_activation="sigmoid", use_bias=True, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros", unit_forget_bias=True,
                 kernel_regularizer=None, recurrent_regularizer=None, bias_regularizer=None, kernel_constraint=None,
                 recurrent_constraint=None, bias_constraint=None, dropout=0.0, recurrent_dropout=0.0, seed=None,
                 **kwargs):  # fmt: skip
        super().__init__(
            activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint, dropout, recurrent_dropout, seed, **kwargs,
        )  # fmt: skip
        self.filters = positive_integer(self, "filters", filters)
        self.kernel_size = per_axis(self, "kernel_size", kernel_size)
        self.strides = per_axis(self, "strides", strides)
        self.padding = one_of(self, "padding", padding, ("valid", "same"))
        data_format = data_format or "channels_last"
        self.data_format = one_of(self, "data_format", data_format, ("channels_last", "channels_first"))
        self.dilation_rate = per_axis(self, "dilation_rate", dilation_rate)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{self._title} takes strides or a dilation rate above 1, not both, "
                f"received strides={self.strides} and dilation_rate={self.dilation_rate}."
            )

    @property
    def width(self):
        return self.filters

    @property
    def gate_axis(self):
        """The axis of the channels, counted from the end: the same with and without an axis of time."""
        return -1 if self.data_format == "channels_last" else -self.rank - 1

    def build(self, input_shape):
        space = input_shape[1:-1] if self.gate_axis == -1 else input_shape[2:]
        self.space = list(map(self._size_after, space, self.kernel_size, self.strides, self.dilation_rate))
        if any(size is None or size < 1 for size in self.space):
            raise ValueError(
                f"{self._title} needs inputs of a known size, {self.kernel_size} or larger, on its spatial axes: "
                f"the state has their size. Received {tuple(space)}."
            )
        super().build(input_shape)

    def _size_after(self, size, kernel, stride, dilation):
        if size is None or self.padding == "same":
            return size and -(-size // stride)
        return (size - dilation * (kernel - 1) - 1) // stride + 1

    def kernel_shape(self, input_shape):
        return *self.kernel_size, input_shape[self.gate_axis], 4 * self.filters

    def recurrent_kernel_shape(self):
        return *self.kernel_size, self.filters, 4 * self.filters

    def input_bias(self):
        return self.bias if self.gate_axis == -1 else tf.reshape(self.bias, (-1, *[1] * self.rank))

    @spellings.rows_of
    def get_initial_state(self, batch_size=None):
        """Zeros h and c, (batch_size, ...space, filters) or with the filters first."""
        last = self.data_format == "channels_last"
        shape = (*self.space, self.filters) if last else (self.filters, *self.space)
        return [tf.zeros((batch_size, *shape), self.compute_dtype) for _ in range(2)]

    def input_mask_shape(self, inputs, states):
        return tf.shape(inputs)[1:]

    def multiply_inputs(self, inputs, kernel):
        sizes = sizes_of(inputs)  # time and batch become one axis: one convolution for all steps
        merged = tf.reshape(inputs, (-1, *sizes[2:]))
        outputs = self._convolve(merged, kernel, self.strides, self.padding, self.dilation_rate)
        return tf.reshape(outputs, (*sizes[:2], *outputs.shape[1:]))

    def multiply_states(self, state, kernel):
        ones = (1,) * self.rank
        return self._convolve(state, kernel, ones, "same", ones)

    def _convolve(self, inputs, *arguments):
        if self.data_format == "channels_last":
            return convolve(inputs, *arguments)
        return to_channels_first(convolve(to_channels_last(inputs), *arguments))


class ConvLSTM(CellLayer):
    """Base of ConvLSTM1D, ConvLSTM2D and ConvLSTM3D."""

    cell_class = None

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None, dilation_rate=1,
                 activation="tanh", recurrent_activation="sigmoid", use_bias=True, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros", unit_forget_bias=True,
                 kernel_regularizer=None, recurrent_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, recurrent_constraint=None, bias_constraint=None, dropout=0.0,
                 recurrent_dropout=0.0, seed=None, return_sequences=False, return_state=False, go_backwards=False,
                 stateful=False, **kwargs):  # fmt: skip
        cell = self.cell_class(
            filters, kernel_size, strides, padding, data_format, dilation_rate, activation, recurrent_activation,
            use_bias, kernel_initializer, recurrent_initializer, bias_initializer, unit_forget_bias,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint, dropout, recurrent_dropout, seed,
            name="conv_lstm_cell", dtype=kwargs.get("dtype"), trainable=kwargs.get("trainable", True),
        )  # fmt: skip
        super().__init__(
            cell, return_sequences=return_sequences, return_state=return_state, go_backwards=go_backwards,
            stateful=stateful, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.input_spec = InputSpec(ndim=cell.rank + 3)


class ConvLSTM1DCell(ConvLSTMCell):
    """One step of `ConvLSTM1D`."""

    rank = 1


class ConvLSTM2DCell(ConvLSTMCell):
    """One step of `ConvLSTM2D`."""

    rank = 2


class ConvLSTM3DCell(ConvLSTMCell):
    """One step of `ConvLSTM3D`."""

    rank = 3


class ConvLSTM1D(ConvLSTM):
    """`ConvLSTM2D` for sequences of signals: (batch, time, steps, channels) → (batch, new steps, filters).

    Arguments: as `ConvLSTM2D`.

    >>> import tensorflow as tf
    >>> from layers import ConvLSTM1D
    >>> ConvLSTM1D(4, 3)(tf.ones((2, 5, 8, 3))).shape
    TensorShape([2, 6, 4])
    """

    cell_class = ConvLSTM1DCell


class ConvLSTM2D(ConvLSTM):
    """An LSTM over sequences of images, with convolutions in place of matrix products.

        i, f, g, o = split(conv(sequences[t], kernel) + conv(h[t-1], recurrent_kernel) + bias)
        c[t] = recurrent_activation(f) * c[t-1] + recurrent_activation(i) * activation(g)
        h[t] = recurrent_activation(o) * activation(c[t]),   output[t] = h[t]

    Shapes: (batch, time, rows, columns, channels) → (batch, new rows, new columns, filters), with `return_sequences`
    (batch, time, new rows, new columns, filters); states h, c. Rows and columns must be known.
    Weights: `cell.kernel` (*kernel_size, channels, 4 * filters), `cell.recurrent_kernel` (*kernel_size, filters,
    4 * filters), `cell.bias` (4 * filters,).

    Arguments: `filters`; `kernel_size`, `strides`, `padding` ("valid" or "same"), `data_format`, `dilation_rate` of
    the convolution of the inputs (that of the state keeps its size); the others are those of `LSTM`.
    Errors: ValueError for strides and dilation both above 1, and for spatial axes of unknown size.
    Source: Shi et al., "Convolutional LSTM network", 2015.

    >>> import tensorflow as tf
    >>> from layers import ConvLSTM2D
    >>> ConvLSTM2D(4, 3, padding="same")(tf.ones((2, 5, 8, 6, 3))).shape
    TensorShape([2, 8, 6, 4])
    """

    cell_class = ConvLSTM2DCell


class ConvLSTM3D(ConvLSTM):
    """`ConvLSTM2D` for sequences of volumes: (batch, time, x, y, z, channels) → (batch, new x, new y, new z, filters).

    Arguments: as `ConvLSTM2D`.

    >>> import tensorflow as tf
    >>> from layers import ConvLSTM3D
    >>> ConvLSTM3D(2, 3)(tf.ones((1, 2, 4, 5, 6, 3))).shape
    TensorShape([1, 2, 3, 4, 2])
    """

    cell_class = ConvLSTM3DCell
