"""A long day: nothing grows, neither memory nor open files, threads or traced functions."""

import gc
import os
import threading

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Sequential
from engine.callbacks import Checkpoint, CSVLogger
from engine.saving import load_model
from layers import BatchNormalization, Dense, Dropout

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(300, 16)).astype("f4"), RNG.normal(size=(300, 3)).astype("f4")


def resources():
    """Resident memory in MB, open files, threads of Python, graphs of TensorFlow that are alive."""
    gc.collect()
    with open("/proc/self/statm") as file:
        memory = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    graphs = sum(isinstance(item, tf.Graph) for item in gc.get_objects())
    return {"memory": memory, "files": len(os.listdir("/proc/self/fd")), "threads": threading.active_count(), "graphs": graphs}


def flat(figure, what, action, times, warm, megabytes):
    """Run `action(i)`; after the first `warm` times nothing may grow, memory by at most `megabytes`.

    In a process that has done much before, the heap may still spread at first: then it must come to rest the second time.
    """
    for index in range(warm):
        action(index)
    for _ in range(2):
        before = resources()
        for index in range(warm, times):
            action(index)
        after = resources()
        assert {name: (before[name], after[name]) for name in ("files", "threads", "graphs") if after[name] > before[name]} == {}
        if after["memory"] - before["memory"] < megabytes:
            break
    figure(f"Soak: {what}", f"{after['memory'] - before['memory']:+.0f} MB, files {before['files']} → {after['files']}, threads "
           f"{before['threads']} → {after['threads']}, graphs {before['graphs']} → {after['graphs']}")  # fmt: skip
    assert after["memory"] - before["memory"] < megabytes, (before, after)


def network():
    model = Sequential([Input((16,)), Dense(32, activation="relu"), BatchNormalization(), Dropout(0.2), Dense(3)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


@pytest.mark.slow
def test_50_epochs_with_checkpoints_and_validation(tmp_path, figure):
    model = network()

    def epochs(index):
        own = [Checkpoint(tmp_path / str(index % 2), every_steps=3), CSVLogger(tmp_path / "log.csv")]
        model.fit(X, Y, batch_size=32, epochs=10, verbose=0, validation_data=(X[:50], Y[:50]), callbacks=own)

    flat(figure, "50 epochs with checkpoints and validation", epochs, 7, 2, 32)  # 50 epochs after the first 20


@pytest.mark.slow
def test_1000_predictions_of_varying_size(figure):
    model = network()
    flat(figure, "1,000 predictions of varying size", lambda index: model.predict(X[: 1 + index % 97]), 1000 + 200, 200, 16)


@pytest.mark.slow
def test_training_on_batches_of_varying_shape(figure):
    model = network()
    flat(figure, "training on batches of varying shape", lambda index: model.train_on_batch(X[: 1 + index % 61], Y[: 1 + index % 61]), 700, 130, 16)


@pytest.mark.slow
def test_200_models_built_trained_saved_loaded_and_dropped(tmp_path, figure):
    def life(index):
        model = Sequential([Input((16,)), Dense(8, activation="relu"), Dropout(0.2), Dense(3)])
        model.compile("adam", "mse", jit_compile=False)
        model.fit(X[:64], Y[:64], batch_size=32, verbose=0)
        model.save(tmp_path / "m")
        load_model(tmp_path / "m").predict(X[:5])

    flat(figure, "200 models made, trained, saved, loaded, dropped", life, 200, 20, 200)  # TensorFlow keeps about 1 MB of each function it has compiled
