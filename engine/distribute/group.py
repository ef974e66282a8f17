"""The group of all replicas: those who share a batch where a `tf.distribute` strategy is active. Elsewhere, one alone.

Each replica sees its rows of the batch, and computes parts of what belongs to all of it (losses/ground/whole.py).
"""

import contextlib
import threading

import tensorflow as tf

from engine.distribute import cluster, patience, turns
from engine.optimizers.loss_scale import divided
from losses.ground import whole
from losses.ground.whole import Alone, Rows


def _others():
    """The context of this replica if there are others beside it, else None; None also where a layer is traced for its shapes alone."""
    replica, graph = tf.distribute.get_replica_context(), tf.compat.v1.get_default_graph()
    while isinstance(graph, tf.__internal__.FuncGraph) and graph.name != "<shapes>":  # of engine/core/symbolic.py
        graph = graph.outer_graph
    is_step = not isinstance(graph, tf.__internal__.FuncGraph)
    return replica if is_step and replica is not None and replica.num_replicas_in_sync > 1 else None


class _Batch(threading.local):
    """Per thread, because each replica of a step runs in a thread of its own."""

    rows = None  # of the whole batch, where the step knows them
    place = None  # one's Rows in it
    tensors = ()  # the ids of those that have these rows
    sharers = None  # how many replicas have rows of it, if not all
    gathering = None  # how the step gathers gradients, if it does (gathering.py)


_batch = _Batch()


@contextlib.contextmanager
def of_batch(batch, rows, place, sharers=None, gathering=None):
    """Within the block the whole batch has so many rows (a float64), and `batch` has those at `place`: nobody need ask others.

    `sharers`: how many replicas have rows of it; None: all. `gathering`: the Gathering of the step.
    """
    tensors = {id(item) for item in tf.nest.flatten(batch) if item is not None}
    vars(_batch).update(rows=rows, place=place, tensors=tensors, sharers=sharers, gathering=gathering)
    try:
        yield
    finally:
        vars(_batch).clear()


def _of_rows(tensors):
    """`tensors`, but zeros where this replica has no rows: a gradient may then be NaN, or memory that nobody has written to."""
    dense = [place for place, tensor in enumerate(tensors) if isinstance(tensor, tf.Tensor)]
    if _batch.place is None or not dense:
        return tensors
    found = tf.cond(
        _batch.place.count > 0,
        lambda: [tf.identity(tensors[place]) for place in dense],
        lambda: [tf.zeros_like(tensors[place]) for place in dense],
    )
    found = dict(zip(dense, found if isinstance(found, (list, tuple)) else [found]))
    return [found.get(place, tensor) for place, tensor in enumerate(tensors)]


def exchanged(tensors):
    """The sum over all replicas of each of `tensors`: one exchange for all of a dtype."""
    replica, sums = _others(), {}
    for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
        places = [place for place, tensor in enumerate(tensors) if tensor.dtype == dtype]
        sent = tf.float32 if dtype == tf.bfloat16 else dtype  # not every kind of exchange can add up bfloat16
        totals = replica.all_reduce(tf.distribute.ReduceOp.SUM, [tf.cast(tensors[place], sent) for place in places])
        sums.update(zip(places, (tf.cast(total, dtype) for total in totals)))
    return [sums[place] for place in range(len(tensors))]


def row_counts(own):
    """How many rows each replica has, a float64 vector, from this one's number: an exchange."""
    number = tf.one_hot(whole.group.rank(), whole.group.size(), tf.cast(own, tf.float64), 0.0, dtype=tf.float64)
    return exchanged([number])[0]


class Replicas(Alone):
    """All replicas of the strategy whose step runs here."""

    def total(self, values):
        if _others() is None:
            return values
        sums = exchanged(_of_rows(list(values) if isinstance(values, (list, tuple)) else [values]))
        return sums if isinstance(values, (list, tuple)) else sums[0]

    def rows(self, rows):
        if rows is None or _others() is None:
            return rows
        return self.total(tf.cast(rows, tf.float64)) if _batch.rows is None else _batch.rows

    def known_rows(self, tensor):
        return _batch.place.count if id(tensor) in _batch.tensors else None

    def values(self, count, labels):
        if _others() is None:
            return count
        own = self.known_rows(labels)
        if own is None:
            return self.total(count)
        each = tf.math.divide_no_nan(tf.cast(count, tf.float64), tf.cast(own, tf.float64))
        return tf.cast(each * _batch.rows, count.dtype)

    def weighted(self, loss, rows):
        if _others() is None:
            return loss, rows
        return loss * self.size(), tf.cast(self.rows(rows) / self.size(), loss.dtype)

    def shares(self, values, rows):
        if _others() is None or not values:
            return values
        own = tf.cast(rows, tf.float64)
        known = _batch.place is not None and rows is _batch.place.count  # it may be the number of some outputs
        share = own / (_batch.rows if known else self.total(own))
        # Without rows a mean is not a number; it counts nothing.
        return [tf.math.multiply_no_nan(value, tf.cast(share, value.dtype)) for value in values]

    def all_rows(self, tensor):
        if _others() is None or _batch.sharers == 1:
            return super().all_rows(tensor)
        if _batch.sharers not in (None, self.size()):
            raise ValueError(
                "A layer asks for the rows of the whole batch in predict(), which each of several workers makes alone, here on "
                f"{_batch.sharers} devices. Let it ask in training only, or give each worker one device."
            )
        numbers, count = self._numbers(tf.shape(tensor)[0])
        sizes = tf.concat([[count], tf.shape(tensor)[1:]], 0)
        # A sum of zeros and rows: it costs up to twice what it would to gather them, and has a gradient as any sum here.
        rows = self.total(tf.scatter_nd(numbers[:, tf.newaxis], tensor, sizes))
        rows = tf.reshape(rows, sizes)  # its gradient is dense, and exchanged as easily, where rows are gathered in another order
        return tf.ensure_shape(rows, [None, *tensor.shape[1:]]), lambda values: tf.gather(values, numbers)

    def _numbers(self, size):
        """The places in the whole batch of the `size` rows of this replica, or of as many for each row, and how many there are."""
        sizes, place, line = tf.cast(row_counts(size), tf.int32), self.place(), tf.range(size)
        if place.step == 1:
            return tf.reduce_sum(sizes[: self.rank()]) + line, tf.reduce_sum(sizes)
        each = tf.maximum(size // tf.maximum(tf.cast(place.count, tf.int32), 1), 1)
        first = tf.cast(place.first, tf.int32) * each
        return first + line // each * each * place.step + line % each, tf.reduce_sum(sizes)

    def gathers(self, optimizer):
        return _batch.gathering is not None and _batch.gathering.optimizer is optimizer

    def gradients(self, optimizer, gradients, are_sums=False):
        if not self.gathers(optimizer):
            return gradients if are_sums else self.total(gradients)
        return [divided(gradient, self.size()) for gradient in gradients] if are_sums else _of_rows(gradients)

    def gathered(self, optimizer, gradients):
        return exchanged(gradients) if self.gathers(optimizer) else gradients

    def if_due(self, optimizer, is_due, update):
        if not self.gathers(optimizer):
            super().if_due(optimizer, is_due, update)
            return
        _batch.gathering.calls[threading.get_ident()] += 1
        if _batch.gathering.is_due:
            update()

    def once(self, update):
        turns.take_turn(update)

    def beside(self, variable, function, *args):
        turns.beside(variable, function, *args)

    def agree(self, number):
        if not isinstance(tf.distribute.get_strategy(), tf.distribute.MultiWorkerMirroredStrategy):
            return number
        with patience.limited():
            return int(tf.Variable(number, dtype=tf.int64, trainable=False).numpy())  # in all workers it starts as the chief's

    def is_chief(self):
        return cluster.is_chief()

    def exists(self):
        return tf.distribute.has_strategy()

    def size(self):
        replica = _others()
        return 1 if replica is None else replica.num_replicas_in_sync

    def rank(self):
        replica = _others()
        return 0 if replica is None else int(tf.get_static_value(replica.replica_id_in_sync_group))

    def place(self):
        # Where nobody has said which rows these are, as in a user's own `strategy.run`: as if all had as many.
        return _batch.place or Rows(self.rank(), 1)
