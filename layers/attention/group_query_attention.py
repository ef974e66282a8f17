"""Attention whose query heads share key and value heads in groups: fewer keys to compute, keep and read."""

import math

import tensorflow as tf

from engine.small_parts.sizes import positive_integer
from layers.attention.heads import HeadsLayer, heads_first, mask_of_keys, mask_of_queries
from losses.ground.shapes import sizes_of


class GroupedQueryAttention(HeadsLayer):
    """MultiHeadAttention in which each group of query heads shares one head of keys and values.

        heads[h] = softmax(q[h] @ k[h // group]ᵀ / √head_dim) @ v[h // group],   group = query heads / key heads

    One key head is multi-query attention, as many as query heads multi-head attention. Keras's name, and so the
    public one, is `GroupQueryAttention`. Shapes and masks: see `MultiHeadAttention`.
    Weights: kernel and bias of `query_dense` (features, query heads, head_dim), `key_dense` (features, key heads,
    head_dim), `gate_dense` (with a gate), `value_dense`, `output_dense` (query heads, head_dim, features).

    Arguments: `head_dim`, `num_query_heads`, `num_key_value_heads`; the others are those of `MultiHeadAttention`.
    Errors: ValueError if the query heads do not divide into groups.
    Source: Ainslie et al., "GQA: training generalized multi-query transformer models", 2023.

    >>> import tensorflow as tf
    >>> from layers import GroupQueryAttention
    >>> x = tf.ones((2, 5, 6))
    >>> GroupQueryAttention(head_dim=4, num_query_heads=6, num_key_value_heads=2)(x, x).shape
    TensorShape([2, 5, 6])
    """

    public_name = "GroupQueryAttention"

    def __init__(self, head_dim, num_query_heads, num_key_value_heads, dropout=0.0, use_bias=True,
                 sliding_window=None, flash_attention=None, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, use_gate=False, seed=None, **kwargs):  # fmt: skip
        super().__init__(
            dropout, use_bias, sliding_window, flash_attention, kernel_initializer, bias_initializer,
            kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint,
            use_gate, seed, **kwargs,
        )  # fmt: skip
        self.activity_regularizer = self.dense_activity_regularizer  # as in Keras: of the outputs too
        self.head_dim = positive_integer(self, "head_dim", head_dim)
        self.num_query_heads = positive_integer(self, "num_query_heads", num_query_heads)
        self.num_key_value_heads = positive_integer(self, "num_key_value_heads", num_key_value_heads)
        if self.num_query_heads % self.num_key_value_heads:
            raise ValueError(
                f"{self._title} needs num_query_heads divisible by num_key_value_heads, "
                f"received {num_query_heads} and {num_key_value_heads}."
            )

    def build(self, query_shape, value_shape, key_shape=None):
        query, shared = ((heads, self.head_dim) for heads in (self.num_query_heads, self.num_key_value_heads))
        self.build_projections(query_shape, value_shape, key_shape, query, shared, shared, query_shape[-1:])

    def call(self, query, value, key=None, query_mask=None, value_mask=None, key_mask=None, attention_mask=None,
             return_attention_scores=False, use_causal_mask=False):  # fmt: skip
        q = heads_first(self.query_dense(query)) / math.sqrt(self.head_dim)
        k = heads_first(self.key_dense(value if key is None else key))
        v = heads_first(self.value_dense(value))
        batch, _, num_queries, _ = sizes_of(q)
        num_keys = sizes_of(k)[2]

        # A group is one long head of queries: no copies of keys and values.
        grouped = tf.reshape(q, (batch, self.num_key_value_heads, -1, self.head_dim))
        scores = tf.matmul(grouped, k, transpose_b=True)
        scores = tf.reshape(scores, (batch, self.num_query_heads, num_queries, num_keys))
        masks = [mask_of_queries(query_mask), *mask_of_keys((value_mask, key_mask))]
        allowed = self.allowed(masks, attention_mask, use_causal_mask, num_queries, num_keys)
        plain = not self.dropout and not return_attention_scores
        weights = self.weigh(scores, allowed, zero_if_none=not plain)

        grouped = tf.reshape(self.dropout_layer(weights), (batch, self.num_key_value_heads, -1, num_keys))
        attended = tf.reshape(tf.matmul(grouped, v), (batch, self.num_query_heads, num_queries, self.head_dim))
        outputs = self.output_dense(self.gated(heads_first(attended), query))
        return (outputs, weights) if return_attention_scores else outputs


GroupQueryAttention = GroupedQueryAttention
