"""Measuring in the midst of an epoch, and in several threads, shares no sums with what is being measured."""

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from engine import Layer, Sequential, callbacks, metrics, optimizers
from layers import Dense

X = np.arange(1.0, 9.0, dtype="float32")[:, None]
Y = np.zeros_like(X)


class Size(Layer):
    def call(self, inputs):
        self.add_metric(tf.reduce_mean(inputs), name="size")
        return inputs


def identity(**arguments):
    """A model that gives what it gets, learns nothing, and has metrics of each kind and two terms of its loss."""
    model = Sequential([Size(), Dense(1, use_bias=False, kernel_initializer="ones", kernel_regularizer="l2")])
    model.build((None, 1))
    model.compile(optimizers.SGD(0.0), "mse", metrics=["mae", metrics.RootMeanSquaredError()], **{"jit_compile": False, **arguments})
    return model


MEASURING = {
    "evaluate": lambda model: model.evaluate(X[:1] * 100, Y[:1], verbose=0),
    "evaluate of a dataset": lambda model: model.evaluate(tf.data.Dataset.from_tensors((X * 100, Y)), verbose=0),
    "test_on_batch": lambda model: model.test_on_batch(X * 100, Y),
    "train_on_batch": lambda model: model.train_on_batch(X * 100, Y),
    "predict": lambda model: model.predict(X * 100),
    "predict_on_batch": lambda model: model.predict_on_batch(X * 100),
    "fit": lambda model: model.fit(X * 100, Y, verbose=0),
    "what fails": lambda model: pytest.raises(ValueError, model.evaluate, X * 100, Y[:3], verbose=0),
    "a callback that fails": lambda model: pytest.raises(ZeroDivisionError, model.evaluate, X * 100, Y, verbose=0, batch_size=2,
                                                         callbacks=[callbacks.LambdaCallback(on_test_batch_end=lambda *_: 1 / 0)]),
}  # fmt: skip
HOOKS = ["on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_train_chunk_end", "on_test_begin", "on_test_batch_end"]


def history_of(eager, hook=None, action=None):
    model = identity(run_eagerly=eager)
    extra = [callbacks.LambdaCallback(**{hook: lambda *_: action(model)})] if hook else []
    return model.fit(X, Y, batch_size=2, shuffle=False, verbose=0, callbacks=extra, epochs=2, validation_data=(2 * X, Y),
                     validation_batch_size=4).history  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed():
    found = history_of(False)
    np.testing.assert_allclose([found[name][1] for name in ("data_loss", "mae", "size", "val_data_loss", "val_mae")],
                               [25.5, 4.5, 4.5, 102.0, 9.0], rtol=1e-6)  # fmt: skip
    return found


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("name", MEASURING)
def test_measuring_in_the_midst_changes_nothing(name, hook, eager, undisturbed):
    found = history_of(eager, hook, MEASURING[name])
    assert found.keys() == undisturbed.keys()
    for key, values in undisturbed.items():
        np.testing.assert_allclose(found[key], values, rtol=1e-6, err_msg=key)


def test_what_is_measured_in_the_midst_is_right():
    seen = []

    def look(batch, logs):
        seen.append([model.evaluate(X[:1] * 100, Y[:1], verbose=0)[1], model.test_on_batch(3 * X, Y)[1]])
        seen[-1].append(model.evaluate(X, Y, verbose=0, batch_size=4, callbacks=[  # one within another
            callbacks.LambdaCallback(on_test_batch_end=lambda *_: model.evaluate(X * 9, Y, verbose=0))])[1])  # fmt: skip
        np.testing.assert_allclose(float(model.metrics[1].result()), logs["mae"])  # the epoch's own are back

    model = identity()
    model.fit(X, Y, batch_size=2, verbose=0, callbacks=[callbacks.LambdaCallback(on_train_batch_end=look)])
    np.testing.assert_allclose(seen, [[100.0, 13.5, 4.5]] * 4)


def test_afterwards_the_metrics_hold_what_was_measured_last():
    model = identity()
    model.fit(X, Y, verbose=0)
    model.evaluate(2 * X, Y, verbose=0)
    assert float(model.metrics[1].result()) == 9.0
    model.predict(X)
    assert float(model.metrics[1].result()) == 9.0
    model.test_on_batch(3 * X, Y)
    assert float(model.metrics[1].result()) == 13.5


DATA = [(X * factor, Y) for factor in range(1, 9)]
MAE = [4.5 * factor for factor in range(1, 9)]


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("is_new", [False, True])
@pytest.mark.parametrize("measure", [
    lambda model, x, y: model.evaluate(x, y, batch_size=2, verbose=0),
    lambda model, x, y: model.evaluate(tf.data.Dataset.from_tensor_slices((x, y)).batch(2), verbose=0),
    lambda model, x, y: model.test_on_batch(x, y),
])  # fmt: skip
def test_threads_measure_beside_each_other(measure, is_new, eager):
    model = identity(run_eagerly=eager)
    if not is_new:
        measure(model, X, Y)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda index: measure(model, *DATA[index % 8])[1], range(40)))
    np.testing.assert_allclose(found, MAE * 5, rtol=1e-6)


def test_threads_predict_beside_each_other():
    model = identity()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda index: model.predict(DATA[index % 8][0][: 1 + index % 5], batch_size=2), range(40)))
    for index, outputs in enumerate(found):
        np.testing.assert_array_equal(outputs, DATA[index % 8][0][: 1 + index % 5])


def test_a_thread_measures_beside_fit():
    model, stop, found = identity(), threading.Event(), []

    def look():
        while not stop.is_set():
            found.append(model.evaluate(*DATA[3], verbose=0, batch_size=2)[1])

    thread = threading.Thread(target=look)
    model.evaluate(X, Y, verbose=0)
    thread.start()
    history = model.fit(X, Y, batch_size=2, verbose=0, epochs=40, callbacks=[callbacks.LambdaCallback(on_train_batch_end=lambda *_: None)])
    stop.set()
    thread.join()
    np.testing.assert_allclose(history.history["mae"], [4.5] * 40, rtol=1e-6)
    assert found and set(np.round(found, 4)) == {18.0}


def test_a_callback_may_wait_for_a_thread_that_measures():
    found = []

    def look(batch, logs):
        with ThreadPoolExecutor(1) as pool:
            found.append(pool.submit(lambda: model.evaluate(*DATA[1], verbose=0)[1]).result(timeout=60))

    model = identity()
    hooks = callbacks.LambdaCallback(on_train_batch_end=look, on_test_batch_end=look)
    history = model.fit(X, Y, batch_size=4, verbose=0, callbacks=[hooks], validation_data=(X, Y)).history
    assert found == [9.0] * 4 and history["mae"] == history["val_mae"] == [4.5]


def test_a_checkpoint_in_the_midst_has_the_sums_of_the_epoch(tmp_path):
    """A run that evaluates at each step, stopped in the middle and resumed, has the same history."""
    def run(folder, stop_at=None):
        model = identity()

        def look(batch, logs):
            model.evaluate(*DATA[7], verbose=0)
            if batch == stop_at:
                raise KeyboardInterrupt

        own = [callbacks.LambdaCallback(on_train_batch_end=look), callbacks.Checkpoint(tmp_path / folder, every_steps=1)]
        return model.fit(X, Y, batch_size=2, shuffle=False, verbose=0, callbacks=own).history

    expected = run("whole")
    np.testing.assert_allclose(expected["mae"], [4.5])
    with pytest.raises(KeyboardInterrupt):
        run("stopped", stop_at=2)
    assert run("stopped") == expected


def test_a_copy_measures_by_itself():
    passes = identity()._passes
    passes.now = "somebody"
    for other in (copy.copy(passes), copy.deepcopy(passes), pickle.loads(pickle.dumps(passes))):
        assert other.now is None and other.lock is not passes.lock
