"""Eager calls of `optimizer.apply`: the first ones operation by operation, all others as one compiled function.

Called eagerly, each operation costs Python and dispatch, some ten microseconds, whatever it computes. To trace the update of
all variables once costs what some twenty such calls do. The trace is kept under what is constant inside of it. Measured with
Adam on 20 Dense layers of 64 × 64 (40 variables, 2 CPU cores), microseconds per call of `apply`:

    plain operations 10,500  ·  tf.function 1,040  ·  its one concrete function, called directly 770

Both ways the same operations run, so no bit depends on when it changes. Compiling the function with XLA as well gives 12 %
less and a first call a third longer (0.37 s); an eager loop that makes a few hundred updates never earns that back, so it is
left off here. Inside a compiled loop, where no call goes through Python, XLA is worth it: 25 instead of 275 per update. There
the operations are traced into the loop as they are.
"""

import collections

import tensorflow as tf

from engine.optimizers import schedules
from engine.small_parts.as_traced import as_traced
from losses.ground import whole

FEW = 16  # calls of one kind; the next one is worth a trace


class EagerCalls:
    """The calls of one optimizer where Python is in charge.

    Their kind is all that a trace holds fixed: which variables, and the optimizer's constants.
    """

    def __init__(self):
        self.made, self.compiled = collections.Counter(), {}

    def run(self, optimizer, gradients, variables, weight):
        """One call: plain operations, also inside another function, or the compiled update."""
        # A compiled call would ask a plain function for the rate only once.
        rate = schedules.as_float(optimizer.learning_rate) if optimizer.asks_for_rate else None

        def update(gradients, rate, weight):
            optimizer._call(gradients, variables, optimizer.learning_rate if rate is None else rate, weight)

        if not tf.executing_eagerly() or whole.group.exists() or tf.config.functions_run_eagerly():
            update(gradients, rate, weight)
            return
        weight = tf.cast(weight, optimizer.accumulators.gathered.dtype) if optimizer.gradient_accumulation_steps else None
        kind = (tuple(map(id, variables)), optimizer.constants())
        self.made[kind] += 1
        if self.made[kind] <= FEW:
            update(gradients, rate, weight)
            return
        if kind not in self.compiled:
            # Shapes and dtypes are those of the variables, so this one trace serves every call, and may be called directly.
            self.compiled[kind] = tf.function(update, autograph=False).get_concrete_function(gradients, rate, weight)
        with as_traced():
            self.compiled[kind](gradients, rate, weight)
