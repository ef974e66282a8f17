"""What fit, evaluate, predict and callbacks show: in a terminal, into a pipe, when told to be silent."""

import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
import tensorflow as tf
from test_callbacks import X, Y, fit, small

from engine import Model, Sequential, callbacks
from layers import Dense


def test_one_line_per_epoch_into_a_pipe(capsys):
    fit(small(metrics=["mae"]), epochs=2, verbose="auto", validation_split=0.2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for epoch, line in enumerate(lines):
        assert line.startswith(f"Epoch {epoch + 1}/2 - 2 steps, ")
        assert all(f"{name}=" in line for name in ("loss", "mae", "val_loss", "val_mae")) and "\r" not in line


def test_silence_and_evaluate(capsys):
    model = small()
    fit(model)
    model.evaluate(X, Y, verbose=0)
    model.predict(X)
    out = capsys.readouterr()
    assert out.out == "" and out.err == ""
    model.evaluate(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 and lines[0].startswith("Evaluate - 1 steps") and "loss=" in lines[0]


def test_a_bar(capsys):
    fit(small(), epochs=2, verbose=1)
    out = capsys.readouterr().out
    assert "Epoch 1/2" in out and "3/3" in out and "loss=" in out and out.count("Epoch 2/2") >= 1


def test_a_bar_of_predict_as_that_of_evaluate(capsys):
    model = Sequential([Dense(2)])  # nor is compile() needed
    quiet = model.predict(X, batch_size=4)
    assert capsys.readouterr().out == ""
    bar = model.predict(X, batch_size=4, verbose=1)
    out = capsys.readouterr().out
    assert "Predict" in out and "3/3" in out
    np.testing.assert_array_equal(quiet, bar)
    for verbose in (2, "auto"):  # "auto": this is no terminal
        model.predict(X, batch_size=4, verbose=verbose)
        (line,) = capsys.readouterr().out.splitlines()
        assert re.fullmatch(r"Predict - 3 steps, \d+\.\ds", line)


def test_terms_are_in_the_history_and_not_on_the_screen(capsys):
    model = Sequential([Dense(2, kernel_regularizer="l2")])
    model.compile("sgd", "mse", run_eagerly=True)
    history = fit(model, verbose=2)
    assert "layers.0.kernel.regularizer" in history.history and "regularizer" not in capsys.readouterr().out


def test_an_own_loss_name_is_shown(capsys):
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(2)

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            return {"my_number": tf.constant(3.25)}

    model = Own()
    model.compile(run_eagerly=True)
    fit(model, verbose=2)
    assert "my_number=3.25" in capsys.readouterr().out


def test_verbose_callbacks_say_what_they_do(capsys, tmp_path):
    model = small(rate=0.0)
    fit(
        model,
        callbacks.EarlyStopping("loss", patience=3, verbose=1),
        callbacks.ReduceLROnPlateau("loss", patience=1, verbose=1),
        callbacks.LearningRateScheduler(lambda epoch: 1e-9, verbose=1),
        callbacks.ModelCheckpoint(tmp_path / "w.safetensors", save_weights_only=True, verbose=1),
        epochs=9, shuffle=False,
    )  # fmt: skip
    out = capsys.readouterr().out
    for part in ("Stopped after epoch 4", "learning rate 1e-09 -> 1e-10", "Epoch 1: learning rate 1e-09", "saved "):
        assert part in out


def test_ctrl_c_leaves_a_usable_model():
    model, seen = small(run_eagerly=False), []

    def interrupt(batch, logs):
        seen.append(batch)
        if batch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(model, callbacks.LambdaCallback(on_train_batch_end=interrupt))
    assert seen == [0, 1] and int(model.optimizer.iterations) == 2
    assert np.isfinite(fit(model).history["loss"][0])


@pytest.mark.slow
def test_output_of_a_real_process_without_a_terminal():
    code = (
        "import numpy as np\nfrom engine import Sequential\nfrom layers import Dense\n"
        "m = Sequential([Dense(1)])\nm.compile('sgd', 'mse')\nm.fit(np.ones((64, 3)), np.ones((64, 1)), epochs=3)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert [line[:9] for line in done.stdout.splitlines()] == ["Epoch 1/3", "Epoch 2/3", "Epoch 3/3"]


def test_no_callback_warns_by_itself():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(small(), callbacks.TerminateOnNaN(), callbacks.EarlyStopping("loss"), callbacks.LambdaCallback())
