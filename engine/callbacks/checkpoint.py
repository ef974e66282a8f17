"""Callbacks that keep a run's whole state on disk, so that a killed run goes on as if nothing had happened."""

import fcntl
import os
import shutil
import time

from engine.callbacks.base import Callback
from engine.saving import checkpoint


class Checkpoint(Callback):
    """Checkpoints of the whole run, and an exact resume from the newest.

    Weights, optimizer slots, random state, the position in the data, metrics' partial sums and the callbacks'
    state (History too): the resumed run ends with the same bits as one never interrupted. `fit` with a Checkpoint
    on a directory that holds one goes on from there.

    Arguments: `directory`; how often: `every_steps`, `every_epochs` (1 if nothing is given), `every_seconds`;
    `keep` (how many to keep).
    Errors: RuntimeError if another run writes into the directory; CheckpointError if the checkpoint is of another
    model.

    >>> from engine.callbacks import Checkpoint
    >>> callback = Checkpoint("run/checkpoints", every_epochs=1, keep=2)
    """

    def __init__(self, directory, every_steps=None, every_epochs=None, every_seconds=None, keep=3):
        self.directory = os.fspath(directory)
        if every_steps is None and every_epochs is None and every_seconds is None:
            every_epochs = 1
        for name, value in (("every_steps", every_steps), ("every_epochs", every_epochs), ("keep", keep)):
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ValueError(f"{type(self).__name__}: {name} is a positive integer, received {value!r}.")
        self.every_steps, self.every_epochs, self.every_seconds = every_steps, every_epochs, every_seconds
        self.keep = keep
        self.lock = None
        if every_steps is not None:  # only then is every batch of interest
            self.on_train_batch_end = self._count_step

    def resume(self, run):
        self.run = run
        os.makedirs(self.directory, exist_ok=True)
        self.lock = open(os.path.join(self.directory, ".lock"), "w")  # noqa: SIM115 (held until close)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.lock.close()
            self.lock = None
            raise RuntimeError(
                f"Another run is writing checkpoints into {self.directory!r}. Wait for it, or give another directory."
            ) from None
        found = checkpoint.newest(self.directory)
        if found is not None:
            checkpoint.restore(run, *found[1:])
        self.since_steps, self.saved_at = 0, time.monotonic()

    def _count_step(self, batch, logs=None):
        self.since_steps += 1
        if self.since_steps >= self.every_steps:
            self.since_steps = 0
            self.save()

    def on_train_chunk_end(self, step, logs=None):
        if self.every_seconds is not None and time.monotonic() - self.saved_at >= self.every_seconds:
            self.save()

    def on_epoch_saved(self, epoch):
        """After an epoch, when every callback has seen its end."""
        if self.every_epochs is not None and epoch % self.every_epochs == 0:
            self.save()

    def save(self):
        """Write a checkpoint now; returns its path."""
        arrays, info = checkpoint.capture(self.run)
        self.saved_at = time.monotonic()
        return checkpoint.write(self.directory, arrays, info, self.keep)

    def get_state(self):
        return {"since_steps": self.since_steps}

    def set_state(self, state):
        self.since_steps = state["since_steps"]

    def close(self):
        if self.lock is not None:
            self.lock.close()  # which also unlocks
            self.lock = None


class BackupAndRestore(Checkpoint):
    """A backup while `fit` runs, deleted when it ends well: an interrupted run, started again, goes on.

    Arguments: `backup_dir`; `save_freq` ("epoch", or a number of batches); `delete_checkpoint`.
    """

    def __init__(self, backup_dir, save_freq="epoch", delete_checkpoint=True):
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise ValueError(f'BackupAndRestore: save_freq is "epoch" or a number of batches, received {save_freq!r}.')
        by_epoch = save_freq == "epoch"
        super().__init__(backup_dir, every_epochs=1 if by_epoch else None, every_steps=None if by_epoch else save_freq,
                         keep=1)  # fmt: skip
        self.save_freq, self.delete_checkpoint = save_freq, delete_checkpoint

    def on_train_end(self, logs=None):
        if self.delete_checkpoint:
            for name in checkpoint.names(self.directory):
                shutil.rmtree(os.path.join(self.directory, name), ignore_errors=True)
