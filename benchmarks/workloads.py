"""The models that the benchmarks train, written once for both libraries.

A workload is a function of a `library` (has `layers`, `Input`, `Model`, `Sequential`) that returns a model, and
data made of fixed random numbers: speed does not depend on what is learned.
"""

import dataclasses
import types
from collections.abc import Callable

import numpy as np


@dataclasses.dataclass(frozen=True)
class Workload:
    """A model, its data and its batch: `data(rows)` → (x, y) of class numbers."""

    name: str
    build: Callable
    data: Callable
    batch_size: int
    rows: int  # of one timed epoch


def glassbox():
    """This project as a library for workloads."""
    import engine
    import layers

    return types.SimpleNamespace(
        name="Glassbox", layers=layers, Input=engine.Input, Model=engine.Model, Sequential=engine.Sequential
    )


def keras():
    """Keras as a library for workloads."""
    import keras

    return types.SimpleNamespace(
        name="Keras", layers=keras.layers, Input=keras.Input, Model=keras.Model, Sequential=keras.Sequential
    )


def _dense_data(features, classes=10):
    def data(rows):
        random = np.random.default_rng(0)
        return random.standard_normal((rows, features), dtype="float32"), random.integers(0, classes, rows)

    return data


def _image_data(rows):
    random = np.random.default_rng(0)
    return random.standard_normal((rows, 28, 28, 1), dtype="float32"), random.integers(0, 10, rows)


def _sequence_data(steps, features):
    def data(rows):
        random = np.random.default_rng(0)
        return random.standard_normal((rows, steps, features), dtype="float32"), random.integers(0, 10, rows)

    return data


def mlp(library):
    """784-128-10 with dropout."""
    layers = library.layers
    return library.Sequential([
        library.Input((784,)), layers.Dense(128, activation="relu"), layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ])  # fmt: skip


def wide_mlp(library):
    """784-200-300-100-10."""
    layers = library.layers
    hidden = [layers.Dense(units, activation="relu") for units in (200, 300, 100)]
    return library.Sequential([library.Input((784,)), *hidden, layers.Dense(10, activation="softmax")])


def deep_mlp(library):
    """60 × Dense(64, tanh)."""
    layers = library.layers
    hidden = [layers.Dense(64, activation="tanh") for _ in range(60)]
    return library.Sequential([library.Input((64,)), *hidden, layers.Dense(10, activation="softmax")])


def transformer(library):
    """Two pre-norm transformer blocks, d = 64, T = 64, four heads."""
    layers = library.layers
    x = inputs = library.Input((64, 64))
    for _ in range(2):
        normed = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(num_heads=4, key_dim=16)(normed, normed)])
        normed = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.Dense(64)(layers.Dense(256, activation="gelu")(normed))])
    x = layers.GlobalAveragePooling1D()(x)
    return library.Model(inputs, layers.Dense(10, activation="softmax")(x))


def lstm(library):
    """LSTM(64) over 80 steps."""
    layers = library.layers
    return library.Sequential([library.Input((80, 32)), layers.LSTM(64), layers.Dense(10, activation="softmax")])


def gru(library):
    """GRU(64) over 80 steps."""
    layers = library.layers
    return library.Sequential([library.Input((80, 32)), layers.GRU(64), layers.Dense(10, activation="softmax")])


def cnn(library):
    """Two convolutions, 32 and 64 channels."""
    layers = library.layers
    return library.Sequential([
        library.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ])  # fmt: skip


def resnet(library):
    """Four pre-activation residual blocks."""
    layers = library.layers
    inputs = library.Input((28, 28, 1))
    x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(inputs)
    for filters, strides in ((16, 1), (16, 1), (32, 2), (32, 1)):
        normed = layers.ReLU()(layers.BatchNormalization()(x))
        short = x if strides == 1 else layers.Conv2D(filters, 1, strides=strides, use_bias=False)(normed)
        y = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(normed)
        y = layers.ReLU()(layers.BatchNormalization()(y))
        x = layers.Add()([short, layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)])
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(layers.BatchNormalization()(x)))
    return library.Model(inputs, layers.Dense(10, activation="softmax")(x))


WORKLOADS = [
    Workload("mlp", mlp, _dense_data(784), 32, 16000),
    Workload("wide-mlp", wide_mlp, _dense_data(784), 256, 51200),
    Workload("deep-mlp", deep_mlp, _dense_data(64), 32, 16000),
    Workload("transformer", transformer, _sequence_data(64, 64), 32, 960),
    Workload("lstm", lstm, _sequence_data(80, 32), 64, 2560),
    Workload("gru", gru, _sequence_data(80, 32), 64, 2560),
    Workload("cnn", cnn, _image_data, 128, 7680),
    Workload("resnet", resnet, _image_data, 64, 3840),
]
