"""Kinds of tensors: dense, sparse (the entries that are not zero), ragged (rows of unequal length)."""

import tensorflow as tf

_CLASSES = {
    "dense": (tf.Tensor, tf.TensorSpec),
    "sparse": (tf.SparseTensor, tf.SparseTensorSpec),
    "ragged": (tf.RaggedTensor, tf.RaggedTensorSpec),
}


def kind_of(item):
    """ "dense", "sparse" or "ragged", of a tensor or of the spec of one; None for anything else.

    >>> kind_of(tf.ragged.constant([[1], [2, 3]]))
    'ragged'
    """
    return next((kind for kind, classes in _CLASSES.items() if isinstance(item, classes)), None)


def kind_named(sparse, ragged):
    """The kind that the two flags of an Input mean."""
    if sparse and ragged:
        raise ValueError("Input takes sparse=True or ragged=True, not both: a tensor is one or the other.")
    return "sparse" if sparse else "ragged" if ragged else "dense"


def spec(shape, dtype, kind="dense"):
    """The spec of such a tensor. A ragged one is so as far as sizes are unknown: later axes are the same in all rows."""
    if kind != "ragged":
        return _CLASSES[kind][1](shape, dtype)
    unknown = [axis for axis, size in enumerate(shape) if axis > 0 and size is None]
    return tf.RaggedTensorSpec(shape, dtype, ragged_rank=max(unknown, default=1))


def placeholder(shape, dtype, kind="dense"):
    """Such a tensor without values, in the graph that is being made."""
    found = spec(shape, dtype, kind)
    parts = [tf.compat.v1.placeholder(part.dtype, part.shape) for part in tf.nest.flatten(found, expand_composites=True)]
    return tf.nest.pack_sequence_as(found, parts, expand_composites=True)
