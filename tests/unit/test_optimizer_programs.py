"""What whole programs ask of optimizers: the end of training, one update from several batches, scaled losses."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Sequential, callbacks, optimizers, set_seed
from engine.saving import load_model
from layers import Dense

ONES = np.ones((8, 1), "float32")
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(48, 5)).astype("float32"), RANDOM.normal(size=(48, 1)).astype("float32")


def line(optimizer, **arguments):
    model = Sequential([Dense(1, use_bias=False, kernel_initializer="zeros", input_shape=(1,))])
    model.compile(optimizer, "mse", **arguments)
    return model


def weight_of(model):
    return float(model.get_weights()[0][0, 0])


def last_and_average(steps, momentum=0.9, rate=0.1, weight=0.0, average=0.0):
    """Of the line above, trained on ones."""
    for step in range(steps):
        weight -= rate * 2 * (weight - 1.0)
        average = weight if step == 0 else momentum * average + (1 - momentum) * weight
    return weight, average


# ---- averages, when training ends ---------------------------------------------------------------


def averaging(**arguments):
    return optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9, **arguments)


DATA = {
    "arrays": lambda: dict(x=ONES, y=ONES, batch_size=2, shuffle=False),
    "dataset": lambda: dict(x=tf.data.Dataset.from_tensor_slices((ONES, ONES)).batch(2)),
    "generator": lambda: dict(x=((ONES[:2], ONES[:2]) for _ in range(4))),
}


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("kind", DATA)
def test_weights_are_their_averages_when_fit_has_ended(kind, eager):
    model = line(averaging(), run_eagerly=eager)
    model.fit(**DATA[kind](), verbose=0)
    np.testing.assert_allclose(weight_of(model), last_and_average(4)[1], rtol=1e-5)


def test_during_training_the_weights_are_their_own_and_callbacks_see_the_averages_at_its_end():
    seen = []
    look = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(weight_of(model)), on_train_end=lambda logs: seen.append(weight_of(model))
    )
    model = line(averaging())
    model.fit(**DATA["arrays"](), epochs=2, callbacks=[look], verbose=0)
    expected = [last_and_average(4)[0], last_and_average(8)[0], last_and_average(8)[1]]
    np.testing.assert_allclose(seen, expected, rtol=1e-5)


def test_the_next_fit_goes_on_from_the_averages_and_none_of_no_epochs_changes_weights():
    model = line(averaging())
    model.fit(**DATA["arrays"](), verbose=0)
    _, weight = last_and_average(4)
    model.fit(**DATA["arrays"](), epochs=0, verbose=0)
    np.testing.assert_allclose(weight_of(model), weight, rtol=1e-5)
    average = weight
    for _ in range(4):
        weight -= 0.1 * 2 * (weight - 1.0)
        average = 0.9 * average + 0.1 * weight
    model.fit(**DATA["arrays"](), verbose=0)
    np.testing.assert_allclose(weight_of(model), average, rtol=1e-5)


def test_averages_come_through_a_loss_scale_and_frozen_weights_stay():
    model = Sequential([Dense(2, kernel_initializer="ones", input_shape=(1,)), Dense(1)])
    model.layers[0].trainable = False
    model.compile(optimizers.LossScaleOptimizer(averaging()), "mse")
    model.fit(**DATA["arrays"](), epochs=2, verbose=0)
    np.testing.assert_array_equal(model.layers[0].kernel, np.ones((1, 2)))
    kernel = model.layers[1].kernel
    np.testing.assert_array_equal(kernel, model.optimizer.moving_average(kernel))


def test_best_weights_are_restored_after_the_averages():
    keep = callbacks.EarlyStopping("loss", mode="max", restore_best_weights=True, patience=5)
    model = line(averaging())
    model.fit(**DATA["arrays"](), epochs=3, callbacks=[keep], verbose=0)
    np.testing.assert_allclose(weight_of(model), last_and_average(4)[0], rtol=1e-5)  # those of the first epoch's end


# ---- one update from several batches --------------------------------------------------------------


class Own(optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.05 / (1.0 + tf.cast(step, tf.float32))


SCHEDULES = {
    "exponential": lambda: optimizers.schedules.ExponentialDecay(0.05, 2, 0.5, staircase=True),
    "warm-up": lambda: optimizers.schedules.CosineDecay(0.0, 6, warmup_target=0.05, warmup_steps=3),
    "piecewise": lambda: optimizers.schedules.PiecewiseConstantDecay([3, 7], [0.05, 0.01, 0.002]),
    "own": Own,
}


@pytest.mark.parametrize("kind", ["arrays", "dataset", "eager"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_counts_updates_so_that_gathered_batches_are_one_large_batch(name, kind):
    def trained(batch, **arguments):
        set_seed(1)
        model = Sequential([Dense(8, activation="tanh", input_shape=(5,)), Dense(1)])
        model.compile(optimizers.Adam(SCHEDULES[name](), **arguments), "mse", run_eagerly=kind == "eager")
        data = dict(x=X, y=Y, batch_size=batch, shuffle=False)
        if kind == "dataset":
            data = dict(x=tf.data.Dataset.from_tensor_slices((X, Y)).batch(batch))
        model.fit(**data, epochs=3, verbose=0)
        return [*model.get_weights(), model.optimizer.learning_rate]

    for large, gathered in zip(trained(12), trained(4, gradient_accumulation_steps=3), strict=True):
        np.testing.assert_allclose(large, gathered, atol=2e-5)


def test_an_epoch_whose_last_update_came_early_leaves_the_schedule_where_a_large_batch_does():
    def trained(batch, **arguments):
        model = Sequential([Dense(1, kernel_initializer="ones", input_shape=(5,))])
        model.compile(optimizers.SGD(SCHEDULES["piecewise"](), **arguments), "mse")
        model.fit(X[:20], Y[:20], batch_size=batch, shuffle=False, epochs=3, verbose=0)
        return model.get_weights()

    for large, gathered in zip(trained(12), trained(4, gradient_accumulation_steps=3)):  # 12 and 8 rows
        np.testing.assert_allclose(large, gathered, atol=1e-5)


class Fails(callbacks.Callback):
    """Raises after the second batch of an epoch."""

    def __init__(self, error):
        self.error = error

    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            raise self.error


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_what_a_fit_that_failed_has_gathered_is_no_part_of_the_next_one(error, scaled):
    def gathering():
        optimizer = optimizers.SGD(0.1, momentum=0.9, gradient_accumulation_steps=4)
        return line(optimizers.LossScaleOptimizer(optimizer, initial_scale=8.0) if scaled else optimizer)

    failed, fresh = gathering(), gathering()
    with pytest.raises(type(error)):
        failed.fit(100 * ONES, ONES, batch_size=1, verbose=0, callbacks=[Fails(error)])
    assert int(failed.optimizer.iterations) == 0 and not failed.optimizer.accumulators.gathered.numpy()
    for model in (failed, fresh):
        model.fit(ONES, ONES, batch_size=1, verbose=0)
        assert int(model.optimizer.iterations) == 2
    assert weight_of(failed) == weight_of(fresh)


def test_a_fit_that_is_refused_leaves_what_was_gathered():
    model = line(optimizers.SGD(0.1, gradient_accumulation_steps=4))
    model.train_on_batch(ONES, ONES)
    with pytest.raises(ValueError, match="one shape"):
        model.fit(ONES, np.ones((8, 3)), verbose=0)
    assert float(model.optimizer.accumulators.gathered) == 8 and int(model.optimizer.calls) == 1


# ---- scaled losses as TensorFlow 2 writes them ------------------------------------------------------


def loop(optimizer, traced, clip=lambda gradients: gradients):
    """The loop of TensorFlow's guide on mixed precision; returns the weights."""
    set_seed(1)
    model = Sequential([Dense(4, activation="tanh", input_shape=(5,)), Dense(1)])

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
            scaled = optimizer.get_scaled_loss(loss)
        gradients = optimizer.get_unscaled_gradients(tape.gradient(scaled, model.trainable_variables))
        optimizer.apply_gradients(zip(clip(gradients), model.trainable_variables))

    step = tf.function(step, autograph=False) if traced else step
    for start in range(0, 24, 8):
        step(X[start : start + 8], Y[start : start + 8])
    return model


def plain(optimizer, clip=lambda gradients: gradients):
    set_seed(1)
    model = Sequential([Dense(4, activation="tanh", input_shape=(5,)), Dense(1)])
    for start in range(0, 24, 8):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(X[start : start + 8], training=True) - Y[start : start + 8]))
        optimizer.apply_gradients(zip(clip(tape.gradient(loss, model.trainable_variables)), model.trainable_variables))
    return model


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("clip", [lambda g: g, lambda gradients: tf.clip_by_global_norm(gradients, 0.5)[0]])
def test_a_loop_of_scaled_loss_and_unscaled_gradients_trains_as_one_without(traced, clip):
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(0.1), initial_scale=1024.0)
    found, expected = loop(optimizer, traced, clip), plain(optimizers.SGD(0.1), clip)
    for mine, wanted in zip(found.get_weights(), expected.get_weights()):
        np.testing.assert_allclose(mine, wanted, atol=1e-6)
    assert int(optimizer.iterations) == 3 and float(optimizer.loss_scale) == 1024.0
    found.compile(optimizer, "mse")  # fit divides by itself again
    expected.compile(optimizers.SGD(0.1), "mse")
    for model in (found, expected):
        model.fit(X, Y, batch_size=12, shuffle=False, verbose=0)
    for mine, wanted in zip(found.get_weights(), expected.get_weights()):
        np.testing.assert_allclose(mine, wanted, atol=1e-6)


def test_scaled_losses_may_be_functions_and_gradients_may_be_missing_or_rows():
    optimizer = optimizers.LossScaleOptimizer("sgd", initial_scale=8.0)
    assert float(optimizer.get_scaled_loss(lambda: tf.constant(2.0))()) == 16.0
    rows = tf.IndexedSlices(tf.constant([[8.0]]), tf.constant([1]), tf.constant([3, 1]))
    half, none, found = optimizer.get_unscaled_gradients([tf.constant(16.0, tf.float16), None, rows])
    assert half.dtype == tf.float16 and float(half) == 2.0 and none is None
    np.testing.assert_array_equal(tf.convert_to_tensor(found), [[0.0], [1.0], [0.0]])


def test_an_infinite_unscaled_gradient_is_left_out_and_the_scale_falls():
    optimizer, weight = optimizers.LossScaleOptimizer("sgd", initial_scale=8.0), tf.Variable(1.0)
    gradients = optimizer.get_unscaled_gradients([tf.constant(np.inf)])
    optimizer.apply_gradients(zip(gradients, [weight]))
    assert float(weight) == 1.0 and float(optimizer.loss_scale) == 4.0


def test_a_loss_scale_passes_settings_on():
    outer = optimizers.LossScaleOptimizer("sgd", clipnorm=0.5, use_ema=True, ema_momentum=0.5, weight_decay=0.1)
    inner = optimizers.SGD(clipnorm=0.5, use_ema=True, ema_momentum=0.5, weight_decay=0.1)
    assert (outer.clipnorm, outer.use_ema, outer.ema_momentum, outer.weight_decay) == (0.5, True, 0.5, 0.1)
    again = optimizers.deserialize(optimizers.serialize(outer))
    assert {**again.inner_optimizer.get_config(), "name": ""} == {**inner.get_config(), "name": ""}
    models = [line(optimizers.LossScaleOptimizer(optimizers.SGD(0.1), **kwargs)) for kwargs in ({}, {"clipvalue": 0.25})]
    models[0].optimizer.clipvalue = 0.25
    for model in models:
        model.fit(ONES, ONES, batch_size=8, verbose=0)
        np.testing.assert_allclose(weight_of(model), 0.025, rtol=1e-5)


@pytest.mark.parametrize("settings, message", [
    (dict(clipnorm=-1.0), "positive `clipnorm`"), (dict(clipnorm=1.0, clipvalue=1.0), "only one of"),
    (dict(ema_momentum=2), "between 0 and 1"), (dict(momentum=0.9), r"SGD\(momentum=...\)"),
])  # fmt: skip
def test_a_loss_scale_refuses_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        optimizers.LossScaleOptimizer("sgd", **settings)


# ---- subclasses as TensorFlow 2 writes them ---------------------------------------------------------


class Named(optimizers.Optimizer):
    def __init__(self, learning_rate=0.1, name="Named", **kwargs):
        super().__init__(name=name, **kwargs)
        self.learning_rate = learning_rate

    def update_step(self, gradient, variable, learning_rate):
        variable.assign_sub(learning_rate * gradient)


class Older(optimizers.Optimizer):
    def __init__(self, learning_rate=0.1, name="Older", **kwargs):
        super().__init__(name=name, **kwargs)
        self._learning_rate = self._build_learning_rate(learning_rate)

    def update_step(self, gradient, variable):
        variable.assign_sub(tf.cast(self.learning_rate, variable.dtype) * gradient)


class WithoutRate(optimizers.Optimizer):
    def __init__(self, size=0.1, name=None):
        super().__init__(name=name)
        self.size = size

    def update_step(self, gradient, variable):
        variable.assign_sub(self.size * gradient)


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("cls", [Named, Older, WithoutRate])
def test_subclasses_that_pass_on_only_a_name_train(cls, eager, tmp_path):
    model = line(cls(), run_eagerly=eager)
    model.fit(ONES, ONES, batch_size=2, epochs=2, verbose=0)
    np.testing.assert_allclose(weight_of(model), last_and_average(8)[0], rtol=1e-5)
    if cls is not WithoutRate:
        model.optimizer.learning_rate = 0.0
        model.fit(ONES, ONES, batch_size=2, verbose=0)
        np.testing.assert_allclose(weight_of(model), last_and_average(8)[0], rtol=1e-5)
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors", custom_objects={cls.__name__: cls})
    assert again.optimizer.get_config() == model.optimizer.get_config() and int(again.optimizer.iterations) == int(
        model.optimizer.iterations
    )


def test_a_schedule_may_be_set_later_too():
    model = line(Older(optimizers.schedules.PiecewiseConstantDecay([3], [0.1, 0.0])))
    model.fit(ONES, ONES, batch_size=2, epochs=2, verbose=0)
    np.testing.assert_allclose(weight_of(model), last_and_average(4)[0], rtol=1e-5)
