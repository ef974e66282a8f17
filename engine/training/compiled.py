"""One step, traced once, and run many times in one compiled call.

What makes small models fast on any machine is to leave Python out of the steps: the loop over
them is inside the compiled function, and so are the data. XLA then makes one program of the
whole loop. It does so for everything but convolutions, which on a CPU it runs several times
slower than TensorFlow's own kernels: `choose_jit` decides by what the traced step contains,
never by timing, so that runs repeat.
"""

import time

import tensorflow as tf

# On a CPU, XLA runs these several times slower than TensorFlow's own kernels.
_SLOW_IN_XLA = ("Conv2D", "Conv3D", "DepthwiseConv2dNative", "MaxPool", "AvgPool")
# These have no XLA kernel at all: Python, strings, files, iterators.
_NOT_IN_XLA = (
    "PyFunc", "EagerPyFunc", "String", "Regex", "Print", "Iterator", "Unique", "SparseTensor", "SparseReorder",
    "SparseConcat", "SparseSegment", "Ragged", "Decode", "Lookup", "Hash",
)  # fmt: skip


class CompiledStep:
    """A step function (batch → logs), compiled for batches of `spec`.

    `jit` is "auto", True or False. The step is traced once, with any number of rows, and every loop
    below calls that trace.
    """

    def __init__(self, step, spec, jit="auto"):
        self.step = tf.function(step, autograph=False).get_concrete_function(spec)
        self.spec = spec
        self.jit = choose_jit(self.step.graph) if jit == "auto" else bool(jit)
        self.may_fall_back = jit == "auto"
        self._traced = {}

    def on_batch(self, batch):
        """One step."""
        return self._run(self.step, (self.spec,), batch)

    def on_rows(self, data, order, start, stop):
        """Steps `start` to `stop` of the batches whose row numbers are the rows of `order`."""
        number = tf.TensorSpec([], tf.int32)
        specs = (self.spec, tf.TensorSpec([None, None], tf.int32), number, number)
        return self._run(self._loop_over_rows, specs, data, order, tf.constant(start), tf.constant(stop))

    def on_iterator(self, iterator, count):
        """At most `count` steps on what the iterator gives; also returns how many there were, and the seconds of waiting."""
        # An iterator cannot enter XLA: here the loop is TensorFlow's, and the step inside it is XLA's.
        specs = (iterator, tf.TensorSpec([], tf.int32))
        return self._run(self._loop_over_iterator, specs, iterator, tf.constant(count), jit=False)

    def _run(self, function, specs, *args, jit=True):
        """Call `function`, traced once for `specs`, which leave numbers of rows open; XLA specialises by itself."""
        jit = jit and self.jit
        key = getattr(function, "__name__", "step")
        if (key, self.jit) not in self._traced:
            traced = tf.function(function, autograph=False, jit_compile=jit or None)
            self._traced[key, self.jit] = traced.get_concrete_function(*specs)
        try:
            return self._traced[key, self.jit](*args)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.InternalError) as error:
            if not (jit and self.may_fall_back and _is_refusal(error)):
                raise
        # XLA refuses before anything has run, so the same call can be made again without it.
        self.jit = False
        return self._run(function, specs, *args)

    def _loop_over_rows(self, data, order, start, stop):
        def one(index, logs):
            rows = order[index]
            return index + 1, self.step(tf.nest.map_structure(lambda array: tf.gather(array, rows), data))

        _, logs = tf.while_loop(
            lambda index, logs: index < stop, one, (start, self._no_logs()), parallel_iterations=1
        )
        return logs

    def _loop_over_iterator(self, iterator, count):
        step = tf.function(self.step, autograph=False, jit_compile=self.jit or None)

        def one(index, more, waited, logs):
            began = tf.timestamp()
            with tf.control_dependencies([began]):
                item = iterator.get_next_as_optional()
            with tf.control_dependencies([item.has_value()]):
                waited += tf.timestamp() - began
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


class EagerStep:
    """The same interface in plain Python, to be stepped through with a debugger."""

    jit = False

    def __init__(self, step):
        self.on_batch = step

    def on_rows(self, data, order, start, stop):
        for index in range(start, stop):
            logs = self.on_batch(tf.nest.map_structure(lambda array: tf.gather(array, order[index]), data))  # noqa: B023
        return logs

    def on_iterator(self, iterator, count):
        logs, ran, waited = None, 0, 0.0
        while ran < count:
            began = time.perf_counter()
            item = iterator.get_next_as_optional()
            waited += time.perf_counter() - began
            if not item.has_value():
                break
            logs, ran = self.on_batch(item.get_value()), ran + 1
        return logs, ran, waited


def choose_jit(graph):
    """Whether to compile a traced step with XLA: not with convolutions in it, nor with what XLA cannot run."""
    definition = graph.as_graph_def()
    nodes = list(definition.node) + [node for function in definition.library.function for node in function.node_def]
    return not any(node.op.startswith(_SLOW_IN_XLA + _NOT_IN_XLA) for node in nodes)


def _is_refusal(error):
    text = str(error)
    return any(sign in text for sign in ("unsupported operations", "XLA", "not compilable", "compile-time constant"))
