"""What the layers of several inputs share: a list of inputs, broadcasting, masks."""

import functools

import numpy as np
import tensorflow as tf

from engine.core.layer import Layer
from losses.ground.masks import get_mask
from losses.ground.numerics import cast
from losses.ground.shapes import sizes_of


class Merge(Layer):
    """Base of layers that combine inputs element by element; a subclass writes `merge`.

    The inputs broadcast to each other; one of lower rank first gets axes of size 1 after the batch. If all inputs
    have masks, a step counts in the outputs if it counts in any input. Integers beside floating inputs become floating.
    """

    num_inputs = None  # any
    neutral = None  # where set: `neutral(dtype)` is what a masked step counts as

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def merge(self, inputs):
        """One tensor from a list of tensors of the same rank."""
        raise NotImplementedError(f"{type(self).__name__} has no merge(). Define `def merge(self, inputs): ...`.")

    def build(self, input_shape):
        check_list(self, input_shape)
        rank = max(len(shape) for shape in input_shape)
        shapes = [(*shape[:1], *[1] * (rank - len(shape)), *shape[1:]) for shape in input_shape]
        batches = {shape[0] for shape in shapes if shape} - {None}
        sizes = [{size for size in axis if size not in (1, None)} for axis in zip(*(shape[1:] for shape in shapes))]
        if len(batches) > 1 or any(len(axis) > 1 for axis in sizes):
            raise ValueError(f"{self._title} takes inputs whose shapes broadcast to each other (the batch must be the "
                             f"same), received shapes {[tuple(shape) for shape in input_shape]}.")  # fmt: skip

    def call(self, inputs):
        check_list(self, inputs)
        rank = max(item.shape.rank for item in inputs)
        masks = [get_mask(item) for item in inputs]
        inputs = [at_rank(item, rank) for item in in_one_dtype(inputs)]
        if self.neutral is None or all(mask is None for mask in masks):
            return self.merge(inputs)
        masks = [True if mask is None else at_end(mask, rank) for mask in masks]
        neutral = tf.constant(self.neutral(inputs[0].dtype), inputs[0].dtype)
        merged = self.merge([tf.where(mask, item, neutral) for mask, item in zip(masks, inputs)])
        return tf.where(functools.reduce(tf.logical_or, masks), merged, self.where_all_masked(inputs[0]))

    def where_all_masked(self, first):
        """The outputs at steps that no input counts."""
        return first

    def compute_mask(self, inputs, previous_mask=None):
        if previous_mask is None or any(mask is None for mask in previous_mask):
            return None
        return functools.reduce(tf.logical_or, previous_mask)


def check_list(layer, inputs):
    """A ValueError unless `inputs` is a list of tensors (or of their shapes), of the right number."""
    single = not isinstance(inputs, (list, tuple)) or any(size is None or isinstance(size, int) for size in inputs)
    if single:
        raise ValueError(f"{layer._title} takes a list of inputs, received a single one.")
    if not inputs or layer.num_inputs not in (None, len(inputs)):
        raise ValueError(f"{layer._title} takes a list of {layer.num_inputs or 1} inputs, received {len(inputs)}.")


def in_one_dtype(inputs):
    """`inputs` in a dtype that holds all of them; integers do not make what is floating wider."""
    dtypes = {item.dtype for item in inputs}
    if len(dtypes) == 1:
        return inputs
    floating = {dtype for dtype in dtypes if dtype.is_floating or dtype.is_complex}
    if len(floating) == 1:
        common = floating.pop()
    elif floating == {tf.float16, tf.bfloat16}:
        common = tf.float32
    else:
        common = tf.as_dtype(np.result_type(*(dtype.as_numpy_dtype for dtype in floating or dtypes - {tf.string})))
    return [cast(item, common) for item in inputs]


def at_rank(tensor, rank):
    """`tensor` with axes of size 1 put after the batch axis until it has `rank` axes."""
    for _ in range(rank - tensor.shape.rank):
        tensor = tf.expand_dims(tensor, 1)
    return tensor


def at_end(mask, rank):
    """`mask` with axes of size 1 put at its end until it has `rank` axes."""
    return tf.reshape(mask, [*sizes_of(mask), *[1] * (rank - mask.shape.rank)])
