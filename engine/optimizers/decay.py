"""Weight decay: before each update every weight shrinks by a small part of itself, whatever its gradient is."""

import re

import tensorflow as tf

from engine.small_parts.slots import path_of


def decay(variables, learning_rate, weight_decay_of):
    """Let `variables` shrink; `weight_decay_of(variable)` is how much, None or 0 for not at all.

        variable ← variable − learning_rate · weight_decay · variable

    (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101)

    >>> import tensorflow as tf
    >>> weight = tf.Variable([8.0, -4.0])
    >>> decay([weight], learning_rate=0.5, weight_decay_of=lambda variable: 0.25)
    >>> weight.numpy()
    array([ 7. , -3.5], dtype=float32)
    """
    for variable in variables:
        weight_decay = weight_decay_of(variable)
        if weight_decay:
            rate = tf.cast(learning_rate, variable.dtype)
            variable.assign_sub(variable * (rate * weight_decay), read_value=False)


class Undecayed:
    """The variables that do not decay: `variable in undecayed`. Biases and scales often should not."""

    def __init__(self):
        self._variables, self._patterns = [], []

    def add(self, variables, patterns):
        """These variables, and those whose name contains one of the patterns (regular expressions)."""
        self._variables.extend(variables)
        self._patterns.extend(patterns)

    def __len__(self):
        return len(self._variables) + len(self._patterns)

    def __contains__(self, variable):
        named = any(re.search(pattern, path_of(variable)) for pattern in self._patterns)
        return named or any(variable is other for other in self._variables)
