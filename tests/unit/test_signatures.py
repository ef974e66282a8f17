"""Ways to call and to make things that programs for Keras use: shapes by name, `training` by position, optional inputs."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, InputLayer, Layer, Model, Sequential, clone_model
from engine.saving import load_model, model_from_json
from layers import (
    GRU,
    LSTM,
    RNN,
    Add,
    Attention,
    Bidirectional,
    Concatenate,
    ConvLSTM2D,
    Dense,
    Dropout,
    Embedding,
    GroupQueryAttention,
    GRUCell,
    LSTMCell,
    MultiHeadAttention,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
)  # fmt: skip

X = np.random.default_rng(0).normal(size=(6, 2)).astype("float32")

# ---- compute_output_shape ---------------------------------------------------------------------------


class Scores(Layer):
    def call(self, query, keys, mask=None):
        return tf.matmul(query, keys, transpose_b=True)


class Any(Layer):
    def call(self, *inputs):
        return tf.concat(inputs, -1)


Q, V = (2, 5, 4), (2, 6, 4)
SHAPES = {
    "multi-head, by name": (lambda: MultiHeadAttention(2, 3), (), dict(query_shape=Q, value_shape=V), Q),
    "multi-head, with key": (lambda: MultiHeadAttention(2, 3), (), dict(query_shape=Q, value_shape=V, key_shape=(2, 6, 7)), Q),
    "multi-head, no key": (lambda: MultiHeadAttention(2, 3), (), dict(query_shape=Q, value_shape=V, key_shape=None), Q),
    "multi-head, in order": (lambda: MultiHeadAttention(2, 3), (Q, V), {}, Q),
    "multi-head, mixed": (lambda: MultiHeadAttention(2, 3), (Q,), dict(value_shape=V), Q),
    "group query": (lambda: GroupQueryAttention(3, 4, 2), (), dict(query_shape=Q, value_shape=V), Q),
    "attention, list": (Attention, ([Q, (2, 6, 3), V],), {}, (2, 5, 3)),
    "dense": (lambda: Dense(3), ((None, 4),), {}, (None, 3)),
    "dense, input_shape=": (lambda: Dense(3), (), dict(input_shape=(None, 4)), (None, 3)),
    "dense, inputs_shape=": (lambda: Dense(3), (), dict(inputs_shape=(None, 4)), (None, 3)),
    "recurrent": (lambda: LSTM(3), (), dict(sequences_shape=(2, 5, 4)), (2, 3)),
    "add": (Add, ([(None, 3), (None, 3)],), {}, (None, 3)),
    "own": (Scores, (), dict(query_shape=Q, keys_shape=V), (2, 5, 6)),
    "own, other order": (Scores, (), dict(keys_shape=V, query_shape=Q), (2, 5, 6)),
    "any number": (Any, ((2, 3), (2, 4)), {}, (2, 7)),
    "TensorShape": (lambda: Dense(3), (tf.TensorShape([None, 4]),), {}, (None, 3)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_of_several_inputs(name):
    make, shapes, named, expected = SHAPES[name]
    layer = make()
    assert tuple(layer.compute_output_shape(*shapes, **named)) == expected
    assert layer.built


def test_unknown_shapes_are_refused():
    with pytest.raises(TypeError, match="query_shape.*received .'key_shape'"):
        Scores().compute_output_shape(query_shape=Q, key_shape=V)
    with pytest.raises(TypeError, match="received none"):
        Dense(2).compute_output_shape()


# ---- training ---------------------------------------------------------------------------------------


def graph():
    x = Input((2,))
    return Model(x, Dropout(0.5)(Dense(50, kernel_initializer="ones")(x)))


@pytest.mark.parametrize("make", [graph, lambda: Sequential([Dense(50, kernel_initializer="ones"), Dropout(0.5)])])
def test_training_may_come_second(make):
    model, x = make(), tf.constant(X[:1])
    for how in (((True,), {}), ((), {"training": True})):
        assert (model(x, *how[0], **how[1]).numpy() == 0).any()
    for how in (((False,), {}), ((None,), {}), ((), {})):
        assert not (model(x, *how[0], **how[1]).numpy() == 0).any()
    outer = Sequential([model])  # what an outer call says holds inside
    assert (outer(x, True).numpy() == 0).any() and not (outer(x, False).numpy() == 0).any()
    symbol = Input((2,))
    on_symbols = Model(symbol, model(symbol, True))
    again = model_from_json(on_symbols.to_json())
    assert (on_symbols(x).numpy() == 0).any() and (again(x).numpy() == 0).any()


# ---- implementation ---------------------------------------------------------------------------------


RECURRENT = {
    "LSTM": lambda **k: LSTM(3, **k), "GRU": lambda **k: GRU(3, **k), "SimpleRNN": lambda **k: SimpleRNN(3, **k),
    "cell": lambda **k: RNN(LSTMCell(3, **k)), "cells": lambda **k: RNN(StackedRNNCells([GRUCell(3, **k), SimpleRNNCell(2, **k)])),
    "Bidirectional": lambda **k: Bidirectional(LSTM(3, **k)), "ConvLSTM2D": lambda **k: ConvLSTM2D(2, 2, **k),
}  # fmt: skip


@pytest.mark.parametrize("value", [0, 1, 2])
@pytest.mark.parametrize("name", RECURRENT)
def test_the_implementation_of_recurrent_layers_has_no_effect(name, value):
    x = np.ones((2, 3, 4, 4, 1) if "Conv" in name else (2, 3, 4), "float32")
    plain, told = RECURRENT[name](), RECURRENT[name](implementation=value)
    plain(x), told(x)
    told.set_weights(plain.get_weights())
    np.testing.assert_array_equal(told(x), plain(x))
    with pytest.raises(TypeError, match="implementations"):
        RECURRENT[name](implementations=1)


# ---- inputs -----------------------------------------------------------------------------------------


class Either(Layer):
    def call(self, a, b=None):
        return a if b is None else a + b


def with_optional(as_dict=False):
    a, b = Input((2,), name="a"), Input((2,), optional=True, name="b")
    y = Dense(1, kernel_initializer="ones")(Either()(a, b))
    return Model({"a": a, "b": b} if as_dict else [a, b], y)


def first_optional():
    b, a = Input((2,), optional=True, name="b"), Input((2,), name="a")
    return Model([b, a], Dense(1, kernel_initializer="ones")(Either()(a, b)))


@pytest.mark.parametrize("eager", [False, True])
def test_an_optional_input_may_be_none(eager, tmp_path):
    alone, both = X.sum(1, keepdims=True), 2 * X.sum(1, keepdims=True)
    for make, order in ((with_optional, lambda a, b: [a, b]), (first_optional, lambda a, b: [b, a]),
                        (lambda: with_optional(True), lambda a, b: {"a": a, "b": b}), (with_optional, lambda a, b: {"a": a, "b": b})):
        model = make()
        model.compile("sgd", "mse", run_eagerly=eager)
        np.testing.assert_allclose(model(order(X, None)), alone, rtol=1e-5)
        np.testing.assert_allclose(model(order(X, X)), both, rtol=1e-5)
        np.testing.assert_allclose(model.predict(order(X, None), batch_size=4), alone, rtol=1e-5)
        np.testing.assert_allclose(model.predict(order(X, X), batch_size=4), both, rtol=1e-5)
        assert model.evaluate(order(X, None), alone, batch_size=4, verbose=0) < 1e-10
        model.fit(order(X, None), alone, batch_size=4, verbose=0)
        model.fit(iter([(order(X[:4], None), alone[:4]), (order(X[4:], None), alone[4:])]), verbose=0)
        model.train_on_batch(order(X, None), alone)
        model.save(tmp_path / "model.safetensors")
        for again in (load_model(tmp_path / "model.safetensors", custom_objects={"Either": Either}),
                      model_from_json(model.to_json(), {"Either": Either}), clone_model(model)):  # fmt: skip
            again.set_weights(model.get_weights())
            np.testing.assert_array_equal(again.predict(order(X, None)), model.predict(order(X, None)))


def test_other_inputs_may_not():
    with pytest.raises(ValueError, match="input 'a'.*None.*optional=True"):
        with_optional()([None, X])
    a, b = Input((2,), name="a"), Input((2,), name="b")
    with pytest.raises(ValueError, match="input 'b'.*None.*optional=True"):
        Model([a, b], Either()(a, b)).predict([X, None])


def test_an_input_layer_may_stand_at_a_symbol_that_is_there():
    x = Input((2,))
    layer = InputLayer(input_tensor=x, name="mine")
    assert layer.output is x and x.node.operation is layer and layer.batch_shape == (None, 2)
    model = Model(x, Dense(1)(x))
    assert [inner.name for inner in model.layers][0] == "mine" and model.predict({"mine": X}).shape == (6, 1)
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(X), model.predict(X))

    x = Input((2,), dtype="int32")
    whole = Model(x, Dense(3)(Embedding(5, 4)(x)))
    hidden = whole.layers[1].output
    assert Input(tensor=hidden, name="hidden") is hidden  # in the midst of a graph: here another one begins
    rest = Model(hidden, Concatenate()([hidden, hidden * 2.0]))
    assert rest.predict(np.ones((1, 2, 4))).shape == (1, 2, 8) and whole.predict(np.ones((1, 2), "int32")).shape == (1, 2, 3)
    rest.get_config()
    for arguments, message in ((dict(input_tensor=X), "a symbol"), (dict(input_tensor=hidden, shape=(2,)), "not both")):
        with pytest.raises((TypeError, ValueError), match=message):
            InputLayer(**arguments)
