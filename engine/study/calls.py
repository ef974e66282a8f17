"""Which layers a forward pass calls, with what, and what comes out."""

import collections
import dataclasses
import time

import tensorflow as tf

from engine.core import context
from engine.core.layer import Layer
from engine.study import pictures
from engine.study.flow import Flow
from engine.study.numbers import Numbers, floating, has_values, numbers
from engine.study.signs import units_at_rest, wrong_gradient
from engine.unchanged import observe


@dataclasses.dataclass
class LayerCall:
    """One call of one layer. `seconds` includes the layers inside; `gradient` is that of the loss by the outputs.

    Where a loss works on the logits behind a softmax or sigmoid, and not on its outputs, it is that by the logits.
    """

    path: str
    layer: Layer
    depth: int
    input_shapes: object
    output_shapes: object
    outputs: Numbers | None
    seconds: float
    is_leaf: bool  # no layer was called inside
    sources: list  # from where values came in: calls, as places in the list, and names of inputs
    cut: frozenset  # those of the sources to which no gradient can go back, as behind tf.stop_gradient
    parent: int | None  # the call around it
    number: int  # 1, and 2 for the second call of the same layer
    dead: float | None  # share of the units that give 0 for every row
    saturated: float | None  # share of the outputs at an end of the activation
    pictures: list  # (title, address of an image)
    gradient: Numbers | None = None
    wrong: str | None = None  # of a layer of the user's own: that its gradient is not that of what it computes

    @property
    def name(self):
        """The path, with the number of the call if the layer was called before."""
        return (self.path or self.layer.name) + (f" ({self.number})" if self.number > 1 else "")

    @property
    def class_name(self):
        return type(self.layer).__name__


class Recorder:
    """Watches the layers of `model`: `with recorder: model(x)`, then `recorder.calls(tape, loss)`."""

    def __init__(self, model, x):
        self.paths = {id(layer): path for path, layer in model.named_layers()}
        self.inputs = named_inputs(model, x)
        self.flow = Flow([layer for _, layer in model.named_layers()], self.inputs)
        self.seen = []  # (running Call, args and kwargs, outputs, seconds), as calls end
        self._observation = observe(self._observe)

    def __enter__(self):
        self.flow.__enter__()
        self._observation.__enter__()
        return self

    def __exit__(self, *_):
        self._observation.__exit__()
        self.flow.__exit__()

    def _observe(self, layer, args, kwargs, outputs):
        call = context.state.call
        self.seen.append((call, (args, kwargs), outputs, time.perf_counter() - call.began))
        self.flow.ended(outputs)

    def calls(self, tape, loss):
        """A LayerCall for each call, in the order in which they began; and (sources, cut) of the loss."""
        seen = sorted(self.seen, key=lambda item: item[0].began)
        places = {call: index for index, (call, *_) in enumerate(seen)}
        leaves = set(places) - {call.parent for call in places}
        counts, calls, watched = collections.Counter(), [], []
        of_images = any(getattr(item, "shape", tf.TensorShape(None)).rank == 4 for item in self.inputs.values())
        for call, inputs, outputs, seconds in seen:
            counts[call.layer] += 1
            arrays = floating(outputs)
            calls.append(LayerCall(
                self.paths.get(id(call.layer), call.layer.name), call.layer, _depth(call), _shapes(inputs[0]),
                _shapes(outputs), numbers(arrays), seconds, call in leaves, *self._sources(inputs, leaves, places),
                places.get(call.parent), counts[call.layer], *units_at_rest(call.layer, arrays),
                pictures.of_call(call.layer, arrays if of_images and call in leaves else [], self._looks(call, outputs)),
            ))  # fmt: skip
            watched.append([item for item in tf.nest.flatten(outputs) if has_values(item) and item.dtype.is_floating])
        logits = [[item._logits[1] for item in items if hasattr(item, "_logits")] for items in watched]
        for call, *found in zip(calls, *tape.gradient(loss, [watched, logits])):
            by_outputs, by_logits = ([item for item in items if item is not None] for items in found)
            call.gradient = numbers([tf.convert_to_tensor(item).numpy() for item in by_outputs or by_logits])
        return calls, self._sources(loss, leaves, places)

    def _looks(self, call, outputs):
        """The softmaxes of an attention: those in the call of a layer that are not what it returns."""
        own = {id(item) for item in tf.nest.flatten(outputs)}
        return [tensor for maker, tensor in self.flow.softmaxes
                if maker is call and id(tensor) not in own and tensor.shape.rank in (3, 4) and has_values(tensor)]  # fmt: skip

    def check_own_gradients(self, calls):
        """Compare the gradients of layers of the user's own with finite differences, and note what is wrong."""
        seen = sorted(self.seen, key=lambda item: item[0].began)
        for call, (_, (args, kwargs), *_) in zip(calls, seen):
            if call.is_leaf and call.number == 1:
                call.wrong = wrong_gradient(call.layer, args, kwargs)

    def _sources(self, structure, leaves, places):
        found = {places.get(source, source): passes for source, passes in self.flow.sources(structure, leaves).items()}
        return sorted(found, key=lambda source: (isinstance(source, int), source)), frozenset(s for s in found if not found[s])


def named_inputs(model, x):
    """{name: tensor} of the inputs: the keys of a dict, the names of Inputs, or input, or input_0, input_1 ..."""
    symbols = model.input_symbols()
    if isinstance(x, dict):
        return x
    items = [x] if isinstance(x, (tf.Tensor, tf.RaggedTensor, tf.SparseTensor)) else tf.nest.flatten(x)
    if len(symbols) == len(items):
        return {symbol.node.operation.name: item for symbol, item in zip(symbols, items)}
    return {"input" if len(items) == 1 else f"input_{index}": item for index, item in enumerate(items)}


def _depth(call):
    depth = 0
    while call.parent is not None:
        call, depth = call.parent, depth + 1
    return depth


def _shapes(structure):
    shapes = [tuple(item.shape) for item in tf.nest.flatten(structure) if isinstance(item, tf.Tensor)]
    return shapes[0] if len(shapes) == 1 else shapes
