"""Gradient accumulation: one update from several micro-batches, where a whole batch would not fit into memory."""

import contextlib

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
        self._empty([self[id(variable)] for variable in variables])
        return gradients

    def let_go(self):
        """Forget all that was gathered."""
        self._empty(self.values())

    def _empty(self, sums):
        for taken in [self.gathered, *sums]:
            taken.assign(tf.zeros_like(taken))


@contextlib.contextmanager
def no_leftovers(model):
    """If the block fails in the midst of training, `model`'s optimizer lets go what it has gathered for an update that does not come."""
    before = _calls(model)
    try:
        yield
    except BaseException:
        with contextlib.suppress(tf.errors.OpError):  # a machine that is gone is not what is to be told
            if before is not None and _calls(model) not in (before, None):  # a run that was refused changes nothing
                model.optimizer.let_go()
        raise


def _calls(model):
    """(the optimizer, the number of its calls so far) if `model` accumulates gradients, else None."""
    optimizer = model.optimizer
    return (id(optimizer), int(optimizer.calls)) if getattr(optimizer, "gradient_accumulation_steps", None) else None
