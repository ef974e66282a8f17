"""One eager training step, recorded line by line as Python runs it: in the heart, the layers, the loss and the formula.

    with unchanged(model):                         the model is as it was afterwards
        with Recorder(...):                            sys.settrace, for these files alone
            model.train_step(batch)

A *moment* is one statement that ran, with what its names held before and after. What repeats is recorded a few times, and
counted: a loop of 10,000 rounds makes ten.
"""

import collections
import dataclasses
import inspect
import os
import pathlib
import sys

import tensorflow as tf

import engine.core
from engine import hints
from engine.core.model import CoreModel
from engine.core.objective import as_loss
from engine.small_parts.batch import unpack
from engine.small_parts.feed import make_feed
from engine.study.lines import Source
from engine.study.numbers import has_values
from engine.study.ready import make_ready
from engine.study.values import Describer, held_by
from engine.study.walk_page import outline, short_page, walk_page
from engine.study.walked_weights import WeightsSeen
from engine.unchanged import dice_kept, unchanged

_CORE = pathlib.Path(engine.core.__file__).parent
_ROOT = _CORE.parents[1]
_ROUNDS, _VISITS, _MOMENTS = 10, 60, 9000  # of a line in one call, of a function, of the step
_SELDOM = {"tracking.py": 4}  # how weights are found: shown, and then known


@dataclasses.dataclass
class Frame:
    """A call of a function: where it is, the moment that called it, and the layer or other object whose method it is."""

    function: str
    file: str
    first: int
    last: int
    depth: int
    caller: int | None
    owner: str
    begin: int  # its moments, and those of what it calls
    end: int = 0
    returned: str = ""


@dataclasses.dataclass
class Moment:
    """A statement that ran: `names` are (name, Value before or None, Value after)."""

    frame: int
    first: int
    last: int
    names: list


@dataclasses.dataclass
class Walk:
    """One step, line by line. `print` it for an outline; `to_html(path)` writes it as a page."""

    title: str
    loss: float | None
    rows: int
    frames: list  # of Frame
    moments: list  # of Moment
    weights: list  # of WalkedWeight
    sources: dict  # {name of a file: its lines}
    left_out: dict  # {function: how many more calls of it there were}
    rounds: int  # of loops that were not recorded

    def to_html(self, path: hints.File) -> hints.File:
        """Write one file that needs no other and no network; returns `path`."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(walk_page(self))
        return path

    def __str__(self):
        return outline(self)

    def _repr_html_(self):
        return short_page(self)


def walk_step(model: CoreModel, x: hints.Data, y: hints.Data = None, sample_weight: hints.Data = None) -> Walk:
    """The Walk through the step that `model.train_on_batch(x, y, sample_weight)` would make, eagerly; the model stays as it is.

    Slots of the optimizer and weights of layers that were not built are made, as the first real step would.
    Errors: RuntimeError for a model that is not compiled; those of `fit` for data that do not fit.
    """
    model._require_compiled("walk_step")
    feed = make_feed(model, x, y, sample_weight)
    batch = feed.all_rows()
    make_ready(model, feed)
    if model.compiled_loss is not None and feed.targets is not None:
        model.compiled_loss.check_labels(feed.targets)
    files = [*_CORE.glob("*.py"), *files_of(model)]
    recorder = Recorder({str(file): Source(str(file)) for file in files}, model)
    eager = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        with unchanged(model), dice_kept():
            model.reset_metrics()
            recorder.run(model.train_step, batch)
            weights = recorder.weights.finished(recorder.frames, recorder.moments)
    finally:
        tf.config.run_functions_eagerly(eager)
    return recorder.walk(model, batch, weights)


def files_of(model):
    """The files of the model's layers, of its losses and of its optimizer's formula, as far as there is source."""
    given = tf.nest.flatten(model.compiled_loss.loss) if model.compiled_loss is not None else []
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    owners = [*(layer for _, layer in model.named_layers()), *filter(None, map(as_loss, given)), optimizer]
    files = {}
    for owner in owners:
        for cls in type(owner).__mro__[:-1]:
            for item in vars(cls).values():
                code = getattr(inspect.unwrap(getattr(item, "python_function", item)), "__code__", None) if callable(item) else None
                if code is not None:
                    files[code.co_filename] = None
        if function := getattr(owner, "fn", None):
            files[getattr(getattr(function, "__code__", None), "co_filename", "")] = None
    return [file for file in files if file and _is_shown(file) and Source(file).lines]


def _is_shown(file):
    """Not what is around the heart, but for the formulas of optimizers; nor TensorFlow."""
    ours = str(_ROOT / "engine") + os.sep
    return not file.startswith((ours, os.path.dirname(tf.__file__))) or file.startswith(os.path.join(ours, "optimizers"))


class Recorder:
    """Follows Python in the functions of `sources`, {filename: Source}, and notes what their names hold."""

    def __init__(self, sources, model):
        self.sources = sources
        self.frames, self.moments, self.open = [], [], []
        self.visits, self.left_out, self.rounds = collections.Counter(), collections.Counter(), 0
        paths = {id(variable): path for path, variable, _ in model.named_weights()}
        self.weights = WeightsSeen(model)
        self.describe = Describer({**self.weights.slot_names, **paths})
        self.result = None

    def run(self, function, *args):
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            self.result = function(*args)
        finally:
            sys.settrace(before)

    def _enter(self, frame, event, _):
        code = frame.f_code
        source = self.sources.get(code.co_filename)
        if source is None or code.co_flags & inspect.CO_GENERATOR or code.co_name.startswith("<"):
            return None
        self.visits[code] += 1
        most = _SELDOM.get(pathlib.Path(code.co_filename).name, _VISITS)
        if (self.visits[code] > most or len(self.moments) > _MOMENTS) and not self._updates(frame.f_locals):
            self.left_out[f"{code.co_name} in {short(code.co_filename)}"] += 1
            return None
        owner = self.describe(frame.f_locals.get("self"))
        function = getattr(code, "co_qualname", code.co_name)  # of Python 3.11
        self.frames.append(Frame(
            function, short(code.co_filename), code.co_firstlineno, source.end(code), len(self.open),
            self.open[-1].place if self.open else None,
            "" if owner.text == "None" or function.startswith(f"{owner.text}.") else owner.text, len(self.moments),
        ))  # fmt: skip
        self.open.append(_Followed(self, source, len(self.frames) - 1))
        self.weights.entered(len(self.frames) - 1, frame.f_locals)
        return self.open[-1]

    def _updates(self, names):
        """Whether a weight is updated here, or in a call around: each weight is followed to its new value, up to twice the most."""
        inside = any(followed.number in self.weights.updates.values() for followed in self.open)
        return (inside or self.weights.is_update(names)) and len(self.moments) < 2 * _MOMENTS

    def values(self, frame, names):
        """{name: (what it holds, its Value)} of those names that hold something to show."""
        found = {}
        for name in names:
            value = look_up(name, frame.f_locals)
            described = None if value is _NOTHING else self.describe(value)
            if described is not None:
                found[name] = value, described
        return found

    def walk(self, model, batch, weights):
        logs = self.result if isinstance(self.result, dict) else {}
        loss = logs.get("loss")
        sources = {short(name): source.lines for name, source in self.sources.items()}
        used = {frame.file for frame in self.frames}
        rows = next(item.shape[0] for item in tf.nest.flatten(unpack(batch)[0], expand_composites=True) if item is not None)
        return Walk(model._title, None if loss is None else float(loss), rows, self.frames, self.moments, weights,
                    {name: lines for name, lines in sources.items() if name in used}, dict(self.left_out), self.rounds)  # fmt: skip


class _Followed:
    """Follows one call of a function, from statement to statement."""

    def __init__(self, recorder, source, number):
        self.recorder, self.source, self.number = recorder, source, number
        self.counts, self.pending, self.place, self.begun = collections.Counter(), None, None, {}

    def __call__(self, frame, event, value):
        if event == "line":
            statement = self.source.statement(frame.f_lineno)
            if self.pending is not None and statement.first == self.pending.first:
                return self  # another line of the same statement
            self._finish(frame)
            self.counts[statement.first] += 1
            if self.counts[statement.first] > _ROUNDS:
                self.recorder.rounds += 1
                return self
            self.begun, self.names = self.recorder.values(frame, statement.names), statement.names
            self.pending, self.place = Moment(self.number, statement.first, statement.last, []), len(self.recorder.moments)
            self.recorder.moments.append(self.pending)
        elif event == "return":
            self._finish(frame)
            self._leave(value)
        return self

    def _finish(self, frame):
        """Note what the names of the statement before hold now."""
        if self.pending is None:
            return
        for name, (value, after) in self.recorder.values(frame, self.names).items():
            held, before = self.begun.get(name, (None, None))
            self.pending.names.append((name, before, after))
            is_new = before is None or before.mark != after.mark
            self.recorder.weights.saw(self.place, held_by(value), is_new and held is value)
            if is_new and has_values(value):
                self.recorder.weights.assigned.append((self.place, name, value))
        self.pending = None

    def _leave(self, value):
        recorder, here = self.recorder, self.recorder.frames[self.number]
        found = recorder.describe(value)
        here.end, here.returned = len(recorder.moments), found.text if found and value is not None else ""
        if here.end > here.begin:
            recorder.weights.saw(here.end - 1, held_by(value))
            if has_values(value):
                recorder.weights.assigned.append((here.end - 1, here.function, value))
        del recorder.open[recorder.open.index(self) :]


_NOTHING = object()


def look_up(name, names):
    """What `name`, with dots, stands for; attributes only where they are kept, as asking for others may run code."""
    first, *rest = name.split(".")
    value = names.get(first, _NOTHING)
    for attribute in rest:
        try:
            value = vars(value).get(attribute, _NOTHING)
        except TypeError:
            return _NOTHING
    return value


def short(filename):
    """The name of a file from the root of the project, or its own name alone."""
    path = pathlib.Path(filename)
    return path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else path.name
