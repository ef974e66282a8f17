"""Where a run of `fit` is, so that it can be written down and continued."""

import dataclasses
from typing import Any


@dataclasses.dataclass
class Run:
    """One `fit`: the model, its data and callbacks, the epoch it is in, the steps of it that are done and their logs."""

    model: Any
    feed: Any
    callbacks: list
    validation: dict = dataclasses.field(default_factory=dict)  # the feeds, by how the names in the logs begin
    epoch: int = 0
    step: int = 0
    total: int = 0  # steps of all epochs
    logs: dict = dataclasses.field(default_factory=dict)


class Logs:
    """Callbacks and validation where there are none, and the history: the logs of each epoch."""

    callbacks, feeds = (), {}
    wants_batches = wants_test_batches = wants_predict_batches = False

    def __init__(self):
        self.epochs, self.waiting = [], []

    def on_epoch_end(self, epoch, logs):
        self.epochs.append(logs)

    def due(self, epoch):
        return ()

    def __getattr__(self, hook):
        return lambda *args: None


class StopRun(Exception):  # noqa: N818 (it is no error)
    """Raised by a callback at a safe point: `fit` returns the History so far, and nothing else happens.

    `signal` is the number of the signal that asked for it.
    """

    def __init__(self, signal):
        super().__init__(signal)
        self.signal = signal
