"""A list of one array is a list where `call` is one's own, and that array for graphs and lists of layers."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Model, Sequential
from layers import Dense

X = np.random.default_rng(0).normal(size=(6, 2, 3)).astype("float32")
Y = X.sum(axis=-1, keepdims=True)


class First(Model):
    """Takes the first of its inputs."""

    def __init__(self):
        super().__init__()
        self.dense = Dense(1)

    def call(self, inputs):
        return self.dense(inputs[0])


def functional():
    inputs = Input((2, 3))
    return Model([inputs], Dense(1)(inputs))


def batches(x):
    for start in (0, 4):
        yield tf.nest.map_structure(lambda array, at=slice(start, start + 4): array[at], (x, Y))


FORMS = {
    "arrays": lambda x: (x, Y),
    "dataset": lambda x: (tf.data.Dataset.from_tensor_slices((tuple(x), Y)).batch(4),),
    "generator": lambda x: (batches(x),),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("kind", [list, tuple])
def test_own_call_gets_the_list(kind, eager, form):
    model = First()
    model.compile("sgd", "mse", run_eagerly=eager)
    model.fit(*FORMS[form](kind([X])), verbose=0)
    expected = X @ model.dense.kernel.numpy() + model.dense.bias.numpy()
    np.testing.assert_allclose(model.predict(kind([X])), expected, rtol=1e-5)
    np.testing.assert_allclose(model.evaluate(*FORMS[form](kind([X])), verbose=0), np.mean((expected - Y) ** 2), rtol=1e-5)


def test_own_call_gets_the_list_in_all_verbs():
    model = First()
    model.compile("sgd", "mse")
    assert model.train_on_batch([X], [Y]) > 0
    history = model.fit([X], [Y], validation_split=0.5, sample_weight=[np.ones(6)], verbose=0).history
    assert set(history) == {"loss", "val_loss"}
    assert model.predict_on_batch([X]).shape == (6, 2, 1)
    assert First().predict([X, X]).shape == (6, 2, 1)


@pytest.mark.parametrize("make", [functional, lambda: Sequential([Dense(1)]), lambda: Sequential([Input((2, 3)), Dense(1)])])
def test_graphs_and_lists_of_layers_take_what_is_in_it(make):
    model = make()
    model.compile("sgd", "mse")
    model.fit([X], [Y], validation_split=0.5, verbose=0)
    np.testing.assert_array_equal(model.predict([X]), model.predict(X))
    model.fit(batches([X]), verbose=0)
