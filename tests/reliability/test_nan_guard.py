"""`fit(on_nan="raise")`: the step that is not finite has no effect, and the message says where it came from."""

import os

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, optimizers, set_seed
from engine.callbacks import Checkpoint
from engine.guards.nan_guard import NonFiniteError
from engine.saving import checkpoint, read_arrays
from layers import GRU, LSTM, BatchNormalization, Bidirectional, Dense, Dropout, Embedding

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
    return {path: state.variable.numpy().tobytes() for path, state in model.state().items()}


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


class Memory(Layer):
    """A layer with a generator of TensorFlow, and a variable that is no weight."""

    _untracked = Layer._untracked | {"memory"}

    def __init__(self):
        super().__init__()
        self.noise, self.memory = tf.random.Generator.from_seed(4), tf.Variable(0.0, trainable=False)

    def call(self, inputs):
        self.memory.assign_add(tf.reduce_mean(inputs))
        return inputs + self.noise.normal(tf.shape(inputs), stddev=0.1)


class Chain(Model):
    """Layers one after the other, built by the first batch."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def call(self, inputs):
        for layer in self.steps:
            inputs = layer(inputs)
        return inputs


def feeds(kind, x, y):
    """The same batches as arrays, a pipeline, a generator; the last two as `x` alone."""
    if kind == "arrays":
        return x, y
    pipeline = tf.data.Dataset.from_tensor_slices((x, y)).batch(8, drop_remainder=True)
    return (pipeline if kind == "dataset" else ((x[i : i + 8], y[i : i + 8]) for i in range(0, len(x), 8))), None


KINDS = ["arrays", "dataset", "generator"]


@pytest.mark.parametrize(
    ("compile", "kind"),
    [*(({way: way == "run_eagerly"}, kind) for way in ("run_eagerly", "jit_compile") for kind in KINDS), ({"jit_compile": True}, "arrays")],
)
def test_kept_states_are_put_back(compile, kind, tmp_path, monkeypatch):
    """Those of recurrent layers go on from batch to batch: what a bad batch made of them would spoil all later ones."""

    def recurrent():
        set_seed(1)
        layers = [LSTM(3, stateful=True, return_sequences=True), Memory(), Bidirectional(GRU(2, stateful=True)), Dense(2)]
        if compile.get("run_eagerly"):
            return Chain(layers)  # the data tell the rows
        return Sequential([Input(batch_shape=(8, 4, 3)), *layers])

    monkeypatch.chdir(tmp_path)
    x = RNG.normal(size=(40, 4, 3)).astype("f4")
    arguments = {"on_nan": "raise", "compile": compile, "batch_size": 8 if kind == "arrays" else None}
    model, run = fit(*feeds(kind, np.where(np.arange(40)[:, None, None] == BAD, np.nan, x).astype("f4"), Y), recurrent(), **arguments)
    with pytest.raises(NonFiniteError, match="in step 3 of epoch 1"):
        run()
    other, run = fit(*feeds(kind, x[:16], Y[:16]), recurrent(), **arguments)
    run()
    assert bits(model) == bits(other)
    states = [path for path, state in model.state().items() if state.kind == "kept"]
    assert len(states) == 5 and all(np.any(model.state()[path].variable.numpy()) for path in states)


@pytest.mark.parametrize("eager", [True, False])
def test_a_second_optimizer_is_put_back_with_what_it_moves(eager, tmp_path, monkeypatch):
    class Two(Model):
        def __init__(self):
            super().__init__()
            self.body, self.head = Dense(3), Dense(2)
            self.other = optimizers.SGD(0.1, momentum=0.9)

        def call(self, inputs):
            return self.head(self.body(inputs))

        def train_step(self, data):
            x, y = data
            y_pred, _, gradients = self.step_gradients(x, y)
            self.apply_step([pair for pair in gradients if pair[1] is self.head.kernel])
            self.other.apply_gradients([pair for pair in gradients if pair[1] is self.body.kernel])
            return self.compute_metrics(x, y, y_pred)

    monkeypatch.chdir(tmp_path)
    x, y = poisoned()
    set_seed(1)
    model, run = fit(x, y, Two(), on_nan="raise", compile={"run_eagerly": eager})
    with pytest.raises(NonFiniteError, match="in step 3 of epoch 1"):
        run()
    set_seed(1)
    other, run = fit(x[:16], y[:16], Two(), on_nan="raise", compile={"run_eagerly": eager})
    run()
    assert bits(model) == bits(other) and np.any(model.other.variables[-1].numpy())


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
                self.apply_step(self.tape_gradients(tape, loss))
            else:
                gradients = tape.gradient(loss, self.trainable_weights)
                self.optimizer.apply_gradients(zip(gradients, self.trainable_weights))
            return {"loss": loss}

    fit(X, Y, Own(True), on_nan="raise")[1]()
    with pytest.raises(ValueError, match="on_nan= needs a train_step.. that gets its gradients from self.tape_gradients"):
        fit(X, Y, Own(False), on_nan="raise")[1]()


def test_unknown_value():
    with pytest.raises(ValueError, match='on_nan is None or "raise", received "?\'?stop'):
        fit(X, Y, on_nan="stop")[1]()
