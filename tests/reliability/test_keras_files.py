"""Files that Keras 3 wrote: the model goes on here, with the same outputs."""

import warnings
from unittest import mock

import h5py
import keras
import numpy as np
import pytest

from engine import Input, Model, Sequential
from engine.saving import FileError, load_model
from layers import LSTM, BatchNormalization, Dense

L = keras.layers
RNG = np.random.default_rng(4)


def sequence(*layers, shape=(6, 4)):
    """(model of Keras, input) of layers one after the other."""
    model = keras.Sequential([keras.Input(shape), *layers])
    return model, RNG.normal(size=(3, *shape)).astype("f4")


def residual():
    x = keras.Input((6, 4), name="x")
    y = L.Dense(4, activation="gelu")(x)
    y = L.LayerNormalization()(L.Add()([x, y]) * 0.5)
    return keras.Model(x, L.Dense(2)(L.Concatenate()([x, y]))), RNG.normal(size=(3, 6, 4)).astype("f4")


def nested():
    inner_in = keras.Input((3,))
    inner = keras.Model(inner_in, L.Dense(2)(L.Dense(5)(inner_in)))
    x = keras.Input((3,))
    y = inner(keras.Sequential([L.Dense(4), L.Dense(3)])(x))
    return keras.Model(x, [y, L.Dense(1)(x)]), RNG.normal(size=(3, 3)).astype("f4")


def shared():
    layer, x = L.Dense(3), keras.Input((3,))
    return keras.Model(x, layer(layer(x))), RNG.normal(size=(3, 3)).astype("f4")


def attention():
    x = keras.Input((6, 4))
    return keras.Model(x, L.MultiHeadAttention(2, 3)(x, x)), RNG.normal(size=(3, 6, 4)).astype("f4")


MODELS = {
    "dense": lambda: sequence(L.Dense(5, activation="relu", kernel_regularizer="l2"), L.Dropout(0.5), L.Dense(2)),
    "normalized": lambda: sequence(L.BatchNormalization(), L.LayerNormalization(), L.GroupNormalization(2)),
    "convolutions": lambda: sequence(L.Conv2D(3, 3), L.BatchNormalization(), L.DepthwiseConv2D(2), L.SeparableConv2D(4, 2),
                                     L.MaxPooling2D(), L.Flatten(), L.Dense(2), shape=(8, 8, 2)),
    "recurrent": lambda: sequence(L.Bidirectional(L.LSTM(3, return_sequences=True)), L.GRU(4, return_sequences=True),
                                  L.SimpleRNN(2)),
    "cells": lambda: sequence(L.RNN([L.LSTMCell(3), L.GRUCell(2)])),
    "wrapped": lambda: sequence(L.TimeDistributed(L.Dense(2)), L.SpectralNormalization(L.Dense(3))),
    "attention": attention, "residual": residual, "nested": nested, "shared": shared,
}  # fmt: skip


def same_outputs(model, theirs, x):
    for ours, other in zip(keras.tree.flatten(model.predict(x)), keras.tree.flatten(theirs.predict(x, verbose=0)), strict=True):
        np.testing.assert_allclose(ours, other, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", MODELS)
def test_keras_archives(name, tmp_path):
    theirs, x = MODELS[name]()
    for weight in theirs.weights:  # none as it began
        weight.assign(RNG.uniform(0.1, 1, weight.shape) if "seed" not in weight.path else weight)
    theirs.save(tmp_path / "m.keras")
    model = load_model(tmp_path / "m.keras")
    same_outputs(model, theirs, x)
    theirs.save_weights(tmp_path / "m.weights.h5")
    for weight in model.weights:
        weight.assign(weight * 0)
    assert model.load_weights(tmp_path / "m.weights.h5") == []
    same_outputs(model, theirs, x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with mock.patch.object(keras.src.saving.saving_api.logging, "warning"):  # that this format is an old one
            theirs.save(tmp_path / "m.h5")
    if name == "residual":  # such a file does not say that `* 0.5` is no layer: Keras does not read it either
        with pytest.raises(FileError, match="Multiply"):
            load_model(tmp_path / "m.h5")
    else:
        same_outputs(load_model(tmp_path / "m.h5"), theirs, x)


def loaded_by_keras(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the optimizer's state is left out, if it had none when it was saved
        return keras.saving.load_model(path)


OPT, F = keras.optimizers, keras.losses
COMPILED = {  # epochs before the file is written (the optimizer's state is not read), and what compile is told
    "sgd": (2, lambda: {"optimizer": OPT.SGD(0.1), "loss": F.MeanAbsoluteError(reduction="sum"), "metrics": ["mae"]}),
    "huber": (2, lambda: {"optimizer": OPT.SGD(0.1), "loss": F.Huber(0.7), "metrics": [keras.metrics.RootMeanSquaredError()]}),
    "adam": (0, lambda: {"optimizer": OPT.Adam(0.01, clipnorm=0.1), "loss": "mse", "weighted_metrics": ["mae"]}),
    "schedule": (0, lambda: {"optimizer": OPT.SGD(OPT.schedules.CosineDecay(0.1, 5), momentum=0.9), "loss": F.LogCosh()}),
    "averages": (0, lambda: {"optimizer": OPT.RMSprop(0.01, use_ema=True, ema_overwrite_frequency=2), "loss": ["mse"]}),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPILED)
def test_what_it_was_compiled_with_and_training_goes_on(name, tmp_path):
    """As Keras goes on from the file. Its file does not have all: of Huber it leaves out `delta`, and goes on with 1."""
    theirs, x = sequence(L.Dense(5, activation="tanh", kernel_regularizer="l2"), L.Dense(2))
    y = 3 * RNG.normal(size=(3, 6, 2))
    epochs, arguments = COMPILED[name]
    theirs.compile(**arguments())
    theirs.fit(x, y, epochs=epochs, verbose=0)
    theirs.save(tmp_path / "m.keras")
    pair = load_model(tmp_path / "m.keras"), loaded_by_keras(tmp_path / "m.keras")
    start = pair[0].get_weights()
    histories = [model.fit(x, y, epochs=4, shuffle=False, verbose=0).history for model in pair]
    assert set(histories[1]) <= set(histories[0])  # which also have the terms of the loss
    for key, values in histories[1].items():
        np.testing.assert_allclose(histories[0][key], values, rtol=1e-5)
    for ours, other, before in zip(*(model.get_weights() for model in pair), start, strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-4, atol=1e-6)
        assert np.abs(ours - before).max() > 1e-3


def test_outputs_with_losses_of_their_own(tmp_path):
    theirs, x = nested()
    theirs.compile("sgd", ["mse", F.MeanAbsoluteError()], loss_weights=[1.0, 0.3], metrics=[["mae"], None])
    theirs.save(tmp_path / "m.keras")
    y = [RNG.normal(size=(3, 2)), RNG.normal(size=(3, 1))]
    pair = load_model(tmp_path / "m.keras"), loaded_by_keras(tmp_path / "m.keras")
    ours, other = (model.fit(x, y, epochs=3, shuffle=False, verbose=0).history["loss"] for model in pair)
    np.testing.assert_allclose(ours, other, rtol=1e-5)


def test_bfloat16(tmp_path):
    """HDF5 does not have it; Keras writes two bytes per number and notes what they are."""
    theirs = keras.Sequential([keras.Input((4,)), L.Dense(2, dtype="bfloat16", bias_initializer="ones")])
    theirs.save(tmp_path / "m.keras")
    model, x = load_model(tmp_path / "m.keras"), RNG.normal(size=(3, 4)).astype("f4")
    assert model.layers[0].kernel.dtype == "bfloat16"
    np.testing.assert_array_equal(np.float32(model(x)), np.float32(theirs(x)))


def test_numbers_of_another_byte_order(tmp_path):
    kernel = np.arange(6.0).reshape(3, 2)
    with h5py.File(tmp_path / "m.weights.h5", "w") as file:
        file["layers/dense/vars/0"], file["layers/dense/vars/1"] = kernel.astype(">f4"), np.zeros(2, "<f4")
    model = Sequential([Input((3,)), Dense(2)])
    model.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(model.layers[0].kernel, kernel)


def test_a_model_of_ones_own(tmp_path):
    class Theirs(keras.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [L.Dense(4), L.Dense(3), L.BatchNormalization()]
            self.memory = L.LSTM(2)

        def call(self, x):
            for block in self.blocks:
                x = block(x)
            return self.memory(x)

    class Ours(Model):
        def __init__(self):
            super().__init__()
            self.blocks = [Dense(4), Dense(3), BatchNormalization()]
            self.memory = LSTM(2)

        call = Theirs.call

    theirs, ours, x = Theirs(), Ours(), RNG.normal(size=(3, 6, 4)).astype("f4")
    theirs(x)
    theirs.save_weights(tmp_path / "m.weights.h5")
    ours(x)
    ours.load_weights(tmp_path / "m.weights.h5")
    same_outputs(ours, theirs, x)


def test_a_model_that_differs(tmp_path):
    theirs, _ = sequence(L.Dense(5), L.Dense(2), shape=(4,))
    theirs.save_weights(tmp_path / "m.weights.h5")
    model = Sequential([Input((4,)), Dense(3), Dense(2), Dense(2)])
    before = model.get_weights()
    with pytest.raises(FileError, match=r"(?s)layers.0.kernel +float32 \(4, 3\) +float32 \(4, 5\) +mismatched.*layers.2.bias.*missing"):
        model.load_weights(tmp_path / "m.weights.h5")
    assert all((a == b).all() for a, b in zip(before, model.get_weights()))
    left = model.load_weights(tmp_path / "m.weights.h5", strict=False)
    assert "layers.1.bias" not in str(left) and (model.layers[1].bias.numpy() == 0).all()


def test_lambdas_are_refused(tmp_path):
    theirs, _ = sequence(L.Lambda(lambda x: x + 1))
    theirs.save(tmp_path / "m.keras")
    with pytest.raises(FileError, match="made with a Python lambda"):
        load_model(tmp_path / "m.keras")


def test_weights_alone_are_no_model(tmp_path):
    theirs, _ = sequence(L.Dense(5))
    theirs.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(FileError, match="holds weights only. Make the model and call"):
        load_model(tmp_path / "m.weights.h5")
