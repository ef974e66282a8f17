"""What a model gives for a batch, known before the first step: shapes, and names."""

import tensorflow as tf

from engine.core import symbolic
from engine.core.calling import losses_kept


def output_shapes(model, x):
    """The shape of each output of `model` for inputs `x`, a nest of tensors: those it declares, or those of a trace."""
    if model.outputs:
        return [symbol.shape for symbol in model.outputs]
    with tf.init_scope(), losses_kept(model):
        specs = tf.nest.map_structure(tf.type_spec_from_value, x)
        traced = tf.function(lambda inputs: model(inputs, training=False), autograph=False).get_concrete_function(specs)
    return [output.shape for output in tf.nest.flatten(traced.structured_outputs)]
