"""Each kind of data has its Feed, found without the others knowing of it, and what a Feed does by itself is enough."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Sequential, callbacks, set_seed
from engine.small_parts import feed
from engine.small_parts.batch import relax
from engine.small_parts.feed import Feed, make_feed
from layers import Dense

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(10, 3)).astype("float32"), RNG.normal(size=(10, 2)).astype("float32")


def model_of(eager=False):
    set_seed(0)
    model = Sequential([Dense(2)])
    model.build((None, 3))
    model.compile("adam", "mse", run_eagerly=eager, jit_compile=False)
    return model


class Sequence:
    """Known by its methods alone, as Keras's is."""

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return X[4 * index : 4 * index + 4], Y[4 * index : 4 * index + 4]


DATA = {
    "array": (X, "ArrayFeed"),
    "lists": (X.tolist(), "ArrayFeed"),
    "dict": ({"input_layer": X}, "ArrayFeed"),
    "pipeline": (tf.data.Dataset.from_tensors((X, Y)), "DatasetFeed"),
    "iterator": (iter(tf.data.Dataset.from_tensors((X, Y))), "PythonFeed"),
    "generator": (((X, Y) for _ in range(2)), "PythonFeed"),
    "sequence": (Sequence(), "PythonFeed"),
    "numpy iterator": (tf.data.Dataset.from_tensors((X, Y)).as_numpy_iterator(), "PythonFeed"),
}


@pytest.mark.parametrize("name", DATA)
def test_the_feed_of_each_kind_of_data(name):
    data, kind = DATA[name]
    assert type(make_feed(model_of(), data)).__name__ == kind


@pytest.mark.parametrize("name", ["array", "pipeline", "sequence"])
def test_every_feed_answers_all_that_is_asked(name):
    model = model_of()
    data = {"array": (X, Y), "pipeline": (tf.data.Dataset.from_tensor_slices((X, Y)).batch(4),), "sequence": (Sequence(),)}
    source = make_feed(model, *data[name], batch_size=4 if name == "array" else None)
    source.start(0)
    step = model.compiled_step("train", source.spec)
    assert source.run(step, 1)[1] == 1
    for x, y in (source.batch(0), source.example()):
        np.testing.assert_array_equal(x, X[:4])
        np.testing.assert_array_equal(y, Y[:4])
    rest = list(source.batches())
    assert source.steps == 3 and [len(x) for x, _ in rest] == [4, 2] and source.next() is None
    assert source.position == 3 and source.run(step, 5) == (None, 0)
    source.set_state(source.get_state())
    assert (source.targets is None) == (name != "array") == (not source.keeps_batches)


class Table:
    """Data of a kind that nothing knows of."""


class TableFeed(Feed):
    """As little as a Feed can be."""

    accepted = "a Table"

    def __init__(self, prepare, x, y, sample_weight, batch_size, shuffle, steps):
        self.data = [prepare((tf.constant(X[start : start + 4]), tf.constant(Y[start : start + 4]))) for start in (0, 4, 8)]
        self.spec = relax(self.data[0])

    @classmethod
    def takes(cls, x, model):
        return isinstance(x, Table)

    def start(self, epoch, step=0):
        self.position = step

    def next(self):
        self.position += 1
        return self.data[self.position - 1] if self.position <= 3 else None


@pytest.mark.parametrize("eager", (True, False))
def test_a_kind_of_data_of_ones_own(eager, monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="was given <.*Table object"):
        model_of().predict(Table())
    monkeypatch.setattr(feed, "_kinds", list(feed._kinds))
    feed.register(TableFeed)
    with pytest.raises(ValueError, match="Pass x: arrays, .*, a Table"):
        model_of().predict(None)
    one, other = model_of(eager), model_of(eager)
    expected = one.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0, validation_data=(X, Y),
                       validation_batch_size=4).history  # fmt: skip
    found = other.fit(Table(), epochs=3, verbose=0, validation_data=Table(), on_nan="raise",
                      callbacks=[callbacks.Checkpoint(tmp_path)]).history  # fmt: skip
    assert found == expected
    assert other.evaluate(Table(), verbose=0) == one.evaluate(X, Y, batch_size=4, verbose=0)
    np.testing.assert_array_equal(other.predict(Table()), one.predict(X, batch_size=4))
