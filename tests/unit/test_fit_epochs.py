"""Epochs, steps and validation of `fit`, and what the verbs return."""

import numpy as np
import pytest
import tensorflow as tf
from fitting import (
    CLASSES,
    Batches,
    X,
    Y,
    Z,
    assert_weights,
    batches,
    compiled,
    dataset,
    dense,
    loss_of,
    named_inputs,
)  # fmt: skip

from engine import Model, Sequential, callbacks, optimizers, set_seed
from layers import BatchNormalization, Dense, Dropout


def test_an_epoch_ends_with_the_data_and_says_so():
    model = compiled(dense())
    with pytest.warns(UserWarning, match="10 rows make 3 batches of 4, fewer than the 9 steps"):
        model.fit(X, Y, batch_size=4, steps_per_epoch=9, verbose=0)
    with pytest.warns(UserWarning, match="ended after 3 of 5 steps"):
        model.fit(dataset(X, Y).batch(4), steps_per_epoch=5, verbose=0)


@pytest.mark.parametrize("by_batch", [False, True])
@pytest.mark.parametrize(("steps", "expected"), [(2, [2, 4, 6]), (3, [3, 4, 7]), (4, [4, 8, 12]), (6, [4, 8, 12])])
@pytest.mark.parametrize("kind", ["dataset", "sequence"])
@pytest.mark.filterwarnings("ignore:The data ended")
def test_steps_that_end_where_the_data_end(kind, steps, expected, by_batch):
    """As in Keras: an epoch goes on where the one before stopped; where that was the end, from the beginning."""
    data = dataset(X[:8], Y[:8]).batch(2) if kind == "dataset" else Batches(batches(X[:8], Y[:8], size=2))
    model, seen = compiled(dense()), []
    hooks = {"on_epoch_end": lambda epoch, logs: seen.append(int(model.optimizer.iterations))}
    if by_batch:
        hooks["on_train_batch_end"] = lambda batch, logs: None
    model.fit(data, steps_per_epoch=steps, epochs=3, verbose=0, callbacks=[callbacks.LambdaCallback(**hooks)])
    assert seen == expected


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
        before = loss_of(one, x, y)
        assert one.train_on_batch(x, y) == pytest.approx(before, rel=1e-5)
    other.fit(X, Y, batch_size=4, shuffle=False, verbose=0)
    assert_weights(one, other.get_weights(), 1e-6)
    weighted = compiled(dense(4, activation="softmax"), "sparse_categorical_crossentropy")
    by_sample, by_class = dense(4, activation="softmax"), dense(4, activation="softmax")
    for model, arguments in ((compiled(by_sample, weighted.loss), dict(sample_weight=(CLASSES == 1) * 1.0 + 1)),
                             (compiled(by_class, weighted.loss), dict(class_weight={1: 2.0}))):  # fmt: skip
        model.train_on_batch(X, CLASSES, **arguments)
    assert_weights(by_sample, by_class.get_weights(), 1e-6)


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
