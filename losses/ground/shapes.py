"""Which shapes agree: never a silent broadcast of `(N,)` against `(N, 1)`.

Subtracting shape `(N, 1)` from shape `(N,)` gives `(N, N)`: every label against every
prediction, a wrong loss without an error. So one trailing axis of length 1 is added or
removed (`align_ranks`), and after that shapes must be equal.
"""

import tensorflow as tf

from losses.ground.numerics import cast, floating


def align_ranks(first, second):
    """Give two tensors one rank if they differ by a trailing axis of length 1, else leave them.

    `(N,)` with `(N, 1)` → both `(N, 1)`;   `(N, T)` with `(N, T, 1)` → both `(N, T)`.

    >>> [tuple(t.shape) for t in align_ranks(tf.zeros([4]), tf.zeros([4, 1]))]
    [(4, 1), (4, 1)]
    """
    if first.shape.rank is None or second.shape.rank is None or abs(first.shape.rank - second.shape.rank) != 1:
        return first, second
    if first.shape.rank > second.shape.rank:
        second, first = align_ranks(second, first)
        return first, second
    if second.shape[-1] != 1:
        return first, second
    if first.shape.rank == 1:  # a column stays a column, so that the loss has a value for each row
        return tf.expand_dims(first, -1), second
    return first, tf.squeeze(second, -1)


def agree(owner, y_true, y_pred, hint="Give both the same shape."):
    """`y_true` and `y_pred` as tensors of one floating dtype and one shape, or a ValueError naming `owner`.

    >>> agree("my_loss", tf.zeros([4, 3]), tf.zeros([4, 2]))
    Traceback (most recent call last):
    ValueError: my_loss compares element by element and expects y_true and y_pred of one shape; received y_true of \
shape (4, 3) and y_pred of shape (4, 2). Give both the same shape.
    """
    y_pred = floating(y_pred)
    y_true, y_pred = align_ranks(cast(y_true, y_pred.dtype), y_pred)
    if not y_true.shape.is_compatible_with(y_pred.shape):
        raise ValueError(
            f"{owner} compares element by element and expects y_true and y_pred of one shape; "
            f"received y_true of shape {y_true.shape} and y_pred of shape {y_pred.shape}. {hint}"
        )
    if str(y_true.shape) != str(y_pred.shape):  # of an axis that is open in one of them, the other says how long it must be
        y_true, y_pred = tf.ensure_shape(y_true, y_pred.shape), tf.ensure_shape(y_pred, y_true.shape)
    if y_pred.shape.rank == 0:
        raise ValueError(f"{owner} expects a batch axis; received scalars. Give tensors of shape (batch, ...).")
    return y_true, y_pred


def fit_weights(owner, kind, values, weights):
    """`values` and `weights` of one rank: weights `(N,)` for values `(N, T)` become `(N, 1)`.

    Each axis of the weights must have the length of the values' axis, or 1.
    """
    values, weights = align_ranks(values, cast(weights, values.dtype))
    given, wanted = weights.shape, values.shape
    if given.rank is None or wanted.rank is None or given.rank == 0:
        return values, weights
    pairs = zip(given, wanted)
    if given.rank > wanted.rank or any(g not in (1, None) and w is not None and g != w for g, w in pairs):
        reason = " This loss has no batch axis: it sums over the batch." if wanted.rank == 0 else ""
        raise ValueError(
            f"{owner} expects a {kind} that matches the leading axes of its values, shape {wanted}; "
            f"received shape {given}.{reason} Give one number for each value, or for each row."
        )
    for _ in range(wanted.rank - given.rank):
        weights = tf.expand_dims(weights, -1)
    return values, weights


def sizes_of(tensor):
    """The size of each axis: an integer where it is known, else a scalar tensor."""
    if tensor.shape.is_fully_defined():
        return list(tensor.shape)
    sizes = tf.unstack(tf.shape(tensor))  # two operations for all axes, where a slice for each would take five
    return [sizes[axis] if size is None else size for axis, size in enumerate(tensor.shape)]
