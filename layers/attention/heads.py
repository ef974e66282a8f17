"""What attention with several heads shares: projections onto heads, and what masks do to scores."""

import copy

import tensorflow as tf

from engine import initializers, regularizers
from engine.core.layer import Layer
from engine.dtypes import computable
from engine.small_parts.sizes import positive_integer
from layers.attention.attention import causal_mask
from layers.dropout import Dropout
from layers.weights import flat_product, keep_arguments, make_weight
from losses.ground.configurable import remake, serialize
from losses.ground.shapes import sizes_of


class Projection(Layer):
    """`outputs = inputs @ kernel + bias`, where the last `num_axes` axes of inputs become the axes `sizes`.

    Weights: `kernel` (*input sizes, *sizes), `bias` (*sizes).
    """

    def __init__(self, num_axes, sizes, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
                 bias_regularizer, kernel_constraint, bias_constraint, **kwargs):  # fmt: skip
        super().__init__(**kwargs)
        self.num_axes = num_axes
        self.sizes = tuple(sizes)
        self.use_bias = use_bias
        keep_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        keep_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape):
        shape = (*input_shape[-self.num_axes :], *self.sizes)
        self.kernel = make_weight(self, "kernel", shape, initializer=self._with_fans())
        self.bias = make_weight(self, "bias", self.sizes) if self.use_bias else None

    def _with_fans(self):
        """The initializer of the kernel; one that scales by fans is told which axes are inputs and outputs."""
        initializer = self.kernel_initializer
        if isinstance(initializer, initializers.VarianceScaling) and initializer.input_axes is None:
            initializer = copy.copy(initializer)
            axes = range(self.num_axes + len(self.sizes))
            initializer.input_axes, initializer.output_axes = axes[: self.num_axes], axes[self.num_axes :]
        return initializer

    def call(self, inputs):
        inputs = computable(inputs, self.compute_dtype)
        outputs = flat_product(inputs, tf.cast(self.kernel, inputs.dtype), self.num_axes)
        return outputs + tf.cast(self.bias, inputs.dtype) if self.use_bias else outputs


class HeadsLayer(Layer):
    """Base of MultiHeadAttention and GroupQueryAttention: their arguments, projections, masks and softmax."""

    def __init__(self, dropout, use_bias, sliding_window, flash_attention, kernel_initializer, bias_initializer,
                 kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint,
                 use_gate, seed, **kwargs):  # fmt: skip
        super().__init__(**kwargs)
        if flash_attention:
            raise ValueError(f"{self._title}: TensorFlow has no flash attention; leave `flash_attention` at None.")
        self.dropout = dropout
        self.use_bias = use_bias
        self.sliding_window = (
            None if sliding_window is None else positive_integer(self, "sliding_window", sliding_window)
        )
        self.flash_attention = flash_attention
        keep_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        keep_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.dense_activity_regularizer = regularizers.get(activity_regularizer)  # of each projection
        self.use_gate = use_gate
        self.seed = seed
        self.supports_masking = True

    def get_config(self):
        config = super().get_config()
        del config["flash_attention"]
        return {**config, "activity_regularizer": serialize(self.dense_activity_regularizer)}

    def projection(self, name, input_shape, sizes, num_axes=1):
        """A built Projection of the last `num_axes` axes onto `sizes`, with this layer's initializers and so on."""
        layer = Projection(
            num_axes, sizes, self.use_bias, _again(self.kernel_initializer), _again(self.bias_initializer),
            self.kernel_regularizer, self.bias_regularizer, self.kernel_constraint, self.bias_constraint,
            activity_regularizer=self.dense_activity_regularizer, name=name, dtype=self.dtype_policy,
        )  # fmt: skip
        layer.build(input_shape)
        return layer

    def build_projections(self, query_shape, value_shape, key_shape, query_sizes, key_sizes, value_sizes, output_sizes):
        """The projections, in the order of the weights; `..._sizes` are (heads, size of a head) of what comes out."""
        gated = (query_sizes[0], value_sizes[1])
        self.query_dense = self.projection("query", query_shape, query_sizes)
        self.key_dense = self.projection("key", key_shape or value_shape, key_sizes)
        self.gate_dense = self.projection("gate", query_shape, gated) if self.use_gate else None
        self.value_dense = self.projection("value", value_shape, value_sizes)
        self.dropout_layer = Dropout(self.dropout, seed=self.seed, dtype=self.dtype_policy)
        self.output_dense = self.projection("attention_output", (*query_shape[:-1], *gated), output_sizes, num_axes=2)

    def allowed(self, masks, attention_mask, use_causal_mask, num_queries, num_keys):
        """Which query sees which key, bool (..., queries, keys); None: each sees all.

        `masks`: bool tensors or None, all of which must agree; `attention_mask` as the user gave it.
        """
        masks = [*masks, attention_mask]
        if use_causal_mask:
            masks.append(causal_mask(num_queries, num_keys))
        if self.sliding_window is not None:
            distance = tf.abs(tf.range(num_queries)[:, None] - tf.range(num_keys))
            masks.append(distance < self.sliding_window)
        whole = None
        for mask in masks:
            if mask is not None:
                mask = tf.cast(mask, tf.bool)
                whole = mask if whole is None else whole & mask
        return whole

    def weigh(self, scores, allowed, zero_if_none):
        """Softmax over the keys that are allowed; `allowed` without heads gets an axis for them.

        A query that may see no key at all: weights 0 with `zero_if_none`, else all equal.
        """
        if allowed is None:
            return tf.nn.softmax(scores)
        while allowed.shape.rank < scores.shape.rank:
            allowed = tf.expand_dims(allowed, -3)
        lowest = tf.constant(scores.dtype.min / 2, scores.dtype)  # finite: a row of -inf has no softmax
        weights = tf.nn.softmax(tf.where(allowed, scores, lowest))
        return tf.where(allowed, weights, tf.zeros((), weights.dtype)) if zero_if_none else weights

    def gated(self, attended, query):
        """`attended * sigmoid(gate(query))`, if there is a gate."""
        return attended * tf.sigmoid(self.gate_dense(query)) if self.use_gate else attended


def _again(initializer):
    """An initializer with the same arguments: each weight has one of its own, and so other values."""
    known = isinstance(initializer, initializers.Initializer)
    return remake(initializer) if known else initializer


def heads_first(projected):
    """(batch, places, heads, size) → (batch, heads, places, size), and back."""
    return tf.transpose(projected, (0, 2, 1, 3))


def mask_of_queries(mask, num_axes=1):
    """A mask (batch, ..., queries) with an axis for each of the `num_axes` axes of keys after the queries."""
    return None if mask is None else tf.reshape(mask, (*sizes_of(mask), *[1] * num_axes))


def mask_of_keys(masks, num_axes=1):
    """Masks (batch, ..., keys) with an axis for each of the `num_axes` axes of queries before the keys."""
    spread = []
    for mask in masks:
        if mask is not None:
            sizes = sizes_of(mask)
            mask = tf.reshape(mask, (*sizes[:-num_axes], *[1] * num_axes, *sizes[-num_axes:]))
        spread.append(mask)
    return spread
