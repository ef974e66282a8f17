"""The step page finds what is wrong, and shows pictures."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, optimizers
from layers import Activation, Conv2D, Dense, Flatten, LayerNormalization, MultiHeadAttention

RNG = np.random.default_rng(11)
X, CLASSES = RNG.normal(size=(16, 8)).astype("float32"), RNG.integers(0, 3, 16)


class Wrong(Layer):
    """A layer whose derivative by its weight is half of what it should be."""

    def build(self, input_shape):
        self.scale = tf.Variable(tf.ones(input_shape[-1:]))

    def call(self, inputs):
        @tf.custom_gradient
        def scaled(values, scale):
            return values * scale, lambda up: (up * scale, 0.5 * tf.reduce_sum(up * values, 0))

        return scaled(inputs, self.scale)


class Right(Wrong):
    def call(self, inputs):
        return inputs * self.scale


def low(shape, dtype=None):
    return -9.0 * tf.ones(shape)


class Unused(Model):
    def __init__(self):
        super().__init__()
        self.used, self.cut = Dense(3, activation="softmax"), Dense(8)

    def call(self, inputs):
        return self.used(inputs + tf.stop_gradient(self.cut(inputs)))


def deep(activation, **arguments):
    return [Dense(8, activation=activation, **arguments) for _ in range(8)]


FAULTS = {
    "dead": (lambda: [Dense(8, activation="relu"), Dense(8, activation="relu", bias_initializer=low)], 0.01, {"layers.1": "dead"}),
    "saturated": (lambda: [Dense(8, activation="tanh", kernel_initializer=lambda s, dtype=None: 90 * tf.random.normal(s, seed=1))], 0.01,
                  {"layers.0": "saturated"}),
    "vanishing": (lambda: deep("sigmoid", kernel_initializer="zeros")[:0] + deep("sigmoid", kernel_initializer=lambda s, dtype=None: 1e-2 * tf.eye(*s)),
                  0.01, {"layers.0": "vanishing"}),
    "exploding": (lambda: deep(None), 1e6, {"layers.8": "exploding"}),
    "weights too large": (lambda: deep(None, kernel_initializer=lambda s, dtype=None: 30 * tf.random.stateless_normal(s, (1, 2))), 1e-30,
                          {"layers.3": "exploding"}),
    "not finite": (lambda: [Dense(8), Activation(lambda x: tf.sqrt(x - 100.0))], 0.01, {"layers.1": "exploding"}),
    "wrong gradient": (lambda: [Dense(8), Wrong()], 0.01, {"layers.1": "wrong gradient"}),
    "wrong gradient behind a dead layer": (lambda: [Dense(8, activation="relu", bias_initializer=low), Wrong()], 0.01, {"layers.1": "wrong gradient"}),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_has_a_sign_with_a_reason(name, tmp_path):
    layers, rate, expected = FAULTS[name]
    tf.random.set_seed(0)
    model = Sequential([Input((8,)), *layers(), Dense(3, activation="softmax")])
    model.compile(optimizers.SGD(rate), "sparse_categorical_crossentropy")
    step = model.inspect_step(X, CLASSES)
    page = pathlib.Path(step.to_html(tmp_path / "step.html")).read_text(encoding="utf-8")
    for layer, sign in expected.items():
        (why,) = [text for found, text in step.signs[layer] if found == sign]
        assert why.endswith(".") and f"{layer}: {sign}. " in str(step)
        assert f'<b class="sign">{sign}</b>' in page and "What looks wrong" in page


def test_layers_without_a_fault_have_no_sign(tmp_path):
    model = Sequential([Dense(8, activation="relu", input_shape=(8,)), Right(), LayerNormalization(), Dense(8, activation="tanh"), Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    step = model.inspect_step(X, CLASSES)
    assert step.signs == {}
    assert "Nothing looks wrong" in pathlib.Path(step.to_html(tmp_path / "step.html")).read_text(encoding="utf-8")


def test_frozen_layers_and_cut_ways():
    model = Sequential([Dense(8, input_shape=(8,)), Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.layers[1].trainable = False
    assert [sign for sign, _ in model.inspect_step(X, CLASSES).signs["layers.1"]] == ["frozen"]
    model = Unused()
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.warns(UserWarning, match="no gradient"):
        step = model.inspect_step(X, CLASSES)
    ((sign, why),) = step.signs["cut"]
    assert sign == "no gradient" and "cut.kernel" in why and set(step.signs) == {"cut"}


def images():
    model = Sequential([Conv2D(4, 3, activation="relu", input_shape=(8, 8, 1)), Conv2D(6, 3), Flatten(), Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model.inspect_step(RNG.uniform(size=(16, 8, 8, 1)), CLASSES)


def attentive():
    x = Input((5, 6), name="x")
    h = LayerNormalization()(x + MultiHeadAttention(2, 4, name="attention")(x, x))
    model = Model(x, Dense(3, activation="softmax")(Flatten()(h + Dense(6)(Dense(9, activation="gelu")(h)))))
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model.inspect_step(RNG.normal(size=(16, 5, 6)), CLASSES)


def test_pictures_of_what_there_is():
    step = images()
    assert [title for title, _ in step.inputs[0].pictures] == ["the first 16 of 16 images"]
    titles = [[title for title, _ in call.pictures] for call in step.calls if call.is_leaf]
    assert titles[0] == ["4 of 4 filters of 3 × 3", "4 of 4 feature maps of the first row"] and titles[2:] == [[], []]
    assert all(address.startswith("data:image/png;base64,") for call in step.calls for _, address in call.pictures)
    maps = [title for call in attentive().calls for title, _ in call.pictures]
    assert len(maps) == 1 and "2 maps" in maps[0] and maps[0].startswith("attention")


def test_two_steps_side_by_side(tmp_path):
    def step(rate):
        model = Sequential([Dense(8, activation="relu", input_shape=(8,)), Dense(3, activation="softmax")])
        model.compile(optimizers.SGD(rate), "sparse_categorical_crossentropy")
        return model.inspect_step(X, CLASSES)

    one, other = step(0.1), step(0.01)
    page = pathlib.Path(one.to_html(tmp_path / "step.html", beside=other)).read_text(encoding="utf-8")
    assert "Side by side" in page and f"loss {one.loss:.6g}, B {other.loss:.6g}" in page
    for step in (one, other):
        assert f"<td>{step.weights[0].ratio_text}</td>" in page
    with pytest.raises(TypeError, match="another Step.*received int"):
        one.to_html(tmp_path / "step.html", beside=3)
