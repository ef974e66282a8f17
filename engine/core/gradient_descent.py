"""Gradient descent: a step against the gradient."""

from engine.core.update_rule import UpdateRule
from engine.small_parts import checks


def sgd(variable, gradient, learning_rate):
    """Straight down."""
    return variable - learning_rate * gradient


def momentum_sgd(variable, gradient, velocity, learning_rate, momentum):
    """A ball that rolls: the gradient changes its velocity."""
    velocity = momentum * velocity - learning_rate * gradient
    variable = variable + velocity
    return variable, velocity


def nesterov_sgd(variable, gradient, velocity, learning_rate, momentum):
    """The ball looks ahead: the step is the one that the new velocity will make next."""
    velocity = momentum * velocity - learning_rate * gradient
    variable = variable + momentum * velocity - learning_rate * gradient
    return variable, velocity


class GradientDescent(UpdateRule):
    """The rule of `SGD`, with nothing around it; `momentum` up to 1.

    >>> import tensorflow as tf
    >>> weight, rule = tf.Variable([1.0, 2.0]), GradientDescent(learning_rate=0.5, momentum=0.5)
    >>> for _ in range(2):
    ...     rule.apply_gradients([(tf.constant([1.0, -1.0]), weight)])
    >>> weight.numpy()  # 0.5, then 0.75: the second step is longer
    array([-0.25,  3.25], dtype=float32)
    """

    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        checks.between(self, 0, 1, momentum=momentum)
        checks.flag(self, nesterov=nesterov)
        self.momentum, self.nesterov = momentum, nesterov

    def build(self, variables):
        """A velocity for each variable, if there is momentum."""
        super().build(variables)
        if self.momentum:
            self.add_slots(variables, "momentum")

    def new_values(self, variable, gradient, learning_rate, momentum=None):
        """The new variable, and its velocity if it has one."""
        if momentum is None:
            return (sgd(variable, gradient, learning_rate),)
        rule = nesterov_sgd if self.nesterov else momentum_sgd
        return rule(variable, gradient, momentum, learning_rate, self.momentum)
