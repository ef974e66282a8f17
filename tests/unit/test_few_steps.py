"""A few steps are made one by one: to trace a loop around them takes longer than they do."""

import graphs
import numpy as np
import pytest
import tensorflow as tf

from engine import Layer, Sequential, set_seed
from engine.callbacks import Checkpoint, LambdaCallback
from engine.compilation import automatic, xla
from engine.optimizers import SGD, eager_call
from layers import BatchNormalization, Dense, Dropout, MaxPooling1D

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(22, 3)).astype("float32"), RANDOM.normal(size=(22, 1)).astype("float32")  # batches of 4, and one of 2


@pytest.fixture
def loops(monkeypatch):
    """Grows with each loop over rows that is traced."""
    traced, original = [], automatic.AutomaticStep._loop_over_rows

    def noted(self, *args):
        traced.append(self)
        return original(self, *args)

    monkeypatch.setattr(automatic.AutomaticStep, "_loop_over_rows", noted)
    return traced


def compiled(**how):
    set_seed(3)
    model = Sequential([Dense(4, activation="tanh"), BatchNormalization(), Dropout(0.2), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"], **how)
    return model


def numbers(model, epochs, **arguments):
    """All that comes out of some epochs of six steps, one of them on two rows."""
    history = model.fit(X, Y, batch_size=4, epochs=epochs, verbose=0, **arguments).history
    return [history["loss"], model.evaluate(X, Y, batch_size=4, verbose=0), model.predict(X, batch_size=4), *model.get_weights()]


def assert_same(received, expected):
    for one, other in zip(received, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("jit", ["auto", False])
def test_the_loop_is_for_many_steps(loops, jit):
    numbers(compiled(jit_compile=jit), 6)  # 30 of four rows
    assert not loops
    numbers(compiled(jit_compile=jit), 7)  # 35
    assert len(loops) == 1


def test_xla_loops_over_few_as_well(loops):
    numbers(compiled(jit_compile=True), 1)
    assert len(loops) == 2  # to train and to evaluate


def test_fits_are_counted_together(loops):
    model = compiled()
    for _ in range(7):
        assert not loops
        numbers(model, 1)
    assert len(loops) == 2  # to train and to evaluate


@pytest.mark.parametrize("epochs", [1, 6])
def test_both_ways_have_the_same_bits(monkeypatch, epochs):
    one_by_one = numbers(compiled(), epochs)
    monkeypatch.setattr(xla, "LOOP", 0)
    assert_same(numbers(compiled(), epochs), one_by_one)


def test_steps_on_a_stream_are_counted_as_they_come(monkeypatch):
    traced, original = [], automatic.AutomaticStep._loop_over_iterator
    monkeypatch.setattr(automatic.AutomaticStep, "_loop_over_iterator", lambda *args: traced.append(1) or original(*args))

    def losses(steps):
        data = tf.data.Dataset.from_tensor_slices((X, Y)).repeat().batch(4)
        data = data.take(steps).filter(lambda x, y: True)  # nobody knows how many are left
        return compiled().fit(data, verbose=0).history["loss"]

    few = [losses(5), losses(31), losses(40)]
    assert len(traced) == 1
    monkeypatch.setattr(xla, "LOOP", 0)
    assert [losses(5), losses(31), losses(40)] == few and len(traced) == 4


@pytest.mark.parametrize("epochs", [2, 7])
def test_a_run_that_was_cut_off_goes_the_way_it_has_begun(tmp_path, loops, epochs):
    expected, whole = numbers(compiled(), epochs), len(loops)
    seen = []

    def stop(batch, logs):
        seen.append(batch)
        if len(seen) == 9:
            raise KeyboardInterrupt

    def go():
        return numbers(compiled(), epochs, callbacks=[Checkpoint(tmp_path, every_steps=1), LambdaCallback(on_train_batch_end=stop)])

    with pytest.raises(KeyboardInterrupt):
        go()
    loops.clear()
    resumed = go()
    assert_same(resumed, expected)
    assert len(loops) == whole


class Foldable(Layer):
    """Computes something that TensorFlow's graph optimizer would compute once, and for good."""

    def call(self, inputs):
        return inputs * tf.multiply(tf.constant(2.0), tf.constant(3.0), name="foldable")


def kinds_of_foldable(action):
    """The kinds of operation that it is in the graphs which TensorFlow runs in `action`."""
    return {node.op for nodes in graphs.optimized(action) for node in nodes.values() if "foldable" in node.name}


@pytest.mark.parametrize("jit, obstacle, steps, kind", [
    ("auto", [], 8, "Mul"), ("auto", [], 48, "Mul"),  # XLA may come yet
    ("auto", [MaxPooling1D(1)], 8, "Mul"), ("auto", [MaxPooling1D(1)], 48, "Const"),
    (False, [], 8, "Const"), (False, [], 48, "Const"),  # TensorFlow's way, as it was asked for
])  # fmt: skip
def test_a_few_steps_run_as_they_were_traced(jit, obstacle, steps, kind):
    model = Sequential([Foldable(), *obstacle, Dense(1)])
    model.compile("sgd", "mse", jit_compile=jit)
    x, y = np.ones((8, 2, 3), "float32"), np.ones((8, 2, 1), "float32")
    assert kinds_of_foldable(lambda: model.fit(x, y, batch_size=4, epochs=steps // 2, verbose=0)) == {kind}


@pytest.mark.parametrize("jit, steps, kind", [("auto", 8, "Mul"), ("auto", 48, "Const"), (False, 8, "Const")])
@pytest.mark.parametrize("stream", [False, True])
def test_so_they_do_under_a_strategy(jit, steps, kind, stream):
    with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        model = Sequential([Foldable(), Dense(1)])
        model.compile("sgd", "mse", jit_compile=jit)
    x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
    data = dict(x=tf.data.Dataset.from_tensor_slices((x, y)).batch(4)) if stream else dict(x=x, y=y, batch_size=4)
    assert kinds_of_foldable(lambda: model.fit(**data, epochs=steps // 2, verbose=0)) == {kind}


def test_an_eager_update_runs_as_it_was_traced(monkeypatch):
    monkeypatch.setattr(eager_call, "FEW", 0)

    class Rule(SGD):
        def new_values(self, variable, gradient, learning_rate):
            return (variable - tf.multiply(tf.constant(2.0), tf.constant(3.0), name="foldable") * gradient,)

    weight = tf.Variable([1.0])
    assert kinds_of_foldable(lambda: Rule().apply([tf.constant([0.5])], [weight])) == {"Mul"}
    np.testing.assert_array_equal(weight, [-2.0])
    assert kinds_of_foldable(lambda: tf.function(Foldable())(tf.ones(1))) == {"Const"}  # others' functions as ever
