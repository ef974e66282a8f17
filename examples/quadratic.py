"""A layer that no library has: a quadratic form for each output. It separates what no straight line can.

Shows: `add_weight` in the order of older tutorials (name first), a layer among built-in ones, a check of its gradients.
"""

import numpy as np

from engine import Layer, Sequential, activations, set_seed
from engine.study.gradcheck import check_gradients


class Quadratic(Layer):
    """outputs = activation(inputs² @ a + inputs @ b + c)"""

    def __init__(self, units, activation=None):
        super().__init__()
        self.units = units
        self.activation = activations.get(activation)

    def build(self, input_shape):
        shape = [input_shape[-1], self.units]
        self.a = self.add_weight("a", shape=shape, initializer="random_normal")
        self.b = self.add_weight("b", shape=shape, initializer="random_normal")
        self.c = self.add_weight("c", shape=[self.units], initializer="zeros")

    def call(self, inputs):
        return self.activation(inputs**2 @ self.a + inputs @ self.b + self.c)


def main(epochs=60):
    """Tell the points inside an ellipse from those outside; returns the accuracy."""
    set_seed(0)
    points = np.random.default_rng(0).uniform(-1, 1, size=(512, 2)).astype("float32")
    inside = (points[:, 0] ** 2 + 3 * points[:, 1] ** 2 < 0.8).astype("float32")

    model = Sequential([Quadratic(1, activation="sigmoid")])
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.optimizer.learning_rate = 0.1
    model.fit(points, inside, epochs=epochs, verbose=0)
    print(check_gradients(Quadratic(3), points[:5]))
    _, accuracy = model.evaluate(points, inside, verbose=0)
    a = model.layers[0].a.numpy().ravel()
    print(f"accuracy {accuracy:.3f}; the ellipse is 3 times as steep in y: {a[1] / a[0]:.2f}")
    return accuracy


if __name__ == "__main__":
    main()
