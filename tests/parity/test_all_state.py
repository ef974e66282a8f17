"""No variable is forgotten: whatever a model with everything in it reaches, `Model.state()` has."""

import collections
import gc
import types

import numpy as np
import pytest
import tensorflow as tf
from rows import ROWS
from test_metrics import ROWS as METRICS
from test_metrics import build
from test_properties import FIRST, IN_TRAINING

from engine import Layer, Model, Sequential, initializers, metrics, optimizers, set_seed
from engine.callbacks import GradientStats, LambdaCallback
from engine.optimizers.lookup import TABLE
from engine.random import SeedGenerator
from engine.state import state_of
from layers import Dense
from losses import Loss

_CLOSED = (type, types.ModuleType, types.FrameType, types.BuiltinFunctionType, tf.Graph, tf.Tensor)


def reached(thing):
    """All variables that can be reached from an object in Python, whatever holds them; not what a global name holds."""
    found, seen, waiting = {}, set(), [thing]
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, _CLOSED):
            continue
        seen.add(id(item))
        if isinstance(item, tf.Variable):
            found[id(item)] = item
        elif isinstance(item, types.FunctionType):
            waiting += [item.__closure__, item.__defaults__, item.__kwdefaults__, item.__dict__]
        else:
            waiting += gc.get_referents(item)
    return found


def missing(model):
    have = {id(variable) for variable, _ in state_of(model).values()}
    return [variable for key, variable in reached(model).items() if key not in have]


def test_the_walk_finds_what_no_list_has():
    """It can fail: what is behind a plain object is no state, as it is no weight."""
    layer, plain = Layer(), types.SimpleNamespace(variable=tf.Variable(1.0))
    assert missing(layer) == []
    layer.hidden = [lambda: plain]
    assert missing(layer)[0] is plain.variable


@pytest.mark.parametrize("row", {row.id: row for row in [*FIRST.values(), *IN_TRAINING.values(), *(
    row for row in ROWS if row.raises is None and "stateful" in repr(row.part))]}.values(), ids=lambda row: row.id)  # fmt: skip
def test_of_each_layer(row):
    layer, (x, call) = row.make(), row.inputs()
    layer(x, **call)
    assert missing(layer) == []
    known = {id(variable) for variable in layer.variables}
    assert known <= {id(variable) for variable, _ in state_of(layer).values()}


class Annealed(Loss):
    """A loss with a variable."""

    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(1.0, trainable=False)

    def call(self, y_true, y_pred):
        return self.factor * tf.reduce_mean((y_true - y_pred) ** 2, -1)


class Module(tf.Module):
    """What older code holds."""

    def __init__(self):
        super().__init__()
        self.inner, self.noise, self.seed = [tf.Variable(1.0, trainable=False)], tf.random.Generator.from_seed(1), SeedGenerator(1)


class Everything(Model):
    """Each layer, metric and optimizer there is, and all other places that can hold a variable."""

    _untracked = Model._untracked | {"beside"}

    def __init__(self):
        super().__init__()
        self.body = Sequential([Dense(3, kernel_initializer=initializers.RandomNormal(seed=SeedGenerator(1)))])
        self.body.compile("adam", "mse", metrics=["mae"])  # a model inside with an optimizer of its own
        self.all_layers = [row.make() for row in FIRST.values()]
        self.all_metrics = {index: build(metrics, *item.values[:2]) for index, item in enumerate(METRICS)}
        self.all_optimizers = [cls(use_ema=True, gradient_accumulation_steps=2) for cls in dict.fromkeys(TABLE.values())]
        self.more = collections.deque([{"a": (Module(),)}, optimizers.LossScaleOptimizer("nadam")])
        self.beside = {"b": [tf.Variable(1.0), Module()]}

    def call(self, inputs, training=False):
        outputs = self.body(inputs)
        self.add_metric(tf.reduce_mean(outputs), name="largest")
        if training:
            self.add_loss(tf.reduce_mean(outputs))
        return outputs

    def train_step(self, data):
        x, y = data
        y_pred, _, gradients = self.step_gradients(x, y)
        self.apply_step(gradients)
        for optimizer in [*self.all_optimizers, self.more[1]]:
            optimizer.apply_gradients(gradients)
        return self.compute_metrics(x, y, y_pred)


def test_of_a_model_with_everything():
    set_seed(1)
    model, found, around = Everything(), [], []
    optimizer = optimizers.LossScaleOptimizer(optimizers.Adam(use_ema=True, gradient_accumulation_steps=2))
    model.compile(optimizer, Annealed(), metrics=["accuracy", metrics.R2Score()], run_eagerly=True)

    def look(epoch, logs):
        found.extend(missing(model))
        around.extend(model.around_step)

    check = LambdaCallback(on_epoch_end=look)
    x = np.ones((8, 3), "f4")
    model.fit(x, x, batch_size=4, validation_data=(x, x), verbose=0, on_nan="raise", callbacks=[GradientStats(1), check])
    of_wrappers = {id(item) for wrapper in around for item in vars(wrapper).values() if isinstance(item, tf.Variable)}
    assert len(of_wrappers) == 5 and [variable for variable in found if id(variable) not in of_wrappers] == []
    kinds = collections.Counter(kind for _, kind in model.state().values())
    assert kinds["metric"] > 100 and kinds["slot"] > 100 and kinds["seed"] > 10, kinds
    assert {"beside.b.0", "beside.b.1.inner.0", "loss.factor"} <= {path for path, state in model.state().items() if state.kind == "kept"}
