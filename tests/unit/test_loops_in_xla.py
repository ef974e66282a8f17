"""Loops that TensorFlow differentiates itself, those of a user's own too, go through XLA like everything else."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Layer, Sequential, set_seed
from layers import GRU, LSTM, RNN, Dense, SimpleRNN

X = np.random.default_rng(0).normal(size=(22, 5, 3))
Y = np.random.default_rng(1).normal(size=(22, 1))  # batches of 4, and one of 2


class Cell(Layer):
    """A user's own, with a gate that looks at the state."""

    def __init__(self, units=4):
        super().__init__()
        self.state_size = self.output_size = units
        self.inner, self.gate = Dense(units, activation="tanh"), Dense(units, activation="sigmoid")

    def call(self, inputs, states):
        joined = tf.concat([inputs, states[0]], 1)
        state = states[0] + self.gate(joined) * (self.inner(joined) - states[0])
        return state, [state]


class Halving(Layer):
    """A loop whose number of rounds depends on what it is given."""

    def call(self, inputs):
        x = tf.reduce_mean(inputs, 1)
        while tf.reduce_max(tf.abs(x)) > 0.5:
            x = x * 0.5 + 0.01 * tf.sin(x)
        return x


LAYERS = {
    "SimpleRNN": lambda: SimpleRNN(4, dropout=0.2, recurrent_dropout=0.2, seed=1),
    "LSTM": lambda: LSTM(4, recurrent_dropout=0.2, seed=1),
    "LSTM of another activation": lambda: LSTM(4, activation="relu"),
    "GRU": lambda: GRU(4, reset_after=False),
    "a user's cell": lambda: RNN(Cell()),
}


def made(name, jit="auto"):
    set_seed(3)
    model = Sequential([LAYERS[name](), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"], jit_compile=jit)
    return model


def dataset():
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)


def numbers(model):
    """All that comes out of arrays, of a stream and of single batches."""
    history = [model.fit(X, Y, batch_size=4, epochs=2, verbose=0).history, model.fit(dataset(), epochs=2, verbose=0).history]
    single = [model.train_on_batch(X[:4], Y[:4]) for _ in range(2)]
    return [history, single, model.evaluate(X, Y, batch_size=4, verbose=0), model.predict(X, batch_size=4), model.get_weights()]


@pytest.mark.parametrize("name", LAYERS)
def test_xla_trains_as_kernels_do(name, in_float64):
    for one, other in zip(*(tf.nest.flatten(numbers(made(name, jit))) for jit in (True, False)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ("SimpleRNN", "a user's cell"))
def test_many_steps_go_through_xla(name):
    model = made(name)
    model.fit(X[:20], Y[:20], batch_size=4, epochs=10, verbose=0)
    assert [reason for _, _, reason in model.trace_report()][1:] == ["with XLA: 50 steps or more on batches of 4"]


def test_where_xla_knows_no_way_it_says_so():
    """How long such a loop is, nobody knows before: its gradient needs an array of any length."""
    model = Sequential([Dense(3), Halving(), Dense(1)])
    model.compile("sgd", "mse", jit_compile=True)
    with pytest.raises((tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)):
        model.fit(X, Y, batch_size=4, verbose=0)
    model.compile("sgd", "mse")
    model.fit(X[:20], Y[:20], batch_size=4, epochs=10, verbose=0)
    assert model.trace_report()[-1][2] == "with TensorFlow's kernels: it holds an operation that XLA has refused"
