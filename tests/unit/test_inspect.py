"""What a model tells about itself: the summary, one step, paths, and that nothing changes by looking."""

import csv
import importlib.util
import io
import json
import pathlib
import pdb
import re
import shutil
import subprocess
import sys
import traceback

import numpy as np
import pytest
import tensorflow as tf

import train
from engine import Input, Layer, Model, Sequential, callbacks, optimizers, set_seed
from engine.guards.gradient_norms import GradientNorms
from engine.study import __main__ as command_line
from engine.study import report
from engine.study.cost import costs
from engine.study.run_page import png
from layers import LSTM, Add, BatchNormalization, Conv2D, Dense, Dropout, Embedding, Flatten

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 2))


class Penalised(Layer):
    """`outputs = inputs * scale`, with two losses of its own."""

    def build(self, input_shape):
        self.scale = tf.Variable(tf.ones(input_shape[-1:], self.dtype))

    def call(self, inputs):
        self.add_loss(0.3 * tf.reduce_mean(tf.square(inputs)))
        self.add_metric(tf.reduce_mean(inputs), name="level")
        return inputs * self.scale


def model_with_everything(optimizer="adam", dtype="float64", **compile_arguments):
    model = Sequential([
        Dense(7, activation="relu", kernel_regularizer="l2", input_shape=(3,), dtype=dtype),
        BatchNormalization(dtype=dtype), Penalised(dtype=dtype), Dropout(0.4, dtype=dtype),
        Dense(2, activity_regularizer="l1", dtype=dtype),
    ], dtype=dtype)  # fmt: skip
    model.compile(optimizer, "mse", **compile_arguments)
    return model


def state(model):
    return [variable.numpy() for variable in [*model.variables, *model.optimizer.variables]]


# ---------------------------------------------------------------- summary


class Towers(Model):
    def __init__(self):
        super().__init__()
        self.left, self.right = Dense(4, name="left"), Dense(5, name="right")
        self.right_again = self.right
        self.mixing = tf.Variable(tf.ones(3))

    def call(self, inputs):
        return tf.concat([self.left(inputs), self.right(inputs)], -1)


def test_summary_has_paths_shapes_counts_and_shared_layers():
    model = Towers()
    model(np.ones((2, 3), "float32"))
    model.left.trainable = False
    found = model.summary(print_fn=None)
    rows = {row.path: row for row in found.rows}
    assert list(rows) == ["", "left", "right", "right_again"]
    assert (rows["left"].trainable, rows["left"].frozen, rows["left"].output_shape) == (0, 16, (2, 4))
    assert (rows["right"].trainable, rows["right"].shared, rows["right_again"].shared) == (20, False, True)
    assert (found.parameters, found.trainable, found.frozen, found.weight_bytes) == (39, 23, 16, 39 * 4)
    assert rows["left"].multiply_adds == 12 and found.multiply_adds == 27
    assert "16 (frozen)" in str(found) and "shared" in str(found) and "<table>" in found._repr_html_()


@pytest.mark.parametrize(("width", "has", "lacks"), [(200, "Mult-adds", "…"), (60, "Parameters", "Mult-adds"), (48, "…", "Path")])
def test_summary_fits_the_terminal(width, has, lacks):
    model = Sequential([Dense(4, input_shape=(3,), name="a_name_of_some_length_for_a_layer"), Dense(2)])
    text = model.summary(print_fn=None).text(width)
    table = text.split("─\n")[1]
    assert max(map(len, table.splitlines())) <= width
    assert has in text and lacks not in text


@pytest.mark.parametrize(
    ("make", "shape", "count"),
    [
        (lambda: Dense(4), (5, 3), 5 * 3 * 4),
        (lambda: Conv2D(4, 3), (8, 9, 2), 6 * 7 * 9 * 2 * 4),
        (lambda: Flatten(), (8, 9, 2), 0),
    ],
)
def test_multiply_adds_of_a_row(make, shape, count):
    x = Input(shape)
    layer = make()
    assert costs(Model(x, layer(x)))[id(layer)].multiply_adds == count


def test_summary_changes_nothing():
    model = model_with_everything()
    model.train_on_batch(X, Y)
    before, losses = state(model), len(model.losses)
    model.summary(print_fn=None)
    for old, new in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(old, new)
    assert len(model.losses) == losses


# ---------------------------------------------------------------- one step

OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1), "momentum": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "adam, clipped": lambda: optimizers.Adam(0.01, global_clipnorm=0.1),
    "adamw": lambda: optimizers.AdamW(0.01), "nadam": lambda: optimizers.Nadam(0.01),
    "rmsprop": lambda: optimizers.RMSprop(0.01, clipvalue=0.05), "lion": lambda: optimizers.Lion(0.01),
    "accumulating": lambda: optimizers.Adam(0.01, gradient_accumulation_steps=2),
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_step_is_the_next_real_one_and_is_undone(name):
    model = model_with_everything(OPTIMIZERS[name](), run_eagerly=True)
    weight = RNG.uniform(0.5, 2, size=6)
    model.train_on_batch(X[::-1], Y, weight)
    before = state(model)
    step = model.inspect_step(X, Y, weight)
    again = model.inspect_step(X, Y, weight)
    for old, new in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(old, new)

    seen, apply = [], model.optimizer.apply_gradients
    model.optimizer.apply_gradients = lambda pairs, **how: (seen.extend(pairs), apply(pairs, **how))
    model.train_on_batch(X, Y, weight)
    after = {path: variable.numpy() for path, variable, trainable in model.named_weights() if trainable}
    assert [item.path for item in step.weights] == list(after)
    for item, (gradient, _) in zip(step.weights, seen, strict=True):
        np.testing.assert_array_equal(item.gradient, gradient)
        np.testing.assert_array_equal(item.update, after[item.path] - item.value)
    assert step.loss == again.loss

    worked = step.worked
    assert worked.new_value == after[worked.path][worked.index]
    if name != "accumulating":
        result = [line[3] for line in worked.lines if line[0] == "variable"][-1]
        np.testing.assert_allclose(result, worked.new_value, rtol=1e-12)


def test_the_terms_add_up_to_the_loss():
    model = model_with_everything()
    step = model.inspect_step(X, Y)
    assert [term.name for term in step.terms] == [
        "data_loss", "layers.2.add_loss", "layers.4.add_loss", "layers.0.kernel.regularizer",
    ]  # fmt: skip
    assert abs(sum(term.amount for term in step.terms) - step.loss) <= 1e-12 * abs(step.loss)
    assert all(term.amount > 0 for term in step.terms)


def test_terms_of_two_outputs_have_their_factors():
    x = Input((3,), dtype="float64")
    model = Model(x, [Dense(2, name="a", dtype="float64")(x), Dense(1, name="b", dtype="float64")(x)], dtype="float64")
    model.compile("sgd", ["mse", "mae"], loss_weights=[0.25, 3.0])
    step = model.inspect_step(X, [Y, Y[:, :1]])
    assert [(term.name, term.factor) for term in step.terms] == [("a_loss", 0.25), ("b_loss", 3.0)]
    assert abs(sum(term.amount for term in step.terms) - step.loss) <= 1e-12 * step.loss


def test_a_loss_of_ones_own_is_one_more_term():
    class Own(Sequential):
        def compute_loss(self, **arguments):
            return super().compute_loss(**arguments) + 2.0

    model = Own([Dense(2, input_shape=(3,), dtype="float64")], dtype="float64")
    model.compile("sgd", "mse")
    assert model.inspect_step(X, Y).terms[-1].name == "other, in compute_loss"


def test_gradients_of_outputs_and_numbers_of_calls():
    model = Sequential([Dense(4, input_shape=(3,), dtype="float64"), Dense(2, dtype="float64")], dtype="float64")
    model.compile("sgd", "mse")
    step = model.inspect_step(X, Y)
    whole, first, second = step.calls
    assert [call.path for call in step.calls] == ["", "layers.0", "layers.1"]
    assert (first.input_shapes, first.output_shapes, first.depth, second.sources) == ((6, 3), (6, 4), 1, [1])
    output = model.predict(X)
    upstream = 2 * (output - Y) / output.size
    np.testing.assert_allclose(second.gradient.norm, np.linalg.norm(upstream), rtol=1e-12)
    np.testing.assert_allclose(
        first.gradient.norm, np.linalg.norm(upstream @ model.layers[1].kernel.numpy().T), rtol=1e-12
    )
    np.testing.assert_allclose((second.outputs.mean, second.outputs.deviation), (output.mean(), output.std()))
    assert whole.seconds >= first.seconds + second.seconds and not whole.is_leaf and sum(first.outputs.counts) == 24


def test_clipping_and_update_ratios():
    model = Sequential([Dense(4, input_shape=(3,), dtype="float64")], dtype="float64")
    model.compile(optimizers.SGD(0.5, global_clipnorm=0.01), "mse")
    step = model.inspect_step(X, RNG.normal(size=(6, 4)))
    assert step.gradient_norm > 0.1
    np.testing.assert_allclose(step.clipped_norm, 0.01, rtol=1e-12)
    kernel = step.weights[0]
    np.testing.assert_allclose(kernel.ratio, 0.5 * np.linalg.norm(kernel.clipped) / np.linalg.norm(kernel.value), rtol=1e-9)
    assert f"after clipping {step.clipped_norm:.6g}" in str(step)


def test_what_is_not_finite_and_what_is_dead_is_seen():
    class Root(Layer):
        def call(self, inputs):
            return tf.sqrt(inputs)

    model = Sequential([Dense(4, activation="relu", bias_initializer=lambda *_, **__: -9 * tf.ones(4), input_shape=(3,)),
                        Root(), Dense(2)])  # fmt: skip
    model.compile("sgd", "mse")
    step = model.inspect_step(X, Y)
    assert [call.outputs.zeros for call in step.calls][1:3] == [1.0, 1.0]
    assert step.calls[1].gradient.non_finite == 1.0  # 0 · ∞ behind the root
    assert "100 %" in str(step) and "not trained" not in str(step)
    model.layers[0].trainable = False
    step = model.inspect_step(X, Y)
    assert step.frozen == ["layers.0.kernel", "layers.0.bias"] and "says why: layers.0.kernel, layers.0.bias" in str(step)


@pytest.mark.parametrize("compiled", [False, True])
def test_each_call_is_listed_once_also_where_a_gradient_is_missing(compiled):
    class Cut(Layer):
        def call(self, inputs):
            return tf.stop_gradient(inputs)

    model = Sequential([Dense(4, input_shape=(3,)), Cut(), Dense(2)])
    model.compile("sgd", "mse")
    if compiled:
        with pytest.warns(UserWarning, match="no gradient"):
            model.fit(X, Y, verbose=0)
    with pytest.warns(UserWarning, match="'layers.0.kernel' is cut by tf.stop_gradient"):
        step = model.inspect_step(X, Y)
    assert [call.path for call in step.calls] == ["", "layers.0", "layers.1", "layers.2"]
    assert [weight.gradient is None for weight in step.weights] == [True, True, False, False]
    assert step.calls[1].gradient is None and step.calls[3].gradient is not None


def test_a_model_that_was_never_called_and_one_of_sequences():
    model = Sequential([Embedding(9, 4), LSTM(5), Dense(2)])
    model.compile("adam", "mse")
    step = model.inspect_step(RNG.integers(0, 9, size=(6, 7)), Y)
    assert step.calls[1].output_shapes == (6, 7, 4) and all(weight.gradient is not None for weight in step.weights)
    assert "embeddings" in str(step) and int(model.optimizer.iterations) == 0


# ---------------------------------------------------------------- the page


def page_of(tmp_path, model, x=X, y=Y):
    path = model.inspect_step(x, y).to_html(tmp_path / "step.html")
    return path, pathlib.Path(path).read_text(encoding="utf-8")


def residual():
    x = Input((3,))
    hidden = Dense(3, activation="relu", name="hidden")(x)
    total = Add(name="sum")([x, hidden])
    model = Model(x, Dense(2, name="head", kernel_regularizer="l2")(total))
    model.compile("adam", "mse")
    return model


def test_the_page_needs_no_other(tmp_path):
    _, text = page_of(tmp_path, residual())
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!data:,)|https?://|@import|url\((?!#)", text.replace("https://arxiv", ""))
    for part in ("hidden", "outputs = activation(inputs @ kernel + bias)", "def call(self, inputs)", "data_loss",
                 "kernel.regularizer", "histogram from"):  # fmt: skip
        assert part in text


def test_a_deep_model_is_quick_and_small(tmp_path):
    model = Sequential([Dense(8, activation="tanh", input_shape=(3,)), *(Dense(8) for _ in range(48)), Dense(2)])
    model.compile("adam", "mse")
    _, text = page_of(tmp_path, model)
    assert text.count('class="box"') == 50 and len(text.encode()) < 2 * 2**20


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_the_page_in_a_browser(tmp_path):
    path, text = page_of(tmp_path, residual())
    probe = """<script>
      window.addEventListener("error", event => document.body.dataset.error = event.message);
      document.querySelectorAll(".box")[1].dispatchEvent(new Event("click"));
      document.body.dataset.boxes = document.querySelectorAll(".box").length;
      document.body.dataset.detail = document.getElementById("detail").textContent.replace(/\\s+/g, " ");
    </script></body>"""
    pathlib.Path(path).write_text(text.replace("</body>", probe), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
               f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--dump-dom", f"file://{path}"]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "CONSOLE" not in ran.stderr and "data-error" not in ran.stdout
    body = re.search("<body[^>]*>", ran.stdout).group()
    assert 'data-boxes="4"' in body or 'data-boxes="3"' in body
    assert "Equation" in body and "Source of call" in body and "gradient by outputs" in body


# ---------------------------------------------------------------- paths and reasons


def test_why_tracked_and_explain_trainable(capsys):
    model = Towers()
    model(np.ones((2, 3), "float32"))
    assert model.why_tracked(model.right.kernel) == ["right.kernel", "right_again.kernel"]
    assert "and also right_again.kernel" in capsys.readouterr().out
    assert model.why_tracked(tf.Variable(1.0)) == []
    assert "not found" in capsys.readouterr().out
    model.left.trainable = False
    reasons = model.explain_trainable()
    assert "left is frozen" in reasons["left.kernel"] and "every layer" in reasons["right.bias"]
    assert json.dumps(reasons) and re.search(r"left.kernel +no ", capsys.readouterr().out)


# ---------------------------------------------------------------- gradients that are missing


class Cutting(Model):
    """Two layers, and something between the second and the loss."""

    def __init__(self, way):
        super().__init__()
        self.good, self.lost, self.way = Dense(2, use_bias=False), Dense(2, use_bias=False), way

    def call(self, inputs):
        return self.good(inputs) + self.way(self.lost, inputs)


WAYS = {
    "never read in the forward pass": lambda layer, x: 0.0,
    "read, and what is made of it does not reach the loss": lambda layer, x: 0.0 * x[:, :2] + tf.zeros_like(layer(x)),
    "cut by tf.stop_gradient": lambda layer, x: tf.stop_gradient(tf.tanh(layer(x))),
    "cut by an integer cast": lambda layer, x: tf.cast(tf.cast(3 * layer(x), tf.int32), tf.float32),
    "cut by the operation ArgMax": lambda layer, x: tf.one_hot(tf.argmax(layer(x), -1), 2),
    "cut by the operation Round, which has no derivative": lambda layer, x: 2.0 * tf.round(layer(x)),
}


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("reason", WAYS)
def test_a_missing_gradient_is_explained(reason, eager):
    model = Cutting(WAYS[reason])
    model.compile("sgd", "mse", run_eagerly=eager)
    model.lost.build((None, 3))
    with pytest.warns(UserWarning, match=f"no gradient for 'lost.kernel'; not trained: 'lost.kernel' is {reason}"):
        model.train_on_batch(X, Y)
    model.compile("sgd", "mse", run_eagerly=eager, strict_gradients=True)
    with pytest.raises(ValueError, match=f"'lost.kernel' is {reason}"):
        model.train_on_batch(X, Y)


# ---------------------------------------------------------------- GradientStats


@pytest.mark.parametrize("eager", [False, True])
def test_gradient_stats_are_those_of_the_steps(eager, tmp_path):
    def fitted(*watching):
        model = model_with_everything("adam", run_eagerly=eager)
        model.set_weights([np.linspace(0.1, 1, w.size).reshape(w.shape) for w in model.get_weights()])
        log = callbacks.CSVLogger(tmp_path / ("log.csv" if watching else "bare.csv"))
        fit = model.fit(X, Y, batch_size=2, epochs=2, shuffle=False, verbose=0, callbacks=[*watching, log])
        return model, fit.history

    set_seed(2)
    model, history = fitted(callbacks.GradientStats(every=2))
    set_seed(2)
    bare, without = fitted()
    for one, other in zip(model.get_weights(), bare.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    added = {name for name in history if name.startswith(("gradient_norm", "update_ratio", "nonfinite", "learning_rate"))}
    assert set(history) - added == set(without) and history["learning_rate"] == pytest.approx([0.001, 0.001])
    with open(tmp_path / "log.csv", newline="") as file:
        assert added < set(next(csv.reader(file)))
    assert not any(isinstance(wrapper, GradientNorms) for wrapper in model.around_step)
    assert history["nonfinite_gradients"] == [0.0, 0.0]

    set_seed(2)
    again, norms = model_with_everything("adam", run_eagerly=True), []
    again.set_weights([np.linspace(0.1, 1, w.size).reshape(w.shape) for w in again.get_weights()])
    for start in (0, 2, 4):
        step = again.inspect_step(X[start : start + 2], Y[start : start + 2])
        norms.append((step.gradient_norm, np.hypot(*(weight.gradient_numbers.norm for weight in step.weights[-2:]))))
        again.train_on_batch(X[start : start + 2], Y[start : start + 2])
    np.testing.assert_allclose(history["gradient_norm"][0], (norms[0][0] + norms[2][0]) / 2, rtol=1e-5)
    np.testing.assert_allclose(history["gradient_norm/layers.4"][0], (norms[0][1] + norms[2][1]) / 2, rtol=1e-5)


def test_gradient_stats_measure_every_so_many_steps_and_go_on_in_the_next_epoch():
    model = Sequential([Dense(1, use_bias=False, kernel_initializer="zeros", input_shape=(1,))])
    model.compile(optimizers.SGD(0.0), lambda y, p: y * p)  # the gradient is the label
    x, y = np.ones((5, 1)), np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])
    history = model.fit(x, y, batch_size=1, epochs=4, shuffle=False, verbose=0, callbacks=[callbacks.GradientStats(every=3)])
    assert history.history["gradient_norm"] == [(1 + 4) / 2, (2 + 5) / 2, 3.0, (1 + 4) / 2]  # steps 0 3, 6 9, 12, 15 18


def test_gradient_stats_are_as_exact_as_the_weights():
    model = Sequential([Dense(1, input_shape=(3,), dtype="float64")])
    model.compile("sgd", lambda y, p: tf.reduce_sum(p, -1))
    x = np.random.default_rng(4).normal(size=(5, 3)).astype("float32")
    found = model.fit(x, x[:, :1], verbose=0, callbacks=[callbacks.GradientStats(every=1)]).history["gradient_norm"]
    np.testing.assert_allclose(found, [np.linalg.norm([*x.mean(0, "float64"), 1])], rtol=1e-14)


def test_gradient_stats_go_to_tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    model = Sequential([Dense(2, input_shape=(3,))])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0, callbacks=[callbacks.GradientStats(every=1), callbacks.TensorBoard(tmp_path)])
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("events*"))
    assert b"gradient_norm/layers.0" in written and b"update_ratio/layers.0" in written


def test_a_step_costs_nothing_without_gradient_stats():
    def operations(model):
        step = model.compiled_step("train", (tf.TensorSpec([None, 3], tf.float64), tf.TensorSpec([None, 2], tf.float64)))
        return sorted(operation.type for operation in step.step.graph.get_operations())

    never, before = (model_with_everything(jit_compile=False) for _ in range(2))
    before.fit(X, Y, verbose=0, callbacks=[callbacks.GradientStats()])
    never.fit(X, Y, verbose=0)
    assert operations(before) == operations(never)


def test_gradient_stats_count_what_is_not_finite():
    model = Sequential([Dense(2, input_shape=(3,))])
    model.compile("sgd", lambda y, p: tf.reduce_sum(p, -1) * np.inf)
    history = model.fit(X, Y, verbose=0, callbacks=[callbacks.GradientStats(every=1)]).history
    assert history["nonfinite_gradients"] == [8.0]
    with pytest.raises(ValueError, match="every is a number of steps"):
        callbacks.GradientStats(every=0)


# ---------------------------------------------------------------- a run, and the command line


def test_the_report_of_a_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRACE", "1")
    (x, y), _, info = train.load("digits")
    monkeypatch.setattr(train, "load", lambda *_: ((x[:96], y[:96]), (x[96:192], y[96:192]), info))
    assert train.main("--model mlp --epochs 3 --report --out run".split()) == 0
    assert "report: run/report.html" in capsys.readouterr().out
    text = (tmp_path / "run/report.html").read_text(encoding="utf-8")
    for part in ("<svg", "accuracy by epoch", "gradient_norm by epoch", "learning_rate by epoch", "<td>layers.3</td>", "confusion matrix", "data:image/png", "said ",
                 "Multiply-adds", "tensorflow", "batch_size"):  # fmt: skip
        assert part in text, part
    assert not re.search(r"https?://|src=\"(?!data:)", text) and len(text) < 2**21
    assert "Equation" in (tmp_path / "run/step.html").read_text(encoding="utf-8")
    run = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert sum(map(sum, run["confusion"])) == 96


def test_a_report_needs_a_history_and_plots_matplotlib(tmp_path):
    with pytest.raises(FileNotFoundError):
        report(tmp_path)
    (tmp_path / "history.csv").write_text("epoch,loss,val_loss\n0,1.5,NA\n1,0.5,0.75\n")
    text = pathlib.Path(report(tmp_path)).read_text(encoding="utf-8")
    assert "validation" in text and "loss by epoch" in text
    if importlib.util.find_spec("matplotlib") is None:
        with pytest.raises(ImportError, match="plots"):
            report(tmp_path, plots=True)
    else:
        report(tmp_path, plots=True)
        assert (tmp_path / "loss.png").stat().st_size > 1000


@pytest.mark.parametrize("channels", [1, 3])
def test_png_is_read_back(channels):
    image = RNG.integers(0, 256, size=(5, 7, channels))
    image[0, 0], image[0, 1] = 0, 255
    np.testing.assert_array_equal(tf.io.decode_png(png(image)).numpy(), image)


WRONG = """
import tensorflow as tf
from engine import Layer


class Mine(Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, input_shape):
        self.w = tf.Variable(tf.random.normal((input_shape[-1], self.units)))
        self.b = tf.Variable(tf.zeros(self.units))

    def call(self, inputs):
        return tf.nn.relu(inputs @ self.w + self.b)


class Wrong(Layer):
    def call(self, inputs):
        return tf.stop_gradient(inputs) * inputs
"""


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        ("gradcheck layers:Dense --args units=4 activation=tanh --shape 3,5 --second-order", 0, "kernel"),
        ("gradcheck wrong_layer:Wrong --shape 3,5", 1, "WRONG"),
        ("gradcheck wrong_layer:Mine --args units=4 --shape 3,5", 0, "in float64"),
        ("parity Dense --args units=4 --shape 3,5", 0, "gradient of kernel"),
        ("parity wrong_layer:Mine --args units=4 --shape 3,5 --keras Dense units=4 activation=relu", 0, "gradient of w"),
        ("parity wrong_layer:Mine --args units=4 --shape 3,5 --keras Dense units=4", 1, "DIFFERENT"),
    ],
)
def test_the_command_line(arguments, status, says, tmp_path, monkeypatch, capsys):
    (tmp_path / "wrong_layer.py").write_text(WRONG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert command_line.main(arguments.split()) == status
    assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [("gradcheck layers:Dens --shape 3,5", "has no 'Dens'"), ("gradcheck Dense --args 4 --shape 3,5", "name=value"),
     ("gradcheck nowhere:Dense --shape 3,5", "nowhere"),
     ("parity Dens --shape 3,5", "has no 'Dens'"), ("parity Dense --args units=2 --shape 3,5 --keras Dens", "Keras has no layer 'Dens'"), ("report nowhere", "history.csv")],
)  # fmt: skip
def test_the_command_line_refuses(arguments, says, capsys):
    with pytest.raises(SystemExit) as end:
        command_line.main(arguments.split())
    assert end.value.code == 2 and says in capsys.readouterr().err


# ---------------------------------------------------------------- a mistake in a user's call


class Mistaken(Layer):
    def call(self, inputs):
        doubled = inputs * 2.0
        return doubled + {}["no such key"]


@pytest.mark.parametrize("eager", [False, True])
def test_the_traceback_ends_at_the_users_line(eager):
    model = Sequential([Dense(4), Mistaken(name="bad")], name="net")
    model.compile("sgd", "mse", run_eagerly=eager)
    with pytest.raises(KeyError, match="no such key") as caught:
        model.fit(X, Y, verbose=0)
    last = traceback.extract_tb(caught.tb)[-1]
    assert (last.name, last.line) == ("call", 'return doubled + {}["no such key"]')
    if hasattr(caught.value, "__notes__"):  # Python 3.11
        (note,) = caught.value.__notes__
        assert "'bad' at 'layers.1' of Sequential 'net', on inputs of shape" in note and ", 4)" in note


def test_a_debugger_stops_in_call_and_sees_numbers(monkeypatch):
    class Stopping(Layer):
        def call(self, inputs):
            doubled = inputs * 2.0
            breakpoint()
            return doubled

    typed, shown = io.StringIO("p doubled.numpy().tolist()\np self.name\nc\n" * 9), io.StringIO()
    debugger = pdb.Pdb(stdin=typed, stdout=shown, nosigint=True, readrc=False)
    monkeypatch.setattr(sys, "breakpointhook", lambda: debugger.set_trace(sys._getframe(1)))
    tracing = sys.gettrace()
    model = Sequential([Stopping(name="stops"), Dense(2)])
    model.compile("sgd", "mse", run_eagerly=True)
    try:
        model.fit(np.ones((2, 3)), np.ones((2, 2)), verbose=0)
    finally:
        sys.settrace(tracing)
    assert "[[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]" in shown.getvalue() and "'stops'" in shown.getvalue()
