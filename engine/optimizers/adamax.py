"""Adamax: Adam with a maximum in the place of the mean square."""

import tensorflow as tf

from engine.optimizers.optimizer import Optimizer
from engine.small_parts import checks


def adamax(variable, gradient, momentum, norm, step_size, beta_1, beta_2, epsilon):
    """One step; `norm` is the largest gradient of late, older ones counting less and less."""
    momentum = momentum + (1 - beta_1) * (gradient - momentum)
    norm = tf.maximum(beta_2 * norm, tf.abs(gradient))
    variable = variable - step_size * momentum / (norm + epsilon)
    return variable, momentum, norm


class Adamax(Optimizer):
    """Adam in the infinity norm (Kingma & Ba 2015, section 7, https://arxiv.org/abs/1412.6980).

        momentum ← beta_1 · momentum + (1 − beta_1) · gradient
        norm     ← max(beta_2 · norm, |gradient|)
        variable ← variable − learning_rate / (1 − beta_1ᵗ) · momentum / (norm + epsilon)

    Arguments: `learning_rate` (0.001), `beta_1` (0.9), `beta_2` (0.999), `epsilon` (1e-7), and those of every
    `Optimizer`.

    >>> import tensorflow as tf
    >>> weight = tf.Variable([1.0, 2.0])
    >>> Adamax(learning_rate=0.5).apply([tf.constant([30.0, -0.1])], [weight])
    >>> weight.numpy().round(4)
    array([0.5, 2.5], dtype=float32)
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        checks.fraction(self, beta_1=beta_1, beta_2=beta_2)
        checks.not_negative(self, epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables):
        """The momentum and the norm of each variable."""
        super().build(variables)
        self.add_slots(variables, "momentum", "norm")

    def prepare_step(self, learning_rate):
        """The step size: the norm needs no correction for its start, the momentum does."""
        return learning_rate / (1 - self.beta_1 ** tf.cast(self.iterations + 1, learning_rate.dtype))

    def new_values(self, variable, gradient, step_size, momentum, norm):
        """The new variable, momentum and norm."""
        return adamax(variable, gradient, momentum, norm, step_size, self.beta_1, self.beta_2, self.epsilon)
