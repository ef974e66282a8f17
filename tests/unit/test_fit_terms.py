"""What layers and models add to the loss and to the metrics, seen from `fit`."""

import numpy as np
import pytest
import tensorflow as tf
from fitting import CLASSES, Base, Ours, X, Y, Z, compiled, dataset, dense, two_outputs

import losses
from engine import Input, Layer, Model, Sequential, metrics, optimizers
from layers import Dense


class Penalty(Layer):
    def __init__(self, factor, only_in_training=False):
        super().__init__()
        self.factor, self.only_in_training = factor, only_in_training

    def call(self, x, training=None):
        if training or not self.only_in_training:
            self.add_loss(self.factor * tf.reduce_mean(tf.square(x)))
        self.add_metric(tf.reduce_max(x), name="largest")
        return x


@pytest.mark.parametrize("eager", (True, False))
def test_the_terms_in_the_history_add_up_to_the_loss(eager):
    model = Sequential([
        Dense(4, kernel_regularizer="l2", activity_regularizer="l1"), Penalty(0.1),
            Penalty(0.2, only_in_training=True), Dense(2),
    ])  # fmt: skip
    compiled(model, run_eagerly=eager, jit_compile=False)
    history = model.fit(X, Y, batch_size=4, epochs=3, validation_split=0.3, verbose=0).history
    terms = {"data_loss", "layers.0.add_loss", "layers.0.kernel.regularizer", "layers.1.add_loss"}
    assert {*terms, "layers.2.add_loss", "loss", "largest"} <= set(history)
    total = sum(np.array(history[name]) for name in (*terms, "layers.2.add_loss"))
    np.testing.assert_allclose(total, history["loss"], rtol=1e-5)
    np.testing.assert_allclose(sum(np.array(history[f"val_{name}"]) for name in terms), history["val_loss"], rtol=1e-5)
    assert "val_layers.2.add_loss" not in history
    assert isinstance(model.evaluate(X, Y, verbose=0), list) and len(model.evaluate(X, Y, verbose=0)) == 3


def test_nothing_of_a_traced_step_is_left_on_the_layers():
    model = Sequential([Dense(4, activity_regularizer="l1"), Penalty(0.1), Dense(2)])
    compiled(model, run_eagerly=False, jit_compile=False).fit(X, Y, verbose=0)
    assert model.losses == []
    model(X)
    assert len([float(loss) for loss in model.losses]) == 2


def test_a_model_with_add_loss_alone_trains():
    class Autoencoder(Model):
        def __init__(self):
            super().__init__()
            self.inner, self.outer = Dense(2), Dense(3)

        def call(self, x):
            y = self.outer(self.inner(x))
            self.add_loss(tf.reduce_mean(tf.square(x - y)))
            return y

    model = Autoencoder()
    model.compile(optimizers.Adam(0.05), run_eagerly=True)
    losses_ = model.fit(X, epochs=10, verbose=0).history["loss"]
    assert losses_[-1] < 0.8 * losses_[0]
    np.testing.assert_allclose(model.evaluate(X, verbose=0), np.mean((model.predict(X) - X) ** 2), rtol=1e-5)
    assert np.isfinite(model.fit(dataset(X).batch(4), verbose=0).history["loss"][0])
    assert np.isfinite(model.fit(tf.data.Dataset.from_tensor_slices(X).batch(4), verbose=0).history["loss"][0])


@pytest.mark.parametrize("eager", (True, False))
def test_losses_and_metrics_of_symbols(eager):
    """As in the autoencoder of TensorFlow 2's examples."""
    x = Input((3,))
    mean = Dense(2)(x)
    log_variance = Dense(2, kernel_initializer="zeros")(x)
    z = mean + tf.exp(0.5 * log_variance) * tf.random.normal(tf.shape(mean))
    y = Dense(3)(z)
    model = Model(x, y)
    model.add_loss(tf.reduce_mean(tf.square(x - y)))
    model.add_loss([-0.05 * tf.reduce_mean(1 + log_variance - tf.square(mean) - tf.exp(log_variance))])
    model.add_metric(tf.reduce_mean(log_variance), name="spread")
    assert model.losses == [] and len(model.trainable_weights) == 6
    model.compile(optimizers.Adam(0.05), run_eagerly=eager, jit_compile=False)
    history = model.fit(X, epochs=12, verbose=0).history
    assert history["loss"][-1] < 0.9 * history["loss"][0] and set(history) >= {"loss", "spread"}
    model(X)
    assert len(model.losses) == 2 and model.predict(X).shape == (10, 3)
    np.testing.assert_allclose(
        np.array(history["add_loss_0"]) + history["add_loss_1"], history["loss"], rtol=1e-5
    )
    model.add_loss(tf.reduce_mean(y) * 0.0 + 100.0)  # also after compiling
    assert model.fit(X, verbose=0).history["loss"][0] > 99


def test_losses_of_symbols_only_on_functional_models():
    symbol = tf.reduce_mean(Input((3,)))
    for owner in (Sequential([Dense(2)]), Base()):
        with pytest.raises(TypeError, match="is not functional"):
            owner.add_loss(symbol)
    with pytest.raises(TypeError, match="takes tensors. Only a functional Model takes symbols"):
        Dense(2).add_loss(symbol)
    with pytest.raises(ValueError, match="depend on the input"):
        x = Input((3,))
        model = Model(x, Dense(2)(x))
        model.add_loss(symbol)
    assert np.isfinite(compiled(model).fit(X, Y, verbose=0).history["loss"][0])


class Endpoint(Layer):
    """Takes the labels as an input, adds the loss and reports the accuracy itself."""

    def __init__(self, name=None):
        super().__init__(name=name)
        self.loss = losses.SparseCategoricalCrossentropy(from_logits=True)
        self.accuracy = metrics.SparseCategoricalAccuracy()

    def call(self, targets, logits, sample_weight=None):
        self.add_loss(self.loss(targets, logits, sample_weight))
        self.add_metric(self.accuracy(targets, logits, sample_weight), name="accuracy")
        return tf.nn.softmax(logits)


@pytest.mark.parametrize("eager", (True, False))
def test_a_dict_of_named_inputs_without_targets(eager):
    x, targets = Input((3,), name="inputs"), Input((1,), name="targets", dtype="int32")
    model = Model([x, targets], Endpoint()(targets, Dense(4)(x)))
    model.compile(optimizers.Adam(0.1), run_eagerly=eager, jit_compile=False)
    data = {"inputs": X, "targets": CLASSES}
    history = model.fit(data, epochs=8, verbose=0).history
    assert set(history) == {"loss", "sparse_categorical_accuracy"}  # the name of the metric itself
    assert history["loss"][-1] < 0.9 * history["loss"][0]
    assert model.predict(data).shape == (10, 4)


def test_nothing_to_minimise_is_an_error():
    model = dense()
    model.compile("sgd", run_eagerly=True)
    with pytest.raises(ValueError, match="nothing to minimise"):
        model.fit(X, Y, verbose=0)


def test_an_output_without_a_loss():
    model = two_outputs(Ours)
    model.compile("sgd", {"u": "mse"}, run_eagerly=True)
    with pytest.warns(UserWarning, match="no gradient for .*kernel"):
        history = model.fit(X, {"u": Y}, verbose=0).history
    assert np.isfinite(history["loss"][0])
    model.compile("sgd", ["mse", None], run_eagerly=True)
    with pytest.warns(UserWarning, match="no gradient"):
        model.fit(X, [Y, Z], verbose=0)
