"""Masks reach layers in functional and Sequential models as they do when layers are called one by one."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential
from layers import (
    LSTM,
    Activation,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    Lambda,
    Masking,
    TimeDistributed,
)

X = np.array([[[1.0, 2.0], [0.0, 0.0], [3.0, 4.0]]], "float32")


class Needs(Layer):
    """Asks for a mask and has no default."""

    def call(self, inputs, mask):
        return inputs if mask is None else inputs * tf.cast(mask, inputs.dtype)[..., tf.newaxis] * 2.0


class Reduces(Layer):
    """Has fewer axes under a mask."""

    def call(self, inputs, mask=None):
        return inputs if mask is None else tf.reduce_sum(inputs * tf.cast(mask, inputs.dtype)[..., tf.newaxis], 1)


def functional(*layers, shape=(3, 2)):
    inputs = outputs = Input(shape)
    for layer in layers:
        outputs = layer(outputs)
    return Model(inputs, outputs)


STYLES = {"functional": functional, "Sequential": lambda *layers: Sequential(list(layers)),
          "Sequential with a start": lambda *layers: Sequential([Input((3, 2)), *layers]),
          "nested": lambda first, *layers: functional(first, functional(*layers))}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_a_mask_without_default(style):
    np.testing.assert_allclose(STYLES[style](Masking(), Needs()).predict(X), 2 * X)
    np.testing.assert_allclose(STYLES[style](Masking(), Dropout(0.5), Activation("linear"), Needs()).predict(X), 2 * X)


def test_no_mask_is_none():
    np.testing.assert_allclose(functional(Needs()).predict(X), X)
    np.testing.assert_allclose(Needs()(X), X)


def test_a_lambda_that_takes_a_mask():
    masked = Lambda(lambda inputs, mask: inputs * tf.cast(mask, inputs.dtype)[..., tf.newaxis])
    np.testing.assert_allclose(functional(Masking(), masked).predict(X), X)


@pytest.mark.parametrize("style", ["functional", "Sequential", "Sequential with a start"])
def test_layers_after_one_that_reduces_are_built_for_what_comes_out(style):
    model = STYLES[style](Masking(), Reduces(), Flatten(), Dense(1))
    assert model.predict(X).shape == (1, 1) and model.layers[-1].kernel.shape == (2, 1)
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(X, [[1.0]], verbose=0).history["loss"]).all()


def test_the_shape_of_the_symbol():
    inputs = Input((3, 2))
    assert Reduces()(Masking()(inputs)).shape.as_list() == [None, 2] and Reduces()(inputs).shape.as_list() == [None, 3, 2]


def test_masking_of_integers():
    layer = Masking(mask_value=0)
    outputs = layer(tf.constant([[[1, 2], [0, 0]]]))
    assert outputs._keras_mask.numpy().tolist() == [[True, False]]
    model = functional(Masking(0), Lambda(lambda x: tf.cast(x, tf.float32)))
    assert model.predict(np.array([[[1, 2], [0, 0], [3, 4]]])).shape == (1, 3, 2)


def test_where_programs_read_masks():
    embedding = Embedding(5, 2, mask_zero=True)
    assert embedding(tf.constant([[1, 0]]))._keras_mask.numpy().tolist() == [[True, False]]
    assert embedding.compute_mask(tf.constant([[1, 0]])).numpy().tolist() == [[True, False]]
    symbols = Input((3,), dtype="int32")
    embedded = embedding(symbols)
    assert Input((3,))._keras_mask is None and embedded._keras_mask.shape.as_list() == [None, 3]
    model = Model(symbols, [embedded, LSTM(2)(embedded, mask=embedded._keras_mask), embedded._keras_mask])
    outputs = model(tf.constant([[1, 0, 2]]))
    assert outputs[2].numpy().tolist() == [[True, False, True]]
    np.testing.assert_allclose(outputs[1], model.layers[-1](outputs[0], mask=outputs[2]), rtol=1e-6)


@pytest.mark.parametrize("eager", [False, True])
def test_pooling_and_time_distributed_under_a_mask(eager):
    model = functional(Masking(), TimeDistributed(Dense(2, kernel_initializer="ones", use_bias=False)), GlobalAveragePooling1D())
    model.compile("sgd", "mse", run_eagerly=eager)
    np.testing.assert_allclose(model.predict(X), [[5.0, 5.0]])
