"""Training by hand: standardised images, a loss of one's own, and a function that makes one step.

Fashion-MNIST's images are 28x28 bytes; so are the ones here, made of the bundled digits.
Shows: `tf.GradientTape`, `tf.function`, `trainable_weights`, `apply_gradients`, metrics outside of `fit`.
"""

import numpy as np
import tensorflow as tf

from engine import Sequential, metrics, optimizers, set_seed
from engine.datasets import load
from layers import Dense, Dropout, Flatten


def load_large():
    """The bundled digits as 28x28 images of bytes: each pixel three times as large, with a margin."""
    (x_train, y_train), (x_test, y_test), _ = load("digits")

    def enlarge(images):
        pixels = np.round(images[..., 0] * 255).astype("uint8")
        return np.pad(np.kron(pixels, np.ones((1, 3, 3), "uint8")), ((0, 0), (2, 2), (2, 2)))

    return (enlarge(x_train), y_train), (enlarge(x_test), y_test)


def standardise(images, mean, deviation):
    """Mean 0 and standard deviation 1, by the numbers of the training images."""
    return (images.astype("float32") - mean) / deviation


def cross_entropy(labels, probabilities):
    """The mean of -log(probability of the right class)."""
    right = tf.gather(probabilities, labels, axis=1, batch_dims=1)
    return -tf.reduce_mean(tf.math.log(right + 1e-7))


def main(epochs=4):
    """Train, and print loss and accuracy of each epoch; returns the test accuracy."""
    set_seed(0)
    (x_train, y_train), (x_test, y_test) = load_large()
    mean, deviation = x_train.mean(), x_train.std()
    x_train, x_test = (standardise(images, mean, deviation) for images in (x_train, x_test))

    model = Sequential([Flatten(), Dense(64, activation="relu"), Dropout(0.2), Dense(10, activation="softmax")])
    model.build((None, 28, 28))
    optimizer = optimizers.Adam()
    train_loss, train_accuracy = metrics.Mean(), metrics.SparseCategoricalAccuracy()

    @tf.function
    def train_per_step(images, labels):
        with tf.GradientTape() as tape:
            probabilities = model(images, training=True)
            loss = cross_entropy(labels, probabilities)
        gradients = tape.gradient(loss, model.trainable_weights)
        optimizer.apply_gradients(zip(gradients, model.trainable_weights))
        train_loss.update_state(loss)
        train_accuracy.update_state(labels, probabilities)

    batches = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(len(x_train), seed=0).batch(32)
    for epoch in range(epochs):
        train_loss.reset_state()
        train_accuracy.reset_state()
        for images, labels in batches:
            train_per_step(images, labels)
        print(f"epoch {epoch + 1}: loss {train_loss.result():.3f}, accuracy {train_accuracy.result():.3f}")

    test_accuracy = metrics.SparseCategoricalAccuracy()
    test_accuracy.update_state(y_test, model(x_test, training=False))
    print(f"test accuracy {test_accuracy.result():.3f}")
    return float(test_accuracy.result())


if __name__ == "__main__":
    main()
