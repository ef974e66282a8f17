"""Losses, metrics, labels and weights as nests that follow the outputs: lists in lists, dicts in dicts, tuples."""

import collections
import re

import numpy as np
import pytest
import tensorflow as tf

import losses
from engine import Input, Model, Sequential, optimizers
from engine.saving import load_model
from layers import Dense, Rescaling
from losses.ground.nests import follow, paths

Pair = collections.namedtuple("Pair", "first second")
X = np.ones((6, 2), "float32")
A, B, C = np.zeros((6, 1), "float32"), np.zeros((6, 2), "float32"), np.ones((6, 1), "float32")
# The outputs are 2, (2, 2) and 4: mse of the first is 4, mae of the second 2, mse of the third 9.
TERMS = dict(first=4.0, second=2.0, third=9.0)

# structure → outputs, losses, labels, metrics, loss_weights, all of one structure
NESTS = {
    "list": lambda a, b, c: [a, b, c],
    "tuple": lambda a, b, c: (a, b, c),
    "lists in lists": lambda a, b, c: [a, [b, c]],
    "tuples in lists": lambda a, b, c: [(a,), (b, c)],
    "dict": lambda a, b, c: {"p": a, "q": b, "r": c},
    "dict, not in order": lambda a, b, c: {"r": a, "q": b, "p": c},
    "dicts in dicts": lambda a, b, c: {"p": a, "q": {"s": b, "r": c}},
    "lists in dicts": lambda a, b, c: {"p": [a], "q": [b, c]},
    "dicts in lists": lambda a, b, c: [{"p": a, "q": b}, c],
    "named tuple": lambda a, b, c: Pair(a, Pair(b, c)),
}


class Own(Model):
    def __init__(self, nest):
        super().__init__()
        self.one, self.two = Dense(1, kernel_initializer="ones"), Dense(2, kernel_initializer="ones")
        self.nest = nest

    def call(self, x):
        return NESTS[self.nest](self.one(x), self.two(x), self.one(x) * 2.0)


def graph(nest):
    x = Input((2,))
    a, b = Dense(1, kernel_initializer="ones", name="a")(x), Dense(2, kernel_initializer="ones", name="b")(x)
    return Model(x, NESTS[nest](a, b, Rescaling(2.0, name="c")(a)))


MODELS = {"subclass": Own, "graph": graph}



DATA = {
    "arrays": lambda y: dict(x=X, y=y, batch_size=4, shuffle=False),
    "dataset": lambda y: dict(x=tf.data.Dataset.from_tensor_slices((X, y)).batch(4)),
    "generator": lambda y: dict(x=iter([(X[part], tf.nest.map_structure(lambda item, part=part: item[part], y)) for part in (slice(4), slice(4, 6))])),
}


@pytest.mark.parametrize("kind", ["subclass", "graph"])
@pytest.mark.parametrize("nest", NESTS)
def test_nests_follow_the_outputs(nest, kind, tmp_path):
    make = NESTS[nest]
    for data in DATA if nest == "dicts in dicts" else ["arrays"] if nest == "tuples in lists" else ["arrays", "generator"]:
        model = MODELS[kind](nest)
        model.compile(
            optimizers.SGD(0.0), make("mse", losses.MeanAbsoluteError(), "mse"), make(["mae"], ["mse", "mae"], None),
            make(1.0, 0.5, 2.0), run_eagerly=data == "generator",
        )  # fmt: skip
        history = model.fit(**DATA[data](make(A, B, C)), verbose=0).history
        assert history["loss"] == [pytest.approx(4.0 + 1.0 + 18.0)]
        terms = sorted(value[0] for name, value in history.items() if name.endswith("_loss"))
        np.testing.assert_allclose(terms, sorted(TERMS.values()), rtol=1e-6)
        measured = sorted(value[0] for name, value in history.items() if re.search("(mae|mse)(_[0-9]+)?$", name))
        np.testing.assert_allclose(measured, [2.0, 2.0, 4.0], rtol=1e-6)
        outputs = model.predict(X, batch_size=4)
        tf.nest.assert_same_structure(outputs, make(A, B, C))
        np.testing.assert_allclose([float(item[0, 0]) for item in tf.nest.flatten(make(0, 0, 0) and outputs)],
                                   tf.nest.flatten(make(2.0, 2.0, 4.0)))  # fmt: skip
    if kind == "graph":
        model.save(tmp_path / "model.safetensors")
        again = load_model(tmp_path / "model.safetensors")
        assert again.evaluate(X, make(A, B, C), verbose=0, return_dict=True)["loss"] == pytest.approx(23.0)


@pytest.mark.parametrize("nest", NESTS)
def test_one_loss_for_all_flat_labels_and_missing_parts(nest):
    make = NESTS[nest]
    model = Own(nest)
    model.compile(optimizers.SGD(0.0), "mae")
    assert model.evaluate(X, make(A, B, C), verbose=0, return_dict=True)["loss"] == 2.0 + 2.0 + 3.0
    model.compile(optimizers.SGD(0.0), make("mse", None, "mse"))
    assert model.evaluate(X, make(A, B, C), verbose=0, return_dict=True)["loss"] == 13.0
    weights = np.array([2.0, 0.0, 1.0, 1.0, 1.0, 1.0], "float32")
    each = make(weights, 2 * weights, weights)
    assert model.evaluate(X, make(A, B, C), sample_weight=each, verbose=0, return_dict=True)["loss"] == pytest.approx(13.0)
    assert model.evaluate(X, make(A, B, C), sample_weight=weights, verbose=0, return_dict=True)["loss"] == pytest.approx(13.0)


def test_dicts_may_leave_parts_out_or_name_paths():
    model = Own("dicts in dicts")
    for loss in ({"p": "mse", "q": {"r": "mse"}}, {"p": "mse", "q/r": "mse"}):
        model.compile(optimizers.SGD(0.0), loss)
        logs = model.evaluate(X, {"p": A, "q": {"s": B, "r": C}}, verbose=0, return_dict=True)
        assert logs == {"loss": 13.0, "p_loss": 4.0, "q/r_loss": 9.0}
    model.compile(optimizers.SGD(0.0), {"p": "mse", "q": {"nothing": "mse"}})
    with pytest.raises(ValueError, match="outputs"):
        model.evaluate(X, {"p": A, "q": {"s": B, "r": C}}, verbose=0)


def test_labels_that_do_not_follow_are_refused():
    model = Own("lists in lists")
    model.compile(optimizers.SGD(0.0), "mse")
    assert model.evaluate(X, [A, B, C], verbose=0, return_dict=True)["loss"] == 4.0 + 4.0 + 9.0  # flat, in the same order
    with pytest.raises(ValueError, match="2 items for 3 outputs"):
        model.evaluate(X, [A, B], verbose=0)


def test_follow_and_paths():
    outputs = {"a": 0, "b": (0, [0, 0]), "c": Pair(0, {"x": 0})}
    assert paths(outputs) == ["a", "b/0", "b/1/0", "b/1/1", "c/0", "c/1/x"]
    assert follow({"c": Pair(1, None), "b": [2, [3, 4]]}, outputs) == [None, 2, 3, 4, 1, None]
    assert follow({"c": {"second": {"x": 5}}}, outputs) == [None] * 5 + [5]
    assert follow("mse", outputs, share=True) == ["mse"] * 6 and follow("mse", outputs) is None
    assert follow({"other": 1}, outputs) is None and follow([1, 2, 3, 4, 5, 6], outputs) is None


# ---- the crossentropy that fits --------------------------------------------------------------------

CLASSES = np.array([0, 1, 2, 1])
LABELS = {
    "binary": (1, np.array([0.0, 1.0, 1.0, 0.0]), "binary_crossentropy"),
    "binary column": (1, np.array([[0], [1], [1], [0]]), "binary_crossentropy"),
    "class numbers": (3, CLASSES, "sparse_categorical_crossentropy"),
    "class numbers column": (3, CLASSES[:, None], "sparse_categorical_crossentropy"),
    "one-hot": (3, np.eye(3)[CLASSES], "categorical_crossentropy"),
}


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("spelling", ["crossentropy", "ce"])
@pytest.mark.parametrize("kind", LABELS)
def test_crossentropy_is_chosen_by_shapes(kind, spelling, eager, tmp_path):
    units, labels, name = LABELS[kind]

    def measured(loss):
        activation = "sigmoid" if units == 1 else "softmax"
        model = Sequential([Dense(units, activation=activation, kernel_initializer="ones", input_shape=(2,))])
        model.compile("sgd", loss, metrics=["accuracy"], run_eagerly=eager)
        history = model.fit(np.eye(4, 2), labels, verbose=0).history
        model.save(tmp_path / "model.safetensors")
        again = load_model(tmp_path / "model.safetensors")
        return history, again.evaluate(np.eye(4, 2), labels, verbose=0)

    assert measured(spelling) == measured(name)


def test_each_output_has_the_crossentropy_that_fits_and_class_numbers_are_checked():
    x = Input((2,))
    model = Model(x, {"a": Dense(1, activation="sigmoid")(x), "b": Dense(3, activation="softmax")(x)})
    y = {"a": LABELS["binary"][1], "b": CLASSES}
    found = []
    for loss in ("crossentropy", {"a": "binary_crossentropy", "b": "sparse_categorical_crossentropy"}):
        model.compile(optimizers.SGD(0.0), loss)
        found.append(model.evaluate(np.eye(4, 2), y, verbose=0))
    assert found[0] == found[1]
    model.compile("sgd", "crossentropy")
    with pytest.raises(ValueError, match="3"):
        model.fit(np.eye(4, 2), {**y, "b": CLASSES + 1}, verbose=0)
