"""Metrics of steps that several replicas make: each adds up what it sees, and they exchange that where it is read.

    begin of a chunk        the first replica keeps what there was, the others begin at zero: the metric is the sum of all
    in a step               each adds to its own; `metric.result()` of which the step makes something is that of the sum
    end of a chunk          the sum becomes everyone's, for the logs and whoever reads it then

Most steps report results and make nothing of them: these cost no exchange. Which ones a step uses is seen in its trace.
"""

import contextlib
import functools
import threading

import tensorflow as tf

from engine.distribute.group import exchanged
from engine.distribute.touched import changed_metrics, metrics_of
from engine.metrics.reported import results
from losses.ground import whole
from losses.ground.autograph import value_of


def spread(variables):
    """On a replica: let `variables`, which are the same on all, be the sum over them."""
    if whole.group.rank() > 0:
        for variable in variables:
            variable.assign(tf.zeros_like(variable))


def add_up(variables):
    """On a replica: let `variables` be the sums over all of them again, and so the same."""
    for variable, total in zip(variables, exchanged([variable.read_value() for variable in variables])):
        variable.assign(total)


class Sums:
    """The metrics of one step of `model` on the replicas of `strategy`."""

    def __init__(self, model, strategy):
        self.model, self.strategy = model, strategy
        self.changed = []  # (name, metric) of those that the step brings up to date
        self.used = set()  # the times that the step uses a result itself: (id of the metric, number of the time)
        self._asked = {}  # (thread of the replica, id of the metric): the {name: result} that it got, for each time
        self._graph = None  # that of the step

    def find_changed(self):
        """What the step changes, as the graph that is being traced has it."""
        self.changed = changed_metrics(self.model, tf.compat.v1.get_default_graph())

    def begin(self):
        """Before some steps: the metrics are spread, so that they are the sum over replicas."""
        self.strategy.run(lambda: spread(self._variables()))

    def end(self):
        """After some steps: all copies are the sum again; returns the results by name."""
        self.strategy.run(lambda: add_up(self._variables()))
        return results(self.changed)

    def _variables(self):
        return [variable for _, metric in self.changed for variable in metric.variables]

    # ---- read in a step ----------------------------------------------------------------------

    @contextlib.contextmanager
    def watched(self):
        """In the block, the trace of a step, results that it uses are those of all replicas, and new uses are found out.

        They are known when the block has ended: with any, the step is to be traced again.
        """
        metrics = metrics_of(self.model)
        self._asked, self._graph = {}, tf.compat.v1.get_default_graph()
        for name, metric in metrics:
            vars(metric)["result"] = functools.partial(self._result, name, metric, metric.result)
        try:
            yield
        finally:
            for _, metric in metrics:
                del vars(metric)["result"]

    @tf.autograph.experimental.do_not_convert
    def _result(self, name, metric, result):
        times = self._asked.setdefault((threading.get_ident(), id(metric)), [])
        found = self._of_all(metric, result) if (id(metric), len(times)) in self.used else value_of(result)
        found = tf.nest.map_structure(tf.identity, found)
        times.append(found if isinstance(found, dict) else {name: found})
        return found

    def _of_all(self, metric, result):
        if tf.compat.v1.get_default_graph() is not self._graph:
            raise ValueError(
                f"Metric {metric.name!r} is read inside of a condition, loop or tf.function of a step on "
                f"{self.strategy.num_replicas_in_sync} replicas, where these cannot exchange what they have added to it. "
                "Call its result() before, and use the value inside."
            )
        own = [variable.read_value() for variable in metric.variables]
        for variable, total in zip(metric.variables, exchanged(own)):
            variable.assign(total)
        found = tf.nest.map_structure(tf.identity, value_of(result))
        for variable, value in zip(metric.variables, own):
            variable.assign(value)
        return found

    def find_used(self, logs):
        """Note where the step that was watched makes more of a result than `logs` under the metric's own name."""
        told = {name: self.strategy.experimental_local_results(value) for name, value in logs.items()}

        def is_used(name, result):
            elsewhere = any(result is part for other, parts in told.items() if other != name for part in parts)
            return elsewhere or result.graph is not self._graph or bool(result.consumers())

        changed = {id(metric) for _, metric in self.changed}
        for (_, metric), times in self._asked.items():
            for number, found in enumerate(times):
                if metric in changed and any(is_used(name, result) for name, result in found.items()):
                    self.used.add((metric, number))
