"""Steps of one's own: every way in which guides override `train_step` and its kin."""

import numpy as np
import pytest
import tensorflow as tf
from fitting import Base, X, Y, assert_weights, compiled, dataset, dense

import losses
from engine import Model, Sequential, metrics, optimizers
from layers import Dense


class CompiledLossIdiom(Base):
    """TensorFlow 2's guide."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
        variables = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        self.compiled_metrics.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


class ComputeLossIdiom(Base):
    """Keras 3's guide."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


class OwnMetricsIdiom(Base):
    """Loss, optimizer and metrics of its own."""

    def __init__(self):
        super().__init__()
        self.loss_tracker = metrics.Mean(name="loss")
        self.mae_metric = metrics.MeanAbsoluteError(name="mae")

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = losses.mean_squared_error(y, y_pred)
            loss = tf.reduce_mean(loss)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        self.loss_tracker.update_state(loss)
        self.mae_metric.update_state(y, y_pred)
        return {"loss": self.loss_tracker.result(), "mae": self.mae_metric.result()}

    @property
    def metrics(self):
        return [self.loss_tracker, self.mae_metric]


class VerbsIdiom(Base):
    """The verbs of this engine."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred)
        self.apply_step(self.tape_gradients(tape, loss))
        self._loss_tracker.update_state(loss)
        return self.compute_metrics(x, y, y_pred)


class ComputeLossOverride(Base):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return tf.reduce_mean(tf.square(y - y_pred)) + sum(self.losses)


class ComputeLossWithoutTraining(Base):
    """As the signature was before `training` came."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, allow_empty=False):
        return tf.reduce_mean(tf.square(y - y_pred)) + sum(self.losses)


class ComputeLossThatAsks(Base):
    def compute_loss(self, x, y, y_pred, sample_weight, training):
        assert training in (True, False)
        return tf.reduce_mean(tf.square(y - y_pred)) + sum(self.losses)


class ComputeMetricsOverride(Base):
    def compute_metrics(self, x, y, y_pred, sample_weight):
        results = super().compute_metrics(x, y, y_pred, sample_weight)
        self.add_metric(tf.reduce_mean(y_pred), name="extra")
        return results


IDIOMS = [CompiledLossIdiom, ComputeLossIdiom, OwnMetricsIdiom, VerbsIdiom, ComputeLossOverride, ComputeLossWithoutTraining,
          ComputeLossThatAsks, ComputeMetricsOverride]  # fmt: skip


@pytest.mark.parametrize("idiom", IDIOMS)
@pytest.mark.parametrize("eager", (True, False))
def test_steps_of_ones_own_give_the_same_run(idiom, eager):
    histories = []
    for cls in (Base, idiom):
        model = cls()
        compiled(model, metrics=["mae"], run_eagerly=eager, jit_compile=False)
        measured = dict(validation_data=(X[:5], Y[:5]), verbose=0)
        histories.append(model.fit(X[:8], Y[:8], batch_size=4, epochs=3, shuffle=False, **measured).history)
    own = idiom is OwnMetricsIdiom  # which the test step does not know
    for key in ("loss", "mae", *["val_loss"] * (not own)):
        np.testing.assert_allclose(histories[1][key], histories[0][key], rtol=1e-5, err_msg=key)


def test_a_test_step_and_a_predict_step_of_ones_own():
    class Own(Base):
        def test_step(self, data):
            x, y = data
            return {"largest": tf.reduce_max(tf.abs(y - self(x)))}

        def predict_step(self, data):
            return tf.argmax(self(data), -1)

    model = compiled(Own())
    assert model.evaluate(X, Y, verbose=0, return_dict=True).keys() == {"largest"}
    assert model.predict(X).tolist() == np.argmax(model(X), -1).tolist()
    assert "val_largest" in model.fit(X, Y, validation_data=(X, Y), verbose=0).history


def test_two_optimizers_and_a_compile_of_ones_own():
    class Adversarial(Model):
        def __init__(self, generator, critic):
            super().__init__()
            self.generator, self.critic = generator, critic
            self.d_loss, self.g_loss = metrics.Mean(name="d_loss"), metrics.Mean(name="g_loss")

        def compile(self, d_optimizer, g_optimizer, loss_fn):
            super().compile()
            self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss_fn

        @property
        def metrics(self):
            return [self.d_loss, self.g_loss]

        def train_step(self, real):
            if isinstance(real, tuple):
                real = real[0]
            rows = tf.shape(real)[0]
            with tf.GradientTape() as tape:
                both = tf.concat([self.generator(tf.random.normal((rows, 2))), real], 0)
                labels = tf.concat([tf.ones((rows, 1)), tf.zeros((rows, 1))], 0)
                d_loss = self.loss_fn(labels, self.critic(both))
            weights = self.critic.trainable_weights
            self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights))
            with tf.GradientTape() as tape:
                g_loss = self.loss_fn(tf.zeros((rows, 1)), self.critic(self.generator(tf.random.normal((rows, 2)))))
            weights = self.generator.trainable_weights
            self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights))
            self.d_loss.update_state(d_loss)
            self.g_loss.update_state(g_loss)
            return {"d_loss": self.d_loss.result(), "g_loss": self.g_loss.result()}

    model = Adversarial(Sequential([Dense(3)]), Sequential([Dense(4, activation="relu"), Dense(1)]))
    model.compile(optimizers.Adam(0.01), optimizers.Adam(0.02), losses.BinaryCrossentropy(from_logits=True))
    history = model.fit(X, epochs=2, batch_size=5, verbose=0).history
    assert set(history) == {"d_loss", "g_loss"} and np.all(np.isfinite(history["g_loss"]))
    assert int(model.d_optimizer.iterations) == int(model.g_optimizer.iterations) == 4


def test_a_hand_written_loop():
    model, optimizer, loss_fn = dense(), optimizers.SGD(0.01), losses.MeanSquaredError()

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True)) + sum(model.losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    for x, y in dataset(X, Y).batch(4):
        step(x, y)
    reference = compiled(dense(), optimizer=optimizers.SGD(0.01))
    reference.fit(X, Y, batch_size=4, shuffle=False, verbose=0)
    assert_weights(model, reference.get_weights(), 1e-5)
