"""Hostile files, second part: configs that are small and ask for much. Each number in them may be harmless, their sum is not.

All have a right checksum and a valid structure; {file name: bytes}.
"""

import functools
import io
import json

import h5py
import numpy as np
from corpus import BODY, GOOD, archive, dense, described, hdf5, layer, sealed, with_model


def start(shape, name="x"):
    config = {"batch_shape": shape, "dtype": "float32", "name": name}
    return {**layer("InputLayer", **config), "name": name, "inbound_nodes": []}


def tensor(name, call=0, output=0):
    return {"class_name": "__keras_tensor__", "config": {"shape": [], "dtype": "float32", "keras_history": [name, call, output]}}


def called(member, name, *args):
    """The entry of a layer in a graph, called on `args`; lists of arguments are several calls."""
    calls = args if args and isinstance(args[0], list) else [list(args)]
    return {**member, "name": name, "config": {**member["config"], "name": name},
            "inbound_nodes": [{"args": given, "kwargs": {}} for given in calls]}  # fmt: skip


def operation(class_name, **config):
    return layer(class_name, "keras.src.ops.numpy", **config)


def graph(*members, end, starts="x", name="g"):
    config = {"name": name, "layers": list(members), "input_layers": [[starts, 0, 0]], "output_layers": [end]}
    return layer("Functional", "keras", **config)


def of_graph(*members, end=("y", 0, 0), shape=(None, 3), **compile):
    model = graph(start(list(shape)), *members, end=list(end))
    return with_model({"model": model, "inputs": None, "compile": None, "optimizer_weights": [], **compile})


def compiled(metrics, loss="mse", optimizer="sgd"):
    return with_model(described(dense(), compile={"optimizer": optimizer, "loss": loss, "metrics": metrics}))


def constant(*shape):
    return {"class_name": "__numpy__", "config": {"value": np.zeros(shape).tolist(), "dtype": "float32"}}


def doubled(levels, member):
    """Models in models, each called twice by the next."""
    inner = member
    for level in range(levels):
        inner = graph(start([None, 3]), called(inner, f"m{level}", [tensor("x")], [tensor(f"m{level}")]),
                      end=[f"m{level}", 2 if level else 1, 0], name=f"g{level}")  # fmt: skip
    return {"model": inner, "inputs": None, "compile": None, "optimizer_weights": []}


def on_constants():
    """A layer that is called on a constant would be run at once."""
    many = {
        "RepeatVector": (layer("RepeatVector", n=10**9), constant(1, 4)),
        "UpSampling1D": (layer("UpSampling1D", size=10**9), constant(1, 1, 4)),
        "ZeroPadding1D": (layer("ZeroPadding1D", padding=10**9), constant(1, 1, 4)),
        "CategoryEncoding": (layer("CategoryEncoding", num_tokens=10**9), constant(4, 1)),
        "UpSampling2D": (layer("UpSampling2D", size=[30000, 30000]), constant(1, 1, 1, 4)),
        "Tile": (operation("Tile", repeats=[10**9, 4]), constant(1, 4)),
    }
    return {f"constant: {name}": of_graph(called(member, "c", given), called(layer("ReLU"), "y", tensor("x")))
            for name, (member, given) in many.items()}  # fmt: skip


def loops():
    """Loops that are written out."""
    cell = layer("SimpleRNNCell", units=2)

    def recurrent(steps, class_name="SimpleRNN", **config):
        return of_graph(called(layer(class_name, units=2, unroll=True, **config), "y", tensor("x")), shape=(None, steps, 3))

    return {
        "loop: SimpleRNN of 10**9 steps": recurrent(10**9),
        "loop: LSTM of 10,000 steps": recurrent(10_000, "LSTM"),
        "loop: GRU of 2**62 steps": recurrent(2**62, "GRU"),
        "loop: 3,000 cells": of_graph(called(layer("RNN", cell=layer("StackedRNNCells", cells=[cell] * 3000)), "y", tensor("x")),
                                      shape=(None, 5, 3)),
        "loop: 40 cells of 100 steps": of_graph(
            called(layer("RNN", cell=layer("StackedRNNCells", cells=[cell] * 40), unroll=True), "y", tensor("x")), shape=(None, 100, 3)),
        "loop: split into 10**8": of_graph(called(operation("Split", indices_or_sections=10**8), "y", tensor("x")), shape=(None, 10**8)),
        "loop: split along the batch": of_graph(called(operation("Split", indices_or_sections=10**9), "y", tensor("x"))),
        "loop: round to 3 * 10**7 places": of_graph(called(operation("Round", decimals=3 * 10**7), "y", tensor("x"))),
        "loop: round to -3 * 10**7 places": of_graph(called(operation("Round", decimals=-3 * 10**7), "y", tensor("x"))),
        "loop: 10**9 iterations": of_graph(called(layer(
            "SpectralNormalization", layer=dense(), power_iterations=10**9), "y", [tensor("x"), True])),
        "state: of 10**9 rows": of_graph(called(layer("LSTM", units=4, stateful=True), "y", tensor("x")), shape=(10**9, 5, 3)),
        "state: of 10**5 rows, 100 times": of_graph(*[
            called(layer("GRU", units=1, stateful=True, return_sequences=True), f"g{i}", tensor(f"g{i - 1}" if i else "x"))
            for i in range(100)], end=("g99", 0, 0), shape=(10**5, 5, 3)),
    }  # fmt: skip


def calls():
    """Calls that are more than the file has."""
    activation = layer("ReLU")
    one = called(activation, "y", *[[tensor("x")]] * 20_000)
    return {
        "calls: models in models, each twice, 24 deep": with_model(doubled(24, activation)),
        "calls: models in models, each twice, 14 deep": with_model(doubled(14, activation)),
        "calls: 20,000 of one layer": of_graph(one, end=("y", 19_999, 0), shape=(None, 3, 7)),
        "calls: 20,000 layers in reversed order": of_graph(
            *[called(activation, f"r{i}", tensor(f"r{i - 1}" if i else "missing")) for i in reversed(range(20_000))], end=("r19999", 0, 0)),
        "calls: one with 30,000 tensors": of_graph(called(layer("Add"), "y", [[tensor("x")] * 30_000])),
    }  # fmt: skip


def metrics():
    """Metrics that are bounded one by one."""
    auc = layer("AUC", "keras.metrics", num_thresholds=100_000)
    return {
        "metrics: 2,000 AUC of 100,000 thresholds": compiled([auc] * 2000),
        "metrics: PrecisionAtRecall": compiled([layer("PrecisionAtRecall", "keras.metrics", recall=0.5, num_thresholds=10**9)]),
        "metrics: MeanIoU": compiled([layer("MeanIoU", "keras.metrics", num_classes=10**9)]),
        "metrics: AUC that pays back": compiled([layer("AUC", "keras.metrics", num_thresholds=-(10**12)), auc, auc, auc]),
        "metrics: labels of an AUC": compiled([layer("AUC", "keras.metrics", multi_label=True, num_labels=10**9)]),
        "metrics: 30,000 names": compiled(["mae"] * 30_000),
        "metrics: 30,000 configs": compiled([layer("MeanSquaredError", "keras.metrics", name=f"m{i}") for i in range(30_000)]),
        "metrics: weighted": with_model(described(dense(), compile={
            "optimizer": "sgd", "loss": "mse", "metrics": [], "weighted_metrics": ["mae"] * 30_000})),
    }  # fmt: skip


def names():
    """Long names, and many: what is said of them is short."""
    long = "n" * (2 << 20)
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}

    def weights(fill):
        file = io.BytesIO()
        with h5py.File(file, "w") as opened:
            fill(opened)
        return file.getvalue()

    return {
        "name: of an array": sealed({**GOOD, long: {**entry, "data_offsets": [32, 32]}, **{
            f"a{i}": {**entry, "data_offsets": [32, 32]} for i in range(1000)}}, BODY, described(dense())),
        "name: of a layer": with_model(described(dense(name=long), layer("Flatten", name=long))),
        "name: of a class": with_model(described(layer(long))),
        "name: of an activation": with_model(described(dense(activation=long))),
        "name: of an argument": with_model(described(dense(**{long: 1}))),
        "name: of a loss": compiled([], loss=long),
        "name: of a missing tensor": of_graph(called(layer("ReLU"), "y", tensor(long))),
        "name: a list for a number": with_model(described(dense(units=list(range(100_000))))),
        "name: a shape": with_model(described(layer("Reshape", target_shape=list(range(2, 90_000))))),
        "name: a dtype": sealed({"a": {**entry, "dtype": long}}, b"", described(dense())),
        "name: 70,000 arrays": sealed({f"a{i}": entry for i in range(70_000)}, b"", described(dense())),
        "name: version": sealed(GOOD, BODY, described(dense())).replace(b'_format": "1"', b'_format": "' + b"9" * 10**6 + b'"'),
    }  # fmt: skip


def shapes():
    """Shapes of nothing, and hash values that are all alike."""
    def empty(shape):
        return sealed({**GOOD, "a": {"dtype": "F32", "shape": shape, "data_offsets": [32, 32]}}, BODY, described(dense()))

    alike = {"class_name": "__set__", "config": {"value": [k * (2**61 - 1) for k in range(1, 60_000)]}}
    return {
        "shape: 0, 2**62, 2**62": empty([0, 2**62, 2**62]),
        "shape: 2**62, 0, 4": empty([2**62, 0, 4]),
        "shape: 0 and 31 times 2**40": empty([0] + [2**40] * 31),
        "hashes: alike": with_model(described(dense(units=alike))),
        "json: null": with_model("null"),
        "json: a layer": with_model({**described(), "model": dense()}),
    }  # fmt: skip


def nested(depth, around, inner):
    for _ in range(depth):
        inner = around(inner)
    return inner


def nests():
    """Parts in parts, which are no models."""
    optimizer = nested(100, lambda inner: layer("LossScaleOptimizer", "keras.optimizers", inner_optimizer=inner), layer("SGD", "keras.optimizers"))
    rate = nested(100, lambda inner: {"class_name": "CosineDecay", "config": {"initial_learning_rate": inner, "decay_steps": 3}}, 0.1)
    return {
        "nest: TimeDistributed": of_graph(called(nested(20, lambda inner: layer("TimeDistributed", layer=inner), layer("ReLU")), "y", tensor("x")),
                                          shape=(None, *[2] * 22)),
        "nest: SpectralNormalization": of_graph(called(nested(100, lambda inner: layer("SpectralNormalization", layer=inner), dense()), "y", tensor("x"))),
        "nest: Bidirectional": of_graph(called(nested(12, lambda inner: layer("Bidirectional", layer=inner), layer("LSTM", units=1)), "y", tensor("x")),
                                        shape=(None, 5, 3)),
        "nest: optimizers": compiled([], optimizer=optimizer),
        "nest: schedules": compiled([], optimizer=layer("SGD", "keras.optimizers", learning_rate=rate)),
        "nest: metrics": compiled(nested(100, lambda inner: [inner], "mae")),
        "nest: losses": compiled([], loss=nested(100, lambda inner: [inner], "mse")),
    }  # fmt: skip


def lists():
    """Long lists where a few numbers or names belong, and paths where words do."""
    rate = {"class_name": "PiecewiseConstantDecay", "config": {"boundaries": list(range(10**5)), "values": [0.1] * (10**5 + 1)}}
    return {
        "list: inputs": with_model({**described(dense()), "inputs": [{"shape": [None, 3], "dtype": "float32"}] * 10**5}),
        "list: weights of the optimizer": with_model({**described(dense(), compile={"optimizer": "adam", "loss": "mse", "metrics": []}),
                                                      "optimizer_weights": ["layers.0.kernel"] * 10**5}),
        "list: losses": compiled([], loss=[["mse"] * 100] * 100),
        "list: thresholds": compiled([layer("Precision", "keras.metrics", thresholds=[index / 1e6 for index in range(10**6)])]),
        "list: boundaries of a schedule": compiled([], optimizer=layer("SGD", "keras.optimizers", learning_rate=rate)),
        "list: axes": of_graph(called(layer("ReLU"), "y", tensor("x")), shape=(None, *[1] * 300)),
        "list: einsum": of_graph(called(layer("EinsumDense", equation="ab,bc->ac" * 5000, output_shape=4), "y", tensor("x"))),
        "path: of a vocabulary": with_model(described(layer("StringLookup", vocabulary="/etc/passwd"))),
        "path: of a vocabulary that never ends": with_model(described(layer("TextVectorization", vocabulary="/dev/zero"))),
    }  # fmt: skip


def of_hdf5():
    def many(file):
        for index in range(20_000):
            file[f"d{index}"] = np.zeros(1, "f4")

    def long(file):
        file["n" * 60_000] = np.zeros(1, "f4")

    long_name = archive(members=[("n" * 60_000, b"")])
    return {"20,000 datasets.weights.h5": hdf5(many), "long name.weights.h5": hdf5(long), "long member.keras": long_name,
            "calls.keras": archive(json.dumps(doubled(24, layer("ReLU"))["model"]))}  # fmt: skip


@functools.cache
def everything():
    """{file name: bytes}"""
    ours = {**on_constants(), **loops(), **calls(), **metrics(), **names(), **shapes(), **nests(), **lists()}
    return {**{f"{name}.safetensors": data for name, data in ours.items()}, **of_hdf5()}
