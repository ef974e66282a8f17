"""What is written down of a run of training, and read back for its page.

    history.csv       a row per epoch, of CSVLogger
    run.json          written by `record_run`: configuration, versions, the model's summary, the confusion matrix
    mistakes.npz      the worst mistakes as images
"""

import csv
import datetime
import json
import os
import platform

import numpy as np
import tensorflow as tf

from engine import hints
from engine.core.model import CoreModel
from engine.saving import FileError, container

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
        "date": datetime.datetime.now().strftime("%Y-%m-%d %H:%M"), "seconds": sum(getattr(model.history, "seconds", ())),
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


def series_of(path):
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


def recorded(path):
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
