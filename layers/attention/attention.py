"""Attention: for each query, a mean of values, weighed by how well their keys fit the query."""

import tensorflow as tf

from engine.core.layer import Layer
from engine.dtypes import computable
from layers.dropout import Dropout


class Attention(Layer):
    """Dot-product attention (Luong).

        scores = scale * query @ keyᵀ
        outputs = softmax(scores) @ value

    With `score_mode="concat"`: scores = concat_score_weight * Σ tanh(scale * (query + key)), summed over features.
    Shapes: a list [query (batch, Tq, features), value (batch, Tv, values), key (batch, Tv, features)] →
    (batch, Tq, values); without a key, the value is the key. With `return_attention_scores` also the weights
    (batch, Tq, Tv). Weights: `scale` () with `use_scale`, `concat_score_weight` () for "concat", both from 1.

    Arguments: `use_scale` (learn how sharp), `score_mode` ("dot" or "concat"), `dropout` (part of the attention
    weights to drop in training), `seed`. In the call: `mask` (a list of masks for query and value: masked values
    get no weight, the outputs of masked queries are zero), `use_causal_mask` (no query sees a later value).
    Errors: ValueError for anything but a list of two or three inputs and masks.
    Source: Luong et al., "Effective approaches to attention-based neural machine translation", 2015.

    >>> import tensorflow as tf
    >>> from layers import Attention
    >>> Attention()([tf.ones((2, 3, 4)), tf.ones((2, 5, 4))]).shape
    TensorShape([2, 3, 4])
    """

    def __init__(self, use_scale=False, score_mode="dot", dropout=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ValueError(f"{self._title} takes 'dot' or 'concat' as `score_mode`, received {score_mode!r}.")
        self.use_scale = use_scale
        self.score_mode = score_mode
        self.dropout = dropout
        self.seed = seed
        self.dropout_layer = Dropout(dropout, seed=seed, dtype=self.dtype_policy)
        self.supports_masking = True

    def build(self, input_shape):
        self._check_list("inputs", "[query, value] or [query, value, key]", input_shape)
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            shape = self.scale_shape(input_shape)
            self.scale = self.add_weight(name="scale", shape=shape, initializer=self.first_scale)
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(name="concat_score_weight", shape=(), initializer="ones")

    first_scale = "ones"

    def scale_shape(self, input_shape):
        return ()

    def compute_mask(self, inputs, mask=None):
        """That of the query."""
        return mask[0] if mask else None

    def call(self, inputs, mask=None, return_attention_scores=False, use_causal_mask=False):
        self._check_list("inputs", "[query, value] or [query, value, key]", inputs)
        if mask is not None:
            self._check_list("mask", "[query_mask, value_mask]", mask)
        query, value, key = (computable(inputs[index], self.compute_dtype) for index in (0, 1, -1))
        query_mask, value_mask = (mask[0], mask[1]) if mask else (None, None)
        scores = self.scores(query, key)
        allowed = None if value_mask is None else tf.cast(value_mask, tf.bool)[:, None, :]
        if use_causal_mask:
            past = causal_mask(tf.shape(scores)[-2], tf.shape(scores)[-1])
            allowed = past if allowed is None else allowed & past
        if allowed is not None:
            scores -= (65504.0 if scores.dtype == tf.float16 else 1e9) * tf.cast(~allowed, scores.dtype)
        weights = self.dropout_layer(tf.nn.softmax(scores))
        outputs = tf.matmul(weights, value)
        if query_mask is not None:
            outputs *= tf.cast(query_mask, outputs.dtype)[..., None]
        return (outputs, weights) if return_attention_scores else outputs

    def scores(self, query, key):
        """How well each key fits each query, (batch, Tq, Tv)."""
        scale = 1 if self.scale is None else tf.cast(self.scale, query.dtype)
        if self.score_mode == "dot":
            return tf.matmul(query, key, transpose_b=True) * scale
        pairs = tf.tanh(scale * (query[:, :, None] + key[:, None]))
        return tf.cast(self.concat_score_weight, query.dtype) * tf.reduce_sum(pairs, axis=-1)

    def _check_list(self, name, wanted, items):
        if not isinstance(items, list) or len(items) not in (2, 3):
            raise ValueError(f"{self._title} takes a list {wanted} as `{name}`, received {items!r}.")


class AdditiveAttention(Attention):
    """Additive attention (Bahdanau).

        scores = Σ scale * tanh(query + key), summed over features
        outputs = softmax(scores) @ value

    Shapes, arguments and masks: see `Attention`; query and key have the same features.
    Weights: `scale` (features,) with `use_scale`, which is the default here.
    Source: Bahdanau et al., "Neural machine translation by jointly learning to align and translate", 2014.

    >>> import tensorflow as tf
    >>> from layers import AdditiveAttention
    >>> AdditiveAttention()([tf.ones((2, 3, 4)), tf.ones((2, 5, 4))]).shape
    TensorShape([2, 3, 4])
    """

    first_scale = "glorot_uniform"

    def __init__(self, use_scale=True, dropout=0.0, **kwargs):
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def scale_shape(self, input_shape):
        return (input_shape[0][-1],)

    def scores(self, query, key):
        pairs = tf.tanh(query[:, :, None] + key[:, None])
        return tf.reduce_sum(pairs if self.scale is None else tf.cast(self.scale, query.dtype) * pairs, axis=-1)

    def get_config(self):
        config = super().get_config()
        del config["score_mode"]
        return config


def causal_mask(queries, keys):
    """Bool (queries, keys): True where the key is not later than the query."""
    return tf.range(queries)[:, None] >= tf.range(keys)
