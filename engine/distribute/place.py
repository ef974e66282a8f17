"""The scope of a strategy in which a model was made: there it is compiled, and its steps run.

    with tf.distribute.MirroredStrategy().scope():
        model = ...;  model.compile(...)
    model.fit(...)
"""

import contextlib

import tensorflow as tf

from engine.around import Around
from engine.compilation.automatic import AutomaticStep
from engine.distribute import cluster, parameter_server, replicas

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


class CopiesAtHand(Around):
    """Refuses gradients by weights with a copy on each device where this is no step that runs on one."""

    def __init__(self, model):
        self.model = model

    def gradients(self, find, loss, weights, again):
        spread = any(isinstance(weight.variable, tf.distribute.DistributedValues) for weight in weights)
        if spread and (not tf.distribute.has_strategy() or tf.distribute.in_cross_replica_context()):
            raise ValueError(
                f"{self.model._title} has a copy of its weights on each device, and was asked for gradients outside of fit(). "
                "To look into it, make it outside of the scope of the strategy and load the weights."
            )
        return find()


class Scope:
    """Where the steps of a model run, that is, where it was made: in the scope of `strategy`, or of None."""

    def __init__(self):
        self.strategy = current()

    def check(self, model, run_eagerly, jit_compile):
        """Refuse to compile a model in another scope than the one it was made in, or for what is for one device."""
        now, own = current(), self.strategy
        if now is not own:
            kinds = [type(strategy).__name__ if strategy else "no strategy" for strategy in (own, now)]
            raise ValueError(
                f"{model._title} was made in the scope of {kinds[0]} and is compiled in that of {kinds[1]}. Make and compile it "
                "inside of the same `with strategy.scope():`."
            )
        elsewhere = isinstance(own, tf.distribute.ParameterServerStrategy)
        if elsewhere and jit_compile is True:
            raise ValueError(
                f"{model._title}: jit_compile=True is for steps on one device; those of a ParameterServerStrategy begin on a "
                'worker and end on a parameter server. Leave it "auto".'
            )
        devices = 1 if own is None or elsewhere else len(own.extended.worker_devices)
        if jit_compile is True and devices > 1:
            raise ValueError(
                f"{model._title}: jit_compile=True is for steps on one device; those of this {type(own).__name__} run on "
                f'{devices} devices of a process. Leave it "auto".'
            )
        if run_eagerly and own is not None and (elsewhere or own.num_replicas_in_sync > 1):
            raise ValueError(f"{model._title}: run_eagerly is for one device. Make the model outside of the strategy's scope.")

    def look(self):
        """Before the model does anything: refuse to begin without somebody who is needed for it."""
        if isinstance(self.strategy, tf.distribute.ParameterServerStrategy):
            parameter_server.refuse_stopped(self.strategy)

    def around(self, model):
        """The wrappers that the steps of `model` need there."""
        return [] if self.strategy is None else [CopiesAtHand(model)]

    def scope(self):
        """What the steps run in, as a context manager."""
        return scope(self.strategy)

    def compiled(self, model, verb, step, spec, tally, note):
        """What runs `step`, the "train", "test" or "predict" of `model`, on batches of `spec`: on the one device, on all
        replicas, each on its rows, or on one worker of many."""
        if self.strategy is None:
            return AutomaticStep(step, spec, model.jit_compile, tally, note)
        with self.strategy.scope():
            if isinstance(self.strategy, tf.distribute.ParameterServerStrategy):
                found = parameter_server.ParameterServerStep(model, self.strategy, verb, step, spec)
                replicas.check_variables(model, self.strategy, lambda variable: "/job:ps" in variable.device)
                return found
            return replicas.spread(model, self.strategy, verb, step, spec, tally)
