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

    Arguments: `filename`, `separator`, `append` (go on in a file that exists). Each row is on disk when its epoch ends.
    What the logs of a later epoch have in addition, such as those of a validation every other epoch, becomes further
    columns: the file is then written anew, with "NA" in the rows before.
    """

    chief_only = True

    def __init__(self, filename, separator=",", append=False):
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self.file = None

    def on_train_begin(self, logs=None):
        has_rows = self.append and os.path.exists(self.filename) and os.path.getsize(self.filename) > 0
        self.rows = []  # the file, the names of the columns first
        if has_rows:
            with open(self.filename, newline="") as file:
                self.rows = list(csv.reader(file, delimiter=self.separator))
        self.file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115 (closed in close())

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
        self.file.truncate()
        self.rows = []
        self._write(*rows)

    def get_state(self):
        return {"rows": self.rows}

    def set_state(self, state):
        """The rows again: on_train_begin has emptied the file, or an interrupted run wrote past its checkpoint."""
        if not self.append:
            self._rewrite(state["rows"])

    def close(self):
        if self.file is not None:
            self.file.close()
            self.file = None
