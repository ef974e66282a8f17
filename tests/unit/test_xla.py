"""jit_compile="auto": XLA from a fixed number of steps on, at the same step in each run, also in one that was stopped."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Model, Sequential, set_seed
from engine.callbacks import Callback, Checkpoint
from engine.small_parts import pace
from layers import LSTM, Conv1D, Dense, GlobalAveragePooling1D, MultiHeadAttention

X = np.random.default_rng(0).normal(size=(48, 6, 3)).astype("float32")
Y = np.random.default_rng(1).normal(size=(48, 2)).astype("float32")


def made(*first):
    """A compiled model of a few layers; with the same first numbers each time."""
    set_seed(3)
    model = Sequential([*first, GlobalAveragePooling1D(), Dense(4, activation="tanh"), Dense(2)])
    model.compile("adam", "mse")
    return model


def attentive():
    set_seed(3)
    x = Input((6, 3))
    model = Model(x, Dense(2)(GlobalAveragePooling1D()(MultiHeadAttention(2, 2)(x, x))))
    model.compile("adam", "mse")
    return model


def ways(model, verb="train"):
    """Which ways the steps went, in order, as trace_report says."""
    return [reason for of, _, reason in model.trace_report() if of == verb and reason.startswith("with ")]


KERNELS, XLA = "with TensorFlow's kernels: fewer than {} steps {}", "with XLA: {} steps or more {}"


def test_the_number_of_steps_decides():
    for epochs, expected in ((33, KERNELS), (34, XLA)):  # six steps each
        model = made()
        model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0)
        assert ways(model) == [expected.format(200, "on batches of 8")]
    model = made()
    model.fit(X, Y, batch_size=8, epochs=5, steps_per_epoch=2, verbose=0)
    assert ways(model) == [KERNELS.format(200, "on batches of 8")]
    model.fit(X, Y, batch_size=8, epochs=191, initial_epoch=96, steps_per_epoch=2, verbose=0)  # 10 and 190
    assert ways(model)[1:] == [XLA.format(200, "on batches of 8")]


def test_loops_and_products_of_batches_are_worth_it_earlier():
    for model in (made(LSTM(3, return_sequences=True)), attentive()):
        model.fit(X, Y, batch_size=8, epochs=8, verbose=0)
        assert ways(model) == [KERNELS.format(50, "on batches of 8")]
        model.fit(X, Y, batch_size=8, verbose=0)  # 48 steps were made, and these are 6
        assert ways(model)[1:] == [XLA.format(50, "on batches of 8")]


def test_convolutions_never():
    model = made(Conv1D(2, 3))
    model.fit(X, Y, batch_size=8, epochs=40, verbose=0)
    assert [way.partition("Conv2D")[0] for way in ways(model)] == ["with TensorFlow's kernels: it holds "]


def test_true_and_false_ask_nobody():
    for jit in (True, False):
        model = made()
        model.compile("adam", "mse", jit_compile=jit)
        model.fit(X, Y, batch_size=8, verbose=0)
        spec = model.trace_report()[-1][1]
        assert model.compiled_step("train", spec).uses_xla(8) is jit
        assert ways(model) == []


def test_a_rest_of_an_epoch_is_counted_by_itself():
    model = made()
    model.fit(X[:41], Y[:41], batch_size=8, epochs=50, verbose=0)  # 250 steps on 8 rows, 50 on one
    step = model.compiled_step("train", model.trace_report()[-1][1])
    assert [step.uses_xla(size) for size in (8, 1)] == [True, False]
    assert sorted(ways(model)) == sorted([XLA.format(200, "on batches of 8"), KERNELS.format(200, "on batches of 1")])


def test_evaluate_predict_and_validation_likewise():
    model = made()
    model.fit(X, Y, batch_size=8, epochs=2, validation_data=(X, Y), verbose=0)
    assert ways(model, "test") == [KERNELS.format(200, "on batches of 8")]
    model.fit(X, Y, batch_size=8, epochs=100, validation_data=(X, Y), validation_freq=3, verbose=0)  # 33 times 6, and 12
    assert ways(model, "test")[1:] == [XLA.format(200, "on batches of 8")]
    for batch_size in (8, 1):
        for _ in range(6):
            model.predict(X, batch_size=batch_size)
    assert ways(model, "predict") == [KERNELS.format(200, "on batches of 8"), XLA.format(200, "on batches of 1")]
    other = made()
    for _ in range(34):
        other.evaluate(X, Y, batch_size=8, verbose=0)
    assert ways(other, "test") == [KERNELS.format(200, "on batches of 8"), XLA.format(200, "on batches of 8")]


def test_compile_counts_anew():
    model = made()
    model.fit(X, Y, batch_size=8, epochs=40, verbose=0)
    model.compile("adam", "mse")
    model.fit(X, Y, batch_size=8, verbose=0)
    assert ways(model)[1:] == [KERNELS.format(200, "on batches of 8")]


def batch_by_batch():
    """The weights after each of 210 calls of train_on_batch, and after which of them XLA began."""
    model, weights, began = made(), [], []
    for number in range(210):
        model.train_on_batch(X[:8], Y[:8])
        weights.append(np.concatenate([weight.ravel() for weight in model.get_weights()]))
        if XLA.format(200, "on batches of 8") in ways(model):
            began.append(number)
    return np.array(weights), began[0]


def test_many_small_calls_go_over_at_the_same_step_in_two_runs():
    (first, began), (second, again) = batch_by_batch(), batch_by_batch()
    assert began == again == 200  # that is the 201st: 200 were made
    np.testing.assert_array_equal(first, second)


def on_a_stream(chunk, monkeypatch):
    """A model that was fitted on 230 batches of a dataset that does not know its length, in chunks of so many."""
    monkeypatch.setattr(pace.Pace, "measured", lambda self, steps, seconds: setattr(self, "steps", chunk))
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8).repeat().take(230).filter(lambda *batch: True)
    assert int(data.cardinality()) == tf.data.UNKNOWN_CARDINALITY
    model = made()
    model.fit(data, verbose=0)
    return model


@pytest.mark.parametrize("chunk", [7, 64])
def test_an_unknown_number_of_steps_is_counted_whatever_the_pace(chunk, monkeypatch):
    model, one_by_one = on_a_stream(chunk, monkeypatch), on_a_stream(1, monkeypatch)
    assert ways(model) == ways(one_by_one) == [way.format(200, "of a stream") for way in (KERNELS, XLA)]
    for ours, theirs in zip(model.get_weights(), one_by_one.get_weights()):
        np.testing.assert_array_equal(ours, theirs)


def test_a_known_number_of_steps_of_a_stream_decides_at_once():
    for steps, way in ((199, KERNELS), (200, XLA)):
        model = made()
        model.fit(((X[:8], Y[:8]) for _ in itertools.count()), steps_per_epoch=steps, verbose=0)
        assert ways(model) == [way.format(200, "of a stream")]


class StopAfter(Callback):
    """Ends a run in the way of an error, after so many steps."""

    def __init__(self, steps):
        self.every_steps = steps

    def on_train_chunk_end(self, step, logs=None):
        if int(self.model.optimizer.iterations) == self.every_steps:
            raise KeyboardInterrupt


def run_in(folder, epochs, stop=None):
    model = made()
    checkpoints = Checkpoint(folder, every_steps=stop // 4 if stop else None)  # the last one some steps before the end
    stops = StopAfter(stop or 10**6)
    try:
        model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, callbacks=[checkpoints, stops])
    except KeyboardInterrupt:
        assert stop
    return model


@pytest.mark.parametrize(("epochs", "way"), [(20, [KERNELS]), (40, [XLA])])
def test_a_stopped_run_ends_with_the_same_bits_on_both_sides(epochs, way, tmp_path):
    whole = run_in(tmp_path / "whole", epochs)
    run_in(tmp_path / "parts", epochs, stop=103)
    parts = run_in(tmp_path / "parts", epochs)
    assert ways(whole) == ways(parts) == [text.format(200, "on batches of 8") for text in way]
    for ours, theirs in zip(parts.get_weights(), whole.get_weights()):
        np.testing.assert_array_equal(ours, theirs)


def test_another_number_of_epochs_keeps_the_choice(tmp_path):
    """A run of few steps that is told to go on for many stays on the kernels until so many are made, wherever it was stopped."""
    ends = []
    for name, stops in (("whole", []), ("stopped", [70, 130])):
        run_in(tmp_path / name, 20)
        for stop in stops:
            run_in(tmp_path / name, 60, stop)
        model = run_in(tmp_path / name, 60)
        ends.append(model.get_weights())
    assert ways(model)[-1] == XLA.format(200, "on batches of 8")
    for ours, theirs in zip(*ends):
        np.testing.assert_array_equal(ours, theirs)
    run_in(tmp_path / "many", 60, stop=100)  # and one of many steps that is told to go on for few stays with XLA
    assert ways(run_in(tmp_path / "many", 30)) == [XLA.format(200, "on batches of 8")]
