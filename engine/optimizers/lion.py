"""Lion: only the sign of the momentum counts."""

import tensorflow as tf

from engine.optimizers.optimizer import Optimizer
from engine.small_parts import checks


def lion(variable, gradient, momentum, learning_rate, beta_1, beta_2):
    """One step; the direction sees more of the new gradient than the momentum keeps."""
    variable = variable - learning_rate * tf.sign(beta_1 * momentum + (1 - beta_1) * gradient)
    momentum = beta_2 * momentum + (1 - beta_2) * gradient
    return variable, momentum


class Lion(Optimizer):
    """Evolved sign momentum (Chen et al. 2023, https://arxiv.org/abs/2302.06675).

        variable ← variable − learning_rate · sign(beta_1 · momentum + (1 − beta_1) · gradient)
        momentum ← beta_2 · momentum + (1 − beta_2) · gradient

    Each element moves by exactly `learning_rate`, so it wants a third to a tenth of Adam's rate, and one slot
    where Adam needs two. Arguments: `learning_rate` (0.001), `beta_1` (0.9, above 0), `beta_2` (0.99), and those
    of every `Optimizer`.

    >>> import tensorflow as tf
    >>> weight = tf.Variable([1.0, 2.0])
    >>> Lion(learning_rate=0.5).apply([tf.constant([30.0, -0.1])], [weight])
    >>> weight.numpy()
    array([0.5, 2.5], dtype=float32)
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.99, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        checks.between(self, 0, 1, beta_1=beta_1, beta_2=beta_2)
        if beta_1 == 0:
            raise ValueError("Lion needs `beta_1` above 0; with 0 the momentum plays no part.")
        self.beta_1, self.beta_2 = beta_1, beta_2

    def build(self, variables):
        """The momentum of each variable."""
        super().build(variables)
        self.add_slots(variables, "momentum")

    def new_values(self, variable, gradient, learning_rate, momentum):
        """The new variable and momentum."""
        return lion(variable, gradient, momentum, learning_rate, self.beta_1, self.beta_2)
