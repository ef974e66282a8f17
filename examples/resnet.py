"""A small residual network as a class, trained from a tf.data pipeline, saved whole and loaded again.

Shows: `training` reaches BatchNormalization and Dropout without being passed on; a pipeline in `fit`; a model file.
After He et al., "Deep Residual Learning for Image Recognition", 2016.
"""

import pathlib
import tempfile

import numpy as np
import tensorflow as tf

from engine import Layer, Model, set_seed
from engine.datasets import load
from engine.saving import load_model
from layers import BatchNormalization, Conv2D, Dense, Dropout, GlobalAveragePooling2D


class Residual(Layer):
    """outputs = relu(inputs + f(inputs)), with two convolutions as f."""

    def __init__(self, filters):
        super().__init__()
        self.filters = filters
        self.conv_1 = Conv2D(filters, 3, padding="same", use_bias=False)
        self.norm_1 = BatchNormalization(momentum=0.9)  # 0.99, the default, needs more steps than are made here
        self.conv_2 = Conv2D(filters, 3, padding="same", use_bias=False)
        self.norm_2 = BatchNormalization(momentum=0.9)

    def call(self, inputs):
        x = tf.nn.relu(self.norm_1(self.conv_1(inputs)))
        return tf.nn.relu(inputs + self.norm_2(self.conv_2(x)))


class ResNet(Model):
    """A convolution, some residual blocks, the mean over the image, a dense layer."""

    def __init__(self, num_blocks=2, filters=16, num_classes=10):
        super().__init__()
        self.num_blocks, self.filters, self.num_classes = num_blocks, filters, num_classes
        self.stem = Conv2D(filters, 3, padding="same", activation="relu")
        self.blocks = [Residual(filters) for _ in range(num_blocks)]
        self.pool = GlobalAveragePooling2D()
        self.dropout = Dropout(0.1)
        self.head = Dense(num_classes, activation="softmax")

    def call(self, images):
        x = self.stem(images)
        for block in self.blocks:
            x = block(x)
        return self.head(self.dropout(self.pool(x)))


def main(epochs=4):
    """Train, save, load; returns the test accuracy of the loaded model."""
    set_seed(0)
    (x_train, y_train), (x_test, y_test), _ = load("digits")
    train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(len(x_train), seed=0).batch(32).prefetch(2)
    test = tf.data.Dataset.from_tensor_slices((x_test, y_test)).batch(128)

    model = ResNet()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, validation_data=test, epochs=epochs, verbose=0)
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "resnet.safetensors")
        model.save(path)
        again = load_model(path, custom_objects={"ResNet": ResNet, "Residual": Residual})

    assert np.array_equal(model.predict(x_test), again.predict(x_test))
    loss, accuracy = again.evaluate(test, verbose=0)
    print(f"loaded: test loss {loss:.3f}, test accuracy {accuracy:.3f}")
    return accuracy


if __name__ == "__main__":
    main()
