"""Adagrad: the more an element has moved, the smaller its steps."""

import tensorflow as tf

from engine import initializers
from engine.optimizers.optimizer import Optimizer
from engine.small_parts import checks


def adagrad(variable, gradient, accumulator, learning_rate, epsilon):
    """One step; `accumulator` is the sum of all squared gradients."""
    accumulator = accumulator + tf.square(gradient)
    variable = variable - learning_rate * gradient / tf.sqrt(accumulator + epsilon)
    return variable, accumulator


class Adagrad(Optimizer):
    """Adaptive gradients (Duchi et al. 2011, https://jmlr.org/papers/v12/duchi11a.html).

        accumulator ← accumulator + gradient²
        variable    ← variable − learning_rate · gradient / √(accumulator + epsilon)

    Rare features keep large steps, so it suits sparse data. Arguments: `learning_rate` (0.001),
    `initial_accumulator_value` (0.1, keeps the first steps small), `epsilon` (1e-7), and those of every `Optimizer`.

    >>> import tensorflow as tf
    >>> weight = tf.Variable([1.0, 2.0])
    >>> Adagrad(learning_rate=0.5, initial_accumulator_value=7.0).apply([tf.constant([3.0, -3.0])], [weight])
    >>> weight.numpy().round(4)
    array([0.625, 2.375], dtype=float32)
    """

    def __init__(self, learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-7, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        checks.not_negative(self, initial_accumulator_value=initial_accumulator_value, epsilon=epsilon)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def build(self, variables):
        """The sum of squares of each variable."""
        super().build(variables)
        start = initializers.Constant(self.initial_accumulator_value)
        self.add_slots(variables, "accumulator", initializer=start)

    def new_values(self, variable, gradient, learning_rate, accumulator):
        """The new variable and its sum of squares."""
        return adagrad(variable, gradient, accumulator, learning_rate, self.epsilon)
