"""Gradient accumulation: one update from several micro-batches, where a whole batch would not fit into memory."""

import tensorflow as tf

from engine import dtypes
from engine.small_parts import creation


class Accumulators(dict):
    """{id of a variable: the weighted sum of its gradients, a slot}, and `gathered`, the sum of the weights.

        accumulator ← accumulator + weight · gradient;    gathered ← gathered + weight      per micro-batch
        gradient    = accumulator / gathered;             both ← 0                          per update

    With the rows of a micro-batch as its weight this is the gradient of the mean over all rows.
    """

    def __init__(self, name):
        super().__init__()
        dtype = dtypes.dtype()
        self.gathered = creation.variable(lambda: tf.zeros((), dtype), dtype, f"{name}/gathered")

    def build(self, variables, make_slot):
        """An accumulator for each of `variables`, by `make_slot(variable, name)`."""
        for variable in variables:
            self[id(variable)] = make_slot(variable, "gradient_accumulator")

    def gather(self, gradients, variables, weight):
        """Take in a micro-batch that counts `weight`."""
        for gradient, variable in zip(gradients, variables):
            self[id(variable)].assign_add(gradient * tf.cast(weight, variable.dtype))
        self.gathered.assign_add(tf.cast(weight, self.gathered.dtype))

    def take(self, variables, sums_of_all=list):
        """The mean gradients of all that was gathered; the next micro-batch starts anew.

        `sums_of_all`: a function that gives the sums over all replicas of what each of them has gathered, a list.
        """
        gradients = []
        for variable, total in zip(variables, sums_of_all([self[id(variable)].read_value() for variable in variables])):
            gradients.append(tf.math.divide_no_nan(total, tf.cast(self.gathered, variable.dtype)))
        for taken in [self.gathered, *(self[id(variable)] for variable in variables)]:
            taken.assign(tf.zeros_like(taken))
        return gradients
