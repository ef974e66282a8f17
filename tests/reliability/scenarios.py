"""Runs of `fit` with everything in them that has a state, small enough to be repeated many times.

`SCENARIOS[name](folder, *callbacks)` makes model and data anew and fits; it returns the fingerprint of how it ended.
"""

import hashlib
import os

import numpy as np
import tensorflow as tf

from engine import Input, Sequential, optimizers, set_seed
from engine.callbacks import (
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
)
from engine.saving import run_state
from layers import BatchNormalization, Dense, Dropout

ROWS, BATCH, EPOCHS = 44, 8, 4  # 6 steps an epoch, the last one of 4 rows
seed = 5  # what a run on arrays begins with; a resumed one takes all from its checkpoint, so it may begin with another
RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(ROWS, 5)).astype("f4"), RNG.uniform(size=(ROWS, 3)).astype("f4")
VALIDATION = RNG.normal(size=(20, 5)).astype("f4"), RNG.uniform(size=(20, 3)).astype("f4")


class Stop(Exception):
    """What ends a run in a test."""


class StopAt(Callback):
    """Raise Stop at a moment of the run: after so many batches, or in the validation of an epoch."""

    def __init__(self, batches=None, validation=None):
        self.batches, self.validation, self.seen, self.epoch = batches, validation, 0, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        self.seen += 1
        if self.seen == self.batches:
            raise Stop

    def on_test_chunk_end(self, step, logs=None):
        if self.epoch == self.validation:
            raise Stop


class Counter(Callback):
    """A callback of a user, after the Checkpoint in the list, that counts batches and remembers an array."""

    def __init__(self):
        self.batches, self.losses = 0, np.zeros(0)

    def on_train_chunk_end(self, step, logs=None):
        self.batches, self.losses = step, np.append(self.losses[:step], logs["loss"])[:step]

    def get_state(self):
        return {"batches": self.batches, "losses": self.losses}

    def set_state(self, state):
        self.batches, self.losses = state["batches"], np.array(state["losses"])


def network():
    return Sequential([Input((5,)), Dense(6, activation="relu", kernel_regularizer="l2"), BatchNormalization(),
                       Dropout(0.3), Dense(3, activation="sigmoid")])  # fmt: skip


def fit(folder, callbacks, optimizer="adam", data=None, eager=False, extra=(), every_steps=2, jit=False, **arguments):
    set_seed(seed if data is None else 5)
    model = network()
    model.compile(optimizer, "binary_crossentropy", metrics=["mae", "accuracy"], run_eagerly=eager, jit_compile=jit)
    own = [*extra, Checkpoint(os.path.join(folder, "checkpoints"), every_steps=every_steps, every_epochs=1, keep=3), Counter()]
    arguments = {"epochs": EPOCHS, "verbose": 0, "callbacks": [*own, *callbacks], **arguments}
    if data is None:
        history = model.fit(X, Y, batch_size=BATCH, **arguments)
    else:
        history = model.fit(data, **arguments)
    return fingerprint(model, history, folder)


def fingerprint(model, history, folder):
    """All that a run leaves, as text: digests of every variable, the history, the files."""
    found = {"history": repr(history.history), "epochs": repr(history.epoch)}
    for name, variable in run_state.variables_of(_Owner(model)).items():
        found[name] = hashlib.sha256(variable.numpy().tobytes()).hexdigest()[:16]
    for name in ("log.csv", "best"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, "rb") as file:
                found[name] = hashlib.sha256(file.read()).hexdigest()[:16]
    return found


class _Owner:
    """As much of a Run as `variables_of` asks for."""

    def __init__(self, model):
        self.model = model


def arrays(folder, *callbacks, **arguments):
    """Shuffled arrays, dropout, validation, early stopping, a rate that falls, the best weights in a file."""
    extra = [EarlyStopping("val_loss", mode="max", patience=2, restore_best_weights=True), ReduceLROnPlateau(patience=1, min_delta=0.5),
             ModelCheckpoint(os.path.join(folder, "best"), save_best_only=True, save_weights_only=True)]  # fmt: skip
    return fit(folder, callbacks, extra=extra, validation_data=VALIDATION, **arguments)


def accumulated(folder, *callbacks):
    """Gradients of 4 batches in one update, which the epoch's 6 cut; averaged weights; a schedule; class weights."""
    schedule = optimizers.schedules.CosineDecay(0.05, 20)
    optimizer = optimizers.Adam(schedule, gradient_accumulation_steps=4, use_ema=True, ema_overwrite_frequency=3)
    return fit(folder, callbacks, optimizer, every_steps=1, validation_split=0.2)


def scheduled(folder, *callbacks):
    """A rate that each epoch makes from the one before, and a log in a file."""
    extra = [LearningRateScheduler(lambda epoch, rate: rate * 0.7), CSVLogger(os.path.join(folder, "log.csv"))]
    return fit(folder, callbacks, optimizers.SGD(0.1, momentum=0.9, nesterov=True), extra=extra)


def pipeline():
    return tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(ROWS).batch(BATCH)


def dataset(folder, *callbacks):
    """A tf.data pipeline that is shuffled anew in each epoch."""
    set_seed(7)
    return fit(folder, callbacks, data=pipeline())


def endless(folder, *callbacks):
    """One endless pipeline, cut into epochs of 4 steps."""
    set_seed(7)
    return fit(folder, callbacks, data=pipeline().repeat(), steps_per_epoch=4)


def generator(folder, *callbacks):
    """A Python generator, gone through once."""
    def batches():
        rng = np.random.default_rng(9)
        while True:
            rows = rng.integers(0, ROWS, BATCH)
            yield X[rows], Y[rows]

    return fit(folder, callbacks, data=batches(), steps_per_epoch=5)


class Shuffled:
    """A sequence of batches with an order of its own in each epoch."""

    def __init__(self):
        self.rng = np.random.default_rng(11)
        self.on_epoch_end()

    def __len__(self):
        return ROWS // BATCH

    def __getitem__(self, index):
        rows = self.order[index * BATCH : (index + 1) * BATCH]
        return X[rows], Y[rows]

    def on_epoch_end(self):
        self.order = self.rng.permutation(ROWS)


def sequence(folder, *callbacks):
    """An object with `__len__`, `__getitem__` and `on_epoch_end`."""
    return fit(folder, callbacks, data=Shuffled())


def eagerly(folder, *callbacks):
    """Plain Python steps."""
    return fit(folder, callbacks, eager=True, epochs=2)


SCENARIOS = {function.__name__: function for function in
             (arrays, accumulated, scheduled, dataset, endless, generator, sequence, eagerly)}  # fmt: skip
