"""Schedule-free AdamW: averaging the weights does what a falling learning rate does."""

import tensorflow as tf

from engine.optimizers.optimizer import Optimizer
from engine.small_parts import checks
from engine.small_parts.slots import copy_of


def schedule_free_adamw(variable, gradient, fast, velocity, rates, beta_2, epsilon):
    """One step of `fast`, Adam without momentum; `variable` is the mean of all its values so far."""
    learning_rate, correction, share = rates
    velocity = beta_2 * velocity + (1 - beta_2) * tf.square(gradient)
    fast = fast - learning_rate * gradient / (tf.sqrt(velocity / correction) + epsilon)
    variable = variable + share * (fast - variable)
    return variable, fast, velocity


class ScheduleFreeAdamW(Optimizer):
    """The road less scheduled (Defazio et al. 2024, https://arxiv.org/abs/2405.15682).

        rate     = learning_rate · min(1, t / warmup_steps)
        velocity ← beta_2 · velocity + (1 − beta_2) · gradient²
        fast     ← fast − rate · gradient / (√(velocity / (1 − beta_2ᵗ)) + epsilon)
        variable ← variable + (fast − variable) / t

    where the slot `momentum` holds `fast`, which starts as a copy of the weight. The weight is the average, at
    any time, so there is nothing to switch between training and evaluation. The paper takes the gradient at
    `beta_1 · variable + (1 − beta_1) · fast`; here, as in Keras, it is taken at the weight itself, and `beta_1`
    changes nothing. Arguments: `learning_rate` (0.0025), `beta_1` (0.9), `beta_2` (0.999), `epsilon` (1e-8),
    `warmup_steps` (0), and those of every `Optimizer`.

    >>> import tensorflow as tf
    >>> weight, optimizer = tf.Variable([1.0, 2.0]), ScheduleFreeAdamW(learning_rate=0.5)
    >>> for _ in range(2):
    ...     optimizer.apply([tf.constant([30.0, -0.1])], [weight])
    >>> weight.numpy().round(4)  # the mean of 0.5 and 0.0, of 2.5 and 3.0
    array([0.25, 2.75], dtype=float32)
    """

    def __init__(
        self, learning_rate=0.0025, beta_1=0.9, beta_2=0.999, epsilon=1e-8, warmup_steps=0, **kwargs
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        checks.fraction(self, beta_1=beta_1, beta_2=beta_2)
        checks.not_negative(self, epsilon=epsilon)
        checks.count(self, 0, warmup_steps=warmup_steps)
        self.beta_1, self.beta_2, self.epsilon, self.warmup_steps = beta_1, beta_2, epsilon, warmup_steps

    def build(self, variables):
        """The fast copy and the velocity of each variable."""
        super().build(variables)
        for variable in variables:
            self.add_variable_from_reference(variable, "momentum", copy_of(variable))
            self.add_variable_from_reference(variable, "velocity")

    def prepare_step(self, learning_rate):
        """The rate, the correction of the velocity, and the share of the newest value in the mean."""
        step = tf.cast(self.iterations + 1, learning_rate.dtype)
        if self.warmup_steps:
            learning_rate = learning_rate * tf.minimum(step / self.warmup_steps, 1)
        return learning_rate, 1 - self.beta_2**step, 1 / step

    def new_values(self, variable, gradient, rates, momentum, velocity):
        """The new variable, the fast copy and the velocity."""
        return schedule_free_adamw(variable, gradient, momentum, velocity, rates, self.beta_2, self.epsilon)
