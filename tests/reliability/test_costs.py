"""What a description costs: one account for a whole load, time that is linear, messages that are short."""

import json
import os
import pathlib
import re
import subprocess
import sys
import time

import costly
import pytest
from corpus import dense, described, layer

from engine import Input, Model, Sequential
from engine.saving import FileError, limits, load_model, load_weights, model_from_json
from engine.small_parts.account import Account, Overdrawn, opened, spend
from layers import GRU, LSTM, Add, BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D, ReLU, SimpleRNN

ROOT = pathlib.Path(__file__).parents[2]
FUZZED = 2000


# ---- the account --------------------------------------------------------------------------------


def test_the_sum_counts_and_nothing_is_paid_back():
    spend("outside of a load", memory=1 << 60, steps=1 << 60)
    with opened(Account(memory=100, steps=10)):
        for _ in range(10):
            spend("a part", memory=10, steps=1)
        spend("a debt", memory=-1000, steps=-1000)
        with pytest.raises(Overdrawn, match="more memory than it may: one more"):
            spend("one more", memory=1)
        with pytest.raises(Overdrawn):  # and it stays so
            spend("nothing")
    with opened(Account(memory=100, steps=10)), pytest.raises(Overdrawn, match="more work"):
        spend("no number", steps=float("nan"))


def residual():
    inputs = hidden = Input((16, 16, 3))
    for index in range(20):
        new = ReLU()(BatchNormalization()(Conv2D(4, 3, padding="same")(hidden)))
        hidden = Add()([new, hidden]) if index else new
    return Model(inputs, GlobalAveragePooling2D()(hidden))


def test_honest_models_stay_far_below(tmp_path):
    backbone = residual()
    left, right = Input((16, 16, 3)), Input((16, 16, 3))
    twice = Model([left, right], Add()([backbone(left), backbone(right)]))
    unrolled = Sequential([Input((100, 5)), LSTM(4, unroll=True)])
    for model in (twice, unrolled):
        model.save(tmp_path / "m")
        assert load_model(tmp_path / "m").count_params() == model.count_params()


@pytest.mark.parametrize("kind", [SimpleRNN, GRU, LSTM])
def test_unrolled_loops_load_up_to_the_length_that_is_said(kind, tmp_path, figure):
    """In the smallest file that has one, whose account is the smallest."""
    said = int(re.search(r"unrolled over more than (\d+) steps", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))[1])

    def loads(steps):
        Sequential([Input((steps, 1)), kind(1, unroll=True)]).save(tmp_path / "m")
        try:
            load_model(tmp_path / "m")
        except FileError as error:
            assert "more work than it may" in str(error)
            return False
        return True

    assert loads(said)
    if kind is LSTM:
        too_long = said * 3 // 2
        assert not loads(too_long)  # what is said is about what is
        figure("The longest unrolled LSTM in a small file of a model", f"{said} steps load, {too_long} are refused")


def test_calls_of_a_nested_model_are_counted(tmp_path, monkeypatch):
    """Each of the 8 calls of the innermost layer, though it is defined once."""
    left = []

    class Seen(Account):
        def __init__(self, memory, steps):
            super().__init__(memory, steps)
            left.append((self, steps))

    monkeypatch.setattr(limits, "Account", Seen)

    def spent(levels):
        (tmp_path / "m").write_bytes(costly.sealed({}, b"", costly.doubled(levels, layer("ReLU"))))
        load_model(tmp_path / "m")
        account, steps = left.pop()
        return steps - account.steps

    costs = [spent(levels) for levels in (2, 3, 4, 5)]
    assert all(later > 1.7 * earlier for earlier, later in zip(costs, costs[1:])), costs


@pytest.mark.parametrize("number", [20_000, 60_000])
def test_many_layers_take_at_most_a_fifth_of_a_millisecond_each(number):
    config = {"name": "s", "layers": [dense() for _ in range(number)]}
    began = time.process_time()
    model = Sequential.from_config(config)
    assert (time.process_time() - began) / number < 2e-4
    assert len(model._layers) == number


# ---- messages -----------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [["n" * (2 << 20)] + [f"a{i}" for i in range(1000)], [f"a{i}" for i in range(30_000)]])
def test_messages_are_short_and_say_how_much_is_left_out(names, tmp_path):
    path = tmp_path / "w"
    path.write_bytes(costly.sealed({name: {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for name in names}, kind="weights"))
    model = Sequential([Dense(2, input_shape=(3,))])
    with pytest.raises(FileError, match=f"and {len(names) + 2 - 20} more") as caught:
        load_weights(model, path)
    assert len(str(caught.value)) < 4000
    misfits = load_weights(model, path, strict=False)
    assert len(misfits) == len(names) + 2 and len(str(misfits)) < 20_000


def test_the_cause_of_a_long_message_is_left_out(tmp_path):
    long = "n" * 100_000
    (tmp_path / "m").write_bytes(costly.with_model(described(layer(long))))
    with pytest.raises(FileError, match=r"characters left out") as caught:
        load_model(tmp_path / "m")
    assert caught.value.__cause__ is None and len(str(caught.value)) < 4000


# ---- model_from_json ----------------------------------------------------------------------------


@pytest.mark.parametrize("text", [
    "null", "3", "[]", "{}", '"Dense"', "{", "[" * 100_000, json.dumps({"class_name": "Sequential", "config": {}}), json.dumps(dense()),
    json.dumps(described(dense(units=2**40))["model"]), json.dumps(described(dense(units=10**30))["model"]),
    json.dumps(costly.doubled(24, layer("ReLU"))["model"]), json.dumps(described(dense(n="n" * 10**6))["model"]),
], ids=lambda text: text[:20])  # fmt: skip
def test_what_is_no_model_as_json(text):
    with pytest.raises(FileError, match="No model can be made from this JSON") as caught:
        model_from_json(text)
    assert len(str(caught.value)) < 4000


# ---- random configs -----------------------------------------------------------------------------


@pytest.mark.slow
def test_2000_random_configs(tmp_path, figure):
    """In a process with a limit of memory and of processor time; a crash would say at which config."""
    command = [sys.executable, str(ROOT / "tests/reliability/fuzzed_configs.py"), str(tmp_path), "0", str(FUZZED)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, f"config {(tmp_path / 'last').read_text()}: {run.stderr[-2000:]}"
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["wrong"] == {}
    assert found["loaded"] > FUZZED // 50 and found["loaded"] + found["refused"] == FUZZED
    figure("Random configs with hostile numbers", f"2,000: {found['loaded']} loaded, {found['refused']} refused with FileError; the "
           f"slowest took {found['slowest']:.1f} s, the largest {found['largest'] >> 20} MiB")  # fmt: skip
