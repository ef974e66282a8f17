"""The dense layer of line.py with an activation, on real images: the bundled digits, or MNIST.

    python examples/digits.py            1,797 digits, offline
    python examples/digits.py mnist      70,000 digits, downloaded once

Shows: an activation by name, as an object or as a function; regularization by Dropout; fit and evaluate.
"""

import sys

import tensorflow as tf

from engine import Layer, Sequential, activations, set_seed
from engine.datasets import load
from layers import Dropout, Flatten


class SimpleDense(Layer):
    """outputs = activation(inputs @ w + b)"""

    def __init__(self, units=32, activation=None):
        super().__init__()
        self.units = units
        self.activation = activations.get(activation)

    def build(self, input_shape):
        scale = input_shape[-1] ** -0.5  # keeps the outputs about as large as the inputs
        self.w = tf.Variable(tf.random.normal((input_shape[-1], self.units), stddev=scale), name="kernel")
        self.b = tf.Variable(tf.zeros(self.units), name="bias")

    def call(self, inputs):
        return self.activation(inputs @ self.w + self.b)


def main(dataset="digits", epochs=20):
    """Train and test; returns the test accuracy."""
    set_seed(0)
    (x_train, y_train), (x_test, y_test), info = load(dataset)
    model = Sequential([
        Flatten(input_shape=info.image_shape),
        SimpleDense(128, activation="relu"),
        Dropout(0.2),
        SimpleDense(info.num_classes, activation=tf.nn.softmax),
    ])  # fmt: skip
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=epochs, verbose=0)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"test loss {loss:.3f}, test accuracy {accuracy:.3f}")
    return accuracy


if __name__ == "__main__":
    main(*sys.argv[1:2])
