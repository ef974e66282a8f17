"""What `compile` was told to minimise: losses, one per output. What it was told to report is in engine/metrics/reported.py."""

import tensorflow as tf

import losses as loss_library
from losses.base import FunctionLoss, Loss
from losses.ground.numerics import cast
from losses.ground.outputs import as_factor, spread


class CompiledLoss:
    """The losses of all outputs: `(y, y_pred, sample_weight)` → named terms, each with its weight in the sum.

    `loss` and `loss_weights` are one item for one output, or a list or dict with one for each; `names_of` gives the
    outputs' names.
    """

    def __init__(self, loss, loss_weights, names_of):
        self.loss = loss
        self.loss_weights = loss_weights
        self.names_of = names_of
        self.functions = None  # one Loss per output, made when the outputs are first seen

    def terms(self, y, y_pred, sample_weight):
        """The loss of each output that has one, as a list of (name, scalar, factor): the total has scalar · factor."""
        outputs, names = tf.nest.flatten(y_pred), self.names_of(y_pred)
        if self.functions is None:
            self.functions = [as_loss(item) for item in spread("loss", self.loss, y_pred, names, share=True)]
        factors = [as_factor(item) for item in spread("loss_weights", self.loss_weights, y_pred, names)]
        labels = spread("y", y, y_pred, names)
        weights = spread("sample_weight", sample_weight, y_pred, names, share=True)
        terms = []
        for index, function in enumerate(self.functions):
            if function is None:
                continue
            if labels[index] is None:
                raise ValueError(f"Output {names[index]!r} has a loss and no labels. Pass y, or compile with loss=None.")
            value = function(labels[index], outputs[index], sample_weight=weights[index])
            value = tf.reduce_sum(value) if value.shape.rank != 0 else value
            terms.append((names[index], value, 1.0 if factors[index] is None else cast(factors[index], value.dtype)))
        return terms

def as_loss(item):
    """A Loss from what `compile` takes: a name (which a function keeps), a Loss, a function of (y_true, y_pred)."""
    found = loss_library.get(item)
    if found is None or isinstance(found, Loss):
        return found
    return FunctionLoss(found, name=item if isinstance(item, str) else None)


def weighted(terms):
    """The scalars of (name, scalar, factor), each times its factor."""
    return [value if isinstance(factor, float) else value * factor for _, value, factor in terms]


def add_up(values):
    """The sum of scalars, in the widest dtype among them."""
    if not values:
        raise ValueError(
            "There is nothing to minimise: no compiled loss, no add_loss, no regularizer. "
            "Pass `loss=` to compile(), or call self.add_loss(...) in a layer."
        )
    widest = max((value.dtype for value in values), key=lambda dtype: dtype.size)
    return tf.add_n([tf.cast(value if value.shape.rank == 0 else tf.reduce_sum(value), widest) for value in values])
