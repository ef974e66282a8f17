"""Layers that go on from batch to batch, in models that learn the number of rows from their data."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Model, Sequential, callbacks, optimizers, set_seed
from layers import GRU, LSTM, RNN, Bidirectional, ConvLSTM1D, Dense, Flatten, GRUCell, SimpleRNN

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(6, 4, 3)).astype("float32")
Y = RANDOM.normal(size=(6, 1)).astype("float32")
LAYERS = {
    "SimpleRNN": lambda: [SimpleRNN(4, stateful=True)],
    "LSTM": lambda: [LSTM(4, stateful=True, return_sequences=True), Dense(2), LSTM(3, stateful=True)],
    "GRU": lambda: [Dense(3), GRU(4, stateful=True)],
    "Bidirectional": lambda: [Bidirectional(LSTM(4, stateful=True))],
    "stacked cells": lambda: [RNN([GRUCell(4), GRUCell(2)], stateful=True)],
    "inside": lambda: [Sequential([LSTM(4, stateful=True)])],
}


class Own(Model):
    def __init__(self, layers):
        super().__init__()
        self.parts = [*layers, Dense(1)]

    def call(self, x):
        for part in self.parts:
            x = part(x)
        return x


MODELS = {
    "said": lambda layers: Sequential([Input(batch_shape=(2, 4, 3)), *layers, Dense(1)]),
    "list": lambda layers: Sequential([*layers, Dense(1)]),
    "subclass": Own,
}
DATA = {
    "arrays": lambda: dict(x=X, y=Y, batch_size=2, shuffle=False),
    "dataset": lambda: dict(x=tf.data.Dataset.from_tensor_slices((X, Y)).batch(2)),
    "generator": lambda: dict(x=((X[i : i + 2], Y[i : i + 2]) for i in (0, 2, 4))),
}


def trained(model, data, eager):
    set_seed(1)
    model = MODELS[model](LAYERS[trained.layers]())
    model.compile(optimizers.SGD(0.05), "mse", run_eagerly=eager)
    history = model.fit(**DATA[data](), epochs=1 if data == "generator" else 2, verbose=0).history
    outputs = [model.predict(X, batch_size=2) for _ in range(2)]
    model.reset_states()
    return [history["loss"], *outputs, model.predict(X, batch_size=2), model.evaluate(**{**DATA[data](), "verbose": 0} if data == "dataset"
            else dict(x=X, y=Y, batch_size=2, verbose=0))]  # fmt: skip


@pytest.mark.parametrize("layers, data, eager", [
    *((name, "arrays", False) for name in LAYERS),
    ("LSTM", "arrays", True), ("LSTM", "dataset", False), ("LSTM", "dataset", True), ("GRU", "generator", False), ("GRU", "generator", True),
])  # fmt: skip
def test_the_number_of_rows_comes_from_the_data(layers, data, eager):
    trained.layers = layers
    expected = trained("said", data, eager)
    assert np.abs(expected[1] - expected[2]).max() > 1e-6  # the states go on
    for model in ("list", "subclass"):
        for received, wanted in zip(trained(model, data, eager), expected, strict=True):
            np.testing.assert_allclose(received, wanted, rtol=1e-5, atol=1e-6)


FIRST = {
    "called": lambda model: model(X[:2]),
    "predicts": lambda model: model.predict(X, batch_size=2),
    "predicts one batch": lambda model: model.predict_on_batch(X[:2]),
    "built": lambda model: model.build((2, 4, 3)),
    "built, TensorShape": lambda model: model.build(tf.TensorShape((2, 4, 3))),
    "on a symbol": lambda model: model(Input(batch_shape=(2, 4, 3))),
    "in tf.function": lambda model: tf.function(model)(tf.constant(X[:2])),
}


@pytest.mark.parametrize("way", FIRST)
@pytest.mark.parametrize("kind", ["list", "subclass"])
def test_whatever_comes_first_tells_it(kind, way):
    model = MODELS[kind]([LSTM(4, stateful=True)])
    FIRST[way](model)
    model.reset_states()
    first, second = (model.predict(X[:2], batch_size=2) for _ in range(2))
    assert np.abs(first - second).max() > 1e-6
    model.reset_states()
    np.testing.assert_allclose(model.predict(X[:2], batch_size=2), first, rtol=1e-6)


def test_models_without_such_layers_stay_open_and_resets_are_harmless():
    model = Sequential([GRU(4), Dense(1)])
    model.build((2, 4, 3))
    model.reset_states()
    assert model.predict(X, batch_size=4).shape == (6, 1) and model.input.shape[0] is None


def test_convolutions_over_time_keep_states_too():
    model = Sequential([ConvLSTM1D(2, 2, stateful=True), Flatten(), Dense(1)])
    x = RANDOM.normal(size=(2, 3, 5, 1)).astype("float32")
    first, second = (model.predict(x) for _ in range(2))
    assert np.abs(first - second).max() > 1e-6
    model.reset_states()
    np.testing.assert_allclose(model.predict(x), first, rtol=1e-6)


def test_states_can_be_reset_between_epochs():
    def losses(reset):
        set_seed(1)
        model = Sequential([LSTM(4, stateful=True), Dense(1)])
        model.compile(optimizers.SGD(0.0), "mse")
        looks = [callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: model.reset_states())] if reset else []
        return model.fit(X, Y, batch_size=2, shuffle=False, epochs=2, callbacks=looks, verbose=0).history["loss"]

    first, second = losses(reset=True)
    assert first == second and losses(reset=False)[1] != second


def test_another_number_of_rows_is_refused():
    model = Sequential([LSTM(4, stateful=True)])
    model(X[:2])
    with pytest.raises(ValueError, match="keeps states for a batch of 2"):
        model(X[:3])
