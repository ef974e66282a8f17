"""Models and layers may have methods and attributes of any name that Keras does not use itself."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Layer, Model, optimizers
from layers import Dense

X, Y = np.ones((6, 3), "float32"), np.zeros((6, 1), "float32")
NAMES = """
    gradients apply differentiate metric_results title state states step forward backward loss_fn update reset data feed batch rows
    pass_ place scope guard run table report traces graph nodes weights_of names order wrap around observe resume tally plan
    encoder decoder features labels target config_ params model layer inner owner kind parts children path seed noise rate decay clip
""".split()


def refuse(self, *args, **kwargs):
    raise AssertionError("this method is the user's")


@pytest.mark.parametrize("eager", [False, True])
def test_methods_of_ones_own(eager):
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.head = Dense(1, kernel_regularizer="l2")

        def call(self, inputs):
            return self.head(inputs)

    class OwnLayer(Layer):
        def call(self, inputs):
            return inputs * 2.0

    for name in NAMES:
        setattr(Own, name, refuse)
        setattr(OwnLayer, name, refuse)
    model = Own()
    model.doubled = OwnLayer()
    model.compile(optimizers.SGD(0.1), "mse", ["mae"], run_eagerly=eager)
    history = model.fit(X, Y, validation_data=(X, Y), verbose=0, on_nan="raise").history
    assert set(history) >= {"loss", "mae", "val_loss", "val_mae"}
    assert model.predict(model.doubled(X)).shape == (6, 1) and len(model.evaluate(X, Y, verbose=0)) == 2
    assert "Own" in repr(model)
    model.summary(print_fn=lambda line: None)


def test_attributes_of_ones_own():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.head = Dense(1)
            for name in NAMES:
                setattr(self, name, f"the user's {name}")

        def call(self, inputs):
            return self.head(inputs)

    model = Own()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert all(getattr(model, name) == f"the user's {name}" for name in NAMES)
    assert all(isinstance(weight, tf.Variable) for weight in model.weights) and len(model.weights) == 2
