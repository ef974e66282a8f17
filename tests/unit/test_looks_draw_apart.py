"""Who looks at a step draws no random number that training would have drawn: neither from Python, NumPy, nor from TensorFlow."""

import random

import numpy as np
import pytest
import tensorflow as tf

from engine import Layer, Sequential, set_seed
from engine.study import find_rate
from layers import Dense, Dropout

RNG = np.random.default_rng(7)
X, Y = RNG.normal(size=(8, 3)).astype("float32"), RNG.normal(size=(8, 2)).astype("float32")


class Noisy(Layer):
    """Chance of every kind that a layer of one's own may use."""

    def call(self, inputs):
        shape = tf.shape(inputs)
        noise = tf.random.normal(shape) + tf.random.uniform(shape, seed=5) + tf.random.get_global_generator().normal(shape)
        return inputs + 0.1 * (noise + random.random() + np.random.normal())


LOOKS = {
    "walk_step": lambda model: model.walk_step(X, Y), "inspect_step": lambda model: model.inspect_step(X, Y),
    "find_rate": lambda model: find_rate(model, X, Y, steps=4, batch_size=4),
}  # fmt: skip


def trained(eager, look):
    """The weights after a few steps, with a look in between, and what is drawn next."""
    set_seed(1)
    tf.random.set_global_generator(tf.random.Generator.from_seed(3))
    model = Sequential([Dense(4, input_shape=(3,)), Noisy(), Dropout(0.3), Dense(2)])
    model.compile("adam", "mse", run_eagerly=eager)
    model.train_on_batch(X, Y)
    for _ in range(2):
        look(model)
        model.train_on_batch(X, Y)
    drawn = [tf.random.uniform(()), tf.random.uniform((), seed=5), tf.random.get_global_generator().uniform(()), random.random(), np.random.uniform()]
    return [weight.numpy() for weight in model.weights] + [float(number) for number in drawn]


@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize("look", LOOKS)
def test_training_goes_on_as_if_nobody_had_looked(look, eager):
    expected = trained(eager, lambda model: None)
    for one, other in zip(trained(eager, LOOKS[look]), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_looks_draw_numbers_and_repeat_with_the_seed():
    def loss():
        set_seed(1)
        tf.random.set_global_generator(tf.random.Generator.from_seed(3))
        model = Sequential([Dense(4, input_shape=(3,)), Noisy(), Dense(2)])
        model.compile("sgd", "mse")
        return [model.inspect_step(X, Y).loss, model.walk_step(X, Y).loss]

    first = loss()
    assert first == loss() and first[0] != first[1]


def test_a_look_before_any_seed_is_set_leaves_none():
    """TensorFlow has no stream until it is seeded."""
    from tensorflow.python.eager import context

    before, seed = vars(context.context()).pop("_rng", None), context.context()._seed
    context.context()._seed = None
    try:
        model = Sequential([Dense(2, input_shape=(3,))])
        model.compile("sgd", "mse")
        model.walk_step(X, Y)
        assert context.global_seed() is None and "_rng" not in vars(context.context())
    finally:
        context.context()._seed, context.context()._rng = seed, before
