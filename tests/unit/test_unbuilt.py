"""Models that are asked for weights before they have seen data: what can be known is, and an error names the rest."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, callbacks
from engine.saving import load_model
from engine.unbuilt import build_known
from layers import LSTM, Dense, Embedding, Flatten, GlobalAveragePooling1D, TextVectorization


def words(name="words"):
    return Sequential([Embedding(10, 4), GlobalAveragePooling1D(), Dense(1, name=f"{name}_last")])


def rows(model):
    return {row.path: (row.output_shape, row.trainable if row.built else "not built") for row in model.summary(print_fn=None).rows}


def test_a_list_that_begins_with_an_embedding_has_a_summary():
    assert rows(words()) == {"layers.0": ((None, None, 4), 40), "layers.1": ((None, 4), 0), "layers.2": ((None, 1), 5)}
    nested = Sequential([Sequential([Embedding(10, 4)]), LSTM(3), Dense(1)])
    assert nested.count_params() == 40 + 96 + 4


def test_texts_first():
    vectorization = TextVectorization(output_sequence_length=5)
    vectorization.adapt(["a b", "c d e"])
    model = Sequential([vectorization, Embedding(20, 4), LSTM(3)])
    assert rows(model)["layers.1"] == ((None, 5, 4), 80) and model.count_params() == 80 + 96


def test_what_only_data_can_tell_is_not_built():
    class Counted(Layer):
        def build(self, input_shape):
            self.first = self.add_weight(shape=(3,), name="first")
            self.second = self.add_weight(shape=(input_shape[1], 2), name="second")  # the number of steps: not known yet

        def call(self, inputs):
            return tf.tensordot(inputs, self.second, [[1], [0]])

    for model in (Sequential([Embedding(10, 4), Flatten(), Dense(1)]), Sequential([Embedding(10, 4), Counted(), Dense(1)])):
        found = rows(model)
        assert found["layers.0"] == ((None, None, 4), 40) and found["layers.2"][1] == "not built"
        with pytest.raises(ValueError, match=r"not built.*'layers.2'.*before save_weights"):
            model.save_weights("nowhere")
        with pytest.raises(ValueError, match=r"not built.*layers.2"):
            model.count_params()
        model(np.ones((2, 6)))
        weights = [tuple(weight.shape) for weight in model.weights]
        assert weights in ([(10, 4), (24, 1), (1,)], [(10, 4), (3,), (6, 2), (2, 1), (1,)])  # each of them once


def test_inputs_of_another_shape_may_still_come():
    model = Sequential([Embedding(10, 4), Dense(2)])
    model.summary(print_fn=None)
    before = model.layers[0].embeddings
    assert model(np.array([1, 2, 3])).shape == (3, 2) and model.layers[0].embeddings is before
    assert model.output_shape == (None, 2)


def test_nothing_else_is_built_or_drawn():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.words, self.head = Sequential([Embedding(10, 4)]), Dense(2)

        def call(self, inputs):
            return self.head(self.words(inputs))

    model = Own()
    build_known(model)
    assert model.words.layers[0].built and not model.head.built and not model.losses
    plain = Sequential([Dense(2)])
    build_known(plain)
    assert plain.weights == []


def test_files_of_a_model_that_could_be_built(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = np.array([[1, 2, 3]])
    for name in ("x", "x.ckpt", "x.weights.h5"):
        model, other = words("a"), words("b")
        model.save_weights(name)
        assert not other.load_weights(name)
        np.testing.assert_array_equal(other(x), model(x))
    model = words()
    model.save("whole.keras")
    np.testing.assert_array_equal(load_model("whole.keras")(x), model(x))
    other = words()
    other.export("served")
    served = tf.saved_model.load("served")
    np.testing.assert_allclose(served.serve(tf.constant(x, tf.int32)), other(x), rtol=1e-6)


class Pair(Model):
    """Trained part by part, and never called as a whole."""

    def __init__(self):
        super().__init__()
        self.generator, self.critic = Sequential([Input((2,)), Dense(3)]), Sequential([Dense(1)])

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.critic(data)) - tf.reduce_mean(self.critic(self.generator(data[:, :2])))
        weights = self.generator.trainable_weights + self.critic.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return {"loss": loss}


def test_a_model_that_is_never_called_itself_has_files_of_its_weights(tmp_path):
    model = Pair()
    model.compile("adam")
    with pytest.raises(ValueError, match=r"not built.*'critic.layers.0'.*before save_weights"):
        model.save_weights(tmp_path / "early")
    keep = [callbacks.ModelCheckpoint(tmp_path / "at{epoch}", save_weights_only=True)]
    model.fit(np.ones((8, 3), "float32"), epochs=2, verbose=0, callbacks=keep)
    assert model.count_params() == 9 + 4 and rows(model)["critic.layers.0"][1] == 4
    other = Pair()
    other.critic.build((None, 3))
    other.load_weights(tmp_path / "at2")
    np.testing.assert_array_equal(other.generator(np.ones((1, 2))), model.generator(np.ones((1, 2))))
    with pytest.raises(ValueError, match="never called as a whole.*save its parts.*save_weights"):
        model.save(tmp_path / "whole")


def test_a_layer_has_no_dynamic():
    with pytest.raises(TypeError, match="run_eagerly=True"):
        Dense(2, dynamic=True)
    assert Dense(2, dynamic=False).units == 2


def test_shapes_of_calls_by_number():
    layer = Dense(2)
    layer(Input((3,)))
    layer(Input((4, 3)))
    assert layer.get_input_shape_at(1) == (None, 4, 3) and layer.get_output_shape_at(0) == (None, 2)
