"""A dense layer made of two raw variables learns y = 2x - 1 from six points.

Shows: a layer of your own (`build` makes variables, `call` computes); data of shape (N,) is one column.
"""

import numpy as np
import tensorflow as tf

from engine import Layer, Sequential, set_seed


class SimpleDense(Layer):
    """outputs = inputs @ w + b"""

    def __init__(self, units=1):
        super().__init__()
        self.units = units

    def build(self, input_shape):
        self.w = tf.Variable(tf.random.normal((input_shape[-1], self.units)), name="kernel")
        self.b = tf.Variable(tf.zeros(self.units), name="bias")

    def call(self, inputs):
        return inputs @ self.w + self.b


def main(epochs=500):
    """Train, and print what the model makes of 10; returns that number, near 19."""
    set_seed(0)
    x = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0])
    y = 2 * x - 1

    layer = SimpleDense(units=1)
    model = Sequential([layer])
    model.compile(optimizer="sgd", loss="mean_squared_error")
    model.fit(x, y, epochs=epochs, verbose=0)

    prediction = float(model.predict([10.0])[0, 0])
    print(f"at x = 10: {prediction:.3f}, the line has 19")
    print(f"w = {layer.w.numpy().ravel()}, b = {layer.b.numpy()}")
    return prediction


if __name__ == "__main__":
    main()
