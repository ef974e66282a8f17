"""Wrappers around a training step: what they do, in which order, and that the step itself knows nothing of any of them."""

import pathlib
import re

import numpy as np
import pytest
import tensorflow as tf

from engine import Model, Sequential
from engine.around import Around
from engine.callbacks import GradientStats, LambdaCallback
from layers import Dense

ROOT = pathlib.Path(__file__).parents[2]
X = np.ones((4, 1), "f4")


class Noting(Around):
    """Writes down what it is called for, adds 1 to all gradients and multiplies them."""

    def __init__(self, name, factor, notes):
        self.name, self.factor, self.notes = name, factor, notes

    def note(self, what):
        self.notes.append(f"{self.name} {what}")

    def begin(self, spec):
        self.note("begin")

    def step(self, step, data):
        self.note("step")
        logs = step(data)
        return {**logs, self.name: tf.constant(self.factor)}

    def gradients(self, find, loss, weights, again):
        self.note(f"gradients of {[weight.path for weight in weights]}")
        found = find()
        self.note("found them")
        return [gradient + 1 for gradient in found]

    def apply(self, update, gradients, rows):
        self.note("apply")
        update([(self.factor * gradient, variable) for gradient, variable in gradients], rows)

    def look(self, run):
        self.note(f"look {run.step}")


def line(**compiling):
    model = Sequential([Dense(1, use_bias=False, kernel_initializer="ones", input_shape=(1,))])
    model.compile("sgd", lambda y, y_pred: y_pred, **compiling)
    model.optimizer.learning_rate = 0.1
    return model


@pytest.mark.parametrize("compiling", [{"run_eagerly": True}, {"jit_compile": False}, {"jit_compile": True}])
def test_the_first_one_is_outermost_and_all_of_it_happens_in_the_step(compiling):
    model, notes = line(**compiling), []
    model.around_step.extend([Noting("a", 2.0, notes), Noting("b", 3.0, notes)])
    logs = model.train_on_batch(X, X, return_dict=True)
    of = "gradients of ['layers.0.kernel']"
    assert notes == ["a step", "b step", f"a {of}", f"b {of}", "b found them", "a found them", "a apply", "b apply"]
    assert logs == {"loss": 1.0, "a": 2.0, "b": 3.0}
    assert float(model.layers[0].kernel[0, 0]) == pytest.approx(1 - 0.1 * 2 * 3 * (1 + 2), rel=1e-6)


def test_fit_takes_out_what_it_and_its_callbacks_put_in_and_keeps_a_step_for_each_list():
    model, notes = line(jit_compile=False), []
    first = list(model.around_step)
    noting = Noting("a", 2.0, notes)
    put_in = LambdaCallback(on_train_begin=lambda logs: model.around_step.append(noting))
    histories = [model.fit(X, X, epochs=2, verbose=0, callbacks=callbacks, on_nan=on_nan).history
                 for callbacks, on_nan in ([[], None], [[put_in], None], [[GradientStats()], "raise"], [[put_in], None])]  # fmt: skip
    assert model.around_step == first
    assert ["a" in history for history in histories] == [False, True, False, True]
    assert notes.count("a step") == 1 and notes.count("a look 0") == 4  # traced once; one chunk in each of 2 · 2 epochs
    assert len(model.trace_report()) == 3
    assert float(model.layers[0].kernel[0, 0]) == pytest.approx(1 - 0.1 * (2 + 2 * 4 + 2 + 2 * 4), rel=1e-6)


def test_a_fit_that_fails_takes_them_out_too():
    def fail(logs):
        raise OSError("no more")

    model = line()
    first = list(model.around_step)
    with pytest.raises(OSError, match="no more"):
        model.fit(X, X, verbose=0, on_nan="raise", callbacks=[GradientStats(), LambdaCallback(on_train_begin=fail)])
    assert model.around_step == first


def test_a_callback_measures_the_model_that_it_is_with_now():
    shared, stats = Dense(1, use_bias=False, kernel_initializer="ones"), GradientStats(every=1)
    for scale in (1.0, 8.0):  # the weight and its path are the same, the optimizer is not
        model = Sequential([shared])
        model.compile("sgd", lambda y, y_pred: y_pred, jit_compile=False)
        model.optimizer.loss_scale_factor = scale
        history = model.fit(X, X, verbose=0, callbacks=[stats]).history
        assert history["gradient_norm"] == pytest.approx([1.0])


def test_a_step_of_ones_own_is_wrapped_by_its_verbs():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.head = Dense(1, use_bias=False, kernel_initializer="ones")

        def call(self, inputs):
            return self.head(inputs)

        def train_step(self, data):
            _, loss, gradients = self.step_gradients(data)
            self.apply_step(gradients)
            return {"loss": loss}

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return tf.reduce_sum(y_pred)

    model, notes = Own(), []
    model.compile("sgd", jit_compile=False)
    model(X)
    model.around_step.append(Noting("a", 2.0, notes))
    assert model.train_on_batch(X, return_dict=True) == {"loss": 4.0, "a": 2.0}
    assert notes == ["a step", "a gradients of ['head.kernel']", "a found them", "a apply"]


HEART = sorted((ROOT / "engine/core").glob("*.py"))


@pytest.mark.parametrize("path", HEART, ids=[path.stem for path in HEART])
def test_the_heart_does_not_name_what_is_around_it(path):
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"(?i)\w*(?:replica|strateg|guard|checkpoint|loss.scale|norms)\w*", text) == []
