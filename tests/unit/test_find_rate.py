"""find_rate: a curve and a suggestion that learns, and a model as it was, whatever happens on the way."""

import random

import numpy as np
import pytest
import tensorflow as tf

from engine import Model, Sequential, optimizers, set_seed
from engine.state import state_of
from engine.study import find_rate
from layers import GRU, BatchNormalization, Dense, Dropout

RNG = np.random.default_rng(0)
X = RNG.normal(size=(256, 6)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("int32")


def model_of(optimizer="adam", *more, **how):
    set_seed(0)
    model = Sequential([Dense(16, activation="relu"), BatchNormalization(), Dropout(0.2), *more, Dense(2, activation="softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], **how)
    return model


def state(model):
    found = {path: item.variable.numpy() for path, item in state_of(model).items()}
    return found, float(model.optimizer.learning_rate), random.getstate(), np.random.get_state()[1].tolist(), list(model.trace_report())


def assert_same(one, other):
    assert one[0].keys() == other[0].keys()
    for path, value in one[0].items():
        np.testing.assert_array_equal(value, other[0][path], path)
    assert one[1:] == other[1:]


@pytest.mark.parametrize("optimizer", ["adam", "sgd", optimizers.RMSprop(0.003),
                                       optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 10, 0.9), momentum=0.9)])  # fmt: skip
def test_the_model_is_as_it_was_and_the_rate_learns(optimizer):
    model = model_of(optimizer)
    model.fit(X, Y, epochs=1, verbose=0)
    before = state(model)
    trial = find_rate(model, X, Y)
    assert_same(before, state(model))
    assert len(trial.rates) == len(trial.losses) == len(trial.smoothed) <= 100 and trial.rates == sorted(trial.rates)
    assert np.isfinite(trial.losses).all() and trial.rates[0] == 1e-6
    fresh = model_of(optimizer)
    suggestion = find_rate(fresh, X, Y).suggestion
    assert 1e-6 < suggestion < 10
    fresh = model_of(type(model.optimizer)(suggestion))
    losses = fresh.fit(X, Y, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]


def test_training_goes_on_as_if_it_had_not_been():
    histories = []
    for tried in (True, False):
        model = model_of()
        model.fit(X, Y, epochs=1, verbose=0)
        if tried:
            find_rate(model, X, Y, steps=20)
        histories.append(model.fit(X, Y, epochs=2, verbose=0).history)
    assert histories[0] == histories[1]


class Stops(Dense):
    """After some calls it raises."""

    calls, error = 0, KeyboardInterrupt

    def call(self, inputs):
        Stops.calls += 1
        if Stops.calls > 10 and tf.executing_eagerly():
            raise self.error("stop")
        return super().call(inputs)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_the_model_is_as_it_was_after_ctrl_c_and_errors(error, monkeypatch):
    stops = Stops(4)
    model = model_of("adam", stops, run_eagerly=True)
    Stops.calls = -1000
    model.fit(X, Y, epochs=1, verbose=0)
    before = state(model)
    monkeypatch.setattr(Stops, "error", error)
    Stops.calls = 0
    with pytest.raises(error):
        find_rate(model, X, Y)
    assert Stops.calls > 10
    assert_same(before, state(model))


def test_data_of_other_kinds():
    pipeline = tf.data.Dataset.from_tensor_slices((X, Y)).batch(32)
    trial = find_rate(model_of(), pipeline, steps=30)  # not built, more steps than batches
    assert 10 < len(trial.losses) <= 30
    recurrent = Sequential([GRU(4, stateful=True), Dense(1)])
    recurrent.compile("adam", "mse")
    assert find_rate(recurrent, RNG.normal(size=(8, 3, 2)), RNG.normal(size=(8, 1)), np.ones(8), batch_size=8, steps=10).losses
    with pytest.raises(ValueError, match="data that end"):
        find_rate(model_of(), ((X[i : i + 8], Y[i : i + 8]) for i in range(0, 24, 8)), steps=10)


def test_a_training_step_of_ones_own():
    class Own(Model):
        def __init__(self, name_of_loss):
            super().__init__()
            self.dense, self.name_of_loss = Dense(1), name_of_loss

        def call(self, inputs):
            return self.dense(inputs)

        def train_step(self, data):
            logs = super().train_step(data)
            return {self.name_of_loss: 2 * logs["loss"]}

    for name in ("loss", "other"):
        model = Own(name)
        model.compile("sgd", "mse")
        if name == "loss":
            assert find_rate(model, X, X @ np.ones((6, 1), "float32")).suggestion
        else:
            with pytest.raises(ValueError, match="train_step returns .*'other'.* needs the 'loss'"):
                find_rate(model, X, X[:, :1])


def test_what_it_says():
    trial = find_rate(model_of("sgd"), X, Y)
    assert "Suggestion: " in str(trial) and max(map(len, str(trial).splitlines())) <= 80
    html = trial._repr_html_()
    assert "<svg" in html and "Suggestion" in html and "<script" not in html and len(html) < 50_000
    still = Sequential([Dense(2, trainable=False), Dense(1, kernel_initializer="zeros", use_bias=False)])
    still.compile("sgd", "mse")
    nothing = find_rate(still, np.zeros((64, 6), "float32"), np.ones((64, 1)), steps=10)
    assert nothing.suggestion is None and "No suggestion" in str(nothing)


@pytest.mark.parametrize(
    ("options", "says"),
    [(dict(lowest=0), "0 < lowest < highest; received 0"), (dict(lowest=1, highest=0.1), "received 1 and 0.1"),
     (dict(highest=float("inf")), "received 1e-06 and inf"), (dict(steps=1), "steps is a whole number from 2 on, received 1"),
     (dict(steps=2.5), "received 2.5")],
)  # fmt: skip
def test_wrong_arguments(options, says):
    with pytest.raises(ValueError, match=says):
        find_rate(model_of(), X, Y, **options)


def test_a_model_that_is_not_compiled():
    with pytest.raises(RuntimeError, match="not compiled.*before find_rate"):
        find_rate(Sequential([Dense(1)]), X, Y)
