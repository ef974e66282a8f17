"""`report(run_dir)`: what a run of training was and what came of it, as one page; several runs, laid over one another.

    headline      how good it became, when, how long it took, and by which command
    curves        charts.py: a click for the logarithmic scale, values under the pointer
    what it got wrong, the model, its configuration    from run_record.py's files
"""

import math
import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from engine import hints
from engine.study.charts import SCRIPT, STYLE, chart
from engine.study.curves import curves, grouped, save
from engine.study.page import document, escape, table
from engine.study.pictures import address
from engine.study.run_record import recorded, series_of

_PAGES = {"step.html": "one step, looked into", "walk.html": "one step, walked through line by line"}
_STYLE = STYLE + """
.facts { display: flex; flex-wrap: wrap; gap: .75rem 2rem; margin: 1rem 0; } .facts div { line-height: 1.25; }
.facts b { display: block; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; } .facts span { color: var(--soft); font-size: .85rem; }
code { background: var(--shade); padding: .1rem .4rem; border-radius: .25rem; overflow-wrap: anywhere; } a { color: var(--one); }
td.long { white-space: normal; } h1 { overflow-wrap: anywhere; } td { font-variant-numeric: tabular-nums; }
"""


def report(
    run_dir: hints.File, path: hints.File | None = None, plots: bool = False, beside: Sequence[hints.File] = ()
) -> hints.File:
    """Write the page of the run in `run_dir` to `path` (report.html there); returns where it is.

    `plots`: the curves as PNG files beside it too, which needs matplotlib: pip install glassbox-engine[plots].
    `beside`: directories of other runs, whose curves are laid over those of this one; the page is then comparison.html.
    Parts whose files are missing are left out.
    Errors: FileNotFoundError without a history.csv; FileError for a run.json that is not as it was written; ImportError.
    """
    runs = [Run(folder) for folder in (run_dir, *beside)]
    path = path or os.path.join(run_dir, "comparison.html" if beside else "report.html")
    if beside:
        title, body = f"{len(runs)} runs", _comparison(runs, os.path.dirname(path))
    else:
        title, body = f"Run of {runs[0].title}", _one(runs[0], os.path.dirname(path))
    with open(path, "w", encoding="utf-8") as file:
        file.write(document(title, "\n".join(body), _STYLE, SCRIPT))
    if plots:
        save(curves(runs[0].groups), run_dir)
    return path


class Run:
    """The files of a run, read."""

    def __init__(self, folder):
        self.folder = os.fspath(folder)
        self.series = series_of(os.path.join(folder, "history.csv"))
        self.record = recorded(os.path.join(folder, "run.json"))
        self.title = self.record.get("model", self.folder)
        self.groups = grouped(self.series)

    @property
    def judged_by(self):
        """(name, points, best point) of what says how good the model is: accuracy, or the loss; of validation if there is one."""
        names = sorted(self.series, key=lambda name: (not name.startswith("val_"), len(name)))
        good = [name for name in names if "acc" in name and "/" not in name]
        for name in [*good, *(name for name in ("val_loss", "loss") if name in self.series)]:
            points = [point for point in self.series[name] if math.isfinite(point[1])]
            if points:
                return name, points, (max if name in good else min)(points, key=lambda point: point[1])
        return None

    def facts(self):
        """{what: value} of the headline."""
        found, record = {}, self.record
        if self.judged_by is not None:
            name, points, best = self.judged_by
            found |= {f"{_spoken(name)} at the end": f"{points[-1][1]:.4f}", "the best": f"{best[1]:.4f}", "in epoch": f"{best[0]:g}"}
        epochs = max((points[-1][0] for points in self.series.values() if points), default=0)
        found["epochs"] = f"{epochs:g}"
        if isinstance(seconds := record.get("seconds"), (int, float)) and seconds > 0:
            found["of training"] = duration(seconds)
        if "seed" in record.get("config", {}):
            found["seed"] = record["config"]["seed"]
        if "date" in record:
            found["date"] = record["date"]
        return found


def figures(charts):
    """The charts as HTML, in columns."""
    return f'<div class="charts">{"".join(chart(title, lines) for title, lines in charts.items())}</div>'


def duration(seconds):
    """3723 → "1 h 2 min"."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


# ---- one run ----------------------------------------------------------------------


def _one(run, page_folder):
    record = run.record
    parts = [f"<h1>{escape(run.title)}</h1><p>{escape(os.path.basename(os.path.abspath(run.folder)))}</p>", _headline(run, page_folder)]
    parts.append("<h2>Curves</h2>" + figures(curves(run.groups)))
    if layers := _by_layer(run.series):
        parts.append("<h2>Layers</h2><p>Norms of gradients, and of updates by those of the weights: in the first and in the last "
                     "epoch.</p>" + table(("layer", "gradient: first", "last", "update/weight: first", "last"), layers))  # fmt: skip
    if "confusion" in record:
        parts.append("<h2>Confusion matrix</h2><p>Rows: the right class. Columns: what the model said.</p>")
        parts.append(f'<div class="wide">{_confusion(np.asarray(record["confusion"]))}</div>')
    mistakes = os.path.join(run.folder, "mistakes.npz")
    if os.path.exists(mistakes):
        parts.append("<h2>Worst mistakes</h2>" + _images(mistakes))
    if record:
        parts.append(f"<h2>Model</h2><pre>{escape(record['summary'])}</pre><h2>Configuration</h2>")
        parts.append(table(("", ""), record["config"].items()))
    return parts


def _headline(run, page_folder):
    facts = "".join(f"<div><b>{escape(str(value))}</b><span>{escape(name)}</span></div>" for name, value in run.facts().items())
    lines = [f"<code>{escape(str(run.record['config']['command']))}</code>"] if "command" in run.record.get("config", {}) else []
    if run.record:
        lines.append(escape(" · ".join(f"{name} {version}" for name, version in run.record["versions"].items())))
    links = [f'<a href="{escape(os.path.relpath(os.path.join(run.folder, page), page_folder or "."))}">{text}</a>'
             for page, text in _PAGES.items() if os.path.exists(os.path.join(run.folder, page))]  # fmt: skip
    lines += [f"Of the same run: {' · '.join(links)}"] if links else []
    return f'<div class="facts">{facts}</div>' + "".join(f"<p>{line}</p>" for line in lines)


def _spoken(name):
    return f"{name.removeprefix('val_')} (validation)" if name.startswith("val_") else name


def _by_layer(series):
    """Rows of a table: (layer, gradient norm first and last, update ratio first and last)."""
    layers = [name.partition("/")[2] for name in series if name.startswith("gradient_norm/")]
    return [
        (layer, *(f"{points[place][1]:.3g}" for kind in ("gradient_norm", "update_ratio")
                  for points in [series[f"{kind}/{layer}"]] for place in (0, -1)))
        for layer in layers
    ]  # fmt: skip


# ---- several runs ----------------------------------------------------------------------


def _comparison(runs, page_folder):
    names = [f"{number} {os.path.basename(os.path.normpath(run.folder))}" for number, run in enumerate(runs, 1)]
    facts = [run.facts() for run in runs]
    head = list(dict.fromkeys(name for found in facts for name in found))
    parts = [f"<h1>{len(runs)} runs</h1>"]
    parts.append(table(("run", *head), [(name, *(found.get(key, "") for key in head)) for name, found in zip(names, facts)]))
    parts.append(f"<ol>{''.join(f'<li>{_reference(run, page_folder)}</li>' for run in runs)}</ol>")
    charts = {}
    for number, (run, name) in enumerate(zip(runs, names)):
        for title, lines in curves(run.groups, number, name).items():
            charts.setdefault(title, []).extend(lines)
    parts.append("<h2>Curves</h2>" + figures(charts))
    configs = [run.record.get("config", {}) for run in runs]
    keys = [key for key in dict.fromkeys(key for config in configs for key in config) if key not in ("command", "out")]
    different = [(key, *(config.get(key, "") for config in configs)) for key in keys
                 if len({config.get(key) for config in configs}) > 1]  # fmt: skip
    if different:
        parts.append("<h2>What is different</h2>" + table(("", *names), different))
    return parts


def _reference(run, page_folder):
    """Where a run is, its page if it has one, and its command."""
    own, folder = os.path.join(run.folder, "report.html"), escape(os.path.abspath(run.folder))
    text = f'<a href="{escape(os.path.relpath(own, page_folder or "."))}">{folder}</a>' if os.path.exists(own) else folder
    command = run.record.get("config", {}).get("command")
    return f"{text} <code>{escape(str(command))}</code>" if command else text


# ---- pictures ----------------------------------------------------------------------


def _confusion(matrix):
    """A grid: numbers in the cells, shaded by their share of the row; of many classes without the numbers."""
    size = max(10, min(38, 900 // len(matrix)))
    left, shares, cells = 70, matrix / np.maximum(matrix.sum(1, keepdims=True), 1), []
    for row, column in np.ndindex(*matrix.shape):
        x, y, bold = left + size * column, 40 + size * row, "bold" if row == column else "normal"
        cells.append(
            f'<g><title>{row}, said {column}: {matrix[row, column]}</title><rect class="{"one" if row == column else "two"}" '
            f'fill-opacity="{0.55 * shares[row, column]:.2f}" x="{x}" y="{y}" width="{size}" height="{size}"/>'
            + f'<text x="{x + size / 2}" y="{y + size / 2 + 4}" text-anchor="middle" font-weight="{bold}">'
            f"{matrix[row, column] or '·'}</text>" * (size >= 24) + "</g>"
        )
    every = math.ceil(16 / size)  # row whose class is written
    marks = "".join(
        f'<text class="soft" x="{left - 8}" y="{44 + size * (n + 0.5)}" text-anchor="end">{n}</text>'
        f'<text class="soft" x="{left + size * (n + 0.5)}" y="34" text-anchor="middle">{n}</text>' for n in range(0, len(matrix), every)
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
    shown = [
        f'<figure style="margin:0"><img width="84" height="84" style="image-rendering:pixelated" alt="class {right[i]}" '
        f'src="{address(png(images[i]))}"><figcaption class="soft">'
        f"{right[i]}, said {found[i]}<br>right: {100 * chance[i]:.2g} %</figcaption></figure>"
        for i in range(len(images))
    ]
    return f'<div class="columns" style="gap:1rem">{"".join(shown)}</div>'


def png(image):
    """An image (height, width, 1 or 3) of any range as a PNG file."""
    image = np.asarray(image, "float64").reshape(*image.shape[:2], -1)[..., :3]
    low, high = image.min(), image.max()
    image = ((image - low) / (high - low or 1) * 255).astype("uint8")
    return tf.io.encode_png(image if image.shape[-1] == 3 else image[..., :1]).numpy()
