"""Is a dataset batched? Forgetting `.batch(32)` is the first mistake of all, and shapes often fit nevertheless."""

import tensorflow as tf

from engine.small_parts.batch import unpack


def check_batched(spec, inputs):
    """A ValueError if `spec`, of what a dataset gives, is that of single rows; `inputs` are the model's declared ones."""
    if isinstance(spec, list):
        spec = tuple(spec)
    x, y, _ = unpack(spec)
    given, labels = [[item.shape for item in tf.nest.flatten(part) if isinstance(item, tf.TensorSpec)] for part in (x, y)]
    single = any(shape.rank == 0 for shape in (*given, *labels))
    if len(given) == len(labels) == 1 and given[0].rank and labels[0].rank:
        rows, others = given[0][0], labels[0][0]
        single |= None not in (rows, others) and rows != others
    if len(given) == len(inputs):
        single |= any(_is_row_of(symbol.shape, shape) for symbol, shape in zip(inputs, given))
    if single:
        shapes = ", ".join(f"{name} of shape {_text(found)}" for name, found in (("x", given), ("y", labels)) if found)
        raise ValueError(f"The dataset is not batched: it gives {shapes}, without an axis of rows. Use dataset.batch(32).")


def _is_row_of(declared, shape):
    """Whether `shape` is that of one row of what is `declared`. (N,) for (N, 1) is a column."""
    if None in (declared.rank, shape.rank) or shape.rank != declared.rank - 1 or declared[1:] == [1]:
        return False
    return shape.rank > 0 and shape.is_compatible_with(declared[1:])


def _text(shapes):
    return " and ".join(str(tuple(shape)) for shape in shapes)
