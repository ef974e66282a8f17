"""The step page draws what flows where, and nothing else: graphs whose edges are known."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential
from layers import (
    GRU, LSTM, Activation, Add, Bidirectional, Concatenate, Dense, Dropout, Embedding, Flatten, Lambda, MultiHeadAttention, TimeDistributed,
)  # fmt: skip

RNG = np.random.default_rng(3)


def x_of(*shape):
    return RNG.normal(size=shape).astype("float32")


class Own(Model):
    """A model whose layers are attributes, and whose `call` is the function `way`."""

    def __init__(self, way, **layers):
        super().__init__()
        self.way = way
        for name, layer in layers.items():
            setattr(self, name, layer)

    def call(self, inputs):
        return self.way(self, inputs)


def dense(*names, units=3):
    return {name: Dense(units) for name in names}


def parallel(m, i):
    return m.out(tf.nn.relu(m.a(i) * m.b(i)) + m.c(i))


def residual(m, i):
    h = m.first(i)
    return m.out(h + m.second(h))


def twice(m, i):
    return m.out(m.shared(m.shared(i)) + m.a(i))


@tf.function
def gated(a, b):
    return tf.sigmoid(a) * b


def through_a_function(m, i):
    return m.out(gated(m.a(i), m.b(i)))


def through_identities(m, i):
    h = m.a(i)
    return m.out(tf.concat([h, m.same(h), m.nothing(h)], -1))


def with_a_side_way(m, i):
    h = m.a(i)
    m.add_loss(tf.reduce_mean(m.side(h)))
    return m.out(h)


def through_shapes_alone(m, i):
    return m.out(m.a(i) + tf.zeros_like(m.b(i)) + tf.reshape(i, tf.shape(m.c(i))))


def through_numpy(m, i):
    return m.out(m.a(i) + m.b(tf.constant(m.c(i).numpy())))


def in_a_loop(m, i):
    h = m.a(i)
    for _ in tf.range(2):
        h = h + m.b(i)
    return m.out(h)


def split_and_joined(m, i):
    left, right = tf.split(m.a(i), [1, 2], axis=-1)
    return m.out(tf.concat([m.b(left), right], -1))


def of_inputs(m, i):
    return m.out(tf.concat([m.a(i["left"]), m.b(i["right"])], -1))


def straight(names):
    return set(zip(["input", *names], [*names, "loss"]))


OF_SUBCLASSES = {
    "parallel branches": (parallel, dense("a", "b", "c", "out"), {
        ("input", "a"), ("input", "b"), ("input", "c"), ("a", "out"), ("b", "out"), ("c", "out"), ("out", "loss")}),
    "a residual by +": (residual, dense("first", "second", "out"), {
        ("input", "first"), ("first", "second"), ("first", "out"), ("second", "out"), ("out", "loss")}),
    "a layer called twice": (twice, dense("shared", "a", "out"), {
        ("input", "shared"), ("shared", "shared (2)"), ("input", "a"), ("shared (2)", "out"), ("a", "out"), ("out", "loss")}),
    "a tf.function of one's own": (through_a_function, dense("a", "b", "out"), {
        ("input", "a"), ("input", "b"), ("a", "out"), ("b", "out"), ("out", "loss")}),
    "layers that return what they are given": (
        through_identities, {**dense("a", "out"), "same": Activation("linear"), "nothing": Dropout(0.0)}, {
            ("input", "a"), ("a", "same"), ("a", "nothing"), ("a", "out"), ("same", "out"), ("nothing", "out"), ("out", "loss")}),
    "a loss on the side": (with_a_side_way, dense("a", "side", "out"), {
        ("input", "a"), ("a", "side"), ("a", "out"), ("side", "loss"), ("out", "loss")}),
    "shapes alone": (through_shapes_alone, dense("a", "b", "c", "out"), {
        ("input", "a"), ("input", "b"), ("input", "c"), ("a", "out"), ("input", "out"), ("out", "loss")}),
    "through NumPy": (through_numpy, dense("a", "b", "c", "out"), {
        ("input", "a"), ("input", "c"), ("a", "out"), ("b", "out"), ("out", "loss")}),
    "in a loop": (in_a_loop, dense("a", "b", "out"), {
        ("input", "a"), ("input", "b"), ("input", "b (2)"), ("a", "out"), ("b", "out"), ("b (2)", "out"), ("out", "loss")}),
    "split and joined": (split_and_joined, dense("a", "b", "out"), {
        ("input", "a"), ("a", "b"), ("a", "out"), ("b", "out"), ("out", "loss")}),
}  # fmt: skip


def step_of(model, x, y):
    model.compile("sgd", "mse", run_eagerly=True)
    return model.inspect_step(x, y)


@pytest.mark.filterwarnings("ignore:.*no gradient for")
@pytest.mark.parametrize("name", OF_SUBCLASSES)
def test_edges_of_a_subclass(name):
    way, layers, edges = OF_SUBCLASSES[name]
    model = Own(way, **layers)
    found = step_of(model, x_of(4, 3), x_of(4, 3)).edges
    assert set(found) == edges and len(found) == len(edges)
    assert "call" not in vars(model) and not tf.config.functions_run_eagerly()


def named(step):
    """The edges by the names of layers, for models whose paths are numbers."""
    names = {call.name: call.layer.name + call.name.partition(" ")[2] for call in step.calls}
    return {(names.get(source, source), names.get(end, end)) for source, end in step.edges}


def test_edges_of_the_readmes_graph():
    inputs = Input((8,), name="x")
    hidden = Dense(16, activation="relu", name="hidden")(inputs)
    model = Model(inputs, Dense(2, name="head")(tf.concat([hidden, inputs * 0.5], axis=-1)))
    step = step_of(model, x_of(4, 8), x_of(4, 2))
    assert named(step) == {("x", "hidden"), ("hidden", "head"), ("x", "head"), ("head", "loss")}


def test_edges_of_attention():
    inputs = Input((5, 6), name="x")
    attention = MultiHeadAttention(2, 4, name="attention")
    model = Model(inputs, Dense(2, name="head")(attention(inputs, inputs)))
    attention.dropout_layer.name = "dropout"
    assert named(step_of(model, x_of(4, 5, 6), x_of(4, 5, 2))) == {
        ("x", "query"), ("x", "key"), ("x", "value"), ("query", "dropout"), ("key", "dropout"), ("dropout", "attention_output"),
        ("value", "attention_output"), ("attention_output", "head"), ("head", "loss"),
    }  # fmt: skip


def test_edges_of_a_transformer_with_masks():
    words = Input((7,), dtype="int32", name="words")
    embedded = Embedding(9, 6, mask_zero=True, name="embed")(words)
    left, right = LSTM(4, name="left")(embedded), GRU(4, name="right")(embedded)
    model = Model(words, Dense(2, name="head")(left + right))
    step = step_of(model, RNG.integers(0, 9, (4, 7)), x_of(4, 2))
    assert named(step) == {("words", "embed"), ("embed", "left"), ("embed", "right"), ("left", "head"), ("right", "head"), ("head", "loss")}


def test_edges_of_several_inputs_and_outputs():
    left, right = Input((3,), name="left"), Input((3,), name="right")
    both = Concatenate(name="both")([Dense(3, name="a")(left), right])
    model = Model([left, right], [Dense(2, name="one")(both), Dense(1, name="two")(right)])
    assert named(step_of(model, [x_of(4, 3), x_of(4, 3)], [x_of(4, 2), x_of(4, 1)])) == {
        ("left", "a"), ("a", "both"), ("right", "both"), ("both", "one"), ("right", "two"), ("one", "loss"), ("two", "loss"),
    }  # fmt: skip


def test_edges_of_a_dict_of_inputs():
    edges = step_of(Own(of_inputs, **dense("a", "b", "out")), {"left": x_of(4, 3), "right": x_of(4, 2)}, x_of(4, 3)).edges
    assert set(edges) == {("left", "a"), ("right", "b"), ("a", "out"), ("b", "out"), ("out", "loss")}


def test_edges_of_nested_models_and_wrappers():
    inner_input = Input((3,))
    inner = Model(inner_input, Add(name="sum")([inner_input, Dense(3, name="inside")(inner_input)]), name="inner")
    model = Sequential([
        Input((5, 2), name="input"), TimeDistributed(Dense(3, name="each")), Bidirectional(LSTM(3, name="lstm"), merge_mode="sum"), inner,
        Lambda(lambda t: t * 2, name="double"), Dense(3, name="head"), Flatten(name="flat"),
    ])  # fmt: skip
    assert named(step_of(model, x_of(4, 5, 2), x_of(4, 3))) == {
        ("input", "each"), ("each", "forward_lstm"), ("each", "backward_lstm"), ("forward_lstm", "inside"),
        ("backward_lstm", "inside"), ("forward_lstm", "sum"), ("backward_lstm", "sum"), ("inside", "sum"), ("sum", "double"),
        ("double", "head"), ("head", "flat"), ("flat", "loss"),
    }  # fmt: skip


def test_where_a_gradient_cannot_go_back_the_edge_says_so():
    def cut(m, i):
        h = m.a(i)
        return m.out(h + tf.stop_gradient(m.b(h)) + tf.cast(tf.argmax(m.c(h), -1), tf.float32)[:, None])

    with pytest.warns(UserWarning, match="no gradient"):
        step = step_of(Own(cut, **dense("a", "b", "c", "out")), x_of(4, 3), x_of(4, 3))
    out = step.calls[-1]
    assert {step.calls[source].name for source in out.sources} == {"a", "b", "c"}
    assert {step.calls[source].name for source in out.cut} == {"b", "c"}


def test_a_failing_step_leaves_layers_as_they_were():
    class Bad(Layer):
        def call(self, inputs):
            raise KeyboardInterrupt

    model = Sequential([Dense(3, input_shape=(3,)), Dense(2)])
    model.compile("sgd", "mse")
    model.layers[1].call = Bad().call
    with pytest.raises(KeyboardInterrupt):
        model.inspect_step(x_of(4, 3), x_of(4, 2))
    assert "call" not in vars(model.layers[0]) and "call" in vars(model.layers[1])
    assert not tf.config.functions_run_eagerly()
    del model.layers[1].call
    assert model.inspect_step(x_of(4, 3), x_of(4, 2)).loss > 0


def test_the_text_of_a_step_has_100_columns():
    inputs = [Input((4, 6), name="left"), Input((4, 6), name="right")]
    x = Concatenate(name="a_name_of_some_length_for_a_layer_that_joins_two_inputs")(inputs)
    for _ in range(12):
        x = MultiHeadAttention(2, 4)(x, x)
    model = Model(inputs, Dense(2, name="head")(x), name="a_model_with_quite_a_long_name_which_goes_on_and_on_beyond_the_end_of_the_line")
    for layer in model.layers[8:]:
        layer.trainable = False
    step = step_of(model, [x_of(4, 4, 6), x_of(4, 4, 6)], x_of(4, 4, 2))
    text = str(step)
    assert max(map(len, text.splitlines())) <= 100
    assert "  .query_dense " in text and "layers.3.query_dense.kernel" in text and "One weight in numbers" in text
