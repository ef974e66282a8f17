"""What happens in one time step: the base of our cells, and how a cell of any kind is run over time.

A cell computes `output, states = cell(inputs, states)`. Most of the work of a step, the product of the inputs with the
kernel, does not need the states, so no loop has to wait for them. Our cells are therefore written in three parts:

    shared    = cell.share(inputs, states, training)   what all steps of a call share: kernels and dropout masks
    projected = cell.project(inputs, shared)           what needs the inputs alone: for all steps in one product
    output, states = cell.step(projected, states, shared)

A call is the three of them in a row; a sequence is the first two once, and a loop over the third.
"""

import collections
import functools

import tensorflow as tf

from engine import activations, spellings
from engine.core.layer import Layer
from engine.dtypes import cast
from engine.random import SeedGenerator, uniform
from layers.recurrent.loop import halves, hold, scan
from layers.weights import flat_product, keep_arguments, make_weight

# `input_masks`, `recurrent_masks`: none, one for all gates, or one per gate.
Shared = collections.namedtuple("Shared", "recurrent_kernel recurrent_bias input_masks recurrent_masks")


def run_cell(cell, inputs, states, training, options):
    """(outputs, final states) of a cell of any kind on `inputs` (time, batch, ...); see `scan` for `options`.

    `states`: a nest as the cell takes it; the final ones come in the same.
    """
    if hasattr(cell, "run") and type(cell).call is type(cell).call_in_parts:
        return cell.run(inputs, states, training, options)

    def step(step_inputs, step_states):  # a cell with a `call` of its own
        output, new_states = cell(step_inputs, tf.nest.pack_sequence_as(states, step_states))
        return output, tf.nest.flatten(new_states)

    outputs, final = scan(step, inputs, tf.nest.flatten(states), options)
    return outputs, tf.nest.pack_sequence_as(states, final)


def zero_states(cell, batch_size):
    """The states before the first step: of `cell.get_initial_state` if it has one, else zeros of `cell.state_size`."""
    if hasattr(cell, "get_initial_state"):
        return cell.get_initial_state(batch_size=batch_size)
    sizes = cell.state_size if isinstance(cell.state_size, (list, tuple)) else [cell.state_size]
    return [tf.zeros((batch_size, *tf.TensorShape(size)), cell.compute_dtype) for size in sizes]


class RecurrentCell(Layer):
    """Base of SimpleRNNCell, GRUCell, LSTMCell and the cells of ConvLSTM.

    Weights: `kernel` (features, gates * units), `recurrent_kernel` (units, gates * units), `bias`.
    Dropout (Gal & Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks", 2016)
    silences the same inputs, and the same units of the state, in all steps of a call.
    """

    num_gates = 1
    num_states = 1
    draws_seed_first = False  # before the initializers do; the order decides the first weights after `set_seed`
    gate_axis = -1  # of a projection; the gates lie along it, side by side

    def __init__(self, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
                 kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
                 bias_constraint, dropout, recurrent_dropout, seed, **kwargs):  # fmt: skip
        super().__init__(**spellings.without_implementation(kwargs))
        if self.draws_seed_first:
            self.seed_generator = SeedGenerator(seed)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        keep_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        keep_arguments(self, "recurrent", recurrent_initializer, recurrent_regularizer, recurrent_constraint)
        keep_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.dropout = _rate(self, "dropout", dropout)
        self.recurrent_dropout = _rate(self, "recurrent_dropout", recurrent_dropout)
        self.seed = seed
        if not self.draws_seed_first:
            self.seed_generator = SeedGenerator(seed)

    @property
    def width(self):
        """The number of units."""
        return self.units

    @property
    def state_size(self):
        """The size of the state, a list if there are several."""
        return self.width if self.num_states == 1 else [self.width] * self.num_states

    @property
    def output_size(self):
        """The size of the output."""
        return self.width

    def build(self, input_shape):
        self.kernel = make_weight(self, "kernel", self.kernel_shape(input_shape))
        self.recurrent_kernel = make_weight(self, "recurrent_kernel", self.recurrent_kernel_shape(), told="recurrent")
        self.bias = make_weight(self, "bias", self.bias_shape(), initializer=self.first_bias) if self.use_bias else None

    def kernel_shape(self, input_shape):
        return input_shape[-1], self.num_gates * self.width

    def recurrent_kernel_shape(self):
        return self.width, self.num_gates * self.width

    def bias_shape(self):
        return (self.num_gates * self.width,)

    def first_bias(self, shape, dtype):
        """The initializer of the bias."""
        return self.bias_initializer(shape, dtype=dtype)

    @spellings.rows_of
    def get_initial_state(self, batch_size=None):
        """Zeros, one tensor (batch_size, units) per state."""
        return [tf.zeros((batch_size, self.width), self.compute_dtype) for _ in range(self.num_states)]

    def call(self, inputs, states, training=False):
        flat = tf.nest.flatten(states)
        shared = self.share(inputs[None], flat, training)
        output, new_states = self.step(self.project(inputs, shared), flat, shared)
        return output, tf.nest.pack_sequence_as(states, new_states)

    call_in_parts = call  # a subclass with a `call` of its own is not taken apart

    def run(self, inputs, states, training, options):
        """See `run_cell`."""
        flat = [tf.cast(state, self.compute_dtype) for state in tf.nest.flatten(states)]
        shared = self.share(inputs, flat, training)
        step = functools.partial(self.step, shared=shared)
        if not training and inputs.shape.rank == 3 and not tf.executing_eagerly():
            # No gradient needs the products of all steps, and in a compiled loop a step that makes its own is twice as
            # quick (with XLA, LSTM and GRU of 64 units, 80 steps, batch 64). Convolutions rather take all steps at once.
            outputs, final = scan(lambda now, states: step(self.project(now, shared), states), inputs, flat, options)
            return outputs, tf.nest.pack_sequence_as(states, final)
        if training and not options.unroll and self.can_fuse(shared):
            outputs, final = self._run_fused(inputs, flat, shared, options)
        else:
            outputs, final = scan(step, self.project(inputs, shared), flat, options)
        return outputs, tf.nest.pack_sequence_as(states, final)

    def _run_fused(self, inputs, states, shared, options):
        """All steps of both halves of the batch, side by side."""
        inputs = tf.ensure_shape(inputs, (None, states[0].shape[0], None))  # a stateful layer knows the number of rows
        input_masks = zip(*(halves(mask, 0) for mask in shared.input_masks)) if shared.input_masks else [(), ()]
        projected = [
            self.project(half, shared._replace(input_masks=masks)) for half, masks in zip(halves(inputs, 1), input_masks)
        ]
        parts = zip(projected, zip(*(halves(state, 0) for state in states)), halves(options.mask, 1))
        outputs, finals = zip(*self.fused(parts, shared, options.all_outputs))
        outputs = tf.concat(outputs, 1 if options.all_outputs else 0)
        return hold(outputs, options), [tf.concat(both, 0) for both in zip(*finals)]

    # ---- the parts --------------------------------------------------------------------------

    def share(self, inputs, states, training):
        """What all steps of a call share; `inputs` is time major."""
        input_masks = recurrent_masks = ()
        if training and self.dropout:
            shape = self.input_mask_shape(inputs, states)
            input_masks = [self._mask(shape, self.dropout) for _ in range(self.num_input_masks)]
        if training and self.recurrent_dropout:
            shape = tf.shape(states[0])
            recurrent_masks = [self._mask(shape, self.recurrent_dropout) for _ in range(self.num_gates)]
        kernel = tf.cast(self.recurrent_kernel, self.compute_dtype)
        return Shared(kernel, self.recurrent_bias(), input_masks, recurrent_masks)

    def input_mask_shape(self, inputs, states):
        return tf.shape(states[0])[0], self.kernel.shape[0]

    @property
    def num_input_masks(self):
        """One mask of the inputs serves all gates, unless the state has one per gate too."""
        return self.num_gates if self.recurrent_dropout else 1

    def recurrent_bias(self):
        """A bias added to the product with the state; here there is none."""

    def input_bias(self):
        """The bias added to the product with the inputs."""
        return self.bias

    def project(self, inputs, shared):
        """`inputs @ kernel + bias`, of one step or of all steps at once."""
        inputs = cast(inputs, self.compute_dtype)
        projected = self.per_gate(self.multiply_inputs, inputs, tf.cast(self.kernel, inputs.dtype), shared.input_masks)
        return projected + tf.cast(self.input_bias(), inputs.dtype) if self.use_bias else projected

    def recur(self, state, shared):
        """`state @ recurrent_kernel`, with the recurrent bias where there is one."""
        product = self.per_gate(self.multiply_states, state, shared.recurrent_kernel, shared.recurrent_masks)
        return product if shared.recurrent_bias is None else product + shared.recurrent_bias

    def step(self, projected, states, shared):
        """One step: (output, new states)."""
        raise NotImplementedError(f"{type(self).__name__} has no step(self, projected, states, shared). Define it.")

    def can_fuse(self, shared):
        """Whether `fused` computes what `step` does."""
        return False

    def fused(self, parts, shared, all_outputs):
        """Of each part (projected, states, mask) of the batch: (first state after each step or the last one, final states).

        With a backward pass written by hand.
        """
        raise NotImplementedError(f"{type(self).__name__} has no fused().")

    def per_gate(self, multiply, tensor, kernel, masks):
        """`multiply(tensor, kernel)`; with one mask per gate, each gate's columns see the tensor under its mask."""
        if len(masks) == 0:
            return multiply(tensor, kernel)
        kernels = tf.split(kernel, len(masks), axis=-1)
        return tf.concat([multiply(tensor * mask, part) for mask, part in zip(masks, kernels)], axis=self.gate_axis)

    def multiply_inputs(self, inputs, kernel):
        """The product of the inputs of all steps with a kernel."""
        return flat_product(inputs, kernel)

    def multiply_states(self, state, kernel):
        """The product of the state with a recurrent kernel."""
        return tf.matmul(state, kernel)

    def _mask(self, shape, rate):
        """A dropout mask: 0, or 1 / (1 - rate) with probability 1 - rate."""
        keep = uniform(shape, self.seed_generator.next(), tf.as_dtype(self.compute_dtype)) >= rate
        return tf.cast(keep, self.compute_dtype) / tf.cast(1 - rate or 1, self.compute_dtype)


def _rate(cell, name, value):
    """`value` if it is a number from 0 to 1, else a ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"{cell._title} takes a number from 0 to 1 as `{name}`, received {value!r}.")
    return value
