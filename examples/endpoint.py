"""Losses and metrics from inside layers: a penalty on activations, and an endpoint that knows its own loss.

Shows: `add_loss`, `add_metric`, a model fed by a dict of named inputs, `compile` without a loss, the named terms of
the loss in the history.
"""

import numpy as np
import tensorflow as tf

import losses
from engine import Input, Layer, Model, metrics, optimizers, set_seed
from layers import Dense


class ActivityPenalty(Layer):
    """Hands its inputs on, and adds rate · Σ inputs² / rows to the loss."""

    def __init__(self, rate=1e-2):
        super().__init__()
        self.rate = rate

    def call(self, inputs):
        rows = tf.cast(tf.shape(inputs)[0], inputs.dtype)
        self.add_loss(self.rate * tf.reduce_sum(inputs**2) / rows)
        self.add_metric(tf.reduce_mean(tf.abs(inputs)), name="mean_activity")
        return inputs


class LogisticEndpoint(Layer):
    """The end of a classifier: takes logits and targets, minds loss and accuracy, returns probabilities."""

    def __init__(self, name=None):
        super().__init__(name=name)
        self.loss = losses.BinaryCrossentropy(from_logits=True)
        self.accuracy = metrics.BinaryAccuracy("accuracy", threshold=0.0)  # a logit above 0: a probability above 1/2

    def call(self, logits, targets=None, sample_weight=None):
        if targets is not None:
            self.add_loss(self.loss(targets, logits, sample_weight))
            self.add_metric(self.accuracy(targets, logits, sample_weight))
        return tf.nn.sigmoid(logits)


def main(epochs=20):
    """Train on a dict, without `y`; returns the history, whose terms add up to its loss."""
    set_seed(0)
    inputs, targets = Input((3,), name="inputs"), Input((1,), name="targets")
    hidden = ActivityPenalty()(Dense(16, activation="tanh")(inputs))
    logits = Dense(1)(hidden)
    probabilities = LogisticEndpoint(name="endpoint")(logits, targets)
    model = Model([inputs, targets], probabilities)
    model.compile(optimizers.Adam(0.03))

    x = np.random.default_rng(0).normal(size=(200, 3)).astype("float32")
    data = {"inputs": x, "targets": (x[:, :1] > x[:, 1:2]).astype("float32")}
    history = model.fit(data, epochs=epochs, verbose=0).history
    print({name: round(values[-1], 4) for name, values in history.items()})

    serving = Model(inputs, LogisticEndpoint()(logits))  # the same layers, without targets
    print(serving.predict([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).round(3).ravel())
    return history


if __name__ == "__main__":
    main()
