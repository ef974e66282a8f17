"""Batches from Python are copied once, side by side, in memory that is used again: and nobody sees it written over."""

import gc

import numpy as np
import pytest
import tensorflow as tf

import engine
import layers
from engine.callbacks import Callback
from engine.data import stacked
from engine.small_parts.arrays import to_tensors

SIZE, STEPS = 16, 150  # 16 rows of 5 numbers are whole pieces of 64 bytes, so such batches can lie side by side


def data(rows=SIZE * STEPS):
    random = np.random.default_rng(0)
    return random.standard_normal((rows, 5), dtype="float32"), random.integers(0, 3, rows)


def model(shape=(5,), seed=3):
    engine.set_seed(seed)
    made = engine.Sequential([layers.Input(shape), layers.Dense(3, activation="softmax")])
    made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=True)
    return made


def batches(x, y, size=SIZE):
    return [(x[start : start + size], y[start : start + size]) for start in range(0, len(x), size)]


def trained(source, steps=STEPS, made=None, **settings):
    """(model, history) after an epoch of `source`."""
    made = made or model()
    return made, made.fit(source, steps_per_epoch=steps, verbose=0, **settings).history


def check_same(found, expected):
    (ours, history), (theirs, other) = found, expected
    assert history == other
    for one, two in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.fixture(scope="module")
def expected():
    made = model()
    x, y = data()
    return made, made.fit(x, y, batch_size=SIZE, shuffle=False, verbose=0).history


class Kept(Callback):
    """Keeps the last batch of each chunk, as it is and as it was."""

    def __init__(self):
        super().__init__()
        self.batches, self.values = [], []

    def on_ready(self, run):
        self.feed = run.feed

    def on_train_chunk_end(self, step, logs=None):
        for batch in [self.feed.example(), *self.feed.once_more()]:
            self.batches.append(batch)
            self.values.append([np.array(leaf) for leaf in batch])


class Stacks:
    """Notes all that is put together: whether it lay side by side, and where."""

    def __init__(self, monkeypatch):
        self.in_place, self.places = [], []
        share, lie_in = stacked.shared, stacked._lie_in

        def noted(array, leaves):
            self.in_place.append(lie_in(array, leaves))
            return self.in_place[-1]

        def shared(array):
            self.places.append(array.ctypes.data)
            return share(array)

        monkeypatch.setattr(stacked, "_lie_in", noted)
        monkeypatch.setattr(stacked, "shared", shared)


def test_batches_lie_side_by_side_in_memory_that_is_used_again(monkeypatch, expected):
    stacks = Stacks(monkeypatch)
    check_same(trained(iter(batches(*data()))), expected)
    assert sum(stacks.in_place) >= 2 * 4  # x and y of all chunks but the first ones
    gc.collect()
    assert len(set(stacks.places)) < len(stacks.places) / 1.5


def test_a_batch_that_was_kept_is_not_written_over(expected):
    kept = Kept()
    check_same(trained(iter(batches(*data())), callbacks=[kept]), expected)
    assert len(kept.batches) > STEPS
    for batch, values in zip(kept.batches, kept.values, strict=True):
        for leaf, value in zip(batch, values, strict=True):
            np.testing.assert_array_equal(leaf, value)


def test_a_kept_view_of_a_tensor_is_not_written_over():
    stack = stacked.Stack()
    views, values = [], []
    for chunk in range(6):
        made = []
        for number in range(4):
            stack.begin_batch()
            made.append((to_tensors(np.full((SIZE, 4), 10.0 * chunk + number, "float32"), "float32", new=stack.new),))
        (rows,), _ = stack.rows_of_all(made, 4)
        np.testing.assert_array_equal(rows[::SIZE, 0], 10.0 * chunk + np.arange(4))
        if chunk % 2:
            views.append(np.asarray(memoryview(made[2][0]))[3:])
            values.append(views[-1].copy())
        del made, rows
    np.testing.assert_array_equal(views, values)


def test_arrays_of_the_user_are_read_and_never_written(expected):
    x, y = data()
    given = [(one.copy(), two.copy()) for one, two in batches(x, y)]
    for array in (array for batch in given for array in batch):
        array.flags.writeable = False
    check_same(trained(iter(given)), expected)
    np.testing.assert_array_equal(np.concatenate([one for one, _ in given]), x)


def test_a_generator_may_write_into_one_array_again_and_again(expected):
    def source():
        x, y = np.empty((SIZE, 5), "float32"), np.empty(SIZE, np.int64)
        for one, two in batches(*data()):
            x[...], y[...] = one, two
            yield x, y

    check_same(trained(source()), expected)


def by_name(x, y):
    return [({"a": one, "b": -one} if number % 3 else {"b": -one, "a": one}, two) for number, (one, two) in enumerate(batches(x, y))]


def named_model():
    engine.set_seed(3)
    a, b = engine.Input((5,), name="a"), engine.Input((5,), name="b")
    made = engine.Model({"a": a, "b": b}, layers.Dense(3, activation="softmax")(layers.Concatenate()([a, b])))
    made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=True)
    return made


def test_names_in_another_order():
    x, y = data()
    made = named_model()
    history = made.fit({"a": x, "b": -x}, y, batch_size=SIZE, shuffle=False, verbose=0).history
    check_same(trained(iter(by_name(x, y)), made=named_model()), (made, history))


GIVEN = {
    "float64": lambda x, y: (x.astype("float64"), y),
    "another byte order": lambda x, y: (x.astype(">f4"), y.astype(">i8")),
    "columns first": lambda x, y: (np.asfortranarray(x), y),
    "tensors": lambda x, y: (tf.constant(x), tf.constant(y)),
    "x alone a tensor": lambda x, y: (tf.constant(x), y),
    "lists": lambda x, y: (x.tolist(), y),
    "a list": lambda x, y: [x, y],
}


@pytest.mark.parametrize("kind", GIVEN)
def test_what_is_given_makes_no_difference(kind, expected):
    check_same(trained(GIVEN[kind](*batch) for batch in batches(*data())), expected)


def test_kinds_that_change_from_batch_to_batch(expected):
    given = [list(GIVEN.values())[number // 7 % 5](*batch) for number, batch in enumerate(batches(*data()))]
    check_same(trained(iter(given)), expected)


def test_class_weights_and_sample_weights():
    x, y = data()
    weight = np.linspace(0, 1, len(x)).astype("float32")
    made = model()
    history = made.fit(x, y, batch_size=SIZE, shuffle=False, verbose=0, class_weight={0: 0.5, 1: 2.0, 2: 1.0}).history
    check_same(trained(iter(batches(x, y)), class_weight={0: 0.5, 1: 2.0, 2: 1.0}), (made, history))
    made = model()
    history = made.fit(x, y, batch_size=SIZE, sample_weight=weight, shuffle=False, verbose=0).history
    given = [(*batch, weight[number * SIZE : (number + 1) * SIZE]) for number, batch in enumerate(batches(x, y))]
    check_same(trained(iter(given)), (made, history))


def test_rows_of_one_number_become_columns():
    x, y = data()
    made = model((1,))
    history = made.fit(x[:, 0], y, batch_size=SIZE, shuffle=False, verbose=0).history
    check_same(trained(((one[:, 0], two) for one, two in batches(x, y)), made=model((1,))), (made, history))
