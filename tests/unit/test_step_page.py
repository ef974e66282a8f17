"""The step page finds what is wrong, shows pictures, and draws so that nothing collides."""

import json
import pathlib
import re
import shutil
import subprocess

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


PROBE = """<script>
  window.addEventListener("error", event => document.body.dataset.error = event.message);
  const overlap = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const visible = query => [...document.querySelectorAll(query)].filter(one => !one.closest(".gone"));
  function survey() {
    const boxes = visible(".box, .block, .end-box"), places = boxes.map(box => box.querySelector("rect").getBoundingClientRect());
    const texts = visible("#picture text").filter(text => text.textContent).map(text => text.getBoundingClientRect());
    let collisions = 0, outside = 0, crossed = 0;
    for (const all of [places, texts]) all.forEach((a, i) => all.slice(i + 1).forEach(b => { collisions += overlap(a, b); }));
    for (const text of visible(".box text, .end-box text")) {
      const a = text.getBoundingClientRect(), b = text.parentNode.querySelector("rect").getBoundingClientRect();
      if (a.width && (a.left < b.left || a.right > b.right + 1 || a.bottom > b.bottom + 1)) outside++;
    }
    for (const path of document.querySelectorAll(".forward")) {
      const matrix = path.getScreenCTM(), whole = path.getTotalLength();
      for (let at = 4; at < whole - 4; at += 3) {
        const point = path.getPointAtLength(at).matrixTransform(matrix);
        crossed += places.some(box => point.x > box.left + 2 && point.x < box.right - 2 && point.y > box.top + 2 && point.y < box.bottom - 2);
      }
    }
    return { boxes: boxes.length, lines: document.querySelectorAll(".forward").length, back: document.querySelectorAll(".back").length,
             frames: document.querySelectorAll(".frame").length, collisions, outside, crossed };
  }
  const seen = [survey()];
  const title = document.querySelector(".frame text");
  if (title) { title.dispatchEvent(new Event("click")); seen.push(survey()); visible(".toggle")[0].dispatchEvent(new Event("click")); seen.push(survey()); }
  const before = picture.getAttribute("viewBox");
  document.getElementById("closer").click();
  const graph = document.getElementById("graph").getBoundingClientRect(), panel = detail.getBoundingClientRect();
  document.body.dataset.seen = JSON.stringify({ seen, zoomed: before !== picture.getAttribute("viewBox"), wide: document.documentElement.scrollWidth,
    both: Math.max(graph.bottom, panel.bottom) - Math.min(graph.top, panel.top), beside: panel.left >= graph.right, room: innerWidth, tall: innerHeight });
</script></body>"""


def in_browser(step, tmp_path, width, height):
    path = tmp_path / "step.html"
    text = pathlib.Path(step.to_html(path)).read_text(encoding="utf-8")
    path.write_text(text.replace("</body>", PROBE), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", f"--window-size={width},{height}",
               f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--dump-dom", f"file://{path}"]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "CONSOLE" not in ran.stderr and "data-error" not in ran.stdout
    found = re.search('<body data-seen="([^"]*)"', ran.stdout).group(1)
    return json.loads(found.replace("&quot;", '"'))


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
@pytest.mark.parametrize("width", [1280, 500])
def test_nothing_collides_and_blocks_open_and_close(tmp_path, width):
    step = attentive()
    found = in_browser(step, tmp_path, width, 900)
    opened, closed, again = found["seen"]
    leaves = sum(call.is_leaf for call in step.calls)
    assert opened["boxes"] == leaves + 2 and opened["lines"] == len(step.edges) and opened["frames"] == 1
    assert closed["boxes"] == leaves + 2 - 4 and closed["frames"] == 0 and again == opened
    for look in found["seen"]:
        assert (look["collisions"], look["outside"], look["crossed"]) == (0, 0, 0)
    assert found["zoomed"] and found["wide"] <= found["room"] and found["both"] <= found["tall"], found
    assert found["beside"] == (width > 800)
