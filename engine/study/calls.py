"""Which layers a forward pass calls, with what, and what comes out."""

import dataclasses
import time

import tensorflow as tf

from engine.core import context
from engine.core.layer import Layer
from engine.study.numbers import Numbers, floating, has_values, numbers
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
    sources: list  # the calls, as places in the list, whose outputs came in
    gradient: Numbers | None = None

    @property
    def class_name(self):
        return type(self.layer).__name__


class Recorder:
    """Watches the layers of `model`: `with recorder: model(x)`, then `recorder.calls(tape, loss)`."""

    def __init__(self, model):
        self.paths = {id(layer): path for path, layer in model.named_layers()}
        self.seen = []  # (running Call, args and kwargs, outputs, seconds), as calls end
        self._observation = observe(self._observe)

    def __enter__(self):
        self._observation.__enter__()
        return self

    def __exit__(self, *_):
        self._observation.__exit__()

    def _observe(self, layer, args, kwargs, outputs):
        call = context.state.call
        self.seen.append((call, (args, kwargs), outputs, time.perf_counter() - call.began))

    def calls(self, tape, loss):
        """A LayerCall for each call, in the order in which they began."""
        seen = sorted(self.seen, key=lambda item: item[0].began)
        parents = {id(call.parent) for call, *_ in seen}
        makers, calls, watched = {}, [], []
        for call, inputs, outputs, seconds in seen:
            is_leaf = id(call) not in parents
            sources = {makers[id(item)] for item in tf.nest.flatten(inputs) if id(item) in makers}
            calls.append(LayerCall(
                self.paths.get(id(call.layer), call.layer.name), call.layer, _depth(call), _shapes(inputs[0]),
                _shapes(outputs), numbers(floating(outputs)), seconds, is_leaf, sorted(sources),
            ))  # fmt: skip
            tensors = [item for item in tf.nest.flatten(outputs) if has_values(item) and item.dtype.is_floating]
            watched.append(tensors)
            if is_leaf:
                makers.update({id(item): len(calls) - 1 for item in tensors})
        logits = [[item._logits[1] for item in items if hasattr(item, "_logits")] for items in watched]
        for call, *found in zip(calls, *tape.gradient(loss, [watched, logits])):
            by_outputs, by_logits = ([item for item in items if item is not None] for items in found)
            call.gradient = numbers([tf.convert_to_tensor(item).numpy() for item in by_outputs or by_logits])
        return calls


def _depth(call):
    depth = 0
    while call.parent is not None:
        call, depth = call.parent, depth + 1
    return depth


def _shapes(structure):
    shapes = [tuple(item.shape) for item in tf.nest.flatten(structure) if isinstance(item, tf.Tensor)]
    return shapes[0] if len(shapes) == 1 else shapes
