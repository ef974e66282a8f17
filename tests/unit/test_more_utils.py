"""Random numbers, split data, objects as plain data and functions of older graphs, under their names in Keras and beside it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, initializers, optimizers, utils
from engine.random import SeedGenerator
from engine.utils import backend as K
from engine.utils import draws
from layers import Dense, Dropout, Lambda

SHAPE = (4, 3)


@pytest.mark.parametrize(("name", "arguments"), [
    ("normal", dict(shape=SHAPE, mean=1.0, stddev=2.0)), ("uniform", dict(shape=SHAPE, minval=-1.0, maxval=3.0)),
    ("truncated_normal", dict(shape=SHAPE, stddev=0.5)), ("randint", dict(shape=SHAPE, minval=2, maxval=9)),
    ("categorical", dict(logits=np.zeros((2, 5), "float32"), num_samples=7)), ("gamma", dict(shape=SHAPE, alpha=2.0)),
    ("dropout", dict(inputs=np.ones(SHAPE, "float32"), rate=0.5)),
])  # fmt: skip
def test_keras_draws_the_same_numbers(name, arguments):
    ours, theirs = getattr(draws, name)(**arguments, seed=7), getattr(keras.random, name)(**arguments, seed=7)
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize(("name", "arguments", "mean"), [
    ("binomial", dict(counts=10.0, probabilities=0.3), 3.0), ("beta", dict(alpha=2.0, beta=6.0), 0.25), ("gamma", dict(alpha=3.0), 3.0),
])  # fmt: skip
def test_the_means_of_draws(name, arguments, mean):
    numbers = getattr(draws, name)((20000,), **arguments, seed=1)
    assert numbers.dtype == tf.float32 and abs(float(tf.reduce_mean(numbers)) - mean) < 0.05 * mean + 0.01


def test_seeds():
    generator = SeedGenerator(3)
    assert (draws.normal(SHAPE, seed=generator) != draws.normal(SHAPE, seed=generator)).numpy().all()
    drawn = tf.function(lambda: draws.uniform((3,)))
    assert (drawn() != drawn()).numpy().all()  # other numbers at each call, also of compiled code
    utils.set_random_seed(1)
    first = drawn()
    utils.set_random_seed(1)
    np.testing.assert_array_equal(tf.function(lambda: draws.uniform((3,)))(), first)
    with pytest.raises(ValueError, match="A seed is"):
        draws.normal(SHAPE, seed="1")
    shuffled = draws.shuffle([[0, 1, 2, 3, 4, 5, 6, 7]], axis=1, seed=1)
    assert sorted(shuffled.numpy()[0]) == list(range(8)) != shuffled.numpy()[0].tolist()


@pytest.mark.parametrize("sizes", [dict(left_size=0.6), dict(right_size=4), dict(left_size=3, right_size=0.5), dict(left_size=1)])
@pytest.mark.parametrize("kind", ["array", "pair", "dataset"])
def test_a_split_is_that_of_keras(kind, sizes):
    x, y = np.arange(20.0).reshape(10, 2), np.arange(10)
    data = {"array": x, "pair": (x, y), "dataset": tf.data.Dataset.from_tensor_slices((x, y)).batch(1)}[kind]
    ours, theirs = utils.split_dataset(data, **sizes), keras.utils.split_dataset(data, **sizes)
    for one, other in zip(ours, theirs):
        assert len(one) == len(other) and one.cardinality() == len(one)
        for left, right in zip(one, other):
            tf.nest.map_structure(np.testing.assert_array_equal, left, right)


def test_a_split_that_is_shuffled_has_each_element_once():
    left, _ = utils.split_dataset({"a": np.arange(4), "b": np.ones((4, 2))}, 0.5)
    assert [(int(row["a"]), row["b"].shape) for row in left] == [(0, (2,)), (1, (2,))]
    data = tf.data.Dataset.range(10).shuffle(10)  # in another order each time that it is gone through
    for _ in range(2):
        left, right = utils.split_dataset(data, left_size=7, shuffle=True, seed=3)
        assert sorted(int(number) for part in (left, right) for number in part) == list(range(10))
    for wrong in (dict(), dict(left_size=0), dict(left_size=1.5), dict(left_size=11), dict(left_size=10), dict(left_size=6, right_size=6)):
        with pytest.raises(ValueError, match="split_dataset"):
            utils.split_dataset(np.arange(10), **wrong)


def test_objects_in_a_config_of_ones_own():
    @utils.register_keras_serializable("mine")
    class Twice(Layer):
        def __init__(self, inner, start, **kwargs):
            super().__init__(**kwargs)
            self.inner, self.start = inner, start

        def call(self, inputs):
            return self.inner(inputs) * 2

        def get_config(self):
            return {**super().get_config(), "inner": utils.serialize_keras_object(self.inner), "start": utils.serialize_keras_object(self.start)}

        @classmethod
        def from_config(cls, config):
            inner, start = (utils.deserialize_keras_object(config.pop(name)) for name in ("inner", "start"))
            return cls(inner, start, **config)

    again = utils.deserialize_keras_object(utils.serialize_keras_object(Twice(Dense(3), initializers.Constant(2.0))))
    assert type(again) is Twice and again.inner.units == 3 and again.start.value == 2.0
    assert utils.get_registered_name(Twice) == "mine>Twice" and utils.get_registered_object("mine>Twice") is Twice
    several = utils.deserialize_keras_object(utils.serialize_keras_object({"a": [optimizers.Adam(0.5), 3, "text"], "b": None}))
    assert float(several["a"][0].learning_rate) == 0.5 and several["a"][1:] == [3, "text"] and several["b"] is None
    assert utils.deserialize_keras_object({"class_name": "Own", "config": {"rate": 0.1}}, {"Own": Dropout}).rate == 0.1
    with pytest.raises(ValueError, match="Unknown"):
        utils.deserialize_keras_object({"class_name": "Nothing", "config": {}})


def test_batches_in_parts():
    assert utils.unpack_x_y_sample_weight((1, 2)) == (1, 2, None) == keras.utils.unpack_x_y_sample_weight((1, 2))
    assert utils.pack_x_y_sample_weight(1) == keras.utils.pack_x_y_sample_weight(1)
    assert utils.pack_x_y_sample_weight(1, 2) == keras.utils.pack_x_y_sample_weight(1, 2)
    assert utils.is_keras_tensor(Input((2,))) and not utils.is_keras_tensor(tf.ones(2))


def test_functions_of_a_graph():
    inputs = Input((3,))
    hidden = Dense(4)(inputs)
    model = Model(inputs, Dropout(0.5)(hidden))
    x = np.ones((2, 3), "float32")
    (found,) = K.function([model.input, K.learning_phase()], [model.output])([x, 0])
    np.testing.assert_allclose(found, Model(inputs, hidden)(x))
    assert (K.function([model.input, K.learning_phase()], [model.output])([x, 1])[0] == 0).any()
    assert K.function(model.input, hidden)(x).shape == (2, 4)
    with pytest.raises(ValueError, match="train_step"):
        K.function([model.input], [model.output], updates=[1])
    start = Input((3,))
    listed = Model([start], [Dense(2)(start)])  # its `input` is a list
    rows = np.ones((2, 3), "float32")
    for inputs, values in (([listed.input], [rows]), (listed.input, [rows]), (listed.inputs, rows), ([listed.layers[0].input], [rows])):
        np.testing.assert_array_equal(K.function(inputs, [listed.layers[1].output])(values)[0], listed(rows))


def test_phases():
    layer = Lambda(lambda x: K.in_train_phase(lambda: x * 2, x))
    assert float(layer(tf.ones(()), training=True)) == 2 and float(layer(tf.ones(()))) == 1
    assert float(K.in_test_phase(1.0, 2.0, training=True)) == 2.0
    assert float(tf.function(lambda flag: K.in_train_phase(tf.constant(1.0), tf.constant(2.0), flag))(tf.constant(False))) == 2.0
    K.set_learning_phase(0)
    K.set_image_data_format("channels_last")
    for wrong in (lambda: K.set_learning_phase(1), lambda: K.set_image_data_format("channels_first")):
        with pytest.raises(ValueError, match="alone"):
            wrong()


def test_texts_without_times():
    rng = np.random.default_rng(0)
    probabilities = tf.nn.softmax(rng.normal(size=(3, 8, 5)).astype("float32"))
    labels, steps, letters = np.array([[0, 1, 1], [2, 3, 0], [1, 0, 0]]), np.array([[8], [7], [8]]), np.array([[3], [2], [1]])
    ours = K.ctc_batch_cost(labels, probabilities, steps, letters)
    assert ours.shape == (3, 1)
    wanted = keras.ops.ctc_loss(labels + 1, tf.math.log(tf.roll(probabilities, 1, -1)), letters[:, 0], steps[:, 0], mask_index=0)
    np.testing.assert_allclose(ours[:, 0], wanted, rtol=1e-3)
    for greedy in (True, False):
        (texts,), scores = K.ctc_decode(probabilities, steps[:, 0], greedy=greedy)
        assert texts.shape == (3, 8) and scores.shape == (3, 1) and texts.dtype == tf.int64
        assert (texts.numpy() < 4).all()  # "nothing" is no letter
        for dtype in ("float64", "bfloat16"):  # whatever a policy computes in
            cast = tf.cast(probabilities, dtype)
            assert K.ctc_batch_cost(labels, cast, steps, letters).dtype == dtype
            (others,), scores = K.ctc_decode(cast, steps[:, 0], greedy=greedy)
            assert others.shape == texts.shape and scores.dtype == dtype


def test_convolutions_of_tensors():
    x, kernel = np.random.default_rng(0).normal(size=(1, 6, 6, 2)).astype("float32"), np.ones((3, 3, 2, 1), "float32")
    np.testing.assert_allclose(K.conv2d(x, kernel, padding="same"), keras.ops.conv(x, kernel, padding="same"), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(K.pool2d(x, (2, 2), (2, 2), pool_mode="avg"), keras.ops.average_pool(x, 2, 2), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="channels last"):
        K.conv2d(x, kernel, data_format="channels_first")
    assert K.print_tensor(tf.ones(2), "x:").shape == (2,)


def test_a_model_by_its_config():
    glassbox = pytest.importorskip("glassbox")
    model = Sequential([Dense(2, input_shape=(3,))])
    again = glassbox.models.model_from_config({"class_name": "Sequential", "config": model.get_config()})
    assert again.count_params() == 8
    assert glassbox.layers.deserialize(glassbox.layers.serialize(Dense(5))).units == 5
