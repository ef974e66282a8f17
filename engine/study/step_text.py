"""A step as text, in at most 100 columns: the calls, the terms of the loss, the weights, and one of them in numbers."""

import textwrap

import numpy as np

from engine.study.numbers import share
from engine.study.signs import signs_of
from engine.text import table

WIDTH = 100


def step_text(step):
    """What `print(step)` prints."""
    calls = [
        (f"{'  ' * call.depth}{_from(step, call)}", call.class_name, call.input_shapes, call.output_shapes,
         *(call.outputs.short() if call.outputs else ("", "", "", "")),
         f"{call.gradient.norm:.3g}" if call.gradient else "none", f"{1e3 * call.seconds:.2f}")
        for call in step.calls
    ]  # fmt: skip
    terms = [(term.name, f"{term.value:.9g}", f"{term.factor:.6g}", f"{term.amount:.9g}") for term in step.terms]
    terms.append(("loss", "", "", f"{step.loss:.9g}"))
    weights = [
        (weight.path, weight.value.shape, *_gradient_cells(weight), f"{weight.update_numbers.norm:.3g}", weight.ratio_text)
        for weight in step.weights
    ]  # fmt: skip
    signs = [f"{step.calls[place].name}: {sign}. {why}" for place, found in signs_of(step).items() for sign, why in found]
    parts = [
        f"One step of {step.title} on {step.rows} rows: loss {step.loss:.6g}, {1e3 * step.seconds:.0f} ms",
        *(["What looks wrong\n" + "\n".join(signs)] if signs else []),
        "Forward\n" + fitted(("layer", "class", "in", "out", "mean", "deviation|dev.", "zeros", "not finite", "gradient norm|gradient", "ms"),
                              calls, spare="in"),
        "Loss\n" + fitted(("term", "value", "factor", "adds"), terms),
        f"Back and update: {step.optimizer}, learning rate {step.learning_rate:.6g}\n"
        + fitted(("weight", "shape", "gradient norm|gradient", "mean", "zeros", "clipped", "update norm|update", "update/weight|ratio"), weights)
        + f"\nall gradients: norm {step.gradient_norm:.6g}, after clipping {step.clipped_norm:.6g}"
        + (f"\nnot trained, model.explain_trainable() says why: {', '.join(step.frozen)}" if step.frozen else ""),
        *([f"One weight in numbers\n{step.worked}"] if step.worked else []),
    ]  # fmt: skip
    return "\n".join(_wrapped(line) for line in "\n\n".join(parts).split("\n"))


def fitted(head, rows, spare=None, width=WIDTH):
    """A table of at most so many columns of text.

    Empty columns are left out. Where there is too much, `long|short` heads become short, the column `spare` goes, and at last the
    widest cells are cut, names at their beginning.

    >>> print(fitted(("weight", "size of it|size", "empty"), [("a.kernel.of.a.long.name", 12, ""), ("bias", 4, "")], width=20))
    weight          size
    …f.a.long.name  12
    bias            4
    """
    rows = [tuple(map(str, row)) for row in rows]
    columns = [column for column in range(len(head)) if any(row[column] for row in rows)]
    names = [item.partition("|")[0] for item in head]
    if _wide(names, rows, columns) > width:
        names = [item.rpartition("|")[2] for item in head]
    if _wide(names, rows, columns) > width:
        columns = [column for column in columns if names[column] != spare]
    widths = {column: max(len(row[column]) for row in (names, *rows)) for column in columns}
    while sum(widths.values()) + 2 * (len(widths) - 1) > width and max(widths.values()) > 4:
        widths[max(widths, key=widths.get)] -= 1
    return table([cut(names[column], widths[column]) for column in columns],
                 [[_cut_name(row[0], widths[0]) if column == 0 else cut(row[column], widths[column]) for column in columns] for row in rows])


def _wide(names, rows, columns):
    return sum(max(len(row[column]) for row in (names, *rows)) for column in columns) + 2 * (len(columns) - 1)


def _cut_name(text, most):
    bare = text.lstrip()
    indent = text[: len(text) - len(bare)]
    return text if len(text) <= most else f"{indent}…{bare[len(text) - most + 1 :]}"


def _from(step, call):
    """The name of a call, from the layer around it on: `.query_dense` in `layers.1`."""
    around = "" if call.parent is None else step.calls[call.parent].path
    return call.name[len(around) :] if around and call.name.startswith(f"{around}.") else call.name


def cut(text, most):
    """`text`, its end left out if it is longer than `most`."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _wrapped(line):
    if len(line) <= WIDTH:
        return line
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return "\n".join(textwrap.wrap(line, WIDTH, subsequent_indent=indent, drop_whitespace=True))


def _gradient_cells(weight):
    found = weight.gradient_numbers
    if found is None:
        return "none", "", "", ""
    return f"{found.norm:.3g}", f"{found.mean:.3g}", share(found.zeros), f"{np.linalg.norm(weight.clipped):.3g}"
