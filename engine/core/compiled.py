"""One step, run many times: in plain Python, or traced once and in one compiled call.

What makes small models fast on any machine is to leave Python out of the steps: the loop over
them is inside the compiled function, and so are the data.
"""

import time

import tensorflow as tf

from engine.small_parts.arrays import rows_of
from engine.small_parts.pace import Pace
from losses.ground.autograph import trace

STREAM = "stream"  # stands for the size of batches that come one after the other: nobody knows it before


class Step:
    """What the loops run: one step on a batch, or many on rows of arrays and on what an iterator gives, one by one here."""

    chunk = None  # a number: so many steps in each chunk, whatever callbacks want

    def __init__(self):
        self.pace = Pace()  # of the chunks so far

    def on_batch(self, batch, size=None):
        """One step; `size` is the number of rows, if it is not to be counted as another."""
        raise NotImplementedError

    def on_rows(self, data, order, start, stop):
        """Steps `start` to `stop` of the batches whose row numbers are the rows of `order`."""
        for index in range(start, stop):
            logs = self.on_batch(rows_of(data, order[index]))
        return logs

    def on_iterator(self, iterator, count):
        """At most `count` steps on what the iterator gives; also returns how many there were, and the seconds of waiting."""
        logs, ran, waited = None, 0, 0.0
        while ran < count:
            began = time.perf_counter()
            item = iterator.get_next_as_optional()
            waited += time.perf_counter() - began
            if not item.has_value():
                break
            logs, ran = self.on_batch(item.get_value(), STREAM), ran + 1
        return logs, ran, waited


class EagerStep(Step):
    """A step function (batch → logs) in plain Python, to be stepped through with a debugger."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_batch(self, batch, size=None):
        return self.step(batch)


class CompiledStep(Step):
    """A step function (batch → logs), traced once for batches of `spec`; `jit`: through XLA, else on TensorFlow's kernels."""

    def __init__(self, step, spec, jit=False):
        super().__init__()
        self.step = trace(step, spec)
        self.spec, self.jit = spec, jit
        self._programs = {}

    def on_batch(self, batch, size=None):
        return self.run("batch", self.step, (self.spec,), (batch,), self.jit)

    def on_rows(self, data, order, start, stop):
        number = tf.TensorSpec([], tf.int32)
        specs = (self.spec, tf.TensorSpec([None, None], tf.int32), number, number)
        args = (data, order, tf.constant(start), tf.constant(stop))
        return self.run("rows", self._loop_over_rows, specs, args, self.jit)

    def run(self, name, function, specs, args, jit):
        """Call `function`, traced once for `specs`, which leave numbers of rows open; XLA specialises by itself."""
        if function is self.step and not jit:  # as it is
            return self.step(*args)
        if (name, jit) not in self._programs:
            traced = tf.function(function, autograph=False, jit_compile=jit or None)
            self._programs[name, jit] = traced.get_concrete_function(*specs)
        return self._programs[name, jit](*args)

    def _loop_over_rows(self, data, order, start, stop):
        def one(index, logs):
            return index + 1, self.step(rows_of(data, order[index]))

        _, logs = tf.while_loop(lambda index, logs: index < stop, one, (start, self.no_logs()), parallel_iterations=1)
        return logs

    def no_logs(self):
        """Logs to begin a loop with."""
        return tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), self.step.structured_outputs)
