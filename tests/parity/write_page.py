"""Write docs/parity.md, and its summary in README.md: how far each public name is from Keras.

    python tests/parity/write_page.py
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # its float32 sums depend on the machine
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import dataclasses
import inspect
import pathlib
import re

import keras
import measured
import numpy as np
import tensorflow as tf
import test_layers
import test_parts
from measured import CLOSE

import layers
import losses
from engine import activations, constraints, initializers, metrics, optimizers, regularizers
from engine.optimizers import schedules

ROOT = pathlib.Path(__file__).parents[2]
PAGE, README = ROOT / "docs" / "parity.md", ROOT / "README.md"
SUMMARY = re.compile("<!-- parity -->\n(.*?)\n<!-- /parity -->", re.DOTALL)

FAMILIES = {  # name: our module, Keras's, how its rows are measured
    "layers": (layers, keras.layers, measured.of_layers),
    "losses": (losses, keras.losses, measured.of_losses),
    "metrics": (metrics, keras.metrics, measured.of_metrics),
    "optimizers": (optimizers, keras.optimizers, measured.of_optimizers),
    "schedules": (schedules, keras.optimizers.schedules, measured.of_schedules),
    "initializers": (initializers, keras.initializers, measured.of_initializers),
    "regularizers": (regularizers, keras.regularizers, measured.of_regularizers),
    "constraints": (constraints, keras.constraints, measured.of_constraints),
    "activations": (activations, keras.activations, measured.of_activations),
}

BASES = ("Loss", "Metric", "Optimizer", "LearningRateSchedule", "Initializer", "Regularizer", "Constraint")
WITHOUT_NUMBERS = {
    **test_layers.WITHOUT_ROW, "Input": "makes a symbol", "InputSpec": "describes inputs",
    **dict.fromkeys(BASES, "the base of all rows"), **test_parts.NOT_KERAS,
    "LossScaleOptimizer": "around another optimizer; step by step beside Keras's in tests/unit/test_mixed_precision.py",
    **dict.fromkeys(("get", "serialize", "deserialize"), "names and configs, which the tests compare word by word"),
}  # fmt: skip

HEAD = """# How far each part is from Keras

Written by `python tests/parity/write_page.py` with TensorFlow {tensorflow}, Keras {keras} and NumPy {numpy}.

Each name is built on both sides with the same arguments and weights and is fed the same numbers, in float64, once for
each of its rows in `tests/parity/`. Shown is the largest relative difference over all rows, to one digit:
`max |ours - theirs| / max |theirs|` of each array.

- *outputs*: of layers also the masks, the losses, and all weights after three steps of SGD; of metrics the state and
  the result after each batch; of optimizers all weights and slots after each of 100 steps.
- *gradients*: of each input and each weight, for a random cotangent. "–": there are none.
- "0": every bit is the same. Rounding leaves 1e-17 to 1e-12. What is above 1e-10 has its reason beside it.
"""


@dataclasses.dataclass
class Line:
    """The largest differences over all rows of a name, and of other names of the same thing."""

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
    def close(self):
        return max(self.outputs, self.gradients or 0.0) <= CLOSE


def public(family):
    """The names that Keras's module has and ours has too, without modules."""
    ours, theirs, _ = FAMILIES[family]
    names = {name for name in dir(theirs) if not name.startswith("_") and hasattr(ours, name)}
    return {name for name in names if not inspect.ismodule(getattr(ours, name))}


def without_numbers(family):
    """{name: reason} of the public names that have no line."""
    found = {name: WITHOUT_NUMBERS[name] for name in public(family) if name in WITHOUT_NUMBERS}
    if family == "metrics":
        same = {name for name in public(family) if getattr(losses, name, None) is getattr(metrics, name)}
        found |= dict.fromkeys(same - set(found), "the functions of the losses, see there")
    return found


def names_of(family, name):
    """`name`, and the other names of the same thing."""
    found = vars(FAMILIES[family][0])
    return [name, *sorted(other for other, item in found.items() if item is found[name] and other != name)]


def measure(family):
    """The Lines of a family, classes first."""
    lines = {}
    for name, comparison, reason in FAMILIES[family][2]():
        names = names_of(family, name)
        line = lines.setdefault(min(names), Line(names))
        line.add(comparison, reason)
        if None in line.reasons:
            raise ValueError(f"{family}: {name} is not within {CLOSE} of Keras, and no reason is given.\n{comparison}")
    return sorted(lines.values(), key=lambda line: (line.names[0].islower(), line.names[0].lower()))


def number(error):
    return "–" if error is None else "0" if error == 0 else f"{error:.0e}".replace("e-0", "e-")


def quoted(names):
    return ", ".join(f"`{name}`" for name in names)


def table(*rows):
    """A Markdown table with these rows, the first being its head."""
    ruler = ["---", *["--:"] * 3, "---"] if rows[0][0] == "name" else ["---", *["--:"] * (len(rows[0]) - 1)]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (rows[0], ruler, *rows[1:]))


def page(found):
    """docs/parity.md from {family: Lines}."""
    parts = [HEAD.format(tensorflow=tf.__version__, keras=keras.__version__, numpy=np.__version__)]
    for family, lines in found.items():
        rows = [
            (quoted(line.names), line.rows, number(line.outputs), number(line.gradients), "; ".join(line.reasons))
            for line in lines
        ]
        head = ("name", "rows", "outputs", "gradients", "above 1e-10 because")
        parts.append(f"## {family}\n\n{table(head, *rows)}\n")
        reasons = {}
        for name, reason in sorted(without_numbers(family).items()):
            reasons.setdefault(reason, []).append(name)
        parts.append("Without numbers:\n\n" + "\n".join(f"- {quoted(n)}: {why}" for why, n in reasons.items()) + "\n")
    return "\n".join(parts)


def summary(found):
    """The table for README.md."""
    rows = []
    for family, lines in found.items():
        names, count, close = sum(len(line.names) for line in lines), sum(line.rows for line in lines), 0
        worst = {"outputs": None, "gradients": None}
        for line in lines:
            close += len(line.names) * line.close
            for kind in worst:
                worst[kind] = max((e for e in (worst[kind], getattr(line, kind)) if e is not None), default=None)
        rows.append((family, names, count, close, number(worst["outputs"]), number(worst["gradients"])))
    head = ("", "names", "rows", "names within 1e-10", "largest difference of outputs", "of gradients")
    return (
        f"{table(head, *rows)}\n\nName by name, with the reason for whatever is above 1e-10: "
        "[docs/parity.md](docs/parity.md), written by `python tests/parity/write_page.py`."
    )


def main():
    found = {family: measure(family) for family in FAMILIES}
    PAGE.write_text(page(found), encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    text = SUMMARY.sub(lambda _: f"<!-- parity -->\n{summary(found)}\n<!-- /parity -->", text)
    README.write_text(text, encoding="utf-8")
    print(summary(found))


if __name__ == "__main__":
    main()
