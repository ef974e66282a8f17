"""A block of three linear layers: layers inside a layer, to any depth.

Shows: the outer layer finds the weights of the inner ones; the first call makes them all; one flag freezes a part.
"""

import tensorflow as tf

from engine import Layer


class Linear(Layer):
    """outputs = inputs @ w + b"""

    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="random_normal", name="w")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

    def call(self, inputs):
        return inputs @ self.w + self.b


class Block(Layer):
    """Three linear layers with relu between them."""

    def __init__(self):
        super().__init__()
        self.linear_1 = Linear(32)
        self.linear_2 = Linear(16)
        self.linear_3 = Linear(1)

    def call(self, inputs):
        x = tf.nn.relu(self.linear_1(inputs))
        x = tf.nn.relu(self.linear_2(x))
        return self.linear_3(x)


def main():
    """Make the block by calling it; returns the number of its weights and of those left trainable, 6 and 4."""
    block = Block()
    outputs = block(tf.ones((3, 64)))
    for path, variable, trainable in block.named_weights():
        print(f"{path:12} {str(tuple(variable.shape)):9} {'trainable' if trainable else 'frozen'}")
    block.linear_1.trainable = False
    print(f"outputs {tuple(outputs.shape)}; weights: {len(block.weights)}, trainable: {len(block.trainable_weights)}")
    return len(block.weights), len(block.trainable_weights)


if __name__ == "__main__":
    main()
