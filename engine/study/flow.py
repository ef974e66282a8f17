"""From which calls does a tensor come? Every operation of a step is noted, with its inputs and the layer call that it ran in.

    h = a(x) * b(x)            Mul: from the outputs of a and b, in no call but the model's
    y = out(tf.nn.relu(h))     from what `out` was given the walk back passes Relu and Mul, and ends at a and at b

A walk ends where an operation ran inside the call of a leaf, a layer that calls no other, and at the inputs of the model.
"""

import tensorflow as tf
from tensorflow.python.framework import op_callbacks

from engine.core import context
from losses.ground.masks import get_mask, set_mask

_SHAPE_ALONE = ("Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike")  # take a tensor and not its values
_NO_GRADIENT = ("StopGradient", "PreventGradient")


class Flow:
    """Within `with Flow(layers) as flow:` all that runs eagerly is followed; `starts`: {name: tensors} of the inputs.

    Functions under `tf.function` run eagerly too, so that there is something to follow.
    """

    def __init__(self, layers, starts):
        self.layers = list(layers)
        self.starts = {id(tensor): name for name, item in starts.items() for tensor in tensors_in(item)}
        self.made = {}  # id of a tensor: (call that it was made in, inputs of the operation, whether a gradient passes)
        self.softmaxes = []  # (call, tensor): what an attention may have looked at
        self._kept = [starts]  # an id says something only as long as its tensor lives
        self._masks = set()

    def __enter__(self):
        self._eager = tf.config.functions_run_eagerly()
        tf.config.run_functions_eagerly(True)
        op_callbacks.add_op_callback(self._note)
        self._calls = [(layer, vars(layer).get("call")) for layer in self.layers]
        for layer in self.layers:
            vars(layer)["call"] = _with_own_outputs(layer.call)
        return self

    def __exit__(self, *_):
        for layer, own in self._calls:
            if own is None:
                vars(layer).pop("call", None)
            else:
                vars(layer)["call"] = own
        op_callbacks.remove_op_callback(self._note)
        tf.config.run_functions_eagerly(self._eager)

    def _note(self, kind, inputs, attrs, outputs, op_name=None, graph=None):
        if graph is not None:  # a look at why something is as it is, and not the step itself
            return
        call = context.state.call
        sources = () if kind in _SHAPE_ALONE else tuple(map(id, inputs))
        for tensor in outputs:
            self.made[id(tensor)] = (call, sources, kind not in _NO_GRADIENT and is_smooth(tensor))
        self._kept.append((inputs, outputs))
        if kind == "Softmax" and call is not None:
            self.softmaxes.append((call, outputs[0]))

    def ended(self, outputs):
        """A call has ended: masks that its outputs carry came along, and lead nowhere by themselves."""
        self._masks.update(id(mask) for mask in map(get_mask, tensors_in(outputs)) if mask is not None)

    def sources(self, structure, leaves):
        """{leaf call, or name of an input: whether a gradient can go back there} for the tensors in a nest."""
        found, seen = {}, set()
        waiting = [(id(tensor), True) for tensor in tensors_in(structure)]
        while waiting:
            key, passes = step = waiting.pop()
            if step in seen or key in self._masks:
                continue
            seen.add(step)
            call, inputs, smooth = self.made.get(key, (None, (), True))
            end = call if call in leaves else self.starts.get(key)
            passes = passes and smooth
            if end is not None:
                found[end] = found.get(end, False) or passes
            else:
                waiting += [(item, passes) for item in inputs]
        return found


def tensors_in(structure):
    """The plain tensors in a nest; ragged and sparse ones are their parts."""
    return [item for item in tf.nest.flatten(structure, expand_composites=True) if isinstance(item, tf.Tensor)]


def is_smooth(tensor):
    """Whether a tensor is of a kind that has gradients."""
    return tensor.dtype.is_floating or tensor.dtype.is_complex


def _with_own_outputs(function):
    """`function`, which may return an input as it is: then a copy, as whoever uses it has not used that input."""

    def call(*args, **kwargs):
        given = {id(tensor) for tensor in tensors_in((args, kwargs))}
        return tf.nest.map_structure(lambda item: _copy(item) if id(item) in given else item, function(*args, **kwargs))

    return call


def _copy(tensor):
    copy = tf.identity(tensor)
    set_mask(copy, get_mask(tensor))
    if hasattr(tensor, "_logits"):
        copy._logits = tensor._logits
    return copy
