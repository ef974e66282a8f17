"""The gated recurrent unit: one state, and gates that decide how much of it is replaced."""

import tensorflow as tf

from engine import activations
from engine.small_parts.sizes import positive_integer
from layers.recurrent.cell import RecurrentCell
from layers.recurrent.cell_layer import CellLayer
from layers.recurrent.fused_gru import fused_gru


class GRUCell(RecurrentCell):
    """One step of `GRU`; the equations are there.

    Shapes: (batch, features), states [(batch, units)] → (batch, units), [(batch, units)].
    Weights: `kernel` (features, 3 * units), `recurrent_kernel` (units, 3 * units), `bias` (2, 3 * units), or
    (3 * units,) without `reset_after`; the columns belong to the gates z, r, n in this order.
    Arguments: those of `GRU` that concern one step.

    >>> import tensorflow as tf
    >>> from layers import GRUCell
    >>> output, [h] = GRUCell(4)(tf.ones((2, 3)), [tf.zeros((2, 4))])
    >>> output.shape
    TensorShape([2, 4])
    """

    num_gates = 3

    def __init__(self, units, activation="tanh", recurrent_activation="sigmoid", use_bias=True,
                 kernel_initializer="glorot_uniform", recurrent_initializer="orthogonal", bias_initializer="zeros",
                 kernel_regularizer=None, recurrent_regularizer=None, bias_regularizer=None, kernel_constraint=None,
                 recurrent_constraint=None, bias_constraint=None, dropout=0.0, recurrent_dropout=0.0,
                 reset_after=True, seed=None, **kwargs):  # fmt: skip
        super().__init__(
            activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint, dropout, recurrent_dropout, seed, **kwargs,
        )  # fmt: skip
        self.units = positive_integer(self, "units", units)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = reset_after

    def bias_shape(self):
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def input_bias(self):
        return self.bias[0] if self.reset_after else self.bias

    def recurrent_bias(self):
        return tf.cast(self.bias[1], self.compute_dtype) if self.use_bias and self.reset_after else None

    def step(self, projected, states, shared):
        (h,) = states
        z, n = (self._reset_after if self.reset_after else self._reset_before)(projected, h, shared)
        h = z * h + (1 - z) * n
        return h, [h]

    def _reset_after(self, projected, h, shared):
        z, r, n = tf.split(projected, 3, axis=-1)
        h_z, h_r, h_n = tf.split(self.recur(h, shared), 3, axis=-1)
        z, r = self.recurrent_activation(z + h_z), self.recurrent_activation(r + h_r)
        return z, self.activation(n + r * h_n)

    def _reset_before(self, projected, h, shared):
        units = self.units
        gates, n = tf.split(projected, [2 * units, units], axis=-1)
        kernel_gates, kernel_n = tf.split(shared.recurrent_kernel, [2 * units, units], axis=-1)
        masks = shared.recurrent_masks
        gates = gates + self.per_gate(tf.matmul, h, kernel_gates, masks[:2])
        z, r = tf.split(self.recurrent_activation(gates), 2, axis=-1)
        return z, self.activation(n + self.per_gate(tf.matmul, r * h, kernel_n, masks[2:]))

    def can_fuse(self, shared):
        usual = self.activation is activations.tanh and self.recurrent_activation is activations.sigmoid
        return usual and self.reset_after and not shared.recurrent_masks

    def fused(self, parts, shared, all_outputs):
        bias = tf.zeros_like(shared.recurrent_kernel[0]) if shared.recurrent_bias is None else shared.recurrent_bias
        return fused_gru(parts, shared.recurrent_kernel, bias, all_outputs)


class GRU(CellLayer):
    """The gated recurrent unit.

        x_z, x_r, x_n = split(sequences[t] @ kernel + bias[0])
        h_z, h_r, h_n = split(h[t-1] @ recurrent_kernel + bias[1])
        z = recurrent_activation(x_z + h_z),   r = recurrent_activation(x_r + h_r)
        n = activation(x_n + r * h_n)
        h[t] = z * h[t-1] + (1 - z) * n,   output[t] = h[t]

    With `reset_after=False`, as first published, r resets the state before the product: the third part of
    `(r * h[t-1]) @ recurrent_kernel` stands in place of `r * h_n`, and there is one bias.
    Shapes: (batch, time, features) → (batch, units), or (batch, time, units) with `return_sequences`.
    Weights: `cell.kernel` (features, 3 * units), `cell.recurrent_kernel` (units, 3 * units), `cell.bias`
    (2, 3 * units), or (3 * units,) without `reset_after`.

    Arguments: `units`; `activation`; `recurrent_activation`; `use_bias`; initializers, regularizers and constraints
    of kernel, recurrent kernel and bias; `dropout`, `recurrent_dropout` (parts of the inputs and of the state to
    silence in training, the same in all steps of a call), `seed`; `reset_after` (one product per step in place of
    two, hence the default); those of `RNN`. `use_cudnn` is accepted and has no effect.
    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014.

    >>> import tensorflow as tf
    >>> from layers import GRU
    >>> GRU(4)(tf.ones((2, 5, 3))).shape
    TensorShape([2, 4])
    """

    def __init__(self, units, activation="tanh", recurrent_activation="sigmoid", use_bias=True,
                 kernel_initializer="glorot_uniform", recurrent_initializer="orthogonal", bias_initializer="zeros",
                 kernel_regularizer=None, recurrent_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, recurrent_constraint=None, bias_constraint=None, dropout=0.0,
                 recurrent_dropout=0.0, seed=None, return_sequences=False, return_state=False, go_backwards=False,
                 stateful=False, unroll=False, reset_after=True, use_cudnn="auto", **kwargs):  # fmt: skip
        cell = GRUCell(
            units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer,
            bias_initializer, kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint,
            recurrent_constraint, bias_constraint, dropout, recurrent_dropout, reset_after, seed,
            name="gru_cell", dtype=kwargs.get("dtype"), trainable=kwargs.get("trainable", True),
        )  # fmt: skip
        super().__init__(
            cell, return_sequences=return_sequences, return_state=return_state, go_backwards=go_backwards,
            stateful=stateful, unroll=unroll, use_cudnn=use_cudnn, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
