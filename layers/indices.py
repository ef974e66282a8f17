"""Integers that choose among so many things, and what to do about one that is none of them."""

import tensorflow as tf

from losses.ground.numerics import NO_INTEGER, as_integers


def out_of_range(layer, argument, inputs, size):
    """The ValueError for `inputs` that are not all integers from 0 to below `size`, the layer's `argument`."""
    whole = as_integers(inputs)
    fractions = inputs.numpy()[whole.numpy() == NO_INTEGER]
    if fractions.size:
        return ValueError(f"{layer._title} takes integers, received {fractions[0]}. Round the inputs, or use a Dense layer.")
    return ValueError(
        f"{layer._title} takes integers from 0 to {size - 1}, received some from {tf.reduce_min(whole)} to "
        f"{tf.reduce_max(whole)}. Set {argument} to the largest integer plus 1."
    )


def or_nan(outputs, integers, size):
    """`outputs`, in compiled code all of them NaN if one of `integers` is out of range: it can raise nothing, and XLA would
    take the nearest."""
    if tf.executing_eagerly():
        return outputs
    good = tf.reduce_all((integers >= 0) & (integers < size))
    nothing = tf.where(good, tf.zeros([], outputs.dtype), tf.constant(float("nan"), outputs.dtype))
    return outputs + tf.stop_gradient(nothing)
