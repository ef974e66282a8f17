"""Runs of `fit` with everything in them that has a state, small enough to be repeated many times.

`SCENARIOS[name](folder, *callbacks)` makes model and data anew and fits; it returns the fingerprint of how it ended.
"""

import hashlib
import os

import numpy as np
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, metrics, optimizers, set_seed
from engine.callbacks import (
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    GradientStats,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
)
from engine.random import SeedGenerator
from layers import GRU, LSTM, RNN, BatchNormalization, Bidirectional, Dense, Dropout, LSTMCell

ROWS, BATCH, EPOCHS = 44, 8, 4  # 6 steps an epoch, the last one of 4 rows
seed = 5  # what a run on arrays begins with; a resumed one takes all from its checkpoint, so it may begin with another
RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(ROWS, 5)).astype("f4"), RNG.uniform(size=(ROWS, 3)).astype("f4")
VALIDATION = RNG.normal(size=(20, 5)).astype("f4"), RNG.uniform(size=(20, 3)).astype("f4")
SENTENCES = {"x": RNG.normal(size=(40, 4, 5)).astype("f4"), "y": RNG.uniform(size=(40, 3)).astype("f4")}


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


def recurrent_layers():
    """Layers whose states go on from batch to batch; they have to know how many rows one has."""
    return [LSTM(4, stateful=True, return_sequences=True, dropout=0.2), Bidirectional(GRU(3, stateful=True, return_sequences=True)),
            RNN([LSTMCell(3), LSTMCell(2)], stateful=True), Dense(3, activation="sigmoid")]  # fmt: skip


class Recurrent(Model):
    """They as a model that learns from the first batch how many rows there are."""

    def __init__(self):
        super().__init__()
        self.steps = recurrent_layers()

    def call(self, inputs):
        for layer in self.steps:
            inputs = layer(inputs)
        return inputs


class Noisy(Layer):
    """What a layer can do by itself: a generator of TensorFlow, a memory that is no weight, a loss in training alone."""

    _untracked = Layer._untracked | {"memory"}

    def __init__(self, size=5):
        super().__init__()
        self.noise, self.memory = tf.random.Generator.from_seed(4), tf.Variable(tf.zeros(size), trainable=False)

    def call(self, inputs, training=False):
        if not training:
            return inputs + self.memory
        self.memory.assign(0.9 * self.memory + 0.1 * tf.reduce_mean(inputs, 0))
        self.add_loss(tf.reduce_mean(self.memory**2))
        return inputs + self.memory + self.noise.normal(tf.shape(inputs), stddev=0.1)


class Adversaries(Model):
    """Two parts with an optimizer each, and a list of those of a third; metrics made by hand."""

    def __init__(self):
        super().__init__()
        self.generator = Sequential([Noisy(), Dense(3, activation="sigmoid", kernel_regularizer="l2")])
        self.discriminator = Sequential([Dense(4, activation="tanh"), Dense(1)])
        self.seeds, self.judging = SeedGenerator(1), metrics.Mean("judging")

    def compile(self, *args, **kwargs):
        super().compile(*args, **kwargs)
        self.critics = [optimizers.Adam(0.02), optimizers.RMSprop(0.01, momentum=0.5)]

    def call(self, inputs):
        return self.generator(inputs)

    def train_step(self, data):
        x, real = data
        chosen = tf.random.stateless_uniform(tf.shape(real), self.seeds.next()) < 0.9
        with tf.GradientTape(persistent=True) as tape:
            fake = self(x, training=True)
            judging = tf.reduce_mean(tf.nn.softplus(self.discriminator(fake) - self.discriminator(tf.where(chosen, real, fake))))
            deceiving = self.compute_loss(x=x, y=real, y_pred=fake) - judging
        for critic, layer in zip(self.critics, self.discriminator.layers):
            weights = layer.trainable_weights
            critic.apply_gradients(zip(tape.gradient(judging, weights), weights))
        weights = self.generator.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(deceiving, weights), weights))
        self.judging.update_state(judging)
        return {**self.compute_metrics(x, real, fake), "loss": deceiving}


def fit(folder, callbacks, optimizer="adam", data=None, eager=False, extra=(), every_steps=2, jit=False, make=network,
        x=X, y=Y, measured=("mae", "accuracy"), **arguments):  # fmt: skip
    set_seed(seed if data is None else 5)
    model = make()
    model.compile(optimizer, "binary_crossentropy", metrics=list(measured), run_eagerly=eager, jit_compile=jit)
    own = [*extra, Checkpoint(os.path.join(folder, "checkpoints"), every_steps=every_steps, every_epochs=1, keep=3), Counter()]
    arguments = {"epochs": EPOCHS, "verbose": 0, "callbacks": [*own, *callbacks], **arguments}
    if data is None:
        history = model.fit(x, y, batch_size=BATCH, **arguments)
    else:
        history = model.fit(data, **arguments)
    return fingerprint(model, history, folder)


def fingerprint(model, history, folder):
    """All that a run leaves, as text: digests of every variable, the history, the files."""
    found = {"history": repr(history.history), "epochs": repr(history.epoch)}
    for name, (variable, _) in model.state().items():
        found[name] = hashlib.sha256(variable.numpy().tobytes()).hexdigest()[:16]
    for name in ("log.csv", "best"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, "rb") as file:
                found[name] = hashlib.sha256(file.read()).hexdigest()[:16]
    return found


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


def stateful(folder, *callbacks):
    """Recurrent layers, each batch going on from the one before."""
    return fit(folder, callbacks, make=lambda: Sequential([Input(batch_shape=(BATCH, 4, 5)), *recurrent_layers()]), **SENTENCES)


def stateful_eagerly(folder, *callbacks):
    """The same in plain Python, the number of rows told by the data alone."""
    return fit(folder, callbacks, make=Recurrent, eager=True, epochs=2, **SENTENCES)


def several_optimizers(folder, *callbacks):
    """A step of one's own with three optimizers, and layers with state of their own kind."""
    return fit(folder, callbacks, optimizers.SGD(0.05, momentum=0.9), make=Adversaries, validation_data=VALIDATION)


def several_optimizers_eagerly(folder, *callbacks):
    """The same in plain Python: the validation has terms of the loss, and so state, that training has not."""
    return fit(folder, callbacks, optimizers.SGD(0.05, momentum=0.9), make=Adversaries, validation_data=VALIDATION,
               eager=True, epochs=3)  # fmt: skip


def scaled(folder, *callbacks):
    """A scaled loss, whose scale grows and falls, around gathered gradients and averaged weights; norms every 3 steps."""
    inner = optimizers.Adam(0.02, use_ema=True, ema_overwrite_frequency=2, gradient_accumulation_steps=2)
    optimizer = optimizers.LossScaleOptimizer(inner, initial_scale=2.0**126, dynamic_growth_steps=3)
    return fit(folder, callbacks, optimizer, extra=[GradientStats(every=3)])


def odd(folder, *callbacks, **arguments):
    """All kinds of state at once: kept by layers, of metrics that are no means, averages, gathered gradients, a scaled loss."""
    inner = optimizers.Adam(0.02, use_ema=True, ema_overwrite_frequency=2, gradient_accumulation_steps=3)
    optimizer = optimizers.LossScaleOptimizer(inner, initial_scale=2.0**126, dynamic_growth_steps=3)
    measured = [metrics.AUC(20, name="auc"), metrics.R2Score(class_aggregation=None, name="r2"), metrics.MeanIoU(3, name="iou"),
                metrics.F1Score(threshold=0.5, name="f1")]  # fmt: skip
    return fit(folder, callbacks, optimizer, measured=measured, extra=[GradientStats(every=2)], make=lambda: Sequential([
        Input(batch_shape=(BATCH, 4, 5)), GRU(4, stateful=True), BatchNormalization(), Dropout(0.3), Noisy(4), Dense(3, activation="sigmoid"),
    ]), **SENTENCES, **arguments)  # fmt: skip


SCENARIOS = {function.__name__: function for function in
             (arrays, accumulated, scheduled, dataset, endless, generator, sequence, eagerly, stateful, stateful_eagerly,
              several_optimizers, several_optimizers_eagerly, scaled, odd)}  # fmt: skip
