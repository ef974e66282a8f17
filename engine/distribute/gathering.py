"""Gradients of micro-batches (`gradient_accumulation_steps`): exchanged once per update, not once per micro-batch.

    begin of a chunk     the first replica keeps what was gathered before, the others begin at zero: the sum of all is what there is
    in a step            each adds its own gradients to its accumulators; where the update is due these are summed, and all make it
    end of a chunk       what is gathered and not used yet is summed: every copy is whole, for files and for who goes on

An exchange cannot be inside of a condition of a replica, but replicas may be inside of one. So a step is traced twice, with
the update and without, and which one runs is decided before the replicas do: by the count of calls, which all of them share.
"""

import collections

import tensorflow as tf

from engine.around import Around
from engine.distribute.sums import add_up, spread
from engine.optimizers.optimizer import Optimizer


class Gathering:
    """How the training steps of `model` on the replicas of `strategy` gather gradients; `optimizer` is None where they do not."""

    def __init__(self, model, strategy, verb):
        self.strategy, self.optimizer = strategy, None
        self.is_due = None  # while a step is traced: whether the update is part of it
        self.calls = collections.Counter()  # of the optimizer in the step that is traced, by the thread of the replica
        # A wrapper around the update, or an optimizer around ours, wants the gradients of the whole batch in each step.
        wrapped = any(type(wrapper).apply is not Around.apply for wrapper in model.around_step)
        if verb == "train" and not wrapped and isinstance(model.optimizer, Optimizer):
            self.optimizer = model.optimizer if model.optimizer.gradient_accumulation_steps else None

    def of_step(self, step):
        """The logs of `step()`, a step on all replicas."""
        if self.optimizer is None:
            return step()

        def traced(is_due):
            self.is_due = is_due
            self.calls.clear()
            return step()

        count = self.optimizer.gradient_accumulation_steps
        return tf.cond((self.optimizer.calls + 1) % count == 0, lambda: traced(True), lambda: traced(False))

    def suits(self):
        """Whether the step that was traced can be one of these: it calls its optimizer once. If not, it is to be traced anew."""
        if self.optimizer is not None and set(self.calls.values()) != {1}:
            self.optimizer = None
            return False
        return True

    def begin(self):
        """Before some steps."""
        if self.optimizer is not None:
            self._if_gathered(lambda: spread(self._sums()))

    def end(self):
        """After some steps."""
        if self.optimizer is not None:
            self._if_gathered(lambda: add_up(self._sums()))

    def _sums(self):
        return list(self.optimizer.accumulators.values())

    def _if_gathered(self, function):
        def on_replicas():
            self.strategy.run(function)
            return tf.constant(True)

        tf.cond(self.optimizer.accumulators.gathered > 0, on_replicas, lambda: tf.constant(False))
