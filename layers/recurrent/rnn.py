"""The recurrent layer: any cell, run over time."""

import tensorflow as tf

from engine import spellings
from engine.configs.layer_config import get_layer
from engine.core import symbolic
from engine.core.layer import Layer
from engine.small_parts.account import spend
from layers.recurrent.cell import run_cell, zero_states
from layers.recurrent.loop import Options, time_major
from layers.recurrent.stacked import StackedRNNCells
from losses.ground.shapes import sizes_of


class RNN(Layer):
    """Runs a cell over a sequence; the states that a step leaves are those that the next one starts from.

        outputs[t], states = cell(sequences[t], states)

    Shapes: (batch, time, ...) → (batch, units), the output of the last step; (batch, time, units) with
    `return_sequences`. With `return_state` a tuple: the output, then each state. Weights: the cell's.

    Arguments: `cell` (SimpleRNNCell, GRUCell, LSTMCell, StackedRNNCells, a list of cells, or a layer of your own
    with `state_size` (an integer or a list of them) and `call(inputs, states)` → (output, new states));
    `return_sequences`, `return_state`; `go_backwards` (last step first; the outputs come in that order);
    `stateful` (the next batch goes on from the states of this one, until `reset_state()`; the batch size is then
    fixed); `unroll` (write every step into the graph: faster to run for short sequences, slower to compile);
    `zero_output_for_mask` (zeros at masked steps, else the output before them is repeated).
    In the call: `initial_state` (in place of zeros), `mask` (batch, time; masked steps leave the states as they are).
    Errors: ValueError for a cell without `state_size` or `call`, and for initial states that do not fit it.

    >>> import tensorflow as tf
    >>> from layers import RNN, LSTMCell
    >>> output, h, c = RNN(LSTMCell(4), return_state=True)(tf.ones((2, 5, 3)))
    >>> output.shape, c.shape
    (TensorShape([2, 4]), TensorShape([2, 4]))
    """

    _untracked = Layer._untracked | {"states"}  # states of a stateful layer are not weights

    def __init__(self, cell, return_sequences=False, return_state=False, go_backwards=False, stateful=False,
                 unroll=False, zero_output_for_mask=False, **kwargs):  # fmt: skip
        super().__init__(**spellings.without_implementation(kwargs))
        cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else get_layer(cell)
        if not hasattr(cell, "state_size") or not callable(getattr(cell, "call", None)):
            raise ValueError(
                f"{self._title} takes a cell with a `state_size` (an integer or a list of them) and a "
                f"`call(inputs, states)`, received {cell!r}."
            )
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        self.states = None

    @property
    def state_size(self):
        """The sizes of the cell's states."""
        return self.cell.state_size

    def build(self, sequences_shape, initial_state_shape=None):
        if not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
            self.cell.built = True
        if self.stateful:
            if sequences_shape[0] is None:
                raise ValueError(
                    f"{self._title} with stateful=True needs a known batch size, received inputs of shape "
                    f"{tuple(sequences_shape)}. Give it in Input(batch_shape=...)."
                )
            states = symbolic.infer(self.get_initial_state, sequences_shape[:1], {})
            spend(f"the states of {self._title}", memory=sum(
                state.shape.num_elements() * state.dtype.size for state in tf.nest.flatten(states)
            ))  # fmt: skip
            zeros = self.get_initial_state(sequences_shape[0])
            self.states = tf.nest.map_structure(lambda zero: tf.Variable(zero, trainable=False), zeros)

    @spellings.rows_of
    def get_initial_state(self, batch_size):
        """The states before the first step, as the cell makes them; zeros for our cells."""
        return zero_states(self.cell, batch_size)

    def reset_state(self):
        """Let a stateful layer begin anew, from zeros."""
        for variable in tf.nest.flatten(self.states or []):
            variable.assign(tf.zeros_like(variable))

    reset_states = reset_state

    def compute_mask(self, _, mask=None):
        """Of the outputs: that of the inputs if there is one output per step, else None. States have none."""
        mask = tf.nest.flatten(mask)[0] if self.return_sequences else None
        return [mask] + [None] * len(tf.nest.flatten(self.state_size)) if self.return_state else mask

    def call(self, sequences, initial_state=None, mask=None, training=False):
        states = self._starting_states(sequences, initial_state)
        if self.unroll and sequences.shape[1] is None:
            raise ValueError(f"{self._title} with unroll=True needs a known number of steps, received {sequences.shape}")
        inputs = time_major(sequences)
        mask = None if mask is None else time_major(tf.cast(self._check_mask(mask), tf.bool))
        if self.go_backwards:
            inputs = tf.reverse(inputs, (0,))
            mask = None if mask is None else tf.reverse(mask, (0,))
        options = Options(mask, self.zero_output_for_mask, self.unroll, self.return_sequences)
        outputs, final = run_cell(self.cell, inputs, states, training, options)
        if self.stateful:
            for variable, state in zip(tf.nest.flatten(self.states), tf.nest.flatten(final)):
                variable.assign(state)
        output = time_major(outputs) if self.return_sequences else outputs
        return (output, *final) if self.return_state else output

    def _starting_states(self, sequences, initial_state):
        """`initial_state` if given, else the kept states of a stateful layer, else zeros."""
        if initial_state is None:
            if self.stateful:
                self._check_batch_size(sequences)
                return tf.nest.map_structure(tf.convert_to_tensor, self.states)
            return self.get_initial_state(sizes_of(sequences)[0])
        given, structure = tf.nest.flatten(initial_state), self.get_initial_state(1)
        wanted = [state.shape[1:] for state in tf.nest.flatten(structure)]
        if len(given) != len(wanted) or not all(w.is_compatible_with(g.shape[1:]) for w, g in zip(wanted, given)):
            raise ValueError(
                f"{self._title} takes initial states of shapes {[('batch', *shape) for shape in wanted]}, "
                f"received shapes {[tuple(state.shape) for state in given]}."
            )
        return tf.nest.pack_sequence_as(structure, given)

    def _check_mask(self, mask):
        mask = tf.nest.flatten(mask)[0]
        if mask.shape.rank != 2:
            raise ValueError(f"{self._title} takes a mask of shape (batch, time), received shape {tuple(mask.shape)}.")
        return mask

    def _check_batch_size(self, sequences):
        kept = tf.nest.flatten(self.states)[0].shape[0]
        if sequences.shape[0] not in (None, kept):
            raise ValueError(
                f"{self._title} is stateful and keeps states for a batch of {kept}, received one of "
                f"{sequences.shape[0]}. Keep the batch size, or build a new layer."
            )
