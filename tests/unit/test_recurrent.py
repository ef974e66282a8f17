"""Layers over time, beyond the parity tables: backward passes by hand, compiled loops, cells of one's own."""

import numpy as np
import pytest
import tensorflow as tf

from engine.core.layer import Layer
from layers import GRU, LSTM, RNN, Bidirectional, ConvLSTM2D, Dense, GRUCell, LSTMCell, SimpleRNN, TimeDistributed
from losses.ground.masks import set_mask

MASK = np.array([[1, 1, 1, 1, 1], [0, 1, 0, 1, 0], [0, 0, 0, 0, 0]], bool)
UNITS = 2


class Doubled(Layer):
    """A cell of one's own, whose output is not its state."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units
        self.output_size = 2 * units

    def build(self, input_shape):
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units))
        self.recurrent_kernel = self.add_weight(name="recurrent_kernel", shape=(self.units, self.units))

    def call(self, inputs, states):
        h = tf.tanh(inputs @ self.kernel + states[0] @ self.recurrent_kernel)
        return tf.concat([h, 2 * h], axis=-1), [h]


def sequences(seed=0):
    return tf.constant(np.random.default_rng(seed).normal(size=(3, 5, 4)))


def cotangents(outputs):
    rng = np.random.default_rng(7)
    return [rng.normal(size=output.shape) for output in tf.nest.flatten(outputs)]


def outputs_and_gradients(layer, x, given, **call):
    """Outputs, and first and second derivatives under fixed cotangents."""
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = tf.nest.flatten(layer(x, **call))
            target = tf.add_n([tf.reduce_sum(output * one) for output, one in zip(outputs, given)])
        first = tape.gradient(target, [x, *layer.trainable_weights])
        again = tf.add_n([tf.reduce_sum(gradient**2) for gradient in first])
    return [*outputs, *first, *outer.gradient(again, [x, *layer.trainable_weights])]


def assert_same(ours, others, rtol=1e-10):
    assert len(ours) == len(others)
    for one, other in zip(ours, others):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol)


# ---------------------------------------------------------------- the backward passes written by hand


@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "masked"])
@pytest.mark.parametrize("flags", [{}, {"return_sequences": True, "return_state": True}, {"go_backwards": True}],
                         ids=["last", "everything", "backwards"])  # fmt: skip
@pytest.mark.parametrize("cls", [LSTM, GRU])
def test_fused_equals_automatic(cls, flags, mask, monkeypatch):
    layer = cls(UNITS, dtype="float64", bias_initializer="random_normal", **flags)
    x = sequences()
    given = cotangents(layer(x))
    call = {"training": True, "mask": mask}
    fused = outputs_and_gradients(layer, x, given, **call)
    ran = []
    monkeypatch.setattr(type(layer.cell), "can_fuse", lambda *_: ran.append(True) and False)
    assert_same(fused, outputs_and_gradients(layer, x, given, **call))
    assert ran


@pytest.mark.parametrize("cls", [LSTM, GRU])
def test_fused_in_a_compiled_loop(cls):
    """The graph's loops, first and second order, with known and unknown sizes, are those of eager mode."""
    layer = cls(UNITS, dtype="float64", return_sequences=True)
    x = sequences()
    given = cotangents(layer(x))

    def run(x):
        return outputs_and_gradients(layer, x, given, training=True, mask=tf.constant(MASK))

    eager = run(x)
    assert_same(eager, tf.function(run, autograph=False)(x))
    unknown = tf.TensorSpec((None, None, 4), tf.float64)
    assert_same(eager, tf.function(run, autograph=False, input_signature=[unknown])(x))


@pytest.mark.parametrize("compiled", [None, {}, {"jit_compile": True}], ids=["eager", "graph", "xla"])
@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("cls", [LSTM, GRU])
def test_fused_on_few_rows(cls, rows, compiled, monkeypatch):
    """Half of one row is none; the halves of a batch see their own rows of the mask, the states and the dropout."""
    layer = cls(UNITS, dtype="float64", dropout=0.5, seed=3, return_sequences=True, return_state=True)
    x, mask = sequences()[-rows:], tf.constant(MASK[-rows - 1 : -1])
    states = [tf.constant(np.random.default_rng(5).normal(size=(rows, UNITS))) for _ in layer.cell.get_initial_state(1)]
    given = cotangents(layer(x))
    (seed,) = [variable for variable in layer.variables if variable.dtype == tf.int64]
    start = seed.numpy()

    def run(x):
        with tf.GradientTape() as tape:
            tape.watch([x, *states])
            outputs = tf.nest.flatten(layer(x, initial_state=states, training=True, mask=mask))
            target = tf.add_n([tf.reduce_sum(output * one) for output, one in zip(outputs, given)])
        return [*outputs, *tape.gradient(target, [x, *states, *layer.trainable_weights])]

    fused = (run if compiled is None else tf.function(run, autograph=False, **compiled))(x)
    seed.assign(start)
    monkeypatch.setattr(type(layer.cell), "can_fuse", lambda *_: False)
    assert_same(fused, run(x))


# ---------------------------------------------------------------- loops in graphs


def make(kind):
    return {
        "simple": lambda: SimpleRNN(UNITS, return_sequences=True, dropout=0.3, recurrent_dropout=0.2, seed=1),
        "lstm": lambda: LSTM(UNITS, recurrent_dropout=0.2, seed=1, return_state=True),
        "gru": lambda: GRU(UNITS, reset_after=False, dropout=0.2, seed=1),
        "fused": lambda: LSTM(UNITS, dropout=0.2, seed=1),
        "stacked": lambda: RNN([LSTMCell(UNITS), Doubled(3), GRUCell(UNITS)], return_state=True),
        "own": lambda: RNN(Doubled(UNITS), return_sequences=True),
        "both": lambda: Bidirectional(GRU(UNITS, return_sequences=True)),
    }[kind]()


@pytest.mark.parametrize("compiled", [{}, {"jit_compile": True}], ids=["graph", "xla"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kind", ["simple", "lstm", "gru", "fused", "stacked", "own", "both"])
def test_compiled_equals_eager(kind, masked, compiled):
    x = tf.cast(sequences(), tf.float32)
    mask = tf.constant(MASK) if masked else None
    layer = make(kind)
    given = cotangents(layer(x))
    seeds = [variable for variable in layer.variables if variable.dtype == tf.int64]
    start = [seed.numpy() for seed in seeds]

    def run(x):
        with tf.GradientTape() as tape:
            outputs = tf.nest.flatten(layer(x, training=True, mask=mask))
            target = tf.add_n([tf.reduce_sum(output * one) for output, one in zip(outputs, given)])
        return [*outputs, *tape.gradient(target, layer.trainable_weights)]

    results = []
    for function in (run, tf.function(run, autograph=False, **compiled)):
        for seed, value in zip(seeds, start):
            seed.assign(value)
        results.append(function(x))
    assert_same(*results, rtol=1e-5)


def test_unroll_needs_a_known_number_of_steps():
    layer = GRU(UNITS, unroll=True)
    layer(sequences())
    with pytest.raises(ValueError, match="unroll=True needs a known number of steps"):
        tf.function(layer, input_signature=[tf.TensorSpec((None, None, 4))]).get_concrete_function()


# ---------------------------------------------------------------- states, cells, axes


def test_stateful_goes_on_until_it_is_reset():
    x = tf.cast(sequences(), tf.float32)
    layer = LSTM(UNITS, stateful=True)
    whole = LSTM(UNITS)
    layer(x), whole(x)
    whole.set_weights(layer.get_weights())
    layer.reset_state()
    layer(x[:, :2])
    np.testing.assert_allclose(layer(x[:, 2:]), whole(x), rtol=1e-5)
    layer.reset_states()
    np.testing.assert_allclose(layer(x), whole(x), rtol=1e-5)
    assert len(layer.weights) == 3
    with pytest.raises(ValueError, match="keeps states for a batch of 3"):
        layer(x[:2])


def test_stateful_needs_a_batch_size():
    with pytest.raises(ValueError, match="known batch size"):
        GRU(UNITS, stateful=True).build((None, 5, 4))


def test_dropout_masks_are_those_of_all_steps():
    """With an identity as cell, a dropped feature is dropped in each step."""
    layer = SimpleRNN(
        4, "linear", use_bias=False, kernel_initializer="identity", recurrent_initializer="zeros", dropout=0.5, seed=3,
        return_sequences=True,
    )  # fmt: skip
    outputs = layer(tf.ones((3, 5, 4)), training=True).numpy()
    assert set(np.unique(outputs)) == {0.0, 2.0}
    assert (outputs == outputs[:, :1]).all()
    assert not (outputs == layer(tf.ones((3, 5, 4)), training=True).numpy()).all()


def test_mask_and_initial_state_together():
    """A travelling mask counts, also beside an initial state."""
    layer = GRU(UNITS)
    x, state = tf.cast(sequences(), tf.float32), tf.ones((3, UNITS))
    by_hand = layer(x, initial_state=state, mask=MASK)
    set_mask(x, tf.constant(MASK))
    np.testing.assert_array_equal(layer(x, initial_state=state), by_hand)
    assert (layer(x, initial_state=state)[2] == 0).numpy().all()


def test_activity_regularizer_of_simple_rnn():
    layer = SimpleRNN(UNITS, activity_regularizer="l2")
    output = layer(sequences())
    np.testing.assert_allclose(layer.losses, [0.01 * tf.reduce_sum(output**2) / 3], rtol=1e-5)


def test_cell_arguments_are_the_layers():
    layer = LSTM(UNITS, dropout=0.25)
    assert (layer.units, layer.dropout, layer.cell.units) == (UNITS, 0.25, UNITS)
    with pytest.raises(AttributeError, match="no attribute 'unit'"):
        layer.unit  # noqa: B018


def test_subclass_of_a_cell_with_its_own_call_is_called():
    class Negative(GRUCell):
        def call(self, inputs, states, training=False):
            output, states = super().call(inputs, states, training)
            return -output, states

    x = tf.cast(sequences(), tf.float32)
    ours, plain = RNN(Negative(UNITS)), RNN(GRUCell(UNITS))
    ours(x), plain(x)
    ours.set_weights(plain.get_weights())
    np.testing.assert_allclose(ours(x), -plain(x), rtol=1e-6)


def test_bidirectional_copies_layer_and_takes_weights():
    layer = GRU(UNITS)
    x = tf.cast(sequences(), tf.float32)
    one = Bidirectional(layer)
    one(x)
    assert layer.built is False
    other = Bidirectional(layer, weights=one.get_weights())
    np.testing.assert_array_equal(other(x), one(x))
    backwards = Bidirectional(GRU(UNITS, go_backwards=True))
    assert (backwards.forward_layer.go_backwards, backwards.backward_layer.go_backwards) == (True, False)


def test_conv_lstm_channels_first():
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 3, 5, 6, 4)), tf.float32)
    last = ConvLSTM2D(UNITS, 3, strides=(1, 2), return_sequences=True)
    first = ConvLSTM2D(UNITS, 3, strides=(1, 2), return_sequences=True, data_format="channels_first")
    turned = tf.transpose(x, (0, 1, 4, 2, 3))
    last(x), first(turned)
    first.set_weights([weight * 1.5 for weight in last.get_weights()])
    last.set_weights(first.get_weights())
    np.testing.assert_allclose(first(turned), tf.transpose(last(x), (0, 1, 4, 2, 3)), rtol=1e-5, atol=1e-6)


def test_time_distributed_on_unknown_sizes():
    layer = TimeDistributed(Dense(3))
    x = tf.cast(sequences(), tf.float32)
    expected = tf.stack([layer.layer(x[:, step]) for step in range(5)], axis=1)
    compiled = tf.function(layer, autograph=False, input_signature=[tf.TensorSpec((None, None, 4))])
    np.testing.assert_allclose(compiled(x), expected, rtol=1e-6)
