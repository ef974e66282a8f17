"""Nothing grows: neither memory nor traced functions, however often models are made, trained, asked and thrown away."""

import gc
import os
import tracemalloc
import weakref

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential
from engine.core import context
from layers import BatchNormalization, Dense, Dropout

X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = np.ones((8, 2), "float32")


@pytest.fixture(autouse=True, scope="module")
def only_new_objects():
    """What was there before is left out of the collector's rounds, which are quick then."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def resident():
    """Memory of this process, in MB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def alive():
    """The numbers of live graphs, layers and variables. A trace that is not finished with is the usual leak."""
    gc.collect()
    kinds = (tf.Graph, Layer, tf.Variable)
    items = [item for item in gc.get_objects() if isinstance(item, kinds)]
    return [sum(isinstance(item, kind) for item in items) for kind in kinds]


def once(style, **how):
    if style == "sequential":
        model = Sequential([Dense(4, activity_regularizer="l2"), BatchNormalization(), Dropout(0.5), Dense(2)])
    else:
        x = Input((3,))
        h = Dense(4, kernel_regularizer="l2")(x)
        model = Model(x, Dense(2)(tf.concat([h, x], -1)))
    model.compile("adam", "mse", metrics=["mae"], **how)
    model.fit(X, Y, batch_size=4, epochs=2, verbose=0, validation_split=0.5)
    model.evaluate(X, Y, verbose=0)
    model.predict(X)


def repeat(action, times, allowed_mb):
    """Run `action` so many times; nothing may be alive that was not after the first few."""
    for _ in range(3):
        action()
    before = alive()
    memory = resident()
    for _ in range(times):
        action()
        gc.collect()  # which Python would do for a user, and seldom does in tests (see conftest.py)
    assert alive() == before
    assert resident() - memory < allowed_mb


HOW = {"eager": dict(run_eagerly=True), "compiled": dict(jit_compile=False), "xla": dict(jit_compile=True)}
# TensorFlow keeps some native memory of each function it has run (a bare `tf.function` of 20 assignments leaves 0.15 MB),
# and XLA each program it has compiled, until the process ends. Nothing lets them go; that Python keeps nothing is tested below.
ALLOWED_MB = {"eager": 1.0, "compiled": 2.5, "xla": 25.0}  # per model
CASES = [("sequential", "eager", 12), ("functional", "eager", 12), ("sequential", "compiled", 4)]


@pytest.mark.parametrize("style, how, times", CASES)
def test_models_come_and_go(style, how, times):
    repeat(lambda: once(style, **HOW[how]), times, allowed_mb=40)


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
def test_200_models_come_and_go(how):
    repeat(lambda: once("sequential", **HOW[how]), 200, allowed_mb=200 * ALLOWED_MB[how])


def test_python_keeps_nothing_of_a_model():
    for _ in range(2):
        once("sequential", run_eagerly=True)
    gc.collect()
    tracemalloc.start()
    try:
        once("sequential", run_eagerly=True)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(6):
            once("sequential", run_eagerly=True)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 6 * 30_000  # bytes; the objects of one model are 460,000
    finally:
        tracemalloc.stop()


def trained(**how):
    model = Sequential([Dense(4), Dropout(0.5), Dense(2)])
    model.compile("adam", "mse", **how)
    model.fit(X, Y, verbose=0)
    model.predict(X[:1])
    return model


ASKING = {
    "predict one row": lambda model: model.predict(X[:1]),
    "predict changing rows": lambda model: model.predict(X[: 1 + np.random.randint(8)]),
    "call on a new shape": lambda model: model(X[: 1 + np.random.randint(8)]),
    "train_on_batch": lambda model: model.train_on_batch(X, Y),
    "evaluate": lambda model: model.evaluate(X, Y, verbose=0),
    "freeze and thaw": lambda model: (setattr(model.layers[0], "trainable", not model.layers[0].trainable),
                                      model.train_on_batch(X, Y)),
    "weights": lambda model: model.set_weights(model.get_weights()),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKING)
def test_a_model_asked_a_thousand_times(name):
    model = trained(jit_compile=False)
    for _ in range(40):  # a loop around the steps is traced when there were enough of them
        ASKING[name](model)
    repeat(lambda: ASKING[name](model), 1000 if name == "predict one row" else 60, allowed_mb=20)


def test_old_traces_are_let_go():
    """A new head each time: the traces of the old ones, and their weights, are not kept for ever."""
    model = Sequential([Dense(4)])
    model.compile("sgd", "mse", jit_compile=False)

    def new_head():
        if len(model.layers) > 1:
            model.pop()
        model.add(Dense(2))
        model.predict(X)

    for _ in range(8):
        new_head()
    repeat(new_head, 6, allowed_mb=20)


def test_symbols_and_calls_on_symbols_are_let_go():
    def build():
        x = Input((3,))
        y = x
        for _ in range(20):
            y = tf.nn.relu(y * 2.0 + x)
        Model(x, y)

    repeat(build, 5, allowed_mb=20)


def test_layers_with_losses_are_not_kept():
    others = len(context.state.losses)  # of tests before this one
    once("sequential", run_eagerly=True)
    gc.collect()
    assert len(context.state.losses) == others


def test_a_layer_goes_with_its_last_reference():
    dense = Dense(2)
    dense(X)
    kernel = weakref.ref(dense.kernel)
    del dense
    gc.collect()
    assert kernel() is None
