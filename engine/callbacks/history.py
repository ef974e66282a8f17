"""The record of a training run: in memory, and as a CSV file."""

import csv
import os
import time

from engine import spellings
from engine.callbacks.base import Callback
from engine.study.curves import curves, draw, grouped, points_of
from engine.study.notebook import charts, fragment


class History(Callback):
    """What `fit` returns: `history.history["loss"]` has one number per epoch, `history.epoch` the epochs.

    `history.signal`: the number of the signal (Ctrl-C, SIGTERM) after which a run with a Checkpoint ended early, or None.
    `history.seconds`: how long each epoch of this process took, with its validation.
    `history.waiting`: for each epoch of this process the share of its time (0 to 1) in which steps waited for their data.
    """

    history: dict[str, list]
    epoch: list[int]
    signal: int | None = None

    def __init__(self):
        self.history = spellings.Logs()
        self.epoch = []
        self.waiting, self.seconds = [], []

    def on_train_begin(self, logs=None):
        self.history, self.epoch, self.waiting, self.seconds = spellings.Logs(), [], [], []

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        self.seconds.append(time.perf_counter() - self._began)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def plot(self):
        """Draw the curves with matplotlib, a value and its validation together; returns the axes, one for each.

        Errors: ImportError without matplotlib: pip install glassbox-engine[plots].
        """
        return draw(self._lines())

    def _lines(self):
        return curves(grouped(points_of(self.history, len(self.epoch))))

    def _repr_html_(self):
        return fragment(f"History of {len(self.epoch)} epochs", charts(self._lines()))

    def get_state(self):
        return {"history": dict(self.history), "epoch": self.epoch}

    def set_state(self, state):
        self.history, self.epoch = spellings.Logs(state["history"]), state["epoch"]


class CSVLogger(Callback):
    """One row per epoch in a CSV file.

    Arguments: `filename`, `separator`, `append` (go on in a file that exists). Each row is on disk when its epoch ends.
    What the logs of a later epoch have in addition, such as those of a validation every other epoch, becomes further
    columns: the file is then written anew, with "NA" in the rows before.

    >>> from engine.callbacks import CSVLogger
    >>> logger = CSVLogger("history.csv", append=True)  # model.fit(..., callbacks=[logger])
    """

    chief_only = True

    def __init__(self, filename, separator=",", append=False):
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self.file = None

    def on_train_begin(self, logs=None):
        self.rows = []  # the file, the names of the columns first

    def on_ready(self, run):
        self.file = open(self.filename, "r+", newline="", opener=_open_or_create)  # noqa: SIM115 (closed in close())
        there = list(csv.reader(self.file, delimiter=self.separator)) if self.append else []
        if self.append and not (self.rows and _begins(there, self.rows)):
            self.rows = there
            self.file.seek(0, os.SEEK_END)
        else:  # a new file; or of a run that goes on: that may have written past its checkpoint
            self._rewrite(self.rows)

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch, **(logs or {})}
        columns = self.rows[0] if self.rows else []
        new = [name for name in row if name not in columns]
        if new:
            rows = [[*columns, *new], *([*cells, *["NA"] * len(new)] for cells in self.rows[1:])]
            self._rewrite(rows)
        self._write([row.get(name, "NA") for name in self.rows[0]])

    def _write(self, *rows):
        self.rows.extend(rows)
        csv.writer(self.file, delimiter=self.separator).writerows(rows)
        self.file.flush()

    def _rewrite(self, rows):
        self.file.seek(0)
        self.rows = []
        self._write(*rows)
        self.file.truncate()  # only now, so that what stays is in the file at every instant

    def get_state(self):
        return {"rows": self.rows}

    def set_state(self, state):
        self.rows = state["rows"]

    def close(self):
        if self.file is not None:
            self.file.close()
            self.file = None


def _begins(rows, first):
    """Whether `rows` begin with the rows `first`, which may have had fewer columns then."""
    return len(rows) >= len(first) and all(row[: len(cells)] == [str(cell) for cell in cells] for row, cells in zip(rows, first))


def _open_or_create(path, flags):
    return os.open(path, flags | os.O_CREAT, 0o666)
