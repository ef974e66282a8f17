"""Stochastic gradient descent: the simplest rule, with all that optimizers share."""

from engine.core.gradient_descent import GradientDescent
from engine.optimizers.optimizer import Optimizer


class SGD(GradientDescent, Optimizer):
    """Gradient descent, with momentum if asked.

        variable ← variable − learning_rate · gradient

    and with momentum (Polyak 1964), where the slot `momentum` holds the velocity:

        velocity ← momentum · velocity − learning_rate · gradient
        variable ← variable + velocity                                     or, with `nesterov`,
        variable ← variable + momentum · velocity − learning_rate · gradient

    Arguments: `learning_rate` (0.01), `momentum` (0.0, up to 1), `nesterov` (False; Sutskever et al. 2013,
    https://proceedings.mlr.press/v28/sutskever13.html), and those of every `Optimizer`.

    >>> import tensorflow as tf
    >>> weight = tf.Variable([1.0, 2.0])
    >>> SGD(learning_rate=0.5).apply([tf.constant([1.0, -1.0])], [weight])
    >>> weight.numpy()
    array([0.5, 2.5], dtype=float32)
    """
