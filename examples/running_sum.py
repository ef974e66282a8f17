"""A layer with a memory that is not trained: it adds up all it has ever seen.

Shows: `trainable=False` makes a variable state; it is among `weights`, is saved, and no gradient changes it.
"""

import tensorflow as tf

from engine import Layer


class RunningSum(Layer):
    """total ← total + Σ inputs over the rows; outputs = total"""

    def __init__(self, features):
        super().__init__()
        self.features = features
        self.total = tf.Variable(tf.zeros([features]), trainable=False)

    def call(self, inputs):
        self.total.assign_add(tf.reduce_sum(inputs, axis=0))
        return tf.identity(self.total)  # the value of now, not the variable, which goes on changing


def main():
    """Show two rows of ones twice; returns both sums."""
    layer = RunningSum(2)
    x = tf.ones([2, 2])
    first, second = layer(x).numpy(), layer(x).numpy()
    print(first, second)  # [2. 2.] [4. 4.]
    print(f"weights: {len(layer.weights)}, trainable: {len(layer.trainable_weights)}, "
          f"not trainable: {len(layer.non_trainable_weights)}")  # fmt: skip
    return first, second


if __name__ == "__main__":
    main()
