"""`AutomaticStep`: a compiled step that goes over to XLA where many steps are made (xla.py has the rule), and loops over iterators."""

import contextlib
import functools
import math

import tensorflow as tf

from engine.compilation import xla
from engine.core.compiled import STREAM, CompiledStep, Step
from engine.small_parts.as_traced import as_traced
from losses.ground.autograph import trace


class AutomaticStep(CompiledStep):
    """A step function (batch → logs), compiled for batches of `spec`.

    `jit` is "auto", True or False; `tally` has the counts that "auto" goes by; `note` is told, in words, which way the step
    goes. The step is traced once, with any number of rows, and every loop calls that trace. Fewer than 32 steps, by the same
    counts, are made one by one. With "auto", what is not yet many steps runs as it was traced: neither XLA nor TensorFlow's graph
    optimizer would win back the time that they take.
    """

    def __init__(self, step, spec, jit="auto", tally=None, note=None):
        super().__init__(step, spec)
        self.function, self.traced, self.in_xla = step, self.step, None
        self.tally, self.note = tally or xla.Tally(), note or (lambda text: None)
        self.automatic, self._told = jit == "auto", set()
        self.obstacle, self.few = None, False
        self.enough = 0 if jit else math.inf  # so many steps, and XLA compiles them
        if self.automatic:
            found = xla.operations(self.step.graph)
            self.obstacle = xla.obstacle(found)
            self.enough = math.inf if self.obstacle else xla.few(found)

    def uses_xla(self, size):
        """Whether the next step on a batch of that size goes through XLA."""
        return self.tally.steps(size) >= self.enough

    def on_batch(self, batch, size=None):
        size = _rows(batch) if size is None else size
        self._choose(size)
        logs = super().on_batch(batch)
        self.tally.made[size] += 1
        return logs

    def on_rows(self, data, order, start, stop, size=None):
        size = int(order.shape[1]) if size is None else size
        if self.one_by_one(size):
            return Step.on_rows(self, data, order, start, stop)
        while start < stop:
            end = start + self._alike(stop - start, size)
            self._choose(size)
            logs = super().on_rows(data, order, start, end)
            self.tally.made[size] += end - start
            start = end
        return logs

    def gives_rows(self):
        """Whether the step gives dense tensors with an axis of rows."""
        outputs = tf.nest.flatten(self.step.structured_outputs)
        return all(isinstance(output, tf.Tensor) and output.shape.rank for output in outputs)

    def on_slices(self, rows, size, first):
        """The outputs of steps on the batches of `size` rows that `rows` are made of, from number `first` on, as one tensor each."""
        self._choose(size)
        specs = (self.spec, tf.TensorSpec([], tf.int32))
        loop = functools.partial(self._loop_over_slices, size)
        outputs = self.run(f"slices of {size}", loop, specs, (rows, tf.constant(first)), self.jit)
        count = next(len(leaf) for leaf in tf.nest.flatten(rows)) // size
        self.tally.made[size] += count - first
        return tf.nest.map_structure(lambda tensor: tensor[len(tensor) // count * first :], outputs)

    def on_iterator(self, iterator, count):
        if self.uses_xla(STREAM) and ("batch", True) not in self._programs:
            first = 1  # by itself: should XLA refuse it, the batch is still in hand
            logs, ran, waited = super().on_iterator(iterator, first)
        elif self.one_by_one(STREAM):
            first = min(count, xla.LOOP - self.tally.made[STREAM])
            logs, ran, waited = super().on_iterator(iterator, first)
        else:
            first = self._alike(count, STREAM)
            logs, ran, waited = self._steps_of(iterator, first)
        if ran < first or first == count:
            return logs, ran, waited
        later, more, longer = self.on_iterator(iterator, count - first)
        return later if more else logs, ran + more, waited + longer

    def _steps_of(self, iterator, count):
        # An iterator cannot enter XLA: here the loop is TensorFlow's, and the step inside it is XLA's.
        self._choose(STREAM)
        loop = functools.partial(self._loop_over_iterator, self.jit or None)
        name, specs = f"iterator, {self.jit}", (iterator, tf.TensorSpec([], tf.int32))
        logs, ran, waited = self.run(name, loop, specs, (iterator, tf.constant(count)), False)
        self.tally.made[STREAM] += int(ran)
        return logs, int(ran), float(waited)

    def one_by_one(self, size):
        """Whether the next steps are too few for a loop."""
        return not self.uses_xla(size) and self.tally.are_few()

    def _alike(self, count, size):
        """How many of the next `count` steps go the same way as the first."""
        return count if self.uses_xla(size) else min(count, self.enough - self.tally.made[size])

    def run(self, name, function, specs, args, jit):
        try:
            with as_traced() if self.few else contextlib.nullcontext():
                return super().run(name, self.step if name == "batch" else function, specs, args, jit)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.InternalError) as error:
            if not (jit and _is_refusal(error)) or (self.in_xla and not self.automatic):
                raise
        # XLA refuses before anything has run, so the same call can be made again, traced for XLA and then without it.
        if self.in_xla is None:
            self._trace_in_xla()
        else:
            self.enough, self.obstacle = math.inf, "an operation that XLA has refused"
            self._choose(STREAM)
        return self.run(name, function, specs, args, self.jit)

    def _trace_in_xla(self):
        """The gradient of a loop is another one for XLA, which has to know where the loop is traced that it is meant."""
        self.in_xla = self.step = trace(self.function, self.spec, jit_compile=True)
        self._programs = {key: program for key, program in self._programs.items() if not key[1]}

    def _choose(self, size):
        """How the step on a batch of that size runs; the first time it goes through XLA, or does not, it says so."""
        jit = self.jit = self.uses_xla(size)
        self.step = self.in_xla if jit and self.in_xla else self.traced
        self.few = self.automatic and not jit and (self.enough < math.inf or self.one_by_one(size))
        if self.automatic and jit not in self._told:
            self._told.add(jit)
            which = "of a stream" if size == STREAM else f"on batches of {size}"
            why = f"fewer than {self.enough} steps {which}" if self.obstacle is None else f"it holds {self.obstacle}"
            self.note(f"with XLA: {self.enough} steps or more {which}" if jit else f"with TensorFlow's kernels: {why}")

    def _loop_over_slices(self, size, data, first):
        batches = tf.nest.map_structure(lambda leaf: tf.reshape(leaf, [-1, size, *tf.unstack(tf.shape(leaf))[1:]]), data)
        count = tf.shape(tf.nest.flatten(batches)[0])[0]
        arrays = [tf.TensorArray(spec.dtype, count) for spec in tf.nest.flatten(self.step.structured_outputs)]

        def one(index, arrays):
            outputs = self.step(tf.nest.map_structure(lambda leaf: leaf[index], batches))
            return index + 1, [array.write(index, each) for array, each in zip(arrays, tf.nest.flatten(outputs))]

        _, arrays = tf.while_loop(lambda index, arrays: index < count, one, (first, arrays), parallel_iterations=1)
        return tf.nest.pack_sequence_as(self.step.structured_outputs, [array.concat() for array in arrays])

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

        start = (0, True, tf.zeros([], tf.float64), self.no_logs())
        index, _, waited, logs = tf.while_loop(
            lambda index, more, waited, logs: (index < count) & more, one, start, parallel_iterations=1
        )
        return logs, index, waited


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
    return shape[0] if shape.rank and shape[0] is not None else STREAM


def _is_refusal(error):
    text = str(error)
    return any(sign in text for sign in ("unsupported operations", "XLA", "not compilable", "compile-time constant"))
