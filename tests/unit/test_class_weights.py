"""`class_weight`: labels as numbers and one-hot, for rows, time steps and pixels, in every form of data."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from fitting import Batches, batches

from engine import Model, Sequential
from layers import Dense

RNG = np.random.default_rng(3)
WEIGHTS = {0: 1.0, 1: 5.0, 2: 0.5}
FORMS = {
    "arrays": lambda x, y: dict(x=x, y=y, batch_size=6),
    "a dataset": lambda x, y: dict(x=tf.data.Dataset.from_tensor_slices((x, y)).batch(6)),
    "a generator": lambda x, y: dict(x=iter(batches(x, y, size=6))),
    "a Sequence": lambda x, y: dict(x=Batches(batches(x, y, size=6))),
}


class Subclass(Model):
    def __init__(self, *args, **kwargs):
        super().__init__()
        self.inner = Dense(*args, **kwargs)

    def call(self, inputs):
        return self.inner(inputs)


def make(kind, units, activation, shape):
    if kind == "subclass":
        return Subclass(units, activation=activation)
    return Sequential([Dense(units, activation=activation, **({"input_shape": shape} if kind == "declared" else {}))])


def problem(axes):
    x = RNG.normal(size=(6, *axes, 2)).astype("float32")
    return x, RNG.integers(0, 3, size=(6, *axes))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ("declared", "deferred", "subclass"))
@pytest.mark.parametrize("axes", ((), (4,), (3, 4)), ids=("rows", "steps", "pixels"))
def test_class_numbers_and_one_hot_labels_get_the_weights_of_their_classes(axes, kind, form):
    x, labels = problem(axes)
    model = make(kind, 3, "softmax", (*axes, 2))
    p = model.predict(x)
    each = -np.log(np.take_along_axis(p, labels[..., None], -1)[..., 0])
    expected = np.mean(each * np.vectorize(WEIGHTS.get)(labels))
    one_hot = np.eye(3, dtype="float32")[labels]
    labels_of = {"sparse_categorical_crossentropy": (labels, labels[..., None], labels.astype("float32")),
                 "categorical_crossentropy": (one_hot, one_hot.astype(int))}  # fmt: skip
    for loss, eager in itertools.product(labels_of, (False, True)):
        model.compile("sgd", loss, run_eagerly=eager, jit_compile=False)
        model.optimizer.learning_rate = 0.0
        for y in labels_of[loss]:
            history = model.fit(**FORMS[form](x, y), class_weight=WEIGHTS, verbose=0).history
            np.testing.assert_allclose(history["loss"], [expected], rtol=1e-4)


@pytest.mark.parametrize("kind", ("declared", "subclass"))
@pytest.mark.parametrize("axes", ((), (4,), (3, 4)), ids=("rows", "steps", "pixels"))
def test_yes_or_no_labels_with_and_without_a_last_axis(axes, kind):
    x, labels = problem(axes)
    labels, weights = labels % 2, {0: 0.25, 1: 3.0}
    model = make(kind, 1, "sigmoid", (*axes, 2))
    p = model.predict(x)[..., 0]
    expected = np.mean(-np.log(np.where(labels, p, 1 - p)) * np.where(labels, 3.0, 0.25))
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    for y in (labels, labels[..., None]):
        logs = model.train_on_batch(x, y, class_weight=weights, return_dict=True)
        np.testing.assert_allclose(logs["loss"], expected, rtol=1e-4)
        model.set_weights([0 * weight for weight in model.get_weights()])
        expected = np.log(2) * np.mean(np.where(labels, 3.0, 0.25))


def test_class_weights_multiply_sample_weights_of_rows():
    x, labels = problem((4,))
    model = make("declared", 3, "softmax", (4, 2))
    p = model.predict(x)
    each = -np.log(np.take_along_axis(p, labels[..., None], -1)[..., 0])
    rows = np.arange(1.0, 7.0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    expected = np.mean(each * np.vectorize(WEIGHTS.get)(labels) * rows[:, None])
    for weight in (rows, np.repeat(rows[:, None], 4, 1)):
        model.optimizer.learning_rate = 0.0
        found = model.train_on_batch(x, labels, sample_weight=weight, class_weight=WEIGHTS)
        np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("eager", (True, False))
@pytest.mark.parametrize("form", FORMS)
def test_rows_of_several_labels_are_refused(form, eager):
    x, y = RNG.normal(size=(6, 2)).astype("float32"), np.array([[1, 0, 1]] * 6, "float32")
    model = make("declared", 3, "sigmoid", (2,))
    model.compile("sgd", "binary_crossentropy", run_eagerly=eager)
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="several labels"):
        model.fit(**FORMS[form](x, y), class_weight=WEIGHTS, verbose=0)


def test_labels_that_no_weight_names_count_once():
    model = make("declared", 3, "linear", (2,))
    model.compile("sgd", lambda y, y_pred: 1.0 + 0.0 * y_pred[:, 0])
    found = model.train_on_batch(np.ones((4, 2)), np.array([-1, 0, 1, 7]), class_weight={0: 3.0, 1: 4.0})
    assert found == pytest.approx((1 + 3 + 4 + 1) / 4)


@pytest.mark.parametrize("weight", (np.nan, np.inf, -1.0, "1", None, True))
def test_weights_that_are_no_weights_are_refused(weight):
    model = make("declared", 3, "softmax", (2,))
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="class_weight takes finite numbers from 0 as weights; received {1:"):
        model.fit(np.ones((4, 2)), np.zeros(4), class_weight={0: 1.0, 1: weight}, verbose=0)
