"""One step in every engine: eagerly, compiled and with XLA; traced once, and always with the weights of now."""

import numpy as np
import pytest
from fitting import X, Y, assert_weights, compiled, dense, loss_of

from engine import Model, Sequential, callbacks, optimizers
from layers import BatchNormalization, Dense, Dropout


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
    assert loss == pytest.approx(loss_of(model, X, Y), rel=1e-5)


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
    with pytest.warns(UserWarning, match="nothing to train"):
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
