"""A walk through a step: its numbers are those of the step, and the model is as it was."""

import pathlib
import random
import re
import sys

import numpy as np
import pytest
import tensorflow as tf
from browser import needs_browser, said_of

import train
from engine import Input, Layer, Model, Sequential, optimizers, set_seed
from layers import LSTM, BatchNormalization, Conv2D, Dense, Dropout, Embedding, Flatten

RNG = np.random.default_rng(7)
X, Y = RNG.normal(size=(6, 3)).astype("float32"), RNG.normal(size=(6, 2)).astype("float32")


class Scaled(Layer):
    """A layer of one's own, with chance of three kinds."""

    def build(self, input_shape):
        self.scale = tf.Variable(tf.ones(input_shape[-1:]))

    def call(self, inputs):
        noise = 1e-3 * (random.random() + np.random.normal())
        outputs = inputs * self.scale + noise
        return outputs


class OwnStep(Model):
    """A training step of one's own."""

    def __init__(self):
        super().__init__()
        self.hidden, self.head = Dense(4, activation="tanh"), Dense(2)

    def call(self, inputs):
        return self.head(self.hidden(inputs))

    def train_step(self, data):
        features, labels = data
        with tf.GradientTape() as recorder:
            loss = self.compute_loss(y=labels, y_pred=self(features, training=True))
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(recorder.gradient(loss, weights), weights))
        return {"loss": loss}


def functional():
    x = Input((3,))
    hidden = Dense(4, activation="relu")(x)
    return Model(x, Dense(2)(tf.concat([hidden, x], -1)))


MODELS = {
    "Sequential": lambda: Sequential([Dense(4, activation="relu"), BatchNormalization(), Dropout(0.3), Dense(2)]),
    "functional": functional, "own train_step": OwnStep, "own layer": lambda: Sequential([Scaled(), Dense(2)]),
}  # fmt: skip


def compiled(make, optimizer="adam", **arguments):
    model = make()
    model.compile(optimizer, "mse", metrics=["mae"], **arguments)
    return model


def state_of(model):
    values = [variable.numpy() for variable, _ in model.state().values()]
    return [*values, random.getstate(), np.random.get_state()[1].copy()]


def assert_same(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other):
        np.testing.assert_equal(a, b)


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_the_numbers_are_those_of_the_step_and_the_model_is_as_it_was(name, eager):
    set_seed(1)
    model = compiled(MODELS[name], run_eagerly=eager)
    model.train_on_batch(X[::-1], Y)
    before = state_of(model)
    walk = model.walk_step(X, Y)
    assert_same(before, state_of(model))
    step = model.inspect_step(X, Y)
    assert_same(before, state_of(model))
    assert [weight.path for weight in walk.weights] == [weight.path for weight in step.weights]
    np.testing.assert_allclose(walk.loss, step.loss, rtol=1e-6)
    for walked, seen in zip(walk.weights, step.weights):
        np.testing.assert_array_equal(walked.value, seen.value)
        np.testing.assert_allclose(walked.gradient, seen.gradient, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(walked.new_value - walked.value, seen.update, rtol=1e-4, atol=1e-7)
        kinds = [stop.kind for stop in walked.stops]
        assert kinds[:2] == ["value", "gradient"] and kinds[-1] == "new value" and "formula" in kinds
        assert sorted(stop.moment for stop in walked.stops) == [stop.moment for stop in walked.stops]
    model.train_on_batch(X, Y)
    after = {path: variable.numpy() for path, variable, _ in model.named_weights()}
    for walked in walk.weights:
        np.testing.assert_allclose(walked.new_value, after[walked.path], rtol=1e-5, atol=1e-6)


def named(walk, function, name):
    """What a name holds wherever it stands in a function."""
    return [after for moment in walk.moments if walk.frames[moment.frame].function.endswith(function)
            for found, _, after in moment.names if found == name]  # fmt: skip


def test_names_hold_what_the_step_computed():
    model = compiled(MODELS["functional"], optimizers.SGD(0.1, momentum=0.9))
    walk, step = model.walk_step(X, Y), model.inspect_step(X, Y)
    outputs = [value.mean for value in named(walk, "Dense.call", "outputs")]
    assert any(np.isclose(mean, model.predict(X).mean(), rtol=1e-5) for mean in outputs)
    velocities = [value.mean for value in named(walk, "momentum_sgd", "velocity")]
    for weight in step.weights:
        assert any(np.isclose(mean, weight.update.mean(), rtol=1e-4, atol=1e-9) for mean in velocities), weight.path
        assert [old.any() for old, _ in walk.weights[0].slots.values()] == [False]
    # A change in the last digit is one, also where the text does not show it.
    assert all([stop.name for stop in weight.stops if stop.kind == "formula"][-2:] == ["velocity", "variable"] for weight in walk.weights)
    files = {frame.file for frame in walk.frames}
    assert {"engine/core/step.py", "engine/core/layer.py", "engine/core/gradient_descent.py", "layers/dense.py", "losses/base.py"} <= files


class Pair(Model):
    """Two optimizers, and no call()."""

    def __init__(self):
        super().__init__()
        self.maker, self.judge, self.second = Dense(3), Dense(1), optimizers.SGD(0.1, momentum=0.9)

    def train_step(self, data):
        for layers, optimizer in ((self.maker, self.optimizer), (self.judge, self.second)):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self.judge(self.maker(data))))
            optimizer.apply_gradients(zip(tape.gradient(loss, layers.trainable_weights), layers.trainable_weights))
        return {"loss": loss}


def test_a_step_with_two_optimizers_and_without_call():
    model = Pair()
    model.compile("adam")
    walk, before = model.walk_step(X), state_of(model)
    assert [weight.stops[-1].kind for weight in walk.weights] == ["new value"] * 4
    model.walk_step(X)
    assert_same(before, state_of(model))
    assert int(model.second.iterations) == 0 and not any(slot.numpy().any() for slot in model.second.variables[2:])


ODD = {
    "accumulation": (lambda: optimizers.Adam(gradient_accumulation_steps=2), 2),
    "plain descent": (lambda: optimizers.SGD(0.1), 2), "scaled loss": (lambda: optimizers.LossScaleOptimizer("sgd"), 2),
    "a deep model": (lambda: "adam", 100),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_weights_are_followed_whatever_the_optimizer(name):
    optimizer, layers = ODD[name]
    walk = compiled(lambda: Sequential([Dense(4), *(Dense(4) for _ in range(layers - 2)), Dense(2)]), optimizer()).walk_step(X, Y)
    for weight in walk.weights:
        kinds = [stop.kind for stop in weight.stops]
        assert kinds[0] == "value" or name == "a deep model"
        assert "gradient" in kinds and (name == "accumulation" or (kinds[-1] == "new value" and "formula" in kinds))
    assert len(walk.moments) < 20_000


def test_lines_of_a_layer_of_ones_own_are_walked():
    walk = compiled(MODELS["own layer"]).walk_step(X, Y)
    moments = [moment for moment in walk.moments if walk.frames[moment.frame].function == "Scaled.call"]
    lines = walk.sources["tests/unit/test_walk.py"]
    assert [lines[moment.first - 1].split()[0] for moment in moments] == ["noise", "outputs", "return"]
    (outputs, before, after), *others = moments[1].names
    assert outputs == "outputs" and before is None and "(6, 3) float32, mean" in after.text
    assert any("layers.0.scale: (3,)" in value.text for _, _, value in others)


def test_what_is_not_built_is_built_and_kept_states_stay():
    model = Sequential([Embedding(9, 4), LSTM(5, stateful=True), Dense(2)])
    model.compile("adam", "mse")
    words = RNG.integers(0, 9, size=(6, 7))
    walk = model.walk_step(words, Y)
    assert int(model.optimizer.iterations) == 0 and all(weight.gradient is not None for weight in walk.weights)
    model.train_on_batch(words, Y)
    before = state_of(model)
    model.walk_step(words, Y)
    assert_same(before, state_of(model))


class Failing(Layer):
    def __init__(self, error):
        super().__init__()
        self.error, self.fails = error, False

    def build(self, input_shape):
        self.seen = tf.Variable(0.0, trainable=False)

    def call(self, inputs):
        self.seen.assign_add(1.0)
        if self.fails:
            raise self.error
        return inputs


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("in the midst")])
def test_a_step_that_ends_in_the_midst_leaves_all_as_it_was(error):
    model = Sequential([Dense(3, input_shape=(3,)), Failing(error), Dense(2)])
    model.compile("adam", "mse", metrics=["mae"], run_eagerly=True)
    model.train_on_batch(X, Y)
    before, tracing = state_of(model), sys.gettrace()
    model.layers[1].fails = True
    for look in (model.walk_step, model.inspect_step):
        with pytest.raises(type(error)):
            look(X, Y)
        assert_same(before, state_of(model))
        assert sys.gettrace() is tracing and not tf.config.functions_run_eagerly()
    model.layers[1].fails = False
    assert model.walk_step(X, Y).moments


@pytest.mark.parametrize(
    ("x", "y", "loss"),
    [(X, Y[:4], "mse"), (None, Y, "mse"), (np.ones((6, 5), "float32"), Y, "mse"), (X, np.full(6, 7), "sparse_categorical_crossentropy"),
     (X, RNG.normal(size=(6, 4)).astype("float32"), "mse")],
)  # fmt: skip
def test_wrong_data_are_refused_as_fit_refuses_them(x, y, loss):
    def message(look):
        model = Sequential([Dense(2, activation="softmax", input_shape=(3,))])
        model.compile("sgd", loss, run_eagerly=True)
        with pytest.raises(ValueError) as caught:
            look(model)
        return re.sub(r"_\d+", "", str(caught.value))

    assert message(lambda model: model.walk_step(x, y)) == message(lambda model: model.train_on_batch(x, y))
    with pytest.raises(RuntimeError, match="not compiled.*before walk_step"):
        Sequential([Dense(2)]).walk_step(X, Y)


def small(inputs):
    return inputs + 0.0


class Looping(Layer):
    def call(self, inputs):
        count = 0
        for _ in range(10_000):
            count += 1
        for _ in range(300):
            inputs = small(inputs)
        return inputs


def test_what_repeats_is_bounded_with_a_note(tmp_path):
    walk = compiled(lambda: Sequential([Looping(), Dense(2)])).walk_step(X, Y)
    assert len(walk.moments) < 2000 and walk.rounds > 19_000
    assert walk.left_out["small in tests/unit/test_walk.py"] == 240
    assert "240 more calls of small in tests/unit/test_walk.py" in str(walk) and "further rounds of loops" in str(walk)
    assert pathlib.Path(walk.to_html(tmp_path / "walk.html")).stat().st_size < 2**20


def test_the_outline_has_100_columns_and_the_page_needs_no_other(tmp_path):
    model = Sequential([Conv2D(4, 3, name="a_layer_of_quite_a_long_name_that_goes_on"), Flatten(), *(Dense(9) for _ in range(30))])
    model.compile("adam", "sparse_categorical_crossentropy")
    walk = model.walk_step(RNG.normal(size=(4, 8, 8, 1)), np.arange(4))
    text = str(walk)
    assert max(map(len, text.splitlines())) <= 100 and "TrainingStep.train_step" in text and "layers.0.kernel" in text
    assert len(text.splitlines()) < 220 and len(walk._repr_html_()) <= 200_000
    page = pathlib.Path(walk.to_html(tmp_path / "walk.html")).read_text(encoding="utf-8")
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!data:,)|@import|url\((?!#)", page) and len(page.encode()) < 3 * 2**20


def test_the_command_line_writes_walk_html(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (x, y), _, info = train.load("digits")
    monkeypatch.setattr(train, "load", lambda *_: ((x[:96], y[:96]), (x[96:192], y[96:192]), info))
    assert train.main("--model mlp --epochs 1 --walk --out run".split()) == 0
    assert "one step, line by line: run/walk.html" in capsys.readouterr().out
    assert 50_000 < (tmp_path / "run/walk.html").stat().st_size < 3 * 2**20
    assert not (tmp_path / "run/step.html").exists()
    with pytest.raises(SystemExit):
        train.main("--walk --strategy mirrored".split())


PROBE = """
  const press = key => dispatchEvent(new KeyboardEvent("keydown", { key }));
  said.seen = [at];
  for (const key of ["n", "ArrowRight", "b", "o", "i", "u"]) { press(key); said.seen.push(at); }
  for (const id of ["next", "back"]) { document.getElementById(id).click(); said.seen.push(at); }
  const slider = document.getElementById("slider");
  slider.value = slider.max;
  slider.dispatchEvent(new Event("input"));
  said.last = at;
  scrollTo(0, document.body.scrollHeight);
  document.querySelector("#weights tr:nth-child(2)").dispatchEvent(new Event("click"));
  const edges = id => { const { left, right, top, bottom } = document.getElementById(id).getBoundingClientRect(); return { left, right, top, bottom }; };
  Object.assign(said, { first: at, source: edges("source"), names: edges("names"), followed: edges("followed"), room: innerHeight });
  const stops = [...document.querySelectorAll(".stops button[data-at]")];
  said.stops = stops.map(stop => stop.textContent);
  stops.at(-1).dispatchEvent(new Event("click"));
  said.where = document.getElementById("where").textContent;
  said.holds = document.getElementById("names").textContent;
  said.here = document.querySelector("#map .here").title;
  said.wide = document.documentElement.scrollWidth;
  document.querySelector(".stops .end").click();
  said.left = document.querySelectorAll(".stops button").length;
"""


@needs_browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_in_a_browser(tmp_path, width):
    walk = compiled(MODELS["own layer"], optimizers.SGD(0.1, momentum=0.9)).walk_step(X, Y)
    found = said_of(walk.to_html(tmp_path / "walk.html"), PROBE, tmp_path, width)
    start, next_, again, back, over, into, out, *buttons = found["seen"]
    depth = [walk.frames[moment.frame].depth for moment in walk.moments]
    assert (start, next_, again, back) == (0, 1, 2, 1) and buttons == [out + 1, out] and found["last"] == len(walk.moments) - 1
    assert depth[over] == depth[back] and over > back and depth[into] == depth[into - 1] + 1 and depth[out] < depth[into]
    weight = walk.weights[0]
    assert found["first"] == weight.stops[0].moment and found["stops"][0] == f"value {weight.value[weight.index]:.7g}"
    assert found["stops"][-1] == f"new value {weight.new_value[weight.index]:.7g}" in found["stops"] and found["left"] == 0
    assert found["here"] == "engine/core/update_rule.py" and f"moment {weight.stops[-1].moment + 1} of" in found["where"]
    assert "layers.0.scale" in found["holds"] and found["wide"] <= width
    # The source, what its names hold and the weight that is followed are seen together.
    assert 0 <= found["followed"]["top"] and found["followed"]["bottom"] <= found["source"]["top"] + 1, found
    assert max(found["source"]["bottom"], found["names"]["bottom"]) <= found["room"]
