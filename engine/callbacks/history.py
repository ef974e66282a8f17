"""The record of a training run: in memory, and as a CSV file."""

import csv
import os

from engine.callbacks.base import Callback


class History(Callback):
    """What `fit` returns: `history.history["loss"]` has one number per epoch, `history.epoch` the epochs.

    `history.signal`: the number of the signal (Ctrl-C, SIGTERM) after which a run with a Checkpoint ended early, or None.
    `history.waiting`: for each epoch of this process the share of its time (0 to 1) in which steps waited for their data.
    """

    signal = None

    def __init__(self):
        self.history = {}
        self.epoch = []
        self.waiting = []

    def on_train_begin(self, logs=None):
        self.history, self.epoch, self.waiting = {}, [], []

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def get_state(self):
        return {"history": self.history, "epoch": self.epoch}

    def set_state(self, state):
        self.history, self.epoch = state["history"], state["epoch"]


class CSVLogger(Callback):
    """One row per epoch in a CSV file.

    Arguments: `filename`, `separator`, `append` (go on in a file that exists). The columns are those of the first
    epoch; each row is on disk when its epoch ends.
    """

    chief_only = True

    def __init__(self, filename, separator=",", append=False):
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self.file = None

    def on_train_begin(self, logs=None):
        has_rows = self.append and os.path.exists(self.filename) and os.path.getsize(self.filename) > 0
        self.columns = None
        if has_rows:
            with open(self.filename, newline="") as file:
                self.columns = next(csv.reader(file, delimiter=self.separator))
        self.file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115 (closed in close())
        self.rows = []

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch, **(logs or {})}
        if self.columns is None:
            self.columns = list(row)
            self._write(self.columns)
        self._write([row.get(name, "NA") for name in self.columns])

    def _write(self, cells):
        self.rows.append(cells)
        csv.writer(self.file, delimiter=self.separator).writerow(cells)
        self.file.flush()

    def get_state(self):
        return {"columns": self.columns, "rows": self.rows}

    def set_state(self, state):
        """The rows again: on_train_begin has emptied the file, or an interrupted run wrote past its checkpoint."""
        if self.append:
            return
        self.file.seek(0)
        self.file.truncate()
        self.columns, rows, self.rows = state["columns"], state["rows"], []
        for row in rows:
            self._write(row)

    def close(self):
        if self.file is not None:
            self.file.close()
            self.file = None
