"""What older code writes means what is written today: one row for each line of the table in engine/spellings.py."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Sequential, initializers, metrics, optimizers, spellings
from layers import LSTM, Dense, Embedding, InputLayer, LeakyReLU


def weight(*args, **kwargs):
    """What is known of a weight made with these arguments: all that they can say."""
    layer = Layer(name="layer")
    made = layer.add_weight(*args, **kwargs)
    (found,) = layer.named_weights()
    start = made.numpy()
    regularizer = made.regularizer and float(made.regularizer(tf.ones(made.shape)))
    limited = made.constraint and made.constraint(-tf.ones(made.shape, made.dtype)).numpy().tolist()
    return found.path, found.trainable, made.dtype.name, start.shape, start.tolist(), regularizer, limited


def shape_of_inputs(layer):
    return tuple(Sequential([layer]).inputs[0].shape)


def rate(optimizer):
    return float(optimizer.learning_rate)


PAIRS = [  # (older code, what it means)
    (lambda: weight("w", (3,), "float64", "ones"), lambda: weight((3,), "ones", "float64", name="w")),
    (lambda: weight("w", shape=[3], initializer="ones"), lambda: weight((3,), "ones", name="w")),
    (lambda: weight("w", (3,), None, "ones", "l2", False, "non_neg"),
     lambda: weight((3,), "ones", None, False, "l2", "non_neg", name="w")),
    (lambda: weight(shape=(3,), initializer="ones", aggregation="mean", synchronization="auto", autocast=False),
     lambda: weight((3,), "ones")),
    (lambda: weight(initializer="ones", trainable="true"), lambda: weight(initializer="ones")),
    (lambda: weight(initializer="ones", trainable="False"), lambda: weight(initializer="ones", trainable=False)),
    (lambda: Layer(trainable="false").trainable, lambda: Layer(trainable=False).trainable),
    (lambda: shape_of_inputs(Dense(4, input_dim=3)), lambda: shape_of_inputs(Dense(4, input_shape=(3,)))),
    (lambda: shape_of_inputs(Dense(4, input_shape=3)), lambda: shape_of_inputs(Dense(4, input_shape=(3,)))),
    (lambda: shape_of_inputs(LSTM(4, input_dim=3, input_length=7)), lambda: (None, 7, 3)),
    (lambda: shape_of_inputs(Embedding(10, 4, input_length=6)), lambda: (None, 6)),
    (lambda: shape_of_inputs(Embedding(10, 4, input_length=6, batch_size=2)), lambda: (2, 6)),
    (lambda: shape_of_inputs(Dense(4, batch_input_shape=(5, 3))), lambda: (5, 3)),
    (lambda: InputLayer(batch_input_shape=(5, 3)).batch_shape, lambda: InputLayer(batch_shape=(5, 3)).batch_shape),
    (lambda: tuple(Input(3).shape), lambda: tuple(Input((3,)).shape)),
    (lambda: rate(optimizers.Adam(lr=0.5)), lambda: rate(optimizers.Adam(learning_rate=0.5))),
    (lambda: LeakyReLU(alpha=0.2).get_config()["negative_slope"], lambda: 0.2),
    *[(lambda older=older: initializers.get(older).get_config(), lambda name=name: initializers.get(name).get_config())
      for older, name in spellings.INITIALIZERS.items()],
    *[(lambda older=older: type(initializers.get(older)), lambda name=name: type(initializers.get(name)))
      for older, name in spellings.INITIALIZERS.items()],
]  # fmt: skip


@pytest.mark.parametrize("older, today", PAIRS)
def test_older_code_means(older, today):
    assert older() == today()


def test_the_rate_under_its_older_name_is_read_and_set():
    optimizer = optimizers.SGD(0.5)
    assert float(optimizer.lr) == 0.5
    optimizer.lr = 0.25
    assert float(optimizer.learning_rate) == 0.25


def test_the_name_of_a_metrics_weight_may_come_first():
    metric = metrics.Mean()
    metric.seen = metric.add_weight("seen", initializer="ones", aggregation="sum")
    assert metric.seen.name.startswith("seen") and float(metric.seen) == 1.0
    assert metric.add_weight((2,), "ones").numpy().tolist() == [1.0, 1.0]


def test_build_gets_a_shape_that_is_a_list_when_asked():
    class Sizes(Layer):
        def build(self, input_shape):
            self.sizes = input_shape.as_list()

        def call(self, inputs):
            return inputs

    layer = Sizes()
    layer(np.ones((2, 3)))
    assert layer.sizes == [2, 3]


def test_too_many_arguments_by_position_are_refused():
    with pytest.raises(ValueError):
        Layer().add_weight("w", (3,), None, "ones", "l2", False, "non_neg", True)


@pytest.mark.parametrize("shape, rank, expected", [((4,), None, (4, 1)), ((4,), 2, (4, 1)), ((4,), 1, (4,)), ((4, 3), 1, (4, 3))])
def test_one_dimensional_inputs_are_a_column_unless_one_axis_is_wanted(shape, rank, expected):
    assert tuple(spellings.column(tf.zeros(shape), rank).shape) == expected
