"""The calls between some symbols and others, put in order, and run on real tensors."""

import tensorflow as tf

from engine.core.symbolic import Symbol, symbols_in
from engine.core.tracking import Tracked, unique


class Graph:
    """The nodes that lead from `inputs` to `outputs` (nests of symbols).

    `nodes` is in running order; `layers` is in the order of `model.layers` and so of the weights.
    Raises ValueError if an output needs an input that is not among `inputs`.
    """

    def __init__(self, inputs, outputs):
        self.inputs = symbols_in(inputs)
        self.outputs = outputs
        self.nodes = _sort(self.inputs, symbols_in(outputs))
        self.layers = _layers_by_depth(self.nodes, symbols_in(outputs), self.links())

    def links(self):
        """{id(node): [(earlier node, steps)]}: what lies above a node beside its inputs, and how far."""
        return {}

    def run(self, tensors):
        """The outputs for `tensors`, one for each of `inputs`, in the same order."""
        values = {id(symbol): tensor for symbol, tensor in zip(self.inputs, tensors)}

        def value(item):
            return values[id(item)] if isinstance(item, Symbol) else item

        for node in self.nodes:
            if not node.inputs:  # an Input
                continue
            if node.args and node.args[0] is node.inputs[0] and len(node.args) == 1 and not node.kwargs:
                outputs = node.operation(values[id(node.inputs[0])])  # the common call, made quick
            else:
                args, kwargs = tf.nest.map_structure(value, (node.args, node.kwargs))
                outputs = node.operation(*args, **kwargs)
            for symbol, tensor in zip(tf.nest.flatten(node.outputs), tf.nest.flatten(outputs)):
                values.setdefault(id(symbol), tensor)  # what was given stays
        return tf.nest.map_structure(value, self.outputs)


def _sort(inputs, outputs):
    """The nodes before `outputs`, each after the nodes it needs.

    Depth first with a stack of our own: a model 3,000 layers deep must not hit Python's recursion limit.
    """
    given = {id(symbol) for symbol in inputs}
    order, done, open_ = [], set(), set()
    stack = [(symbol, False) for symbol in reversed(outputs)]
    while stack:
        symbol, parents_done = stack.pop()
        node = symbol.node
        if id(node) in done or (id(symbol) in given and node.inputs):  # computed, or given in the midst of a graph
            continue
        if parents_done:
            done.add(id(node))
            order.append(node)
            continue
        if id(node) in open_:
            continue
        open_.add(id(node))
        if id(symbol) not in given and not node.inputs:
            raise ValueError(
                f"The outputs depend on the input {node.operation.name!r}, which is not among the model's inputs "
                f"{[s.node.operation.name for s in inputs]}. Add it to `inputs`."
            )
        stack.append((symbol, True))
        stack.extend((parent, False) for parent in reversed(node.inputs))
    unused = [symbol.node for symbol in inputs if id(symbol.node) not in done and not symbol.node.inputs]
    return unused + order


def _layers_by_depth(nodes, outputs, links):
    """Layers of `nodes`, the farthest from the outputs first; equally far ones as first met from the outputs.

    The distance of a layer is that of its farthest call. This order is part of the format of
    saved weight lists, so it must not change.
    """
    depth = {}
    operation_depth = {}
    for node in reversed(nodes):
        own = max(depth.get(id(node), 0), operation_depth.get(id(node.operation), 0))
        depth[id(node)] = operation_depth[id(node.operation)] = own
        for parent, steps in [*((symbol.node, 1) for symbol in node.inputs), *links.get(id(node), ())]:
            depth[id(parent)] = max(own + steps, depth.get(id(parent), 0))
    operations = unique(_preorder(nodes, outputs))
    operations.sort(key=lambda operation: -operation_depth[id(operation)])  # stable: ties keep their order
    return [operation for operation in operations if isinstance(operation, Tracked)]


def _preorder(nodes, outputs):
    """Operations as a walk from the outputs first meets them."""
    left = {id(node) for node in nodes}
    order = []
    stack = [symbol.node for symbol in reversed(outputs)]
    while stack:
        node = stack.pop()
        if id(node) in left:
            left.remove(id(node))
            order.append(node.operation)
            stack.extend(symbol.node for symbol in reversed(node.inputs))
    return order + [node.operation for node in nodes if id(node) in left]
