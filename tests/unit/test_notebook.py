"""What objects show in a notebook: HTML that is small and says what print() says; and a notebook, executed."""

import importlib.util
import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from engine import Sequential
from engine.callbacks.history import History
from engine.study import Summary, check_gradients, compare
from engine.study.differences import Comparison
from engine.study.gradcheck import GradientReport, Slope
from engine.study.notebook import LIMIT
from layers import Dense

X, Y = np.random.default_rng(0).normal(size=(32, 5)).astype("float32"), np.arange(32) % 3


def model_of(depth=1, name="<b>mine</b>"):
    model = Sequential([*(Dense(4, activation="relu") for _ in range(depth)), Dense(3, activation="softmax")], name=name)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def shown():
    """{kind: object} of what a notebook shows."""
    model = model_of()
    history = model.fit(X, Y, epochs=3, validation_split=0.25, verbose=0)
    return {
        "model": model, "summary": Summary(model), "history": history, "step": model.inspect_step(X, Y),
        "gradients": check_gradients(Dense(2, activation="tanh"), X), "not built": Sequential([Dense(2)]),
        "comparison": compare(Dense(3), keras.layers.Dense(3), X),
    }  # fmt: skip


WORDS = {
    "model": ["layers.0", "Parameters: 39"], "summary": ["Output shape", "Memory"], "history": ["<svg", "accuracy", "validation"],
    "step": ["layers.1.kernel", "data_loss", "Adam", "update/weight"], "gradients": ["kernel", "relative error", "right"],
    "not built": ["not built yet", "Dense"], "comparison": ["gradient of kernel", "theirs", "equal"],
}  # fmt: skip


def test_html_says_what_there_is():
    for kind, item in shown().items():
        text = item._repr_html_()
        assert len(text.encode()) <= LIMIT and all(word in text for word in WORDS[kind]), kind
        assert "<b>mine" not in text and "<script" not in text and "http" not in text, kind


def test_html_of_large_things_is_at_most_200_kb():
    deep = model_of(700, "deep")
    history = History()
    history.history = {f"{prefix}metric_{i}": list(np.linspace(0.1, 1, 20_000)) for i in range(60) for prefix in ("", "val_")}
    history.epoch = list(range(20_000))
    comparison = Comparison("x" * 10_000)
    for number in range(5000):
        comparison.add(f"quantity {number} " + "x" * 500, 1.0, 1.0, 0)
    slopes = [Slope(f"weight {n}", 1, (n,), 1.0, 1.0, 1.0, 0.0, "ok") for n in range(5000)]
    deep.build((None, 5))
    for item in (deep, Summary(deep), deep.inspect_step(X, Y), history, comparison, GradientReport("a", "float64", slopes)):
        text = item._repr_html_()
        assert 1000 < len(text.encode()) <= LIMIT, type(item).__name__
        assert " more " in text and "</div>" in text[-20:], type(item).__name__


def test_a_history_of_odd_values_is_shown():
    history = History()
    history.history = {"loss": [1.0, float("nan"), 2.0, 1.0], "val_loss": [1.0, 2.0], "matrix": [np.ones((2, 2))] * 4, "none": []}
    history.epoch = [0, 1, 2, 3]
    assert history._repr_html_().count('class="chart"') == 1
    assert "<svg" not in History()._repr_html_()


def test_summary_prints_once(capsys):
    model = model_of()
    model.build((None, 5))
    assert model.summary() is None
    printed = capsys.readouterr().out
    assert printed.count("Parameters: 39") == 1
    assert isinstance(model.summary(print_fn=None), Summary) and capsys.readouterr().out == ""


def test_plot_needs_matplotlib(monkeypatch):
    history = model_of().fit(X, Y, epochs=2, validation_split=0.25, verbose=0)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "matplotlib" else find(name))
    with pytest.raises(ImportError, match=r"^plots are drawn by matplotlib: pip install glassbox-engine\[plots\]$"):
        history.plot()


def test_plot():
    pytest.importorskip("matplotlib").use("Agg")
    axes = model_of().fit(X, Y, epochs=2, validation_split=0.25, verbose=0).plot()
    assert [item.get_title() for item in axes] == ["loss", "accuracy"]
    assert [line.get_label() for line in axes[0].get_lines()] == ["training", "validation"]


CELLS = [
    "import warnings; warnings.simplefilter('error')\nimport numpy as np\nfrom engine import Sequential\nfrom layers import Dense\n"
    "from engine.study import check_gradients, find_rate\n"
    "x = np.random.default_rng(0).normal(size=(640, 5)).astype('float32'); y = (x.sum(1) > 0).astype('int32')\n"
    "model = Sequential([Dense(8, activation='relu'), Dense(2, activation='softmax')])\n"
    "model.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy'])",
    "model",
    "history = model.fit(x, y, epochs=3, validation_split=0.25)",
    "history",
    "model.summary()",
    "model",
    "model.inspect_step(x[:32], y[:32])",
    "check_gradients(model, x[:4], y[:4])",
    "find_rate(model, x, y)",
]


@pytest.mark.skipif(any(importlib.util.find_spec(name) is None for name in ("nbconvert", "ipykernel")),
                    reason="nbconvert is not installed")  # fmt: skip
def test_a_notebook_runs_and_shows_them(tmp_path):
    cells = [{"cell_type": "code", "id": str(i), "metadata": {}, "outputs": [], "execution_count": None, "source": cell}
             for i, cell in enumerate(CELLS)]  # fmt: skip
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--output", "b.ipynb", str(tmp_path / "a.ipynb")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    notebook = json.loads((tmp_path / "b.ipynb").read_text())
    outputs = [cell["outputs"] for cell in notebook["cells"]]
    html = ["".join(item["data"]["text/html"]) for found in outputs for item in found if "text/html" in item.get("data", {})]
    for words, text in zip(["not built yet", "validation", "Parameters:", "One step of", "Gradients of", "Suggestion"], html, strict=True):
        assert words in text
    kinds = [item["output_type"] for item in outputs[4]]
    assert kinds == ["stream"] and "".join(outputs[4][0]["text"]).count("Parameters:") == 1
    bar = str(outputs[2]) + str(notebook["metadata"].get("widgets"))  # of text, or a widget
    assert "Epoch 3/3" in bar and "val_accuracy=" in bar and "Warning" not in bar
