"""Write docs/parity.md, and its summary in README.md: how far each public name is from Keras.

    python tests/parity/write_page.py

Every row of the tables of this folder is run, and measured by one yardstick (engine/study/differences.py).
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # its float32 sums depend on the machine
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import contextlib
import dataclasses
import inspect
import pathlib
import re

import keras
import numpy as np
import tensorflow as tf
import test_layers
import test_losses
import test_metrics
import test_optimizers
import test_parts

import layers
import losses
from engine import activations, constraints, initializers, metrics, optimizers, regularizers
from engine.core import dtypes
from engine.optimizers import schedules
from engine.study.differences import Comparison
from engine.study.parity import check_row
from losses.lookup import snake_case

ROOT = pathlib.Path(__file__).parents[2]
PAGE, README = ROOT / "docs" / "parity.md", ROOT / "README.md"
BEGIN, END = "<!-- parity -->", "<!-- /parity -->"
CLOSE = 1e-10  # a larger difference needs a reason

FAMILIES = {
    "layers": layers, "losses": losses, "metrics": metrics, "optimizers": optimizers, "optimizers.schedules": schedules,
    "initializers": initializers, "regularizers": regularizers, "constraints": constraints, "activations": activations,
}  # fmt: skip

BASE, LOOKUP = "the base class", "names and configs, compared word by word in the tests"
WITHOUT_NUMBERS = {
    **test_layers.WITHOUT_ROW, "Input": "makes a symbol", "InputSpec": "describes inputs",
    **dict.fromkeys(("Loss", "Metric", "Optimizer", "LearningRateSchedule", "Initializer", "Regularizer", "Constraint"), BASE),
    **dict.fromkeys(("get", "serialize", "deserialize"), LOOKUP), **test_parts.NOT_KERAS,
}  # fmt: skip
ROUNDS = "Keras computes in float32 here, whatever the dtype"
# Why a name outside of the layers, whose rows carry their own reasons, is not within CLOSE.
REASONS = {
    **dict.fromkeys(("LogCosh", "log_cosh", "LogCoshError"), "Keras rounds log 2 to float32"),
    **dict.fromkeys(("CTC", "ctc"), "both sides compute in float32"),
    **dict.fromkeys(("IoU", "BinaryIoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU", "STFT"), ROUNDS),
}


# ---------------------------------------------------------------- measuring: (name, Comparison, reason) per row


def compared(title, ours, theirs, gradients=True):
    """The Comparison of two lists of arrays; with `gradients`, all but the first are gradients."""
    comparison = Comparison(title)
    for index, (mine, reference) in enumerate(zip(ours, theirs, strict=True)):
        label = f"gradient {index}" if gradients and index else f"output {index}"
        comparison.add(label, np.asarray(mine), np.asarray(reference), CLOSE)
    return comparison


def of_layers():
    for row in test_layers.ROWS:
        if row.raises is None:
            yield row.part.name, check_row(row), row.why
    for row in test_layers.MERGING:
        results = (test_layers.merged(library, row) for library in (layers, keras.layers))
        yield row.part.name.lower(), compared(row.id, *results), None


def of_losses():
    for name, arguments, data, shape, _, function in (item.values for item in test_losses.ROWS):
        yield name, compared(name, *test_losses.of_classes(name, arguments, data, shape)), None
        results = test_losses.of_functions(name, arguments, data, shape, function)
        yield snake_case(name), compared(name, *results), None


def of_metrics():
    for name, *row, _ in (item.values for item in test_metrics.ROWS):
        pairs = test_metrics.state_and_result_after_each_batch(name, *row)
        yield name, compared(name, *zip(*pairs), gradients=False), None
    for name, data in test_metrics.FUNCTIONS.items():
        for shape in (test_metrics.TWO, test_metrics.THREE):
            arrays = test_metrics.make(data, shape, 0)
            results = ([getattr(side, name)(*arrays)] for side in (metrics, keras.metrics))
            yield name, compared(name, *results), None
    for k in test_metrics.K:
        theirs = test_metrics.top_k_results(keras.metrics, k)
        for name, mine in test_metrics.top_k_results(metrics, k).items():
            yield name, compared(name, [mine], [theirs[name]]), None


def of_optimizers():
    """All weights and slots after each of the 100 steps."""
    for name, arguments in (item.values for item in test_optimizers.ROWS):
        expected, received, variables = test_optimizers.histories(name, arguments)
        ends = np.cumsum([int(np.prod(variable.shape)) for variable in variables])[:-1]
        columns = (np.split(history, ends, axis=1) for history in (received, expected))
        yield name, compared(name, *columns, gradients=False), None


def of_schedules():
    for name, arguments in (item.values for item in test_optimizers.SCHEDULES):
        cls = getattr(keras.optimizers.schedules, name)
        pair = getattr(schedules, name)(**arguments), cls(**test_optimizers.with_defaults(cls, arguments))
        values = ([schedule(tf.constant(step, tf.int64)) for step in test_optimizers.SCHEDULE_STEPS] for schedule in pair)
        yield name, compared(name, *values, gradients=False), None


def of_initializers():
    rows = [(name, arguments, [shape]) for name, arguments, shape in test_parts.FIXED]
    rows += [(name, arguments, test_parts.shapes_for(name, arguments)) for name, arguments in test_parts.SEEDED]
    for name, arguments, shapes in rows:
        sides = test_parts.both("initializers", name, arguments)
        values = ([side(shape, "float64") for shape in shapes] for side in sides)
        yield name, compared(name, *values, gradients=False), None


def of_functions(names_and_sides, x):
    """What maps one tensor to another: regularizers, constraints, activations."""
    for name, sides in names_and_sides:
        yield name, compared(name, *(test_parts.value_and_gradient(side, x) for side in sides)), None


def of_activations():
    rows = [(name, [lambda x, f=getattr(side, name), a=arguments: f(x, **a) for side in (activations, keras.activations)])
            for name, arguments in test_parts.ACTIVATIONS]  # fmt: skip
    return of_functions(rows, test_parts.inputs())


def of_regularizers():
    rows = [(name, test_parts.both_regularizers(name, arguments)) for name, arguments in test_parts.REGULARIZERS]
    return of_functions(rows, test_parts.inputs((3, 5)))


def of_constraints():
    rows = [(name, test_parts.both("constraints", name, arguments)) for name, arguments in test_parts.CONSTRAINTS]
    return of_functions(rows, test_parts.inputs((3, 5)))


MEASURED = {
    "layers": of_layers, "losses": of_losses, "metrics": of_metrics, "optimizers": of_optimizers,
    "optimizers.schedules": of_schedules, "initializers": of_initializers, "regularizers": of_regularizers,
    "constraints": of_constraints, "activations": of_activations,
}  # fmt: skip


@contextlib.contextmanager
def default_float(name):
    keras.config.set_floatx(name)
    dtypes.set_floatx(name)
    yield
    keras.config.set_floatx("float32")
    dtypes.set_floatx("float32")


# ---------------------------------------------------------------- one line per name


@dataclasses.dataclass
class Line:
    """The largest differences over all rows of a name, or of several names of one thing."""

    names: list
    rows: int = 0
    outputs: float = 0.0
    gradients: float = None
    reasons: list = dataclasses.field(default_factory=list)

    def add(self, comparison, reason):
        errors = {True: [], False: []}
        for item in comparison.differences:
            errors["gradient" in item.quantity].append(item.error)
        self.rows += 1
        self.outputs = max([self.outputs, *errors[False]])
        if errors[True]:
            self.gradients = max([self.gradients or 0.0, *errors[True]])
        if max(errors[True] + errors[False]) > CLOSE and reason not in self.reasons:
            self.reasons.append(reason)

    @property
    def largest(self):
        return max(self.outputs, self.gradients or 0.0)


def public(family):
    """The names of a family: those that Keras has too, without modules."""
    theirs = dir(inspect.getattr_static(keras, family.split(".")[0]) if "." not in family else keras.optimizers.schedules)
    found = {name: getattr(FAMILIES[family], name, None) for name in theirs if not name.startswith("_")}
    return {name for name, item in found.items() if item is not None and not inspect.ismodule(item)}


def without_numbers(family):
    """{name: reason} of the public names that have no line."""
    found = {name: WITHOUT_NUMBERS[name] for name in public(family) if name in WITHOUT_NUMBERS}
    if family == "metrics":
        same = {name for name in public(family) if getattr(losses, name, None) is getattr(metrics, name)}
        found |= dict.fromkeys(same - set(found), "the function of `losses`, see there")
    return found


def aliases(family, name):
    """`name`, and the other names of the same thing."""
    found = vars(FAMILIES[family])
    return [name, *sorted(other for other, item in found.items() if item is found[name] and other != name)]


def measure(family):
    """The Lines of a family, in alphabetic order."""
    lines = {}
    with default_float("float64" if family in ("metrics", "optimizers", "optimizers.schedules") else "float32"):
        for name, comparison, reason in MEASURED[family]():
            names = aliases(family, name)
            line = lines.setdefault(min(names), Line(names))
            line.add(comparison, reason or REASONS.get(name))
            if None in line.reasons:
                raise ValueError(f"{family}.{name} is not within {CLOSE} of Keras and no reason is given:\n{comparison}")
    return [lines[name] for name in sorted(lines, key=lambda name: (name.islower(), name.lower()))]


# ---------------------------------------------------------------- pages


def number(error):
    return "–" if error is None else "0" if error == 0 else f"{error:.0e}".replace("e-0", "e-")


def quoted(names):
    return ", ".join(f"`{name}`" for name in names)


def table(head, rows):
    """A Markdown table; all columns but the first and the last are numbers."""
    ruler = ["---", *["--:"] * (len(head) - 2), "---"]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in [head, ruler, *rows])


HEAD = """# How far each part is from Keras

Written by `python tests/parity/write_page.py`, with TensorFlow {tensorflow}, Keras {keras} and NumPy {numpy}; not edited by hand.

Each name is built on both sides with the same arguments and weights and fed the same numbers, in float64, once for
each of its rows in `tests/parity/`. Shown is the largest relative difference over all rows,
`max |ours - theirs| / max |theirs|` of each array, to one digit.

- *outputs*: of layers also masks, losses, and all weights after three steps of SGD; of metrics the state and the result
  after each batch; of optimizers all weights and slots after each of 100 steps.
- *gradients*: of each input and each weight, for a random cotangent. "–": there are none.
- Rounding leaves 1e-16 to 1e-13. What is above 1e-10 has its reason beside it.
"""


def page(found):
    """docs/parity.md from {family: Lines}."""
    versions = dict(tensorflow=tf.__version__, keras=keras.__version__, numpy=np.__version__)
    parts = [HEAD.format(**versions)]
    for family, lines in found.items():
        rows = [
            (quoted(line.names), line.rows, number(line.outputs), number(line.gradients), "; ".join(line.reasons))
            for line in lines
        ]
        parts.append(f"## {family}\n\n{table(('name', 'rows', 'outputs', 'gradients', 'above 1e-10 because'), rows)}\n")
        reasons = {}
        for name, reason in sorted(without_numbers(family).items()):
            reasons.setdefault(reason, []).append(name)
        parts.append("Without numbers: " + "; ".join(f"{quoted(names)} ({why})" for why, names in reasons.items()) + ".\n")
    return "\n".join(parts)


def summary(found):
    """The table for README.md."""
    rows = []
    for family, lines in found.items():
        close = sum(line.largest <= CLOSE for line in lines)
        worst = [max((getattr(line, kind) for line in lines if getattr(line, kind) is not None), default=None)
                 for kind in ("outputs", "gradients")]  # fmt: skip
        count = sum(len(line.names) for line in lines)
        rows.append((family, count, sum(line.rows for line in lines), f"{close} of {len(lines)}", *map(number, worst)))
    head = ("", "names", "rows", "within 1e-10", "largest difference of outputs", "of gradients")
    return f"{table(head, rows)}\n\nName by name, with the reasons for what is above 1e-10: [docs/parity.md](docs/parity.md)."


def main():
    found = {family: measure(family) for family in FAMILIES}
    PAGE.write_text(page(found), encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    text = re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{summary(found)}\n{END}", text, flags=re.DOTALL)
    README.write_text(text, encoding="utf-8")
    print(summary(found))


if __name__ == "__main__":
    main()
