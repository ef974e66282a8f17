"""Variables of state that may be made in the middle of tracing a function: slots, and the sums of metrics."""

import functools

import tensorflow as tf

from losses import whole


def variable(value, dtype, name):
    """A variable that training does not change by gradients; `value` is a function without arguments.

    Made directly, not by `tf.Variable(...)`: `tf.function` watches that, and traces all anew when it has seen one made.
    So the first step is traced once: 0.7 instead of 1.4 s for 60 Dense layers with Adam. A group of devices has to see them made.
    """
    with tf.init_scope():
        make = tf.Variable if whole.group.exists() else _plain()
        return make(value, dtype=dtype, trainable=False, name=name)


@functools.cache
def _plain():
    return type(tf.Variable(0.0, trainable=False))
