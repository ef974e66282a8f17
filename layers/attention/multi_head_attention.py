"""Several attentions side by side, each on learned projections of its own."""

import math

import tensorflow as tf

from engine.small_parts.sizes import positive_integer
from layers.attention.heads import HeadsLayer, mask_of_keys, mask_of_queries
from losses.ground.shapes import sizes_of


class MultiHeadAttention(HeadsLayer):
    """Scaled dot-product attention with several heads.

        q, k, v = query @ query_kernel + bias, key @ key_kernel + bias, value @ value_kernel + bias     per head
        heads = softmax(q @ kᵀ / √key_dim) @ v
        outputs = heads @ output_kernel + bias

    Shapes: query (batch, Tq, features), value and key (batch, Tv, features) → (batch, Tq, features of the query);
    with `return_attention_scores` also the softmax (batch, heads, Tq, Tv). Without a key, the value is the key.
    Weights: kernel and bias of `query_dense` (features, heads, key_dim), `key_dense`, `gate_dense` (with a gate),
    `value_dense` (features, heads, value_dim), `output_dense` (heads, value_dim, features).

    Arguments: `num_heads`; `key_dim`, `value_dim` (sizes of one head; `key_dim` serves both by default); `dropout` (of
    the softmax); `use_bias`; `output_shape` (sizes in place of the query's features); `attention_axes` (axes of
    places, by default all between batch and features); `sliding_window` (a query sees keys less than this far off);
    initializers, regularizers and constraints; `use_gate` (heads * sigmoid(query @ gate_kernel + bias)); `seed`.
    In the call: masks (True: counts) `query_mask` (batch, Tq), `value_mask`, `key_mask` (batch, Tv), `attention_mask`
    (batch, Tq, Tv); `use_causal_mask`. A query that may see nothing gets the mean of the values; zeros where dropout,
    other axes or `return_attention_scores` are in use (as in Keras).
    Errors: ValueError for sizes that are not positive integers.
    Source: Vaswani et al., "Attention is all you need", 2017.

    >>> import tensorflow as tf
    >>> from layers import MultiHeadAttention
    >>> x = tf.ones((2, 5, 6))
    >>> MultiHeadAttention(num_heads=3, key_dim=4)(x, x, use_causal_mask=True).shape
    TensorShape([2, 5, 6])
    """

    def __init__(self, num_heads, key_dim, value_dim=None, dropout=0.0, use_bias=True, output_shape=None,
                 attention_axes=None, sliding_window=None, flash_attention=None, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, use_gate=False, seed=None, **kwargs):  # fmt: skip
        super().__init__(
            dropout, use_bias, sliding_window, flash_attention, kernel_initializer, bias_initializer,
            kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint,
            use_gate, seed, **kwargs,
        )  # fmt: skip
        self.num_heads = positive_integer(self, "num_heads", num_heads)
        self.key_dim = positive_integer(self, "key_dim", key_dim)
        self.value_dim = self.key_dim if value_dim is None else positive_integer(self, "value_dim", value_dim)
        self.output_shape = _sizes(output_shape)
        self.attention_axes = _sizes(attention_axes)

    def build(self, query_shape, value_shape, key_shape=None):
        if key_shape is not None and key_shape[1:-1] != value_shape[1:-1]:
            raise ValueError(
                f"{self._title} takes a key for each value, received keys of shape {tuple(key_shape)} "
                f"and values of shape {tuple(value_shape)}."
            )
        rank = len(query_shape)
        self.attention_axes = tuple(axis % rank for axis in self.attention_axes or range(1, rank - 1))
        key, value = (self.num_heads, self.key_dim), (self.num_heads, self.value_dim)
        self.build_projections(
            query_shape, value_shape, key_shape, key, key, value, self.output_shape or query_shape[-1:]
        )

    def call(self, query, value, key=None, query_mask=None, value_mask=None, key_mask=None, attention_mask=None,
             return_attention_scores=False, use_causal_mask=False):  # fmt: skip
        axes = self.attention_axes
        q, query_sizes = self._places(self.query_dense(query) / math.sqrt(self.key_dim), axes)
        k, key_sizes = self._places(self.key_dense(value if key is None else key), axes)
        v, _ = self._places(self.value_dense(value), axes)
        scores = tf.matmul(q, k, transpose_b=True)
        allowed = self._allowed(
            query_mask, (value_mask, key_mask), attention_mask, use_causal_mask, query_sizes, key_sizes
        )  # fmt: skip
        plain = not self.dropout and not return_attention_scores and query.shape.rank == 3
        weights = self.weigh(scores, allowed, zero_if_none=not plain)
        attended = self._back(tf.matmul(self.dropout_layer(weights), v), query, axes)
        outputs = self.output_dense(self.gated(attended, query))
        if not return_attention_scores:
            return outputs
        return outputs, tf.reshape(weights, (*sizes_of(weights)[:-2], *query_sizes, *key_sizes))

    def _places(self, projected, axes):
        """(batch, ..., heads, size) → (batch, axes not attended to, heads, places, size), and the sizes of `axes`."""
        rest = [axis for axis in range(1, projected.shape.rank - 2) if axis not in axes]
        last = projected.shape.rank - 1
        ordered = tf.transpose(projected, (0, *rest, last - 1, *axes, last))
        sizes = sizes_of(ordered)
        first = len(rest) + 2
        if len(axes) > 1:
            ordered = tf.reshape(ordered, (*sizes[:first], math.prod(sizes[first:-1]), sizes[-1]))
        return ordered, sizes[first:-1]

    def _back(self, attended, query, axes):
        """The way back: (batch, axes not attended to, heads, places, size) → (batch, ..., heads, size)."""
        rank = query.shape.rank
        rest = [axis for axis in range(1, rank - 1) if axis not in axes]
        sizes = sizes_of(query)
        if len(axes) > 1:
            attended = tf.reshape(
                attended, (*sizes_of(attended)[:-2], *[sizes[axis] for axis in axes], attended.shape[-1])
            )
        order = [0, *rest, rank - 1, *axes, rank]  # which axis of the outputs each axis is
        return tf.transpose(attended, [order.index(axis) for axis in (*range(rank - 1), rank - 1, rank)])

    def _allowed(self, query_mask, key_masks, attention_mask, use_causal_mask, query_sizes, key_sizes):
        """`allowed` of the base; several axes of places become one."""
        count = len(query_sizes)
        masks = [mask_of_queries(query_mask, count), *mask_of_keys(key_masks, count), attention_mask]
        if count > 1:
            places = (math.prod(query_sizes), math.prod(key_sizes))
            masks = [mask if mask is None else _flat(mask, (*query_sizes, *key_sizes), places) for mask in masks]
            return self.allowed(masks, None, use_causal_mask, *places)
        return self.allowed(masks[:-1], masks[-1], use_causal_mask, *query_sizes, *key_sizes)


def _flat(mask, sizes, places):
    """(batch, ..., *sizes), with 1 where it holds for all, → (batch, ..., *places)."""
    first = sizes_of(mask)[: -len(sizes)]
    return tf.reshape(tf.broadcast_to(mask, (*first, *sizes)), (*first, *places))


def _sizes(value):
    """None, or a tuple of integers from an integer or several."""
    if value is None:
        return None
    return (value,) if isinstance(value, int) else tuple(value)
