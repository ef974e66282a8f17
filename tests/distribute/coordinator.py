"""`python coordinator.py WORKERS NAME ...`: what parameter servers and so many workers make of each; prints {name: found}.

A name is a case, for which its difference to one device is found, or a function below. A process of its own, because a
cluster can be made before TensorFlow does anything, and once.
"""

import functools
import json
import os
import signal
import sys
import tempfile
import threading
import time
import warnings

warnings.simplefilter("error")
warnings.filterwarnings("ignore", category=DeprecationWarning)

import cases  # noqa: E402
import numpy as np  # noqa: E402
import servers  # noqa: E402
import tensorflow as tf  # noqa: E402
from cases import refusal  # noqa: E402
from compare import resumed  # noqa: E402

from engine import Input, Model, Sequential, callbacks, optimizers, set_floatx  # noqa: E402
from layers import Dense, Dropout  # noqa: E402

ROWS = 256
X = np.random.default_rng(0).normal(size=(ROWS, 3))


class TwoOptimizers(Model):
    """Each half of the weights has an optimizer of its own, and one of them updates twice a step."""

    def __init__(self):
        super().__init__()
        self.hidden, self.last = Dense(4, activation="tanh"), Dense(3)
        self.other = optimizers.Adam(0.01)

    def call(self, inputs):
        return self.last(self.hidden(inputs))

    def train_step(self, data):
        for _ in range(2):
            _, loss, gradients = self.step_gradients(*data)
            self.optimizer.apply_gradients(gradients[:2])
        self.other.apply_gradients(gradients[2:])
        return {"loss": loss}


def linear(strategy, epochs=0, **kwargs):
    """A model whose gradients depend on the data alone: where it ends does not depend on the order of updates."""
    set_floatx("float64")
    with cases.scope(strategy):
        model = Sequential([Input((3,)), Dense(1, kernel_initializer="ones")])
        model.compile(optimizers.SGD(0.1, **kwargs), lambda y, p: tf.reduce_mean(p), metrics=["mae"])
    if epochs:
        model.fit(X, X[:, :1], batch_size=4, epochs=epochs, verbose=0)
    return model


def outside(strategy):
    """What is said of an optimizer that was made outside of the scope."""
    optimizer = cases.Descent()
    with strategy.scope():
        model = Sequential([Dense(3)])
        model.compile(optimizer, "mse")
    return refusal(lambda: model.fit(cases.X, cases.Y, verbose=0))


def two_optimizers(strategy):
    """The difference to one device."""
    set_floatx("float64")
    found = []
    for used in (strategy, None):
        cases.set_seed(3)
        with cases.scope(used):
            model = TwoOptimizers()
            model.compile(cases.Descent(), "mse", jit_compile=False)
        history = model.fit(cases.X, cases.Y, epochs=2, batch_size=8, verbose=0)
        found.append({"loss": np.array(history.history["loss"]), **dict(enumerate(model.get_weights()))})
    return cases.difference(*found)


def scaled(strategy):
    """The difference to one device with float16 and a scaled loss, dropout included."""
    found = []
    for used in (strategy, None):
        set_floatx("float32")
        cases.clear_session()
        cases.set_seed(3)
        with cases.scope(used):
            model = Sequential([Dense(4, activation="tanh", dtype="mixed_float16"), Dropout(0.3), Dense(3)])
            model.compile(optimizers.LossScaleOptimizer(cases.Descent()), "mse", jit_compile=False)
        history = model.fit(cases.X, cases.Y, epochs=2, batch_size=8, verbose=0)
        found.append(cases.numbers(model, history))
    return cases.difference(*found)


def nothing_lost(strategy):
    """The difference of the weights to the sum of all gradients; the updates and the rows that were counted."""
    model = linear(strategy, epochs=2)
    found = dict(enumerate(model.get_weights()))
    gradients = X.reshape(-1, 4, 3).mean(1).sum(0)
    expected = {0: 1 - 0.1 * 2 * gradients[:, None], 1: np.array([-0.1 * 2 * ROWS / 4])}
    counts = [int(model.optimizer.iterations), *(float(metric.count) for metric in model.metrics)]
    return [cases.difference(found, expected), counts]


def momentum(strategy):
    """The bias after updates whose sum depends on each update before; and that of one device."""
    return [float(linear(used, 1, momentum=0.9).get_weights()[1][0]) for used in (strategy, None)]


def accumulated(strategy):
    """The same with every third step an update."""
    model = linear(strategy, 2, gradient_accumulation_steps=3)
    return [float(model.get_weights()[1][0]), int(model.optimizer.iterations)]


def learns(strategy):
    """The losses of the first epoch and the last."""
    model = cases.make("softmax", strategy)
    losses = cases.fit(model, "softmax", epochs=15).history["loss"]
    return [losses[0], losses[-1]]


def outputs(strategy):
    """The differences of predictions and measurements to those of one device."""
    model, alone = cases.make("metrics", strategy), cases.make("metrics", None)
    cases.fit(model, "metrics")
    alone.set_weights(model.get_weights())
    found = [
        {"outputs": m.predict(cases.X, batch_size=3), **m.evaluate(cases.X, cases.YES, batch_size=3, verbose=0, return_dict=True)}
        for m in (model, alone)
    ]  # fmt: skip
    return cases.difference(*found)


def goes_on(strategy):
    """A run that was saved in the middle of an epoch, and goes on in a new model: its difference to the sum of gradients."""
    with tempfile.TemporaryDirectory() as directory:
        model = linear(strategy)
        model.fit(X, X[:, :1], batch_size=4, epochs=1, verbose=0, callbacks=[callbacks.Checkpoint(directory, every_steps=50)])
        model = linear(strategy)
        model.fit(X, X[:, :1], batch_size=4, epochs=2, verbose=0, callbacks=[callbacks.Checkpoint(directory)])
    expected = 1 - 0.1 * 2 * X.reshape(-1, 4, 3).mean(1).sum(0)
    return [float(np.abs(model.get_weights()[0][:, 0] - expected).max()), int(model.optimizer.iterations)]


def refused(strategy):
    """What is said of what needs one step after the other, and of what is for one device."""
    model = cases.make("softmax", strategy)
    with strategy.scope():
        half = Sequential([Dense(3)])
        half.compile(optimizers.LossScaleOptimizer("sgd"), "mse")
        return [
            refusal(lambda: cases.fit(model, "softmax", on_nan="raise")),
            refusal(lambda: cases.fit(model, "softmax", callbacks=[callbacks.GradientStats()])),
            refusal(lambda: half.fit(cases.X, cases.Y, verbose=0)),
            refusal(lambda: cases.fit(cases.make("spectral", strategy), "spectral")),
            refusal(lambda: model.compile("sgd", "mse", run_eagerly=True)),
            refusal(lambda: model.compile("sgd", "mse", jit_compile=True)),
        ]  # fmt: skip


def a_bad_step(strategy):
    """The error of a step on a worker, and the updates of the training after it."""
    model = linear(strategy)
    with strategy.scope():
        model.compile("sgd", lambda y, p: tf.debugging.check_numerics(tf.reduce_mean(p * tf.math.log(y)), "a bad row"))
    said = refusal(lambda: model.fit(X, np.where(X[:, :1] > 2, -1.0, 1.0), batch_size=4, verbose=0))
    return [said, int(linear(strategy, 1).optimizer.iterations)]


def bad_data(strategy):
    """The error of data that end in one, and the updates until then."""

    def batches():
        for _ in range(5):
            yield X[:4], X[:4, :1]
        raise OSError("the file is gone")

    model = linear(strategy)
    specs = (tf.TensorSpec([4, 3], tf.float64), tf.TensorSpec([4, 1], tf.float64))
    data = tf.data.Dataset.from_generator(batches, output_signature=specs)
    return [refusal(lambda: model.fit(data, steps_per_epoch=9, verbose=0)), int(model.optimizer.iterations)]


def workers_die(strategy, children):
    """A run in which one worker of two dies, and what is said when the other is gone too."""
    model = linear(strategy)
    later = threading.Timer(0.5, servers.kill, children["worker"][1:])
    start = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: later.start() if epoch == 1 else None)
    model.fit(X, X[:, :1], batch_size=4, epochs=12, verbose=0, callbacks=[start])
    later.join()
    updates = int(model.optimizer.iterations)
    threading.Timer(0.5, servers.kill, children["worker"][:1]).start()
    return [updates, *_timed(lambda: model.fit(X, X[:, :1], batch_size=4, epochs=1000, verbose=0))]


def server_dies(strategy, children):
    """What is said when the parameter server is gone."""
    model = linear(strategy, 1)
    threading.Timer(0.5, servers.kill, children["ps"][1:]).start()
    return _timed(lambda: model.fit(X, X[:, :1], batch_size=4, epochs=1000, verbose=0))


def worker_is_stopped(strategy, children):
    """What is said where one worker is stopped before anything begins; and the updates once it runs again."""
    model, worker = linear(strategy, 1), children["worker"][1]
    data = tf.data.Dataset.from_tensor_slices((X, X[:, :1])).batch(8)
    os.kill(worker, signal.SIGSTOP)
    other = linear(strategy)
    actions = (
        lambda: model.fit(X, X[:, :1], batch_size=4, verbose=0), lambda: other.fit(data, verbose=0),
        lambda: model.evaluate(data, verbose=0), lambda: model.predict(data), lambda: other.train_on_batch(X, X[:, :1]),
    )  # fmt: skip
    said = [_timed(action) for action in actions]
    os.kill(worker, signal.SIGCONT)
    other.fit(X, X[:, :1], batch_size=4, verbose=0)
    return [said, int(other.optimizer.iterations)]


def worker_pauses(strategy, children):
    """The updates of a run in which one worker of two is stopped for a while; then what is said when it is stopped for good."""
    model, worker = linear(strategy), children["worker"][1]

    def stop(again):
        os.kill(worker, signal.SIGSTOP)
        if again:
            time.sleep(2)
            os.kill(worker, signal.SIGCONT)

    def run(epochs, again):
        later = threading.Timer(0.3, stop, [again])
        start = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: later.start() if epoch == 1 else None)
        model.fit(X, X[:, :1], batch_size=4, epochs=epochs, verbose=0, callbacks=[start])
        later.join()

    run(12, again=True)
    updates = int(model.optimizer.iterations)
    return [updates, *_timed(lambda: run(1000, again=False))]


def places(strategy):
    """For each server, the operations of a step's update that compute there, and the numbers of variables that it holds."""
    model = linear(strategy, 1, momentum=0.9)
    step = next(step for key, step in model._traces.kept.items() if key[0] == "train").step
    library = [function.node_def for function in step.graph.as_graph_def().library.function]
    found, held = [], [sum(f"ps/replica:0/task:{task}" in weight.device for weight in model.weights) for task in (0, 1)]
    for task in (0, 1):
        found.append([node.op for nodes in library for node in nodes if f"ps/replica:0/task:{task}" in node.device])
    return [held, found]


def _timed(action):
    began = time.monotonic()
    return refusal(action), time.monotonic() - began


ALL = (outside, resumed, two_optimizers, scaled, nothing_lost, momentum, accumulated, learns, outputs, goes_on, refused,
       a_bad_step, bad_data, places)  # fmt: skip
FUNCTIONS = {function.__name__: function for function in ALL}
DEATHS = (workers_die, server_dies, worker_pauses, worker_is_stopped)


def main(workers, *names):
    with servers.cluster(int(workers), servers=2 if int(workers) == 1 else 1) as (children, strategy):
        deaths = {function.__name__: functools.partial(function, children=children) for function in DEATHS}
        print(json.dumps(cases.outcomes(names, {**FUNCTIONS, **deaths}, strategy)))


if __name__ == "__main__":
    main(*sys.argv[1:])
