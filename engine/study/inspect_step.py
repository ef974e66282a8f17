"""One training step, looked into: every call, every term of the loss, every gradient, every update. Then undone.

    with unchanged(model):
        y_pred, loss, gradients = model.step_gradients(x, y)     observed, layer by layer
        model.apply_step(gradients)                                  with the weights kept from before

The step is the model's own; a second tape around it gives the gradients by the outputs of the layers.
"""

import dataclasses
import math
import time

import numpy as np
import tensorflow as tf

from engine import hints
from engine.core.model import CoreModel
from engine.small_parts.batch import count_rows, unpack
from engine.small_parts.feed import make_feed
from engine.small_parts.gradients import as_dense
from engine.study.calls import Recorder
from engine.study.flow import tensors_in
from engine.study.numbers import Numbers, floating, numbers
from engine.study.pictures import images_in
from engine.study.ready import make_ready
from engine.study.signs import signs_of
from engine.study.step_fragment import step_fragment
from engine.study.step_page import step_page
from engine.study.step_text import step_text
from engine.study.worked import Worked, formula
from engine.unchanged import dice_kept, unchanged


@dataclasses.dataclass
class Term:
    """A term of the loss: `value * factor` is what it adds."""

    name: str
    value: float
    factor: float = 1.0

    @property
    def amount(self):
        return self.value * self.factor


@dataclasses.dataclass
class Fed:
    """An input of the model in the step."""

    name: str
    shape: tuple
    numbers: Numbers | None
    pictures: list


@dataclasses.dataclass
class WeightStep:
    """A trainable weight in the step: its value before, its gradient (None: it has none), and its update, as arrays."""

    path: str
    value: np.ndarray
    gradient: np.ndarray | None
    clipped: np.ndarray | None  # the gradient as the optimizer uses it
    update: np.ndarray

    def __post_init__(self):
        self.value_numbers, self.update_numbers = numbers(self.value), numbers(self.update)
        self.gradient_numbers: Numbers | None = None if self.gradient is None else numbers(self.gradient)

    @property
    def ratio(self):
        """Norm of the update by norm of the weight: about 1e-3 is usual; much less learns slowly, much more jumps."""
        return self.update_numbers.norm / self.value_numbers.norm if self.value_numbers.norm else math.nan

    @property
    def ratio_text(self):
        """The ratio for people; a weight that is all zeros has none."""
        return "-" if math.isnan(self.ratio) else f"{self.ratio:.2g}"


@dataclasses.dataclass
class Step:
    """One training step. `print` it for tables; `to_html(path)` writes it as a page."""

    title: str
    optimizer: str
    rows: int
    loss: float
    terms: list  # of Term; their amounts add up to the loss
    calls: list  # of LayerCall, in the order of the calls
    weights: list  # of WeightStep
    learning_rate: float
    worked: Worked | None
    seconds: float
    frozen: list  # paths of the weights that are not trained
    held: list  # those of them that would be trained if `trainable` were not False somewhere
    inputs: list  # of Fed
    loss_sources: list  # as those of a LayerCall
    loss_cut: frozenset

    @property
    def edges(self):
        """Which values went where: (from, to) pairs of the names of inputs and of calls of layers that call no other, and "loss"."""
        ends = [(call.name, call.sources) for call in self.calls if call.is_leaf] + [("loss", self.loss_sources)]
        return [(source if isinstance(source, str) else self.calls[source].name, name) for name, sources in ends for source in sources]

    @property
    def gradient_norm(self):
        """Of all gradients as one vector."""
        return _norm(weight.gradient for weight in self.weights)

    @property
    def clipped_norm(self):
        """The same after clipping."""
        return _norm(weight.clipped for weight in self.weights)

    @property
    def signs(self):
        """What is wrong with layers: {name of the call: [(sign, why), ...]}, such as dead, frozen or wrong gradient."""
        return {self.calls[place].name: signs for place, signs in signs_of(self).items()}

    def to_html(self, path, beside=None):
        """Write one file that needs no other and no network; returns `path`.

        `beside`: another Step, of this model or of one of the same layers, whose numbers are shown beside those of this one.
        """
        if beside is not None and not isinstance(beside, Step):
            raise TypeError(f"to_html(beside=) takes another Step, of inspect_step; received {type(beside).__name__}.")
        with open(path, "w", encoding="utf-8") as file:
            file.write(step_page(self, beside))
        return path

    def _repr_html_(self):
        return step_fragment(self)

    def __str__(self):
        return step_text(self)


def inspect_step(model: CoreModel, x: hints.Data, y: hints.Data = None, sample_weight: hints.Data = None) -> Step:
    """The Step that `model.train_on_batch(x, y, sample_weight)` would make; the model stays as it is.

    Slots of the optimizer and weights of layers that were not built are made, as the first real step would.
    Errors: RuntimeError for a model that is not compiled.
    """
    model._require_compiled("inspect_step")
    feed = make_feed(model, x, y, sample_weight)
    x, y, sample_weight = unpack(feed.all_rows())
    make_ready(model, feed)
    with dice_kept():
        with unchanged(model):
            step, recorder = _measured(model, x, y, sample_weight)
        recorder.check_own_gradients(step.calls)
    return step


def _measured(model, x, y, sample_weight):
    optimizer, rows = model.optimizer, count_rows(x)
    before = {id(weight.variable): weight.variable.numpy() for weight in model.named_weights()}
    started = time.perf_counter()
    with tf.GradientTape(persistent=True) as tape, Recorder(model, x) as recorder:
        tape.watch([item for item in tensors_in(x) if item.dtype.is_floating])
        y_pred, loss, pairs = model.step_gradients(x, y, sample_weight)
    seconds = time.perf_counter() - started
    terms = _terms(model, y, y_pred, sample_weight, loss)
    calls, ends = recorder.calls(tape, loss)
    dense_gradients = optimizer.unscale([as_dense(gradient, variable) for gradient, variable in pairs])
    raw = {id(variable): gradient for gradient, (_, variable) in zip(dense_gradients, pairs)}
    clipped = dict(zip(raw, optimizer.clip(dense_gradients)))
    rate = float(optimizer.learning_rate)
    slots = {key: {name: slot.numpy() for name, slot in optimizer._slots[key].items()} for key in raw}
    state = [(variable, variable.read_value()) for variable in optimizer.variables]
    started = time.perf_counter()
    model.apply_step(pairs, rows=rows)
    seconds += time.perf_counter() - started
    weights = [
        WeightStep(path, before[id(variable)], _array(raw.get(id(variable))), _array(clipped.get(id(variable))),
                   variable.numpy() - before[id(variable)])
        for path, variable, trainable in model.named_weights() if trainable
    ]  # fmt: skip
    worked = _worked(model, weights, slots, state)
    frozen = [path for path, _, trainable in model.named_weights() if not trainable]
    held = [path for path, variable, trainable in model.named_weights() if variable.trainable and not trainable]
    inputs = [Fed(name, item.shape, numbers(floating(item)), images_in(item)) for name, item in recorder.inputs.items()
              if item is not None]  # fmt: skip
    step = Step(model._title, type(optimizer).__name__, int(rows), float(loss), terms, calls, weights, rate, worked, seconds,
                frozen, held, inputs, *ends)  # fmt: skip
    return step, recorder


def _terms(model, y, y_pred, sample_weight, loss):
    """The terms that add up to the loss; what a compute_loss of the user's own adds beside them is one more."""
    data = model.compiled_loss.terms(y, y_pred, sample_weight) if model.compiled_loss is not None else []
    terms = [Term("data_loss" if len(data) == 1 else f"{name}_loss", float(value), float(factor))
             for name, value, factor in data]  # fmt: skip
    terms += [Term(name, float(value)) for name, value in model.named_losses()]
    rest = float(loss) - sum(term.amount for term in terms)
    if abs(rest) > 16 * np.finfo(loss.dtype.as_numpy_dtype).eps * max(1.0, *(abs(term.amount) for term in terms), 0.0):
        terms.append(Term("other, in compute_loss", rest))
    return terms


def _worked(model, weights, slots, state):
    """The scalar with the largest update (or gradient, where nothing moved), worked through."""
    moved = [weight for weight in weights if weight.gradient is not None and weight.gradient.size]
    if not moved:
        return None
    key = "update" if any(weight.update.any() for weight in moved) else "gradient"
    weight = max(moved, key=lambda weight: np.nan_to_num(np.abs(getattr(weight, key))).max())
    index = tuple(int(i) for i in np.unravel_index(np.nan_to_num(np.abs(getattr(weight, key))).argmax(), weight.value.shape))
    paths = {path: variable for path, variable, _ in model.named_weights()}
    variable, optimizer = paths[weight.path], getattr(model.optimizer, "inner_optimizer", model.optimizer)
    after = {name: slot.numpy() for name, slot in optimizer._slots[id(variable)].items()}
    pairs = {name: (float(old[index]), float(after[name][index])) for name, old in slots[id(variable)].items()
             if old.shape == weight.value.shape}  # fmt: skip
    new_value = float(variable.numpy()[index])
    for kept, value in [*state, (variable, weight.value)]:  # the formula runs on what was there before
        kept.assign(value)
    lines = formula(optimizer, variable, tf.constant(weight.clipped), index)
    return Worked(weight.path, index, float(weight.gradient[index]), float(weight.clipped[index]), pairs,
                  float(weight.value[index]), new_value, lines)  # fmt: skip


def _norm(arrays):
    return math.sqrt(sum(float(np.sum(np.square(array, dtype="float64"))) for array in arrays if array is not None))


def _array(gradient):
    return None if gradient is None else gradient.numpy()
