"""The bar on a terminal: the metrics are whole, and what is less needed gives way to them."""

import fcntl
import io
import os
import pty
import re
import struct
import sys
import termios

import numpy as np
import pytest

from engine import Sequential
from engine.callbacks import progress
from layers import Dense

X, Y = np.ones((64, 3), "float32"), np.arange(64) % 4
METRICS = ["accuracy", "sparse_top_k_categorical_accuracy"]


def shown(columns, monkeypatch, metrics, **options):
    """What fit writes on a terminal so wide, as the lines that were drawn one over another."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    monkeypatch.delenv("COLUMNS", raising=False)
    model = Sequential([Dense(4, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=METRICS[:metrics], run_eagerly=True)
    with open(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        model.fit(X, Y, batch_size=16, **options)
        monkeypatch.undo()
        terminal.flush()
        text = os.read(master, 2**20).decode()
    os.close(master)
    return [line.rstrip() for line in re.split(r"[\r\n]+", text.replace("\x1b[A", "")) if line.strip()]


WHOLE = re.compile(r"(\w+=[\d.e+-]+)(, \w+=[\d.e+-]+)*(, \.\.\.)?\]?$|\[.*step/s\]?$|\?step/s\]?$|\[\d\d:\d\d\]$|\d/4$")


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
@pytest.mark.parametrize("metrics", [0, 1, 2])
def test_metrics_are_whole_at_every_width(columns, metrics, monkeypatch):
    lines = shown(columns, monkeypatch, metrics, epochs=2, validation_split=0.5)
    names = ["loss", *METRICS[:metrics]]
    ends = [line for line in lines if "val_loss=" in line]
    assert len(ends) >= 2
    for line in ends:
        assert all(re.search(rf"\b{prefix}{name}=[\d.]+", line) for name in names for prefix in ("", "val_")), line
    for line in lines:
        assert len(line) <= columns or "val_loss=" in line, line
        if "0%|" not in line:
            assert WHOLE.search(line), line


def test_rate_and_bar_give_way_first(monkeypatch):
    wide, middle, narrow = (shown(columns, monkeypatch, 1, epochs=1)[-1] for columns in (120, 75, 52))
    assert "step/s" in wide and "%|" in wide
    assert "step/s" not in middle and "%|" in middle
    assert "%|" not in narrow and "accuracy=" in narrow


class OutStream(io.StringIO):
    """As a notebook's kernel puts it in the place of the standard output."""

    __module__ = "ipykernel.iostream"


def test_a_notebook_has_a_bar_and_a_pipe_lines(monkeypatch):
    for stream, as_bar in ((OutStream(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stdout", stream)
        assert progress.ProgressBar("auto").as_bar == as_bar
        assert progress.ProgressBar(1).as_bar and not progress.ProgressBar(2).as_bar
