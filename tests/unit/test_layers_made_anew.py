"""A layer that is made within a step and kept by nothing learns nothing: it is said before training goes on."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Layer, Model, Sequential
from layers import Add, Dense, Flatten, LayerNormalization

X, Y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")


class InCall(Layer):
    def call(self, x):
        return Dense(2)(x)


class Inner(Layer):
    def __init__(self):
        super().__init__()
        self.first = Dense(4)

    def call(self, x):
        return LayerNormalization()(self.first(x))


class Whole(Model):
    def __init__(self):
        super().__init__()
        self.head = Dense(1)

    def call(self, x):
        return self.head(Dense(4, activation="relu")(x))


def subclass():
    return Whole()


def functional_part():
    return Sequential([InCall(), Dense(1)])


def nested():
    return Sequential([Inner(), Dense(1)])


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("verb", ["fit", "train_on_batch"])
@pytest.mark.parametrize("called_before", [False, True])
@pytest.mark.parametrize("make", [subclass, functional_part, nested])
def test_a_layer_made_in_call_is_refused(make, called_before, verb, eager):
    model = make()
    if called_before:
        model(X)
    model.compile("sgd", "mse", run_eagerly=eager)
    with pytest.raises(ValueError, match="makes (Dense|LayerNormalization) .* new in each step"):
        getattr(model, verb)(X, Y)


class Lazily(Model):
    """What is kept may be made as late as it likes; what has no weights need not be kept."""

    def __init__(self):
        super().__init__()
        self.hidden, self.more = None, {}

    def call(self, x):
        if self.hidden is None:
            self.hidden = Dense(4)
            self.more["out"] = [Dense(1)]
        x = self.hidden(Flatten()(x))
        return Add()([self.more["out"][0](x), x[:, :1]])


elsewhere = {}


class KeptElsewhere(Model):
    """A layer that something else holds, as a teacher or a measure is held, is none of the model's business."""

    def __init__(self):
        super().__init__()
        self.head = Dense(1)

    def call(self, x):
        if "teacher" not in elsewhere:
            elsewhere["teacher"] = Dense(3)
        return self.head(x) + 0 * tf.reduce_sum(elsewhere["teacher"](x))


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("make", [Lazily, KeptElsewhere])
def test_layers_that_stay_may_be_made_in_call(make, eager):
    elsewhere.clear()
    model = make()
    model.compile("sgd", "mse", run_eagerly=eager)
    losses = model.fit(X, Y, epochs=2, verbose=0).history["loss"]
    assert losses[1] < losses[0]
