"""The history of `fit`, and what `evaluate` returns, are Keras's numbers."""

import keras
import numpy as np
import pytest
from fitting import CLASSES, Ours, W, X, Y, Z, assert_weights, compiled, dense, two_outputs


def one_output(k, units=2, activation=None):
    x = k.Input((3,), name="x")
    return k.Model(x, k.layers.Dense(units, activation=activation, name="out", kernel_regularizer="l2")(x))


def dict_outputs(k):
    return two_outputs(k, as_dict=True)


def probabilities(k):
    return one_output(k, 4, "softmax")


def binary(k):
    return one_output(k, 1, "sigmoid")


LIST, DICT = [Y, Z], {"v": Z, "u": Y}
WITH_KERAS = {  # (model, keywords of compile, keywords of fit)
    "mse": (one_output, lambda k: dict(loss="mse", metrics=["mae", "mse"]), dict(y=Y)),
    "Loss object": (one_output, lambda k: dict(loss=k.losses.Huber(0.5), metrics=[k.metrics.MeanSquaredError()]),
        dict(y=Y)),
    "class": (one_output, lambda k: dict(loss=k.losses.MeanAbsoluteError, metrics=[k.metrics.MeanSquaredError]),
        dict(y=Y)),
    "function": (one_output, lambda k: dict(loss=lambda t, p: (t - p) ** 4, metrics=[absolute]), dict(y=Y)),
    "sum": (one_output, lambda k: dict(loss=k.losses.MeanSquaredError(reduction="sum")), dict(y=Y)),
    "loss weight": (one_output, lambda k: dict(loss="mse", loss_weights=0.25, metrics=["mse"]), dict(y=Y)),
    "sample weights": (one_output, lambda k: dict(loss="mse", metrics=["mae"], weighted_metrics=["mae"]),
        dict(y=Y, sample_weight=W)),
    "column of weights": (one_output, lambda k: dict(loss="mse", weighted_metrics=["mse"]),
        dict(y=Y, sample_weight=W[:, None])),
    "sparse accuracy": (probabilities, lambda k: dict(loss="sparse_categorical_crossentropy", metrics=["accuracy"]),
        dict(y=CLASSES)),
    "sparse accuracy of a column": (probabilities,
        lambda k: dict(loss="sparse_categorical_crossentropy", metrics=["acc"]), dict(y=CLASSES[:, None])),
    "categorical accuracy": (probabilities,
        lambda k: dict(loss="categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"]),
                             dict(y=np.eye(4)[CLASSES], sample_weight=W)),
    "binary accuracy": (binary, lambda k: dict(loss="binary_crossentropy", metrics=["accuracy", "AUC"]),
        dict(y=(Z > 0) * 1.0)),
    "labels (N,) and outputs (N, 1)": (binary, lambda k: dict(loss="binary_crossentropy", metrics=["accuracy"]),
        dict(y=(Z[:, 0] > 0) * 1)),
    "class weights": (probabilities, lambda k: dict(loss="sparse_categorical_crossentropy", metrics=["accuracy"],
        weighted_metrics=["accuracy"]),
                      dict(y=CLASSES, class_weight={0: 3.0, 1: 0.5, 2: 1.5, 3: 2.0})),
    "some class weights": (probabilities, lambda k: dict(loss="categorical_crossentropy"),
                           dict(y=np.eye(4)[CLASSES], class_weight={1: 0.5})),
    "class weights, binary": (binary, lambda k: dict(loss="binary_crossentropy"),
        dict(y=(Z > 0) * 1, class_weight={0: 3.0, 1: 0.5})),
    "lists": (two_outputs, lambda k: dict(loss=["mse", "mae"], metrics=[["mae"], ["mse"]], loss_weights=[1.0, 0.25]),
        dict(y=LIST)),
    "dicts": (dict_outputs, lambda k: dict(loss={"u": "mse", "v": "mae"}, metrics={"v": ["mse"], "u": "mae"},
                                           loss_weights={"v": 0.5, "u": 2.0}, weighted_metrics={"u": ["mae"]}),
                                               dict(y=DICT)),
    "a dict for a list": (two_outputs, lambda k: dict(loss={"u": "mse", "v": "mae"}, metrics={"v": "mse"}),
        dict(y={"u": Y, "v": Z})),
    "one loss for all": (two_outputs, lambda k: dict(loss=["mse", "mse"]), dict(y=LIST)),
    "weights by output": (two_outputs, lambda k: dict(loss=["mse", "mae"], weighted_metrics=[["mae"], ["mae"]]),
        dict(y=LIST, sample_weight=[W, W[::-1]])),
    "weights by name": (dict_outputs, lambda k: dict(loss={"u": "mse", "v": "mae"}),
        dict(y=DICT, sample_weight={"u": W, "v": W[::-1]})),
}  # fmt: skip


def absolute(y_true, y_pred):
    return abs(y_true - y_pred)


@pytest.mark.parametrize("name", WITH_KERAS)
def test_history_equals_keras(name, in_float64):
    make, compile_arguments, fit_arguments = WITH_KERAS[name]
    ours, theirs = make(Ours), make(keras)
    theirs.set_weights(ours.get_weights())
    found = []
    for k, model in ((Ours, ours), (keras, theirs)):
        model.compile(k.optimizers.SGD(0.05), **compile_arguments(k), run_eagerly=True)
        history = model.fit(X, **fit_arguments, batch_size=4, epochs=2, shuffle=False, verbose=0).history
        labels = {key: value for key, value in fit_arguments.items() if key in ("y", "sample_weight")}
        found.append((history, model.evaluate(X, **labels, batch_size=3, verbose=0, return_dict=True)))
    (history, logs), (their_history, their_logs) = found
    assert set(their_history) <= set(history)
    for key, values in their_history.items():
        np.testing.assert_allclose(history[key], values, rtol=1e-7, err_msg=key)  # Keras's metrics are float32
        np.testing.assert_allclose(logs[key], their_logs[key], rtol=1e-6, err_msg=f"evaluate: {key}")
    assert_weights(ours, theirs.get_weights(), 1e-10)


def test_evaluate_gives_the_same_loss_for_every_batch_size():
    model = compiled(dense(), metrics=["mae"])
    for size in (1, 3, 4, 10, 100):
        np.testing.assert_allclose(model.evaluate(X, Y, batch_size=size, verbose=0), model.evaluate(X, Y, verbose=0),
            rtol=1e-5)
