"""Variables that may be made in the middle of tracing a function: weights, slots, and the sums of metrics."""

import contextlib
import functools

import tensorflow as tf

from engine import spellings
from losses.ground import whole


def variable(value, dtype, name):
    """A variable that training does not change by gradients; `value` is a function without arguments."""
    with outside():
        return tf.Variable(value, dtype=dtype, trainable=False, name=name)


@contextlib.contextmanager
def outside():
    """In the block, variables are made outside of any traced function, and unseen by it.

    `tf.function` watches `tf.Variable(...)`, and traces all anew when it has seen one made. So the first step is traced
    once: of 60 Dense layers with Adam, it ends after 2.7 instead of 4.3 s. A group of devices has to see them made.
    """
    with tf.init_scope():
        if whole.group.exists():
            yield
            return
        # Before the creator of tf.function, whose priority is 50, and after those of tf.variable_creator_scope, with 100.
        with tf.compat.v1.get_default_graph()._variable_creator_scope(_make, priority=75):
            yield


def _make(_, **arguments):
    return _plain()(**arguments)


@functools.cache
def _plain():
    with tf.Graph().as_default():  # where nothing watches
        return type(tf.Variable(0.0))


def build_once(build):
    """`build` of a subclass, so wrapped that its variables outlive a traced function and the layer knows it is built."""

    @functools.wraps(build)
    def wrapped(self, *shapes, **named_shapes):
        shapes = [spellings.Shape(s) if isinstance(s, (tuple, tf.TensorShape)) else s for s in shapes]
        before = list(self._loose_weights)
        try:
            with outside():
                build(self, *shapes, **named_shapes)
        except Exception:
            self._loose_weights[:] = before  # what it had made is no weight: a later call builds it anew
            raise
        self.built = True
        self._restore_waiting()

    return wrapped
