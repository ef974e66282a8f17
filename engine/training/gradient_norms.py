"""How large gradients and updates are, measured inside the compiled step, every so many steps.

    norm = √Σ gradient²        ratio = ‖update‖ / ‖weights‖        per layer, and all gradients as one vector

The measuring is a branch of the step, so that those in between do not pay for it.
"""

import tensorflow as tf

from engine.optimizers.compiled import dense


class GradientNorms:
    """Sums over the measured steps of an epoch. A model that has one in `model.gradient_norms` asks it to `apply`."""

    def __init__(self, model, every):
        self.owners, self.every = owners(model), every
        self.groups = list(dict.fromkeys(self.owners.values()))
        self.sums = tf.Variable(tf.zeros([2 * len(self.groups) + 2]), trainable=False, name="gradient_norm_sums")
        self.measured = tf.Variable(0.0, trainable=False, name="measured_steps")
        self.steps = tf.Variable(0, dtype=tf.int64, trainable=False, name="steps")

    def apply(self, optimizer, gradients, rows):
        """The optimizer's update, measured if it is due."""
        before = [variable.read_value() for _, variable in gradients]
        optimizer.apply_gradients(gradients, weight=rows)
        tf.cond(self.steps % self.every == 0, lambda: self._add(gradients, before), lambda: tf.constant(0))
        self.steps.assign_add(1)

    def _add(self, gradients, before):
        """Take in one step: the squares per layer, then their roots and ratios."""
        zero = tf.zeros([])
        squares = {group: [zero, zero, zero] for group in self.groups}  # of gradient, update, weight
        bad = zero
        for (gradient, variable), old in zip(gradients, before):
            gradient, sums = dense(gradient, variable), squares[self.owners[id(variable)]]
            bad += tf.reduce_sum(tf.cast(~tf.math.is_finite(gradient), tf.float32))
            for place, values in enumerate((gradient, variable - old, old)):
                sums[place] += tf.reduce_sum(tf.square(tf.cast(values, tf.float32)))
        total = tf.sqrt(tf.add_n([sums[0] for sums in squares.values()]))
        norms = [tf.sqrt(sums[0]) for sums in squares.values()]
        ratios = [tf.sqrt(tf.math.divide_no_nan(sums[1], sums[2])) for sums in squares.values()]
        self.sums.assign_add(tf.stack([total, bad, *norms, *ratios]))
        self.measured.assign_add(1.0)
        return tf.constant(0)

    def result(self):
        """{name: number}: means over the measured steps, and the number of gradient elements that were not finite."""
        sums, measured = self.sums.numpy(), float(self.measured)
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


def owners(model):
    """{id of a weight: path of the layer that holds it} for all weights; one held by the model itself has its own path."""
    return {id(variable): path.rpartition(".")[0] or path for path, variable, _ in model.named_weights()}
