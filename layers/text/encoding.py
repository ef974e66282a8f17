"""Token numbers in the form that `output_mode` names: as they are, one-hot, or counted over the last axis."""

import tensorflow as tf


def encode(numbers, size, output_mode, dtype, weights=None):
    """Token numbers (…, n) in the form `output_mode`; a number below 0 is nothing.

        int: as they are · one_hot: (…, n, size), (…, size) where n = 1 · multi_hot: (…, size), 1 for each number that is
        there · count: how often it is there · tf_idf: its count times its entry of `weights`

    >>> encode([[0, 2, 2, -1]], 3, "count", "int64").numpy().tolist()
    [[1, 0, 2]]
    """
    if output_mode == "int":
        return numbers
    if isinstance(numbers, tf.RaggedTensor):
        numbers = numbers.to_tensor(-1)
    hot = tf.one_hot(numbers, size, dtype=dtype)
    if output_mode == "one_hot":
        rank = hot.shape.rank
        return hot if rank < 3 or hot.shape[-2] != 1 else tf.squeeze(hot, -2)
    if hot.shape.rank == 1:  # a single number
        hot = hot[tf.newaxis]
    if output_mode == "multi_hot":
        return tf.reduce_max(hot, -2)
    counts = tf.reduce_sum(hot, -2)
    return counts if output_mode == "count" else counts * tf.cast(weights, dtype)
