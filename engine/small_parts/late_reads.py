"""Weights that a backward pass reads again are read before they are updated: `tf.recompute_grad`, and layers that use it."""

import contextlib

import tensorflow as tf


@contextlib.contextmanager
def reads_before_updates(variables):
    """In a graph: what is added within the block and reads variables does so before any later operation writes to `variables`.

    TensorFlow has a control edge from each read to the next write. Its graph optimizer drops one where a longer path leads
    there too, and then that path, where it leads through shapes, which become constants. A forward pass is safe, as the loss
    comes after it; a read in the backward pass is not. The reads added here wait for all of the block, have edges of their
    own to the writes, and no other path leads there.
    """
    if tf.executing_eagerly():
        yield
        return
    graph = tf.compat.v1.get_default_graph()
    count = len(graph.get_operations())
    yield
    late = [op for op in graph.get_operations()[count:] if _reads(op)]
    if late:
        with tf.control_dependencies(late):
            for variable in variables:
                variable.read_value()


def _reads(op):
    """Whether the operation takes a variable, and not for its shape alone."""
    return op.type != "VariableShape" and any(item.dtype == tf.resource for item in op.inputs)
