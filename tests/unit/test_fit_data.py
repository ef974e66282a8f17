"""`fit`, `evaluate` and `predict` take every form of data, and do the same with it."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from fitting import CLASSES, RNG, Batches, X, Y, Z, assert_weights, batches, compiled, dataset, dense, named_inputs

from engine import Input, Model, Sequential
from layers import Dense, Embedding, Flatten, Lambda


class Iterable:
    """An object that can be iterated anew each epoch, and has no items, as a DataLoader."""

    def __init__(self, items):
        self.items = items

    def __iter__(self):
        return iter(self.items)


class Frame:
    """As much of a data frame as matters."""

    def __init__(self, array):
        self.array, self.shape = array, array.shape

    def to_numpy(self):
        return self.array

    def __len__(self):
        return len(self.array)


FORMS = {  # keywords of fit for two epochs of the rows X, Y in batches of four
    "arrays": lambda: dict(x=X, y=Y, batch_size=4),
    "float32": lambda: dict(x=X.astype("float32"), y=Y.astype("float32"), batch_size=4),
    "tensors": lambda: dict(x=tf.constant(X), y=tf.constant(Y, tf.float32), batch_size=4),
    "variables": lambda: dict(x=tf.Variable(X), y=tf.Variable(Y), batch_size=4),
    "lists": lambda: dict(x=X.tolist(), y=Y.tolist(), batch_size=4),
    "in a list": lambda: dict(x=[X], y=[Y], batch_size=4),
    "data frames": lambda: dict(x=Frame(X), y=Frame(Y), batch_size=4),
    "numpy batch size": lambda: dict(x=X, y=Y, batch_size=np.int64(4)),
    "dataset": lambda: dict(x=dataset(X, Y).batch(4)),
    "dataset, prefetched and cached": lambda: dict(x=dataset(X, Y).batch(4).cache().prefetch(1)),
    "dataset that repeats": lambda: dict(x=dataset(X, Y).batch(4).repeat(), steps_per_epoch=3),
    "dataset that repeats twice": lambda: dict(x=dataset(X, Y).batch(4).repeat(2), steps_per_epoch=3),
    "dataset of unknown length": lambda: dict(x=dataset(X, Y).batch(4).filter(lambda x, y: True)),
    "dataset from a generator": lambda: dict(
        x=tf.data.Dataset.from_generator(
            lambda: iter(batches(X, Y)),
            output_signature=(tf.TensorSpec((None, 3), tf.float64), tf.TensorSpec((None, 2), tf.float64)),
        )
    ),
    "generator": lambda: dict(x=(b for b in batches(X, Y) * 2), steps_per_epoch=3),
    "endless generator": lambda: dict(x=itertools.cycle(batches(X, Y)), steps_per_epoch=3),
    "zip": lambda: dict(x=zip(*zip(*batches(X, Y) * 2)), steps_per_epoch=3),
    "generator of lists": lambda: dict(x=(list(b) for b in batches(X, Y) * 2), steps_per_epoch=3),
    "generator of Python lists": lambda: dict(
        x=((x.tolist(), y.tolist()) for x, y in batches(X, Y) * 2), steps_per_epoch=3
    ),
    "generator with weights": lambda: dict(x=itertools.cycle(batches(X, Y, np.ones(10))), steps_per_epoch=3),
    "sequence": lambda: dict(x=Batches(batches(X, Y))),
    "iterable": lambda: dict(x=Iterable(batches(X, Y))),
}


@pytest.fixture(scope="module")
def two_epochs():
    model = compiled(dense())
    history = model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    return history.history["loss"], model.get_weights()


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_data_trains_alike(name, two_epochs):
    model = compiled(dense())
    history = model.fit(**FORMS[name](), epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], two_epochs[0], rtol=1e-6)
    assert_weights(model, two_epochs[1])


COMPILED_FORMS = ["arrays", "dataset", "dataset of unknown length", "dataset that repeats", "endless generator",
    "sequence"]


@pytest.mark.parametrize("name", COMPILED_FORMS)
def test_and_so_they_do_compiled(name, two_epochs):
    model = compiled(dense(), run_eagerly=False, jit_compile=False)
    history = model.fit(**FORMS[name](), epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], two_epochs[0], rtol=1e-5)
    assert_weights(model, two_epochs[1], rtol=1e-4)


def test_a_sequence_is_told_of_the_end_of_each_epoch():
    data = Batches(batches(X, Y))
    compiled(dense()).fit(data, epochs=3, verbose=0)
    assert data.ended == 3


@pytest.mark.parametrize("name", ["arrays", "lists", "dataset", "sequence", "data frames"])
def test_evaluate_and_predict_in_every_form(name):
    model = compiled(dense(), metrics=["mae"])
    expected = model.evaluate(X, Y, batch_size=4, verbose=0)
    given = FORMS[name]()
    np.testing.assert_allclose(model.evaluate(**given, verbose=0), expected, rtol=1e-6)
    given.pop("y", None)
    outputs = model.predict(**given)
    assert isinstance(outputs, np.ndarray)
    np.testing.assert_allclose(outputs, model(X), rtol=1e-6)


NESTS = {  # (declared inputs, data)
    "dict": (lambda a, b: {"a": a, "b": b}, {"b": Z, "a": X}),
    "dict into a list": (lambda a, b: [b, a], {"a": X, "b": Z}),
    "list": (lambda a, b: [a, b], [X, Z]),
    "tuple": (lambda a, b: [a, b], (X, Z)),
    "list in dict": (lambda a, b: {"p": [a, b]}, {"p": [X, Z]}),
}


def as_tuples(data):
    if isinstance(data, dict):
        return {key: as_tuples(item) for key, item in data.items()}
    return tuple(data) if isinstance(data, list) else data


@pytest.mark.parametrize("name", NESTS)
@pytest.mark.parametrize("form", ("arrays", "dataset", "generator"))
def test_nests_of_inputs(name, form):
    declare, data = NESTS[name]
    a, b = named_inputs()
    model = compiled(Model(declare(a, b), Dense(2, kernel_initializer="ones")(tf.concat([a, b], -1))))
    if form == "arrays":
        given = dict(x=data, y=Y, batch_size=4)
    elif form == "generator":
        slices = [slice(i, i + 4) for i in range(0, 10, 4)]
        given = dict(x=((tf.nest.map_structure(lambda a: a[part], data), Y[part]) for part in slices))  # noqa: B023
    else:  # for tf.data a list is a tensor, and a tuple a nest
        given = dict(x=dataset(as_tuples(data), Y).batch(4))
    history = model.fit(**given, shuffle=False, verbose=0)
    reference = compiled(Sequential([Dense(2, kernel_initializer="ones")]))
    expected = reference.fit(np.concatenate([X, Z], -1), Y, batch_size=4, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], expected.history["loss"], rtol=1e-6)
    assert model.predict(data).shape == (10, 2)


def test_one_dimensional_inputs_become_a_column():
    model = compiled(Sequential([Dense(4), Dense(1)]))
    history = model.fit(X[:, 0], Z[:, 0], epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"][0]) and model.weights[0].shape == (1, 4)
    assert model.predict(X[:, 0]).shape == model.predict(X[:, 0].tolist()).shape == (10, 1)
    by_column = model.evaluate(X[:, :1], Z, verbose=0)
    np.testing.assert_allclose(model.evaluate(X[:, 0], Z[:, 0], verbose=0), by_column, rtol=1e-6)
    np.testing.assert_allclose(model.evaluate(dataset(X[:, 0], Z[:, 0]).batch(3), verbose=0), by_column, rtol=1e-6)


def test_one_dimensional_inputs_stay_where_the_model_wants_them():
    a, b = Input((), name="z"), Input((1,), name="y")
    model = compiled(Model([a, b], tf.stack([a, b[:, 0]], -1)), optimizer="sgd")
    for given in ([X[:, 0], X[:, 1]], {"z": X[:, 0], "y": X[:, 1]}):
        np.testing.assert_allclose(model.predict(given), X[:, :2], rtol=1e-6)


def test_integers_and_bytes():
    images = RNG.integers(0, 255, (10, 4, 4)).astype("uint8")
    model = compiled(Sequential([Flatten(), Dense(4, activation="softmax")]), "sparse_categorical_crossentropy")
    assert np.isfinite(model.fit(images, CLASSES.astype("uint8"), verbose=0).history["loss"][0])
    words = compiled(Sequential([Embedding(20, 3), Flatten(), Dense(1)]))
    assert np.isfinite(words.fit(RNG.integers(0, 20, (10, 6)), Z, verbose=0).history["loss"][0])


def test_batches_of_changing_length():
    """Sentences, padded batch by batch."""
    words = [RNG.integers(1, 20, (4, length)) for length in (5, 7, 3)]
    model = Sequential([Embedding(20, 3), Lambda(lambda x: tf.reduce_mean(x, 1)), Dense(1)])
    compiled(model, run_eagerly=False, jit_compile=False)
    history = model.fit(((x, np.ones((4, 1))) for x in words), verbose=0)
    assert np.isfinite(history.history["loss"][0])
    assert model.predict(iter(words)).shape == (12, 1)
