"""Which values of a run belong into one chart: a value and its validation, of one run or of several."""

import importlib
import importlib.util
import numbers
import os

from engine.study.charts import Line


def points_of(history, epochs):
    """{name: [(epoch, value), ...]} of a history of so many epochs; what is measured every few epochs is put where it was."""
    found = {}
    for name, values in history.items():
        every = max(1, epochs // max(1, len(values)))
        points = [(every * number, float(value)) for number, value in enumerate(values, 1)
                  if isinstance(value, numbers.Real) or getattr(value, "shape", None) == ()]  # fmt: skip
        found[name] = points
    return found


def grouped(series):
    """{title: {line: points}}: a value with its validation; what is measured layer by layer is left out."""
    groups = {}
    for name, points in series.items():
        if "/" in name:
            continue
        base = name.removeprefix("val_")
        line = "validation" if name.startswith("val_") else "training" if f"val_{name}" in series else base
        groups.setdefault(base, {})[line] = points
    return groups


def curves(groups, number=0, name=""):
    """{title: [Line]} for charts; a run among several has its `number` as its colour, and its `name`."""
    return {
        title: [Line(f"{name} {line if line != title else ''}".strip() or title, points, number if name else place, line == "validation", name.partition(" ")[0])
                for place, (line, points) in enumerate(lines.items())]
        for title, lines in groups.items()
    }  # fmt: skip


def draw(lines_by_title):
    """The charts by matplotlib, in a figure of their own; returns the axes.

    Errors: ImportError without matplotlib.
    """
    library = _pyplot()
    count = max(1, len(lines_by_title))
    across = min(3, count)
    down = -(-count // across)
    _, grid = library.subplots(down, across, figsize=(5 * across, 3.4 * down), squeeze=False, layout="constrained")
    found = list(grid.flat)
    for axes in found[len(lines_by_title) :]:
        axes.remove()
    for axes, (title, lines) in zip(found, lines_by_title.items()):
        for line in lines:
            axes.plot(*zip(*line.points), "s--" if line.dashed else "o-", markersize=3, label=line.name) if line.points else None
        axes.set(xlabel="epoch", title=title)
        if len(lines) > 1:
            axes.legend()
    return found[: len(lines_by_title)]


def save(lines_by_title, folder):
    """The charts as PNG files in `folder`, each under its title."""
    for title, lines in lines_by_title.items():
        (axes,) = draw({title: lines})
        axes.figure.savefig(os.path.join(folder, f"{title.replace('/', '_')}.png"), dpi=120)
        _pyplot().close(axes.figure)


def _pyplot():
    if importlib.util.find_spec("matplotlib") is None:
        raise ImportError("plots are drawn by matplotlib: pip install glassbox-engine[plots]")
    return importlib.import_module("matplotlib.pyplot")
