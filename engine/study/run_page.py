"""`report(run_dir)`: what a run of training was and what came of it, as one page; and the files that it is made from.

    history.csv       a row per epoch, of CSVLogger
    run.json          written by `record_run`: configuration, versions, the model's summary, the confusion matrix
    mistakes.npz      the worst mistakes as images
"""

import base64
import csv
import importlib.util
import json
import math
import os
import platform
import struct
import zlib

import numpy as np
import tensorflow as tf

from engine import hints
from engine.core.model import CoreModel
from engine.saving import FileError, container
from engine.study.page import curves, document, escape, table

_WORST = 24  # mistakes that are shown
_RECORD = {"model": str, "config": dict, "versions": dict, "summary": str, "confusion": list}  # what is in run.json


def record_run(run_dir: hints.File, model: CoreModel, x_test: hints.Data, y_test: hints.Data,
               config: hints.Config) -> None:  # fmt: skip
    """Write run.json and mistakes.npz: what a classifier of images says about a test set, and how it was trained.

    `x_test` may be a tf.data pipeline of batches (images, labels), of which no more than one is in memory; then
    `y_test` is None.
    """
    confusion, worst = 0, None
    for images, labels in x_test.as_numpy_iterator() if y_test is None else [(np.asarray(x_test), np.asarray(y_test))]:
        probabilities, labels = model.predict(images, batch_size=256), labels.ravel()
        said = probabilities.argmax(-1)
        counts = np.zeros((probabilities.shape[-1],) * 2, int)
        np.add.at(counts, (labels, said), 1)
        chance = probabilities[np.arange(len(labels)), labels]  # that was given to the right class
        confusion, worst = confusion + counts, _worst(worst, dict(images=images, found=said, right=labels, chance=chance))
    run = {
        "model": model._title, "config": {key: str(value) for key, value in config.items()},
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "numpy": np.__version__},
        "summary": model.summary(print_fn=None).text(100), "confusion": confusion.tolist(),
    }  # fmt: skip
    with open(os.path.join(run_dir, "run.json"), "w", encoding="utf-8") as file:
        json.dump(run, file, indent=1)
    np.savez_compressed(os.path.join(run_dir, "mistakes.npz"), **worst)


def _worst(before, rows):
    """The worst mistakes among those `before` and among `rows`, as arrays by name."""
    if before is not None:
        rows = {name: np.concatenate([before[name], values]) for name, values in rows.items()}
    order = np.argsort(rows["chance"], kind="stable")
    order = order[rows["found"][order] != rows["right"][order]][:_WORST]
    return {name: values[order] for name, values in rows.items()}


def report(run_dir: hints.File, path: hints.File | None = None, plots: bool = False) -> hints.File:
    """Write the page of the run in `run_dir` to `path` (report.html there); returns where it is.

    `plots`: the curves as PNG files beside it too, which needs matplotlib: pip install glassbox-engine[plots].
    Parts whose files are missing are left out.
    Errors: FileNotFoundError without a history.csv; FileError for a run.json that is not as it was written; ImportError.
    """
    series = _series(os.path.join(run_dir, "history.csv"))
    run = _recorded(os.path.join(run_dir, "run.json"))
    groups = _grouped(series)
    parts = [f"<h1>{escape(run.get('model', 'A run'))}</h1><p>{escape(os.path.abspath(run_dir))}</p><h2>Curves</h2>"]
    parts.append(f'<div class="columns">{"".join(curves(lines, "epoch", name) for name, lines in groups.items())}</div>')
    if layers := _by_layer(series):
        parts.append("<h2>Layers</h2><p>Norms of gradients, and of updates by those of the weights: in the first and in the last "
                     "epoch.</p>" + table(("layer", "gradient", "last", "update/weight", "last"), layers))  # fmt: skip
    if "confusion" in run:
        parts.append("<h2>Confusion matrix</h2><p>Rows: the right class. Columns: what the model said.</p>")
        parts.append(_confusion(np.asarray(run["confusion"])))
    mistakes = os.path.join(run_dir, "mistakes.npz")
    if os.path.exists(mistakes):
        parts.append("<h2>Worst mistakes</h2>" + _images(mistakes))
    if run:
        parts.append(f"<h2>Model</h2><pre>{escape(run['summary'])}</pre><h2>Configuration and versions</h2>")
        parts.append(table(("", ""), [*run["config"].items(), *run["versions"].items()]))
    path = path or os.path.join(run_dir, "report.html")
    with open(path, "w", encoding="utf-8") as file:
        file.write(document(f"Run of {run.get('model', run_dir)}", "\n".join(parts)))
    if plots:
        _plots(groups, run_dir)
    return path


def _series(path):
    """{column: [(epoch, value), ...]} of a history.csv."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    series = {}
    for row in rows:
        for name, text in row.items():
            try:
                series.setdefault(name, []).append((float(row["epoch"]) + 1, float(text)))
            except ValueError:  # not measured in this epoch, or an array
                continue
    series.pop("epoch", None)
    return series


def _grouped(series):
    """{title: {line: points}}: a value with its validation; what is measured layer by layer is left out."""
    groups = {}
    for name, points in series.items():
        if "/" in name:
            continue
        base = name.removeprefix("val_")
        line = "validation" if name.startswith("val_") else "training" if f"val_{name}" in series else base
        groups.setdefault(base, {})[line] = points
    return groups


def _by_layer(series):
    """Rows of a table: (layer, gradient norm first and last, update ratio first and last)."""
    layers = [name.partition("/")[2] for name in series if name.startswith("gradient_norm/")]
    return [
        (layer, *(f"{points[place][1]:.3g}" for kind in ("gradient_norm", "update_ratio")
                  for points in [series[f"{kind}/{layer}"]] for place in (0, -1)))
        for layer in layers
    ]  # fmt: skip


def _recorded(path):
    """What `record_run` wrote; {} if it did not."""
    if not os.path.exists(path):
        return {}
    try:
        run = container.parse_json(container.read_bytes(path))
    except FileError as error:
        raise FileError(f"{path!r} is damaged: {error}.") from None
    wrong = [name for name, kind in _RECORD.items() if not isinstance(run, dict) or not isinstance(run.get(name), kind)]
    if not wrong:
        size, rows = len(run["confusion"]), run["confusion"]
        square = all(isinstance(row, list) and len(row) == size and all(type(count) is int for count in row) for row in rows)
        wrong = [] if square and size else ["confusion"]
    if wrong:
        raise FileError(f"{path!r} is not as record_run wrote it: {wrong[0]!r} is missing or of another kind.")
    return run


def _confusion(matrix):
    """A grid: numbers in the cells, shaded by their share of the row."""
    size, left = 38, 70
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    cells = []
    for row, column in np.ndindex(*matrix.shape):
        x, y, bold = left + size * column, 40 + size * row, "bold" if row == column else "normal"
        cells.append(
            f'<rect class="{"one" if row == column else "two"}" fill-opacity="{0.55 * shares[row, column]:.2f}" x="{x}" y="{y}" '
            f'width="{size}" height="{size}"/><text x="{x + size / 2}" y="{y + size / 2 + 4}" text-anchor="middle" '
            f'font-weight="{bold}">{matrix[row, column] or "·"}</text>'
        )
    marks = "".join(
        f'<text class="soft" x="{left - 8}" y="{44 + size * (n + 0.5)}" text-anchor="end">{n}</text>'
        f'<text class="soft" x="{left + size * (n + 0.5)}" y="34" text-anchor="middle">{n}</text>' for n in range(len(matrix))
    )  # fmt: skip
    width, height = left + size * len(matrix) + 10, 50 + size * len(matrix)
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label="confusion matrix">'
        f'{"".join(cells)}{marks}<text class="soft" x="{left}" y="14">said by the model</text>'
        f'<text class="soft" transform="translate(14 {height / 2}) rotate(-90)" text-anchor="middle">right class</text></svg>'
    )


def _images(path):
    with np.load(path) as file:
        images, found, right, chance = (file[name] for name in ("images", "found", "right", "chance"))
    if not len(images):
        return "<p>There are none.</p>"
    figures = [
        f'<figure style="margin:0"><img width="84" height="84" style="image-rendering:pixelated" alt="class {right[i]}" '
        f'src="data:image/png;base64,{base64.b64encode(png(images[i])).decode()}"><figcaption class="soft">'
        f"{right[i]}, said {found[i]}<br>right: {100 * chance[i]:.2g} %</figcaption></figure>"
        for i in range(len(images))
    ]
    return f'<div class="columns" style="gap:1rem">{"".join(figures)}</div>'


def png(image):
    """An image (height, width, 1 or 3) of any range as a PNG file."""
    image = np.asarray(image, "float64").reshape(*image.shape[:2], -1)[..., :3]
    low, high = image.min(), image.max()
    image = ((image - low) / (high - low or 1) * 255).astype("uint8")
    image = image if image.shape[-1] == 3 else image[..., :1]
    height, width, channels = image.shape

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)
    lines = b"".join(b"\0" + row.tobytes() for row in image)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def _plots(groups, run_dir):
    """A PNG of each chart."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ImportError("PNG plots are drawn by matplotlib: pip install glassbox-engine[plots]")
    figures = importlib.import_module("matplotlib.figure")
    for name, lines in groups.items():
        figure = figures.Figure(figsize=(6, 4))
        axes = figure.add_subplot()
        for (line, points), style in zip(lines.items(), ("o-", "s--")):
            axes.plot(*zip(*[point for point in points if math.isfinite(point[1])]), style, label=line)
        axes.set(xlabel="epoch", ylabel=name)
        axes.legend()
        figure.savefig(os.path.join(run_dir, f"{name.replace('/', '_')}.png"), dpi=120)
