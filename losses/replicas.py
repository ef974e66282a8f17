"""One batch spread over replicas: what the parts add up to.

Under a `tf.distribute` strategy each replica sees its rows of the batch. What it computes are parts: a loss is summed over
its rows and divided by the count of all rows, so that the loss of the batch is the sum of the replicas' losses, and its
gradient the sum of their gradients.

Anywhere else, on one device, these functions return what they are given.
"""

import contextlib
import threading

import tensorflow as tf


class _State(threading.local):
    """Per thread, because each replica of a step runs in a thread of its own."""

    rows = None  # of the whole batch, where the step knows them


_state = _State()


def context():
    """The context of this replica if there are others beside it, else None."""
    replica = tf.distribute.get_replica_context()
    return replica if replica is not None and replica.num_replicas_in_sync > 1 else None


def count():
    """The number of replicas that share a batch here."""
    replica = context()
    return 1 if replica is None else replica.num_replicas_in_sync


def check_readable(who, variables):
    """A ValueError where `variables` have a copy on each device, and this is no step that runs on one."""
    spread = any(isinstance(variable, tf.distribute.DistributedValues) for variable in variables)
    if spread and (not tf.distribute.has_strategy() or tf.distribute.in_cross_replica_context()):
        raise ValueError(
            f"{who} has a copy of its weights on each device, and was asked for gradients outside of fit(). To look into it, "
            "make it outside of the scope of the strategy and load the weights."
        )


def total(values):
    """The sum over all replicas, of a tensor or of each tensor in a list; every replica gets it.

    >>> float(total(tf.constant(3.0)))
    3.0
    """
    replica = context()
    if replica is None:
        return values
    tensors = list(values) if isinstance(values, (list, tuple)) else [values]
    sums = {}
    for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):  # one exchange for all tensors of a dtype
        places = [place for place, tensor in enumerate(tensors) if tensor.dtype == dtype]
        sums.update(zip(places, replica.all_reduce(tf.distribute.ReduceOp.SUM, [tensors[place] for place in places])))
    return [sums[place] for place in range(len(tensors))] if isinstance(values, (list, tuple)) else sums[0]


def total_rows(rows):
    """The number of rows of the whole batch, as a float64, from that of this replica."""
    return total(tf.cast(rows, tf.float64)) if _state.rows is None else _state.rows


@contextlib.contextmanager
def of_batch(rows):
    """Within the block the whole batch has so many rows (a float64): nobody need ask the other replicas."""
    _state.rows = rows
    try:
        yield
    finally:
        _state.rows = None


def whole(loss, rows):
    """(value, weight) with which a mean takes in this replica's part of the loss: all parts come to (loss, all rows)."""
    if context() is None:
        return loss, rows
    return loss * count(), tf.cast(total_rows(rows) / count(), loss.dtype)


def shares(values, rows):
    """Each of `values` weighted by this replica's share of the rows: what is a mean over rows here becomes a part of it."""
    if context() is None or not values:
        return values
    share = tf.cast(rows, tf.float64) / total(tf.cast(rows, tf.float64))  # maybe not the batch's rows: of some outputs
    # Without rows a mean is not a number; it counts nothing.
    return [tf.math.multiply_no_nan(value, tf.cast(share, value.dtype)) for value in values]
