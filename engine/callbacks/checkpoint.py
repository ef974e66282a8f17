"""Callbacks that keep a run's whole state on disk, so that a run that was stopped goes on as if nothing had happened."""

import contextlib
import errno
import os
import signal
import time
import warnings

from engine.callbacks.base import Callback
from engine.saving import CheckpointError, checkpoint, disk, run_state
from engine.signals import Signals
from engine.small_parts.run import StopRun
from losses.ground import whole


class Checkpoint(Callback):
    """Checkpoints of the whole run, and an exact resume from the newest.

    Weights, optimizer, random state, the place in the data, metrics' partial sums, logs and the callbacks' state
    (History too): the resumed run ends with the same bits as one never interrupted. `fit` with a Checkpoint on a
    directory that holds one goes on from there.

    Ctrl-C or SIGTERM while `fit` runs: the steps under way are finished (a validation too), a checkpoint is written, and
    `fit` returns the History so far, whose `signal` says why. The second time stops at once, as without a Checkpoint.

    Arguments: `directory`; how often: `every_steps` (of the whole run), `every_epochs` (1 if nothing is given),
    `every_seconds`; `keep` (how many to keep); `about` (what the run must be about to go on, such as {"dataset": "mnist"}: arrays
    have no name, and others of the same size would be taken for them).
    Errors: CheckpointError (a ValueError) if another run writes into the directory, no checkpoint in it verifies, or the
    newest is of another model, other data or other callbacks, about something else, or of more epochs; OSError if one cannot be written (those
    before are untouched).

    >>> from engine.callbacks import Checkpoint
    >>> callback = Checkpoint("run/checkpoints", every_epochs=1, keep=2)
    """

    def __init__(self, directory, every_steps=None, every_epochs=None, every_seconds=None, keep=3, about=None):
        self.directory = os.fspath(directory)
        if every_steps is None and every_epochs is None and every_seconds is None:
            every_epochs = 1
        for name, value in (("every_steps", every_steps), ("every_epochs", every_epochs), ("keep", keep)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ValueError(f"{type(self).__name__}: {name} is a positive integer, received {value!r}.")
        if every_seconds is not None and not every_seconds > 0:
            raise ValueError(f"{type(self).__name__}: every_seconds is a positive number, received {every_seconds!r}.")
        self.every_steps, self.every_epochs, self.every_seconds = every_steps, every_epochs, every_seconds
        self.keep, self.about = keep, {} if about is None else dict(about)
        self.run = self.lock = self.signals = self.found = self.missed = None

    def on_resume(self, run):
        if self.run is None:
            self.writes = whole.group.is_chief()  # of several workers, all go on from what one writes
            if self.writes:
                disk.make_directory(self.directory)
                self.lock = checkpoint.lock(self.directory)
            self.run, self.signals, self.missed = run, Signals(), None
            self.found = self._find()
            self.saved_at = time.monotonic()
        if self.found is not None:
            run_state.restore(run, *self.found[1:])
            self.found = self.found if run.step else None  # in the middle of an epoch, this is called once more
        self.saved = (run.epoch, run.step)

    def _find(self):
        """The newest checkpoint; a CheckpointError if the run cannot go on from it, or from none of those that are there."""
        found, skipped = checkpoint.search(self.directory)
        if found is None and skipped:
            raise CheckpointError(f"None of the checkpoints in {self.directory!r} can be used. Nothing was changed. "
                                  f"Delete them to begin anew. {skipped[0]}")  # fmt: skip
        for why in skipped:
            warnings.warn(why, stacklevel=2)
        epochs, done = self.params["epochs"], found[2]["epoch"] if found else 0
        if done > epochs or (done == epochs and found and found[2]["step"]):
            raise CheckpointError(f"The checkpoint {found[0]} has more than the {epochs} epochs that are asked for behind it: {done}, and "
                                  f"{found[2]['step']} steps of the next. Nothing was changed. Give more epochs, or another directory.")
        return found

    def get_state(self):
        return {"about": self.about}

    def set_state(self, state):
        if state["about"] != self.about:
            raise ValueError(f"it is about {state['about']}, and this one about {self.about}")

    def on_ready(self, run):
        if self.writes:
            checkpoint.tidy(self.directory)

    def on_safe_point(self):
        if self.run is None:
            return
        received = self.signals.received
        if self.writes and (self._is_due() or received) and self.saved != (self.run.epoch, self.run.step):
            self.save()
        if received and self.writes:  # the other workers would leave it waiting for them
            raise StopRun(received)

    def _is_due(self):
        run = self.run
        if run.step == 0:  # an epoch is over
            if self.every_epochs is not None and run.epoch % self.every_epochs == 0:
                return True
        elif self.every_steps is not None and run.total % self.every_steps == 0:
            return True
        return self.every_seconds is not None and time.monotonic() - self.saved_at >= self.every_seconds

    def save(self):
        """Write a checkpoint now; returns its path."""
        if not checkpoint.still_locked(self.directory, self.lock):
            raise FileNotFoundError(
                errno.ENOENT, "The directory was deleted or moved during the run, so this was not saved. "
                "The checkpoints that were in it went with it", self.directory,
            )  # fmt: skip
        path = checkpoint.write(self.directory, *run_state.capture(self.run), self.keep)
        self.saved, self.saved_at = (self.run.epoch, self.run.step), time.monotonic()
        return path

    def close(self):
        self.run = self.found = None
        if self.signals is not None:
            self.signals.close()
            self.missed, self.signals = self.signals.received, None
        if self.lock is not None:
            self.lock.close()  # which also unlocks
            self.lock = None

    def on_train_end(self, logs=None):
        if self.missed is not None:  # a signal that came after the last safe point: it is the caller's
            signal.raise_signal(self.missed)


class BackupAndRestore(Checkpoint):
    """A backup while `fit` runs, deleted when it ends well: an interrupted run, started again, goes on. Callbacks that remember
    nothing may then be others than before, such as one that interrupted it.

    Arguments: `backup_dir`; `save_freq` ("epoch", or a number of batches); `delete_checkpoint`.

    >>> from engine.callbacks import BackupAndRestore
    >>> callback = BackupAndRestore("run/backup", save_freq=100)
    """

    def __init__(self, backup_dir, save_freq="epoch", delete_checkpoint=True):
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise ValueError(f'BackupAndRestore: save_freq is "epoch" or a number of batches, received {save_freq!r}.')
        by_epoch = save_freq == "epoch"
        super().__init__(backup_dir, every_epochs=1 if by_epoch else None, every_steps=None if by_epoch else save_freq,
                         keep=1)  # fmt: skip
        self.save_freq, self.delete_checkpoint = save_freq, delete_checkpoint

    def _find(self):
        found = super()._find()
        return found and (*found[:2], run_state.for_callbacks_of(self.run, found[2]))

    def on_train_end(self, logs=None):
        if self.delete_checkpoint and self.writes:
            with contextlib.suppress(CheckpointError), checkpoint.lock(self.directory):  # else another run has them now
                for name in checkpoint.names(self.directory):
                    checkpoint.remove(self.directory, name)
        super().on_train_end(logs)
