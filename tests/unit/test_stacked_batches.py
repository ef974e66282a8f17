"""Batches from Python, several at once in a compiled loop: nothing shows but the time."""

import numpy as np
import pytest
import tensorflow as tf

import engine
import layers
from engine.callbacks import Callback
from engine.data import PyDataset, stacked

SIZE, STEPS = 8, 70


def data(rows=SIZE * STEPS):
    random = np.random.default_rng(0)
    return random.standard_normal((rows, 5), dtype="float32"), random.integers(0, 3, rows)


def model(*hidden, seed=3, shape=(5,)):
    engine.set_seed(seed)
    made = engine.Sequential([layers.Input(shape), *hidden, layers.Dense(3, activation="softmax")])
    made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


def batches(x, y, size=SIZE):
    return [(x[start : start + size], y[start : start + size]) for start in range(0, len(x), size)]


class Chunks(Callback):
    def __init__(self):
        super().__init__()
        self.ends = []

    def on_train_chunk_end(self, step, logs=None):
        self.ends.append(step)


@pytest.mark.parametrize("rows", [SIZE * STEPS, SIZE * STEPS + 3], ids=["whole batches", "a last one of three"])
@pytest.mark.parametrize("jit", [True, False])
def test_the_same_numbers_as_from_arrays(rows, jit):
    x, y = data(rows)
    ours, theirs = model(layers.Dropout(0.3, seed=5)), model(layers.Dropout(0.3, seed=5))
    ours.jit_compile = theirs.jit_compile = jit
    found = ours.fit(batches_again(x, y), epochs=2, verbose=0).history
    expected = theirs.fit(x, y, batch_size=SIZE, epochs=2, shuffle=False, verbose=0).history
    assert found == expected
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert ours.evaluate(batches_again(x, y), verbose=0) == theirs.evaluate(x, y, batch_size=SIZE, verbose=0)


def batches_again(x, y):
    class Again(PyDataset):
        def __len__(self):
            return len(batches(x, y))

        def __getitem__(self, index):
            return batches(x, y)[index]

    return Again(workers=2)


def test_python_looks_up_less_often_than_there_are_batches():
    chunks = Chunks()
    model().fit(iter(batches(*data())), steps_per_epoch=STEPS, verbose=0, callbacks=[chunks])
    assert chunks.ends[-1] == STEPS
    assert len(chunks.ends) < STEPS / 2


def test_a_generator_is_asked_for_no_batch_beyond_the_epoch():
    x, y = data()
    asked = []

    def endless():
        while True:
            for number, batch in enumerate(batches(x, y)):
                asked.append(number)
                yield batch

    trained = model()
    source = endless()
    trained.fit(source, steps_per_epoch=45, verbose=0)
    assert len(asked) == 45
    trained.fit(source, steps_per_epoch=45, epochs=2, verbose=0)
    assert len(asked) == 135


def test_per_batch_callbacks_see_each_batch_before_the_next_is_made():
    x, y = data()
    order = []

    def source():
        for number, batch in enumerate(batches(x, y)):
            order.append(("made", number))
            yield batch

    class Ends(Callback):
        def on_train_batch_end(self, batch, logs=None):
            order.append(("trained", batch))

    model().fit(source(), steps_per_epoch=STEPS, verbose=0, callbacks=[Ends()])
    for number in range(STEPS - 2):
        assert order.index(("trained", number)) < order.index(("made", number + 2))


def test_batches_of_other_sizes_and_lengths_stand_between():
    random = np.random.default_rng(1)
    lengths = random.integers(3, 6, 90).repeat(2)
    given = [(random.standard_normal((4 + number % 5 // 4, length, 5), dtype="float32"), random.integers(0, 3, 4 + number % 5 // 4))
             for number, length in enumerate(lengths)]  # fmt: skip
    ours, theirs = (model(layers.GlobalAveragePooling1D(), shape=(None, 5)) for _ in range(2))
    ours.fit(iter(given), steps_per_epoch=len(given), verbose=0)
    for x, y in given:
        theirs.train_on_batch(x, y)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_a_wrong_label_in_the_midst_is_named():
    x, y = data()
    y[SIZE * 40 + 2] = 7
    with pytest.raises(ValueError, match="7"):
        model().fit(iter(batches(x, y)), steps_per_epoch=STEPS, verbose=0)


def test_what_a_generator_gave_before_it_failed_is_trained():
    x, y = data()

    def source():
        yield from batches(x, y)
        raise OSError("the disk is gone")

    ours, theirs = model(), model()
    with pytest.raises(OSError, match="the disk is gone"):
        ours.fit(source(), steps_per_epoch=STEPS + 20, verbose=0)
    theirs.fit(iter(batches(x, y)), steps_per_epoch=STEPS, verbose=0)
    assert int(ours.optimizer.iterations) == STEPS
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


class TestRoom:
    def step(self):
        trained = model()
        return trained.compiled_step("train", (tf.TensorSpec([None, 5]), tf.TensorSpec([None], tf.int64)))

    def test_large_batches_leave_room_for_fewer(self):
        step = self.step()
        assert stacked.room(step, (tf.zeros([8, 5]), tf.zeros([8], tf.int64))) == 32
        assert stacked.room(step, tf.zeros([1024, 1024])) == 4
        assert stacked.room(step, tf.zeros([8192, 1024])) == 1

    @pytest.mark.parametrize("batch", [tf.constant(["a", "b"]), tf.ragged.constant([[1.0], []]), tf.zeros([]), tf.zeros([2, 1], tf.bfloat16),
                                       (tf.zeros([2, 1]), tf.zeros([3]))])  # fmt: skip
    def test_what_cannot_be_put_together_comes_alone(self, batch):
        assert stacked.room(self.step(), batch) == 1

    def test_a_step_in_plain_python_takes_one(self):
        trained = model()
        trained.run_eagerly = True
        assert stacked.room(trained.compiled_step("train", None), tf.zeros([8, 5])) == 1
