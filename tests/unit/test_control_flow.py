"""`if`, `for` and `while` on tensors in what users write: traced through AutoGraph, with the numbers of plain Python."""

import traceback

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, metrics, optimizers
from engine.optimizers.schedules import LearningRateSchedule
from layers import Dense, Lambda
from losses.ground.autograph import traceable

X = np.random.default_rng(0).normal(size=(12, 3)).astype("float32")
Y = X[:, :1] * 2


class Turns(Layer):
    """All three, and an assignment that must happen once in a step, before what TensorFlow refuses."""

    def build(self, input_shape):
        self.count = tf.Variable(0, trainable=False)
        self.factor = tf.Variable(tf.ones(input_shape[-1]))

    def call(self, inputs):
        self.count.assign_add(1)
        outputs = inputs * self.factor if tf.reduce_mean(inputs) > 0 else -inputs * self.factor * 0.5
        for _ in tf.range(2):
            outputs += 0.1
        steps = tf.constant(0.0)
        while steps < 2.0:
            steps += tf.reduce_mean(tf.abs(outputs)) + 0.5
        return outputs * steps


def either(y_true, y_pred):
    if tf.reduce_mean(y_pred) > 0:
        return tf.reduce_mean((y_true - y_pred) ** 2, -1)
    return tf.reduce_mean(tf.abs(y_true - y_pred), -1)


class Counted(metrics.Metric):
    def __init__(self):
        super().__init__("counted")
        self.total = self.add_weight(name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        if tf.reduce_max(y_pred) > 0.5:
            self.total.assign_add(1.0)
        else:
            self.total.assign_add(0.25)

    def result(self):
        return self.total if self.total > 3 else self.total * 10


class Falling(LearningRateSchedule):
    def __call__(self, step):
        if step < 3:
            return 0.01
        return 0.001


class Own(Model):
    def __init__(self):
        super().__init__()
        self.turns, self.head = Turns(), Dense(1, kernel_initializer="ones", activation=self.bent, kernel_regularizer=self.cost)

    def bent(self, x):
        return x if tf.reduce_max(x) < 1 else x * 0.9

    def cost(self, weight):
        return 0.1 * tf.reduce_sum(weight) if tf.reduce_sum(weight) > 0 else 0.0

    def call(self, inputs):
        return self.head(self.turns(inputs))

    def train_step(self, data):
        logs = super().train_step(data)
        logs["large"] = tf.constant(0.0)
        if logs["loss"] > 1.0:
            logs["large"] = tf.constant(1.0)
        return logs


def trained(epochs, **how):
    model = Own()
    model.compile(optimizers.SGD(Falling()), either, [Counted()], **how)
    history = model.fit(X, Y, batch_size=4, epochs=epochs, shuffle=False, verbose=0).history
    found = {**history, "evaluated": model.evaluate(X, Y, verbose=0), "predicted": model.predict(X)}
    return {**found, "calls": int(model.turns.count), **dict(enumerate(model.get_weights()))}


@pytest.mark.parametrize("epochs", [3, 18])  # 54 steps: XLA is tried, and cannot find the gradient of such a loop
def test_both_ways_give_the_same_numbers(epochs):
    eager, compiled = trained(epochs, run_eagerly=True), trained(epochs)
    assert eager.keys() == compiled.keys() and eager["calls"] == compiled["calls"] == 3 * epochs + 2
    for name in eager:
        np.testing.assert_allclose(eager[name], compiled[name], rtol=1e-4, err_msg=str(name))


def test_a_graph_and_a_lambda_take_them_too():
    inputs = Input((3,))
    graph = Model(inputs, Lambda(lambda x: x if tf.reduce_sum(x) > 0 else -x)(Turns()(inputs)))
    assert graph.predict(X).sum() > 0 and graph.predict(-X).sum() > 0


def test_a_function_of_the_users_tf_function():
    layer = Turns()
    layer.build((None, 3))
    expected = layer(X).numpy()
    np.testing.assert_allclose(tf.function(layer)(X), expected, rtol=1e-6)
    np.testing.assert_allclose(tf.function(layer, autograph=False)(X), expected, rtol=1e-6)


def test_one_function_does_not_change_how_others_are_traced():
    trained(1)
    model = Sequential([Dense(3)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError) as caught:
        model.fit(X, Y, verbose=0)
    assert not any("autograph_generated" in frame.filename for frame in traceback.extract_tb(caught.tb))


def test_tracebacks_end_at_the_users_line():
    class Wrong(Layer):
        def call(self, inputs):
            if tf.reduce_mean(inputs) > 0:
                inputs = inputs + 1
            return self.help(inputs)

        def help(self, inputs):
            return tf.matmul(inputs, tf.ones((4, 4)))  # the wrong line

    model = Sequential([Wrong()])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="Dimensions must be equal") as caught:
        model.fit(X, Y, verbose=0)
    last = traceback.extract_tb(caught.tb)[-1]
    assert last.filename == __file__ and last.line.endswith("# the wrong line") and last.name == "help"


def test_what_is_refused_for_another_reason_is_not_tried_again():
    calls = []

    def wrong(x):
        calls.append(1)
        raise TypeError("a mistake")

    with pytest.raises(TypeError, match="a mistake"):
        tf.function(lambda x: traceable(wrong, x), autograph=False)(X)
    assert len(calls) == 1
