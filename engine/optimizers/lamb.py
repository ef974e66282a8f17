"""LAMB: Adam's direction, with a step in proportion to the size of the weight."""

import tensorflow as tf

from engine.optimizers.optimizer import Optimizer
from engine.small_parts import checks


def lamb(variable, gradient, momentum, velocity, learning_rate, corrections, beta_1, beta_2, epsilon):
    """One step; `corrections` are `1 − beta_1ᵗ` and `1 − beta_2ᵗ`."""
    momentum = momentum + (1 - beta_1) * (gradient - momentum)
    velocity = velocity + (1 - beta_2) * (tf.square(gradient) - velocity)
    direction = (momentum / corrections[0]) / (tf.sqrt(velocity / corrections[1]) + epsilon)
    variable = variable - learning_rate * trust_ratio(variable, direction) * direction
    return variable, momentum, velocity


def trust_ratio(variable, direction):
    """`|variable| / |direction|`, or 1 where one of them is 0."""
    size, length = tf.norm(variable), tf.norm(direction)
    usable = tf.logical_and(size > 0, length > 0)
    return tf.where(usable, size / tf.where(usable, length, 1), 1)


class Lamb(Optimizer):
    """Layer-wise adaptive moments for large batches (You et al. 2020, https://arxiv.org/abs/1904.00962).

        momentum, velocity as Adam
        direction = momentum / (1 − beta_1ᵗ) / (√(velocity / (1 − beta_2ᵗ)) + epsilon)
        variable  ← variable − learning_rate · |variable| / |direction| · direction

    Arguments: `learning_rate` (0.001), `beta_1` (0.9), `beta_2` (0.999), `epsilon` (1e-7), and those of every
    `Optimizer`.

    >>> import tensorflow as tf
    >>> weight = tf.Variable([3.0, 4.0])
    >>> Lamb(learning_rate=0.1).apply([tf.constant([30.0, 0.0])], [weight])
    >>> weight.numpy().round(4)  # a tenth of its length, 5
    array([2.5, 4. ], dtype=float32)
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        checks.fraction(self, beta_1=beta_1, beta_2=beta_2)
        checks.not_negative(self, epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables):
        """Both averages of each variable."""
        super().build(variables)
        self.add_slots(variables, "momentum", "velocity")

    def prepare_step(self, learning_rate):
        """The learning rate and the corrections of both averages."""
        step = tf.cast(self.iterations + 1, learning_rate.dtype)
        return learning_rate, (1 - self.beta_1**step, 1 - self.beta_2**step)

    def new_values(self, variable, gradient, rates, momentum, velocity):
        """The new variable and its averages."""
        return lamb(variable, gradient, momentum, velocity, *rates, self.beta_1, self.beta_2, self.epsilon)
