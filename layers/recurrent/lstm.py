"""Long short-term memory: a state that is added to, so that gradients reach far back."""

import tensorflow as tf

from engine import activations
from engine.small_parts.sizes import positive_integer
from layers.recurrent.cell import RecurrentCell
from layers.recurrent.cell_layer import CellLayer
from layers.recurrent.fused_lstm import fused_lstm


class LSTMCell(RecurrentCell):
    """One step of `LSTM`; the equations are there.

    Shapes: (batch, features), states [h, c], each (batch, units) → h, [h, c].
    Weights: `kernel` (features, 4 * units), `recurrent_kernel` (units, 4 * units), `bias` (4 * units,); the columns
    belong to the gates i, f, g, o in this order. Arguments: those of `LSTM` that concern one step.

    >>> import tensorflow as tf
    >>> from layers import LSTMCell
    >>> output, [h, c] = LSTMCell(4)(tf.ones((2, 3)), [tf.zeros((2, 4)), tf.zeros((2, 4))])
    >>> output.shape
    TensorShape([2, 4])
    """

    num_gates = 4
    num_states = 2

    def __init__(self, units, activation="tanh", recurrent_activation="sigmoid", use_bias=True,
                 kernel_initializer="glorot_uniform", recurrent_initializer="orthogonal", bias_initializer="zeros",
                 unit_forget_bias=True, kernel_regularizer=None, recurrent_regularizer=None, bias_regularizer=None,
                 kernel_constraint=None, recurrent_constraint=None, bias_constraint=None, dropout=0.0,
                 recurrent_dropout=0.0, seed=None, **kwargs):  # fmt: skip
        super().__init__(
            activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint, dropout, recurrent_dropout, seed, **kwargs,
        )  # fmt: skip
        self.units = positive_integer(self, "units", units)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias

    def first_bias(self, shape, dtype):
        return forget_bias(self, shape, dtype)

    def step(self, projected, states, shared):
        h, c = states
        i, f, g, o = tf.split(projected + self.recur(h, shared), 4, axis=self.gate_axis)
        c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * self.activation(g)
        h = self.recurrent_activation(o) * self.activation(c)
        return h, [h, c]

    def can_fuse(self, shared):
        usual = self.activation is activations.tanh and self.recurrent_activation is activations.sigmoid
        return usual and not shared.recurrent_masks

    def fused(self, parts, shared, all_outputs):
        return fused_lstm(parts, shared.recurrent_kernel, all_outputs)


def forget_bias(cell, shape, dtype):
    """The first bias of an LSTM: ones for the forget gate, so that at first the cell remembers (Jozefowicz 2015)."""
    if not cell.unit_forget_bias:
        return cell.bias_initializer(shape, dtype=dtype)
    size = shape[0] // 4
    first, rest = (cell.bias_initializer((count * size,), dtype=dtype) for count in (1, 2))
    return tf.concat([first, tf.ones((size,), dtype), rest], axis=0)


class LSTM(CellLayer):
    """Long short-term memory.

        i, f, g, o = split(sequences[t] @ kernel + h[t-1] @ recurrent_kernel + bias)
        c[t] = recurrent_activation(f) * c[t-1] + recurrent_activation(i) * activation(g)
        h[t] = recurrent_activation(o) * activation(c[t]),   output[t] = h[t]

    Shapes: (batch, time, features) → (batch, units), or (batch, time, units) with `return_sequences`; states h, c.
    Weights: `cell.kernel` (features, 4 * units), `cell.recurrent_kernel` (units, 4 * units), `cell.bias` (4 * units,).

    Arguments: `units`; `activation`; `recurrent_activation`; `use_bias`; `unit_forget_bias` (the bias of f begins at
    1: at first the cell remembers); initializers, regularizers and constraints of kernel, recurrent kernel and bias;
    `dropout`, `recurrent_dropout` (parts of the inputs and of h to silence in training, the same in all steps of a
    call), `seed`; those of `RNN`. `use_cudnn` is accepted and has no effect.
    Source: Hochreiter & Schmidhuber, "Long short-term memory", 1997; forget gate: Gers et al., 2000.

    >>> import tensorflow as tf
    >>> from layers import LSTM
    >>> LSTM(4, return_sequences=True)(tf.ones((2, 5, 3))).shape
    TensorShape([2, 5, 4])
    """

    def __init__(self, units, activation="tanh", recurrent_activation="sigmoid", use_bias=True,
                 kernel_initializer="glorot_uniform", recurrent_initializer="orthogonal", bias_initializer="zeros",
                 unit_forget_bias=True, kernel_regularizer=None, recurrent_regularizer=None, bias_regularizer=None,
                 activity_regularizer=None, kernel_constraint=None, recurrent_constraint=None, bias_constraint=None,
                 dropout=0.0, recurrent_dropout=0.0, seed=None, return_sequences=False, return_state=False,
                 go_backwards=False, stateful=False, unroll=False, use_cudnn="auto", **kwargs):  # fmt: skip
        cell = LSTMCell(
            units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer,
            bias_initializer, unit_forget_bias, kernel_regularizer, recurrent_regularizer, bias_regularizer,
            kernel_constraint, recurrent_constraint, bias_constraint, dropout, recurrent_dropout, seed,
            name="lstm_cell", dtype=kwargs.get("dtype"), trainable=kwargs.get("trainable", True),
        )  # fmt: skip
        super().__init__(
            cell, return_sequences=return_sequences, return_state=return_state, go_backwards=go_backwards,
            stateful=stateful, unroll=unroll, use_cudnn=use_cudnn, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
