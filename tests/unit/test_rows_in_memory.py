"""Data in memory, batch by batch: rows of unequal length, sparse rows, and epochs that are parts of a pass."""

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, callbacks, optimizers, set_seed
from layers import Dense

ROWS = [[1.0, 2.0, 3.0], [4.0], [5.0, 6.0], [7.0, 1.0], [2.0, 2.0, 2.0, 2.0], [3.0], [1.0, 5.0]]
TOTALS = np.array([[sum(row)] for row in ROWS], "float32")
WEIGHTS = np.array([1.0, 2.0, 0.0, 1.0, 3.0, 1.0, 0.5], "float32")


def padded():
    return np.array([row + [0.0] * (4 - len(row)) for row in ROWS], "float32")


def sparse():
    return tf.sparse.from_dense(padded())


def unordered():
    """The same with its entries in another order."""
    found = sparse()
    order = np.random.default_rng(0).permutation(found.indices.shape[0])
    return tf.SparseTensor(tf.gather(found.indices, order), tf.gather(found.values, order), found.dense_shape)


KINDS = {
    "ragged": lambda: tf.ragged.constant(ROWS),
    "ragged, float64": lambda: tf.ragged.constant(ROWS, tf.float64),
    "ragged twice": lambda: tf.ragged.constant([[[number] for number in row] for row in ROWS]),
    "sparse": sparse,
    "sparse, unordered": unordered,
    "sparse, three axes": lambda: tf.sparse.from_dense(padded()[:, :, np.newaxis]),
}


class Total(Layer):
    """The sum of each row, as a column."""

    def call(self, x):
        if isinstance(x, tf.RaggedTensor):
            x = x.to_tensor()
        elif isinstance(x, tf.SparseTensor):
            x = tf.sparse.to_dense(x)
        return tf.reduce_sum(tf.reshape(x, [tf.shape(x)[0], -1]), 1, keepdims=True)


def totals(rate=0.0, **arguments):
    model = Sequential([Total(), Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(optimizers.SGD(rate), "mse", metrics=["mae"], weighted_metrics=["mse"], **arguments)
    return model


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("batch_size", [2, 3, 7])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_are_no_arrays_train_as_padded_ones(kind, batch_size, eager):
    found = {}
    for name, x in (("padded", padded()), (kind, KINDS[kind]())):
        model = totals(rate=0.001, run_eagerly=eager)
        y = TOTALS + np.arange(7.0)[:, None]
        arguments = dict(batch_size=batch_size, epochs=2, shuffle=True, sample_weight=WEIGHTS, verbose=0)
        set_seed(1)
        history = model.fit(x, y, validation_data=(x, y), validation_batch_size=3, **arguments).history
        evaluated = model.evaluate(x, y, batch_size=2, verbose=0)
        found[name] = [*history.values(), evaluated, model.predict(x, batch_size=3), model.predict_on_batch(x)]
        found[name] += [model.train_on_batch(x, y), model.test_on_batch(x, y)]
    for expected, received in zip(found["padded"], found[kind], strict=True):
        np.testing.assert_allclose(received, expected, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fraction_of_such_rows_is_held_back(kind):
    model = totals()
    history = model.fit(KINDS[kind](), TOTALS + 1, batch_size=2, validation_split=0.3, verbose=0).history
    assert history["loss"] == history["val_loss"] == [1.0]
    np.testing.assert_allclose(model.evaluate(KINDS[kind](), TOTALS + 2, batch_size=4, verbose=0), [4.0, 2.0, 4.0])


def test_several_inputs_of_all_kinds_and_ragged_labels():
    class Sums(Model):
        def call(self, inputs):
            a, b, c = inputs["ragged"].to_tensor(), tf.sparse.to_dense(inputs["sparse"]), inputs["dense"]
            return tf.reduce_sum(a, 1) + tf.reduce_sum(b, 1) + tf.reduce_sum(c, 1)

    model = Sums()
    model.compile(loss=lambda y, y_pred: tf.abs(tf.reduce_sum(y.to_tensor(), 1) * 3 - y_pred))
    x = {"ragged": KINDS["ragged"](), "sparse": sparse(), "dense": padded()}
    assert model.evaluate(x, KINDS["ragged"](), batch_size=2, verbose=0) == 0.0
    np.testing.assert_allclose(model.predict(x, batch_size=3), 3 * TOTALS[:, 0])


def test_ragged_and_sparse_outputs_are_put_together():
    class Doubled(Model):
        def call(self, x):
            return x * 2.0

    found = Doubled().predict(KINDS["ragged"](), batch_size=3)
    assert isinstance(found, tf.RaggedTensor) and found.to_list() == [[2 * value for value in row] for row in ROWS]
    found = Doubled().predict(sparse(), batch_size=3)
    np.testing.assert_array_equal(tf.sparse.to_dense(found), 2 * padded())


def test_many_steps_on_ragged_rows():
    model = Sequential([Total(), Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(optimizers.SGD(0.0), "mae")
    history = model.fit(KINDS["ragged"](), TOTALS + 1, batch_size=2, epochs=60, verbose=0).history  # 240 steps
    np.testing.assert_allclose(history["loss"], 1.0)

    class Sum(Layer):  # nothing in this step is unknown to XLA
        def call(self, x):
            return tf.reduce_sum(x, 1, keepdims=True)

    model = Sequential([Sum(), Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(optimizers.SGD(0.0), "mae")
    history = model.fit(KINDS["ragged"](), TOTALS + 1, batch_size=2, epochs=60, verbose=0).history
    np.testing.assert_allclose(history["loss"], 1.0)


def test_numbers_of_rows_must_agree():
    with pytest.raises(ValueError, match="same number of rows, received x: 7, y: 6"):
        totals().fit(sparse(), TOTALS[:6])


# ---- epochs of fewer steps than there are batches -----------------------------------------------------

V = np.arange(1.0, 10.0, dtype="float32")[:, None]
SQUARES = [2.5, 12.5, 30.5, 56.5, 81.0]  # means of batches of 2


def still(**arguments):
    model = Sequential([Dense(1, use_bias=False, kernel_initializer="ones", input_shape=(1,))])
    model.compile(optimizers.SGD(0.0), "mse", **arguments)
    return model


@pytest.mark.parametrize("eager", [False, True])
def test_the_next_epoch_goes_on_where_the_last_one_ended(eager):
    model = still(run_eagerly=eager)
    fit = dict(batch_size=2, shuffle=False, verbose=0)
    assert model.fit(V[:8], 0 * V[:8], steps_per_epoch=2, epochs=4, **fit).history["loss"] == [7.5, 43.5] * 2
    assert model.fit(V[:8], 0 * V[:8], steps_per_epoch=1, epochs=5, **fit).history["loss"] == SQUARES[:4] + SQUARES[:1]
    assert model.fit(V, 0 * V, steps_per_epoch=1, epochs=6, **fit).history["loss"] == SQUARES + SQUARES[:1]
    assert model.fit(V[:8], 0 * V[:8], steps_per_epoch=1, epochs=1, **fit).history["loss"] == SQUARES[:1]  # a fit begins anew
    history = model.fit(V[:8], 0 * V[:8], steps_per_epoch=2, initial_epoch=3, epochs=5, **fit).history
    assert history["loss"] == [7.5, 43.5]


def test_an_epoch_ends_with_the_data():
    history = still().fit(V[:8], 0 * V[:8], batch_size=2, steps_per_epoch=3, epochs=3, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["loss"], [45.5 / 3, 56.5, 45.5 / 3], rtol=1e-6)


def test_shuffled_epochs_of_one_pass_see_every_row_once():
    seen = []

    class Seen(Model):
        def train_step(self, data):
            seen.extend(data[0].numpy().ravel().tolist())
            return {"loss": 0.0}

    model = Seen()
    model.compile(run_eagerly=True)
    model.fit(V[:8], 0 * V[:8], batch_size=2, steps_per_epoch=2, epochs=4, verbose=0)
    assert sorted(seen[:8]) == sorted(seen[8:]) == V[:8, 0].tolist() and seen[:8] != seen[8:]


def test_each_evaluation_and_validation_begins_anew():
    model = still()
    arguments = dict(batch_size=2, steps_per_epoch=2, epochs=3, shuffle=False, verbose=0)
    history = model.fit(V[:8], 0 * V[:8], validation_data=(V[:8], 0 * V[:8]), validation_steps=1, **arguments).history
    assert history["val_loss"] == [2.5] * 3
    assert [model.evaluate(V, 0 * V, batch_size=2, steps=2, verbose=0) for _ in range(2)] == [7.5, 7.5]


def test_a_batch_of_a_later_epoch_is_found_by_its_number():
    class Looks(callbacks.Callback):
        rows = []

        def on_epoch_end(self, epoch, logs=None):
            self.rows.append(run.feed.batch(0)[0].numpy().ravel().tolist())

        def on_resume(self, of):
            nonlocal run
            run = of

    run = None
    still().fit(V[:8], 0 * V[:8], batch_size=2, steps_per_epoch=2, epochs=2, shuffle=False, callbacks=[Looks()], verbose=0)
    assert Looks.rows == [[1.0, 2.0], [5.0, 6.0]]


@pytest.mark.parametrize("shuffle", [False, True])
def test_an_interrupted_run_goes_on_in_the_same_pass(tmp_path, shuffle):
    def trained(**arguments):
        set_seed(1)
        model = Sequential([Dense(1, kernel_initializer="ones", input_shape=(1,))])
        model.compile(optimizers.SGD(0.001), "mse")
        fit = dict(batch_size=2, steps_per_epoch=2, epochs=5, initial_epoch=1, shuffle=shuffle, verbose=0)
        history = model.fit(V[:8], 0 * V[:8], **{**fit, **arguments}).history
        return history["loss"], model.get_weights()

    class Stop(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2 and not stopped:
                stopped.append(epoch)
                raise KeyboardInterrupt

    stopped = []
    whole, weights = trained()
    with pytest.raises(KeyboardInterrupt):
        trained(callbacks=[callbacks.Checkpoint(tmp_path, every_epochs=1), Stop()])
    rest, again = trained(callbacks=[callbacks.Checkpoint(tmp_path, every_epochs=1), Stop()])
    assert rest[-3:] == whole[-3:]
    for expected, received in zip(weights, again, strict=True):
        np.testing.assert_array_equal(received, expected)


def test_one_input_of_a_graph_may_be_ragged():
    x = Input((None,))
    model = Model(x, Total()(x))
    np.testing.assert_allclose(model.predict(KINDS["ragged"](), batch_size=2), TOTALS)
