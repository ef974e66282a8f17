"""Embedding: a learned vector for each of a fixed number of things."""

import tensorflow as tf

from engine.core.layer import Layer
from engine.small_parts.sizes import positive_integer
from layers.indices import or_nan, out_of_range
from layers.weights import keep_arguments, make_weight
from losses.ground.numerics import as_integers


class Embedding(Layer):
    """Looks up a row of a table for each integer.

        outputs[b, t] = embeddings[inputs[b, t]]

    The gradient is a tf.IndexedSlices: only the rows that were looked up. With `mask_zero` the mask
    `inputs != 0` travels with the outputs.

    Shapes: (...) integers from 0 to below input_dim → (..., output_dim).
    Weights: `embeddings` (input_dim, output_dim), from `embeddings_initializer`.
    Arguments: `input_dim` (how many things), `output_dim` (features of each), `embeddings_initializer` (small
    uniform numbers), `embeddings_regularizer`, `embeddings_constraint`, `mask_zero` (False; True: 0 is padding),
    `weights` (a first table, as an array).
    Errors: ValueError for an integer out of range or a number with a fraction; compiled by XLA, the outputs are NaN, and
    `fit`, `evaluate` and `predict` say why.

    >>> from layers import Embedding
    >>> embedding = Embedding(10, 4)
    >>> embedding([[1, 2, 9]]).shape, embedding.embeddings.shape
    (TensorShape([1, 3, 4]), TensorShape([10, 4]))
    """

    checks_values = True
    usual_input = tf.TensorSpec([None, None], tf.int32)  # where it is the first layer

    def __init__(self, input_dim, output_dim, embeddings_initializer="uniform", embeddings_regularizer=None,
                 embeddings_constraint=None, mask_zero=False, activity_regularizer=None, **kwargs):  # fmt: skip
        weights = kwargs.pop("weights", None)  # values, which belong to a weights file and not to the config
        # Integers that arrive as floats are not cast to the compute dtype: 16 bits cannot tell 4097 from 4096.
        super().__init__(activity_regularizer=activity_regularizer, **{"autocast": False, **kwargs})
        self.input_dim = positive_integer(self, "input_dim", input_dim)
        self.output_dim = positive_integer(self, "output_dim", output_dim)
        keep_arguments(self, "embeddings", embeddings_initializer, embeddings_regularizer, embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def build(self, input_shape=None):
        self.embeddings = make_weight(self, "embeddings", (self.input_dim, self.output_dim))

    def compute_mask(self, inputs, previous_mask=None):
        return inputs != 0 if self.mask_zero else None

    def call(self, inputs):
        given = inputs
        if inputs.dtype not in (tf.int32, tf.int64):
            inputs = as_integers(inputs)
        try:
            outputs = tf.gather(self.embeddings, inputs)
        except tf.errors.InvalidArgumentError as error:  # only eagerly: in a graph there are no values yet
            raise out_of_range(self, "input_dim", given, self.input_dim) from error
        return or_nan(tf.cast(outputs, self.compute_dtype), inputs, self.input_dim)
