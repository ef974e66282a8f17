"""A recurrent layer read in both directions."""

import tensorflow as tf

from engine.configs.layer_config import get_layer
from engine.core.layer import Layer
from losses.ground.configurable import remake, serialize

_MERGES = {
    "concat": lambda forward, backward: tf.concat([forward, backward], axis=-1),
    "sum": lambda forward, backward: forward + backward,
    "ave": lambda forward, backward: (forward + backward) / 2,
    "mul": lambda forward, backward: forward * backward,
    None: lambda forward, backward: (forward, backward),
}
_SHARED = ("return_sequences", "return_state", "stateful")  # in which both directions must agree


class Bidirectional(Layer):
    """Runs one copy of a recurrent layer from the first step, one from the last, and merges their outputs.

        outputs = merge(forward_layer(sequences), backward_layer(sequences))

    Outputs of one step stand side by side: with `return_sequences` those of the backward layer are turned around, and
    masked steps give zeros.
    Shapes: (batch, time, features) → (batch, 2 * units) for "concat", else (batch, units); with an axis of time for
    `return_sequences`. With `return_state` a tuple: the outputs, the states forward, the states backward.
    Weights: those of `forward_layer`, then of `backward_layer`.

    Arguments: `layer` (an RNN; a copy of it becomes `forward_layer`); `merge_mode` ("concat", "sum", "mul", "ave", or
    None: a tuple of both); `weights` (first values, as `get_weights` gives them); `backward_layer` (an RNN with the
    other direction; else a copy of `layer`).
    Errors: ValueError if the layers are not recurrent, or do not fit each other.
    Source: Schuster & Paliwal, "Bidirectional recurrent neural networks", 1997.

    >>> import tensorflow as tf
    >>> from layers import Bidirectional, GRU
    >>> Bidirectional(GRU(4))(tf.ones((2, 5, 3))).shape
    TensorShape([2, 8])
    """

    def __init__(self, layer, merge_mode="concat", weights=None, backward_layer=None, **kwargs):
        super().__init__(**kwargs)
        if merge_mode not in _MERGES:
            raise ValueError(f"{self._title} takes one of {list(_MERGES)} as `merge_mode`, received {merge_mode!r}.")
        layer = _recurrent(self, "layer", layer)
        name = layer.name.removeprefix("forward_")
        self.merge_mode = merge_mode
        self.forward_layer = remake(layer, name=f"forward_{name}")
        if backward_layer is None:
            self.backward_layer = remake(layer, name=f"backward_{name}", go_backwards=not layer.go_backwards)
        else:
            self.backward_layer = _recurrent(self, "backward_layer", backward_layer)
        self._check_pair()
        if layer.return_sequences:  # an output repeated over masked steps would be turned around to the wrong side
            self.forward_layer.zero_output_for_mask = self.backward_layer.zero_output_for_mask = True
        self.initial_weights = weights
        self.supports_masking = True

    def _check_pair(self):
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                f"{self._title} needs two directions, received layers with go_backwards={forward.go_backwards} both."
            )
        for name in _SHARED:
            if getattr(forward, name) != getattr(backward, name):
                raise ValueError(
                    f"{self._title} needs layers with equal `{name}`, received {getattr(forward, name)} forward "
                    f"and {getattr(backward, name)} backward."
                )

    @property
    def states(self):
        """The kept states of both stateful layers, forward ones first, or None."""
        forward, backward = self.forward_layer.states, self.backward_layer.states
        return None if forward is None else [*forward, *backward]

    def reset_state(self):
        """Let stateful layers begin anew, from zeros."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def build(self, sequences_shape, initial_state_shape=None):
        self.forward_layer.build(sequences_shape)
        self.backward_layer.build(sequences_shape)
        if self.initial_weights is not None:
            self.set_weights(self.initial_weights)

    def compute_mask(self, _, mask=None):
        """That of the inputs if there is one output per step, else None. States have none."""
        forward = self.forward_layer
        masks = [mask if forward.return_sequences else None] * (2 if self.merge_mode is None else 1)
        return masks + [None] * 2 * len(tf.nest.flatten(forward.state_size)) if forward.return_state else masks

    def call(self, sequences, initial_state=None, mask=None):
        forward_state = backward_state = None
        if initial_state is not None:
            half = len(initial_state) // 2
            forward_state, backward_state = initial_state[:half], initial_state[half:]
        forward = self.forward_layer(sequences, initial_state=forward_state, mask=mask)
        backward = self.backward_layer(sequences, initial_state=backward_state, mask=mask)
        states = ()
        if self.forward_layer.return_state:
            (forward, *forward_state), (backward, *backward_state) = forward, backward
            states = (*forward_state, *backward_state)
        if self.forward_layer.return_sequences:
            backward = tf.reverse(backward, (1,))
        outputs = _MERGES[self.merge_mode](forward, backward)
        if not states:
            return outputs
        return (*outputs, *states) if self.merge_mode is None else (outputs, *states)

    def get_config(self):
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": serialize(self.dtype_policy),
            "merge_mode": self.merge_mode,
            "layer": serialize(self.forward_layer),
            "backward_layer": serialize(self.backward_layer),
        }


def _recurrent(owner, name, layer):
    """`layer`, or the layer of a config, if it is recurrent; else a ValueError."""
    layer = get_layer(layer) if isinstance(layer, dict) else layer
    if not isinstance(layer, Layer) or not hasattr(layer, "go_backwards"):
        raise ValueError(f"{owner._title} takes a recurrent layer as `{name}`, received {layer!r}.")
    return layer
