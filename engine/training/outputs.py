"""What a model gives for a batch, known before the first step: shapes, and names."""

import collections

import tensorflow as tf

from engine.core.calling import losses_kept


def output_shapes(model, x):
    """The shape of each output of `model` for inputs `x`, a nest of tensors: those it declares, or those of a trace."""
    if model.outputs:
        return [symbol.shape for symbol in model.outputs]
    with tf.init_scope(), losses_kept(model):
        specs = tf.nest.map_structure(tf.type_spec_from_value, x)
        traced = tf.function(lambda inputs: model(inputs, training=False), autograph=False).get_concrete_function(specs)
    return [output.shape for output in tf.nest.flatten(traced.structured_outputs)]


class OutputNames(list):
    """A name for each output, no two alike. `own`: the model gave them; if not, they are output_0, output_1 ..."""

    def __init__(self, names=None, count=0):
        super().__init__(numbered(names) if names is not None else [f"output_{index}" for index in range(count)])
        self.own = names is not None


def numbered(names):
    """`names` without doubles: of equal ones the later are `name_1`, `name_2` ...

    >>> numbered(["mae", "mse", "mae", "mae_1"])
    ['mae', 'mse', 'mae_2', 'mae_1']
    """
    given, found, counts = set(names), [], collections.Counter()
    for name in names:
        new = name
        while new in found or (new != name and new in given):
            counts[name] += 1
            new = f"{name}_{counts[name]}"
        found.append(new)
    return found


def listed(loss, losses, metrics, others, names):
    """What `evaluate` lists, in Keras's order: names of the loss, of the losses of several outputs, of compiled metrics and
    of those of layers. `names` are the outputs'; where they are their own, those of several put metrics in order.
    """
    if names is None or len(names) == 1 or not names.own:
        return [*loss, *metrics, *losses, *others]
    return [*loss, *losses, *others, *sorted(metrics)]
