"""Moving averages of the weights: steadier than the weights themselves, and often the better model."""

import tensorflow as tf

from engine.small_parts.slots import copy_of


class Averages(dict):
    """{id of a weight: its average, a slot}.

        average ← weight                                            after the first update, then
        average ← momentum · average + (1 − momentum) · weight      after each
        weight  ← average                                           after every `overwrite_frequency` updates

    (Polyak & Juditsky 1992, https://doi.org/10.1137/0330046, with weights that fall by `momentum` from each update to
    the one before.)
    """

    def build(self, variables, make_slot):
        """An average for each of `variables`, by `make_slot(variable, name, initializer)`."""
        for variable in variables:
            self[id(variable)] = make_slot(variable, "average", copy_of(variable))

    def follow(self, variables, updates, momentum, overwrite_frequency=None):
        """Take in the weights after an update; `updates` were made before it."""
        for variable in variables:
            average, value = self[id(variable)], variable.read_value()
            mean = momentum * average + (1 - momentum) * value
            average.assign(tf.where(updates == 0, value, mean))
        if overwrite_frequency:
            is_due = (updates + 1) % overwrite_frequency == 0
            tf.cond(is_due, lambda: self.overwrite(variables), tf.no_op)

    def overwrite(self, variables):
        """Copy the averages into the weights; what was never updated has none, and stays."""
        return tf.group([variable.assign(self[id(variable)]) for variable in variables if id(variable) in self])
