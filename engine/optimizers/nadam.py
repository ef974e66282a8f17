"""Nadam: Adam that looks ahead as Nesterov's momentum does."""

import tensorflow as tf

from engine.optimizers.optimizer import Optimizer
from engine.small_parts import checks

DECAY = 0.96  # of the difference between μ and beta_1, per step; the paper's


def nadam(variable, gradient, momentum, velocity, rates, beta_1, beta_2, epsilon):
    """One step; `rates` are those of the momentum, of the gradient, and the correction of the velocity."""
    momentum_rate, gradient_rate, correction = rates
    momentum = momentum + (1 - beta_1) * (gradient - momentum)
    velocity = velocity + (1 - beta_2) * (tf.square(gradient) - velocity)
    direction = momentum_rate * momentum + gradient_rate * gradient
    variable = variable - direction / (tf.sqrt(velocity / correction) + epsilon)
    return variable, momentum, velocity


class Nadam(Optimizer):
    """Adam with Nesterov momentum (Dozat 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ).

        momentum, velocity as Adam;  μₜ = beta_1 · (1 − 0.96ᵗ / 2)
        direction = μₜ₊₁ · momentum / (1 − μ₁···μₜ₊₁) + (1 − μₜ) · gradient / (1 − μ₁···μₜ)
        variable  ← variable − learning_rate · direction / (√(velocity / (1 − beta_2ᵗ)) + epsilon)

    Arguments: `learning_rate` (0.001), `beta_1` (0.9), `beta_2` (0.999), `epsilon` (1e-7), and those of every
    `Optimizer`.

    >>> import tensorflow as tf
    >>> weight = tf.Variable([1.0, 2.0])
    >>> Nadam(learning_rate=0.5).apply([tf.constant([30.0, -0.1])], [weight])
    >>> weight.numpy().round(4)
    array([0.4686, 2.5314], dtype=float32)
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        checks.fraction(self, beta_1=beta_1, beta_2=beta_2)
        checks.not_negative(self, epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self._product = None

    def build(self, variables):
        """Both averages of each variable, and one scalar: the product μ₁···μₜ."""
        super().build(variables)
        self.add_slots(variables, "momentum", "velocity")
        if self._product is None:
            self._product = self.add_variable((), "ones", name="product")

    def _decay(self, step):
        return self.beta_1 * (1 - 0.5 * tf.constant(DECAY, step.dtype) ** step)

    def begin_step(self):
        """Multiply the product by μₜ."""
        self._product.assign(self._product * self._decay(tf.cast(self.iterations + 1, self._product.dtype)))

    def prepare_step(self, learning_rate):
        """The rates of the momentum and of the gradient, and the correction of the velocity."""
        step = tf.cast(self.iterations + 1, learning_rate.dtype)
        product, decay, next_decay = tf.cast(self._product, step.dtype), self._decay(step), self._decay(step + 1)
        momentum_rate = learning_rate * next_decay / (1 - product * next_decay)
        gradient_rate = learning_rate * (1 - decay) / (1 - product)
        return momentum_rate, gradient_rate, 1 - self.beta_2**step

    def new_values(self, variable, gradient, rates, momentum, velocity):
        """The new variable and its averages."""
        return nadam(variable, gradient, momentum, velocity, rates, self.beta_1, self.beta_2, self.epsilon)
