"""The same step on several devices and machines: each replica has a copy of all state and its rows of each batch.

    its rows ─► forward, loss ─► gradients ─┬─ Σ over replicas ─► clip, update: the same numbers everywhere
               metrics, moving averages ────┘

Its rows are cut out of the batch, or given to it (shares.py). So that the result is that of one device with the whole batch:
a loss is divided by the count of the whole batch (group.py), what layers add is weighted by the share of the rows, the update
happens after the sum, what the replicas have added to a metric is summed, and statistics of layers (non-trainable weights that
the step changes) become their mean, weighted by rows. All copies are equal after each step, so whoever reads state afterwards
needs no other replica.
"""

import tensorflow as tf

from engine.core.compiled import CompiledStep, EagerStep
from engine.distribute.group import of_batch
from engine.distribute.shares import Shared
from engine.distribute.touched import changed, changed_metrics
from engine.metrics.reported import results
from engine.small_parts.batch import count_rows
from engine.state import state_of
from losses.ground import whole
from losses.ground.whole import Rows


def spread(model, strategy, verb, step, spec):
    """What runs `step` on all replicas, each on its rows of a batch of `spec`."""
    if verb == "predict":
        run = LocalStep(strategy, step).run
    elif strategy.num_replicas_in_sync == 1:
        run = OneReplicaStep(strategy, step).run
    else:
        run = ReplicatedStep(model, strategy, step).run
    return SpreadStep(model, strategy, run, spec)


class SpreadStep(CompiledStep):
    """A compiled step that exchanges numbers between devices."""

    # TensorFlow's collective operations cannot be inside of the condition that an iterator in a compiled loop needs.
    on_iterator = EagerStep.on_iterator

    def __init__(self, model, strategy, step, spec):
        super().__init__(step, spec, jit=model.jit_compile is True)
        self.of_shares = step
        # Exchanges between workers find each other by their place in a compiled loop: all loops must be equally long.
        workers = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
        self.chunk = model.steps_per_execution if workers else None

    def on_batch(self, batch, size=None):
        """One step; that of a Shared batch is traced when the first one comes."""
        if not isinstance(batch, Shared):
            return super().on_batch(batch, size)
        kind, dealt = ("shares", None) if batch.dealt is None else ("dealt", tf.TensorSpec([], tf.int32))
        return self.run(kind, self.of_shares, (Shared(tuple(self.spec for _ in batch.parts), dealt),), (batch,), self.jit)


class OneReplicaStep:
    """A step on the device of a strategy that has only one."""

    def __init__(self, strategy, step):
        self.strategy, self.step = strategy, step

    def run(self, batch):
        """Batch → logs."""
        return self.strategy.run(self.step, (batch,))


class LocalStep(OneReplicaStep):
    """A step that gives one output for each row, on the devices of this process alone."""

    def run(self, batch):
        """Batch → outputs, in order."""
        count, rows = len(self.strategy.extended.worker_devices), count_rows(batch)

        def on_replica(part):
            place = Rows(first_row(rows, whole.group.rank() % count, count), count_rows(part))
            with of_batch(tf.cast(rows, tf.float64), place):
                return self.step(part)

        outputs = self.strategy.run(on_replica, (rows_of_each(self.strategy, batch, count),))
        return tf.nest.map_structure(lambda part: tf.concat(self.strategy.experimental_local_results(part), 0), outputs)


class ReplicatedStep:
    """A training or test step of `model` on all replicas, after which all copies of its state are equal."""

    def __init__(self, model, strategy, step):
        self.model, self.strategy, self.step, self.metrics = model, strategy, step, []
        check_variables(model, strategy, lambda variable: getattr(variable, "distribute_strategy", None) is strategy)

    def run(self, batch):
        """Batch, or Shared batch → logs."""
        if isinstance(batch, Shared):
            parts, place = batch.on_replicas(self.strategy), batch.place
        else:
            rows, count = count_rows(batch), self.strategy.num_replicas_in_sync
            parts = rows_of_each(self.strategy, batch, count)

            def place(rank, own):
                return rows, Rows(first_row(rows, rank, count), own)

        logs = self.strategy.run(self._on_replica, (parts, place))
        found = results(self.metrics)
        logs = logs if isinstance(logs, dict) else {"loss": logs}
        return {name: found[name] if name in found else self._reduce(name, value) for name, value in logs.items()}

    def _on_replica(self, batch, place):
        trackers = [*self.model.metrics, self.model._term_tracker]
        before = {id(variable): variable.read_value() for tracker in trackers for variable in tracker.variables}
        own = count_rows(batch)
        all_rows, rows = place(whole.group.rank(), own)
        all_rows = tf.cast(all_rows, tf.float64)
        with of_batch(all_rows, rows):
            logs = self.step(batch)
        totals, means = self._changed()
        share = tf.cast(own, tf.float64) / all_rows
        # What the step has just made has no value before it: TensorFlow traces such a step once more.
        starts = [before.get(id(variable), variable) for variable in totals]
        added = [variable - start for variable, start in zip(totals, starts)]
        # A replica without rows has no statistics: its NaN counts nothing.
        parts = [tf.math.multiply_no_nan(variable.read_value(), tf.cast(share, variable.dtype)) for variable in means]
        sums = whole.group.total([*added, *parts])
        for variable, start, value in zip(totals, starts, sums):
            variable.assign(start + value)
        for variable, value in zip(means, sums[len(added):]):
            variable.assign(value)
        return logs

    def _changed(self):
        """(state of metrics, statistics) that the step changes, as the graph that is being traced has it."""
        graph = tf.compat.v1.get_default_graph()
        self.metrics = changed_metrics(self.model, graph)
        statistics = [weight for weight in self.model.weights if not weight.trainable and weight.dtype.is_floating]
        return [variable for _, metric in self.metrics for variable in metric.variables], changed(graph, statistics)

    def _reduce(self, name, value):
        """A value that no metric holds: of losses, each replica has its part; anything else is taken as a mean."""
        kind = tf.distribute.ReduceOp.SUM if name == "loss" else tf.distribute.ReduceOp.MEAN
        return self.strategy.reduce(kind, value, axis=None)


def rows_of_each(strategy, batch, count):
    """The rows of `batch` for each of `count` replicas, in order; numbers of rows differ by one at most."""
    rows = count_rows(batch)

    def part(replica):
        number = replica.replica_id_in_sync_group % count
        some = slice(first_row(rows, number, count), first_row(rows, number + 1, count))
        return tf.nest.map_structure(lambda array: array[some], batch)

    return strategy.experimental_distribute_values_from_function(part)


def first_row(rows, number, count):
    """Where the rows of the replica `number` of `count` begin."""
    return rows * number // count


def check_variables(model, strategy, is_inside):
    """Refuse variables that were made outside of the strategy's scope: for each, `is_inside` is to be true."""
    for path, (variable, kind) in state_of(model).items():
        if not is_inside(variable):
            raise ValueError(
                f"{model._title}: {path!r} ({kind}) was made outside of the scope of its {type(strategy).__name__}. "
                "Make the model, its optimizer and its metrics inside of `with strategy.scope():`."
            )
