"""Variables that may be made in the middle of tracing a function: weights, slots, and the sums of metrics."""

import contextlib
import functools
import threading
import weakref

import tensorflow as tf

from engine import spellings


def variable(value, dtype, name):
    """A variable that training does not change by gradients; `value` is a function without arguments.

    Its name is `name` wherever it is made, as files have state under it: in a loop of a traced function a scope would begin it.
    """
    with outside(), tf.name_scope(""):
        return tf.Variable(value, dtype=dtype, trainable=False, name=name)


@contextlib.contextmanager
def outside():
    """In the block, variables are made outside of any traced function, and unseen by it.

    `tf.function` watches `tf.Variable(...)`, and traces all anew when it has seen one made. So the first step is traced
    once: of 60 Dense layers with Adam, it ends after 2.7 instead of 4.3 s. A strategy has seen them made by then.
    """
    with tf.init_scope():
        # Before the creator of tf.function, whose priority is 50, and after those of tf.variable_creator_scope and of
        # strategies, with 100.
        with tf.compat.v1.get_default_graph()._variable_creator_scope(_make, priority=75):
            yield


def _make(_, use_resource=True, **arguments):  # a strategy says that it wants the kind that this is
    return _plain()(**arguments)


@functools.cache
def _plain():
    with tf.Graph().as_default():  # where nothing watches
        return type(tf.Variable(0.0))


class _Noted(threading.local):
    layers = None  # (weak reference, title) of each layer that is built with weights, where somebody asks


_noted = _Noted()


@contextlib.contextmanager
def noted():
    """A list of what is built with weights inside the block: (weak reference to the layer, its title)."""
    before, _noted.layers = _noted.layers, []
    try:
        yield _noted.layers
    finally:
        _noted.layers = before


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
        if _noted.layers is not None and any(isinstance(item, tf.Variable) for item in vars(self).values()):
            _noted.layers.append((weakref.ref(self), self._title))

    return wrapped
