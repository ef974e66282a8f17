"""One step, run many times: in plain Python, or traced once and in one compiled call.

What makes small models fast on any machine is to leave Python out of the steps: the loop over
them is inside the compiled function, and so are the data. Where many steps are made, XLA then makes
one program of the whole loop (xla.py has the rule).
"""

import functools
import math
import time

import tensorflow as tf

from engine.training import xla
from engine.training.arrays import rows_of
from engine.training.pace import Pace


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
            logs, ran = self.on_batch(item.get_value(), xla.STREAM), ran + 1
        return logs, ran, waited


class EagerStep(Step):
    """A step function (batch → logs) in plain Python, to be stepped through with a debugger."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_batch(self, batch, size=None):
        return self.step(batch)


class CompiledStep(Step):
    """A step function (batch → logs), compiled for batches of `spec`.

    `jit` is "auto", True or False; `tally` has the counts that "auto" goes by; `note` is told, in words, which way the step
    goes. The step is traced once, with any number of rows, and every loop below calls that trace.
    """

    def __init__(self, step, spec, jit="auto", tally=None, note=None):
        super().__init__()
        self.step = tf.function(step, autograph=False).get_concrete_function(spec)
        self.spec, self.tally, self.note = spec, tally or xla.Tally(), note or (lambda text: None)
        self.automatic = jit == "auto"
        self.obstacle = None
        self.enough = 0 if jit else math.inf  # so many steps, and XLA compiles them
        if self.automatic:
            found = xla.operations(self.step.graph)
            self.obstacle = xla.obstacle(found)
            self.enough = math.inf if self.obstacle else xla.few(found)
        self._programs = {}

    def uses_xla(self, size):
        """Whether the next step on a batch of that size goes through XLA."""
        return self.tally.steps(size) >= self.enough

    def on_batch(self, batch, size=None):
        size = _rows(batch) if size is None else size
        logs = self._run("batch", self.step, (self.spec,), (batch,), size)
        self.tally.made[size] += 1
        return logs

    def on_rows(self, data, order, start, stop):
        number = tf.TensorSpec([], tf.int32)
        specs = (self.spec, tf.TensorSpec([None, None], tf.int32), number, number)
        size = int(order.shape[1])
        while start < stop:
            end = start + self._alike(stop - start, size)
            logs = self._run("rows", self._loop_over_rows, specs, (data, order, tf.constant(start), tf.constant(end)), size)
            self.tally.made[size] += end - start
            start = end
        return logs

    def on_iterator(self, iterator, count):
        if self.uses_xla(xla.STREAM) and ("batch", True) not in self._programs:
            first = 1  # by itself: should XLA refuse it, the batch is still in hand
            logs, ran, waited = super().on_iterator(iterator, first)
        else:
            first = self._alike(count, xla.STREAM)
            logs, ran, waited = self._steps_of(iterator, first)
        if ran < first or first == count:
            return logs, ran, waited
        later, more, longer = self.on_iterator(iterator, count - first)
        return later if more else logs, ran + more, waited + longer

    def _steps_of(self, iterator, count):
        # An iterator cannot enter XLA: here the loop is TensorFlow's, and the step inside it is XLA's.
        loop = functools.partial(self._loop_over_iterator, self.uses_xla(xla.STREAM) or None)
        specs = (iterator, tf.TensorSpec([], tf.int32))
        logs, ran, waited = self._run("iterator", loop, specs, (iterator, tf.constant(count)), xla.STREAM, whole=False)
        self.tally.made[xla.STREAM] += int(ran)
        return logs, int(ran), float(waited)

    def _alike(self, count, size):
        """How many of the next `count` steps go the same way as the first."""
        return count if self.uses_xla(size) else min(count, self.enough - self.tally.made[size])

    def _run(self, name, function, specs, args, size, whole=True):
        """Call `function`, traced once for `specs`, which leave numbers of rows open; XLA specialises by itself.

        `whole` says that all of it may go through XLA.
        """
        jit = self.uses_xla(size)
        if (name, jit) not in self._programs:
            if all(way is not jit for _, way in self._programs):
                self._tell(jit, size)
            traced = tf.function(function, autograph=False, jit_compile=(jit and whole) or None)
            self._programs[name, jit] = traced.get_concrete_function(*specs)
        try:
            return self._programs[name, jit](*args)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.InternalError) as error:
            if not (jit and whole and self.automatic and _is_refusal(error)):
                raise
        # XLA refuses before anything has run, so the same call can be made again without it.
        self.enough, self.obstacle = math.inf, "an operation that XLA has refused"
        return self._run(name, function, specs, args, size, whole)

    def _tell(self, jit, size):
        if self.automatic:
            which = "of a stream" if size == xla.STREAM else f"on batches of {size}"
            few = f"fewer than {self.enough} steps {which}" if self.obstacle is None else f"it holds {self.obstacle}"
            self.note(f"with XLA: {self.enough} steps or more {which}" if jit else f"with TensorFlow's kernels: {few}")

    def _loop_over_rows(self, data, order, start, stop):
        def one(index, logs):
            return index + 1, self.step(rows_of(data, order[index]))

        _, logs = tf.while_loop(
            lambda index, logs: index < stop, one, (start, self._no_logs()), parallel_iterations=1
        )
        return logs

    def _loop_over_iterator(self, jit, iterator, count):
        step = tf.function(self.step, autograph=False, jit_compile=jit)

        def one(index, more, waited, logs):
            began = _now()
            with tf.control_dependencies([began]):
                item = iterator.get_next_as_optional()
            with tf.control_dependencies([item.has_value()]):
                waited += _now() - began
            return tf.cond(
                item.has_value(),
                lambda: (index + 1, True, waited, step(item.get_value())),
                lambda: (index, False, waited, logs),
            )

        start = (0, True, tf.zeros([], tf.float64), self._no_logs())
        index, _, waited, logs = tf.while_loop(
            lambda index, more, waited, logs: (index < count) & more, one, start, parallel_iterations=1
        )
        return logs, index, waited

    def _no_logs(self):
        return tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), self.step.structured_outputs)


def _now():
    """The time in seconds. Where all operations are to be deterministic, TensorFlow tells none, and no waiting is seen."""
    try:
        with tf.init_scope():
            tf.timestamp()
    except tf.errors.FailedPreconditionError:
        return tf.zeros([], tf.float64)
    return tf.timestamp()


def _rows(batch):
    """The number of rows of a batch in hand, where its shape tells."""
    shape = next(item for item in tf.nest.flatten(batch) if item is not None).shape
    return shape[0] if shape.rank and shape[0] is not None else xla.STREAM


def _is_refusal(error):
    text = str(error)
    return any(sign in text for sign in ("unsupported operations", "XLA", "not compilable", "compile-time constant"))
