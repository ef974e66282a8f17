"""Nothing that changes in a run is forgotten by its checkpoint.

A walk over a model and its callbacks finds all that they hold, in variables and in plain Python. What it finds at the end of a run
that was stopped and resumed is what it finds at the end of one that was not, bit for bit: for each layer, metric, optimizer,
schedule and callback there is. A new kind is in the tables from which these are taken, or a test says that it is missing.
"""

import collections
import hashlib
import os
import pathlib
import types

import numpy as np
import pytest
import tensorflow as tf
from rows import ROWS
from test_metrics import ONE_EACH, build, make
from test_properties import FIRST, IN_TRAINING

from engine import Layer, Model, callbacks, clear_session, metrics, optimizers, set_seed
from engine.optimizers import schedules
from engine.optimizers.lookup import TABLE
from engine.random import SeedGenerator
from engine.saving import CheckpointError, checkpoint
from engine.small_parts.remembering import Remembering
from layers import Dense, Discretization, IntegerLookup, Normalization, StringLookup, TextVectorization

X = np.random.default_rng(0).normal(size=(12, 3)).astype("float32")
EPOCHS = 3  # of three steps each
STOPPED_AFTER = 5  # steps: in the second epoch

# ---- the walk -----------------------------------------------------------------------------------

_CLOSED = (type, types.ModuleType, types.FunctionType, types.MethodType, types.BuiltinFunctionType)
# Attributes, and why each may be other after a run that was resumed.
OTHER = {
    "_drawn_seed": "of an initializer: has had its effect, which is in the weights", "looks": "counts how often this process looked",
    "asked": "a run of this process", "waiting": "how long this process waited for data", "started": "a time", "saved_at": "a time",
    "seconds": "how long epochs of this process took", "_began": "a time", "began": "a time",
    "eager": "the steps of this process, and how fast they were", "kept": "likewise, compiled", "report": "what this process traced",
    "_eager_calls": "how often this process called an optimizer: when it is compiled, on which no bit depends",
    "pace": "how fast steps were", "left": "how the test stops a run",
}  # fmt: skip


def walk(thing, path="", found=None, seen=None):
    """{path: value} of the variables, arrays and plain values that `thing` holds, whatever they are in."""
    found, seen = ({}, {}) if found is None else (found, seen)
    if isinstance(thing, tf.random.Generator):
        thing = thing.state
    if isinstance(thing, (tf.Variable, tf.Tensor)):
        thing = None if tf.is_symbolic_tensor(thing) or thing.dtype == tf.resource else thing.numpy()
    if isinstance(thing, np.ndarray):
        content = thing.tolist() if thing.dtype == object else thing.tobytes()
        thing = hashlib.sha256(repr((thing.dtype, thing.shape, content)).encode()).hexdigest()
    if thing is None or isinstance(thing, (bool, int, float, str, bytes, np.generic)):
        found[path] = repr(thing)
    elif not isinstance(thing, _CLOSED) and not type(thing).__module__.startswith("tensorflow.") and id(thing) not in seen:
        seen[id(thing)] = thing
        for name, item in parts(thing):
            walk(item, f"{path}.{name}", found, seen)
    return found


def parts(thing):
    """(name, part) of what an object holds. Of a key that is the id of a variable its place says more."""
    if isinstance(thing, collections.Counter):
        yield from (+thing).items()
    elif isinstance(thing, dict):
        yield from ((index if isinstance(key, int) and key > 2**20 else key, item) for index, (key, item) in enumerate(list(thing.items())))
    elif isinstance(thing, (set, frozenset)):
        yield from enumerate(sorted(thing, key=repr))
    elif isinstance(thing, (list, tuple, collections.deque)):
        yield from enumerate(list(thing))
    yield from ((name, item) for name, item in list(getattr(thing, "__dict__", {}).items()) if name not in OTHER)


# ---- all that there is --------------------------------------------------------------------------

SCHEDULES = [
    schedules.ExponentialDecay(0.1, 2, 0.5), schedules.InverseTimeDecay(0.1, 2, 0.5), schedules.PiecewiseConstantDecay([2, 4], [0.1, 0.2, 0.3]),
    schedules.PolynomialDecay(0.1, 5), schedules.CosineDecay(0.1, 5, warmup_steps=2, warmup_target=0.2), schedules.CosineDecayRestarts(0.1, 3),
]  # fmt: skip


def all_optimizers():
    """Each optimizer plain, and with all that can be around it; each schedule as a rate."""
    for cls in dict.fromkeys(TABLE.values()):
        yield cls()
        inner = cls(use_ema=True, gradient_accumulation_steps=2, ema_overwrite_frequency=3)
        yield optimizers.LossScaleOptimizer(inner, dynamic_growth_steps=2)
    for schedule in SCHEDULES:
        yield optimizers.SGD(schedule, momentum=0.5)


class Own(Remembering, Layer):
    """What a user's layer may have: names like those in files, memory in plain Python, a generator of TensorFlow."""

    def build(self, input_shape):
        for name in ("callbacks/0", "logs/0", "optimizer/iteration", "seeds/x", "metrics/loss", "layers/0"):
            self.add_weight((), "ones", name=name)
        self.calls, self.last, self.noise = 0, np.zeros(3), tf.random.Generator.from_seed(3)

    def call(self, inputs):
        if tf.executing_eagerly():
            self.calls, self.last = self.calls + 1, inputs[0].numpy()
        return inputs + 1e-3 * self.noise.normal(tf.shape(inputs)) + 1e-3 * tf.add_n(self.trainable_weights)

    def get_state(self):
        return {"calls": self.calls, "last": self.last}

    def set_state(self, state):
        self.calls, self.last = state["calls"], np.asarray(state["last"])


class Learned(Layer):
    """Layers that `adapt` has taught, on their own data."""

    def __init__(self):
        super().__init__()
        self.text, self.strings, self.integers = TextVectorization(), StringLookup(output_mode="tf_idf"), IntegerLookup()
        self.ranges, self.normalization = Discretization(num_bins=3), Normalization()
        self.text.adapt(["a b", "b c"])
        self.strings.adapt([["a", "b"], ["b", "c"]])
        self.integers.adapt([3, 3, 5])
        self.ranges.adapt([1.0, 2.0, 7.0, 9.0])
        self.normalization.adapt(X)

    def call(self, inputs):
        numbers = [self.text(["b c x"]), self.strings([["a", "x"]]), self.integers([[5, 7]]), self.ranges([[3.0]])]
        return self.normalization(inputs) * (1.0 + 1e-3 * tf.add_n([tf.reduce_sum(tf.cast(item, "float32")) for item in numbers]))


class Everything(Model):
    """Calls each kind of layer, and updates each kind of metric and optimizer, in every step."""

    def __init__(self):
        super().__init__()
        stateful = [row for row in ROWS if row.raises is None and "stateful" in repr(row.part)]
        self._rows = list({row.id: row for row in [*FIRST.values(), *IN_TRAINING.values(), *stateful]}.values())
        self.all_layers = [row.make() for row in self._rows]
        self.all_metrics = [build(metrics, *values[:2]) for values in ONE_EACH]
        self.all_optimizers = [*all_optimizers()]
        self.moved = [tf.Variable(tf.ones((4, 4)), trainable=False) for _ in self.all_optimizers]
        self.head, self.seeds, self.own, self.learned = Dense(3), SeedGenerator(1), Own(), Learned()

    def call(self, inputs, training=False):
        factor = 1.0 + 0.01 * tf.reduce_mean(inputs)
        outputs = self.learned(self.own(self.head(inputs))) + 1e-3 * tf.random.stateless_normal((3,), self.seeds.next())
        for row, layer in zip(self._rows, self.all_layers):
            x, call = row.inputs()
            x = tf.nest.map_structure(lambda item: item * tf.cast(factor, item.dtype) if _is_floating(item) else item, x)
            for result in filter(_is_floating, tf.nest.flatten(layer(x, **call))):
                outputs += 1e-3 * tf.cast(tf.reduce_mean(result), "float32")
        return outputs

    def train_step(self, data):
        x, y = data
        y_pred, loss, gradients = self.step_gradients(x, y)
        self.apply_step(gradients)
        for optimizer, weight in zip(self.all_optimizers, self.moved):
            optimizer.apply_gradients([(2.0 * weight + tf.reduce_mean(x), weight)])
        for metric, (_, _, kind, shape, *_) in zip(self.all_metrics, ONE_EACH):
            metric.update_state(*map(tf.convert_to_tensor, make(kind, shape, 1)))
        return {"loss": loss, "mae": self.compute_metrics(x, y, y_pred)["mae"]}


def _is_floating(item):
    return tf.is_tensor(item) and item.dtype.is_floating


class Small(Model):
    """A model in which a layer learns, or does not."""

    def __init__(self):
        super().__init__()
        self.first, self.second = Dense(4, activation="tanh"), Dense(3)

    def call(self, inputs):
        return self.second(self.first(inputs))


class Agent(Small):
    """Methods of a user's own, of the same names and another meaning."""

    def get_state(self, observation):
        return observation

    def set_state(self, observation, reward):
        raise AssertionError


class OwnCallback(callbacks.Callback):
    def __init__(self):
        self.seen, self.losses = 0, np.zeros(0)

    def on_train_batch_end(self, batch, logs=None):
        self.seen, self.losses = self.seen + 1, np.append(self.losses, logs["loss"])

    def get_state(self):
        return {"seen": self.seen, "losses": self.losses}

    def set_state(self, state):
        self.seen, self.losses = state["seen"], state["losses"]


CALLBACKS = {
    "SwapEMAWeights": lambda: callbacks.SwapEMAWeights(swap_on_epoch=True),
    "EarlyStopping": lambda: callbacks.EarlyStopping("loss", patience=20, restore_best_weights=True),
    "ReduceLROnPlateau": lambda: callbacks.ReduceLROnPlateau("loss", patience=1, cooldown=1, min_delta=100.0),
    "ModelCheckpoint": lambda: callbacks.ModelCheckpoint("{epoch}-{batch}.safetensors", "loss", save_best_only=True,
                                                         save_weights_only=True, save_freq=2),
    "CSVLogger": lambda: callbacks.CSVLogger("log.csv"),
    "GradientStats": lambda: callbacks.GradientStats(every=2),
    "LearningRateScheduler": lambda: callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
    "LambdaCallback": lambda: callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
    "TerminateOnNaN": lambda: callbacks.TerminateOnNaN(),
    "TensorBoard": lambda: callbacks.TensorBoard("logs", update_freq=2, write_graph=False),
    "ProgressBar": lambda: callbacks.ProgressBar(2), "ProgbarLogger": lambda: callbacks.ProgbarLogger(),
    "a user's": OwnCallback,
    "BackupAndRestore": lambda: callbacks.BackupAndRestore("backup", save_freq=1),
    "Checkpoint": lambda: callbacks.Checkpoint("checkpoints", every_steps=1),
}  # fmt: skip
BASES_AND_OF_EACH_FIT = {"Callback", "CallbackList", "History"}


def test_each_callback_has_a_row():
    assert set(CALLBACKS) - {"a user's"} == set(callbacks.__all__) - BASES_AND_OF_EACH_FIT


# ---- runs ---------------------------------------------------------------------------------------


class Stop(Exception):
    """What ends a run."""


class StopAfter(callbacks.Callback):
    def __init__(self, steps):
        self.left = steps

    def on_train_batch_end(self, batch, logs=None):
        if self.left == 0:
            raise Stop
        self.left -= 1


def run(make_model, seed, stop=-1, more=(), names=tuple(CALLBACKS), **arguments):
    """What the walk finds at the end, or None if the run was stopped."""
    clear_session()
    set_seed(seed)
    model = make_model()
    around = [*(make_callback() for make_callback in more), *(CALLBACKS[name]() for name in names)]
    inner = optimizers.Adam(0.01, use_ema=True, ema_overwrite_frequency=2, gradient_accumulation_steps=2)
    model.compile(optimizers.LossScaleOptimizer(inner, dynamic_growth_steps=3), "mse", metrics=["mae"], **arguments)
    try:
        model.fit(X, X, batch_size=4, epochs=EPOCHS, verbose=0, callbacks=[*around, StopAfter(stop)])
    except Stop:
        return None
    files = {f"file {path}": path.read_bytes() for path in pathlib.Path().iterdir() if path.is_file()}
    return walk(model, "model") | walk(around, "callbacks") | files


def whole_and_resumed(folder, make_model, **arguments):
    """The ends of a run that nobody stops, and of one that is stopped and resumed with another seed."""
    for name in ("whole", "parts"):
        (folder / name).mkdir()
    os.chdir(folder / "whole")
    whole = run(make_model, 1, **arguments)
    os.chdir(folder / "parts")
    assert run(make_model, 1, STOPPED_AFTER, **arguments) is None
    return whole, run(make_model, 2, **arguments)


def differences(whole, resumed):
    return {name: (whole.get(name), resumed.get(name)) for name in {*whole, *resumed} if whole.get(name) != resumed.get(name)}


@pytest.fixture(autouse=True)
def back(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.mark.filterwarnings("ignore:.*no gradient for")
@pytest.mark.parametrize("eager", [True, pytest.param(False, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])], ids=["eager", "compiled"])
def test_all_that_there_is(eager, tmp_path):
    whole, resumed = whole_and_resumed(tmp_path, Everything, run_eagerly=eager)
    assert differences(whole, resumed) == {}
    assert len(whole) > 3000 and sum(name.startswith("file") for name in whole) >= 3


FEW = ("GradientStats", "Checkpoint")


class Freeze(callbacks.Callback):
    """Does something once, as programs do that thaw a layer in the midst of a run."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            self.model.first.trainable = not self.model.first.trainable


def frozen_at_first():
    model = Small()
    model.first.trainable = False
    return model


@pytest.mark.parametrize("names", [("GradientStats", "Checkpoint"), ("Checkpoint", "GradientStats")], ids="-".join)
@pytest.mark.parametrize("eager", [True, False], ids=["eager", "compiled"])
def test_norms_of_a_model_that_the_first_batch_builds(eager, names, tmp_path):
    whole, resumed = whole_and_resumed(tmp_path, Small, names=names, run_eagerly=eager, jit_compile=False)
    assert differences(whole, resumed) == {}


@pytest.mark.parametrize("eager", [True, False], ids=["eager", "compiled"])
@pytest.mark.parametrize("make_model", [Small, frozen_at_first])
def test_layers_frozen_in_the_midst(make_model, eager, tmp_path):
    whole, resumed = whole_and_resumed(tmp_path, make_model, more=[Freeze], names=("Checkpoint",), run_eagerly=eager, jit_compile=False)
    assert differences(whole, resumed) == {}


def test_a_refused_run_has_its_layers_as_they_were(tmp_path):
    assert run(Small, 1, STOPPED_AFTER, more=[Freeze], names=("Checkpoint",), jit_compile=False) is None
    made = []

    def other():
        made.append(Small())
        made[0].second = Dense(3, use_bias=False)
        return made[0]

    with pytest.raises(CheckpointError, match="another model"):
        run(other, 1, more=[Freeze], names=("Checkpoint",), jit_compile=False)
    assert made[0].first.trainable


class Words(Model):
    def __init__(self, words):
        super().__init__()
        self.lookup, self.head = StringLookup(vocabulary=words, output_mode="one_hot"), Dense(3)

    def call(self, inputs):
        return self.head(inputs) + tf.reduce_mean(tf.cast(self.lookup(["a", "b"]), "float32"))


def test_a_run_does_not_go_on_with_another_vocabulary():
    def made(*words):
        return lambda: Words(words)

    assert run(made("a", "b"), 1, STOPPED_AFTER, names=("Checkpoint",), jit_compile=False) is None
    with pytest.raises(CheckpointError, match=r"StringLookup.* has learned another vocabulary.* Call adapt\(\).* Nothing was changed"):
        run(made("b", "a"), 1, names=("Checkpoint",), jit_compile=False)
    assert run(made("a", "b"), 1, names=("Checkpoint",), jit_compile=False)


def test_names_in_a_checkpoint_are_those_of_no_scope():
    """An optimizer that is made or first used in a scope or a loop has the names of any other: they are in files."""
    weight = tf.Variable([[1.0, 2.0]])
    with tf.name_scope("outer"):
        optimizer = optimizers.Nadam(gradient_accumulation_steps=2)

    @tf.function
    def several():
        for _ in tf.range(2):
            optimizer.apply_gradients([(weight, weight)])

    several()
    assert {name for name in optimizer.named_variables({}) if not name.startswith("weight_0/")} == {
        "iteration", "learning_rate", "product", "gathered"}  # fmt: skip


def test_methods_of_these_names_are_the_users(tmp_path):
    whole, resumed = whole_and_resumed(tmp_path, Agent, names=("Checkpoint",), jit_compile=False)
    assert differences(whole, resumed) == {}


def test_weights_with_names_of_other_state_come_back(tmp_path):
    def made():
        model = Small()
        model(X)
        for name in ("optimizer/momentum", "seeds/first", "logs/0"):
            model.add_weight((2,), "uniform", name=name)
        return model

    first = made()
    for name in ("a.safetensors", "a.ckpt"):
        first.save_weights(name)
        other = made()
        assert other.load_weights(name) == []
        assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), other.get_weights(), strict=True))
    first.compile("sgd", "mse")
    first.add_weight((), "ones", name="optimizer/iteration")
    with pytest.raises(ValueError, match="has a weight at the path 'optimizer/iteration', which is the name of other state"):
        first.save("b.safetensors")


def test_the_gate_can_fail(tmp_path):
    """A layer that remembers something, and tells nobody."""

    class Forgets(Small):
        calls = 0

        def call(self, inputs):
            self.calls += 1
            return super().call(inputs) * (1.0 + 0.1 * self.calls)

    whole, resumed = whole_and_resumed(tmp_path, Forgets, names=FEW, run_eagerly=True)
    assert "model.calls" in differences(whole, resumed)
    assert checkpoint.names("checkpoints")
