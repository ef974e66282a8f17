"""A model as boxes and arrows: a box for each call of a layer, an arrow for each tensor that goes from one to another."""

import dataclasses

import tensorflow as tf

from engine.core.graph import Graph
from engine.core.layer import Layer
from engine.core.symbolic import symbols_in
from engine.model import Model
from engine.sequential import Sequential


@dataclasses.dataclass
class Shown:
    """What a box tells beside the class."""

    show_shapes: bool = False
    show_dtype: bool = False
    show_layer_names: bool = False
    expand_nested: bool = False
    show_layer_activations: bool = False
    show_trainable: bool = False


@dataclasses.dataclass
class Box:
    """The lines of text in it, and the frames around it: the names of the models it is inside, the outermost first."""

    lines: list
    frames: tuple = ()


class Drawing:
    """The `boxes` of a model, in running order, and `arrows`: pairs of numbers of boxes."""

    def __init__(self, model, shown):
        self.boxes, self.arrows, self.shown = [], [], shown
        self._draw(model, (), None)

    def _draw(self, model, frames, given):
        """Draw the calls inside `model`, which takes what the boxes `given` make; the boxes that make its outputs."""
        if not has_graph(model):
            return self._draw_without_graph(model, frames)
        makers = {}  # {id(symbol): box}
        for number, node in enumerate(Graph(model._structure, model._output_structure).nodes):
            sources = [makers[id(symbol)] for symbol in node.inputs]
            if given is not None and number < len(given) and not node.inputs:
                sources = [given[number]]
            operation = node.operation
            if self.shown.expand_nested and has_graph(operation):
                ends = self._draw(operation, (*frames, operation.name), sources)
            else:
                ends = [self._add(operation, node, frames, sources)] * len(symbols_in(node.outputs))
            makers.update({id(symbol): box for symbol, box in zip(symbols_in(node.outputs), ends)})
        return [makers[id(symbol)] for symbol in symbols_in(model._output_structure)]

    def _draw_without_graph(self, model, frames):
        """A list of layers whose shapes are not known is a chain; what another model does inside is its own affair."""
        last = []
        for layer in model.layers if isinstance(model, Sequential) else [model]:
            last = [self._add(layer, None, frames, last)]
        return last

    def _add(self, operation, node, frames, sources):
        self.boxes.append(Box(_lines(operation, node, self.shown), frames))
        box = len(self.boxes) - 1
        self.arrows += [(source, box) for source in dict.fromkeys(sources)]
        return box


def has_graph(layer):
    """Whether the calls inside are known: of a functional model, and of a list of layers once its inputs are."""
    return isinstance(layer, Model) and layer._structure is not None


def _lines(operation, node, shown):
    is_layer = isinstance(operation, Layer)
    kind = type(operation).__name__ if is_layer else operation.name
    lines = [f"{operation.name} ({kind})" if shown.show_layer_names and is_layer else kind]
    activation = getattr(operation, "activation", None)
    if shown.show_layer_activations and activation is not None:
        lines.append(f"Activation: {getattr(activation, '__name__', type(activation).__name__)}")
    made = symbols_in(node.outputs) if node else []
    taken = node.inputs or made if node else []  # an Input takes what it makes
    if shown.show_shapes:
        lines += [f"Input shape: {_listed(taken, 'shape')}", f"Output shape: {_listed(made, 'shape')}"]
    if shown.show_dtype:
        lines.append(f"Output dtype: {_listed(made, 'dtype')}")
    if shown.show_trainable and is_layer:
        lines.append("Trainable" if operation.trainable else "Not trainable")
    return lines


def _listed(symbols, what):
    found = [tf.as_dtype(symbol.dtype).name if what == "dtype" else str(tuple(symbol.shape)) for symbol in symbols]
    return f"[{', '.join(found)}]" if len(found) > 1 else "".join(found) or "?"
