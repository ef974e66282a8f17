"""`fit(on_nan="raise")`: the step that is not finite has no effect, and the message says where it came from."""

import os

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, set_seed
from engine.callbacks import Checkpoint
from engine.guards.nan_guard import NonFiniteError
from engine.saving import checkpoint, read_arrays
from engine.saving.state import optimizer_state_of, seeds_of
from layers import BatchNormalization, Dense, Dropout, Embedding

RNG = np.random.default_rng(2)
X, Y = RNG.normal(size=(40, 3)).astype("f4"), RNG.uniform(size=(40, 2)).astype("f4")
BAD = 21  # the row with a NaN: in the third batch of 8


class Root(Layer):
    """√|x|, whose derivative at 0 is infinite."""

    def call(self, inputs):
        return tf.sqrt(tf.abs(inputs))


def network(last=Dense):
    return Sequential([Input((3,)), Dense(4, activation="relu"), BatchNormalization(), Dropout(0.2), last(2, name="head")])


def bits(model):
    variables = [*model.weights, *optimizer_state_of(model).values(), *seeds_of(model).values()]
    return [variable.numpy().tobytes() for variable in variables]


def poisoned(y=False):
    x, labels = X.copy(), Y.copy()
    (labels if y else x)[BAD, 1] = np.nan
    return x, labels


def fit(x, y, model=None, **arguments):
    set_seed(1)
    model = model or network()
    model.compile("adam", "mse", metrics=["mae"], **{"jit_compile": False, **arguments.pop("compile", {})})
    arguments = {"batch_size": 8, "shuffle": False, "verbose": 0, **arguments}
    return model, (lambda: model.fit(x, y, **arguments))


@pytest.mark.parametrize("compile", [{"run_eagerly": True}, {"jit_compile": False}, {"jit_compile": True}])
def test_the_model_is_as_after_the_step_before(compile, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x, y = poisoned()
    model, run = fit(x, y, on_nan="raise", compile=compile)
    with pytest.raises(NonFiniteError, match=r"in step 3 of epoch 1. `x` of the batch is not finite in its rows \[5\]. "
                       r"First was the output of 'layers.0' \(Dense .*The term 'data_loss' of the loss") as found:  # fmt: skip
        run()
    other, run = fit(x[:16], y[:16], on_nan="raise", compile=compile)
    run()
    assert bits(model) == bits(other)
    assert np.array_equal(found.value.batch[0], x[16:24], equal_nan=True)
    saved = read_arrays(found.value.path)
    assert np.array_equal(saved["x"], x[16:24], equal_nan=True) and np.array_equal(saved["y"], y[16:24])
    assert os.listdir(tmp_path) == ["nan-batch.safetensors"]
    run = fit(X, Y, model, compile=compile)[1]  # and it can be fitted again
    assert np.isfinite(run().history["loss"]).all()


def test_labels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NonFiniteError, match=r"`y` of the batch .* rows \[5\]. The term 'data_loss' of the loss is not finite"):
        fit(*poisoned(y=True), on_nan="raise")[1]()


def test_an_infinite_gradient_of_a_finite_loss(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = Sequential([Input((3,)), Dense(2, kernel_initializer="zeros"), Root()])
    with pytest.raises(NonFiniteError, match=r"loss are finite \(.*the gradients of \['layers.0.kernel', 'layers.0.bias'\] are"):
        fit(X, Y, model, on_nan="raise")[1]()


def test_a_term_of_a_layer(tmp_path, monkeypatch):
    class Logged(Layer):
        def call(self, inputs):
            self.add_loss(tf.reduce_mean(tf.math.log(inputs - inputs)) * 0.1)
            return inputs

    monkeypatch.chdir(tmp_path)
    model = Sequential([Input((3,)), Logged(), Dense(2)])
    with pytest.raises(NonFiniteError, match="The term 'layers.0.add_loss' of the loss is not finite"):
        fit(X, Y, model, on_nan="raise")[1]()


@pytest.mark.parametrize("kind", ["dataset", "generator"])
def test_streams(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x, y = poisoned()
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
    data = data if kind == "dataset" else ((x[i : i + 8], y[i : i + 8]) for i in range(0, 40, 8))
    with pytest.raises(NonFiniteError, match=r"step 3 of epoch 1. `x` of the batch is not finite in its rows \[5\]"):
        fit(data, None, on_nan="raise", batch_size=None)[1]()


def test_sparse_gradients(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = Sequential([Input((3,), dtype="int32"), Embedding(7, 2), Dense(2)])
    x = RNG.integers(0, 7, (40, 3))
    y = np.where(np.arange(40)[:, None, None] == BAD, np.inf, np.ones((40, 3, 2)))
    with pytest.raises(NonFiniteError, match="step 3 of epoch 1"):
        fit(x, y, model, on_nan="raise")[1]()


def test_numbers_are_those_without_the_guard():
    ends = []
    for on_nan in (None, "raise"):
        model, run = fit(X, Y, on_nan=on_nan, epochs=3, shuffle=True, compile={"jit_compile": False})
        ends.append((run().history, bits(model)))
    assert ends[0] == ends[1]


def test_the_last_good_checkpoint_stays_and_the_batch_is_beside_it(tmp_path):
    x, y = poisoned()
    model, run = fit(x, y, on_nan="raise", callbacks=[Checkpoint(tmp_path, every_steps=1, keep=1)])
    with pytest.raises(NonFiniteError):
        run()
    assert checkpoint.names(tmp_path) == ["00000000-00000002"]
    assert (tmp_path / "nan-batch.safetensors").exists()
    arrays = checkpoint.newest(tmp_path)[1]
    assert np.array_equal(arrays["layers.3.kernel"], model.layers[-1].kernel.numpy())


def test_where_nothing_can_be_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("nan-batch.safetensors")
    with pytest.raises(NonFiniteError, match="could not be saved.*it is this error's `batch`") as found:
        fit(*poisoned(), on_nan="raise")[1]()
    assert found.value.path is None and found.value.batch[1].shape == (8, 2)


def test_a_step_of_ones_own():
    class Own(Model):
        def __init__(self, honest):
            super().__init__()
            self.head, self.honest = Dense(2), honest

        def call(self, inputs):
            return self.head(inputs)

        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(x) - y) ** 2)
            if self.honest:
                self.apply(self.gradients(tape, loss))
            else:
                gradients = tape.gradient(loss, self.trainable_weights)
                self.optimizer.apply_gradients(zip(gradients, self.trainable_weights))
            return {"loss": loss}

    fit(X, Y, Own(True), on_nan="raise")[1]()
    with pytest.raises(ValueError, match="on_nan= needs a train_step.. that gets its gradients from self.gradients"):
        fit(X, Y, Own(False), on_nan="raise")[1]()


def test_unknown_value():
    with pytest.raises(ValueError, match='on_nan is None or "raise", received "?\'?stop'):
        fit(X, Y, on_nan="stop")[1]()
