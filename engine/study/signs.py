"""What is wrong with a layer, as signs on the picture of a step: a word each, and one sentence that says why.

    dead             units give 0 for every row                 exploding       not finite, or very much larger than the inputs,
                                                                                or the update is longer than the weight
    saturated        tanh or sigmoid are at their ends          vanishing       the gradient is lost on the way back
    no gradient      the loss does not depend on the weights    frozen          its weights are not trained
    wrong gradient   finite differences say otherwise
"""

import numpy as np
import tensorflow as tf

from engine.study.gradcheck import check_gradients
from engine.study.numbers import share

ORDER = ("wrong gradient", "exploding", "dead", "saturated", "frozen", "vanishing", "no gradient")  # causes before what follows of them
_ENDS = {"sigmoid": (0, 1), "hard_sigmoid": (0, 1), "tanh": (-1, 1), "hard_tanh": (-1, 1), "softsign": (-1, 1)}
_AT_AN_END = 0.01  # so near that hardly any derivative is left
_MOST_DEAD, _MOST_SATURATED = 0.5, 0.9
_VANISHING = 1e-4  # of the largest gradient of a weight
_EXPLODING = 1e6  # times the inputs of the model, or 1
_OURS = ("engine", "layers", "losses")
_ROWS = 4  # on which the gradient of a layer of one's own is checked, and without which nobody can say that a unit is dead


def units_at_rest(layer, outputs):
    """(share of the units that give 0 for every row, share of the outputs at an end of the activation), each or None."""
    arrays = [array for array in outputs if array.ndim > 1 and array.shape[0] >= _ROWS and array.size]
    dead = saturated = None
    activation = getattr(getattr(layer, "activation", None), "__name__", None)
    if arrays and (activation or layer.weights or type(layer).__module__ == "layers.activation"):
        dead = float(np.mean(np.concatenate([np.all(array == 0, axis=tuple(range(array.ndim - 1))) for array in arrays])))
    if arrays and activation in _ENDS:
        low, high = _ENDS[activation]
        edge = _AT_AN_END * (high - low)
        saturated = float(np.mean(np.concatenate([((array < low + edge) | (array > high - edge)).ravel() for array in arrays])))
    return dead, saturated


def wrong_gradient(layer, args, kwargs):
    """A sentence if the gradient of a layer of the user's own is wrong; None if not, or if it cannot be told."""
    if type(layer).__module__.partition(".")[0] in _OURS or len(args) != 1:
        return None
    rows = args[0][:_ROWS] if hasattr(args[0], "shape") and args[0].shape.rank else args[0]
    if isinstance(rows, tf.Tensor) and rows.dtype.is_floating and not tf.reduce_any(rows != 0):
        rows = tf.ones_like(rows)  # behind a dead layer all is 0, and 0 times whatever is right
    flags = {name: value for name, value in kwargs.items() if name != "training" and value is not None}
    try:
        found = check_gradients(layer, rows, call=flags, training=bool(kwargs.get("training")))
    except Exception:  # noqa: BLE001 (a look on the side, at code of any kind, must not end the step)
        return None
    wrong = [slope for slope in found.slopes if not slope.ok]
    if not wrong:
        return None
    of = "; ".join(f"by {s.name} its gradient has the slope {s.tape:.4g}, and finite differences {s.difference:.4g}" for s in wrong[:3])
    return f"The gradient that call() defines is not that of what it computes: {of}."


def signs_of(step):
    """{place of a call: [(sign, why), ...]} of the calls of layers that call no other."""
    norms = [weight.gradient_numbers.norm for weight in step.weights if weight.gradient is not None]
    largest = max(norms, default=0.0)
    found = {}
    for place, call in enumerate(step.calls):
        if call.is_leaf:
            own = [weight for weight in step.weights if call.path and weight.path.startswith(f"{call.path}.")]
            behind_dead = bool(call.sources) and all(_is_dead(step, source) for source in call.sources)
            signs = [*_of_outputs(call, behind_dead), *_of_growth(step, call), *_of_weights(own, largest), *_frozen(step, call)]
            if any(sign == "dead" for sign, _ in signs):
                signs = [item for item in signs if item[0] != "no gradient"]  # as it follows
            if signs:
                found[place] = sorted(signs, key=lambda item: ORDER.index(item[0]))
    return found


def _is_dead(step, source):
    return not isinstance(source, str) and step.calls[source].outputs is not None and step.calls[source].outputs.zeros == 1


def _of_outputs(call, behind_dead):
    if call.wrong:
        yield "wrong gradient", call.wrong
    for what, numbers in (("outputs", call.outputs), ("gradient by its outputs", call.gradient)):
        if numbers is not None and numbers.non_finite:
            yield "exploding", f"{share(numbers.non_finite)} of its {what} are not finite: infinite, or not a number."
            return
    if call.dead is not None and call.dead >= _MOST_DEAD and not behind_dead:
        yield "dead", f"{share(call.dead)} of its units give 0 for every row of the batch, and where all is 0 no gradient comes back."
    if call.saturated is not None and call.saturated >= _MOST_SATURATED:
        yield "saturated", (f"{share(call.saturated)} of its outputs are at an end of {call.layer.activation.__name__}, "
                            "where the derivative is almost 0.")  # fmt: skip


def _of_growth(step, call):
    """At the first layer with weights whose outputs are very much larger than what the model gets, in the mean of squares."""
    inputs = max((_size(item.numbers) for item in step.inputs), default=0.0)
    limit = _EXPLODING * max(inputs, 1.0)
    before = [step.calls[source].outputs for source in call.sources if not isinstance(source, str)]
    if call.layer.weights and _size(call.outputs) > limit and all(_size(numbers) <= limit for numbers in before):
        yield "exploding", (f"Its outputs have the size {_size(call.outputs):.1g}, and the inputs of the model {inputs:.1g}: "
                            "values have grown from layer to layer.")  # fmt: skip


def _size(numbers):
    return 0.0 if numbers is None or not numbers.size or np.isnan(numbers.norm) else numbers.norm / np.sqrt(numbers.size)


def _of_weights(weights, largest):
    without = [weight.path for weight in weights if weight.gradient is None]
    if without:
        yield "no gradient", f"The loss does not depend on {', '.join(without)}: a way is cut, or what they give is not used."
    known = [weight for weight in weights if weight.gradient is not None and not weight.gradient_numbers.non_finite]
    if known and all(weight.gradient_numbers.norm == 0 for weight in known):
        yield "no gradient", "The gradient of all its weights is exactly 0, so that they stay as they are."
        return
    top = max((weight.gradient_numbers.norm for weight in known), default=largest)
    if known and top < _VANISHING * largest:
        yield "vanishing", f"The gradient of its weights is {top / largest:.1g} of the largest of a weight in the model: it is lost on the way back."
    jumps = [weight for weight in known if weight.value.size > 1 and weight.ratio > 1]
    if jumps:
        yield "exploding", f"The update of {jumps[0].path} is {jumps[0].ratio:.3g} times as long as the weight itself."


def _frozen(step, call):
    paths = [path for path in step.held if call.path and path.startswith(f"{call.path}.")]
    if paths:
        yield "frozen", f"{', '.join(paths)}: not trained, as trainable=False is set. model.explain_trainable() says where."
