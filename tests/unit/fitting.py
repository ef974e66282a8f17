"""What the tests of fit share: a few rows, models whose weights are the same each time, and forms of data."""

import numpy as np
import tensorflow as tf

import layers
import losses
from engine import Input, Model, Sequential, metrics, optimizers
from layers import Dense

RNG = np.random.default_rng(0)
X = RNG.normal(size=(10, 3))
Y = RNG.normal(size=(10, 2))
Z = RNG.normal(size=(10, 1))
CLASSES = np.array([0, 1, 2, 3, 0, 0, 1, 2, 1, 3])
W = np.linspace(0.1, 2.0, 10)


def dense(units=2, **kwargs):
    """A model with weights that are the same at each call."""
    model = Sequential([Dense(5, activation="tanh"), Dense(units, **kwargs)])
    model.build((None, 3))
    rng = np.random.default_rng(7)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return model


def compiled(model, loss="mse", optimizer="sgd", **kwargs):
    model.compile(optimizer, loss, **{"run_eagerly": True, **kwargs})
    return model


def assert_weights(model, expected, rtol=1e-5):
    for ours, wanted in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=rtol, atol=rtol)


def batches(*arrays, size=4):
    return [tuple(a[i : i + size] for a in arrays) for i in range(0, len(arrays[0]), size)]


class Batches:
    """An object with a length and items, as a tutorial's `Sequence`."""

    def __init__(self, items):
        self.items, self.ended = items, 0

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]

    def on_epoch_end(self):
        self.ended += 1


def dataset(*arrays):
    return tf.data.Dataset.from_tensor_slices(arrays)


def named_inputs():
    a, b = Input((3,), name="a"), Input((1,), name="b")
    return a, b


class Ours:
    """What `keras` offers, from here."""

    layers, losses, metrics, optimizers = layers, losses, metrics, optimizers
    Input, Model, Sequential = staticmethod(Input), Model, Sequential


def two_outputs(k, as_dict=False):
    x = k.Input((3,), name="x")
    h = k.layers.Dense(5, activation="tanh", kernel_regularizer="l2")(x)
    u, v = k.layers.Dense(2, name="u")(h), k.layers.Dense(1, name="v")(h)
    return k.Model(x, {"u": u, "v": v} if as_dict else [u, v])


class Base(Model):
    def __init__(self):
        super().__init__()
        self.dense = Dense(2, kernel_initializer="ones")

    def call(self, x, training=False):
        return self.dense(x)


def loss_of(model, x, y):
    """The mean squared error of one batch, by NumPy."""
    return float(np.mean((model(x) - y) ** 2))
