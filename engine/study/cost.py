"""What one row of data costs: multiply-adds and bytes of every layer, counted in the traced computation.

The operations of a call are those between its inputs and its outputs that no layer inside it has claimed:

    inputs ──► [ matmul ──► add ──► relu ] ──► outputs          matmul (1, 5) @ (5, 4): 20 multiply-adds
"""

import collections
import math

import tensorflow as tf

from engine.unchanged import losses_kept, observe

Cost = collections.namedtuple("Cost", "multiply_adds bytes")  # of all calls of a layer; bytes of its outputs


def costs(model):
    """{id of a layer: Cost} for one row; empty where the model cannot be traced alone, for want of a known input."""
    specs = _one_row(model)
    if specs is None:
        return {}
    found = {}
    with losses_kept(model):
        try:
            tf.function(lambda x: _observed(model, x, found), autograph=False).get_concrete_function(specs)
        except (ValueError, TypeError, tf.errors.OpError):  # it needs other arguments, or more than one row
            return {}
    return found


def _one_row(model):
    """The specs of an input of one row, or None."""
    symbols = model.input_symbols() if hasattr(model, "input_symbols") else []
    if symbols:
        specs = tf.nest.map_structure(lambda symbol: tf.TensorSpec(symbol.shape, symbol.dtype), model._structure)
    else:
        specs = getattr(model, "first_inputs", None)
    if specs is None or any(not isinstance(spec, tf.TensorSpec) for spec in tf.nest.flatten(specs)):
        return None
    return tf.nest.map_structure(
        lambda spec: tf.TensorSpec([1, *spec.shape[1:]] if spec.shape.rank else spec.shape, spec.dtype), specs
    )


def _observed(model, x, found):
    claimed = set()

    def observer(layer, args, kwargs, outputs):
        inputs = {id(item) for item in tf.nest.flatten((args, kwargs)) if isinstance(item, tf.Tensor)}
        ends = [item for item in tf.nest.flatten(outputs) if isinstance(item, tf.Tensor)]
        ends = [item for item in ends if id(item) not in inputs]
        steps = _time_steps(args)
        work = sum(_multiply_adds(operation, steps) for operation in _between(inputs, ends, claimed))
        before = found.get(id(layer), Cost(0, 0))
        found[id(layer)] = Cost(before.multiply_adds + work, before.bytes + sum(map(_bytes, ends)))

    with observe(observer):
        return model(x, training=False)


def _between(inputs, outputs, claimed):
    """The operations that lead from `inputs` to `outputs` and are not claimed yet; now they are."""
    waiting, operations = list(outputs), []
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in inputs or id(tensor.op) in claimed:
            continue
        claimed.add(id(tensor.op))
        operations.append(tensor.op)
        waiting.extend(tensor.op.inputs)
    return operations


def _multiply_adds(operation, steps=1):
    """Of one operation of a graph. `steps`: how often a loop in it goes round."""
    kind = operation.type
    if kind in ("PartitionedCall", "StatefulPartitionedCall"):
        return _inside(operation, "f", steps)
    if kind in ("While", "StatelessWhile"):
        return steps * _inside(operation, "body", steps)
    if not operation.outputs or not all(tensor.shape.is_fully_defined() for tensor in operation.inputs):
        return 0
    sizes = [tensor.shape.as_list() for tensor in operation.inputs]
    if kind == "MatMul":
        contracted = sizes[0][0 if operation.get_attr("transpose_a") else 1]
        return _count(operation.outputs[0]) * contracted
    if kind in ("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"):
        return _count(operation.outputs[0]) * sizes[0][-2 if operation.get_attr("adj_x") else -1]
    if kind in ("Conv2D", "Conv3D"):  # the filter: (..., in, out)
        return _count(operation.outputs[0]) * math.prod(sizes[1][:-1])
    if kind == "DepthwiseConv2dNative":
        return _count(operation.outputs[0]) * math.prod(sizes[1][:2])
    if kind in ("Conv2DBackpropInput", "Conv3DBackpropInputV2"):  # a transposed convolution: (..., out, in)
        return math.prod(sizes[2]) * math.prod(sizes[1][:-1])
    if kind == "Einsum":
        labels = operation.get_attr("equation").decode().split("->")[0].split(",")
        return math.prod({name: size for names, shape in zip(labels, sizes) for name, size in zip(names, shape)}.values())
    return 0


def _inside(operation, name, steps):
    function = operation.graph._get_function(operation.get_attr(name).name)
    graph = getattr(function, "graph", None)
    return sum(_multiply_adds(inner, steps) for inner in graph.get_operations()) if graph is not None else 0


def _time_steps(args):
    """The length of a sequence (batch, time, ...), for layers that loop over it."""
    first = tf.nest.flatten(args)[0] if args else None
    shape = getattr(first, "shape", None)
    return shape[1] or 1 if shape is not None and shape.rank and shape.rank > 2 else 1


def _count(tensor):
    return tensor.shape.num_elements() or 0


def _bytes(tensor):
    return _count(tensor) * tensor.dtype.size
