"""Are the gradients of a layer or model right? The tape's against finite differences, which know no calculus.

For each input and each trainable weight `w`, along a random unit direction `d`:

    <gradient of f at w, d>   =   (f(w + h d) - f(w - h d)) / 2h   + O(h²)

`f` is the model's loss, or `Σ cotangent * output + Σ losses` for a layer. Where the slopes to the left and to the right
disagree, the function has a kink (relu at 0) and no gradient to compare with; such a row says so.
"""

import dataclasses
import math
from typing import Any

import numpy as np
import tensorflow as tf

from engine import hints
from engine.core.layer import Layer
from engine.study import precision
from engine.study.notebook import fragment, section
from engine.study.scalar import Objective, along, dense
from engine.text import table

_STEP = 1e-5  # h in float64: h² and rounding / h are then about equally small
_STEP_FLOAT32 = 1e-2  # where float64 cannot be had
# By how much the tape may differ, relative to the slope: what its own dtype can hold.
_TOLERANCES = {"float64": 1e-6, "float32": 1e-3, "bfloat16": 5e-2, "float16": 5e-2}
_TOLERANCE_FLOAT32_DIFFERENCES = 5e-2
_KINK = 1e-3  # one-sided slopes that differ by more than this part of the slope


class GradientError(AssertionError):
    """A gradient is wrong."""


@dataclasses.dataclass
class Slope:
    """One row of the table: one slope, by the tape and by differences; `error` is in units of `scale`."""

    name: str
    order: int
    shape: tuple
    tape: float
    difference: float
    scale: float
    error: float
    verdict: str  # "ok", "WRONG", "kink" or "unused"

    @property
    def ok(self) -> bool:
        return self.verdict != "WRONG"


class GradientReport:
    """The slopes of one check. `print(report)`, `report.ok`, `report.raise_if_wrong()`."""

    def __init__(self, title: str, precision: str, slopes: list[Slope]) -> None:
        self.title, self.precision, self.slopes = title, precision, slopes

    @property
    def ok(self) -> bool:
        """Whether no slope is wrong. Kinks are not wrong, and not shown to be right either."""
        return all(slope.ok for slope in self.slopes)

    def raise_if_wrong(self) -> None:
        """A GradientError with the table, if any slope is wrong."""
        if not self.ok:
            raise GradientError(str(self))

    def _table(self):
        head = ("of", "shape", "order", "tape", "differences", "relative error", "")
        return head, [
            (s.name, s.shape, s.order, f"{s.tape:.8g}", f"{s.difference:.8g}", f"{s.error:.1e}", s.verdict)
            for s in self.slopes
        ]

    def __str__(self):
        return f"Gradients of {self.title}, differences in {self.precision}\n{table(*self._table())}"

    def _repr_html_(self):
        heading = f"Gradients of {self.title}: {'right' if self.ok else 'WRONG'}"
        return fragment(heading, section("", *self._table(), f"The differences are in {self.precision}."))


def check_gradients(layer: Layer, x: hints.Nest, y: hints.Nest = None, *, sample_weight: hints.Nest = None,
                    call: dict[str, Any] | None = None, training: bool = False, second_order: bool = False,
                    seed: int = 0) -> GradientReport:  # fmt: skip
    """Compare the gradients of a layer or a compiled model with finite differences; returns a GradientReport.

    With `y`, the objective is `model.compute_loss` on `x, y, sample_weight`; without, a random mixture of the outputs
    plus the layer's losses. Nothing is changed: weights, moving statistics, random counters and metrics have their
    values back at the end, and each evaluation starts from the same ones. A layer that is not built gets built.

    Arguments: `x`, an array or nest of them; `call`, further arguments of the layer's call; `training`, the flag
    (dropout then drops the same units every time); `second_order`, also check the gradient of the gradient;
    `seed` of cotangent and directions.
    Narrower layers than float64 have the differences computed in float64, from their graph rewritten; the tape's
    gradient stays in their dtype and is held to what that can represent. Where the graph has an operation without
    float64 form, the differences are in float32 and the check is coarse (5 %).
    Errors: TypeError for what is no Layer; ValueError for `second_order` in a dtype other than float64, and for `y`
    with a model that is not compiled.

    >>> import tensorflow as tf
    >>> from engine.study.gradcheck import check_gradients
    >>> from layers import Dense
    >>> report = check_gradients(Dense(4, activation="tanh"), tf.ones((2, 3)))
    >>> report.ok, [slope.name for slope in report.slopes]
    (True, ['input', 'kernel', 'bias'])
    """
    if not isinstance(layer, Layer):
        raise TypeError(f"check_gradients() takes a Layer or Model of this project, received {type(layer).__name__}.")
    if second_order and layer.compute_dtype != "float64":
        raise ValueError(
            f"{layer._title} computes in {layer.compute_dtype}; second order needs float64. "
            "Make it with dtype='float64'."
        )
    if y is not None and getattr(layer, "optimizer", None) is None:
        raise ValueError(f"{layer._title}: `y` needs a compiled model, whose loss is checked. Compile it, or omit y.")
    objective = Objective(layer, x, y, sample_weight, call or {}, training, seed)
    try:
        names, points = objective.names(), [*objective.inputs, *objective.weights]
        rng = np.random.default_rng([seed, 11])
        directions = [tf.constant(unit_direction(point.shape, rng)) for point in points] if second_order else None
        value, gradients = _by_tapes(objective, points, directions)
        differences = _Differences(objective, directions, value, gradients[0], rng)
        slopes = [
            differences.compare(name, order, index, point, gradients[order - 1][index])
            for order in range(1, len(gradients) + 1)
            for index, (name, point) in enumerate(zip(names, points))
        ]
    finally:
        objective.restore()
    return GradientReport(layer._title, differences.dtype, slopes)


def _by_tapes(objective, points, directions):
    """(f, [its gradients]); with directions d also those of `Σ <gradient of f, d>`, by a tape around the tape."""
    if directions is None:
        value, gradients = objective.differentiated(objective.inputs)
        return float(value), [gradients]
    with tf.GradientTape() as tape:
        tape.watch(objective.inputs)
        value, gradients = objective.differentiated(objective.inputs)
        slope = along(gradients, directions)
    second = dense(tape.gradient(slope, points))
    zeros = [tf.zeros(point.shape, tf.float64) for point in points]
    return float(value), [gradients, [zero if g is None else g for g, zero in zip(second, zeros)]]


class _Differences:
    """Slopes by differences, in float64 wherever the computation has a float64 form.

    Of the second order it is the slope of `Σ <gradient of f, d>` along a direction e of one input or weight. The matrix H
    of second derivatives is symmetric, so this is also the slope of `<gradient of f, e>` along d, in which all move at once:

        e' H d   =   <(gradient of f)(w + h d) - (gradient of f)(w - h d), e> / 2h   + O(h²)

    and two gradients serve all inputs and weights.
    """

    def __init__(self, objective, directions, value, gradients, rng):
        self.dtype, self.step, self.tolerance = "float64", _STEP, _TOLERANCES[objective.layer.compute_dtype]
        self.inputs, self.weights = objective.inputs, objective.weights
        self.evaluate, self.objective = objective.at, objective
        if objective.layer.compute_dtype != "float64":
            try:
                in_float64 = precision.InFloat64(objective, objective.inputs, objective.weights)
                self.inputs, self.weights = [precision.wide(item) for item in objective.inputs], in_float64.weights
                value, self.evaluate = float(in_float64(self.inputs)), in_float64
            except (precision.NotConvertible, tf.errors.InvalidArgumentError):  # the latter: no float64 kernel
                self.dtype, self.step = objective.layer.compute_dtype, _STEP_FLOAT32
                self.tolerance = max(self.tolerance, _TOLERANCE_FLOAT32_DIFFERENCES)
        self.rounding = 50 * np.finfo(tf.as_dtype(self.dtype).as_numpy_dtype).eps
        self.value, self._rng, self._gradients = value, rng, {0.0: gradients}
        # A mask among the inputs has no gradient, and moving it by h would be a jump.
        self._directions = {i: d for i, d in enumerate(directions or []) if gradients[i] is not None}

    def compare(self, name, order, index, point, gradient):
        """The Slope of one input or weight. Along other directions, with shorter steps, if there is a kink."""
        for attempt in range(3):
            step = self.step / 4**attempt
            direction = unit_direction(point.shape, self._rng)
            right, left = (self.one_sided(order, index, direction, sign * step) for sign in (1, -1))
            tape, size = (0.0, 0.0) if gradient is None else slope_and_size(gradient, direction)
            difference = (right + left) / 2
            noise = self.rounding * max(abs(self.at(order, index, direction, 0.0)), 1.0) / step
            slope = judge(name, order, tuple(point.shape), tape, difference, size, noise, self.tolerance)
            if slope.ok:
                break
            closer = self.one_sided(order, index, direction, step / 4)  # at a jump, slopes grow as the step shrinks
            if max(abs(right - left), abs(closer - right)) <= max(_KINK * slope.scale, 8 * noise):
                return slope  # one slope from all sides: no kink, but wrong
            slope.verdict = f"kink: {left:.3g} | {right:.3g}"
        if gradient is None and slope.ok and not slope.difference:
            slope.verdict = "unused"
        return slope

    def one_sided(self, order, index, direction, step):
        """`(f(w + step d) - f(w)) / step`."""
        return (self.at(order, index, direction, step) - self.at(order, index, direction, 0.0)) / step

    def at(self, order, index, direction, step):
        """f with one input or weight moved along `direction`; of the second order `<gradient of f, direction>`, all moved."""
        if order == 1:
            return float(self._moved(self.evaluate, {index: direction}, step)) if step else self.value
        if step not in self._gradients:
            _, self._gradients[step] = self._moved(self.objective.differentiated, self._directions, step)
        gradient = self._gradients[step][index]
        return 0.0 if gradient is None else slope_and_size(gradient, direction)[0]

    def _moved(self, function, directions, step):
        """`function(inputs)` with the inputs and weights of these indices moved by `step`; the weights go back."""
        inputs, before = list(self.inputs), []
        for index, direction in directions.items():
            if index < len(inputs):
                inputs[index] = inputs[index] + tf.cast(step * direction, inputs[index].dtype)
            else:
                weight = self.weights[index - len(inputs)]
                before.append((weight, tf.identity(weight)))
                weight.assign_add(tf.cast(step * direction, weight.dtype))
        result = function(inputs)
        for weight, value in before:
            weight.assign(value)
        return result


def unit_direction(shape, rng):
    """A random array of length 1."""
    direction = np.asarray(rng.normal(size=tuple(shape)))
    return direction / max(float(np.linalg.norm(direction)), 1e-30)


def slope_and_size(gradient, direction):
    """`<gradient, direction>` in float64, and how large that is for most directions."""
    gradient = tf.cast(gradient, tf.float64).numpy()
    return float(np.sum(gradient * direction)), float(np.linalg.norm(gradient)) / math.sqrt(direction.size)


def judge(name, order, shape, tape, difference, size, noise, tolerance):
    """The Slope with its relative error. Where gradients are all but zero, what counts is the rounding noise."""
    scale = max(abs(tape), abs(difference), size, noise / tolerance)
    error = abs(tape - difference) / scale
    return Slope(name, order, shape, tape, difference, scale, error, "ok" if error <= tolerance else "WRONG")
