"""`python compare.py REPLICAS CASE ... [REPLICAS CASE ...]`: each case on one device and on so many logical ones;
prints {replicas: {case: [difference, where]}}.

A process of its own, because logical devices must be made before TensorFlow does anything.
"""

import json
import sys
import tempfile
import warnings

warnings.simplefilter("error")
warnings.filterwarnings("ignore", category=DeprecationWarning)

import cases  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from cases import refusal  # noqa: E402

from engine import Input, Sequential, callbacks, optimizers, set_floatx, set_policy, set_seed  # noqa: E402
from layers import Dense, Dropout  # noqa: E402


def resumed(strategy, case="synchronized", every_steps=3):
    """The differences of runs that go on, on other devices, from the middle of an epoch."""
    whole = cases.make(case, None)
    expected = cases.numbers(whole, cases.fit(whole, case, epochs=3))
    found = []
    for first, second in ((strategy, None), (None, strategy)):
        with tempfile.TemporaryDirectory() as directory:
            model = cases.make(case, first)
            stop = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
            saved = callbacks.Checkpoint(directory, every_steps=every_steps)
            cases.fit(model, case, epochs=2, callbacks=[saved, stop])
            model = cases.make(case, second)
            history = cases.fit(model, case, epochs=3, callbacks=[callbacks.Checkpoint(directory), stop])
            found.append(cases.difference(cases.numbers(model, history), expected))
    return max(found)


def resumed_random(strategy):
    """The same where random numbers are drawn."""
    return resumed(strategy, "random")


def resumed_accumulation(strategy):
    """The same where gradients are gathered, and the checkpoint comes between two updates."""
    return resumed(strategy, "accumulated_stream", every_steps=5)


def exchanges_of_updates(strategy):
    """{case: [exchanges in a step with the update, in one without, around a chunk, where gradients are left]}; None: no such steps."""
    found = {}
    for case in ("accumulation", "accumulated_stream", "accumulated_sums", "accumulated_twice", "accumulated_on_nan"):
        model, _ = cases.trained(case, strategy)
        step = next(step for key, step in reversed(model._traces.kept.items()) if key[0] == "train")
        if step.replicated.gathering.optimizer is None:
            found[case] = None
            continue
        end = step.end.get_concrete_function(step.step.structured_outputs).graph
        counts = [reductions(graph) // strategy.num_replicas_in_sync for graph in (*branches(step.step.graph), end, branches(end)[0])]
        found[case] = counts
    return found


def branches(graph):
    """What the one condition in `graph` does where it holds, and where it does not: two graphs."""
    condition, = (op for op in graph.get_operations() if op.type in ("If", "StatelessIf") and "gradient" not in op.name)
    return [graph._get_function(condition.get_attr(name).name).graph for name in ("then_branch", "else_branch")]


def masks_alike(strategy):
    """The share of elements that dropout treats alike on the first two replicas."""
    with strategy.scope():
        layer = Dropout(0.5, seed=1)
    run = tf.function(lambda: strategy.run(lambda: layer(tf.ones([1, 999]), training=True)), autograph=False)
    first, second, *_ = strategy.experimental_local_results(run())
    return float(np.mean(first == second))


def exchanges(strategy):
    """{case: [exchanges in a training step, in a test step, and around all steps of a chunk]}."""
    found = {}
    for case in ("softmax", "sample_weights", "two_outputs", "random", "mean_with_weight", "regularizers", "own_loss", "per_replica", "tutorial",
                 "centred", "watching"):
        model, _ = cases.trained(case, strategy)
        x, y = (cases.CASES[case][2].get(name, default) for name, default in (("x", cases.X), ("y", cases.Y)))
        model.evaluate(x, y, batch_size=8, verbose=0)
        steps = {key[0]: step for key, step in model._traces.kept.items()}
        graphs = (steps["train"].step.graph, steps["test"].step.graph, steps["train"]._programs["rows", False].graph)
        found[case] = [reductions(graph) // strategy.num_replicas_in_sync for graph in graphs]
    return found


def reductions(graph):
    """The operations in `graph` by which replicas exchange numbers; what is in a loop inside is not counted."""
    return sum(op.type.startswith("CollectiveReduce") for op in graph.get_operations())


def read_in_condition(strategy):
    """What is said where a step reads a metric of several replicas, and uses it, inside of a condition."""
    class Deciding(cases.Watching):
        def train_step(self, data):
            logs = super().train_step(data)
            return {**logs, "late": tf.cond(logs["loss"] > 0, self.error.result, lambda: logs["loss"])}

    with strategy.scope():
        model = Deciding()
        model.compile(cases.Descent(), "mse")
    return refusal(lambda: model.fit(cases.X, cases.Y, batch_size=8, verbose=0))


def compiled_by_xla(strategy):
    with strategy.scope():
        Sequential([Dense(3)]).compile("sgd", "mse", jit_compile=True)


def mixed_up(strategy):
    """What is said where a part is made outside of the scope."""
    optimizer = cases.Descent()
    with strategy.scope():
        model = Sequential([Dense(3)])
        model.compile(optimizer, "mse")
        other = Sequential([Dense(3)])
    return [
        refusal(lambda: model.fit(cases.X, cases.Y, verbose=0)), refusal(lambda: other.compile("sgd", "mse")),
        refusal(lambda: cases.make("tutorial", strategy).compile("sgd", "mse")),
        refusal(lambda: cases.make("softmax", strategy).inspect_step(cases.X, cases.CLASSES)),
        refusal(lambda: compiled_by_xla(strategy)),
    ]  # fmt: skip


def not_finite(strategy):
    """The error of a run with a number missing in its 13th row."""
    x = cases.X.copy()
    x[12, 3] = np.nan
    model = cases.make("synchronized", strategy)
    with tempfile.TemporaryDirectory() as directory:
        saved = callbacks.Checkpoint(directory)
        return refusal(lambda: model.fit(x, cases.Y, batch_size=8, shuffle=False, on_nan="raise", callbacks=[saved], verbose=0))


def calls_traced(strategy):
    """How often a layer is called for the first steps of a model that is built in them: [on replicas, on one device]."""
    calls = []

    class Counting(cases.Tutorial):
        def call(self, inputs):
            calls[-1] += 1
            return super().call(inputs)

    for scope in (strategy, None):
        calls.append(0)
        with cases.scope(scope):
            model = Counting()
            model.compile("adam", "mse")
        model.fit(cases.X, cases.Y, batch_size=8, verbose=0)
    return calls


def slower(strategy):
    """The learning rate after a plateau."""
    model = cases.make("softmax", strategy)
    plateau = callbacks.ReduceLROnPlateau(monitor="loss", patience=1, min_delta=10, factor=0.5)
    cases.fit(model, "softmax", epochs=3, callbacks=[plateau])
    return float(model.optimizer.learning_rate.numpy())


def with_callbacks(strategy):
    """The difference that callbacks make which measure, choose and write files."""
    def train(strategy, directory):
        model = cases.make("softmax", strategy)
        watching = [
            callbacks.TensorBoard(directory, histogram_freq=1), callbacks.GradientStats(every=2),
            callbacks.CSVLogger(f"{directory}/rows.csv"), callbacks.LearningRateScheduler(lambda epoch, rate: rate * 2),
            callbacks.ModelCheckpoint(f"{directory}/best.safetensors", save_best_only=True, save_weights_only=True),
            callbacks.EarlyStopping("loss", min_delta=0.5, patience=2, restore_best_weights=True),
        ]  # fmt: skip
        found = cases.numbers(model, cases.fit(model, "softmax", epochs=9, validation_split=0.3, callbacks=watching))
        with open(f"{directory}/rows.csv") as file:
            return {**found, "rows": np.array(len(file.readlines()))}

    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        return cases.difference(train(strategy, first), train(None, second))


def half_precision(strategy):
    """The largest difference in float16 with a loss scale that overflows at first, and the numbers of skipped steps."""
    set_floatx("float32")
    found = []
    for scope in (strategy, None):
        set_policy("mixed_float16")
        set_seed(5)
        with cases.scope(scope):
            model = Sequential([Input((6,)), Dense(4, activation="tanh"), Dense(3)])
            model.compile(optimizers.LossScaleOptimizer(optimizers.SGD(0.1), initial_scale=2.0**24), "mse")
        history = model.fit(cases.X, cases.Y, batch_size=8, epochs=5, verbose=0).history
        found.append((history["loss"], history["skipped_steps"][-1]))
    set_policy("float32")
    (here, skipped), (there, expected) = found
    return [float(np.max(np.abs(np.subtract(here, there)))), skipped, expected]


def mixed_in_half(strategy):
    """{policy: the largest difference of the losses where rows are mixed in 16 bits, and gradients gathered}."""
    set_floatx("float32")
    found = {}
    for policy in ("mixed_float16", "mixed_bfloat16"):
        set_policy(policy)
        losses = []
        for scope in (strategy, None):
            set_seed(5)
            with cases.scope(scope):
                model = cases.mixed()
                model.compile(optimizers.SGD(0.01, gradient_accumulation_steps=2), "mse")
            losses.append(model.fit(cases.X, cases.Y, batch_size=8, epochs=3, verbose=0).history["loss"])
        found[policy] = float(np.max(np.abs(np.subtract(*losses))))
    set_policy("float32")
    return found


OTHERS = {function.__name__: function for function in (
    resumed, resumed_random, resumed_accumulation, exchanges, exchanges_of_updates, read_in_condition, masks_alike, mixed_up, not_finite,
    calls_traced, slower, with_callbacks, half_precision, mixed_in_half,
)}  # fmt: skip


def strategies_of(counts):
    """{number of replicas: the strategy of so many logical devices}; before TensorFlow does anything."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration() for _ in range(max(counts))])
    return {count: _strategy_of(count) for count in counts}


def _strategy_of(count):
    if count == 1:
        return tf.distribute.OneDeviceStrategy("CPU:0")
    # Without it TensorFlow takes two strategies of one process for one group of devices.
    tf.distribute.MirroredStrategy._collective_key_base = 1_000_000 * count
    return tf.distribute.MirroredStrategy([f"CPU:{index}" for index in range(count)])


def main(*words):
    asked = {}
    for word in words:
        if word.isdigit():
            names = asked[int(word)] = []
        else:
            names.append(word)
    strategies = strategies_of(asked)
    print(json.dumps({count: cases.outcomes(names, OTHERS, strategies[count]) for count, names in asked.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
