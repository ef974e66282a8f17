"""Adadelta: steps in the units of the weight, from the sizes of the steps before."""

import tensorflow as tf

from engine.optimizers.optimizer import Optimizer
from engine.small_parts import checks


def adadelta(variable, gradient, accumulated_grad, accumulated_delta_var, learning_rate, rho, epsilon):
    """One step; the accumulated quantities are moving averages of squares."""
    accumulated_grad = rho * accumulated_grad + (1 - rho) * tf.square(gradient)
    delta = -gradient * tf.sqrt(accumulated_delta_var + epsilon) / tf.sqrt(accumulated_grad + epsilon)
    accumulated_delta_var = rho * accumulated_delta_var + (1 - rho) * tf.square(delta)
    variable = variable + learning_rate * delta
    return variable, accumulated_grad, accumulated_delta_var


class Adadelta(Optimizer):
    """An adaptive learning rate method (Zeiler 2012, https://arxiv.org/abs/1212.5701).

        accumulated_grad      ← rho · accumulated_grad + (1 − rho) · gradient²
        delta                 = −gradient · √(accumulated_delta_var + epsilon) / √(accumulated_grad + epsilon)
        accumulated_delta_var ← rho · accumulated_delta_var + (1 − rho) · delta²
        variable              ← variable + learning_rate · delta

    Arguments: `learning_rate` (0.001; the paper has 1.0), `rho` (0.95), `epsilon` (1e-7, also sets the size of the
    first steps), and those of every `Optimizer`.

    >>> import tensorflow as tf
    >>> weight = tf.Variable([1.0, 2.0])
    >>> Adadelta(learning_rate=1.0, rho=0.75, epsilon=0.01).apply([tf.constant([30.0, -30.0])], [weight])
    >>> weight.numpy().round(3)
    array([0.8, 2.2], dtype=float32)
    """

    def __init__(self, learning_rate=0.001, rho=0.95, epsilon=1e-7, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        checks.fraction(self, rho=rho)
        checks.not_negative(self, epsilon=epsilon)
        self.rho, self.epsilon = rho, epsilon

    def build(self, variables):
        """Both averages of each variable."""
        super().build(variables)
        self.add_slots(variables, "accumulated_grad", "accumulated_delta_var")

    def new_values(self, variable, gradient, learning_rate, accumulated_grad, accumulated_delta_var):
        """The new variable and its averages."""
        averages = (accumulated_grad, accumulated_delta_var)
        return adadelta(variable, gradient, *averages, learning_rate, self.rho, self.epsilon)
