"""`predict` of arrays: many batches in one compiled call give what one batch at a time gives."""

import numpy as np
import pytest
import tensorflow as tf

import engine
import layers
from engine.callbacks import Callback
from engine.compilation import automatic, xla
from engine.data import stacked
from engine.data.slices import SlicedFeed


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """XLA from 8 batches of a size on, and pieces of four."""
    monkeypatch.setattr(xla, "FEW", 8)
    monkeypatch.setattr(xla, "FEW_HEAVY", 8)
    monkeypatch.setattr(stacked, "LOOP", 4)
    pieces, original = [], automatic.AutomaticStep.on_slices

    def on_slices(self, rows, size, first):
        pieces.append(first)
        return original(self, rows, size, first)

    monkeypatch.setattr(automatic.AutomaticStep, "on_slices", on_slices)
    return pieces


class OneByOne(Callback):
    """Wants to see every batch."""

    def __init__(self):
        self.seen = []

    def on_predict_batch_end(self, batch, logs=None):
        self.seen.append((batch, np.shape(tf.nest.flatten(logs["outputs"])[0])))


def both(model, x, **arguments):
    """What pieces give, and what single batches give."""
    watcher = OneByOne()
    together = model.predict(x, **arguments)
    single = model.predict(x, callbacks=[watcher], **arguments)
    return together, single, watcher.seen


@pytest.mark.parametrize("rows, expected", [(36, [0, 0, 3]), (35, [0, 0]), (48, [0, 0, 0]), (14, [])])
def test_pieces_give_what_single_batches_give(small, rows, expected):
    model = engine.Sequential([engine.Input((5,)), layers.Dense(3, "tanh"), layers.Dense(2)])
    x = np.random.normal(size=(rows, 5)).astype("float32")
    together, single, seen = both(model, x, batch_size=4)
    assert together.shape == (rows, 2) and small == expected
    np.testing.assert_allclose(together, single, rtol=1e-6, atol=1e-7)
    assert [number for number, _ in seen] == list(range(-(-rows // 4)))


def test_steps_end_it(small):
    model = engine.Sequential([engine.Input((5,)), layers.Dense(2)])
    x = np.random.normal(size=(80, 5)).astype("float32")
    assert model.predict(x, batch_size=4, steps=9).shape == (36, 2)
    assert small == [0, 0, 3]
    with pytest.warns(UserWarning, match="20 batches of 4, fewer than the 30 steps"):
        model.predict(x, batch_size=4, steps=30)


def test_nests_of_inputs_and_outputs(small):
    a, b = engine.Input((3,), name="a"), engine.Input((), name="b", dtype="int32")
    embedded = layers.Embedding(7, 3)(b)
    model = engine.Model({"a": a, "b": b}, {"sum": layers.Add()([a, embedded]), "code": embedded})
    x = {"a": np.random.normal(size=(40, 3)), "b": np.arange(40) % 7}  # float64 and int64: each becomes what the Input says
    together, single, _ = both(model, x, batch_size=4)
    assert small == [0, 0, 2] and set(together) == {"sum", "code"}
    for name in together:
        assert together[name].dtype == np.float32
        np.testing.assert_allclose(together[name], single[name], rtol=1e-6)


def test_an_axis_of_unknown_size(small):
    model = engine.Sequential([engine.Input((None, 3)), layers.Dense(2)])
    for steps in (6, 5):
        together, single, _ = both(model, np.random.normal(size=(36, steps, 3)).astype("float32"), batch_size=4)
        assert together.shape == (36, steps, 2)
        np.testing.assert_allclose(together, single, rtol=1e-6, atol=1e-7)
    assert small == [0, 0, 3] * 2


def test_a_stateful_layer_takes_the_batches_in_order(small):
    model = engine.Sequential([engine.Input(batch_shape=(2, 3, 1)), layers.GRU(4, stateful=True)])
    x = np.random.normal(size=(18, 3, 1)).astype("float32")
    together = model.predict(x, batch_size=2)
    model.layers[-1].reset_state()
    single = np.concatenate([model.predict_on_batch(x[start : start + 2]) for start in range(0, 18, 2)])
    assert small == [0, 0, 3]
    np.testing.assert_allclose(together, single, rtol=1e-5, atol=1e-6)


def test_outputs_without_equal_rows_come_batch_by_batch(small):
    class Numbers(engine.Model):
        def call(self, x):
            return tf.reduce_sum(x)

    with pytest.raises(ValueError, match="a single number for each batch"):
        Numbers().predict(np.ones((40, 2), "float32"), batch_size=4)

    class FewRows(engine.Model):
        def call(self, x):
            return x[:1]

    together, single, _ = both(FewRows(), np.arange(36.0).reshape(36, 1), batch_size=4)
    np.testing.assert_array_equal(together, single)
    assert small == [0, 0, 3] and together.ravel().tolist() == list(range(0, 36, 4))


@pytest.mark.parametrize("x", [tf.ones((8, 2)), [[1.0, 2.0]] * 8, np.ones((8, 2), bool), np.zeros((0, 2)), [np.ones((8, 2)), np.ones((7, 2))]])
def test_other_data_are_other_feeds(x):
    assert not SlicedFeed.takes(x, None)


def test_rows_are_not_copied_before(small, monkeypatch):
    """What is held at a time is one piece, whatever the number of rows."""
    most, original = [0], SlicedFeed._convert

    def convert(self, x):
        most[0] = max(most[0], len(x))
        return original(self, x)

    monkeypatch.setattr(SlicedFeed, "_convert", convert)
    model = engine.Sequential([engine.Input((5,)), layers.Dense(2)])
    assert model.predict(np.ones((400, 5), "float32"), batch_size=4).shape == (400, 2)
    assert most == [16]
