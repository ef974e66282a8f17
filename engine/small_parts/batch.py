"""What every batch goes through on its way into a step, whatever it comes from."""

import tensorflow as tf

from engine import spellings
from engine.small_parts.class_weights import class_weights
from losses.ground import whole
from losses.ground.shapes import sizes_of


class Preparation:
    """What is done to every batch: one-dimensional inputs become a column, class weights become sample weights."""

    def __init__(self, model, class_weight=None):
        self.model = model
        self.dtype = tf.as_dtype(model.variable_dtype)
        self.keeps_lists = model._keeps_lists
        self.ranks = {symbol.node.operation.name: symbol.shape.rank for symbol in model.input_symbols()}
        self.class_weights = None if class_weight is None else class_weights(class_weight, model._names_of)

    def __call__(self, data):
        if isinstance(data, list):
            data = tuple(data)
        if not isinstance(data, tuple):
            return self.inputs(data)
        x, y, sample_weight = unpack(data)
        x = self.inputs(x)
        if self.class_weights is not None:
            y, sample_weight = self.class_weights(y, sample_weight, self.dtype, lambda: self.model._shapes_for(x))
        return (x, y, sample_weight)[: 3 if sample_weight is not None else len(data)]

    def inputs(self, x):
        items = tf.nest.flatten(x)
        by_name = isinstance(x, dict) and set(x) == set(self.ranks)
        ranks = [self.ranks[name] for name in (sorted(x) if by_name else self.ranks)]
        ranks = ranks if len(ranks) == len(items) else [None] * len(items)
        return tf.nest.pack_sequence_as(x, [spellings.column(item, rank) for item, rank in zip(items, ranks)])


def unpack(data):
    """(x, y, sample_weight) of a batch that may come as x, (x,), (x, y) or all three.

    >>> unpack((1, 2))
    (1, 2, None)
    """
    if not isinstance(data, tuple):
        data = (data,)
    if not 1 <= len(data) <= 3:
        raise ValueError(f"A batch is x, (x, y) or (x, y, sample_weight); received a tuple of {len(data)} items.")
    return (*data, None, None)[:3]


def count_rows(data):
    """The number of rows of a batch, as a scalar tensor."""
    first = next(item for item in tf.nest.flatten(data) if item is not None)
    known = whole.group.known_rows(first)
    if known is not None:
        return known
    if first.shape[0] is not None:
        return tf.constant(first.shape[0])
    return sizes_of(first)[0] if isinstance(first, tf.Tensor) and first.shape.rank else tf.shape(first)[0]


def pack(x, y=None, sample_weight=None):
    """x, y and sample weights as one batch: alone, x stays as it is.

    >>> pack(1), pack(1, 2)
    (1, (1, 2))
    """
    if sample_weight is not None:
        return (x, y, sample_weight)
    if y is not None:
        return (x, y)
    return (x,) if isinstance(x, (tuple, list)) else x


def specs(batch):
    """The specs of a batch as it is; None stays None: an optional input that is left out."""
    return tf.nest.map_structure(lambda item: None if item is None else tf.type_spec_from_value(item), batch)


def kind(batch):
    """What batches of the same structure, shapes and dtypes have in common: to be compared, and nothing else."""
    if type(batch) is tuple and all(isinstance(leaf, tf.Tensor) for leaf in batch):  # the common case, made quick
        return [(leaf.dtype, leaf.shape) for leaf in batch]
    return specs(batch)


def relax(structure):
    """The specs of a batch, with the number of rows left open."""

    def leaf(item):
        if isinstance(item, tf.Tensor):  # the common case, made quick
            return tf.TensorSpec([None, *item.shape.as_list()[1:]] if item.shape.rank else item.shape, item.dtype)
        spec = item if isinstance(item, tf.TypeSpec) else specs(item)
        shape = [None, *spec.shape[1:]] if getattr(spec, "shape", None) else None
        if isinstance(spec, tf.TensorSpec) and shape:
            return tf.TensorSpec(shape, spec.dtype)
        if isinstance(spec, tf.SparseTensorSpec) and shape:
            return tf.SparseTensorSpec(shape, spec.dtype)
        if isinstance(spec, tf.RaggedTensorSpec) and shape:
            return tf.RaggedTensorSpec(shape, spec.dtype, spec.ragged_rank, spec.row_splits_dtype)
        return spec

    return tf.nest.map_structure(leaf, structure)
