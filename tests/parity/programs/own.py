"""A layer and a callback of one's own, written alike for both libraries."""

import functools

import tensorflow as tf


@functools.cache
def classes(k):
    """What a program calls "own.<Name>"."""

    class Scale(k.layers.Layer):
        """outputs = inputs · scale, with a penalty of the outputs and a count of its calls."""

        def __init__(self, penalty=0.0, **kwargs):
            super().__init__(**kwargs)
            self.penalty = penalty

        def build(self, input_shape):
            self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")
            self.built = True

        def call(self, inputs, training=False):
            outputs = inputs * self.scale
            if self.penalty:
                self.add_loss(self.penalty * tf.reduce_mean(tf.square(outputs)))
            if training:
                self.calls.assign_add(1.0)
            return outputs

        def compute_output_shape(self, input_shape):
            return input_shape

    class Steer(k.callbacks.Callback):
        """Halves the rate in the midst of an epoch, and ends training after a batch."""

        def __init__(self, halve_at=None, end_at=None):
            super().__init__()
            self.halve_at, self.end_at = halve_at, end_at

        def on_train_batch_end(self, batch, logs=None):
            if batch == self.halve_at:
                self.model.optimizer.learning_rate = float(self.model.optimizer.learning_rate) / 2
            if batch == self.end_at:
                self.model.stop_training = True

    return {"Scale": Scale, "Steer": Steer}
