"""The same step on workers that do not wait for each other, by `tf.distribute.ParameterServerStrategy`.

    with strategy.scope():                     # all variables are on the parameter servers
        model = ...;  model.compile(...)
    model.fit(...)                             # in the coordinator's process: data, callbacks, files

    coordinator ─┬─ batch 1 ─► worker 0: read weights ─► forward, loss ─► gradients ─┬─ one at a time ─► update
                 ├─ batch 2 ─► worker 1: read weights ─► forward, loss ─► gradients ─┘
                 └─ end of a chunk: wait for all of its steps, read the metrics

Guaranteed: each batch is one step, and each gradient is applied once, in an update that no other one runs into
(turns.py). What adds to its state, as metrics do, counts each batch once. With one worker the numbers are those
of one device.
Not guaranteed with several: the order. A gradient comes from weights that others have changed meanwhile, maybe some of
them before and some after they were read, so runs do not repeat. Moving averages that a layer assigns for itself may be
overwritten by another worker. A worker that dies has its step done again by another, also if it died after its update. One
that is stopped keeps its step, which it may still do: where it does not answer for some 10 seconds the run ends.
"""

import functools
import time

import tensorflow as tf

from engine.core.compiled import EagerStep, Step
from engine.distribute import cluster
from engine.distribute.touched import changed_metrics, uses
from engine.metrics.reported import results
from engine.small_parts.pace import Pace
from losses.ground.autograph import trace

_LOOK_SECONDS = 5  # between looks at whether all are still there, while steps take long
_STEPS_AHEAD = 8  # for each worker in a chunk, so that none is idle for long


def check(strategy):
    """Refuse a strategy whose workers would share a batch among devices, or whose variables come in pieces."""
    if strategy.num_replicas_in_sync > 1:
        raise ValueError(
            f"ParameterServerStrategy: its workers have {strategy.num_replicas_in_sync} GPUs each, and a step runs on one. "
            "Show each worker one: tf.config.set_visible_devices(gpus[:1], 'GPU')."
        )
    if getattr(strategy.extended, "_variable_partitioner", None) is not None:
        raise ValueError("ParameterServerStrategy: weights are kept whole. Make the strategy without variable_partitioner=.")


class ParameterServerStep(Step):
    """A step function (batch → logs) of `model`, traced for batches of `spec` and run by whichever worker is free."""

    def __init__(self, model, strategy, verb, step, spec):
        super().__init__()
        self.strategy = strategy
        workers = len(tasks(self.strategy, "worker"))
        self.coordinator = coordinator_of(self.strategy)
        self.step = trace(step, spec)
        if verb == "train" and workers > 1:
            _refuse_what_overwrites(model, self.step.graph, workers)
        metrics = changed_metrics(model, self.step.graph) if verb != "predict" else []
        self.results = tf.function(lambda: results(metrics), autograph=False) if metrics else dict
        self.pace = Pace(workers * _STEPS_AHEAD)  # one that follows the time would leave workers idle where steps take long
        self.each = EagerStep(self._schedule)
        self.silent = []  # who did not answer when we looked

    def on_batch(self, batch, size=None):
        """One step."""
        self._all(self._schedule, batch)
        return self._logs()

    def on_rows(self, data, order, start, stop):
        """As CompiledStep's."""
        self._all(self.each.on_rows, data, order, start, stop)
        return self._logs()

    def on_iterator(self, iterator, count):
        """As CompiledStep's."""
        _, ran, waited = self._all(self.each.on_iterator, iterator, count)
        return self._logs() if ran else None, ran, waited

    def _schedule(self, batch):
        self.last = self.coordinator.schedule(self.step, (batch,))

    def _all(self, schedule, *args):
        """Call `schedule`, and wait for its steps: also where the data raised an error, for then no step is left behind."""
        try:
            return schedule(*args)
        finally:
            looked = time.monotonic()
            while not self.coordinator.done():  # raises what went wrong in a step
                time.sleep(0.0005)
                if time.monotonic() - looked > _LOOK_SECONDS:
                    gone, looked = lost(self.strategy) or self._stopped(), time.monotonic()
                    if gone is not None:
                        raise gone

    def _stopped(self):
        """The WorkerError that names who is stopped now and was so at the look before: nobody can take its step from it."""
        before = self.silent
        self.silent = stopped(self.strategy)
        return _error([task for task in self.silent if task in before])

    def _logs(self):
        """Those of the last step, with metrics as they are after all steps."""
        logs, found = self.last.get(), self.results()
        return {name: found.get(name, value) for name, value in logs.items()} if found and isinstance(logs, dict) else logs


@functools.cache
def coordinator_of(strategy):
    """The one coordinator of a strategy, kept to the end: where it is deleted it waits for workers that died to come back."""
    return tf.distribute.coordinator.ClusterCoordinator(strategy)


def lost(strategy):
    """The WorkerError that names who is gone, if training cannot go on without them; else None."""
    silent = {job: [task for task in tasks(strategy, job) if not cluster.answers(task[1])] for job in ("ps", "worker")}
    if not silent["ps"] and len(silent["worker"]) < len(tasks(strategy, "worker")):
        return None
    return _error([*silent["ps"], *silent["worker"]])


def stopped(strategy):
    """[(name, address)] of the processes that do not run, and are not gone either."""
    return [task for job in ("ps", "worker") for task in tasks(strategy, job) if cluster.is_stopped(task[1])]


def refuse_stopped(strategy):
    """A WorkerError that names who is stopped, before anything is traced.

    TensorFlow tells each function that it traces to all processes, and waits for their answer where nothing can interrupt it.
    """
    error = _error(stopped(strategy))
    if error is not None:
        raise error


def _error(found):
    """The WorkerError that names these tasks; None without any."""
    names = " and ".join(f"{name} ({address})" for name, address in found)
    return cluster.WorkerError(f"No answer from {names}. Start all again, and go on from the last checkpoint.") if found else None


def tasks(strategy, job):
    """[(name, address)] of the processes that have this job."""
    spec = strategy._cluster_resolver.cluster_spec()  # the public cluster_resolver is None here
    return [(f"{job} {index}", address) for index, address in enumerate(spec.job_tasks(job))]


def _refuse_what_overwrites(model, graph, workers):
    """Refuse what puts a state back, or compares it with that before the step: here others have gone on with it meanwhile."""
    assigned = [path for path, variable, trains in model.named_weights() if trains and "AssignVariableOp" in uses(graph, variable)]
    for found, what in (
        *((wrapper.one_by_one, wrapper.one_by_one) for wrapper in model.around_step),
        (model.optimizer.skips_bad_steps, "a LossScaleOptimizer (as mixed_float16 makes it)"),
        (assigned, f"a step that assigns to the trainable weights {assigned} itself"),
    ):
        if found:
            raise ValueError(
                f"{model._title}: {what} needs steps that come one after the other; {workers} workers of a "
                "ParameterServerStrategy make theirs at the same time. Leave it out, or use one worker."
            )
