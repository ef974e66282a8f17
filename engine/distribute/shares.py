"""Batches of which each process reads the rows of its replicas alone, so that reading grows with the workers.

    a stream of engine.datasets          tells by its function `share` which rows are whose
    a tf.distribute.DistributedDataset   is dealt out by TensorFlow, or by a function of the user's

Both become `Shared` batches: nothing is cut any more, and the rows of the whole batch are counted over all replicas.
Any other tf.data pipeline is read whole by every worker, and each replica takes its rows (replicas.py). So are arrays, in
the order of the chief.
"""

import itertools
from typing import NamedTuple

import tensorflow as tf

from engine.data.streams import DatasetFeed, StreamFeed, check_ends, let_go
from engine.distribute.group import row_counts
from engine.small_parts.batch import count_rows, relax
from engine.small_parts.feed import register
from losses.ground import whole
from losses.ground.whole import Rows


class Shared(NamedTuple):
    """A batch in parts, one for each replica of this process; there may be parts without rows.

    `dealt`: how many rows the whole batch has, if they were dealt out to the workers in turn, one at a time. None: each
    replica's come after those of the one before, and how many they are nobody knows but itself.
    """

    parts: tuple
    dealt: tf.Tensor | None = None

    def on_replicas(self, strategy):
        """The parts, each on its replica."""
        return strategy.experimental_distribute_values_from_function(
            lambda replica: self.parts[replica.replica_id_in_sync_group % len(self.parts)]
        )

    def place(self, rank, own):
        """(rows of the whole batch, Rows of the replica `rank`, which has `own` of them): called on all replicas."""
        here = len(self.parts)
        if self.dealt is None:
            rows = row_counts(own)
            return tf.reduce_sum(rows), Rows(tf.reduce_sum(rows[:rank]), own)
        workers, before = whole.group.size() // here, tf.stack([count_rows(part) for part in self.parts])[: rank % here]
        return self.dealt, Rows(rank // here + tf.reduce_sum(before) * workers, own, workers)


def place(strategy):
    """(number of this worker, number of workers)."""
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return 0, 1
    ids = strategy.experimental_distribute_values_from_function(lambda replica: tf.constant(replica.replica_id_in_sync_group))
    ids = strategy.experimental_local_results(ids)
    return int(ids[0]) // len(ids), strategy.num_replicas_in_sync // len(ids)


def is_dealt_out(dataset, strategy):
    """Whether each worker is to read its share of `dataset` alone."""
    return hasattr(dataset, "share") and place(strategy)[1] > 1


class SharedFeed(StreamFeed):
    """Batches that come as Shared ones; with one replica in all, as plain ones.

    All workers make as many steps in each `run`: none knows by itself that the data are at their end.
    """

    def __init__(self, strategy, dataset, spec, steps, renew):
        self.strategy, self.dataset, self.spec, self.steps = strategy, dataset, spec, steps
        super().__init__(renew)

    def _new_iterator(self):
        return map(self._shared, iter(self.dataset))

    __del__ = let_go

    def _shared(self, batch, dealt=None):
        parts = self._parts(batch)
        return Shared(tuple(parts), dealt) if self.strategy.num_replicas_in_sync > 1 else parts[0]

    def batch(self, number):
        """The batch of the last step, from all replicas: all workers must ask."""
        if not isinstance(self.last, Shared):
            return self.last
        return tf.nest.map_structure(lambda part: self.strategy.gather(part, axis=0), self.last.on_replicas(self.strategy))

    def example(self):
        """Some rows of the last batch, to look at."""
        parts = self.last.parts if isinstance(self.last, Shared) else [self.last]
        return max(parts, key=lambda part: int(count_rows(part)))


@register
class ShareFeed(SharedFeed):
    """The share of this worker in a stream; its devices divide it."""

    accepted = "a stream of engine.datasets"

    def __init__(self, prepare, stream, steps):
        strategy = prepare.model._place.strategy
        self.whole, self.rows_of = lambda: DatasetFeed(prepare, stream, steps), stream.rows_of
        own = DatasetFeed(prepare, stream.share(*place(strategy)), steps)
        super().__init__(strategy, own.dataset, own.spec, own.steps, own.renew)

    @classmethod
    def takes(cls, x, model):
        return isinstance(x, tf.data.Dataset) and is_dealt_out(x, model._place.strategy)

    def _new_iterator(self):
        return (self._shared(batch, tf.constant(self.rows_of(number))) for number, batch in enumerate(self.dataset))

    def _parts(self, batch):
        count = len(self.strategy.extended.worker_devices)
        rows = int(count_rows(batch))
        borders = [rows * place // count for place in range(count + 1)]
        return [tf.nest.map_structure(lambda array: array[start:stop], batch)  # noqa: B023
                for start, stop in zip(borders, borders[1:])]  # fmt: skip

    def batches(self):
        """All rows of the stream, in order: each worker predicts by itself."""
        self._end_pass()
        whole = self.whole()
        whole.start(0)
        return whole.batches()


@register
class DistributedFeed(SharedFeed):
    """A tf.distribute.DistributedDataset: each replica is given a batch of its own."""

    accepted = "a tf.distribute.DistributedDataset"

    def __init__(self, prepare, dataset, steps):
        model, strategy = prepare.model, prepare.model._place.strategy
        if isinstance(dataset, tf.distribute.DistributedIterator):
            kind = type(dataset).__name__
            raise ValueError(f"{model._title} was given a {kind}. Pass the DistributedDataset that it is made of.")
        if strategy is None or isinstance(strategy, tf.distribute.ParameterServerStrategy):
            made = f"in the scope of {type(strategy).__name__}" if strategy else "outside of a strategy's scope"
            raise ValueError(
                f"{model._title} was made {made} and is given a {type(dataset).__name__}. Make the model in the scope of the "
                "strategy that made the dataset, or pass the tf.data.Dataset itself."
            )
        check_ends(int(dataset.cardinality), steps)
        spec = relax(tf.nest.map_structure(_of_one_replica, dataset.element_spec))
        self.prepared = tf.function(lambda batch: prepare(_unpacked(batch)), autograph=False).get_concrete_function(spec)
        super().__init__(strategy, dataset, relax(self.prepared.structured_outputs), steps, renew=steps is None)

    @classmethod
    def takes(cls, x, model):
        return isinstance(x, (tf.distribute.DistributedDataset, tf.distribute.DistributedIterator))

    def _parts(self, batch):
        parts = []
        for part in self.strategy.experimental_local_results(batch):
            with tf.device(tf.nest.flatten(part)[0].device):  # where TensorFlow has put it
                parts.append(self.prepared(part))
        return parts

    def batches(self):
        if self.strategy.num_replicas_in_sync > 1:
            raise ValueError(
                "predict() gives one output for each row, in order, and a DistributedDataset has given its rows to "
                f"{self.strategy.num_replicas_in_sync} replicas. Pass the tf.data.Dataset itself."
            )
        return itertools.islice(self.iterator, self.steps)


def _of_one_replica(spec):
    """The spec of what a replica gets, from that of what all replicas of this process get."""
    several = issubclass(spec.value_type, tf.distribute.DistributedValues)
    return tf.nest.flatten(spec, expand_composites=True)[0] if several else spec


def _unpacked(batch):
    return batch[0] if isinstance(batch, tuple) and len(batch) == 1 else batch
