"""Random configs of valid structure, with hostile numbers and nestings; as a program: loads so many and prints what happened.

    python fuzzed_configs.py FOLDER FIRST COUNT

A layer is chosen for the rank that the one before leaves, so that most configs are followed to their end.
"""

import collections
import json
import pathlib
import random
import resource
import sys
import warnings

import guarded_loads
from corpus import layer, sealed
from costly import called, graph, operation, start, tensor

HOSTILE = [0, -1, -(10**9), 1000, 10**4, 10**5, 10**6, 10**9, 2**31, 2**62, 2**63, 2**64, 10**30, 0.5, 1e308, -1e308, True, None]
METRICS = {"AUC": "num_thresholds", "MeanIoU": "num_classes", "TopKCategoricalAccuracy": "k", "Precision": "thresholds",
           "PrecisionAtRecall": "num_thresholds", "F1Score": "threshold", "BinaryIoU": "threshold"}  # fmt: skip
OPTIMIZERS = {"SGD": "momentum", "Adam": "gradient_accumulation_steps", "Muon": "ns_steps", "Lamb": "ema_overwrite_frequency"}


class Maker:
    """Configs from one source of random numbers."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0

    def number(self, hostile=0.04):
        return self.random.choice(HOSTILE) if self.random.random() < hostile else self.random.randint(1, 8)

    def numbers(self, count):
        return [self.number() for _ in range(count)]

    def name(self):
        self.count += 1
        return f"n{self.count}"

    def shape(self):
        return [None, *(self.number(0.05) for _ in range(self.random.choice([1, 1, 2, 2, 2, 3])))]

    def member(self, rank, depth):
        """(a layer or an operation for inputs of this rank, the rank of its outputs)."""
        kinds = [self.anywhere, *([self.nested] if depth else []), *{
            2: [self.vectors], 3: [self.sequences, self.recurrent], 4: [self.images]}.get(rank, [])]  # fmt: skip
        return self.random.choice(kinds)(rank, depth)

    def anywhere(self, rank, depth):
        n = self.number
        return self.random.choice([
            (layer("Dense", units=n()), rank), (layer("ReLU", max_value=n()), rank), (layer("Dropout", rate=n()), rank),
            (layer("Reshape", target_shape=self.numbers(rank - 1)), rank), (layer("GaussianNoise", stddev=n()), rank),
            (layer("BatchNormalization", axis=self.random.choice([-1, n()])), rank), (layer("Flatten"), 2),
            (layer("GroupNormalization", groups=n()), rank), (layer("LayerNormalization", axis=self.numbers(2)), rank),
            (layer("SpectralNormalization", layer=layer("Dense", units=n()), power_iterations=n()), rank),
            (operation("Round", decimals=n()), rank), (operation("Tile", repeats=[1, *self.numbers(rank - 1)]), rank),
            (operation("Split", indices_or_sections=n(), axis=n()), rank), (operation("ExpandDims", axis=n()), rank + 1),
            (operation("Reshape", newshape=[-1, *self.numbers(rank - 1)]), rank), (operation("Sum", axis=n()), rank - 1),
            (operation("Transpose", axes=[0, *self.random.sample(range(1, rank), rank - 1)]), rank),
        ])  # fmt: skip

    def vectors(self, rank, depth):
        n = self.number
        return self.random.choice([
            (layer("RepeatVector", n=n(0.4)), 3), (layer("CategoryEncoding", num_tokens=n(0.4)), 2),
            (layer("Embedding", input_dim=n(0.3), output_dim=n()), 3), (layer("UnitNormalization", axis=n()), 2),
        ])  # fmt: skip

    def sequences(self, rank, depth):
        n = self.number
        return self.random.choice([
            (layer("UpSampling1D", size=n(0.4)), 3), (layer("ZeroPadding1D", padding=n(0.4)), 3), (layer("Cropping1D", cropping=n()), 3),
            (layer("Conv1D", filters=n(), kernel_size=n(), strides=n(), groups=n(0.05), padding="same"), 3),
            (layer("Conv1DTranspose", filters=n(), kernel_size=n(), strides=n()), 3), (layer("GlobalMaxPooling1D"), 2),
            (layer("MaxPooling1D", pool_size=n(), strides=n(), padding="same"), 3), (layer("AdaptiveMaxPooling1D", output_size=n()), 3),
            (layer("TimeDistributed", layer=layer("Dense", units=n())), 3),
        ])  # fmt: skip

    def recurrent(self, rank, depth):
        unroll, sequences = self.random.random() < 0.4, self.random.random() < 0.5
        options = {"unroll": unroll, "return_sequences": sequences, "stateful": self.random.random() < 0.1}
        cells = [layer(self.random.choice(["GRUCell", "SimpleRNNCell", "LSTMCell"]), units=self.number(0.05))
                 for _ in range(self.random.choice([1, 2, 3, 40, 400]))]  # fmt: skip
        found = self.random.choice([
            layer(self.random.choice(["LSTM", "GRU", "SimpleRNN"]), units=self.number(), **options),
            layer("RNN", cell=layer("StackedRNNCells", cells=cells), **options),
            layer("Bidirectional", layer=layer("GRU", units=self.number(), **options)),
        ])  # fmt: skip
        return found, 3 if sequences else 2

    def images(self, rank, depth):
        n = self.number
        return self.random.choice([
            (layer("Conv2D", filters=n(), kernel_size=self.numbers(2), padding="same", dilation_rate=n()), 4),
            (layer("UpSampling2D", size=self.numbers(2), interpolation=self.random.choice(["nearest", "bilinear"])), 4),
            (layer("ZeroPadding2D", padding=self.numbers(2)), 4), (layer("GlobalAveragePooling2D"), 2),
            (layer("AveragePooling2D", pool_size=n(), padding="same"), 4), (layer("AdaptiveAveragePooling2D", output_size=self.numbers(2)), 4),
            (layer("DepthwiseConv2D", kernel_size=n(), depth_multiplier=n(), padding="same"), 4),
        ])  # fmt: skip

    def nested(self, rank, depth):
        shape = [None, *self.numbers(rank - 1)] if self.random.random() < 0.2 else [None] + [None] * (rank - 2) + [4]
        if self.random.random() < 0.5:
            return self.model(shape, depth - 1), rank
        member, rank = self.member(rank, depth - 1)
        return layer("Sequential", "keras", name=self.name(), layers=[member] * self.random.choice([1, 1, 2, 50])), rank

    def model(self, shape, depth):
        """A functional model, some of whose members are called many times."""
        entries, last, rank = [start(shape)], ["x", 0, 0], len(shape)
        for _ in range(self.random.randint(1, 5)):
            (member, rank), name = self.member(max(rank, 2), depth), self.name()
            times = self.random.choice([1, 1, 1, 2, 3, 30])
            first = int(member["class_name"] in ("Functional",))  # a model's own graph is its first call
            calls = [[tensor(*last)], *([tensor(name, number + first)] for number in range(times - 1))]
            entries.append(called(member, name, *calls))
            last = [name, times - 1 + first, 0]
        return graph(*entries, end=last, name=self.name())

    def compile(self):
        def metric():
            name = self.random.choice(list(METRICS))
            return layer(name, "keras.metrics", name=self.name(), **{METRICS[name]: self.number(0.4)})

        optimizer = self.random.choice(list(OPTIMIZERS))
        return {
            "optimizer": layer(optimizer, "keras.optimizers", **{OPTIMIZERS[optimizer]: self.number(0.4)}),
            "loss": "mse", "metrics": [metric() for _ in range(self.random.choice([0, 1, 3, 300]))],
            "steps_per_execution": self.number(),
        }  # fmt: skip

    def file(self):
        compile = self.compile() if self.random.random() < 0.3 else None
        description = {"model": self.model(self.shape(), 3), "inputs": None, "compile": compile, "optimizer_weights": []}
        return sealed({}, b"", description)


def load_all(folder, seed, count):
    """{"loaded": how many, "refused": ..., "wrong": {seed: what happened}, "slowest": ..., "largest": ...}"""
    found = collections.Counter()
    wrong, slowest, largest = {}, 0.0, 0
    for number in range(seed, seed + count):
        path = folder / f"{number}.safetensors"
        path.write_bytes(Maker(number).file())
        (folder / "last").write_text(str(number))  # should the process be ended
        result = guarded_loads.attempt(path)
        size = path.stat().st_size
        allowed = result["seconds"] <= 2 + size / 1e6 and result["memory"] <= 2 * size + (64 << 20) and not result["offences"]
        kind = result["outcome"].split(":")[0]
        found[kind] += 1
        if kind == "WRONG" or not allowed:
            wrong[number] = result
        slowest, largest = max(slowest, result["seconds"]), max(largest, result["memory"])
        path.unlink()
    return {**found, "wrong": wrong, "slowest": slowest, "largest": largest}


if __name__ == "__main__":
    folder, seed, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    good = folder / "good.safetensors"
    good.write_bytes(sealed({}, b"", {"model": graph(start([None, 3]), called(layer("ReLU"), "y", tensor("x")), end=["y", 0, 0]),
                                     "inputs": None, "compile": None, "optimizer_weights": []}))  # fmt: skip
    warnings.simplefilter("ignore")  # one that is shown opens the file that gave it
    guarded_loads.load(good)
    sys.addaudithook(guarded_loads.hook)
    used = guarded_loads.memory("VmSize")
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), used + (1 << 30)))
    resource.setrlimit(resource.RLIMIT_CPU, (150, 150))
    print(json.dumps(load_all(folder, seed, count)))
