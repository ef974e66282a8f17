"""A loss that cannot mean what the last layer gives: one warning at the first step, with the fix; none where all is well."""

import warnings

import numpy as np
import pytest
import tensorflow as tf
from fitting import Batches, batches

import losses
from engine import Input, Model, Sequential
from layers import GRU, Activation, BatchNormalization, Concatenate, Dense, Dropout, Reshape, Softmax

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 3)).astype("float32")
BITS, CLASSES = RNG.integers(0, 2, size=(40, 1)), RNG.integers(0, 3, size=40)
ONE_HOT = np.eye(3, dtype="float32")[CLASSES]
FORMS = {
    "arrays": lambda x, y: dict(x=x, y=y, batch_size=8),
    "a dataset": lambda x, y: dict(x=tf.data.Dataset.from_tensor_slices((x, y)).batch(8)),
    "a generator": lambda x, y: dict(x=iter(batches(x, y, size=8))),
    "a Sequence": lambda x, y: dict(x=Batches(batches(x, y, size=8))),
}


def last(units, activation=None):
    return lambda: [Dense(units, activation=activation, kernel_initializer="ones")]


BCE, CCE, SCCE = losses.BinaryCrossentropy, losses.CategoricalCrossentropy, losses.SparseCategoricalCrossentropy
WRONG = {
    "softmax and from_logits": (last(3, "softmax"), SCCE(from_logits=True), CLASSES, "come from softmax.*from_logits=True"),
    "softmax and from_logits, one-hot": (last(3, "softmax"), CCE(from_logits=True), ONE_HOT, "come from softmax"),
    "sigmoid and from_logits": (last(1, "sigmoid"), BCE(from_logits=True), BITS, "come from sigmoid"),
    "a Softmax layer": (lambda: [Dense(3), Softmax()], SCCE(from_logits=True), CLASSES, "come from softmax"),
    "tf.nn.softmax, in shape": (lambda: [Dense(3), Activation(tf.nn.softmax), Reshape((3,))], SCCE(from_logits=True), CLASSES,
                                "come from softmax"),
    "focal": (last(1, "sigmoid"), losses.BinaryFocalCrossentropy(from_logits=True), BITS, "come from sigmoid"),
    "scores": (last(3), "sparse_categorical_crossentropy", CLASSES, 'from_logits=True, or .* activation="softmax"'),
    "scores, one-hot": (last(3), "categorical_crossentropy", ONE_HOT, 'activation="softmax"'),
    "scores, binary": (last(1), "binary_crossentropy", BITS, 'activation="sigmoid"'),
    "scores, tanh": (last(1, "tanh"), BCE(), BITS, 'expects probabilities, received outputs from -'),
    "scores, log_softmax": (last(3, "log_softmax"), SCCE(), CLASSES, "expects probabilities"),
    "one unit": (last(1, "softmax"), "binary_crossentropy", BITS, "softmax over a single unit is 1"),
    "one unit, class numbers": (last(1), "sparse_categorical_crossentropy", 0 * CLASSES, "a single unit"),
    "labels -1 and 1": (last(1, "sigmoid"), "binary_crossentropy", 2 * BITS - 1, "from 0 to 1, received some from -1 to 1"),
    "class numbers": (last(1, "sigmoid"), "binary_crossentropy", CLASSES, "received some from 0 to 2.*sparse_cat"),
    "bytes": (last(1, "sigmoid"), BCE(), 255.0 * BITS, "received some from 0 to 255"),
}  # fmt: skip


# An eager tensor does not know which function of TensorFlow made it.
@pytest.mark.parametrize(("case", "eager"), [(case, eager) for case in WRONG for eager in (True, False)[int("tf.nn" in case) :]])
@pytest.mark.parametrize("form", FORMS)
def test_one_warning_with_the_fix(case, form, eager):
    parts, loss, y, message = WRONG[case]
    model = Sequential(parts())
    model.compile("sgd", loss, run_eagerly=eager, jit_compile=False)
    with pytest.warns(UserWarning, match=message) as found:
        model.fit(**FORMS[form](X, y), verbose=0)
    assert len(found) == 1
    model.fit(**FORMS[form](X, y), verbose=0)  # a warning would be an error
    model.compile("sgd", loss, run_eagerly=eager, jit_compile=False)
    with pytest.warns(UserWarning, match=message):
        model.fit(**FORMS[form](X, y), verbose=0)


@pytest.mark.parametrize("verb", ("train_on_batch", "test_on_batch", "evaluate"))
@pytest.mark.parametrize("case", WRONG)
def test_one_warning_of_other_verbs(case, verb):
    parts, loss, y, message = WRONG[case]
    model = Sequential(parts())
    model.compile("sgd", loss)
    with pytest.warns(UserWarning, match=message) as found:
        getattr(model, verb)(X, y)
    assert len(found) == 1
    getattr(model, verb)(X, y)


class Probabilities(Model):
    """Probabilities that no activation at the end shows."""

    def __init__(self, how):
        super().__init__()
        self.inner, self.how = Dense(3), how

    def call(self, inputs):
        return self.how(self.inner(inputs))


RIGHT = {
    "softmax": (last(3, "softmax"), "sparse_categorical_crossentropy", CLASSES),
    "softmax, one-hot": (last(3, "softmax"), "categorical_crossentropy", ONE_HOT),
    "scores": (last(3), SCCE(from_logits=True), CLASSES),
    "scores, one-hot": (last(3), CCE(from_logits=True), ONE_HOT),
    "scores, binary": (last(1), BCE(from_logits=True), BITS),
    "sigmoid": (last(1, "sigmoid"), "binary_crossentropy", BITS),
    "smooth labels": (last(1, "sigmoid"), "binary_crossentropy", np.clip(BITS, 0.1, 0.9)),
    "labels of True and False": (last(1, "sigmoid"), "binary_crossentropy", BITS == 1),
    "several labels": (last(3, "sigmoid"), "binary_crossentropy", ONE_HOT),
    "hard sigmoid": (last(1, "hard_sigmoid"), "binary_crossentropy", BITS),
    "sigmoid and classes": (last(3, "sigmoid"), "categorical_crossentropy", ONE_HOT),
    "an exponential, normalized": (lambda: [Probabilities(lambda x: tf.exp(x) / tf.reduce_sum(tf.exp(x), -1, keepdims=True))],
                                   "sparse_categorical_crossentropy", CLASSES),
    "a mean of softmaxes": (lambda: [Probabilities(lambda x: 0.5 * (tf.nn.softmax(x) + tf.nn.softmax(2 * x)))], CCE(), ONE_HOT),
    "a clipped one": (lambda: [Probabilities(lambda x: tf.clip_by_value(x[:, :1], 0.0, 1.0) + 0 * x[:, :1])], BCE(), BITS),
    "a gate behind dropout": (lambda: [Dense(1, activation="sigmoid"), Dropout(0.0)], BCE(), BITS),
    "regression": (last(1), "mse", 7.0 * BITS),
    "one unit of softmax without a crossentropy": (last(1), "hinge", 2.0 * BITS - 1),
    "a function of ones own": (last(1), lambda y, y_pred: tf.reduce_mean(y_pred - y, -1), 9.0 * BITS),
}  # fmt: skip


@pytest.mark.parametrize("eager", (True, False))
@pytest.mark.parametrize("case", RIGHT)
def test_no_warning_where_all_is_well(case, eager):
    parts, loss, y = RIGHT[case]
    model = Sequential(parts())
    model.compile("sgd", loss, run_eagerly=eager, jit_compile=False)
    model.fit(X, y, verbose=0)
    model.evaluate(X, y, verbose=0)


def test_the_output_is_named_where_there_are_several():
    inputs = Input((3,))
    model = Model(inputs, [Dense(3, activation="softmax", name="good")(inputs), Dense(1, name="bad")(inputs)])
    model.compile("sgd", ["sparse_categorical_crossentropy", "binary_crossentropy"])
    with pytest.warns(UserWarning, match="the loss of output 'bad', binary_crossentropy, does not fit") as found:
        model.fit(X, [CLASSES, BITS], verbose=0)
    assert len(found) == 1


def test_the_look_at_outputs_changes_nothing():
    def trained(loss):
        model = Sequential([BatchNormalization(), Dropout(0.5, seed=3), Dense(4, kernel_initializer="ones"), Reshape((2, 2)),
                            GRU(1, kernel_initializer="ones", recurrent_initializer="ones")])  # fmt: skip
        model.compile("sgd", loss, metrics=["mae"], jit_compile=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            history = model.fit(X, BITS, epochs=2, shuffle=False, verbose=0).history
        return history, model.get_weights()

    (looked, weights), (plain, same) = trained("binary_crossentropy"), trained(lambda y, p: losses.binary_crossentropy(y, p))
    assert looked == plain
    for one, other in zip(weights, same, strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_to_train():
    model = Sequential([Dense(1)])
    model.build((None, 3))
    model.trainable = False
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="nothing to train") as found:
        model.fit(X, BITS, epochs=2, verbose=0)
    assert len(found) == 1


def test_two_inputs_joined_keep_their_activation():
    a, b = Input((3,)), Input((3,))
    model = Model([a, b], Concatenate()([Dense(1, activation="sigmoid")(a), Dense(1, activation="sigmoid")(b)]))
    model.compile("sgd", BCE(from_logits=True))
    with pytest.warns(UserWarning, match="come from sigmoid"):
        model.train_on_batch([X, X], np.concatenate([BITS, BITS], 1))
