"""Several outputs: their names in logs and lists, which Keras's observed lists decide, and the terms that add up."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import engine
import layers
from engine import Input, Layer, Model, Sequential, clear_session, optimizers, regularizers
from engine.metrics import MeanAbsoluteError
from layers import Dense

X, ZEROS = np.ones((4, 2), "float32"), np.zeros((4, 1), "float32")


def logs_of(model, x, y, **compiling):
    """(history, names, list) of a fit that changes nothing, and of `evaluate`."""
    model.compile(optimizers.SGD(0.0), **compiling)
    history = model.fit(x, y, verbose=0).history
    return {name: values[0] for name, values in history.items()}, model.metrics_names, model.evaluate(x, y, verbose=0)


def absolute(y_true, y_pred):
    return tf.abs(y_true - y_pred)


def siamese():
    a, b, shared = Input((2,), name="a"), Input((2,), name="b"), Dense(1, kernel_initializer="ones", name="shared")
    return Model([a, b], [shared(a), shared(b)]), [X, 3 * X]


def split():
    a = Input((2,))
    return Model(a, tf.split(Dense(2, kernel_initializer="ones")(a), 2, axis=-1)), X


def two_functions():
    a = Input((2,))
    hidden = Dense(1, kernel_initializer="ones")(a)
    return Model(a, [tf.nn.relu(hidden), tf.nn.relu(3 * hidden)]), X


def one_symbol_twice():
    a = Input((2,))
    hidden = Dense(1, kernel_initializer="ones", name="one")(a)
    return Model(a, [hidden, hidden]), X


def inner_model():
    a, b = Input((2,)), Input((2,))
    inner = Model(a, [Dense(1, kernel_initializer="ones")(a), Dense(1, kernel_initializer="ones")(a)], name="inner")
    return Model(b, inner(b)), X


@pytest.mark.parametrize("eager", (False, True))
@pytest.mark.parametrize(("make", "first", "second"), [
    (siamese, "shared", "shared_1"), (split, "tf.split", "tf.split_1"), (two_functions, "tf.relu", "tf.relu_1"),
    (one_symbol_twice, "one", "one_1"), (inner_model, "inner", "inner_1"),
])  # fmt: skip
def test_outputs_of_one_layer_are_two_outputs(make, first, second, eager):
    model, x = make()
    logs, names, listed = logs_of(model, x, [ZEROS, ZEROS], loss=["mse", "mae"], loss_weights=[1.0, 10.0],
                                  metrics=[["mae"], ["mse"]], run_eagerly=eager)  # fmt: skip
    assert set(logs) == {"loss", f"{first}_loss", f"{second}_loss", f"{first}_mae", f"{second}_mse"}
    np.testing.assert_allclose(logs["loss"], logs[f"{first}_loss"] + 10 * logs[f"{second}_loss"], rtol=1e-6)
    np.testing.assert_allclose(logs[f"{first}_loss"], logs[f"{first}_mae"] ** 2, rtol=1e-6)
    np.testing.assert_allclose(logs[f"{second}_loss"] ** 2, logs[f"{second}_mse"], rtol=1e-6)
    assert names == ["loss", f"{first}_loss", f"{second}_loss", *sorted((f"{first}_mae", f"{second}_mse"))]
    np.testing.assert_allclose(listed, [logs[name] for name in names], rtol=1e-6)
    by_name = {f"{first}": "mse", f"{second}": "mae"}
    again, _, _ = logs_of(model, x, [ZEROS, ZEROS], loss=by_name, loss_weights={second: 10.0})
    assert again["loss"] == pytest.approx(logs["loss"])


# ---- beside Keras: (outputs, what is compiled), from which all names and all lists follow -------------------

BOTH = {"loss": ["mse", "mae"], "metrics": [["mae", "mse"], ["mse"]]}
BY_NAME = {"loss": {"b": "mae", "z": "mse"}, "metrics": {"z": ["mae"], "b": ["mse"]}, "weighted_metrics": {"b": ["mae"]}}
CASES = {
    "a list": ("list", BOTH),
    "a list, one loss": ("list", {"loss": "mse"}),
    "a list, compiled by name": ("list", BY_NAME),
    "a list, one loss of none": ("list", {"loss": [None, "mse"], "metrics": [["mae"], ["mae"]]}),
    "a dict": ("dict", BY_NAME),
    "a dict, one loss": ("dict", {"loss": "mse"}),
    "a subclass's dict": ("subclass dict", BY_NAME),
    "a subclass's list": ("subclass list", {"loss": ["mse", "mae"], "metrics": [["mae"], ["mse"]]}),
    "a subclass's tuple": ("subclass tuple", {"loss": ["mse", "mae"], "metrics": [["mae"], ["mse"]]}),
    "a subclass's list, long names": ("subclass list", {"loss": ["MeanSquaredError", "mean_absolute_error"]}),
    "one output": ("one", {"loss": "mse", "metrics": ["mse", "mae"]}),
    "one output in a dict": ("one dict", {"loss": {"q": "mse"}, "metrics": {"q": ["mse", "mae"]}}),
}


def make(library, outputs):
    """The same model from `library`, engine with layers or Keras, with an added loss, a regularizer, a metric of a layer."""
    ours = library is engine
    tools = layers if ours else keras.layers
    dense, l2 = tools.Dense, regularizers.L2(0.1) if ours else keras.regularizers.L2(0.1)

    class Watch(Layer if ours else keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.mean = (engine.metrics if ours else keras.metrics).Mean(name="watched")

        def call(self, inputs):
            self.add_loss(0.5 * tf.reduce_mean(inputs))
            self.mean.update_state(tf.reduce_mean(inputs))
            return inputs

    def parts(inputs, watch, z, b):
        first = z(watch(inputs))
        second = b(first)
        return {"list": [first, second], "tuple": (first, second), "dict": {"z": first, "b": second}, "one": first,
                "one dict": {"q": first}}[outputs.removeprefix("subclass ")]  # fmt: skip

    def made():
        return (Watch(), dense(1, name="z", kernel_initializer="ones", kernel_regularizer=l2),
                dense(1, name="b", kernel_initializer="ones"))  # fmt: skip

    class Own(Model if ours else keras.Model):
        def __init__(self):
            super().__init__()
            self.watch, self.z, self.b = made()

        def call(self, inputs):
            return parts(inputs, self.watch, self.z, self.b)

    if outputs.startswith("subclass"):
        return Own()
    inputs = (Input if ours else keras.Input)((2,))
    return (Model if ours else keras.Model)(inputs, parts(inputs, *made()))


@pytest.mark.parametrize("case", CASES)
def test_names_and_lists_are_those_of_keras(case):
    outputs, compiling = CASES[case]
    found = []
    for library in (engine, keras):
        model = make(library, outputs)
        targets = {"dict": {"z": ZEROS, "b": ZEROS}, "one": ZEROS, "one dict": {"q": ZEROS}, "tuple": (ZEROS, ZEROS)}
        y = targets.get(outputs.removeprefix("subclass "), [ZEROS, ZEROS])
        model.compile((engine if library is engine else keras).optimizers.SGD(0.0), **compiling)
        history = model.fit(X, y, verbose=0).history
        found.append((history, model.evaluate(X, y, verbose=0), model))
    (ours, listed, model), (theirs, wanted, _) = found
    terms = [name for name in ours if name not in theirs]
    assert set(theirs) <= set(ours) and all(name.endswith(("add_loss", "regularizer", "data_loss")) for name in terms)
    np.testing.assert_allclose([ours[name] for name in theirs], [theirs[name] for name in theirs], rtol=1e-6)
    np.testing.assert_allclose(listed, wanted, rtol=1e-6)
    assert len(model.metrics_names) == np.size(listed)


def test_equal_losses_of_outputs_without_names_are_numbered():
    class Two(Model):
        def __init__(self):
            super().__init__()
            self.inner = Dense(1, kernel_initializer="ones")

        def call(self, inputs):
            return [self.inner(inputs), self.inner(2 * inputs)]

    logs, names, listed = logs_of(Two(), X, [ZEROS, ZEROS], loss="mse", metrics=[["mae"], ["mae"]], loss_weights=[1.0, 2.0])
    assert logs == pytest.approx({"loss": 36.0, "mse_loss": 4.0, "mse_1_loss": 16.0, "mae": 2.0, "mae_1": 4.0})
    assert names == ["loss", "mae", "mae_1", "mse_loss", "mse_1_loss"]
    np.testing.assert_allclose(listed, [logs[name] for name in names], rtol=1e-6)


def test_numbers_avoid_names_that_are_taken():
    a = Input((2,))
    outputs = [Dense(1, name=name, kernel_initializer="ones")(a) for name in ("p", "p_1")]
    model = Model(a, [outputs[0], outputs[1], outputs[0]])
    logs, _, _ = logs_of(model, X, [ZEROS] * 3, loss="mse")
    assert set(logs) == {"loss", "p_loss", "p_1_loss", "p_2_loss"}


def test_a_functional_model_without_a_name_is_called_functional():
    class Own(Model):
        pass

    clear_session()
    made = []
    for cls in (Model, Model, Own):
        a = Input((2,))
        made.append(cls(a, Dense(1)(a)).name)
    assert made == ["functional", "functional_1", "own"] and Sequential().name == "sequential"


@pytest.mark.parametrize("weight", (0.1, np.float64(0.1), np.float32(0.1)))
def test_loss_weights_keep_their_digits(weight, in_float64):
    inputs = Input((2,))
    model = Model(inputs, [Dense(1, kernel_initializer="ones")(inputs), Dense(1, kernel_initializer="ones")(inputs)])
    model.compile(optimizers.SGD(0.0), "mse", loss_weights=[weight, 0.7])
    expected = 4.0 * float(weight) + 4.0 * 0.7
    assert model.evaluate(X, [ZEROS, ZEROS], verbose=0)[0] == pytest.approx(expected, rel=1e-14)


def test_a_loss_weight_may_be_a_variable():
    model, weight = Sequential([Dense(1, kernel_initializer="ones")]), tf.Variable(2.0)
    model.compile(optimizers.SGD(0.0), "mse", loss_weights=weight)
    assert model.evaluate(X, ZEROS, verbose=0) == pytest.approx(8.0)
    weight.assign(3.0)
    assert model.evaluate(X, ZEROS, verbose=0) == pytest.approx(12.0)


@pytest.mark.parametrize("weights", ([1, 2, 3], [1, 2], [], [np.nan], np.inf, "1", True, {"dense": "2"}))
@pytest.mark.parametrize("eager", (False, True))
def test_loss_weights_that_do_not_fit_one_output_are_refused(weights, eager):
    model = Sequential([Dense(1, name="dense")])
    model.compile("sgd", "mse", loss_weights=weights, run_eagerly=eager)
    with pytest.raises(ValueError, match="loss_weights"):
        model.fit(X, ZEROS, verbose=0)


def test_several_losses_for_one_output_are_refused():
    model = Sequential([Dense(1)])
    model.compile("sgd", ["mse", "mae"])
    with pytest.raises(ValueError, match="`loss` has 2 items for 1 outputs"):
        model.fit(X, ZEROS, verbose=0)


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("given", [["mae"], [MeanAbsoluteError(name="mae")], MeanAbsoluteError(name="mae"), "mae", [absolute, "mse", "mae"]],
                         ids=["list", "list of a metric", "metric", "name", "three"])  # fmt: skip
def test_metrics_that_are_not_one_for_each_output_are_for_all(given, eager):
    a = Input((2,))
    heads = [Dense(1, kernel_initializer="ones", name=name)(a) for name in ("one", "two")]
    model = Model(a, heads)
    for _ in range(2):  # the same metrics once more keep their names
        model.compile(optimizers.SGD(0.0), "mse", metrics=given, run_eagerly=eager)
        logs = model.evaluate(X, [ZEROS, ZEROS + 1], verbose=0, return_dict=True)
        assert (logs["one_mae"], logs["two_mae"]) == (2.0, 1.0)
        if isinstance(given, list) and len(given) == 3:
            assert (logs["one_absolute"], logs["two_absolute"], logs["two_mse"]) == (2.0, 1.0, 1.0)
    assert len(logs) == 3 + 2 * (len(given) if isinstance(given, list) else 1)


def test_one_metric_for_each_output_stays_so():
    model, x = two_functions()
    model.compile("sgd", "mse", metrics=["mae", "mse"])
    logs = model.evaluate(x, [ZEROS, ZEROS], verbose=0, return_dict=True)
    assert sorted(name.split("_")[-1] for name in logs) == ["loss", "loss", "loss", "mae", "mse"]
