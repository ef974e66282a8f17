"""FTRL: sparse linear models, where an L1 penalty makes weights exactly zero."""

import tensorflow as tf

from engine import initializers
from engine.optimizers.optimizer import Optimizer
from engine.small_parts import checks


def ftrl(variable, gradient, accumulator, linear, learning_rate, power, l1, l2, l2_shrinkage, beta):
    """One step; `accumulator` sums squared gradients, `linear` sums gradients seen from where they were taken."""
    shrunk = gradient + 2 * l2_shrinkage * variable
    new_accumulator = accumulator + tf.square(gradient)
    sigma = (new_accumulator**-power - accumulator**-power) / learning_rate
    linear = linear + shrunk - sigma * variable
    curvature = new_accumulator**-power / learning_rate + 2 * l2 + beta / learning_rate
    variable = (tf.clip_by_value(linear, -l1, l1) - linear) / curvature
    return variable, new_accumulator, linear


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al. 2013, https://research.google/pubs/pub41159).

        n'       = n + gradient²;   σ = (n'⁻ᵖ − n⁻ᵖ) / learning_rate        n: accumulator, p: learning_rate_power
        linear   ← linear + gradient + 2 · l2_shrinkage · variable − σ · variable
        variable ← (clip(linear, −l1, l1) − linear) / ((n'⁻ᵖ + beta) / learning_rate + 2 · l2)

    The weight is recomputed from the sums, so where `|linear| ≤ l1` it is exactly 0; a starting value survives
    only through σ. Arguments: `learning_rate` (0.001), `learning_rate_power` (-0.5, at most 0),
    `initial_accumulator_value` (0.1), `l1_regularization_strength`, `l2_regularization_strength`,
    `l2_shrinkage_regularization_strength` (0.0 each; the last is a penalty on size, the second on movement),
    `beta` (0.0), and those of every `Optimizer`.

    >>> import tensorflow as tf
    >>> weight = tf.Variable([1.0, 2.0])
    >>> Ftrl(learning_rate=0.5, l1_regularization_strength=3.0).apply([tf.constant([1.0, -3.0])], [weight])
    >>> weight.numpy().round(4)
    array([0.    , 1.7903], dtype=float32)
    """

    def __init__(
        self, learning_rate=0.001, learning_rate_power=-0.5, initial_accumulator_value=0.1,
        l1_regularization_strength=0.0, l2_regularization_strength=0.0, l2_shrinkage_regularization_strength=0.0,
        beta=0.0, **kwargs,
    ):  # fmt: skip
        super().__init__(learning_rate=learning_rate, **kwargs)
        checks.finite(self, learning_rate_power=learning_rate_power)
        checks.between(self, float("-inf"), 0, learning_rate_power=learning_rate_power)
        checks.not_negative(
            self, beta=beta, initial_accumulator_value=initial_accumulator_value,
            l1_regularization_strength=l1_regularization_strength,
            l2_regularization_strength=l2_regularization_strength,
            l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength,
        )  # fmt: skip
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta

    def build(self, variables):
        """Both sums of each variable."""
        super().build(variables)
        start = initializers.Constant(self.initial_accumulator_value)
        for variable in variables:
            self.add_variable_from_reference(variable, "accumulator", start)
            self.add_variable_from_reference(variable, "linear")

    def new_values(self, variable, gradient, learning_rate, accumulator, linear):
        """The new variable and its sums."""
        return ftrl(
            variable, gradient, accumulator, linear, learning_rate, self.learning_rate_power,
            self.l1_regularization_strength, self.l2_regularization_strength,
            self.l2_shrinkage_regularization_strength, self.beta,
        )  # fmt: skip
