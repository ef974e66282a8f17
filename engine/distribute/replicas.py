"""The same step on several devices and machines: each replica has a copy of all state and its rows of each batch.

    its rows ─► forward, loss ─► gradients, moving averages ─── Σ over replicas ─► clip, update: the same numbers everywhere
               metrics ── once for all steps of a chunk ──────── Σ over replicas ─► logs

Its rows are cut out of the batch, or given to it (shares.py). So that the result is that of one device with the whole batch:
a loss is divided by the count of the whole batch (group.py), what layers add is weighted by the share of the rows, the update
happens after the sum, and statistics of layers (non-trainable weights that the step changes) become their mean, weighted by
rows. What the replicas have added to a metric is summed when it is read, at the end of a chunk of steps (sums.py). From there
on all copies of all state are equal, so whoever reads it needs no other replica.
"""

import contextlib
import functools

import tensorflow as tf

from engine.core.compiled import STREAM, CompiledStep, EagerStep
from engine.distribute import patience
from engine.distribute.gathering import Gathering
from engine.distribute.group import of_batch
from engine.distribute.shares import Shared
from engine.distribute.sums import Sums
from engine.distribute.touched import changed
from engine.small_parts.as_traced import as_traced
from engine.small_parts.batch import count_rows
from engine.small_parts.pace import Pace
from engine.state import state_of
from losses.ground import whole
from losses.ground.autograph import in_threads
from losses.ground.whole import Rows


def spread(model, strategy, verb, step, spec, tally):
    """What runs `step` on all replicas, each on its rows of a batch of `spec`; `tally` counts the steps."""
    if verb == "predict":
        return SpreadStep(model, strategy, LocalStep(strategy, step).run, spec, tally)
    if strategy.num_replicas_in_sync == 1:
        return SpreadStep(model, strategy, OneReplicaStep(strategy, step).run, spec, tally)
    replicated = ReplicatedStep(model, strategy, step, Gathering(model, strategy, verb))
    return ReplicatedSteps(model, strategy, replicated, spec, tally)


class SpreadStep(CompiledStep):
    """A compiled step that exchanges numbers between devices; a few steps, with "auto", run as they were traced."""

    # TensorFlow's collective operations cannot be inside of the condition that an iterator in a compiled loop needs.
    on_iterator = EagerStep.on_iterator

    def __init__(self, model, strategy, step, spec, tally):
        super().__init__(step, spec, jit=model.jit_compile is True)
        self.of_shares, self.tally, self.automatic = step, tally, model.jit_compile == "auto"
        workers = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
        if workers and model.steps_per_execution > 1:
            self.chunk = model.steps_per_execution
        elif workers:
            self.pace = CommonPace()
        self.limited = patience.limited if workers else contextlib.nullcontext

    @contextlib.contextmanager
    def within(self):
        """What the next steps run in."""
        with self.limited(), as_traced() if self.few else contextlib.nullcontext():
            yield

    @property
    def few(self):
        """Whether so few steps were made, and are known to come, that nothing more is to be done for their speed."""
        return self.automatic and self.tally.are_few()

    def run(self, *args):
        """As CompiledStep's."""
        with self.within():
            return super().run(*args)

    def on_batch(self, batch, size=None):
        """One step; that of a Shared batch is traced when the first one comes."""
        if isinstance(batch, Shared):
            kind, dealt = ("shares", None) if batch.dealt is None else ("dealt", tf.TensorSpec([], tf.int32))
            spec = Shared(tuple(self.spec for _ in batch.parts), dealt)
            logs = self.run(kind, self.of_shares, (spec,), (batch,), self.jit)
        else:
            logs = super().on_batch(batch, size)
        self.tally.made[STREAM if size is None else size] += 1
        return logs

    def on_rows(self, data, order, start, stop):
        """As CompiledStep's."""
        logs = super().on_rows(data, order, start, stop)
        self.tally.made[int(order.shape[1])] += stop - start
        return logs


class CommonPace(Pace):
    """The chief's pace for all workers, in multiples of `unit` steps: found in the first chunks, and kept.

    Exchanges between workers find each other by their place in a compiled loop: all loops must be equally long.
    """

    def __init__(self, unit=1):
        super().__init__()
        self.unit = self.steps = unit
        self.looks = 8  # enough, for each may make it 16 times longer

    def measured(self, steps, seconds):
        """As Pace's: all workers ask after the same chunks."""
        if self.looks:
            self.looks -= 1
            super().measured(steps, seconds)
            self.steps = whole.group.agree(-(-self.steps // self.unit) * self.unit)


class ReplicatedSteps(SpreadStep):
    """Some steps on all replicas, and then what their metrics have added up to."""

    def __init__(self, model, strategy, replicated, spec, tally):
        self.replicated = replicated
        super().__init__(model, strategy, replicated.run, spec, tally)
        # That the step makes something of results, or calls its optimizer twice, is known when it has been traced.
        if not replicated.gathering.suits() or replicated.sums.used:
            super().__init__(model, strategy, replicated.run, spec, tally)
        self.begin, self.end = (tf.function(part, autograph=False) for part in (replicated.begin, replicated.end))
        if isinstance(self.pace, CommonPace) and replicated.gathering.optimizer is not None:
            self.pace = CommonPace(replicated.gathering.optimizer.gradient_accumulation_steps)  # chunks end with an update

    def run(self, name, function, specs, args, jit):
        """As CompiledStep's."""
        if self.few and function is self.step:  # no function around all three, as in `on_iterator`
            self._apart(self.begin)
            return self._apart(self.end, super().run(name, function, specs, args, jit))
        return super().run(name, functools.partial(self.replicated.with_metrics, function), specs, args, jit)

    def on_iterator(self, iterator, count):
        """As CompiledStep's."""
        steps = EagerStep(lambda batch: SpreadStep.run(self, "inner", self.step, (self.spec,), (batch,), self.jit))
        self._apart(self.begin)
        found, ran, waited = steps.on_iterator(iterator, count)
        self.tally.made[STREAM] += ran
        return self._apart(self.end, found), ran, waited

    def _apart(self, function, *args):
        """Call what comes before or after steps."""
        with self.within():
            return function(*args)


class OneReplicaStep:
    """A step on the device of a strategy that has only one."""

    def __init__(self, strategy, step):
        self.strategy, self.step = strategy, step

    def run(self, batch):
        """Batch → logs."""
        return self.strategy.run(in_threads(self.step), (batch,))


class LocalStep(OneReplicaStep):
    """A step that gives one output for each row, on the devices of this process alone."""

    def run(self, batch):
        """Batch → outputs, in order."""
        count, rows = len(self.strategy.extended.worker_devices), count_rows(batch)

        def on_replica(part):
            place = Rows(first_row(rows, whole.group.rank() % count, count), count_rows(part))
            with of_batch(part, tf.cast(rows, tf.float64), place, sharers=count):
                return self.step(part)

        outputs = self.strategy.run(in_threads(on_replica), (rows_of_each(self.strategy, batch, count),))
        return tf.nest.map_structure(lambda part: tf.concat(self.strategy.experimental_local_results(part), 0), outputs)


class ReplicatedStep:
    """A training or test step of `model` on all replicas.

    After it all copies of weights, slots and statistics are equal. What each replica has added to metrics, and gathered of
    gradients, it keeps, until the sums are asked for at the end of `with_metrics`.
    """

    def __init__(self, model, strategy, step, gathering):
        self.model, self.strategy, self.step, self.gathering = model, strategy, step, gathering
        self.sums = Sums(model, strategy)
        check_variables(model, strategy, lambda variable: getattr(variable, "distribute_strategy", None) is strategy)

    def run(self, batch):
        """Batch, or Shared batch → what no metric of the logs holds, from each replica of this process."""
        if isinstance(batch, Shared):
            parts, place = batch.on_replicas(self.strategy), batch.place
        else:
            rows, count = count_rows(batch), self.strategy.num_replicas_in_sync
            parts = rows_of_each(self.strategy, batch, count)

            def place(rank, own):
                return rows, Rows(first_row(rows, rank, count), own)

        return self.gathering.of_step(lambda: self._on_replicas(parts, place))

    def _on_replicas(self, parts, place):
        with self.sums.watched():
            logs = self.strategy.run(in_threads(self._on_replica), (parts, place))
        logs = logs if isinstance(logs, dict) else {"loss": logs}
        self.sums.find_used(logs)
        self.names = tuple(logs)
        held = {name for name, _ in self.sums.changed}
        return {name: self.strategy.experimental_local_results(value) for name, value in logs.items() if name not in held}

    def _on_replica(self, batch, place):
        own = count_rows(batch)
        all_rows, rows = place(whole.group.rank(), own)
        all_rows = tf.cast(all_rows, tf.float64)
        with of_batch(batch, all_rows, rows, gathering=self.gathering):
            logs = self.step(batch)
        self.sums.find_changed()
        statistics = [weight for weight in self.model.weights if not weight.trainable and weight.dtype.is_floating]
        means, share = changed(tf.compat.v1.get_default_graph(), statistics), tf.cast(own, tf.float64) / all_rows
        # A replica without rows has no statistics: its NaN counts nothing.
        parts = [tf.math.multiply_no_nan(variable.read_value(), tf.cast(share, variable.dtype)) for variable in means]
        for variable, value in zip(means, whole.group.total(parts) if parts else ()):
            variable.assign(value)
        return logs

    def with_metrics(self, steps, *args):
        """The logs of `steps(*args)`, some steps, with metrics as they are after all of them on all replicas."""
        self.begin()
        return self.end(steps(*args))

    def begin(self):
        """Before some steps."""
        self.gathering.begin()
        self.sums.begin()

    def end(self, found):
        """The logs of steps, from what `run` gave for the last one (None: there was none)."""
        self.gathering.end()
        metrics = self.sums.end()
        if found is None:
            return None
        return {name: metrics[name] if name in metrics else self._reduce(name, found[name]) for name in self.names}

    def _reduce(self, name, values):
        """A value that no metric holds: of losses, each replica has its part; anything else is taken as a mean."""
        kind = tf.distribute.ReduceOp.SUM if name == "loss" else tf.distribute.ReduceOp.MEAN
        value = self.strategy.experimental_distribute_values_from_function(
            lambda replica: values[replica.replica_id_in_sync_group % len(values)]
        )
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
