"""What a layer adds to the loss and to the metrics: whose it is, how long it counts, and what it is called."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, metrics, regularizers
from layers import Dense

X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


class Scale(Layer):
    """x · factor."""

    def __init__(self, start=2.0):
        super().__init__()
        self.factor = tf.Variable(tf.fill([3], start))

    def call(self, inputs):
        return inputs * self.factor


class Penalty(Layer):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        self.add_loss(self.factor * tf.reduce_sum(x))
        return x


def numbers(losses):
    return [round(float(loss), 4) for loss in losses]


def test_a_value_of_add_loss_belongs_to_one_forward_pass():
    layer, total = Penalty(), float(X.sum())
    for _ in range(3):
        layer(X)
        assert numbers(layer.losses) == numbers([total])
    model = Sequential([layer, Penalty(2.0)])
    model(X)
    model(X[:1])
    assert numbers(model.losses) == numbers([X[:1].sum(), 2 * X[:1].sum()])


def test_a_layer_called_twice_in_one_pass_adds_twice():
    shared = Penalty()
    x = Input((3,))
    model = Model(x, shared(shared(x) * 2.0))
    model(X)
    assert numbers(model.losses) == numbers([X.sum(), 2 * X.sum()])
    assert numbers(shared.losses) == numbers(model.losses)


def test_calls_on_symbols_leave_no_losses():
    x = Input((3,))
    model = Model(x, Penalty(activity_regularizer="l2")(x))
    assert model.losses == [] and model.layers[1].losses == []


def test_loss_functions_are_computed_when_read():
    layer = Scale(start=3.0)
    layer(X)
    layer.add_loss(lambda: tf.reduce_sum(layer.factor))
    model = Sequential([layer])
    assert numbers(layer.losses) == [9.0]
    layer.factor.assign([1.0, 1.0, 1.0])
    model(X)
    assert numbers(model.losses) == numbers(layer.losses) == [3.0]


def test_loss_functions_inside_call_belong_to_the_pass():
    class Inside(Scale):
        def call(self, x):
            self.add_loss(lambda: tf.reduce_sum(self.factor))
            return x * self.factor

    layer = Inside()
    layer(X)
    layer(X)
    assert numbers(layer.losses) == [6.0]


FORMS = [3.0, np.float32(3.0), tf.constant([1.0, 2.0]), [1.0, tf.constant(2.0)], (1.5, 1.5)]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: type(form).__name__)
def test_add_loss_takes_numbers_tensors_and_lists(form):
    class Adds(Layer):
        def call(self, x):
            self.add_loss(form)
            return x

    layer = Adds()
    layer(X)
    assert sum(numbers(layer.losses)) == 3.0 and all(loss.shape == () for loss in layer.losses)


def test_weight_penalties_count_once_for_trainable_weights():
    layer = Dense(2, kernel_regularizer="l2", bias_regularizer=regularizers.L1(0.5), bias_initializer="ones")
    model = Sequential([layer])
    model.build((None, 3))
    model.shared = layer
    expected = [0.01 * np.sum(layer.kernel.numpy() ** 2), 1.0]
    for _ in range(2):
        model(X)
        assert numbers(model.losses) == numbers(expected)
    assert [name for name, _ in model.named_losses()] == ["layers.0.kernel.regularizer", "layers.0.bias.regularizer"]
    layer.trainable = False
    assert model.losses == []


def test_the_activity_penalty_is_divided_by_the_batch():
    ours, theirs = Dense(2, activity_regularizer="l2"), keras.layers.Dense(2, activity_regularizer="l2")
    ours(X), theirs(X)
    theirs.set_weights(ours.get_weights())
    for rows in (X, X[:3]):
        y = ours(rows)
        theirs(rows)
        np.testing.assert_allclose(ours.losses[0], 0.01 * np.sum(y.numpy() ** 2) / len(rows), rtol=1e-6)
        np.testing.assert_allclose(ours.losses[0], theirs.losses[0], rtol=1e-6)


def test_losses_have_gradients():
    layer = Penalty(activity_regularizer="l2")
    with tf.GradientTape() as tape:
        x = tf.constant(X)
        tape.watch(x)
        layer(x)
        loss = tf.add_n(layer.losses)
    np.testing.assert_allclose(tape.gradient(loss, x), 1 + 0.02 * X / len(X), rtol=1e-5)


def test_add_metric_is_the_mean_of_its_values():
    class Reports(Layer):
        def call(self, x):
            self.add_metric(tf.reduce_max(x), name="largest")
            self.add_metric(x, name="mean")
            return x

    layer = Reports()
    layer(X)
    layer(X[:1])
    assert [m.name for m in layer.metrics] == ["largest", "mean"]
    np.testing.assert_allclose(layer.metrics[0].result(), (X.max() + X[:1].max()) / 2, rtol=1e-6)
    assert len(layer.weights) == 0 and len(layer.variables) == 4
    assert len(Sequential([layer]).metrics) == 2


def test_add_metric_of_a_metric_and_of_its_result():
    class Reports(Layer):
        def __init__(self):
            super().__init__()
            self.mean = metrics.Mean(name="own")

        def call(self, x):
            self.add_metric(self.mean(x))
            self.add_metric(self.mean(x), name="other")
            return x

    layer = Reports()
    layer(X)
    assert layer.metrics == [layer.mean]
    with pytest.raises(ValueError, match="needs `name=`"):
        layer.add_metric(tf.constant(1.0))


def test_add_metric_takes_the_aggregations_of_tensorflow_2():
    layer, accuracy = Dense(2, name="d"), metrics.BinaryAccuracy(name="own")
    layer.add_metric(tf.constant([1.0, 4.0]), name="level", aggregation="mean")
    layer.add_metric(accuracy([1.0], [0.9]), aggregation=None)
    layer.add_metric(metrics.Mean(name="whole"), aggregation=None)
    assert [metric.name for metric in layer.metrics] == ["level", "own", "whole"]
    assert [float(metric.result()) for metric in layer.metrics[:2]] == [2.5, 1.0]
    for value, aggregation in ((1.0, None), (1.0, "sum"), (accuracy, "sum")):
        with pytest.raises(ValueError, match=rf"Dense 'd'.add_metric\(\): aggregation is .mean., or None.*received .?{aggregation}"):
            layer.add_metric(value, name="other", aggregation=aggregation)
    x = Input((3,))
    model = Model(x, Dense(2)(x))
    with pytest.raises(ValueError, match="received None for a plain value"):
        model.add_metric(tf.reduce_mean(x), name="mean", aggregation=None)
