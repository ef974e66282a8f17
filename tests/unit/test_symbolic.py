"""Symbols: every operator and every tf function works on them, and gives what it gives on tensors."""

import operator

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model
from engine.core.symbolic import Symbol
from layers import Dense

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3)).astype("float32")
ROW = np.array([0.5, -2.0, 3.0], "float32")
MATRIX = RNG.normal(size=(3, 2)).astype("float32")


def two(x):
    """Another tensor or symbol of the same shape."""
    return tf.abs(x) + 0.5


FUNCTIONS = {  # a function of one (batch, 3) tensor or symbol
    "x + 1": lambda x: x + 1,
    "1 - x": lambda x: 1 - x,
    "2 * x": lambda x: 2.0 * x,
    "1 / |x|": lambda x: 1.0 / two(x),
    "2 ** x": lambda x: 2.0**x,
    "x ** 2": lambda x: x**2,
    "x // 2": lambda x: x // 2.0,
    "x % 2": lambda x: x % 2.0,
    "-x": operator.neg,
    "abs": abs,
    "x + numpy": lambda x: x + ROW,
    "numpy + x": lambda x: ROW + x,
    "numpy - x": lambda x: ROW - x,
    "numpy * x": lambda x: ROW * x,
    "numpy / x": lambda x: ROW / two(x),
    "numpy scalar * x": lambda x: np.float32(2.0) * x,
    "tensor + x": lambda x: tf.constant(ROW) + x,
    "tensor - x": lambda x: tf.constant(ROW) - x,
    "tensor > x": lambda x: tf.cast(tf.constant(ROW) > x, tf.float32),
    "list + x": lambda x: [1.0, 2.0, 3.0] + x,
    "x + x": lambda x: x + two(x),
    "x @ numpy": lambda x: x @ MATRIX,
    "numpy @ x": lambda x: MATRIX.T @ tf.transpose(x),
    "x @ x": lambda x: tf.matmul(x, two(x), transpose_b=True),
    "x > 0": lambda x: tf.cast(x > 0, tf.float32),
    "x <= y": lambda x: tf.cast(x <= two(x), tf.float32),
    "x == x": lambda x: tf.cast(x == tf.round(x), tf.float32),
    "x != 0": lambda x: tf.cast(x != 0.0, tf.float32),
    "&, |, ~, ^": lambda x: tf.cast(((x > 0) & (x < 1)) | ~(x > -1) ^ (x > 2), tf.float32),
    "True & x": lambda x: tf.cast(True & (x > 0), tf.float32),
    "x[0]": lambda x: x[0],
    "x[:, 0]": lambda x: x[:, 0],
    "x[:, 1:]": lambda x: x[:, 1:],
    "x[..., -1]": lambda x: x[..., -1],
    "x[:, None]": lambda x: x[:, tf.newaxis, ::-1],
    "x[:, :n]": lambda x: x[:, : tf.shape(x)[1] - 1],
    "x[mask]": lambda x: tf.reduce_sum(x[x > 0]),
    "concat": lambda x: tf.concat([x, two(x)], -1),
    "stack": lambda x: tf.stack([x, x, two(x)], axis=1),
    "unstack": lambda x: tf.unstack(x, axis=1)[2],
    "split": lambda x: tf.split(x, [1, 2], axis=1)[1],
    "reshape": lambda x: tf.reshape(x, (-1, 1, 3)),
    "reshape to a computed shape": lambda x: tf.reshape(x, (tf.shape(x)[0] * 3,)),
    "shape": lambda x: tf.shape(x)[0],
    "size, rank": lambda x: tf.size(x) + tf.rank(x),
    "transpose": tf.transpose,
    "expand and squeeze": lambda x: tf.squeeze(tf.expand_dims(x, 1), 1),
    "tile": lambda x: tf.tile(x, [1, 2]),
    "broadcast_to": lambda x: tf.broadcast_to(x[:, :1], tf.shape(x)),
    "pad": lambda x: tf.pad(x, [[0, 0], [1, 2]]),
    "einsum": lambda x: tf.einsum("bi,bj->bij", x, two(x)),
    "einsum with numpy": lambda x: tf.einsum("bi,ij->bj", x, MATRIX),
    "tensordot": lambda x: tf.tensordot(x, MATRIX, 1),
    "where": lambda x: tf.where(x > 0, x, 0.1 * x),
    "where with a symbol last": lambda x: tf.where([True, False, True], ROW, x),
    "clip": lambda x: tf.clip_by_value(x, -0.5, 0.5),
    "maximum": lambda x: tf.maximum(0.0, x),
    "minimum": lambda x: tf.minimum(ROW, x),
    "cast": lambda x: tf.cast(x * 10, tf.int32),
    "reduce": lambda x: tf.reduce_mean(x, axis=-1, keepdims=True),
    "reduce all": lambda x: tf.reduce_sum(x),
    "argmax": lambda x: tf.argmax(x, -1),
    "cumsum": lambda x: tf.cumsum(x, axis=1),
    "top_k": lambda x: tf.math.top_k(x, 2).values,
    "sort": lambda x: tf.sort(x, axis=-1),
    "gather": lambda x: tf.gather(MATRIX, tf.argmax(x, -1)),
    "one_hot": lambda x: tf.one_hot(tf.argmax(x, -1), 5),
    "nn.relu": tf.nn.relu,
    "nn.softmax": tf.nn.softmax,
    "nn.leaky_relu": lambda x: tf.nn.leaky_relu(x, alpha=0.3),
    "nn.l2_normalize": lambda x: tf.nn.l2_normalize(x, axis=-1),
    "nn.conv1d": lambda x: tf.nn.conv1d(x[..., tf.newaxis], np.ones((2, 1, 4), "float32"), 1, "SAME"),
    "nn.moments": lambda x: tf.nn.moments(x, axes=[1])[1],
    "nn.cross entropy": lambda x: tf.nn.softmax_cross_entropy_with_logits(labels=tf.nn.softmax(x), logits=x),
    "math": lambda x: tf.math.log(tf.exp(tf.sin(x))) + tf.math.erf(x) + tf.sqrt(two(x)) + tf.square(x),
    "add_n": lambda x: tf.add_n([x, x, two(x)]),
    "identity": tf.identity,
    "stop_gradient": tf.stop_gradient,
    "convert_to_tensor": tf.convert_to_tensor,
    "zeros_like": lambda x: tf.zeros_like(x) + tf.ones_like(x),
    "fill": lambda x: tf.fill(tf.shape(x), 3.0),
    "linalg.norm": lambda x: tf.linalg.norm(x, axis=-1),
    "image.resize": lambda x: tf.image.resize(x[:, :, tf.newaxis, tf.newaxis], (6, 2)),
    "sequence_mask": lambda x: tf.sequence_mask(tf.cast(two(x)[:, 0] * 3, tf.int32), 7),
    "keyword": lambda x: tf.reduce_max(input_tensor=x, axis=1),
    "nest": lambda x: tf.meshgrid(x[0], x[1])[0],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_a_symbol_is_the_function_of_the_tensor(name):
    function = FUNCTIONS[name]
    x = Input((3,))
    y = function(x)
    assert isinstance(y, Symbol)
    expected = function(tf.constant(X))
    assert y.dtype == expected.dtype and y.shape.is_compatible_with(expected.shape)
    assert y.shape.rank == expected.shape.rank or name == "reshape to a computed shape"
    model = Model(x, y)
    for rows in (X, X[:2]):
        np.testing.assert_array_equal(model(rows), function(tf.constant(rows)))


def test_the_whole_graph_in_a_compiled_function():
    x = Input((3,))
    model = Model(x, tf.concat([tf.nn.relu(x * 2 - ROW), x[:, :1]], -1))
    expected = tf.concat([tf.nn.relu(X * 2 - ROW), X[:, :1]], -1)
    np.testing.assert_array_equal(tf.function(model, autograph=False, jit_compile=True)(X), expected)


def test_shape_dtype_and_name_of_a_symbol():
    x = Input((28, None), dtype="int32", batch_size=7, name="words")
    assert tuple(x.shape) == (7, 28, None) and x.get_shape() == x.shape and x.ndim == 3
    assert x.dtype == tf.int32 and "words" in repr(x)
    assert tuple(Input((3,)).shape) == (None, 3) and tuple(Input(()).shape) == (None,)
    assert tuple(Input(5).shape) == (None, 5) and tuple(Input(batch_shape=(2, 3)).shape) == (2, 3)


VARIABLES = {  # raw variables in operations, v of shape (3,)
    "x * v": lambda x, v: x * v,
    "v * x": lambda x, v: v * x,
    "v - x": lambda x, v: v - x,
    "v / x": lambda x, v: v / two(x),
    "v ** x": lambda x, v: v ** tf.round(x),
    "tf.multiply": lambda x, v: tf.multiply(v, x),
    "concat": lambda x, v: tf.concat([x, tf.ones_like(x) * v], 0),
    "v > x": lambda x, v: tf.where(v > x, v, x),
    "tf.nn.bias_add": lambda x, v: tf.nn.bias_add(x, v),
}


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_in_an_operation_is_a_weight_of_the_model(name):
    v = tf.Variable(ROW)
    x = Input((3,))
    model = Model(x, VARIABLES[name](x, v))
    assert [w is v for w in model.trainable_weights] == [True]
    v.assign(ROW * 3)
    np.testing.assert_allclose(model(X), VARIABLES[name](tf.constant(X), v), rtol=1e-6)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(X) * tf.random.stateless_normal(model(X).shape, (1, 2)))
    assert tape.gradient(loss, v) is not None


def test_random_numbers_are_drawn_anew_in_each_call():
    x = Input((3,))
    model = Model(x, x + tf.random.normal(tf.shape(x)))
    assert not np.array_equal(model(X), model(X)) and model(X[:2]).shape == (2, 3)


def branch(x):
    return 1 if x else 2


NEED_VALUES = {
    "if": branch,
    "if x > 0": lambda x: branch(x > 0),
    "for": lambda x: list(x),
    "float": float,
    "int": int,
    "len": len,
    "bool": bool,
    "numpy": np.asarray,
    "range": lambda x: range(x),
    "in": lambda x: x in [1, 2],
    "and": lambda x: (x > 0) and (x < 1),
    "unpack": lambda x: (lambda a, b: None)(*x),
    "np.concatenate": lambda x: np.concatenate([x, x]),
}


@pytest.mark.parametrize("name", NEED_VALUES)
def test_what_needs_values_says_so_and_what_to_do(name):
    with pytest.raises(TypeError, match="has no values.*(tf.cond|write a Layer)"):
        NEED_VALUES[name](Input((3,), name="pixels"))


def test_numpy_functions_are_refused():
    with pytest.raises(TypeError, match="'Symbol' does not support ufuncs"):
        np.exp(Input((3,)))


SHAPES_THAT_DO_NOT_FIT = [
    lambda x: x @ np.ones((2, 2), "float32"),
    lambda x: x + np.ones(4, "float32"),
    lambda x: tf.concat([x, x[..., tf.newaxis]], -1),
    lambda x: tf.reshape(x, (-1, 3))[0, 0, 0],
]


@pytest.mark.parametrize("function", SHAPES_THAT_DO_NOT_FIT)
def test_shapes_are_checked_where_the_line_is_written(function):
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        function(Input((3,)))


def test_symbols_are_told_apart_by_identity():
    x, y = Input((3,)), Input((3,))
    assert len({x, y, x}) == 2 and {x: 1}[x] == 1


def test_tensorflow_itself_is_as_before():
    assert isinstance(tf.constant([1.0]) + 1.0, tf.Tensor)
    with pytest.raises(ValueError):
        tf.concat([object(), object()], 0)
    with pytest.raises((TypeError, ValueError)):
        tf.constant([1.0]) + object()


def test_a_layer_takes_symbols_in_any_nest_and_any_argument():
    class Mix(Layer):
        def call(self, pair, scale=None, *, shift):
            return pair["a"] * scale[0] + pair["b"] + shift

    a, b, c = Input((3,)), Input((3,)), Input((3,))
    model = Model([a, b, c], Mix()({"a": a, "b": b}, scale=[c], shift=2.0))
    np.testing.assert_array_equal(model([X, 2 * X, ROW * np.ones_like(X)]), X * ROW + 2 * X + 2.0)


def test_symbols_and_data_side_by_side_in_one_layer():
    dense = Dense(2)
    x = Input((3,))
    y = dense(x)
    np.testing.assert_array_equal(Model(x, y)(X), dense(X))
    assert dense.input is x and dense.output is y
    first = x.node.operation  # data come in at its symbol: Model(model.layers[0].input, model.layers[3].output)
    assert first.input is x and first.output is x and first.get_input_at(0) is x and first.input_shape == tuple(x.shape)
