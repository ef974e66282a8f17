"""Training in 16 bits: weights in float32, the loss scaled where it must be, and every number that is shown unscaled."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import engine
from engine import Layer, Model, Sequential, callbacks, dtypes, optimizers, set_seed
from engine.datasets import DatasetError, load
from layers import BatchNormalization, Dense, Dropout, Flatten

RNG = np.random.default_rng(2)
X = RNG.normal(size=(96, 5)).astype("float32")
Y = np.abs(X[:, :3] @ RNG.normal(size=(3, 2))).astype("float32")


@pytest.fixture(autouse=True)
def default_policy():
    yield
    dtypes.set_policy("float32")
    keras.config.set_dtype_policy("float32")


def made(policy, optimizer="adam", dropout=0.0, **how):
    dtypes.set_policy(policy)
    set_seed(1)
    model = Sequential([Dense(16, activation="relu", input_shape=(5,)), BatchNormalization(), Dropout(dropout, seed=4),
                        Dense(2, dtype="float32")])  # fmt: skip
    model.compile(optimizer, "mse", **how)
    return model


HOW = {"eager": dict(run_eagerly=True), "compiled": dict(jit_compile=False), "xla": dict(jit_compile=True)}


# ---------------------------------------------------------------- the loss-scaling optimizer

STEPS = "1 1 1 2 inf 1 3 1 nan inf 1 1 1 1 -2 1 1".split()


@pytest.mark.parametrize("inner", [("SGD", dict(momentum=0.9)), ("Adam", dict(learning_rate=0.1, clipnorm=0.5))])
def test_scale_counter_and_weights_are_those_of_keras(inner):
    name, arguments = inner
    ours = optimizers.LossScaleOptimizer(getattr(optimizers, name)(**arguments), 8.0, 3)
    theirs = keras.optimizers.LossScaleOptimizer(getattr(keras.optimizers, name)(**arguments), 8.0, 3)
    mine, other = tf.Variable([1.0, 2.0]), keras.Variable([1.0, 2.0])
    theirs.build([other])
    for number in STEPS:
        scales = [float(side.scale_loss(tf.constant(1.0))) for side in (ours, theirs)]
        assert scales[0] == scales[1] == float(ours.dynamic_scale)
        for side, variable in ((ours, mine), (theirs, other)):
            side.apply([tf.constant([float(number), -2.0]) * scales[0]], [variable])
        assert int(ours.step_counter) == int(theirs.step_counter.numpy())
        assert int(ours.iterations) == int(theirs.iterations.numpy())
        np.testing.assert_allclose(mine, other.numpy(), rtol=1e-6)
    assert int(ours.skipped_steps) == 3
    own, config = ours.get_config(), theirs.get_config()
    assert set(own) == set(config) and set(own["inner_optimizer"]["config"]) == set(config["inner_optimizer"]["config"])
    again = optimizers.deserialize(optimizers.serialize(ours))
    assert (again.get_config(), again.initial_scale) == (own, 8.0)


def test_what_it_has_not_is_the_inner_optimizers():
    inner = optimizers.SGD(0.5)
    outer = optimizers.LossScaleOptimizer(inner)
    outer.learning_rate, outer.clipnorm = 0.25, 1.0
    assert float(inner.learning_rate) == 0.25 and inner.clipnorm == 1.0 and outer.momentum == 0.0
    with pytest.raises(AttributeError, match="no attribute 'momentun'"):
        outer.momentun  # noqa: B018
    with pytest.raises(ValueError, match="scales the loss already"):
        optimizers.LossScaleOptimizer(outer)
    with pytest.raises(ValueError, match="scales the loss already"):
        optimizers.LossScaleOptimizer(optimizers.SGD(loss_scale_factor=4.0))


def test_compile_puts_it_around():
    scaled = made("mixed_float16", optimizers.Adam(0.01))
    assert isinstance(scaled.optimizer, optimizers.LossScaleOptimizer)
    assert isinstance(scaled.optimizer.inner_optimizer, optimizers.Adam)
    assert isinstance(made("mixed_float16", auto_scale_loss=False).optimizer, optimizers.Adam)
    assert isinstance(made("mixed_bfloat16").optimizer, optimizers.Adam)
    assert made("mixed_float16", optimizers.SGD(loss_scale_factor=4.0)).optimizer.loss_scale_factor == 4.0
    assert isinstance(made("mixed_float16", optimizers.LossScaleOptimizer("sgd")).optimizer.inner_optimizer, optimizers.SGD)


# ---------------------------------------------------------------- fit


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_fit_in_16_bits_is_near_fit_in_32(policy, how):
    whole = made("float32", **HOW[how]).fit(X, Y, epochs=6, shuffle=False, verbose=0).history["loss"]
    model = made(policy, **HOW[how])
    history = model.fit(X, Y, epochs=6, shuffle=False, verbose=0).history
    assert model.layers[0](X[:2]).dtype == policy.removeprefix("mixed_")
    assert {weight.dtype for weight in model.weights} == {tf.float32}
    np.testing.assert_allclose(history["loss"], whole, rtol=0.02)
    assert ("skipped_steps" in history) == (policy == "mixed_float16")


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_fit_is_near_that_of_keras(policy):
    ours = made(policy, "sgd", **HOW["compiled"])
    keras.config.set_dtype_policy(policy)
    theirs = keras.Sequential([keras.Input((5,)), keras.layers.Dense(16, activation="relu"), keras.layers.BatchNormalization(),
                               keras.layers.Dense(2, dtype="float32")])  # fmt: skip
    theirs.compile("sgd", "mse")
    theirs.set_weights(ours.get_weights())
    one, other = (model.fit(X, Y, epochs=5, shuffle=False, verbose=0).history["loss"] for model in (ours, theirs))
    np.testing.assert_allclose(one, other, rtol=5e-3)


@pytest.mark.parametrize("how", HOW)
def test_steps_that_overflow_are_skipped_counted_and_the_loss_is_unscaled(how):
    model = made("mixed_float16", optimizers.LossScaleOptimizer(optimizers.SGD(1e-3), initial_scale=2.0**24), **HOW[how])
    before = model.get_weights()[0]
    history = model.fit(X, Y, batch_size=32, epochs=1, shuffle=False, verbose=0).history  # three steps, all too large
    np.testing.assert_array_equal(model.get_weights()[0], before)
    assert history["skipped_steps"] == [3] and history["loss_scale"] == [2.0**21] and history["loss"][0] < 10
    history = model.fit(X, Y, batch_size=32, epochs=9, shuffle=False, verbose=0).history
    assert history["skipped_steps"][-1] == history["skipped_steps"][-2] < 20  # it has found the scale
    assert history["loss"][-1] < history["loss"][0]
    assert int(model.optimizer.iterations) == 30 - history["skipped_steps"][-1]


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("clip", [dict(clipnorm=0.1), dict(global_clipnorm=0.1), dict(clipvalue=0.02)])
def test_clipping_comes_after_unscaling(clip, scaled):
    def trained(optimizer):
        model = made("float32", optimizer, jit_compile=False)
        model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
        return model.get_weights()

    plain = optimizers.SGD(0.1, **clip)
    other = optimizers.LossScaleOptimizer(optimizers.SGD(0.1, **clip), 64.0) if scaled else optimizers.SGD(
        0.1, loss_scale_factor=64.0, **clip)  # fmt: skip
    for one, two in zip(trained(plain), trained(other), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)


def test_a_step_of_ones_own_is_scaled_too():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.head = Dense(2, kernel_initializer="ones")

        def call(self, inputs):
            return self.head(inputs)

        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.cast(self(x), tf.float32) - y))
            self.apply_step(self.tape_gradients(tape, loss))
            return {"loss": loss}

    weights = {}
    for policy in ("float32", "mixed_float16"):
        dtypes.set_policy(policy)
        model = Own()
        model.compile(optimizers.LossScaleOptimizer(optimizers.SGD(0.1), 256.0))
        model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
        weights[policy] = model.get_weights()[0]
    np.testing.assert_allclose(weights["mixed_float16"], weights["float32"], atol=2e-3)


def test_gradient_norms_and_inspect_step_show_unscaled_gradients():
    stats = [made(policy, "sgd").fit(X, Y, epochs=2, shuffle=False, verbose=0, callbacks=[callbacks.GradientStats(every=1)])
             for policy in ("float32", "mixed_float16")]  # fmt: skip
    for name in ("gradient_norm", "update_ratio/layers.0"):
        np.testing.assert_allclose(stats[1].history[name], stats[0].history[name], rtol=0.02)
    models = [made(policy) for policy in ("float32", "mixed_float16")]
    before = [variable.numpy() for variable in models[1].optimizer.variables]
    steps = [model.inspect_step(X, Y) for model in models]
    np.testing.assert_allclose(steps[1].gradient_norm, steps[0].gradient_norm, rtol=0.01)
    np.testing.assert_allclose(steps[1].weights[0].update, steps[0].weights[0].update, atol=1e-5)
    assert "variable" in str(steps[1].worked) and abs(sum(term.amount for term in steps[1].terms) - steps[1].loss) < 1e-6
    for old, new in zip(before, models[1].optimizer.variables):
        np.testing.assert_array_equal(old, new)


def test_skipping_is_no_reason_to_stop_and_a_bad_loss_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the bad batch is saved there
    model = made("mixed_float16", optimizers.LossScaleOptimizer("sgd", initial_scale=2.0**24))
    assert model.fit(X, Y, verbose=0, on_nan="raise").history["skipped_steps"] == [3]
    with pytest.raises(Exception, match="not finite"):
        model.fit(X, np.where(Y > 0.1, np.nan, Y), verbose=0, on_nan="raise")


def test_scale_and_counts_are_saved_and_a_resumed_run_is_the_same(tmp_path):
    def run(epochs, folder):
        model = made("mixed_float16", optimizers.LossScaleOptimizer(optimizers.Adam(0.01), 2.0**22, 4), dropout=0.2)
        checkpoint = callbacks.Checkpoint(tmp_path / folder, every_epochs=1)
        history = model.fit(X, Y, epochs=epochs, verbose=0, callbacks=[checkpoint]).history
        return model, history

    model, history = run(4, "whole")
    run(2, "parts")
    again, rest = run(4, "parts")
    assert rest == history
    for one, other in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    model.save(tmp_path / "model.safetensors")
    loaded = engine.saving.load_model(tmp_path / "model.safetensors")
    assert float(loaded.optimizer.dynamic_scale) == float(model.optimizer.dynamic_scale)
    assert int(loaded.optimizer.skipped_steps) == int(model.optimizer.skipped_steps) > 0
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_raw_variables_are_cast_by_their_layer():
    class Own(Layer):
        def build(self, input_shape):
            self.w = tf.Variable(tf.ones((input_shape[-1], 2)))

        def call(self, inputs):
            return inputs @ tf.cast(self.w, inputs.dtype)

    layer = Own(dtype="mixed_bfloat16")
    assert layer(X).dtype == tf.bfloat16 and layer.w.dtype == tf.float32


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mnist_comes_to_the_same_accuracy(policy, mnist):
    (x, y), (x_test, y_test) = mnist
    accuracies = {}
    for name in ("float32", policy):
        dtypes.set_policy(name)
        set_seed(0)
        model = Sequential([Flatten(), Dense(128, activation="relu"), Dense(10, activation="softmax", dtype="float32")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, batch_size=128, epochs=5, verbose=0)
        accuracies[name] = model.evaluate(x_test, y_test, batch_size=1000, verbose=0)[1]
    assert accuracies["float32"] > 0.97
    assert abs(accuracies[policy] - accuracies["float32"]) <= 0.003


@pytest.fixture(scope="module")
def mnist():
    try:
        train, test, _ = load("mnist")
    except DatasetError as error:
        pytest.skip(f"MNIST is not here: {error}")
    return train, test
