"""Trains the digits by the heart, SGD's rule and Dense alone: whatever else of this project is asked for is refused.

Prints the modules that were imported, and the part of 355 test images that the model names rightly.
"""

import csv
import gzip
import importlib.abc
import pathlib
import sys
import types

ROOT = pathlib.Path(__file__).parents[2]
HEART = "engine.core"
GROUND = ("losses",)
SMALL_PARTS = ("engine.activations", "engine.constraints", "engine.dtypes", "engine.hints", "engine.initializers",
               "engine.random", "engine.regularizers", "engine.small_parts", "engine.spellings", "engine.text")  # fmt: skip
PARTS = ("layers.dense", "layers.weights")


class Refuse(importlib.abc.MetaPathFinder):
    """Of this project, only what is named above can be imported."""

    def find_spec(self, name, path=None, target=None):
        allowed = (HEART, *GROUND, *SMALL_PARTS, *PARTS)
        if name.split(".")[0] in ("engine", "layers", "losses", "train") and name != "engine":
            if not any(name == part or name.startswith(part + ".") for part in allowed):
                raise ImportError(f"{name} is not in the heart, nor among the parts that it uses")


def digits():
    """(images, labels) to train on and to test with: every fifth image of a class is for the test."""
    with gzip.open(ROOT / "engine/datasets/digits.csv.gz", "rt") as file:
        rows = [[int(number) for number in row] for row in csv.reader(file)]
    parts, seen = ([], []), [0] * 10
    for *image, label in rows:
        parts[seen[label] % 5 == 4].append(([pixel / 16 for pixel in image], label))
        seen[label] += 1
    return [tuple(zip(*part)) for part in parts]


def main():
    sys.meta_path.insert(0, Refuse())
    layers = types.ModuleType("layers")  # the folder without its list of all layers
    layers.__path__ = [str(ROOT / "layers")]
    sys.modules["layers"] = layers

    import losses
    from engine.core.gradient_descent import GradientDescent
    from engine.core.sequential import CoreSequential
    from engine.random import set_seed
    from layers.dense import Dense

    (x, y), (x_test, y_test) = digits()
    set_seed(0)
    model = CoreSequential([Dense(64, activation="relu"), Dense(10)])
    model.compile(GradientDescent(0.1, momentum=0.9), losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(list(x), list(y), epochs=5)
    found = model.predict(list(x_test)).argmax(axis=1)
    before, after = history[0]["loss"], model.evaluate(list(x), list(y))["loss"]
    print(*sorted(name for name in sys.modules if name.split(".")[0] in ("engine", "layers", "losses")))
    print(f"{sum(found == y_test) / len(y_test):.4f} {before:.4f} {after:.4f}")


if __name__ == "__main__":
    main()
