"""The same step on several devices and machines, by `tf.distribute`.

    with tf.distribute.MirroredStrategy().scope():
        model = ...;  model.compile(...)
    model.fit(...)

Every replica has a copy of all state and takes its rows of each batch, or is given them (shares.py):

    its rows ─► forward, loss ─► gradients ─┬─ Σ over replicas ─► clip, update: the same numbers everywhere
               metrics, moving averages ────┘

So that the result is that of one device with the whole batch: a loss is divided by the count of the whole batch
(losses/replicas.py), what layers add is weighted by the share of the rows, the update happens after the sum, what the
replicas have added to a metric is summed, and statistics of layers (non-trainable weights that the step changes) become
their mean, weighted by rows. All copies are equal after each step, so whoever reads state afterwards needs no other replica.
"""

import contextlib

import tensorflow as tf

from engine.core.state import state_of
from engine.training import cluster, parameter_server
from engine.training.compiled import CompiledStep, EagerStep
from engine.training.shares import Shared
from engine.training.step import count_rows, results
from engine.training.touched import changed, changed_metrics
from losses import replicas

_KNOWN = (
    tf.distribute.MirroredStrategy, tf.distribute.MultiWorkerMirroredStrategy, tf.distribute.OneDeviceStrategy,
    tf.distribute.ParameterServerStrategy,
)  # fmt: skip


def current():
    """The strategy whose scope we are in, or None; a ValueError for one that fit() cannot use."""
    if not tf.distribute.has_strategy():
        return None
    strategy = tf.distribute.get_strategy()
    if not isinstance(strategy, _KNOWN):
        raise ValueError(
            f"{type(strategy).__name__} is not one that fit() can use. Use tf.distribute.MirroredStrategy, "
            "MultiWorkerMirroredStrategy, OneDeviceStrategy or ParameterServerStrategy."
        )
    if isinstance(strategy, tf.distribute.ParameterServerStrategy):
        parameter_server.check(strategy)
    return strategy


def check(model, run_eagerly, jit_compile):
    """Refuse to compile a model in another scope than the one it was made in, or for what is for one device."""
    now, own = current(), model.distribute_strategy
    if now is not own:
        kinds = [type(strategy).__name__ if strategy else "no strategy" for strategy in (own, now)]
        raise ValueError(
            f"{model.title} was made in the scope of {kinds[0]} and is compiled in that of {kinds[1]}. Make and compile it "
            "inside of the same `with strategy.scope():`."
        )
    elsewhere = isinstance(own, tf.distribute.ParameterServerStrategy)
    if elsewhere and jit_compile is True:
        raise ValueError(
            f"{model.title}: jit_compile=True is for steps on one device; those of a ParameterServerStrategy begin on a "
            'worker and end on a parameter server. Leave it "auto".'
        )
    if run_eagerly and own is not None and (elsewhere or own.num_replicas_in_sync > 1):
        raise ValueError(f"{model.title}: run_eagerly is for one device. Make the model outside of the strategy's scope.")


@contextlib.contextmanager
def scope(strategy):
    """The scope of `strategy`; of None, nothing. If another worker dies meanwhile, a WorkerError names it."""
    if strategy is None:
        yield
        return
    try:
        with strategy.scope():
            yield
    except tf.errors.OpError as error:
        gone = None
        if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            gone = cluster.lost(error)
        elif isinstance(strategy, tf.distribute.ParameterServerStrategy):
            gone = parameter_server.lost(strategy)
        if gone is None:
            raise
        raise gone from error


def is_chief(strategy=None):
    """Whether this process is the one of all workers that writes files and shows progress."""
    resolver = (strategy or tf.distribute.get_strategy()).cluster_resolver
    return resolver is None or resolver.task_type in (None, "", "chief") or (
        resolver.task_id in (None, 0) and "chief" not in resolver.cluster_spec().jobs
    )


def compiled(model, verb, step, spec):
    """What runs `step` on all replicas, each on its rows of a batch of `spec`; or on one worker of many."""
    strategy = model.distribute_strategy
    with strategy.scope():
        if isinstance(strategy, tf.distribute.ParameterServerStrategy):
            found = parameter_server.ParameterServerStep(model, verb, step, spec)
            check_variables(model, lambda variable: "/job:ps" in variable.device)
            return found
        return SpreadStep(model, _spread(strategy, model, verb, step), spec)


def _spread(strategy, model, verb, step):
    if verb == "predict":
        return LocalStep(strategy, step).run
    if strategy.num_replicas_in_sync == 1:
        return OneReplicaStep(strategy, step).run
    return ReplicatedStep(model, step).run


class SpreadStep(CompiledStep):
    """A compiled step that exchanges numbers between devices."""

    # TensorFlow's collective operations cannot be inside of the condition that an iterator in a compiled loop needs.
    on_iterator = EagerStep.on_iterator

    def __init__(self, model, step, spec):
        super().__init__(step, spec, jit=model.jit_compile is True)
        self.of_shares = step
        # Exchanges between workers find each other by their place in a compiled loop: all loops must be equally long.
        workers = isinstance(model.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy)
        self.chunk = model.steps_per_execution if workers else None

    def on_batch(self, batch, size=None):
        """One step; that of a Shared batch is traced when the first one comes."""
        if not isinstance(batch, Shared):
            return super().on_batch(batch, size)
        return self._run("shares", self.of_shares, (Shared(tuple(self.spec for _ in batch.parts)),), (batch,), size)


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
        count = len(self.strategy.extended.worker_devices)
        outputs = self.strategy.run(self.step, (rows_of_each(self.strategy, batch, count),))
        return tf.nest.map_structure(lambda part: tf.concat(self.strategy.experimental_local_results(part), 0), outputs)


class ReplicatedStep:
    """A training or test step of `model` on all replicas, after which all copies of its state are equal."""

    def __init__(self, model, step):
        self.model, self.strategy, self.step, self.metrics = model, model.distribute_strategy, step, []
        check_variables(model, lambda variable: getattr(variable, "distribute_strategy", None) is self.strategy)

    def run(self, batch):
        """Batch, or Shared batch → logs."""
        if isinstance(batch, Shared):
            parts, all_rows = batch.on_replicas(self.strategy), None
        else:
            parts = rows_of_each(self.strategy, batch, self.strategy.num_replicas_in_sync)
            all_rows = tf.cast(count_rows(batch), tf.float64)
        logs = self.strategy.run(self._on_replica, (parts, all_rows))
        found = results(self.metrics)
        logs = logs if isinstance(logs, dict) else {"loss": logs}
        return {name: found[name] if name in found else self._reduce(name, value) for name, value in logs.items()}

    def _on_replica(self, batch, all_rows):
        trackers = [*self.model.metrics, self.model._term_tracker]
        before = {id(variable): variable.read_value() for tracker in trackers for variable in tracker.variables}
        all_rows = replicas.total(tf.cast(count_rows(batch), tf.float64)) if all_rows is None else all_rows
        with replicas.of_batch(all_rows):
            logs = self.step(batch)
        totals, means = self._changed()
        share = tf.cast(count_rows(batch), tf.float64) / all_rows
        # What the step has just made has no value before it: TensorFlow traces such a step once more.
        starts = [before.get(id(variable), variable) for variable in totals]
        added = [variable - start for variable, start in zip(totals, starts)]
        # A replica without rows has no statistics: its NaN counts nothing.
        parts = [tf.math.multiply_no_nan(variable.read_value(), tf.cast(share, variable.dtype)) for variable in means]
        sums = replicas.total([*added, *parts])
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
        place = replica.replica_id_in_sync_group % count
        some = slice(rows * place // count, rows * (place + 1) // count)
        return tf.nest.map_structure(lambda array: array[some], batch)

    return strategy.experimental_distribute_values_from_function(part)


def check_variables(model, is_inside):
    """Refuse variables that were made outside of the strategy's scope: for each, `is_inside` is to be true."""
    for path, (variable, kind) in state_of(model).items():
        if not is_inside(variable):
            raise ValueError(
                f"{model.title}: {path!r} ({kind}) was made outside of the scope of its "
                f"{type(model.distribute_strategy).__name__}. "
                "Make the model, its optimizer and its metrics inside of `with strategy.scope():`."
            )
