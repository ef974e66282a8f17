"""Attention over many keys: in float16 no sum leaves its range, and scores of any size have a softmax."""

import numpy as np
import pytest
import tensorflow as tf

import layers

KINDS = [(layers.MultiHeadAttention, dict(num_heads=1, key_dim=1)),
         (layers.GroupQueryAttention, dict(head_dim=1, num_query_heads=1, num_key_value_heads=1))]  # fmt: skip


@pytest.mark.parametrize("kind, sizes", KINDS)
@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16", "float32"])
def test_the_mean_of_many_large_values_is_finite(kind, sizes, dtype):
    layer = kind(**sizes, use_bias=False, kernel_initializer="ones", dtype=dtype)
    query, value = np.zeros((1, 1, 1), "float32"), np.full((1, 2048, 1), 100, "float32")
    outputs, scores = layer(query, value, return_attention_scores=True)
    np.testing.assert_allclose(tf.cast(outputs, tf.float32), [[[100.0]]], rtol=0.01)
    np.testing.assert_allclose(tf.cast(scores, tf.float32), np.full((1, 1, 1, 2048), 1 / 2048), rtol=0.01)


@pytest.mark.parametrize("kind, sizes", KINDS)
def test_large_scores_and_their_gradients_are_finite(kind, sizes):
    layer = kind(**sizes, use_bias=False, kernel_initializer="ones", dtype="float32")
    query, value = tf.constant([[[300.0]]]), tf.constant([[[1.0], [2.0], [3.0]]])  # scores 300, 600, 900
    with tf.GradientTape() as tape:
        tape.watch(value)
        outputs = layer(query, value)
    np.testing.assert_allclose(outputs, [[[3.0]]])
    np.testing.assert_allclose(tape.gradient(outputs, value), [[[0.0], [0.0], [1.0]]])


@pytest.mark.parametrize("kind, sizes", KINDS)
def test_scores_are_given_as_a_softmax_of_which_dropout_changes_nothing(kind, sizes):
    layer = kind(**sizes, dropout=0.5, seed=1)
    random = np.random.default_rng(0)
    query, value = (random.standard_normal((2, size, 1), "float32") for size in (3, 4))
    _, scores = layer(query, value, return_attention_scores=True, training=True)
    np.testing.assert_allclose(tf.reduce_sum(scores, -1), np.ones((2, 1, 3)), rtol=1e-6)
