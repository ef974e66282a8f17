"""What every batch goes through on its way into a step, whatever it comes from."""

import numpy as np
import tensorflow as tf

from engine import spellings
from engine.training.step import unpack


class Preparation:
    """What is done to every batch: one-dimensional inputs become a column, class weights become sample weights."""

    def __init__(self, model, class_weight=None):
        self.dtype = tf.as_dtype(model.variable_dtype)
        self.ranks = {symbol.node.operation.name: symbol.shape.rank for symbol in model.input_symbols()}
        self.table = _class_weight_table(class_weight)

    def __call__(self, data):
        if isinstance(data, list):
            data = tuple(data)
        if not isinstance(data, tuple):
            return self.inputs(data)
        x, y, sample_weight = unpack(data)
        x = self.inputs(x)
        if self.table is not None:
            sample_weight = self.class_weights(y, sample_weight)
        return (x, y, sample_weight)[: 3 if sample_weight is not None else len(data)]

    def inputs(self, x):
        items = tf.nest.flatten(x)
        by_name = isinstance(x, dict) and set(x) == set(self.ranks)
        ranks = [self.ranks[name] for name in (sorted(x) if by_name else self.ranks)]
        ranks = ranks if len(ranks) == len(items) else [None] * len(items)
        return tf.nest.pack_sequence_as(x, [spellings.column(item, rank) for item, rank in zip(items, ranks)])

    def class_weights(self, y, sample_weight):
        if y is None or tf.nest.is_nested(y):
            raise ValueError("class_weight needs one output with class labels y. Use sample_weight for several outputs.")
        one_hot = y.shape.rank is not None and y.shape.rank > 1 and y.shape[-1] != 1
        classes = tf.argmax(y, -1) if one_hot else tf.cast(y, tf.int64)
        classes = tf.squeeze(classes, -1) if not one_hot and y.shape.rank and y.shape.rank > 1 else classes
        size = self.table.shape[0]
        known = tf.clip_by_value(classes, 0, size - 1)
        weight = tf.where(classes < size, tf.gather(tf.cast(self.table, self.dtype), known), tf.ones([], self.dtype))
        return weight if sample_weight is None else weight * tf.cast(sample_weight, self.dtype)


def _class_weight_table(class_weight):
    if class_weight is None:
        return None
    if not isinstance(class_weight, dict) or not all(isinstance(k, (int, np.integer)) and k >= 0 for k in class_weight):
        raise ValueError(f"class_weight is a dict {{class number: weight}}; received {class_weight!r}.")
    table = np.ones(max(class_weight) + 1)
    for label, weight in class_weight.items():
        table[label] = weight
    return table


def pack(x, y, sample_weight):
    """x, y and sample weights as one batch: alone, x stays as it is."""
    if sample_weight is not None:
        return (x, y, sample_weight)
    if y is not None:
        return (x, y)
    return (x,) if isinstance(x, (tuple, list)) else x


def relax(structure):
    """The specs of a batch, with the number of rows left open."""

    def leaf(item):
        spec = item if isinstance(item, tf.TypeSpec) else tf.type_spec_from_value(item)
        if isinstance(spec, tf.TensorSpec) and spec.shape.rank:
            return tf.TensorSpec([None, *spec.shape[1:]], spec.dtype)
        return spec

    return tf.nest.map_structure(leaf, structure)
