"""A float32 computation, run in float64.

Finite differences need digits: in float32 the difference of two nearby values has hardly any left. So the
computation is traced once, and in the recorded graph every floating type is replaced by float64. The variables are
copied too, so whatever the graph assigns is assigned to copies.
"""

import tensorflow as tf
from tensorflow.core.framework import types_pb2 as types

_NARROW = (types.DT_FLOAT, types.DT_HALF, types.DT_BFLOAT16)


class NotConvertible(ValueError):
    """An operation of the computation has no float64 form, or draws other random numbers in float64."""


class InFloat64:
    """`function(*inputs)` in float64. `weights`: float64 copies of the given variables, to be changed freely."""

    def __init__(self, function, inputs, weights):
        specs = [tf.TensorSpec(item.shape, item.dtype) for item in inputs]
        concrete = tf.function(function, autograph=False).get_concrete_function(*specs)
        graph = concrete.graph.as_graph_def()
        widen(graph)
        everything = {id(variable.handle): variable for variable in [*concrete.graph.variables, *weights]}
        copies = {handle: _copy(variable) for handle, variable in everything.items()}
        self.weights = [copies[id(weight.handle)] for weight in weights]
        self._captured = [
            copies[id(outside)].handle if outside.dtype == tf.resource else wide(outside)
            for outside, _ in concrete.graph.captures
        ]
        feeds = [tensor.name for tensor in concrete.inputs]
        try:
            imported = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph, name=""), [])
            self._run = imported.prune(feeds, concrete.outputs[0].name)
        except (ValueError, TypeError) as error:
            raise NotConvertible(str(error).split("\n")[0]) from error

    def __call__(self, inputs):
        return self._run(*inputs, *self._captured)


def wide(tensor):
    """A floating tensor in float64, any other as it is."""
    return tf.cast(tensor, tf.float64) if tensor.dtype.is_floating else tensor


def _copy(variable):
    return tf.Variable(wide(variable.read_value()), trainable=False)


def widen(graph):
    """Replace, in a GraphDef, each floating type and constant by float64."""
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    for node in nodes:
        if "Random" in node.op:
            raise NotConvertible(f"{node.op} draws other numbers in float64.")
        for attribute in node.attr.values():
            _widen_attribute(attribute)
    for function in graph.library.function:
        for argument in [*function.signature.input_arg, *function.signature.output_arg]:
            if argument.type in _NARROW:
                argument.type = types.DT_DOUBLE


def _widen_attribute(attribute):
    if attribute.type in _NARROW:
        attribute.type = types.DT_DOUBLE
    for index, kind in enumerate(attribute.list.type):
        if kind in _NARROW:
            attribute.list.type[index] = types.DT_DOUBLE
    if attribute.HasField("tensor") and attribute.tensor.dtype in _NARROW:
        values = tf.make_ndarray(attribute.tensor).astype("float64")
        attribute.tensor.CopyFrom(tf.make_tensor_proto(values, shape=values.shape))
