"""The simplest recurrence: the output of a step is the state of the next one."""

from engine.small_parts.sizes import positive_integer
from layers.recurrent.cell import RecurrentCell
from layers.recurrent.cell_layer import CellLayer


class SimpleRNNCell(RecurrentCell):
    """One step of `SimpleRNN`.

        h = activation(inputs @ kernel + h @ recurrent_kernel + bias)

    Shapes: (batch, features), states [(batch, units)] → (batch, units), [(batch, units)].
    Weights: `kernel` (features, units), `recurrent_kernel` (units, units), `bias` (units,).
    Arguments: those of `SimpleRNN` that concern one step.

    >>> import tensorflow as tf
    >>> from layers import SimpleRNNCell
    >>> output, [h] = SimpleRNNCell(4)(tf.ones((2, 3)), [tf.zeros((2, 4))])
    >>> output.shape
    TensorShape([2, 4])
    """

    draws_seed_first = True

    def __init__(self, units, activation="tanh", use_bias=True, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros", kernel_regularizer=None,
                 recurrent_regularizer=None, bias_regularizer=None, kernel_constraint=None, recurrent_constraint=None,
                 bias_constraint=None, dropout=0.0, recurrent_dropout=0.0, seed=None, **kwargs):  # fmt: skip
        super().__init__(
            activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint, dropout, recurrent_dropout, seed, **kwargs,
        )  # fmt: skip
        self.units = positive_integer(self, "units", units)

    def step(self, projected, states, shared):
        h = self.activation(projected + self.recur(states[0], shared))
        return h, [h]


class SimpleRNN(CellLayer):
    """A fully connected layer whose output comes back as an input of the next step.

        h[t] = activation(sequences[t] @ kernel + h[t-1] @ recurrent_kernel + bias),   output[t] = h[t]

    Shapes: (batch, time, features) → (batch, units), or (batch, time, units) with `return_sequences`.
    Weights: `cell.kernel` (features, units), `cell.recurrent_kernel` (units, units), `cell.bias` (units,).

    Arguments: `units`; `activation`; `use_bias`; initializers (an orthogonal recurrent kernel keeps the length of
    the state over many steps), regularizers and constraints of kernel, recurrent kernel and bias; `dropout`,
    `recurrent_dropout` (parts of the inputs and of the state to silence in training, the same in all steps of a
    call), `seed`; and those of `RNN`.
    Source: Elman, "Finding structure in time", 1990.

    >>> import tensorflow as tf
    >>> from layers import SimpleRNN
    >>> SimpleRNN(4)(tf.ones((2, 5, 3))).shape
    TensorShape([2, 4])
    """

    def __init__(self, units, activation="tanh", use_bias=True, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros", kernel_regularizer=None,
                 recurrent_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                 recurrent_constraint=None, bias_constraint=None, dropout=0.0, recurrent_dropout=0.0,
                 return_sequences=False, return_state=False, go_backwards=False, stateful=False, unroll=False,
                 seed=None, **kwargs):  # fmt: skip
        cell = SimpleRNNCell(
            units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint, dropout, recurrent_dropout, seed,
            name="simple_rnn_cell", dtype=kwargs.get("dtype"), trainable=kwargs.get("trainable", True),
        )  # fmt: skip
        super().__init__(
            cell, return_sequences=return_sequences, return_state=return_state, go_backwards=go_backwards,
            stateful=stateful, unroll=unroll, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
