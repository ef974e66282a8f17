"""Why does a weight have no gradient? Read off the traced step, in which every operation names its inputs.

    never read                     no operation of the forward pass takes the weight
    not on the way to the loss     it is read, and the loss does not depend on what is made of it
    cut                            the loss depends on it, by operations of which one has no derivative: which
"""

import warnings

import tensorflow as tf

from engine.around import Around
from engine.unchanged import losses_kept

_MOST = 5  # that are named
_GENERAL = (
    "call() does not use it, or its output does not reach the loss, or the way there passes through NumPy, an integer "
    "cast, tf.stop_gradient or an operation without a derivative such as tf.argmax"
)
_SHAPE_ALONE = ("Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike")  # take a tensor and not its values
_CAST = "an integer cast"


class MissingGradients(Around):
    """Warns about weights of `model` without a gradient; an error if those are all, or with `strict_gradients`."""

    def __init__(self, model):
        self.model = model

    def gradients(self, find, loss, weights, again):
        gradients = find()
        missing = [(weight.path, weight.variable) for weight, gradient in zip(weights, gradients) if gradient is None]
        if missing:
            self._report(missing, len(missing) == len(weights), loss, again)
        return gradients

    def _report(self, missing, is_all, loss, again):
        title, names = self.model._title, ", ".join(repr(path) for path, _ in missing[:_MOST]) + _more(missing)
        found = _reasons(self.model, missing[:_MOST], loss, again)
        why = "; ".join(f"{path!r} is {reason}" for path, reason in found.items()) or _GENERAL
        if is_all:
            raise ValueError(f"{title}: no trainable weight has a gradient ({names}): {why}.")
        if self.model.strict_gradients:
            raise ValueError(f"{title}: no gradient for {names}: {why}. Freeze it, or compile without strict_gradients.")
        warnings.warn(f"{title}: no gradient for {names}; not trained: {why}.", stacklevel=5)


def _more(missing):
    return f" and {len(missing) - _MOST} more" if len(missing) > _MOST else ""


def _reasons(model, missing, loss, again):
    if not tf.executing_eagerly():
        return reasons(loss, missing)
    if again is None:
        return {}
    with losses_kept(model), tf.__internal__.FuncGraph("diagnosis").as_default():
        try:
            return reasons(again(), missing)
        except Exception:  # noqa: BLE001 (what needs values, such as NumPy, cannot be traced; a look for words must not end a step)
            return {}


def reasons(loss, weights):
    """{path: reason} for `weights`, (path, variable) pairs without a gradient, in the graph that `loss` belongs to."""
    needed = _behind(loss.op)
    return {path: _reason(loss.graph, needed, variable) for path, variable in weights}


def _reason(graph, needed, variable):
    readers = [op for handle in _handles(graph, variable) for op in handle.consumers() if not op.type.startswith("Assign")]
    if not readers:
        return "never read in the forward pass"
    onward = _ahead(readers)
    between = [op for op in graph.get_operations() if op in onward and op in needed]
    if not between:
        return "read, and what is made of it does not reach the loss"
    cuts = [text for op in between for text in [_cut(op, onward, readers)] if text]
    if not cuts:  # nothing on the way takes its values
        return "read, and what is made of it does not reach the loss"
    return f"cut by {' and '.join(dict.fromkeys(cuts[:3]))}"


def _handles(graph, variable):
    """What stands for `variable` in `graph`: in a function inside a function, what stands for it in the outer one."""
    outside = [variable.handle]
    if isinstance(graph.outer_graph, tf.__internal__.FuncGraph):
        outside += _handles(graph.outer_graph, variable)
    return [inner for outer, inner in graph.captures if any(outer is handle for handle in outside)]


def _behind(operation):
    """All operations that lead to this one."""
    found, waiting = {operation}, [operation]
    while waiting:
        for tensor in waiting.pop().inputs:
            if tensor.op not in found:
                found.add(tensor.op)
                waiting.append(tensor.op)
    return found


def _ahead(operations):
    """All operations that use the values that these give."""
    found, waiting = set(operations), list(operations)
    while waiting:
        for tensor in waiting.pop().outputs:
            new = [op for op in tensor.consumers() if op not in found and op.type not in _SHAPE_ALONE]
            found.update(new)
            waiting += new
    return found


def _cut(operation, onward, readers):
    """What to call `operation` if no derivative passes through it; None if one does."""
    if operation in readers and operation.type == "ReadVariableOp":
        return None
    sources = [tensor for tensor in operation.inputs if tensor.op in onward and _is_smooth(tensor)]
    if not sources:
        return None  # it was cut before
    if operation.type == "StopGradient":
        return "tf.stop_gradient"
    outputs = [tensor for tensor in operation.outputs if _is_smooth(tensor)]
    if not outputs:
        return _CAST if operation.type == "Cast" else f"the operation {operation.type}, whose result is not floating"
    try:
        passes = any(gradient is not None for gradient in tf.gradients(outputs, sources, stop_gradients=sources))
    except LookupError:  # TensorFlow knows of no derivative
        passes = False
    return None if passes else f"the operation {operation.type}, which has no derivative"


def _is_smooth(tensor):
    return tensor.dtype.is_floating or tensor.dtype.is_complex
