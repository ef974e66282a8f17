"""Optimizers refuse what cannot be right, and say what would be."""

import pytest
import tensorflow as tf

from engine import optimizers
from engine.optimizers import schedules


def apply_to(gradients, variables):
    return lambda: optimizers.SGD(0.1).apply(gradients, variables)


def set_rate_of_a_schedule():
    optimizers.SGD(schedules.CosineDecay(0.1, 10)).learning_rate = 0.5


WEIGHT, GRADIENT = tf.Variable([1.0, 2.0], name="kernel"), tf.constant([1.0, 2.0])
ERRORS = [
    (lambda: optimizers.Adam(learning_rat=0.1), ValueError, "no argument 'learning_rat'. Did you mean 'learning_rate'"),
    (lambda: optimizers.Adam(decay=0.1), ValueError, "InverseTimeDecay"),
    (lambda: optimizers.Adam("fast"), ValueError, "learning_rate.*'fast'"),
    (lambda: optimizers.Adam(clipnorm=1.0, clipvalue=1.0), ValueError, "only one of clipnorm"),
    (lambda: optimizers.Adam(global_clipnorm=-1.0), ValueError, "positive `global_clipnorm`"),
    (lambda: optimizers.Adam(use_ema=True, ema_momentum=2), ValueError, "ema_momentum.*between 0 and 1"),
    (lambda: optimizers.Adam(ema_overwrite_frequency=0.5), ValueError, "ema_overwrite_frequency"),
    (lambda: optimizers.Adam(gradient_accumulation_steps=1), ValueError, "at least 2"),
    (lambda: optimizers.Adam(beta_1=1.5), ValueError, "`beta_1` between"),
    (lambda: optimizers.SGD(momentum="a"), ValueError, "`momentum` between"),
    (lambda: optimizers.Lion(beta_1=0), ValueError, "above 0"),
    (lambda: optimizers.Ftrl(learning_rate_power=1), ValueError, "learning_rate_power"),
    (lambda: optimizers.Ftrl(l1_regularization_strength=-1), ValueError, "l1_regularization_strength"),
    (lambda: optimizers.Adagrad(initial_accumulator_value=-1), ValueError, "initial_accumulator_value"),
    (lambda: optimizers.AdamW(weight_decay=None), ValueError, "weight_decay"),
    (lambda: optimizers.ScheduleFreeAdamW(warmup_steps=-1), ValueError, "warmup_steps"),
    (lambda: optimizers.get("adamm"), ValueError, "Did you mean 'adam"),
    (set_rate_of_a_schedule, TypeError, "is the function or schedule"),
    (apply_to([None], [WEIGHT]), ValueError, "no gradient for any variable.*kernel"),
    (apply_to([], []), ValueError, "no variables"),
    (apply_to([GRADIENT, GRADIENT], [WEIGHT]), ValueError, "a gradient per variable; got 2 and 1"),
    (apply_to([WEIGHT], [GRADIENT]), TypeError, "The order is"),
    (apply_to([tf.constant([[1.0, 2.0]])], [WEIGHT]), ValueError, r"\(2,\) for 'kernel:0'; received shape \(1, 2\)"),
    (lambda: optimizers.SGD(0.1).minimize(GRADIENT, [WEIGHT]), ValueError, "tape"),
    (lambda: optimizers.Optimizer(0.1).apply([GRADIENT], [WEIGHT]), NotImplementedError, "new_values"),
    (lambda: schedules.CosineDecay(0.1, 0), ValueError, "positive `decay_steps`"),
    (lambda: schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]), ValueError, "one value more"),
]  # fmt: skip


@pytest.mark.parametrize("action, error, pattern", ERRORS, ids=[str(index) for index in range(len(ERRORS))])
def test_errors(action, error, pattern):
    with pytest.raises(error, match=pattern):
        action()
