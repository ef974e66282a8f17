"""Masks of layers of one's own: whoever overrides `compute_mask` has them travel on, as in Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import layers
from engine import Input, Layer, Model, Sequential

IDS = np.array([[1, 2, 0, 0], [3, 0, 0, 0]])


def own_layers(library):
    class Positions(library.Layer):
        def __init__(self):
            super().__init__()
            self.embedding = library.Embedding(10, 4, mask_zero=True)

        def call(self, ids):
            return self.embedding(ids) * 2.0

        def compute_mask(self, *args, **kwargs):
            return self.embedding.compute_mask(*args, **kwargs)

    class Halves(library.Layer):
        def call(self, inputs):
            return tf.split(inputs, 2, axis=1)

        def compute_mask(self, inputs, mask=None):
            return None if mask is None else tf.split(mask, 2, axis=1)

    class Plain(library.Layer):
        def call(self, inputs):
            return inputs * 1.0

    return Positions, Halves, Plain


class Ours:
    Layer, Embedding = Layer, layers.Embedding


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.filterwarnings("ignore:.*does not support masking")
def test_masks_travel_as_in_keras(compiled):
    def found(library):
        positions, halves, plain = (cls() for cls in own_layers(library))

        def masks(ids):
            first, second = halves(positions(ids))
            return first._keras_mask, second._keras_mask, getattr(plain(first), "_keras_mask", None) is None

        return (tf.function(masks, autograph=False) if compiled else masks)(tf.constant(IDS))

    for ours, theirs in zip(found(Ours), found(keras.layers)):
        np.testing.assert_array_equal(ours, theirs)
    assert bool(found(Ours)[2])


def test_a_mask_reaches_the_layers_after_it():
    positions, _, _ = own_layers(Ours)
    embedded = positions()
    inputs = Input((4,), dtype="int32")
    model = Model(inputs, layers.GlobalAveragePooling1D()(embedded(inputs)))
    table = embedded.embedding.embeddings.numpy() * 2
    np.testing.assert_allclose(model(IDS), [table[[1, 2]].mean(0), table[3]], rtol=1e-5)
    np.testing.assert_allclose(Sequential([embedded, layers.GlobalAveragePooling1D()])(IDS), model(IDS), rtol=1e-6)


def test_an_activation_that_is_taken_away():
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 3)).astype("float32")
    for layer in (layers.Dense(4, activation="softmax"), layers.Conv2D(4, 3, activation="relu"), layers.EinsumDense("abcd,de->abce", (5, 5, 4), activation="relu")):
        layer(x)
        layer.activation = None
        assert (layer(x).numpy() < 0).any()
