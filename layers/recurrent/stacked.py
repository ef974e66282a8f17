"""Several cells in one step, each on the output of the one before."""

import tensorflow as tf

from engine import spellings
from engine.configs.layer_config import get_layer
from engine.core.layer import Layer
from engine.small_parts.account import LOOP, spend
from layers.recurrent.cell import run_cell, zero_states


class StackedRNNCells(Layer):
    """A cell made of cells: the output of each is the input of the next.

        for each cell:   inputs, states[i] = cell(inputs, states[i])

    Shapes: (batch, features) and a list of states per cell → (batch, units of the last), a list of states per cell.
    Weights: those of the cells. Argument: `cells`, a list of them.

    >>> import tensorflow as tf
    >>> from layers import GRUCell, RNN, StackedRNNCells
    >>> RNN(StackedRNNCells([GRUCell(4), GRUCell(6)]))(tf.ones((2, 5, 3))).shape
    TensorShape([2, 6])
    """

    def __init__(self, cells, **kwargs):
        super().__init__(**kwargs)
        spend("a stack of cells", steps=LOOP * len(cells))
        self.cells = [get_layer(cell) for cell in cells]
        for cell in self.cells:
            if not hasattr(cell, "state_size") or not callable(getattr(cell, "call", None)):
                raise ValueError(
                    f"{self._title} takes cells with `state_size` and `call(inputs, states)`, received {cell!r}."
                )

    @property
    def state_size(self):
        """The sizes of the states of each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self):
        """The size of the output of the last cell."""
        return _output_size(self.cells[-1])

    def build(self, input_shape):
        for cell in self.cells:
            if not cell.built:
                cell.build(input_shape)
                cell.built = True
            input_shape = (input_shape[0], _output_size(cell))

    @spellings.rows_of
    def get_initial_state(self, batch_size=None):
        """Zeros: a list of states per cell."""
        return [zero_states(cell, batch_size) for cell in self.cells]

    def call(self, inputs, states):
        new_states = []
        for cell, cell_states in zip(self.cells, states):
            inputs, cell_states = cell(inputs, cell_states)
            new_states.append(cell_states)
        return inputs, new_states

    call_in_parts = call  # a subclass with a `call` of its own is not taken apart

    def run(self, inputs, states, training, options):
        """See `run_cell`. A cell needs nothing from the next one: each runs over all steps before the next one does."""
        final = []
        for index, (cell, cell_states) in enumerate(zip(self.cells, states)):
            all_outputs = options.all_outputs or index < len(self.cells) - 1
            own = options._replace(all_outputs=all_outputs)
            inputs, cell_states = run_cell(cell, inputs, cell_states, training, own)
            final.append(cell_states)
        return inputs, final


def _output_size(cell):
    """The size of a cell's output: `output_size` if it says so, else that of its first state."""
    return getattr(cell, "output_size", None) or tf.nest.flatten(cell.state_size)[0]
