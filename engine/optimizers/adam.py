"""Adam: steps scaled by how large the gradients of each element usually are. And AdamW."""

import tensorflow as tf

from engine.optimizers.optimizer import Optimizer
from engine.small_parts import checks


def adam_step_size(learning_rate, step, beta_1, beta_2):
    """The learning rate with both averages corrected for having started at zero; `step` counts from 1."""
    return learning_rate * tf.sqrt(1 - beta_2**step) / (1 - beta_1**step)


def adam(variable, gradient, momentum, velocity, step_size, beta_1, beta_2, epsilon):
    """One step; `momentum` and `velocity` are moving averages of the gradient and of its square."""
    momentum = momentum + (1 - beta_1) * (gradient - momentum)
    velocity = velocity + (1 - beta_2) * (tf.square(gradient) - velocity)
    variable = variable - step_size * momentum / (tf.sqrt(velocity) + epsilon)
    return variable, momentum, velocity


def amsgrad(variable, gradient, momentum, velocity, velocity_hat, step_size, beta_1, beta_2, epsilon):
    """Adam that divides by the largest velocity so far, so that a step never grows by forgetting."""
    momentum = momentum + (1 - beta_1) * (gradient - momentum)
    velocity = velocity + (1 - beta_2) * (tf.square(gradient) - velocity)
    velocity_hat = tf.maximum(velocity_hat, velocity)
    variable = variable - step_size * momentum / (tf.sqrt(velocity_hat) + epsilon)
    return variable, momentum, velocity, velocity_hat


class Adam(Optimizer):
    """Adaptive moments (Kingma & Ba 2015, https://arxiv.org/abs/1412.6980).

        momentum  ← beta_1 · momentum + (1 − beta_1) · gradient
        velocity  ← beta_2 · velocity + (1 − beta_2) · gradient²
        step_size = learning_rate · √(1 − beta_2ᵗ) / (1 − beta_1ᵗ)
        variable  ← variable − step_size · momentum / (√velocity + epsilon)

    Arguments: `learning_rate` (0.001), `beta_1` (0.9), `beta_2` (0.999), `epsilon` (1e-7; outside the root, after
    the correction, the paper's ε̂), `amsgrad` (False; divide by the largest velocity so far, Reddi et al. 2018,
    https://openreview.net/forum?id=ryQu7f-RZ), and those of every `Optimizer`.

    >>> import tensorflow as tf
    >>> weight = tf.Variable([1.0, 2.0])
    >>> Adam(learning_rate=0.5).apply([tf.constant([30.0, -0.1])], [weight])
    >>> weight.numpy().round(4)  # the first step has the length of the learning rate
    array([0.5, 2.5], dtype=float32)
    """

    def __init__(
        self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False, **kwargs
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        checks.fraction(self, beta_1=beta_1, beta_2=beta_2)
        checks.not_negative(self, epsilon=epsilon)
        checks.flag(self, amsgrad=amsgrad)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    def build(self, variables):
        """Both averages of each variable, then with `amsgrad` the largest velocity of each."""
        super().build(variables)
        self.add_slots(variables, "momentum", "velocity")
        if self.amsgrad:
            self.add_slots(variables, "velocity_hat")

    def prepare_step(self, learning_rate):
        """The step size."""
        step = tf.cast(self.iterations + 1, learning_rate.dtype)
        return adam_step_size(learning_rate, step, self.beta_1, self.beta_2)

    def new_values(self, variable, gradient, step_size, **slots):
        """The new variable and its averages."""
        rule = amsgrad if self.amsgrad else adam
        constants = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return rule(variable, gradient, step_size=step_size, **slots, **constants)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101).

        variable ← variable − learning_rate · weight_decay · variable, then as Adam

    Decay inside the gradient, as an L2 penalty has it, would be divided by √velocity too.
    Arguments: those of `Adam`, with `weight_decay` (0.004).

    >>> import tensorflow as tf
    >>> weight = tf.Variable([1.0, 2.0])
    >>> AdamW(learning_rate=0.5, weight_decay=0.1).apply([tf.constant([0.0, 0.0])], [weight])
    >>> weight.numpy().round(4)
    array([0.95, 1.9 ], dtype=float32)
    """

    def __init__(
        self, learning_rate=0.001, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False, **kwargs
    ):
        if weight_decay is None:
            raise ValueError("AdamW needs a number as `weight_decay`, received None. Without decay it is Adam.")
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs
        )
