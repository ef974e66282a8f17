"""Muon: the momentum of a matrix, made orthogonal. All other weights go by Adam."""

import re

import tensorflow as tf

from engine.optimizers.adam import adam, adam_step_size
from engine.optimizers.optimizer import Optimizer
from engine.small_parts import checks
from engine.small_parts.slots import path_of


def orthogonalize(matrix, steps, a, b, c):
    """Nearly the matrix with the same directions and all singular values 1, by Newton-Schulz iteration.

    `X ← a·X + (b·A + c·A²)·X` with `A = X·Xᵀ` turns each singular value s into `a·s + b·s³ + c·s⁵`, which drives
    it towards 1. It needs only matrix products, and s ≤ 1 at the start, hence the division by the norm.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = tf.transpose(matrix) if tall else matrix  # the smaller of the two products X·Xᵀ
    x = x / (tf.norm(x) + 1e-7)
    for _ in range(steps):
        products = tf.matmul(x, x, transpose_b=True)
        x = a * x + tf.matmul(b * products + c * tf.matmul(products, products), x)
    return tf.transpose(x) if tall else x


class Muon(Optimizer):
    """Momentum, orthogonalized (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon).

        momentum  ← momentum_rate · momentum + gradient            momentum_rate: the argument `momentum`
        direction = gradient + momentum_rate · momentum            with `nesterov`, else momentum
        variable  ← variable − learning_rate · scale · orthogonalize(direction)
        scale     = rms_rate · √max(rows, columns)                 or 1 if `rms_rate` is None

    for matrices; Adam for weights of any other rank, for embeddings (`exclude_embeddings`) and for those whose name
    contains a pattern of `exclude_layers`. Arguments: `learning_rate` (0.001), `momentum` (0.95), `nesterov` (True),
    `ns_steps` (5), `muon_a`, `muon_b`, `muon_c` (3.4445, -4.775, 2.0315; the polynomial), `rms_rate` (0.2, steps of
    the size Adam makes, Liu et al. 2025, https://arxiv.org/abs/2502.16982), `weight_decay` (0.004); for Adam
    `adam_beta_1`, `adam_beta_2`, `epsilon`, `adam_weight_decay` (0.004), `adam_lr_ratio` (1; its rate is
    `learning_rate * adam_lr_ratio`); and those of every `Optimizer`.

    >>> import tensorflow as tf
    >>> weight = tf.Variable([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    >>> Muon(learning_rate=0.1, rms_rate=None).apply([tf.constant([[0.0, 0.5, 0.0], [9.0, 0.0, 0.0]])], [weight])
    >>> (weight.numpy() < -0.06).tolist()  # both directions count, the weak one too
    [[False, True, False], [True, False, False]]
    """

    def __init__(
        self, learning_rate=0.001, adam_beta_1=0.9, adam_beta_2=0.999, adam_weight_decay=0.004, epsilon=1e-7,
        weight_decay=0.004, exclude_layers=None, exclude_embeddings=True, muon_a=3.4445, muon_b=-4.775, muon_c=2.0315,
        adam_lr_ratio=1, momentum=0.95, ns_steps=5, nesterov=True, rms_rate=0.2, **kwargs,
    ):  # fmt: skip
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **kwargs)
        checks.fraction(self, adam_beta_1=adam_beta_1, adam_beta_2=adam_beta_2)
        checks.between(self, 0, 1, momentum=momentum)
        checks.not_negative(self, epsilon=epsilon, adam_lr_ratio=adam_lr_ratio)
        checks.not_negative(self, optional=True, adam_weight_decay=adam_weight_decay, rms_rate=rms_rate)
        checks.finite(self, muon_a=muon_a, muon_b=muon_b, muon_c=muon_c)
        checks.count(self, 1, ns_steps=ns_steps)
        checks.flag(self, nesterov=nesterov, exclude_embeddings=exclude_embeddings)
        self.adam_beta_1, self.adam_beta_2, self.adam_weight_decay = adam_beta_1, adam_beta_2, adam_weight_decay
        self.epsilon, self.adam_lr_ratio = epsilon, adam_lr_ratio
        self.exclude_layers, self.exclude_embeddings = exclude_layers or [], exclude_embeddings
        self.muon_a, self.muon_b, self.muon_c, self.ns_steps = muon_a, muon_b, muon_c, ns_steps
        self.momentum, self.nesterov, self.rms_rate = momentum, nesterov, rms_rate

    def _goes_by_adam(self, variable):
        path = path_of(variable)
        embedding = self.exclude_embeddings and "embedding" in path.lower()
        return variable.shape.rank != 2 or embedding or any(re.search(p, path) for p in self.exclude_layers)

    def weight_decay_of(self, variable):
        """`adam_weight_decay` for what goes by Adam."""
        return self.adam_weight_decay if self._goes_by_adam(variable) else self.weight_decay

    def build(self, variables):
        """The momentum of each variable, and the velocity of those that go by Adam."""
        super().build(variables)
        for variable in variables:
            self.add_variable_from_reference(variable, "momentum")
            if self._goes_by_adam(variable):
                self.add_variable_from_reference(variable, "velocity")

    def prepare_step(self, learning_rate):
        """The learning rate, and the step size for Adam."""
        step = tf.cast(self.iterations + 1, learning_rate.dtype)
        adam_rate = learning_rate * self.adam_lr_ratio
        return learning_rate, adam_step_size(adam_rate, step, self.adam_beta_1, self.adam_beta_2)

    def new_values(self, variable, gradient, rates, momentum, velocity=None):
        """The new variable and its slots, by Adam if it has a velocity."""
        learning_rate, step_size = rates
        if velocity is not None:
            constants = (self.adam_beta_1, self.adam_beta_2, self.epsilon)
            return adam(variable, gradient, momentum, velocity, step_size, *constants)
        momentum = self.momentum * momentum + gradient
        direction = gradient + self.momentum * momentum if self.nesterov else momentum
        scale = 1 if self.rms_rate is None else self.rms_rate * max(variable.shape) ** 0.5
        direction = orthogonalize(direction, self.ns_steps, self.muon_a, self.muon_b, self.muon_c)
        return variable - learning_rate * scale * direction, momentum
