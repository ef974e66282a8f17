"""Inputs that are sparse or ragged: said of an Input, kept in files and copies, and what layers make of them."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Model, Sequential, clone_model
from engine.saving import load_model
from layers import Concatenate, Dense, Embedding, Flatten, GlobalAveragePooling1D, Lambda, Layer

X = np.random.default_rng(0).random((10, 4)).astype("float32") * (np.random.default_rng(1).random((10, 4)) < 0.5)
Y = X.sum(1, keepdims=True)
SPARSE = tf.sparse.from_dense(X)
WORDS = tf.ragged.constant([[1], [2, 3], [4, 5, 6], []], dtype=tf.int64)


class Whole(Layer):
    """Rows of `width` numbers from rows of any kind."""

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.width = width

    def call(self, rows):
        if isinstance(rows, tf.SparseTensor):
            return tf.ensure_shape(tf.sparse.to_dense(rows), (None, self.width))
        return rows.to_tensor(shape=(None, self.width))


def one_unit(**kwargs):
    return Sequential([Input((4,), **kwargs), Dense(1, kernel_initializer="ones")])


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("data", ["arrays", "dataset"])
def test_sparse_rows_train_as_dense_ones_do(data, eager):
    histories = []
    for given, x in ((False, X), (True, SPARSE), (False, SPARSE)):
        model = one_unit(sparse=given)
        model.compile("sgd", "mse", run_eagerly=eager)
        args = (x, Y) if data == "arrays" else (tf.data.Dataset.from_tensor_slices((x, Y)).batch(4),)
        history = model.fit(*args, epochs=2, shuffle=False, batch_size=4 if data == "arrays" else None, verbose=0)
        histories.append([*history.history["loss"], *model.evaluate(*args, verbose=0, return_dict=True).values()])
        np.testing.assert_allclose(model.predict(x, verbose=0), model(X), rtol=1e-6)
    np.testing.assert_allclose(histories[1:], [histories[0]] * 2, rtol=1e-6)


def test_dense_multiplies_a_sparse_matrix_with_its_gradient():
    dense = Dense(3)
    with tf.GradientTape(persistent=True) as tape:
        sparse, full = dense(SPARSE), dense(X)
        losses = tf.reduce_sum(sparse**2), tf.reduce_sum(full**2)
    np.testing.assert_allclose(sparse, full, rtol=1e-6)
    np.testing.assert_allclose(*(tape.gradient(loss, dense.kernel) for loss in losses), rtol=1e-5)


def test_a_model_of_dense_inputs_takes_sparse_rows():
    model = Sequential([Input((4,)), Flatten(), Dense(2)])
    np.testing.assert_array_equal(model(SPARSE), model(X))
    np.testing.assert_array_equal(model.predict(SPARSE, verbose=0), model.predict(X, verbose=0))


def test_sequential_without_input_takes_sparse_rows():
    model = Sequential([Dense(1, kernel_initializer="ones")])
    np.testing.assert_allclose(model.predict(SPARSE, batch_size=3, verbose=0), Y, rtol=1e-6)


def test_ragged_rows_are_what_layers_get():
    words = Input((None,), dtype="int64", ragged=True)
    lengths = Lambda(lambda rows: tf.cast(rows.row_lengths(), tf.float32)[:, tf.newaxis])(words)
    padded = Lambda(lambda rows: tf.cast(rows.to_tensor(shape=(None, 3)), tf.float32))(words)
    model = Model(words, Concatenate()([lengths, padded]))
    expected = [[1, 1, 0, 0], [2, 2, 3, 0], [3, 4, 5, 6], [0, 0, 0, 0]]
    np.testing.assert_array_equal(model(WORDS), expected)
    np.testing.assert_array_equal(model.predict(WORDS, batch_size=3, verbose=0), expected)


def test_means_of_ragged_embeddings():
    model = Sequential([Input((None,), dtype="int64", ragged=True), Embedding(9, 1), GlobalAveragePooling1D()])
    model.layers[0].set_weights([np.arange(9.0)[:, np.newaxis]])
    np.testing.assert_allclose(model.predict(WORDS[:3], batch_size=2, verbose=0), [[1.0], [2.5], [5.0]])


def test_a_sparse_symbol_is_what_functions_and_layers_get():
    inputs = Input((4,), sparse=True)

    class Totals(Layer):
        def call(self, rows):
            return tf.sparse.sparse_dense_matmul(rows, tf.ones((4, 1)))

    doubled = Lambda(lambda rows: tf.sparse.map_values(tf.multiply, rows, 2.0))(inputs)
    assert doubled.kind == "sparse"
    model = Model(inputs, [Totals()(doubled), Whole(4)(inputs)])
    totals, dense = model(SPARSE)
    np.testing.assert_allclose(totals, 2 * Y, rtol=1e-6)
    np.testing.assert_array_equal(dense, X)


@pytest.mark.parametrize("kind", ["sparse", "ragged"])
def test_configs_and_copies_keep_the_kind(kind):
    inputs = Input((None if kind == "ragged" else 4,), name="rows", **{kind: True})
    model = Model(inputs, Dense(2)(Whole(4)(inputs)))
    copy = clone_model(model)
    copy.set_weights(model.get_weights())
    x = tf.RaggedTensor.from_tensor(X) if kind == "ragged" else SPARSE
    np.testing.assert_array_equal(copy(x), model(x))
    assert copy.inputs[0].kind == kind
    config = model.layers[0].get_config()
    assert (config["sparse"], config["ragged"]) == (kind == "sparse", kind == "ragged")
    assert type(model.layers[0]).from_config(config).output.kind == kind


class SumThenDense(Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = Dense(1)

    def call(self, inputs):
        return self.dense(tf.sparse.sparse_dense_matmul(inputs, tf.ones((4, 1))))


def test_a_file_of_a_subclass_knows_that_its_input_is_sparse(tmp_path):
    model = SumThenDense()
    expected = model(SPARSE)
    model.save(tmp_path / "totals.safetensors")
    loaded = load_model(tmp_path / "totals.safetensors", custom_objects={"SumThenDense": SumThenDense})
    np.testing.assert_array_equal(loaded(SPARSE), expected)


def test_errors_name_what_is_wrong(tmp_path):
    with pytest.raises(ValueError, match="sparse=True or ragged=True, not both"):
        Input((3,), sparse=True, ragged=True)
    with pytest.raises(ValueError, match="last axis is 4, received"):
        one_unit(sparse=True)(tf.sparse.from_dense(X[:, :3]))
    with pytest.raises(ValueError, match="has a sparse input; what is served takes dense tensors"):
        one_unit(sparse=True).export(tmp_path / "served")
