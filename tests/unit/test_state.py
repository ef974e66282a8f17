"""`Model.state()`: every variable that a model has or uses, by path and kind."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, initializers, metrics, optimizers
from engine.random import SeedGenerator
from engine.state import beside_training, state_of
from layers import (
    GRU,
    LSTM,
    RNN,
    BatchNormalization,
    Bidirectional,
    ConvLSTM1D,
    Dense,
    Dropout,
    LSTMCell,
    Normalization,
)
from losses import Loss


def variable():
    return tf.Variable(1.0)


def kinds(layer):
    return {path: kind for path, (_, kind) in state_of(layer).items()}


def kept(layer):
    return [path for path, kind in kinds(layer).items() if kind == "kept"]


def holder(**attributes):
    layer = Layer()
    for name, value in attributes.items():
        setattr(layer, name, value)
    return layer


class Module(tf.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.seeds = variable(), [SeedGenerator(1)]


class Annealed(Loss):
    def __init__(self):
        super().__init__()
        self.weight = variable()


HOLDERS = [  # (a value on an attribute, {path: kind})
    (variable, {"a": "weight"}),
    (lambda: {"x": [variable()]}, {"a.x.0": "weight"}),
    (Module, {"a.inner": "weight", "seeds/a.seeds.0": "seed"}),
    (lambda: [{"s": SeedGenerator(1)}], {"seeds/a.0.s": "seed"}),
    (lambda: [tf.random.Generator.from_seed(1)], {"seeds/a.0": "seed"}),
    (lambda: [metrics.Mean()], {"metrics/a.0.total": "metric", "metrics/a.0.count": "metric"}),
    (lambda: initializers.RandomNormal(seed=SeedGenerator(1)), {"seeds/a.seed": "seed"}),
    (Annealed, {"a.weight": "kept"}),
    (lambda: [optimizers.SGD(1.0)], {"a.0/iteration": "slot", "a.0/learning_rate": "slot"}),
    (lambda: optimizers.LossScaleOptimizer(optimizers.SGD(lambda: 1.0)),
     {"a/step_counter": "slot", "a/dynamic_scale": "slot", "a/skipped_steps": "slot", "a/iteration": "slot"}),
    (lambda: holder(w=variable(), b=[Module()]), {"a.w": "weight", "a.b.0.inner": "weight", "seeds/a.b.0.seeds.0": "seed"}),
    (lambda: ["text", 3, tf.constant(1.0), print], {}),
]  # fmt: skip


@pytest.mark.parametrize("make, expected", HOLDERS, ids=lambda item: "-".join(item) if isinstance(item, dict) else "")
def test_paths_and_kinds(make, expected):
    assert kinds(holder(a=make())) == expected


STATEFUL = [  # (a layer, the shape of its inputs, what it keeps)
    (lambda: LSTM(4, stateful=True), (2, 5, 3), ["states.0", "states.1"]),
    (lambda: Bidirectional(GRU(4, stateful=True)), (2, 5, 3), ["forward_layer.states.0", "backward_layer.states.0"]),
    (lambda: RNN([LSTMCell(4), LSTMCell(2)], stateful=True), (2, 5, 3),
     ["states.0.0", "states.0.1", "states.1.0", "states.1.1"]),
    (lambda: ConvLSTM1D(4, 3, stateful=True), (2, 5, 6, 3), ["states.0", "states.1"]),
    (lambda: LSTM(4), (2, 5, 3), []),
]  # fmt: skip


@pytest.mark.parametrize("make, shape, expected", STATEFUL)
def test_states_of_stateful_layers_are_kept_and_no_weights(make, shape, expected):
    layer = make()
    layer(tf.ones(shape))
    assert kept(layer) == expected
    assert kept(holder(blocks=[layer])) == [f"blocks.0.{path}" for path in expected]
    weights = {id(weight) for weight in layer.weights}
    assert not any(id(variable) in weights for variable, kind in state_of(layer).values() if kind == "kept")


def test_weights_are_those_of_the_layer():
    layer = Sequential([Normalization(), Dense(2), BatchNormalization(), Dropout(0.5)])
    layer.layers[0].adapt(np.ones((4, 3), "f4"))
    layer(tf.ones((4, 3)))
    found = [(path, id(variable)) for path, (variable, kind) in state_of(layer).items() if kind == "weight"]
    assert found == [(path, id(variable)) for path, variable, _ in layer.named_weights()]
    assert {"layers.0.mean", "layers.2.moving_variance"} <= state_of(layer).keys()
    trained = {id(variable) for variable in layer.trainable_weights}
    assert {id(variable) for variable in beside_training(layer)} == {
        id(variable) for variable, _ in state_of(layer).values()
    } - trained


def test_a_variable_is_there_once_and_each_path_is_another():
    shared, seeds = variable(), SeedGenerator(1)
    layer = holder(a=shared, b=[shared], one=seeds, two=holder(seeds=seeds), _states=variable(), states=variable())
    layer.itself = layer
    layer.add_weight(name="loose", shape=())
    layer.add_weight(name="loose", shape=())
    assert list(kinds(layer)) == ["a", "states", "states_1", "loose", "loose_1", "seeds/one"]
    assert len(layer.weights) == 5  # asking has taken none away


def test_an_attribute_called_state_changes_nothing_inside():
    model = Sequential([holder(state=variable()), Dense(2)])
    model.state = None
    assert "layers.0.state" in state_of(model)


class Own(Layer):
    """What a layer may do by itself."""

    _untracked = Layer._untracked | {"beside"}

    def __init__(self):
        super().__init__()
        self.beside, self.noise = {"memory": variable()}, tf.random.Generator.from_seed(3)
        self.seen = metrics.Mean()


class Adversaries(Model):
    def __init__(self):
        super().__init__()
        self.generator, self.discriminator = Sequential([Dense(3, input_shape=(3,))]), Sequential([Dense(1, input_shape=(3,))])
        self.own = Own()
        self.critics = [optimizers.SGD(0.1, momentum=0.9)]

    def call(self, inputs):
        return self.discriminator(self.generator(inputs))

    def train_step(self, data):
        weights = self.discriminator.trainable_weights
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self(data))
        self.critics[0].apply_gradients(zip(tape.gradient(loss, weights), weights))
        return {"loss": loss}


def test_all_of_a_model_with_more_optimizers():
    model = Adversaries()
    model.compile(optimizers.Adam(use_ema=True), "mse", metrics=[metrics.MeanAbsoluteError()])
    assert "metrics/compiled_metrics.given.0.0.total" in model.state()  # before it has seen data
    model.fit(np.ones((4, 3)), verbose=0)
    found = kinds(model)
    assert [path for path, kind in found.items() if kind == "slot"] == [
        "critics.0/discriminator.layers.0.kernel/momentum", "critics.0/discriminator.layers.0.bias/momentum",
        "critics.0/iteration", "critics.0/learning_rate", "optimizer/iteration", "optimizer/learning_rate",
    ]  # fmt: skip
    assert kept(model) == ["own.beside.memory"] and "seeds/own.noise" in found
    assert {"metrics/own.seen.total", "metrics/loss_tracker.count"} <= found.keys()
    model.optimizer.build(model.trainable_weights)
    assert "optimizer/generator.layers.0.kernel/average" in model.state()


def test_paths_do_not_depend_on_what_was_made_before():
    def made():
        x = Input((3,))
        hidden = Dropout(0.5)(Dense(4, kernel_regularizer="l2")(x))
        model = Model(x, [Dense(2)(hidden), Dense(1)(hidden)])
        model.compile("adam", "mse", metrics=[["mae", metrics.R2Score()], ["mse"]])
        model.fit(np.ones((4, 3)), [np.ones((4, 2)), np.ones((4, 1))], verbose=0)
        return model

    first, second = made(), made()
    assert first.layers[1].name != second.layers[1].name
    assert list(first.state()) == list(second.state())
    assert "metrics/term_tracker.totals.0" in first.state() and "metrics/compiled_metrics.metrics.2.total" in first.state()
