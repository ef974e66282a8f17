"""A model as a class, of layers that are classes, all written here; its weights saved and loaded.

Shows: layers in attributes and lists are found by themselves; `named_weights` tells their paths;
`save_weights` writes them by path, and `load_weights` puts them into another model of the same class.
"""

import pathlib
import tempfile

import numpy as np
import tensorflow as tf

from engine import Layer, Model, set_seed
from engine.datasets import load


class Dense(Layer):
    """outputs = inputs @ w + b"""

    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, input_shape):
        deviation = (2 / input_shape[-1]) ** 0.5  # He et al. 2015: relu halves the variance
        self.w = tf.Variable(tf.random.normal((input_shape[-1], self.units), stddev=deviation))
        self.b = tf.Variable(tf.zeros(self.units))

    def call(self, inputs):
        return inputs @ self.w + self.b


class ReLU(Layer):
    """outputs = max(0, inputs)"""

    def call(self, inputs):
        return tf.maximum(inputs, 0)


class Classifier(Model):
    """Two hidden layers; the outputs are logits."""

    def __init__(self, units=64, num_classes=10):
        super().__init__()
        self.units, self.num_classes = units, num_classes
        self.blocks = [Dense(units), ReLU(), Dense(units), ReLU()]
        self.head = Dense(num_classes)

    def call(self, images):
        x = tf.reshape(images, [-1, 64])
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def cross_entropy(labels, logits):
    """A loss is a function of labels and outputs, one value per row. Labels come as floats."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(labels, tf.int32), logits)


def main(epochs=15):
    """Train, save, load into a new model; returns the largest difference between the outputs of both, 0."""
    set_seed(0)
    (x_train, y_train), (x_test, y_test), _ = load("digits")
    model = Classifier()
    model.compile("adam", loss=cross_entropy, metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=epochs, verbose=0)
    print("test accuracy {:.3f}".format(model.evaluate(x_test, y_test, verbose=0)[1]))
    print([weight.path for weight in model.named_weights()])

    again = Classifier()
    again(x_test[:1])  # the first call makes the weights
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "classifier.safetensors")
        model.save_weights(path)
        again.load_weights(path)
    difference = float(np.abs(model.predict(x_test) - again.predict(x_test)).max())
    print(f"after loading, the outputs differ by {difference}")
    return difference


if __name__ == "__main__":
    main()
