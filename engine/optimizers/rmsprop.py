"""RMSprop: each element's gradient divided by its usual size."""

import tensorflow as tf

from engine.optimizers.optimizer import Optimizer
from engine.small_parts import checks


def rmsprop(gradient, velocity, average_gradient, learning_rate, rho, epsilon):
    """The step to take and the new averages; `average_gradient` is None unless centered."""
    velocity = rho * velocity + (1 - rho) * tf.square(gradient)
    if average_gradient is None:
        return learning_rate * gradient * tf.math.rsqrt(velocity + epsilon), velocity, None
    average_gradient = rho * average_gradient + (1 - rho) * gradient
    variance = velocity - tf.square(average_gradient)
    return learning_rate * gradient * tf.math.rsqrt(variance + epsilon), velocity, average_gradient


class RMSprop(Optimizer):
    """Root mean square propagation (Hinton 2012, lecture 6e of "Neural Networks for Machine Learning").

        velocity ← rho · velocity + (1 − rho) · gradient²
        step     = learning_rate · gradient / √(velocity + epsilon)
        variable ← variable − step

    With `momentum`: `rolling ← momentum · rolling + step`, and `variable ← variable − rolling`. With `centered`:
    the variance `velocity − average_gradient²` in the place of the velocity (Graves 2013,
    https://arxiv.org/abs/1308.0850). Arguments: `learning_rate` (0.001), `rho` (0.9), `momentum` (0.0),
    `epsilon` (1e-7, inside the root), `centered` (False), and those of every `Optimizer`.

    >>> import tensorflow as tf
    >>> weight = tf.Variable([1.0, 2.0])
    >>> RMSprop(learning_rate=0.5, rho=0.75).apply([tf.constant([30.0, -1.0])], [weight])
    >>> weight.numpy().round(4)  # √0.25 of the gradient's size: a first step of twice the rate
    array([0., 3.], dtype=float32)
    """

    def __init__(
        self, learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False, **kwargs
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        checks.fraction(self, rho=rho)
        checks.between(self, 0, 1, momentum=momentum)
        checks.not_negative(self, epsilon=epsilon)
        checks.flag(self, centered=centered)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    def build(self, variables):
        """The velocities, then the momenta if asked, then the average gradients if asked."""
        super().build(variables)
        self.add_slots(variables, "velocity")
        if self.momentum:
            self.add_slots(variables, "momentum")
        if self.centered:
            self.add_slots(variables, "average_gradient")

    def new_values(self, variable, gradient, learning_rate, velocity, momentum=None, average_gradient=None):
        """The new variable and the slots that it has."""
        step, velocity, average_gradient = rmsprop(
            gradient, velocity, average_gradient, learning_rate, self.rho, self.epsilon
        )
        if momentum is not None:
            momentum = step = self.momentum * momentum + step
        slots = (velocity, momentum, average_gradient)
        return (variable - step, *(slot for slot in slots if slot is not None))
