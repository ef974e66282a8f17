"""A step is traced again only when it must be, and `trace_report` says why."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Layer, Model, Sequential, callbacks
from layers import Dense

X = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
Y = np.random.default_rng(1).normal(size=(50, 2)).astype("float32")


def reasons(change, **fit):
    """The reasons of the traces that a second `fit` makes after `change(model)`."""
    model = Sequential([Dense(4), Dense(2)])
    model.compile("adam", "mse", jit_compile=False)
    model.fit(X, Y, verbose=0)
    before = len(model.trace_report())
    change(model)
    model.fit(**{"x": X, "y": Y, "verbose": 0, **fit})
    return [reason for _, _, reason in model.trace_report()[before:]]


def test_no_new_trace_for_rows_batch_size_or_learning_rate():
    assert reasons(lambda model: None, x=X[:20], y=Y[:20], batch_size=7) == []
    assert reasons(lambda model: setattr(model.optimizer, "learning_rate", 0.5)) == []


def test_a_new_trace_for_trainable_a_setting_or_another_batch():
    assert reasons(lambda model: setattr(model.layers[0], "trainable", False)) == [
        "layers, weights or trainable flags have changed"
    ]
    assert reasons(lambda model: setattr(model.optimizer, "clipnorm", 1.0)) == ["a setting of the optimizer has changed"]
    assert reasons(lambda model: None, sample_weight=np.ones(50)) == ["batches of another structure, shape or dtype"]


def test_recompiling_traces_once_and_going_back_not_at_all():
    assert reasons(lambda model: model.compile("sgd", "mae", jit_compile=False)) == ["the first since compile()"]

    def there_and_back(model):
        model.layers[0].trainable = False
        model.fit(X, Y, verbose=0)
        model.layers[0].trainable = True

    assert len(reasons(there_and_back)) == 1


class Raw(Layer):
    """A layer with a variable of its own, made when it is first called; counts how often Python ran its call."""

    calls = 0

    def build(self, input_shape):
        self.kernel = tf.Variable(tf.ones((input_shape[-1], 2)))

    def call(self, inputs):
        self.calls += 1
        return inputs @ self.kernel


class Own(Model):
    def __init__(self, raw):
        super().__init__()
        self.dense, self.raw = Dense(3), raw

    def call(self, inputs):
        return self.raw(self.dense(inputs))


@pytest.mark.parametrize("make", [lambda raw: Sequential([Dense(3), raw]), Own], ids=["sequential", "subclass"])
def test_a_first_step_that_makes_weights_is_traced_once(make):
    def calls(build):
        model = make(Raw())
        if build:
            model(X)
        before = model.layers[-1].calls
        model.compile("adam", "mse", metrics=["mae"], jit_compile=False)
        model.fit(X, Y, verbose=0)
        return model.layers[-1].calls - before

    assert calls(build=True) == 1
    assert calls(build=False) == 1 + (make is not Own)  # a Sequential finds its shapes first


@pytest.mark.parametrize("wrap", [tf.function, lambda function: function], ids=["traced", "eager"])
def test_a_creator_of_variables_is_asked_wherever_weights_are_made(wrap):
    seen, model = [], Own(Raw())

    def creator(next_creator, **arguments):
        seen.append(next_creator(**arguments))
        return seen[-1]

    with tf.variable_creator_scope(creator):
        wrap(lambda x: model(x))(X)
    assert [id(variable) for variable in seen] == [id(variable) for variable in model.weights]


# ---------------------------------------------------------------- steps that are not traced


def eager_model():
    model = Sequential([Dense(2)])
    model.compile("sgd", "mse", run_eagerly=True)
    return model


def test_an_eager_step_keeps_the_pace_that_it_has_found():
    model, chunks = eager_model(), []
    note = callbacks.LambdaCallback(on_train_chunk_end=lambda step, logs: chunks.append(step))
    for _ in range(2):
        model.fit(X, Y, batch_size=1, epochs=3, verbose=0, callbacks=[note])
    assert chunks[:2] == [1, 2] and len(chunks) < 150  # of 300 steps
    spec = tuple(tf.TensorSpec([None, size]) for size in (3, 2))
    step = model.compiled_step("train", spec)
    assert step is model.compiled_step("train", spec) is not model.compiled_step("test", spec)
    model.compile("sgd", "mse", run_eagerly=True)
    assert step is not model.compiled_step("train", spec)


def test_an_eager_step_that_is_replaced_is_used_at_once():
    model = eager_model()
    model.fit(X, Y, verbose=0)
    model.train_step = lambda data: {"loss": tf.constant(7.0)}
    assert model.fit(X, Y, verbose=0).history["loss"] == [7.0]
