"""Attention, beyond the parity tables: compiled, on unknown sizes, in half precision, with dropout."""

import numpy as np
import pytest
import tensorflow as tf

from layers import AdditiveAttention, Attention, GroupQueryAttention, MultiHeadAttention

RNG = np.random.default_rng(0)
QUERY, VALUE = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 5, 4))
MASK = np.arange(30).reshape(2, 3, 5) % 4 != 0


def head(kind, **arguments):
    if kind == "multi":
        return MultiHeadAttention(3, 4, **arguments)
    return GroupQueryAttention(4, 6, 2, **arguments)


@pytest.mark.parametrize("compiled", [{}, {"jit_compile": True}], ids=["graph", "xla"])
@pytest.mark.parametrize("kind", ["multi", "grouped"])
def test_compiled_equals_eager(kind, compiled):
    layer = head(kind, use_gate=True, dtype="float64")
    arguments = tf.constant(QUERY), tf.constant(VALUE), tf.constant(MASK)

    def run(query, value, mask):
        return layer(query, value, attention_mask=mask, use_causal_mask=True)

    eager = run(*arguments)
    np.testing.assert_allclose(tf.function(run, autograph=False, **compiled)(*arguments), eager, rtol=1e-10)
    specs = [tf.TensorSpec((None, None, *tensor.shape[2:-1], 4 if tensor.dtype.is_floating else None), tensor.dtype)
             for tensor in arguments]  # fmt: skip
    unknown = tf.function(run, autograph=False, input_signature=specs)
    np.testing.assert_allclose(unknown(*arguments), eager, rtol=1e-10)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16"])
@pytest.mark.parametrize("kind", ["multi", "grouped"])
def test_half_precision_stays_finite(kind, dtype):
    layer = head(kind, dtype=dtype)
    nowhere = np.zeros_like(MASK)
    outputs, scores = layer(QUERY, VALUE, attention_mask=nowhere, return_attention_scores=True)
    assert outputs.dtype == scores.dtype == layer.compute_dtype
    assert not scores.numpy().any()
    assert np.isfinite(layer(QUERY, VALUE, attention_mask=nowhere).numpy().astype("float32")).all()


@pytest.mark.parametrize("layer", [
    MultiHeadAttention(3, 4, dropout=0.5, seed=3), GroupQueryAttention(4, 6, 2, dropout=0.5, seed=3),
    Attention(dropout=0.5, seed=3), AdditiveAttention(dropout=0.5, seed=3),
], ids=lambda layer: layer.name)  # fmt: skip
def test_dropout_in_training_only(layer):
    def run(training):
        if isinstance(layer, Attention):
            return layer([QUERY, VALUE], training=training).numpy()
        return layer(QUERY, VALUE, training=training).numpy()

    assert (run(False) == run(False)).all()
    assert (run(True) != run(True)).any()
    assert (run(True) != run(False)).any()


def test_groups_of_one_are_multi_head_attention():
    multi, grouped = MultiHeadAttention(3, 4, dtype="float64"), GroupQueryAttention(4, 3, 3, dtype="float64")
    multi(QUERY, VALUE), grouped(QUERY, VALUE)
    grouped.set_weights(multi.get_weights())
    np.testing.assert_allclose(grouped(QUERY, VALUE), multi(QUERY, VALUE), rtol=1e-12)


def test_query_mask_counts_by_hand_as_when_it_travels():
    layer = MultiHeadAttention(3, 4)
    mask = np.array([[1, 0, 1], [1, 1, 1]], bool)
    _, scores = layer(QUERY, VALUE, query_mask=mask, return_attention_scores=True)
    assert (scores.numpy().any(axis=(1, 3)) == mask).all()
