"""Hints of the public functions and methods: complete, right by mypy, and of use to a program that imports this project."""

import configparser
import inspect
import pathlib
import re
import subprocess
import sys
import types

import pytest

import losses
from engine import Layer, Model, Sequential, study
from engine.callbacks import Callback
from engine.metrics import Mean, Metric
from engine.optimizers import Optimizer

ROOT = pathlib.Path(__file__).parents[1]
CLASSES = [Model, Sequential, Layer, Optimizer, losses.Loss, Metric, Mean, Callback,
           study.Summary, study.gradcheck.GradientReport, study.parity.Comparison]  # fmt: skip


def functions_of(cls):
    """(name, function) for each public method, property and constructor."""
    for name in dir(cls):
        item = inspect.getattr_static(cls, name)
        function = item.__func__ if isinstance(item, (classmethod, staticmethod)) else getattr(item, "fget", item)
        if (not name.startswith("_") or name in ("__call__", "__init__")) and isinstance(function, types.FunctionType):
            yield f"{cls.__name__}.{name}", inspect.unwrap(function)


def without_hints(name, function):
    """What of a function has no hint: its arguments, "return"."""
    parameters = list(inspect.signature(function).parameters.values())
    bound = 1 if "." in name else 0
    missing = [parameter.name for parameter in parameters[bound:] if parameter.annotation is inspect.Parameter.empty]
    returns = inspect.signature(function).return_annotation is inspect.Signature.empty
    return missing + ["return"] * (returns and not name.endswith("__init__"))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_public_methods_have_complete_hints(cls):
    found = {name: without_hints(name, function) for name, function in functions_of(cls)}
    assert {name: missing for name, missing in found.items() if missing} == {}


@pytest.mark.parametrize("name", study.__all__)
def test_functions_of_study_have_complete_hints(name):
    item = getattr(study, name)
    if not inspect.isclass(item):
        assert without_hints(name, inspect.unwrap(item)) == []


def test_the_check_finds_what_is_missing():
    class Half:
        def method(self, a: int, b, *c: int, **d) -> None: ...

        @property
        def value(self): ...

    found = {name: without_hints(name, function) for name, function in functions_of(Half)}
    assert found == {"Half.method": ["b", "d"], "Half.value": ["return"]}


def test_py_typed_is_installed():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    for package in ("losses", "engine", "layers"):
        assert (ROOT / package / "py.typed").exists()
        assert "py.typed" in config["options.package_data"][package]


# ---- mypy -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """A function of a directory and arguments: the lines that mypy prints there."""
    pytest.importorskip("mypy", reason="needs pip install mypy")
    cache = tmp_path_factory.mktemp("mypy")

    def run(directory, *arguments):
        command = [sys.executable, "-m", "mypy", "--cache-dir", str(cache), *arguments]
        found = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=300)
        assert found.returncode in (0, 1), found.stderr
        return found.stdout.splitlines()

    return run


def test_mypy_finds_nothing_here(mypy):
    assert [line for line in mypy(ROOT) if not line.startswith("Success")] == []


RIGHT = '''
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

import losses
from engine import Input, Layer, Model, Sequential, callbacks, metrics, optimizers
from engine.callbacks import History
from engine.study import check_gradients, compare, inspect_step, record_run, report, unchanged
from layers import Dense, Dropout


class Scores(Layer):
    def __init__(self, units: int, name: str | None = None) -> None:
        super().__init__(name=name)
        self.units = units

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="zeros", regularizer="l2")

    def call(self, query: tf.Tensor, keys: tf.Tensor, training: bool = False) -> tf.Tensor:
        self.add_metric(tf.reduce_mean(query), name="mean")
        return query @ self.w + keys


class Classifier(Model):
    def __init__(self) -> None:
        super().__init__()
        self.head = Dense(2)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return self.head(inputs)

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        return super().train_step(data)


class Absolute(losses.Loss):
    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        return tf.abs(y_true - y_pred)


class Largest(metrics.Metric):
    def update_state(self, y_true: tf.Tensor, y_pred: tf.Tensor, sample_weight: tf.Tensor | None = None) -> None: ...

    def result(self) -> tf.Tensor:
        return tf.constant(0.0)


class SignDescent(optimizers.Optimizer):
    def new_values(self, variable: tf.Tensor, gradient: tf.Tensor, learning_rate: tf.Tensor) -> tuple[tf.Tensor]:
        return (variable - learning_rate * tf.sign(gradient),)


class Momentum(optimizers.Optimizer):
    def new_values(
        self, variable: tf.Tensor, gradient: tf.Tensor, learning_rate: tf.Tensor, velocity: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return variable, velocity


class Stop(callbacks.Callback):
    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.model.stop_training = epoch > 3


def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    yield np.ones((2, 3)), np.ones((2, 1))


x, y = np.ones((8, 3)), np.ones((8, 1))
model = Sequential([Dense(4, activation="relu"), Dropout(0.1), Dense(1)])
functional = Model(Input((3,)), Dense(1)(Input((3,))), name="f")
for each in (model, functional, Classifier()):
    each.compile(optimizers.Adam(0.01), losses.MeanSquaredError(), metrics=["mae", metrics.Mean()], jit_compile=False)
    each.compile("adam", {"a": "mse"}, loss_weights={"a": 0.5}, metrics={"a": ["mae"]})
    each.compile("adam", lambda y_true, y_pred: tf.abs(y_true - y_pred))
    each.compile(optimizers.SGD, losses.MeanSquaredError, loss_weights=[1, 2], metrics="mae")
    each.compile(optimizers.Adam(optimizers.schedules.CosineDecay(0.1, 10)), losses.mse, [metrics.AUC(), metrics.binary_accuracy])
history: History = model.fit(x, y, 32, epochs=3, callbacks=[Stop(), callbacks.EarlyStopping()], class_weight={0: 1.0})
model.fit(tf.data.Dataset.from_tensor_slices((x, y)), validation_data=(x, y), validation_freq=[1, 2], verbose=0)
model.fit(batches(), steps_per_epoch=1, callbacks=Stop())
last: float = history.history["loss"][-1]
loss, accuracy = model.evaluate(x, y, verbose=0)
shape: tuple[int, ...] = model.predict(x).shape
layer: Layer = model.get_layer(index=0)
names: list[str] = [name for name, _ in model.named_layers()] + model.metrics_names
count: int = model.count_params()
arrays: list[np.ndarray] = model.get_weights()
model.save("model.safetensors")
model.summary()
optimizers.SGD(0.1).apply_gradients(zip([tf.constant(1.0)], model.trainable_weights))
with unchanged(model):
    model(x, training=True)
ok: bool = check_gradients(model, x, second_order=False).ok
compare(layer, layer, x, tolerance=1e-6).raise_if_different()
path: str = inspect_step(model, x, y).to_html("step.html")
record_run("run", model, x, y, {"a": 1})
report("run", plots=True)
'''

WRONG = {  # a line: the kind of mistake that mypy finds
    'model.fit(x, epochs="3")': "arg-type",
    "model.fit(x, batch_size=1.5)": "arg-type",
    "model.fit(x, callbacks=[3])": "list-item",
    "model.fit(x, epoch=3)": "call-arg",
    'model.fit(x, validation_split="half")': "arg-type",
    "model.compile(optimizer=3)": "arg-type",
    'model.compile("adam", loss=5)': "arg-type",
    'model.compile("adam", run_eagerly="yes")': "arg-type",
    "loss: str = model.fit(x)": "assignment",
    'model.get_layer(index="0")': "arg-type",
    "Sequential(3)": "arg-type",
    "Layer(name=3)": "arg-type",
    "Model(name=3)": "arg-type",
    "model.add(3)": "arg-type",
    "model.save(3)": "arg-type",
    "count: str = model.count_params()": "assignment",
    'callbacks.Callback().on_epoch_end("1")': "arg-type",
    "losses.Loss(reduction=3)": "arg-type",
    "metrics.Metric(name=3)": "arg-type",
    'optimizers.Optimizer(0.1, clipnorm="1")': "arg-type",
    "check_gradients(3, x)": "arg-type",
    'check_gradients(model, x, seed="1")': "arg-type",
    'compare(model, model, x, tolerance="small")': "arg-type",
    "inspect_step(3, x)": "arg-type",
    "report(3)": "arg-type",
    "class Mine(callbacks.Callback):\n    def on_epoch_end(self, epoch: str, logs: None = None) -> None: ...": "override",
    "class Mine(losses.Loss):\n    def call(self, y_true: tf.Tensor) -> tf.Tensor: ...": "override",
}
HEAD = "\n".join(line for line in RIGHT.splitlines() if line.startswith(("from", "import"))) + (
    "\nx = np.ones((8, 3))\nmodel = Sequential([Dense(1)])\n"
)


(INI,) = re.findall(r"^```ini\n(.*?)^```$", (ROOT / "docs/recipes.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture
def user(tmp_path):
    """A directory with the settings of docs/recipes.md, for programs; what is wrong in this project is not their matter."""
    (tmp_path / "mypy.ini").write_text(f"{INI}mypy_path = {ROOT}\nfollow_imports = silent\n")
    return tmp_path


@pytest.mark.parametrize("options", [(), ("--strict",)], ids=["usual", "strict"])
def test_a_right_program_passes(options, user, mypy):
    (user / "program.py").write_text(RIGHT)
    assert mypy(user, *options, "program.py") == ["Success: no issues found in 1 source file"]


def test_mistakes_are_found(user, mypy):
    for index, line in enumerate(WRONG):
        (user / f"wrong_{index}.py").write_text(f"{HEAD}{line}\n")
    printed = mypy(user, ".")
    for index, (line, kind) in enumerate(WRONG.items()):
        assert any(text.startswith(f"wrong_{index}.py") and text.endswith(f"[{kind}]") for text in printed), (line, printed)
