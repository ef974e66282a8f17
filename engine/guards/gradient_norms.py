"""How large gradients and updates are, measured inside the compiled step, every so many steps.

    norm = √Σ gradient²        ratio = ‖update‖ / ‖weights‖        per layer, and all gradients as one vector

The steps in between do not pay for it: measured in `fit` of a small model (784-128-10, Adam, batch 32), every step
costs 20 % more, and every tenth 5 %.
"""

import math

import tensorflow as tf

from engine.around import Around
from engine.small_parts.conditional import run_if
from engine.small_parts.gradients import as_dense

_ROWS = 32


class GradientNorms(Around):
    """Sums over the measured steps of an epoch of `model`, while it is in `model.around_step`."""

    one_by_one = "the callback GradientStats"

    def __init__(self, model, every):
        self.model, self.owners, self.every = model, owners(model), every
        self.groups = list(dict.fromkeys(self.owners.values()))
        dtype = tf.float64 if any(weight.dtype == tf.float64 for weight in model.weights) else tf.float32
        self.sums = tf.Variable(tf.zeros([2 * len(self.groups) + 2], dtype), trainable=False, name="gradient_norm_sums")
        self.measured = tf.Variable(0.0, trainable=False, name="measured_steps")
        self.steps = tf.Variable(0, dtype=tf.int64, trainable=False, name="steps")

    def apply(self, update, gradients, rows):
        """Update, and measure if it is due."""

        def measured_update():
            before = [variable.read_value() for _, variable in gradients]
            unscaled = self.model.optimizer.unscale([as_dense(gradient, variable) for gradient, variable in gradients])
            update(gradients, rows)
            self._add(unscaled, [variable for _, variable in gradients], before)

        is_due = self.steps % self.every == 0
        run_if(~is_due, lambda: update(gradients, rows))
        run_if(is_due, measured_update)
        self.steps.assign_add(1)

    def _add(self, gradients, variables, before):
        """Take in one step: the squares per layer, then their roots and ratios."""
        squares = {group: [0.0, 0.0, 0.0] for group in self.groups}  # of gradient, update, weight
        for gradient, variable, old in zip(gradients, variables, before):
            sums = squares[self.owners[id(variable)]]
            gradient = tf.ensure_shape(gradient, variable.shape)  # that of a recurrent layer may have lost its own
            for place, values in enumerate((gradient, variable - old, old)):
                sums[place] += square_sum(values, self.sums.dtype)
        total = tf.sqrt(tf.add_n([tf.convert_to_tensor(sums[0]) for sums in squares.values()]))
        bad = tf.cond(tf.math.is_finite(total), lambda: tf.zeros_like(total), lambda: _count_bad(gradients, total.dtype))
        norms = [tf.sqrt(sums[0]) for sums in squares.values()]
        ratios = [tf.sqrt(tf.math.divide_no_nan(sums[1], sums[2])) for sums in squares.values()]
        self.sums.assign_add(tf.stack([total, bad, *norms, *ratios]))
        self.measured.assign_add(1.0)

    def result(self):
        """{name: number}: means over the measured steps, and the number of gradient elements that were not finite."""
        sums, measured = self.sums.numpy(), float(self.measured.numpy())
        if not measured:
            return {}
        means = sums / measured
        found = {"gradient_norm": float(means[0]), "nonfinite_gradients": float(sums[1])}
        count = len(self.groups)
        for place, group in enumerate(self.groups):
            found[f"gradient_norm/{group}"] = float(means[2 + place])
            found[f"update_ratio/{group}"] = float(means[2 + count + place])
        return found

    def reset(self):
        """Start an epoch."""
        self.sums.assign(tf.zeros_like(self.sums))
        self.measured.assign(0.0)


def square_sum(values, dtype):
    """Σ values² in `dtype`: first down the columns of a matrix of up to 32 rows, then across.

    On a CPU, XLA makes one sum of everything number after number, 80 µs for 784 × 128; columns it sums side by side: 6 µs.
    The square root keeps it from making one sum of the two.
    """
    values = tf.cast(values, dtype)
    columns = tf.reshape(values, [math.gcd(values.shape.num_elements(), _ROWS), -1])
    return tf.reduce_sum(tf.square(tf.sqrt(tf.reduce_sum(tf.square(columns), axis=0))))


def _count_bad(gradients, dtype):
    return tf.add_n([tf.reduce_sum(tf.cast(~tf.math.is_finite(gradient), dtype)) for gradient in gradients])


def owners(model):
    """{id of a weight: path of the layer that holds it} for all weights; one held by the model itself has its own path."""
    return {id(variable): path.rpartition(".")[0] or path for path, variable, _ in model.named_weights()}
