"""`fit`, `evaluate`, `predict`: every form of data, every way to say what to minimise, and Keras's numbers."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import layers
import losses
from engine import Input, Layer, Model, Sequential, callbacks, metrics, optimizers, set_seed
from engine.core import dtypes
from layers import BatchNormalization, Dense, Dropout, Embedding, Flatten, Lambda

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


# ---------------------------------------------------------------- forms of data


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


def dataset(*arrays):
    return tf.data.Dataset.from_tensor_slices(arrays)


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


def named_inputs():
    a, b = Input((3,), name="a"), Input((1,), name="b")
    return a, b


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


# ---------------------------------------------------------------- epochs, steps, validation


def test_an_epoch_ends_with_the_data_and_says_so():
    model = compiled(dense())
    with pytest.warns(UserWarning, match="10 rows make 3 batches of 4, fewer than the 9 steps"):
        model.fit(X, Y, batch_size=4, steps_per_epoch=9, verbose=0)
    with pytest.warns(UserWarning, match="ended after 3 of 5 steps"):
        model.fit(dataset(X, Y).batch(4), steps_per_epoch=5, verbose=0)


def test_initial_epoch_and_repeated_fits_continue():
    model, seen = compiled(dense()), []
    watch = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append(epoch))
    history = model.fit(X, Y, epochs=5, initial_epoch=3, verbose=0, callbacks=[watch])
    assert seen == [3, 4] and history.epoch == [3, 4] and model.history is history
    once = compiled(dense())
    once.fit(X, Y, epochs=4, shuffle=False, verbose=0)
    twice = compiled(dense(), optimizer=optimizers.SGD())
    for epoch in (0, 2):
        twice.fit(X, Y, epochs=epoch + 2, initial_epoch=epoch, shuffle=False, verbose=0)
    assert_weights(twice, once.get_weights(), 1e-6)
    assert model.fit(X, Y, epochs=0, verbose=0).history == {}


VALIDATION = {  # keywords of fit, and the rows that must be validated on
    "split": (dict(validation_split=0.3), slice(7, None)),
    "data": (dict(validation_data=(X[4:], Y[4:])), slice(4, None)),
    "data wins over split": (dict(validation_data=(X[4:], Y[4:]), validation_split=0.3), slice(4, None)),
    "list": (dict(validation_data=[X[4:], Y[4:]]), slice(4, None)),
    "weights": (dict(validation_data=(X[4:], Y[4:], np.ones(6))), slice(4, None)),
    "dataset": (dict(validation_data=dataset(X[4:], Y[4:]).batch(5)), slice(4, None)),
    "batch size": (dict(validation_data=(X[4:], Y[4:]), validation_batch_size=5), slice(4, None)),
    "steps": (dict(validation_data=(X, Y), validation_batch_size=2, validation_steps=3), slice(0, 6)),
    "sequence": (dict(validation_data=Batches(batches(X, Y, size=3))), slice(0, 10)),
}


@pytest.mark.parametrize("name", VALIDATION)
def test_validation(name):
    arguments, rows = VALIDATION[name]
    model = compiled(dense(), metrics=["mae"])
    history = model.fit(X, Y, epochs=2, verbose=0, **arguments).history
    assert [len(history[key]) for key in ("loss", "mae", "val_loss", "val_mae")] == [2, 2, 2, 2]
    expected = model.evaluate(X[rows], Y[rows], verbose=0)
    np.testing.assert_allclose([history["val_loss"][1], history["val_mae"][1]], expected, rtol=1e-6)


def test_a_split_holds_back_the_last_rows_of_every_nest():
    a, b = named_inputs()
    model = compiled(Model({"a": a, "b": b}, [Dense(2)(a), Dense(1)(b)]))
    for x, y in (({"a": X, "b": Z}, [Y, Z]), ({"a": X.tolist(), "b": Z.tolist()}, (Y, Z))):
        history = model.fit(x, y, validation_split=0.2, verbose=0, sample_weight=np.ones(10)).history
        held_out = model.evaluate({"a": X[8:], "b": Z[8:]}, [Y[8:], Z[8:]], verbose=0, return_dict=True)
        np.testing.assert_allclose(history["val_loss"][0], held_out["loss"], rtol=1e-6)


FREQUENCIES = [(1, [1, 2, 3, 4, 5]), (2, [2, 4]), ([1, 4], [1, 4]), ((5,), [5]), (9, [])]


@pytest.mark.parametrize("frequency, epochs", FREQUENCIES)
def test_validation_frequency(frequency, epochs):
    model, seen = compiled(dense()), []
    note = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append("val_loss" in logs))
    model.fit(X, Y, epochs=5, validation_data=(X, Y), validation_freq=frequency, callbacks=[note], verbose=0)
    assert [epoch + 1 for epoch, had in enumerate(seen) if had] == epochs


def test_validation_data_in_a_generator_that_runs_dry():
    model = compiled(dense())
    with pytest.raises(ValueError, match="no batches"):
        model.fit(X, Y, epochs=3, validation_data=(b for b in batches(X, Y)), verbose=0)


def test_shuffling_is_anew_each_epoch_repeatable_and_complete():
    class Look(Model):
        def __init__(self):
            super().__init__()
            self.w, self.seen = tf.Variable(1.0), []

        def call(self, x):
            self.seen.extend(x.numpy()[:, 0].tolist())
            return x * self.w

    def orders(seed):
        set_seed(seed)
        model = compiled(Look())
        model.fit(np.arange(10.0)[:, None], np.ones((10, 1)), batch_size=4, epochs=2, verbose=0)
        return model.seen[:10], model.seen[10:]

    first, second = orders(3)
    assert sorted(first) == sorted(second) == list(range(10)) and first != second and first != sorted(first)
    assert orders(3) == (first, second) != orders(4)


# ---------------------------------------------------------------- the same numbers as Keras


@pytest.fixture
def in_float64():
    dtypes.set_floatx("float64")
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    dtypes.set_floatx("float32")


class Ours:
    """What `keras` offers, from here."""

    layers, losses, metrics, optimizers = layers, losses, metrics, optimizers
    Input, Model, Sequential = staticmethod(Input), Model, Sequential


def one_output(k, units=2, activation=None):
    x = k.Input((3,), name="x")
    return k.Model(x, k.layers.Dense(units, activation=activation, name="out", kernel_regularizer="l2")(x))


def two_outputs(k, as_dict=False):
    x = k.Input((3,), name="x")
    h = k.layers.Dense(5, activation="tanh", kernel_regularizer="l2")(x)
    u, v = k.layers.Dense(2, name="u")(h), k.layers.Dense(1, name="v")(h)
    return k.Model(x, {"u": u, "v": v} if as_dict else [u, v])


def dict_outputs(k):
    return two_outputs(k, as_dict=True)


def probabilities(k):
    return one_output(k, 4, "softmax")


def binary(k):
    return one_output(k, 1, "sigmoid")


LIST, DICT = [Y, Z], {"v": Z, "u": Y}
WITH_KERAS = {  # (model, keywords of compile, keywords of fit)
    "mse": (one_output, lambda k: dict(loss="mse", metrics=["mae", "mse"]), dict(y=Y)),
    "Loss object": (one_output, lambda k: dict(loss=k.losses.Huber(0.5), metrics=[k.metrics.MeanSquaredError()]),
        dict(y=Y)),
    "class": (one_output, lambda k: dict(loss=k.losses.MeanAbsoluteError, metrics=[k.metrics.MeanSquaredError]),
        dict(y=Y)),
    "function": (one_output, lambda k: dict(loss=lambda t, p: (t - p) ** 4, metrics=[absolute]), dict(y=Y)),
    "sum": (one_output, lambda k: dict(loss=k.losses.MeanSquaredError(reduction="sum")), dict(y=Y)),
    "loss weight": (one_output, lambda k: dict(loss="mse", loss_weights=0.25, metrics=["mse"]), dict(y=Y)),
    "sample weights": (one_output, lambda k: dict(loss="mse", metrics=["mae"], weighted_metrics=["mae"]),
        dict(y=Y, sample_weight=W)),
    "column of weights": (one_output, lambda k: dict(loss="mse", weighted_metrics=["mse"]),
        dict(y=Y, sample_weight=W[:, None])),
    "sparse accuracy": (probabilities, lambda k: dict(loss="sparse_categorical_crossentropy", metrics=["accuracy"]),
        dict(y=CLASSES)),
    "sparse accuracy of a column": (probabilities,
        lambda k: dict(loss="sparse_categorical_crossentropy", metrics=["acc"]), dict(y=CLASSES[:, None])),
    "categorical accuracy": (probabilities,
        lambda k: dict(loss="categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"]),
                             dict(y=np.eye(4)[CLASSES], sample_weight=W)),
    "binary accuracy": (binary, lambda k: dict(loss="binary_crossentropy", metrics=["accuracy", "AUC"]),
        dict(y=(Z > 0) * 1.0)),
    "labels (N,) and outputs (N, 1)": (binary, lambda k: dict(loss="binary_crossentropy", metrics=["accuracy"]),
        dict(y=(Z[:, 0] > 0) * 1)),
    "class weights": (probabilities, lambda k: dict(loss="sparse_categorical_crossentropy", metrics=["accuracy"],
        weighted_metrics=["accuracy"]),
                      dict(y=CLASSES, class_weight={0: 3.0, 1: 0.5, 2: 1.5, 3: 2.0})),
    "some class weights": (probabilities, lambda k: dict(loss="categorical_crossentropy"),
                           dict(y=np.eye(4)[CLASSES], class_weight={1: 0.5})),
    "class weights, binary": (binary, lambda k: dict(loss="binary_crossentropy"),
        dict(y=(Z > 0) * 1, class_weight={0: 3.0, 1: 0.5})),
    "lists": (two_outputs, lambda k: dict(loss=["mse", "mae"], metrics=[["mae"], ["mse"]], loss_weights=[1.0, 0.25]),
        dict(y=LIST)),
    "dicts": (dict_outputs, lambda k: dict(loss={"u": "mse", "v": "mae"}, metrics={"v": ["mse"], "u": "mae"},
                                           loss_weights={"v": 0.5, "u": 2.0}, weighted_metrics={"u": ["mae"]}),
                                               dict(y=DICT)),
    "a dict for a list": (two_outputs, lambda k: dict(loss={"u": "mse", "v": "mae"}, metrics={"v": "mse"}),
        dict(y={"u": Y, "v": Z})),
    "one loss for all": (two_outputs, lambda k: dict(loss=["mse", "mse"]), dict(y=LIST)),
    "weights by output": (two_outputs, lambda k: dict(loss=["mse", "mae"], weighted_metrics=[["mae"], ["mae"]]),
        dict(y=LIST, sample_weight=[W, W[::-1]])),
    "weights by name": (dict_outputs, lambda k: dict(loss={"u": "mse", "v": "mae"}),
        dict(y=DICT, sample_weight={"u": W, "v": W[::-1]})),
}  # fmt: skip


def absolute(y_true, y_pred):
    return abs(y_true - y_pred)


@pytest.mark.parametrize("name", WITH_KERAS)
def test_history_equals_keras(name, in_float64):
    make, compile_arguments, fit_arguments = WITH_KERAS[name]
    ours, theirs = make(Ours), make(keras)
    theirs.set_weights(ours.get_weights())
    found = []
    for k, model in ((Ours, ours), (keras, theirs)):
        model.compile(k.optimizers.SGD(0.05), **compile_arguments(k), run_eagerly=True)
        history = model.fit(X, **fit_arguments, batch_size=4, epochs=2, shuffle=False, verbose=0).history
        labels = {key: value for key, value in fit_arguments.items() if key in ("y", "sample_weight")}
        found.append((history, model.evaluate(X, **labels, batch_size=3, verbose=0, return_dict=True)))
    (history, logs), (their_history, their_logs) = found
    assert set(their_history) <= set(history)
    for key, values in their_history.items():
        np.testing.assert_allclose(history[key], values, rtol=1e-7, err_msg=key)  # Keras's metrics are float32
        np.testing.assert_allclose(logs[key], their_logs[key], rtol=1e-6, err_msg=f"evaluate: {key}")
    assert_weights(ours, theirs.get_weights(), 1e-10)


def test_evaluate_gives_the_same_loss_for_every_batch_size():
    model = compiled(dense(), metrics=["mae"])
    for size in (1, 3, 4, 10, 100):
        np.testing.assert_allclose(model.evaluate(X, Y, batch_size=size, verbose=0), model.evaluate(X, Y, verbose=0),
            rtol=1e-5)


# ---------------------------------------------------------------- results


def test_what_evaluate_and_the_batch_methods_return():
    model = compiled(dense())
    assert isinstance(model.evaluate(X, Y, verbose=0), float) and isinstance(model.train_on_batch(X, Y), float)
    compiled(model, metrics=["mae", "mse"])
    values, logs = model.evaluate(X, Y, verbose=0), model.evaluate(X, Y, verbose=0, return_dict=True)
    assert model.metrics_names == ["loss", "mae", "mse"] == list(logs)
    assert values == list(logs.values())
    np.testing.assert_allclose(model.test_on_batch(X, Y), values, rtol=1e-6)
    assert model.test_on_batch(X, Y, return_dict=True).keys() == logs.keys()
    np.testing.assert_allclose(model.predict_on_batch(X), model.predict(X), rtol=1e-6)


def test_train_on_batch_is_one_step_of_fit():
    one, other = compiled(dense()), compiled(dense())
    for x, y in batches(X, Y):
        value = one.train_on_batch(x, y)
    other.fit(X, Y, batch_size=4, shuffle=False, verbose=0)
    assert_weights(one, other.get_weights(), 1e-6)
    assert value == pytest.approx(one_batch_loss(X[8:], Y[8:]), rel=1)
    weighted = compiled(dense(4, activation="softmax"), "sparse_categorical_crossentropy")
    by_sample, by_class = dense(4, activation="softmax"), dense(4, activation="softmax")
    for model, arguments in ((compiled(by_sample, weighted.loss), dict(sample_weight=(CLASSES == 1) * 1.0 + 1)),
                             (compiled(by_class, weighted.loss), dict(class_weight={1: 2.0}))):  # fmt: skip
        model.train_on_batch(X, CLASSES, **arguments)
    assert_weights(by_sample, by_class.get_weights(), 1e-6)


def one_batch_loss(x, y):
    return float(np.mean((dense()(x) - y) ** 2))


def test_predict_keeps_the_nest_and_the_order():
    a, b = named_inputs()
    model = Model([a, b], {"double": a * 2, "pair": (b, a)})
    out = model.predict([X, Z], batch_size=3)
    np.testing.assert_allclose(out["double"], 2 * X, rtol=1e-6)
    np.testing.assert_allclose(out["pair"][0], Z, rtol=1e-6)
    assert isinstance(out["pair"], tuple) and out["pair"][1].dtype == np.float32


def test_predict_needs_no_compile_and_changes_nothing():
    model = Sequential([Dense(3), BatchNormalization(), Dropout(0.5)])
    model.build((None, 3))
    before = model.get_weights()
    np.testing.assert_array_equal(model.predict(X), model.predict(X))
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


# ---------------------------------------------------------------- losses and metrics from inside


class Penalty(Layer):
    def __init__(self, factor, only_in_training=False):
        super().__init__()
        self.factor, self.only_in_training = factor, only_in_training

    def call(self, x, training=None):
        if training or not self.only_in_training:
            self.add_loss(self.factor * tf.reduce_mean(tf.square(x)))
        self.add_metric(tf.reduce_max(x), name="largest")
        return x


@pytest.mark.parametrize("eager", (True, False))
def test_the_terms_in_the_history_add_up_to_the_loss(eager):
    model = Sequential([
        Dense(4, kernel_regularizer="l2", activity_regularizer="l1"), Penalty(0.1),
            Penalty(0.2, only_in_training=True), Dense(2),
    ])  # fmt: skip
    compiled(model, run_eagerly=eager, jit_compile=False)
    history = model.fit(X, Y, batch_size=4, epochs=3, validation_split=0.3, verbose=0).history
    terms = {"data_loss", "layers.0.add_loss", "layers.0.kernel.regularizer", "layers.1.add_loss"}
    assert {*terms, "layers.2.add_loss", "loss", "largest"} <= set(history)
    total = sum(np.array(history[name]) for name in (*terms, "layers.2.add_loss"))
    np.testing.assert_allclose(total, history["loss"], rtol=1e-5)
    np.testing.assert_allclose(sum(np.array(history[f"val_{name}"]) for name in terms), history["val_loss"], rtol=1e-5)
    assert "val_layers.2.add_loss" not in history
    assert isinstance(model.evaluate(X, Y, verbose=0), list) and len(model.evaluate(X, Y, verbose=0)) == 3


def test_nothing_of_a_traced_step_is_left_on_the_layers():
    model = Sequential([Dense(4, activity_regularizer="l1"), Penalty(0.1), Dense(2)])
    compiled(model, run_eagerly=False, jit_compile=False).fit(X, Y, verbose=0)
    assert model.losses == []
    model(X)
    assert len([float(loss) for loss in model.losses]) == 2


def test_a_model_with_add_loss_alone_trains():
    class Autoencoder(Model):
        def __init__(self):
            super().__init__()
            self.inner, self.outer = Dense(2), Dense(3)

        def call(self, x):
            y = self.outer(self.inner(x))
            self.add_loss(tf.reduce_mean(tf.square(x - y)))
            return y

    model = Autoencoder()
    model.compile(optimizers.Adam(0.05), run_eagerly=True)
    losses_ = model.fit(X, epochs=10, verbose=0).history["loss"]
    assert losses_[-1] < 0.8 * losses_[0]
    np.testing.assert_allclose(model.evaluate(X, verbose=0), np.mean((model.predict(X) - X) ** 2), rtol=1e-5)
    assert np.isfinite(model.fit(dataset(X).batch(4), verbose=0).history["loss"][0])
    assert np.isfinite(model.fit(tf.data.Dataset.from_tensor_slices(X).batch(4), verbose=0).history["loss"][0])


@pytest.mark.parametrize("eager", (True, False))
def test_losses_and_metrics_of_symbols(eager):
    """As in the autoencoder of TensorFlow 2's examples."""
    x = Input((3,))
    mean = Dense(2)(x)
    log_variance = Dense(2, kernel_initializer="zeros")(x)
    z = mean + tf.exp(0.5 * log_variance) * tf.random.normal(tf.shape(mean))
    y = Dense(3)(z)
    model = Model(x, y)
    model.add_loss(tf.reduce_mean(tf.square(x - y)))
    model.add_loss([-0.05 * tf.reduce_mean(1 + log_variance - tf.square(mean) - tf.exp(log_variance))])
    model.add_metric(tf.reduce_mean(log_variance), name="spread")
    assert model.losses == [] and len(model.trainable_weights) == 6
    model.compile(optimizers.Adam(0.05), run_eagerly=eager, jit_compile=False)
    history = model.fit(X, epochs=12, verbose=0).history
    assert history["loss"][-1] < 0.9 * history["loss"][0] and set(history) >= {"loss", "spread"}
    model(X)
    assert len(model.losses) == 2 and model.predict(X).shape == (10, 3)
    np.testing.assert_allclose(
        np.array(history["add_loss_0"]) + history["add_loss_1"], history["loss"], rtol=1e-5
    )
    model.add_loss(tf.reduce_mean(y) * 0.0 + 100.0)  # also after compiling
    assert model.fit(X, verbose=0).history["loss"][0] > 99


def test_losses_of_symbols_only_on_functional_models():
    symbol = tf.reduce_mean(Input((3,)))
    for owner in (Sequential([Dense(2)]), Base()):
        with pytest.raises(TypeError, match="is not functional"):
            owner.add_loss(symbol)
    with pytest.raises(TypeError, match="takes tensors. Only a functional Model takes symbols"):
        Dense(2).add_loss(symbol)
    with pytest.raises(ValueError, match="depend on the input"):
        x = Input((3,))
        model = Model(x, Dense(2)(x))
        model.add_loss(symbol)
    assert np.isfinite(compiled(model).fit(X, Y, verbose=0).history["loss"][0])


class Endpoint(Layer):
    """Takes the labels as an input, adds the loss and reports the accuracy itself."""

    def __init__(self, name=None):
        super().__init__(name=name)
        self.loss = losses.SparseCategoricalCrossentropy(from_logits=True)
        self.accuracy = metrics.SparseCategoricalAccuracy()

    def call(self, targets, logits, sample_weight=None):
        self.add_loss(self.loss(targets, logits, sample_weight))
        self.add_metric(self.accuracy(targets, logits, sample_weight), name="accuracy")
        return tf.nn.softmax(logits)


@pytest.mark.parametrize("eager", (True, False))
def test_a_dict_of_named_inputs_without_targets(eager):
    x, targets = Input((3,), name="inputs"), Input((1,), name="targets", dtype="int32")
    model = Model([x, targets], Endpoint()(targets, Dense(4)(x)))
    model.compile(optimizers.Adam(0.1), run_eagerly=eager, jit_compile=False)
    data = {"inputs": X, "targets": CLASSES}
    history = model.fit(data, epochs=8, verbose=0).history
    assert set(history) == {"loss", "sparse_categorical_accuracy"}  # the name of the metric itself
    assert history["loss"][-1] < 0.9 * history["loss"][0]
    assert model.predict(data).shape == (10, 4)


def test_nothing_to_minimise_is_an_error():
    model = dense()
    model.compile("sgd", run_eagerly=True)
    with pytest.raises(ValueError, match="nothing to minimise"):
        model.fit(X, Y, verbose=0)


def test_an_output_without_a_loss():
    model = two_outputs(Ours)
    model.compile("sgd", {"u": "mse"}, run_eagerly=True)
    with pytest.warns(UserWarning, match="no gradient for .*kernel"):
        history = model.fit(X, {"u": Y}, verbose=0).history
    assert np.isfinite(history["loss"][0])
    model.compile("sgd", ["mse", None], run_eagerly=True)
    with pytest.warns(UserWarning, match="no gradient"):
        model.fit(X, [Y, Z], verbose=0)


# ---------------------------------------------------------------- steps of one's own


class Base(Model):
    def __init__(self):
        super().__init__()
        self.dense = Dense(2, kernel_initializer="ones")

    def call(self, x, training=False):
        return self.dense(x)


class CompiledLossIdiom(Base):
    """TensorFlow 2's guide."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
        variables = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        self.compiled_metrics.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


class ComputeLossIdiom(Base):
    """Keras 3's guide."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


class OwnMetricsIdiom(Base):
    """Loss, optimizer and metrics of its own."""

    def __init__(self):
        super().__init__()
        self.loss_tracker = metrics.Mean(name="loss")
        self.mae_metric = metrics.MeanAbsoluteError(name="mae")

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = losses.mean_squared_error(y, y_pred)
            loss = tf.reduce_mean(loss)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        self.loss_tracker.update_state(loss)
        self.mae_metric.update_state(y, y_pred)
        return {"loss": self.loss_tracker.result(), "mae": self.mae_metric.result()}

    @property
    def metrics(self):
        return [self.loss_tracker, self.mae_metric]


class VerbsIdiom(Base):
    """The verbs of this engine."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred)
        self.apply(self.gradients(tape, loss))
        self._loss_tracker.update_state(loss)
        return self.compute_metrics(x, y, y_pred)


class ComputeLossOverride(Base):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return tf.reduce_mean(tf.square(y - y_pred)) + sum(self.losses)


class ComputeMetricsOverride(Base):
    def compute_metrics(self, x, y, y_pred, sample_weight):
        results = super().compute_metrics(x, y, y_pred, sample_weight)
        self.add_metric(tf.reduce_mean(y_pred), name="extra")
        return results


IDIOMS = [CompiledLossIdiom, ComputeLossIdiom, OwnMetricsIdiom, VerbsIdiom, ComputeLossOverride, ComputeMetricsOverride]


@pytest.mark.parametrize("idiom", IDIOMS)
@pytest.mark.parametrize("eager", (True, False))
def test_steps_of_ones_own_give_the_same_run(idiom, eager):
    histories = []
    for cls in (Base, idiom):
        model = cls()
        compiled(model, metrics=["mae"], run_eagerly=eager, jit_compile=False)
        histories.append(model.fit(X[:8], Y[:8], batch_size=4, epochs=3, shuffle=False, verbose=0).history)
    for key in ("loss", "mae"):
        np.testing.assert_allclose(histories[1][key], histories[0][key], rtol=1e-5, err_msg=key)


def test_a_test_step_and_a_predict_step_of_ones_own():
    class Own(Base):
        def test_step(self, data):
            x, y = data
            return {"largest": tf.reduce_max(tf.abs(y - self(x)))}

        def predict_step(self, data):
            return tf.argmax(self(data), -1)

    model = compiled(Own())
    assert model.evaluate(X, Y, verbose=0, return_dict=True).keys() == {"largest"}
    assert model.predict(X).tolist() == np.argmax(model(X), -1).tolist()
    assert "val_largest" in model.fit(X, Y, validation_data=(X, Y), verbose=0).history


def test_two_optimizers_and_a_compile_of_ones_own():
    class Adversarial(Model):
        def __init__(self, generator, critic):
            super().__init__()
            self.generator, self.critic = generator, critic
            self.d_loss, self.g_loss = metrics.Mean(name="d_loss"), metrics.Mean(name="g_loss")

        def compile(self, d_optimizer, g_optimizer, loss_fn):
            super().compile()
            self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss_fn

        @property
        def metrics(self):
            return [self.d_loss, self.g_loss]

        def train_step(self, real):
            if isinstance(real, tuple):
                real = real[0]
            rows = tf.shape(real)[0]
            with tf.GradientTape() as tape:
                both = tf.concat([self.generator(tf.random.normal((rows, 2))), real], 0)
                labels = tf.concat([tf.ones((rows, 1)), tf.zeros((rows, 1))], 0)
                d_loss = self.loss_fn(labels, self.critic(both))
            weights = self.critic.trainable_weights
            self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights))
            with tf.GradientTape() as tape:
                g_loss = self.loss_fn(tf.zeros((rows, 1)), self.critic(self.generator(tf.random.normal((rows, 2)))))
            weights = self.generator.trainable_weights
            self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights))
            self.d_loss.update_state(d_loss)
            self.g_loss.update_state(g_loss)
            return {"d_loss": self.d_loss.result(), "g_loss": self.g_loss.result()}

    model = Adversarial(Sequential([Dense(3)]), Sequential([Dense(4, activation="relu"), Dense(1)]))
    model.compile(optimizers.Adam(0.01), optimizers.Adam(0.02), losses.BinaryCrossentropy(from_logits=True))
    history = model.fit(X, epochs=2, batch_size=5, verbose=0).history
    assert set(history) == {"d_loss", "g_loss"} and np.all(np.isfinite(history["g_loss"]))
    assert int(model.d_optimizer.iterations) == int(model.g_optimizer.iterations) == 4


def test_a_hand_written_loop():
    model, optimizer, loss_fn = dense(), optimizers.SGD(0.01), losses.MeanSquaredError()

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True)) + sum(model.losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    for x, y in dataset(X, Y).batch(4):
        step(x, y)
    reference = compiled(dense(), optimizer=optimizers.SGD(0.01))
    reference.fit(X, Y, batch_size=4, shuffle=False, verbose=0)
    assert_weights(model, reference.get_weights(), 1e-5)


# ---------------------------------------------------------------- one step, in every engine


def weights_after(steps=20, **how):
    model = Sequential([Dense(6, activation="tanh"), BatchNormalization(), Dropout(0.3, seed=5), Dense(2)])
    model.build((None, 3))
    rng = np.random.default_rng(3)
    model.set_weights([rng.uniform(0.5, 1, size=w.shape) for w in model.get_weights()])
    model.compile(optimizers.Adam(0.01), "mse", metrics=["mae"], **how)
    history = model.fit(X, Y, batch_size=4, epochs=steps // 2, steps_per_epoch=2, shuffle=False, verbose=0)
    return model.get_weights(), history.history


HOW = {"xla": dict(jit_compile=True), "graph": dict(jit_compile=False), "auto": {},
       "graph, 3 steps at once": dict(jit_compile=False, steps_per_execution=3)}  # fmt: skip


@pytest.mark.parametrize("name", HOW)
def test_eager_compiled_and_xla_are_the_same_to_the_last_digits(name, in_float64):
    expected, expected_history = weights_after(run_eagerly=True)
    found, history = weights_after(**HOW[name])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
    for key in expected_history:
        np.testing.assert_allclose(history[key], expected_history[key], rtol=1e-9)


def test_the_ragged_last_batch_counts_by_its_rows():
    model = compiled(dense(), optimizer=optimizers.SGD(0.0), run_eagerly=False, jit_compile=False)
    loss = model.fit(X, Y, batch_size=4, verbose=0).history["loss"][0]
    assert loss == pytest.approx(one_batch_loss(X, Y), rel=1e-5)


class Counting(Model):
    def __init__(self):
        super().__init__()
        self.dense, self.calls = Dense(2), 0

    def call(self, x):
        self.calls += 1
        return self.dense(x)


def calls_of(model, action):
    """How often `action` runs the Python code of the model; twice where variables are made in the first trace."""
    model.calls = 0
    action()
    return model.calls


@pytest.mark.parametrize("jit", (True, False))
def test_each_verb_is_traced_once(jit):
    model = Counting()
    model.compile("sgd", "mse", jit_compile=jit)
    assert calls_of(model, lambda: model.fit(X, Y, batch_size=4, epochs=3, verbose=0)) <= 2
    assert calls_of(model, lambda: model.fit(X, Y, batch_size=3, epochs=2, verbose=0)) == 0
    assert calls_of(model, lambda: model.train_on_batch(X, Y)) == 0
    assert calls_of(model, lambda: model.evaluate(X, Y, batch_size=4, verbose=0)) == 1
    assert calls_of(model, lambda: model.test_on_batch(X[:7], Y[:7])) == 0
    assert calls_of(model, lambda: model.predict(X[:1])) == 1
    for rows in (1, 2, 10):
        assert calls_of(model, lambda: model.predict(X[:rows])) == 0  # noqa: B023
        assert calls_of(model, lambda: model.predict_on_batch(X[:rows])) == 0  # noqa: B023
    assert calls_of(model, lambda: model.fit(X, Y, batch_size=4, validation_split=0.5, verbose=0)) == 0


def test_freezing_takes_effect_at_the_next_step_and_nothing_is_traced_twice():
    model = Counting()
    model.second = Dense(2)
    plain = model.call
    model.call = lambda x: model.second(plain(x))
    compiled(model, optimizer=optimizers.Adam(0.1), run_eagerly=False, jit_compile=False)
    model.train_on_batch(X, Y)
    states = []
    for frozen in (True, False, True, False):
        model.dense.trainable = not frozen
        before = [w.numpy() for w in model.dense.weights], model.second.kernel.numpy()
        model.train_on_batch(X, Y)
        after = [w.numpy() for w in model.dense.weights], model.second.kernel.numpy()
        same = all(np.array_equal(a, b) for a, b in zip(before[0], after[0], strict=True))
        states.append(same)
        assert np.any(before[1] != after[1])
    assert states == [True, False, True, False]
    model.dense.trainable = False
    assert calls_of(model, lambda: model.train_on_batch(X, Y)) == 0


def test_freezing_from_a_callback_takes_effect_within_the_epoch():
    model, kept = dense(), []

    class Freeze(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            kept.append(model.layers[0].kernel.numpy())
            if batch == 0:
                model.layers[0].trainable = False

    compiled(model, run_eagerly=False, jit_compile=False)
    model.fit(X, Y, batch_size=4, callbacks=[Freeze()], verbose=0)
    assert np.array_equal(kept[0], kept[1]) and np.array_equal(kept[1], kept[2])


def test_everything_frozen_is_no_error():
    model = dense()
    model.trainable = False
    before = model.get_weights()
    assert np.isfinite(compiled(model).fit(X, Y, verbose=0).history["loss"][0])
    assert_weights(model, before, 0)


def test_weights_set_between_fits_are_used():
    model = compiled(dense(), run_eagerly=False, jit_compile=False)
    model.fit(X, Y, verbose=0)
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    np.testing.assert_array_equal(model.predict(X), np.zeros((10, 2)))
    model.optimizer.learning_rate = 0.0
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.predict(X), np.zeros((10, 2)))


def test_compile_again_changes_loss_and_metrics():
    model = compiled(dense(), "mse", metrics=["mae"], run_eagerly=False, jit_compile=False)
    first = model.fit(X, Y, verbose=0).history
    compiled(model, "mae", metrics=[], run_eagerly=False, jit_compile=False)
    second = model.fit(X, Y, verbose=0).history
    assert set(first) == {"loss", "mae"} and set(second) == {"loss"} and second["loss"][0] < first["loss"][0]
