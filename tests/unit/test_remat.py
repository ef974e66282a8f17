"""A rematerialised layer computes what the layer computes, twice, and keeps less."""

import sys

import forked
import graphs
import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, set_seed
from engine.saving import load_model
from layers import LSTM, BatchNormalization, Dense, Dropout, Embedding, Masking, Remat

RNG = np.random.default_rng(0)
X = RNG.normal(size=(9, 5)).astype("float32")
Y = RNG.normal(size=(9, 2)).astype("float32")
HOW = {"eager": dict(run_eagerly=True), "compiled": dict(jit_compile=False), "xla": dict(jit_compile=True)}


class Everything(Layer):
    """Raw variables, random numbers inside, a loss, a metric, state that moves."""

    def __init__(self):
        super().__init__()
        self.dropout = Dropout(0.4, seed=3)

    def build(self, input_shape):
        self.w = tf.Variable(tf.cast(tf.linspace(0.5, 1.5, input_shape[-1]), self.dtype))
        self.calls = tf.Variable(tf.zeros((), self.dtype), trainable=False)

    def call(self, inputs, training=False):
        self.calls.assign_add(1.0)
        outputs = tf.tanh(self.dropout(inputs * self.w, training=training)) + 0.1 * self.calls
        self.add_loss(0.3 * tf.reduce_mean(outputs**2))
        self.add_metric(tf.reduce_mean(outputs), name="level")
        return outputs


def block():
    return Sequential([Dense(7, activation="gelu", kernel_regularizer="l2"), BatchNormalization(), Everything(), Dense(5)])


def made(wrap, blocks=2, **how):
    set_seed(0)
    model = Sequential([*(wrap(block()) for _ in range(blocks)), Dense(2)])
    model.compile("adam", "mse", **how)
    return model


def plain(layer):
    return layer


def twice_wrapped(layer):
    return Remat(Remat(layer))


@pytest.mark.parametrize(("how", "wrap"), [*((how, Remat) for how in HOW), ("compiled", twice_wrapped)])
def test_training_is_the_same(how, wrap, in_float64):
    """Losses, metrics, gradients, moving statistics, counters of random numbers."""
    models = [made(kind, **HOW[how]) for kind in (plain, wrap)]
    rows = 8 if how == "xla" else 9  # a rest is one more shape to compile
    logs = [model.fit(X[:rows], Y[:rows], batch_size=4, epochs=3, shuffle=False, verbose=0).history for model in models]
    for one, other in zip(models[0].variables, models[1].variables, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)
    for one, other in zip(logs[0].values(), logs[1].values(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)
    assert "level" in logs[1] and len(logs[1]) == len(logs[0])
    np.testing.assert_allclose(models[0].predict(X), models[1].predict(X), atol=1e-10)


def before(nodes, name):
    """The names of all nodes that come before one."""
    found, left = set(), [name]
    while left:
        names = {item.lstrip("^").partition(":")[0] for item in nodes[left.pop()].input} - found
        found |= names
        left += names
    return found


class Recomputed(Layer):
    """A user's own way to Remat."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def build(self, input_shape):
        self.layer.build(input_shape)

    def call(self, inputs):
        return tf.recompute_grad(self.layer)(inputs)


@pytest.mark.parametrize("wrap", [Remat, twice_wrapped, Recomputed])
def test_a_weight_is_updated_after_it_was_read_again(wrap):
    """Also where the optimizer of TensorFlow's graphs has dropped edges for which it saw longer paths, and then those paths."""
    model = Sequential([wrap(Sequential([Dense(7, activation="gelu"), Dense(5)])), Dense(2)])
    model.compile("sgd", "mse", jit_compile=False)
    ran = graphs.optimized(lambda: model.train_on_batch(X, Y))
    written = 0
    for nodes in ran:
        for write in (node for node in nodes.values() if node.op == "AssignVariableOp"):
            reads = {node.name for node in nodes.values() if node.op == "ReadVariableOp" and node.input[0] == write.input[0]}
            written += len(reads) > 1
            assert reads <= before(nodes, write.name), reads - before(nodes, write.name)
    assert written >= 6


def test_gradients_are_equal_and_reach_the_inputs():
    found = []
    for wrap in (plain, Remat):
        model, x = made(wrap), tf.constant(X)
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = model(x, training=True)
            loss = tf.reduce_sum(outputs * Y) + sum(model.losses)
        found.append([loss, outputs, *tape.gradient(loss, [x, *model.trainable_weights])])
    assert len(found[0]) == 3 + 16
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


def test_the_layer_is_computed_again_and_its_state_moves_once():
    calls = []

    class Counting(Everything):
        def call(self, inputs, training=False):
            calls.append(self.dropout.seed_generator.state.read_value())
            return super().call(inputs, training)

    layer = Remat(Counting())
    layer(X[:1])
    calls.clear()
    before = float(layer.layer.calls)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(X, training=True))
    tape.gradient(loss, layer.trainable_weights)
    assert len(calls) == 2
    np.testing.assert_array_equal(*calls)  # from the same random state
    assert float(layer.layer.calls) - before == 1.0
    np.testing.assert_array_equal(layer.layer.dropout.seed_generator.state, calls[0] + [0, 1])


def test_a_layer_called_twice_gives_both_its_losses():
    class Twice(Layer):
        def __init__(self, wrap):
            super().__init__()
            self.inner = wrap(Everything())

        def call(self, inputs):
            return self.inner(self.inner(inputs))

    losses = []
    for wrap in (plain, Remat):
        layer = Twice(wrap)
        layer(X[:1])
        with tf.GradientTape() as tape:
            layer(X)
            total = sum(layer.losses)
        losses.append([len(layer.losses), total, *tape.gradient(total, layer.trainable_weights)])
    np.testing.assert_allclose(losses[0][1], losses[1][1], rtol=1e-6)
    assert losses[0][0] == losses[1][0] == 2
    np.testing.assert_allclose(losses[0][2], losses[1][2], rtol=1e-5)


def test_masks_pass_and_integers_too():
    words = np.array([[1, 2, 0], [3, 0, 0]])
    outputs = []
    for wrap in (plain, Remat):
        set_seed(3)
        model = Sequential([wrap(Embedding(5, 4, mask_zero=True)), wrap(Masking(-9.0)), LSTM(3)])
        model.compile("sgd", "mse")
        model.fit(words, np.ones((2, 3)), epochs=2, verbose=0)
        outputs.append(model.predict(words))
    np.testing.assert_allclose(*outputs, atol=1e-6)


def test_in_a_graph_by_config_in_files_and_frozen(tmp_path):
    x = Input((5,))
    model = Model(x, Remat(Dense(4, activation="gelu"), name="again")(x) * 2.0)
    model.compile("sgd", "mse")
    model.fit(X, RNG.normal(size=(9, 4)), verbose=0)
    assert [weight.path for weight in model.named_weights()] == ["layers.1.layer.kernel", "layers.1.layer.bias"]
    model.save(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(load_model(tmp_path / "model.safetensors").predict(X), model.predict(X))
    model.layers[1].trainable = False
    assert model.trainable_weights == []
    half = Remat(Dense(4), dtype="mixed_bfloat16")
    assert half(X).dtype == tf.float32  # the layer inside has a policy of its own


def test_nests_of_inputs_and_outputs():
    class Two(Layer):
        def build(self, input_shape):
            self.w = tf.Variable(2.0)

        def call(self, inputs):
            return {"sum": self.w * inputs["a"] + inputs["b"], "product": [inputs["a"] * inputs["b"] * self.w]}

    layer, inputs = Remat(Two()), {"a": tf.constant(X), "b": tf.constant(X[:, ::-1])}
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        found = layer(inputs)
        loss = tf.reduce_sum(found["sum"] ** 2) + tf.reduce_sum(found["product"][0] ** 2)
    by_inputs, by_w = tape.gradient(loss, [inputs, layer.layer.w])
    a, b = X, X[:, ::-1]
    np.testing.assert_allclose(by_w, np.sum(2 * (2 * a + b) * a + 2 * 2 * (a * b) ** 2), rtol=1e-5)
    np.testing.assert_allclose(by_inputs["b"], 2 * (2 * a + b) + 8 * a**2 * b, rtol=1e-4, atol=1e-5)


PEAK = """
import pathlib
import re
import sys

import numpy as np

from engine import Sequential
from layers import Dense, Remat

x = np.random.default_rng(0).normal(size=(4096, 64)).astype("float32")
blocks = [Sequential([Dense(1024, activation="gelu"), Dense(64)]) for _ in range(12)]
model = Sequential([*map(Remat, blocks), Dense(1)] if sys.argv[1] == "remat" else [*blocks, Dense(1)])
model.compile("sgd", "mse", jit_compile=False)

def megabytes(field):
    return int(re.search(field + r":\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) / 1024

model.fit(x[:2], x[:2, :1], verbose=0)
pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
before = megabytes("VmRSS")
model.fit(x, x[:, :1], batch_size=4096, verbose=0)
print(megabytes("VmHWM") - before)
"""


def grown(kind):
    """By how many MB the peak of a process grows in one step of a deep model."""
    return float(forked.output("-c", PEAK, kind, timeout=200))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read as Linux tells it")
def test_peak_memory_is_lower():
    kept, again = grown("plain"), grown("remat")
    assert kept > 300 and again < 0.4 * kept  # the inner values of 12 blocks are 12 · 2 · 16 MB
