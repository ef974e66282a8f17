"""A function of the user's that returns None, or what is no number: the error names it, compiled and eagerly."""

import re

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, optimizers
from layers import Dense

X, Y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")


def nothing(*args, **kwargs):
    """Somebody has forgotten `return`."""


def rate():
    """Likewise; a function without arguments is asked for each update."""


class Own(Model):
    def __init__(self, **methods):
        super().__init__()
        self.dense = Dense(1)
        for name, method in methods.items():
            object.__setattr__(self, name, method)

    def call(self, x):
        return self.dense(x)


class Adds(Layer):
    def call(self, x):
        self.add_loss(nothing)
        return x


def compiled(model, eager, optimizer="sgd", loss="mse", **kwargs):
    model.compile(optimizer, loss, run_eagerly=eager, **kwargs)
    return model


def dense(**kwargs):
    return Sequential([Input((3,)), Dense(1, **kwargs)])


class Stepless(Own):
    def train_step(self, data):
        self(data[0])

    def test_step(self, data):
        self(data[0])

    def predict_step(self, data):
        self(data)


class Lossless(Own):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        pass


CASES = {
    "loss": lambda eager: compiled(dense(), eager, loss=nothing).fit(X, Y, verbose=0),
    "metric": lambda eager: compiled(dense(), eager, metrics=[nothing]).fit(X, Y, verbose=0),
    "regularizer": lambda eager: compiled(dense(kernel_regularizer=nothing), eager).fit(X, Y, verbose=0),
    "activity": lambda eager: compiled(dense(activity_regularizer=nothing), eager).fit(X, Y, verbose=0),
    "constraint": lambda eager: compiled(dense(kernel_constraint=nothing), eager).fit(X, Y, verbose=0),
    "initializer": lambda eager: dense(kernel_initializer=nothing),
    "rate": lambda eager: compiled(dense(), eager, optimizers.SGD(rate)).fit(X, Y, verbose=0),
    "add_loss": lambda eager: compiled(Sequential([Adds(), Dense(1)]), eager).fit(X, Y, verbose=0),
    "train_step": lambda eager: compiled(Stepless(), eager).fit(X, Y, verbose=0),
    "test_step": lambda eager: compiled(Stepless(), eager).evaluate(X, Y, verbose=0),
    "predict_step": lambda eager: compiled(Stepless(), eager).predict(X, verbose=0),
    "compute_loss": lambda eager: compiled(Lossless(), eager).fit(X, Y, verbose=0),
}


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_none_is_refused_by_the_name_of_who_gave_it(case, eager):
    name = {"rate": "rate", "train_step": "train_step", "test_step": "test_step", "predict_step": "predict_step",
            "compute_loss": "compute_loss"}.get(case, "nothing")  # fmt: skip
    with pytest.raises(ValueError, match=re.escape(f"{name}() (test_functions_without_return.py, line ") + r"\d+\) returned None"):
        CASES[case](eager)


@pytest.mark.parametrize("eager", [False, True])
def test_comparisons_and_texts_are_no_losses(eager):
    for loss in (lambda y, y_pred: y > y_pred, lambda y, y_pred: tf.strings.as_string(y_pred), lambda y, y_pred: "small"):
        with pytest.raises(ValueError, match="expected numbers"):
            compiled(dense(), eager, loss=loss).fit(X, Y, verbose=0)


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("value", ["text", {"inner": 1.0}])
def test_logs_of_a_step_are_numbers(value, eager):
    class Logs(Own):
        def train_step(self, data):
            return {**super().train_step(data), "more": value}

    with pytest.raises(ValueError, match="A step gives numbers by name; 'more' is"):
        compiled(Logs(), eager).fit(X, Y, verbose=0)
