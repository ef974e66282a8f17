"""Whole runs: from the same weights and data order, `fit` gives Keras's history, number for number, in float64.

Each run: 3 epochs of batches of 8 (the last one smaller), with accuracy, validation data and sample weights. The
optimizers' constants are sums of few powers of two, because Keras rounds some of them to float32.
"""

import keras
import numpy as np
import pytest

import engine
import layers
import losses
from engine import callbacks, metrics, optimizers, regularizers

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(52, 6, 5, 2))
LABELS = RNG.integers(0, 4, 52)
WEIGHTS = RNG.uniform(0.2, 2.0, 52)
TRAIN, VALIDATION = slice(None, 36), slice(36, None)


pytestmark = pytest.mark.usefixtures("in_float64")


class Ours:
    """What `keras` offers, from here."""

    layers, losses, metrics, optimizers = layers, losses, metrics, optimizers
    callbacks, regularizers = callbacks, regularizers
    Input, Model, Sequential = staticmethod(engine.Input), engine.Model, engine.Sequential


def dense(k):
    return k.Sequential([
        k.Input((6, 5, 2)), k.layers.Flatten(),
            k.layers.Dense(7, activation="relu", kernel_regularizer=k.regularizers.L2(2.0**-7)),
        k.layers.Dense(4, activation="softmax"),
    ])  # fmt: skip


def convolutional(k):
    return k.Sequential([
        k.Input((6, 5, 2)), k.layers.Conv2D(3, 3, activation="relu"), k.layers.MaxPooling2D(2), k.layers.Flatten(),
        k.layers.Dense(4, activation="softmax"),
    ])  # fmt: skip


def normalized(k):
    return k.Sequential([
        k.Input((6, 5, 2)), k.layers.Flatten(), k.layers.Dense(7, use_bias=False), k.layers.BatchNormalization(),
        k.layers.Activation("relu"), k.layers.Dense(4, activation="softmax"),
    ])  # fmt: skip


def branching(k):
    x = k.Input((6, 5, 2))
    y = k.layers.Conv2D(3, 3, padding="same")(x)
    y = k.layers.BatchNormalization()(y)
    y = k.layers.Activation("relu")(y)
    z = k.layers.Conv2D(3, 1)(x)
    pooled = k.layers.GlobalAveragePooling2D()(k.layers.Add()([y, z]))
    return k.Model(x, k.layers.Dense(4, activation="softmax", activity_regularizer="l2")(pooled))


RATE, EXACT = 2.0**-6, dict(beta_1=0.875, beta_2=1 - 2.0**-9, epsilon=2.0**-23)
RUNS = [  # (model, optimizer, run eagerly)
    (dense, lambda k: k.optimizers.Adam(RATE, **EXACT), False),
    (dense, lambda k: k.optimizers.SGD(RATE, momentum=0.875, nesterov=True), True),
    (convolutional, lambda k: k.optimizers.Adam(RATE, **EXACT), False),
    (normalized, lambda k: k.optimizers.Adam(RATE, **EXACT), False),
    (normalized, lambda k: k.optimizers.RMSprop(RATE, rho=0.875, centered=True, epsilon=2.0**-23), True),
    (branching, lambda k: k.optimizers.AdamW(RATE, weight_decay=0.125, clipnorm=0.5, **EXACT), True),
    (dense, lambda k: k.optimizers.Adam(k.optimizers.schedules.ExponentialDecay(RATE, 4, 0.5, staircase=True),
     **EXACT), True),
]


@pytest.mark.parametrize("make, optimizer, eager", RUNS)
def test_history_of_a_whole_run(make, optimizer, eager):
    ours, theirs = make(Ours), make(keras)
    theirs.set_weights(ours.get_weights())
    histories = []
    for k, model in ((Ours, ours), (keras, theirs)):
        model.compile(optimizer(k), "sparse_categorical_crossentropy", metrics=["accuracy"],
                      weighted_metrics=["sparse_categorical_crossentropy"], run_eagerly=eager)  # fmt: skip
        run = model.fit(
            IMAGES[TRAIN], LABELS[TRAIN], batch_size=8, epochs=3, shuffle=False, verbose=0,
                sample_weight=WEIGHTS[TRAIN],
            validation_data=(IMAGES[VALIDATION], LABELS[VALIDATION], WEIGHTS[VALIDATION]),
        )  # fmt: skip
        histories.append(run.history)
    assert set(histories[1]) <= set(histories[0])
    assert histories[1]["loss"][2] < histories[1]["loss"][0]
    for name, values in histories[1].items():
        # Keras keeps counts of its metrics in float32 where they are small integers; everything else is float64.
        np.testing.assert_allclose(histories[0][name], values, rtol=1e-9, err_msg=name)
    for path, one, other in zip(ours.named_weights(), ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-10, err_msg=path.path)


def test_a_run_with_callbacks_that_change_the_rate():
    ours, theirs = normalized(Ours), normalized(keras)
    theirs.set_weights(ours.get_weights())
    histories = []
    for k, model in ((Ours, ours), (keras, theirs)):
        model.compile(k.optimizers.SGD(0.5), "sparse_categorical_crossentropy", run_eagerly=True)
        watch = [k.callbacks.ReduceLROnPlateau("val_loss", factor=0.3, patience=1, mode="min"),
                 k.callbacks.EarlyStopping("val_loss", patience=3, mode="min", restore_best_weights=True)]  # fmt: skip
        run = model.fit(IMAGES[TRAIN], LABELS[TRAIN], batch_size=9, epochs=8, shuffle=False, verbose=0, callbacks=watch,
                        validation_data=(IMAGES[VALIDATION], LABELS[VALIDATION]))  # fmt: skip
        histories.append(run.history)
    assert set(histories[0]) == set(histories[1])
    for name, values in histories[1].items():
        np.testing.assert_allclose(histories[0][name], values, rtol=1e-6 if name == "learning_rate" else 1e-9,
            err_msg=name)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-10)
