"""Adafactor: the squares of a matrix's gradients, kept as one row and one column."""

import tensorflow as tf

from engine.optimizers.optimizer import Optimizer
from engine.small_parts import checks


def factored_velocity(square, row, column, beta_2):
    """New averages over the last two axes, and the velocity `row · column / mean(row)` that they stand for."""
    row = beta_2 * row + (1 - beta_2) * tf.reduce_mean(square, axis=-1)
    column = beta_2 * column + (1 - beta_2) * tf.reduce_mean(square, axis=-2)
    share = row / tf.reduce_mean(row, axis=-1, keepdims=True)
    return row, column, share[..., :, tf.newaxis] * column[..., tf.newaxis, :]


def adafactor(variable, gradient, velocity, rate, epsilon_2, clip_threshold):
    """One step with the velocity found: relative to the size of the weight, and clipped."""
    step_size = rate * tf.maximum(root_mean_square(variable), epsilon_2)
    direction = gradient / tf.sqrt(velocity)
    direction = direction / tf.maximum(root_mean_square(direction) / clip_threshold, 1)
    return variable - step_size * direction


def root_mean_square(tensor):
    """`√mean(tensor²)` over all elements."""
    return tf.sqrt(tf.reduce_mean(tf.square(tensor)))


class Adafactor(Optimizer):
    """Adaptive learning rates with less memory (Shazeer & Stern 2018, https://arxiv.org/abs/1804.04235).

        square   = gradient² + epsilon_1;    beta_2 = 1 − t ^ beta_2_decay
        velocity ← beta_2 · velocity + (1 − beta_2) · square       from row and column means where rank ≥ 2
        rate     = min(learning_rate, 1 / √t)                      or learning_rate, unless `relative_step`
        variable ← variable − rate · max(epsilon_2, rms(variable)) · direction / max(1, rms(direction) / clip_threshold)
                   where direction = gradient / √velocity

    Arguments: `learning_rate` (0.001), `beta_2_decay` (-0.8), `epsilon_1` (1e-30), `epsilon_2` (0.001, for weights
    that are zero), `clip_threshold` (1.0), `relative_step` (True), and those of every `Optimizer`.
    The slots `row` and `column` of a weight of rank 0 or 1 are unused scalars, so that their number is always three.

    >>> import tensorflow as tf
    >>> weight = tf.Variable([3.0, -3.0])
    >>> Adafactor(learning_rate=0.1).apply([tf.constant([30.0, 0.1])], [weight])
    >>> weight.numpy().round(4)  # a tenth of their size
    array([ 2.7, -3.3], dtype=float32)
    """

    def __init__(
        self, learning_rate=0.001, beta_2_decay=-0.8, epsilon_1=1e-30, epsilon_2=0.001, clip_threshold=1.0,
        relative_step=True, **kwargs,
    ):  # fmt: skip
        super().__init__(learning_rate=learning_rate, **kwargs)
        checks.finite(self, beta_2_decay=beta_2_decay)
        checks.between(self, float("-inf"), 0, beta_2_decay=beta_2_decay)
        checks.not_negative(self, epsilon_1=epsilon_1, epsilon_2=epsilon_2)
        checks.one_positive(self, clip_threshold=clip_threshold)
        checks.flag(self, relative_step=relative_step)
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, relative_step

    def build(self, variables):
        """Row means, column means and the velocity of each variable."""
        super().build(variables)
        for variable in variables:
            shape = variable.shape.as_list()
            rows, columns, dtype = (shape[:-1], shape[:-2] + shape[-1:], None) if len(shape) > 1 else ((), (), "int32")
            self.add_variable_from_reference(variable, "row", shape=rows, dtype=dtype)
            self.add_variable_from_reference(variable, "column", shape=columns, dtype=dtype)
            self.add_variable_from_reference(variable, "velocity")

    def prepare_step(self, learning_rate):
        """The rate relative to the size of a weight, and beta_2."""
        step = tf.cast(self.iterations + 1, learning_rate.dtype)
        rate = tf.minimum(learning_rate, tf.math.rsqrt(step)) if self.relative_step else learning_rate
        return rate, 1 - step**self.beta_2_decay

    def new_values(self, variable, gradient, rates, row, column, velocity):
        """The new variable, its means and its velocity."""
        rate, beta_2 = rates
        square = tf.square(gradient) + self.epsilon_1
        if variable.shape.rank > 1:
            row, column, velocity = factored_velocity(square, row, column, beta_2)
        else:
            velocity = beta_2 * velocity + (1 - beta_2) * square
        variable = adafactor(variable, gradient, velocity, rate, self.epsilon_2, self.clip_threshold)
        return variable, row, column, velocity
