"""A program run by both libraries, deed by deed: every number that came out, by name."""

import contextlib
import os
import re
import tempfile
import warnings

import keras
import numpy as np
import tensorflow as tf

from engine import dtypes
from engine.random import set_seed

from . import building


class Refusal(Exception):
    """One side ended with an error."""

    def __init__(self, side, deed, error):
        super().__init__(f"{side}, {deed}: {type(error).__name__}: {error}")
        self.kind = (side, deed.split()[-1], type(error).__name__, re.sub("[0-9]", "", str(error))[:60])


class Side:
    """One library's model, and what came out of it. `numbers`: {name: array or list of arrays}."""

    def __init__(self, name, program):
        self.name, self.k, self.program = name, building.LIBRARIES[name], program
        self.numbers, self.directory = {}, None

    def new_model(self):
        """A model as the program has it, with all its weights made."""
        model = building.make_model(self.k, self.program["model"], names=self.program.get("names", False))
        model(self.inputs(1))
        for name in self.program.get("frozen", ()):
            layer_of(model, name).trainable = False
        return model

    def inputs(self, rows):
        x = building.make_data(self.program, "train")["x"]
        return building.nest({name: tf.constant(array[:rows]) for name, array in x.items()}, self.program.get("names"))

    def compile(self):
        building.compile_model(self.k, self.model, self.program)

    def describe(self):
        self.config = self.model.get_config()

    # ---- data as the program gives them

    def data(self, use):
        """(positional arguments, keyword arguments) for fit, evaluate and predict."""
        nested = self.arrays(use)
        form, batch = self.program.get("form", "arrays"), self.program.get("batch", 4)
        if form == "arrays":
            weight = {} if nested[2] is None else {"sample_weight": nested[2]}
            return nested[:2], {**weight, "batch_size": batch}
        tensors = tuple(tuple(part) if isinstance(part, list) else part for part in nested if part is not None)
        if form == "dataset":
            return (tf.data.Dataset.from_tensor_slices(tensors).batch(batch),), {}
        batches = Batches(tensors, self.program.get("rows", 4), batch)
        return ((batches,), {}) if form == "sequence" else ((endless(batches),), {"steps": len(batches)})

    def validation_data(self):
        """What is gone through anew in each epoch, so no generator."""
        if self.program.get("form") in ("dataset", "sequence"):
            return self.data("validation")[0][0]
        return tuple(part for part in self.arrays("validation") if part is not None)

    def arrays(self, use):
        """(x, y, sample_weight) as nests of arrays."""
        data, names = building.make_data(self.program, use), self.program.get("names")
        named = building.names_outputs(self.program)
        weight = data["sample_weight"] and building.nest(data["sample_weight"], named)
        return building.nest(data["x"], names), building.nest(data["y"], named), weight


class Batches(keras.utils.PyDataset):
    def __init__(self, tensors, rows, batch):
        super().__init__()
        self.tensors, self.rows, self.batch = tensors, rows, batch

    def __len__(self):
        return -(-self.rows // self.batch)

    def __getitem__(self, number):
        part = slice(number * self.batch, (number + 1) * self.batch)
        return tf.nest.map_structure(lambda array: array[part], self.tensors)


def endless(batches):
    while True:
        yield from (batches[number] for number in range(len(batches)))


def layer_of(model, name):
    """The layer of a node."""
    return getattr(model, name, None) or model.get_layer(name)


# ---- the deeds: (side, deed, the other side) → what came out ------------------------------------


def fit(side, deed, other):
    args, kwargs = side.data("train")
    if "steps" in kwargs:
        kwargs["steps_per_epoch"] = kwargs.pop("steps")
    if deed.get("validate") == "split":
        kwargs["validation_split"] = 0.4
    elif deed.get("validate"):
        kwargs["validation_data"] = side.validation_data()
    if side.program.get("class_weight"):
        kwargs["class_weight"] = {int(number): weight for number, weight in side.program["class_weight"].items()}
    callbacks = building.make(side.k, deed.get("callbacks", []))
    kwargs |= {key: deed[key] for key in ("epochs", "initial_epoch", "validation_freq") if key in deed}
    run = side.model.fit(*args, **kwargs, shuffle=False, verbose=0, callbacks=callbacks)
    return {f"history of {name}": values for name, values in run.history.items()}


def evaluate(side, deed, other):
    args, kwargs = side.data("validation")
    found = side.model.evaluate(*args, **kwargs, verbose=0, return_dict="as_list" not in deed)
    return {"list": found} if "as_list" in deed else found


def predict(side, deed, other):
    args, kwargs = side.data("validation")
    kwargs.pop("sample_weight", None)
    return {"outputs": tf.nest.flatten(side.model.predict(args[0], verbose=0, **kwargs))}


def train_on_batch(side, deed, other):
    x, y, weight = side.arrays("train")
    return side.model.train_on_batch(x, y, weight, return_dict=True)


def test_on_batch(side, deed, other):
    x, y, weight = side.arrays("validation")
    return side.model.test_on_batch(x, y, weight, return_dict=True)


def freeze(side, deed, other):
    for name in deed.get("nodes", ()):
        layer_of(side.model, name).trainable = False
    side.compile()


def rate(side, deed, other):
    side.model.optimizer.learning_rate = deed["to"]


def save(side, deed, other):
    """Each side goes on with the model of its own file."""
    path = os.path.join(side.directory, "whole.keras" if side.k is keras else "whole.safetensors")
    side.model.save(path)
    side.model = side.k.saving.load_model(path)


def keras_file(side, deed, other):
    """Both sides go on with the model of Keras's file; of that ours does not read the optimizer's state."""
    path = os.path.join(side.directory, "shared.keras")
    if side.k is keras:
        side.model.save(path)
    side.model = side.k.saving.load_model(path)
    side.compile()


def save_weights(side, deed, other):
    path = os.path.join(side.directory, f"{side.name}.weights.h5")
    side.model.save_weights(path)
    load_weights(side, path)


def keras_weights(side, deed, other):
    """Both sides go on with the weights of Keras's file."""
    path = os.path.join(side.directory, "shared.weights.h5")
    if side.k is keras:
        side.model.save_weights(path)
    load_weights(side, path)


def load_weights(side, path):
    side.model = side.new_model()
    side.model.load_weights(path)
    side.compile()


def configs(side, deed, other):
    """Each side makes its model from the other's config."""
    model = type(side.model).from_config(other.config)
    model(side.inputs(1))
    model.set_weights(side.model.get_weights())
    side.model = model
    side.compile()


DEEDS = {deed.__name__: deed for deed in (
    fit, evaluate, predict, train_on_batch, test_on_batch, freeze, rate, save, keras_file, save_weights, keras_weights, configs,
)}  # fmt: skip


# ---- a program ---------------------------------------------------------------------------------


def run(program):
    """{side: {name: numbers}} of the whole program; a Refusal if one side ends with an error."""
    set_seed(program["seed"])
    sides = [Side(name, program) for name in building.LIBRARIES]
    with in_float64(), quiet(), tempfile.TemporaryDirectory() as directory:
        for side in sides:
            side.directory = directory
            attempt(side, "start", start)
        share_weights(program, *sides)
        for number, deed in enumerate(program["deeds"]):
            label = f"{number} {deed['do']}"
            if deed["do"] == "configs":
                for side in sides:
                    attempt(side, label, Side.describe)
            for side, other in zip(sides, reversed(sides)):
                attempt(side, label, act, label, deed, other)
    return {side.name: side.numbers for side in sides}


def attempt(side, label, action, *args):
    try:
        action(side, *args)
    except Exception as error:
        raise Refusal(side.name, label, error) from error


def start(side):
    side.model = side.new_model()
    side.compile()
    side.numbers["shapes of weights"] = [np.array(weight.shape) for weight in side.model.get_weights()]


def act(side, label, deed, other):
    found = DEEDS[deed["do"]](side, deed, other) or {}
    side.numbers |= {f"{label}: {name}": value for name, value in found.items()}
    side.numbers[f"{label}: weights"] = side.model.get_weights()


def share_weights(program, *sides):
    """Both sides begin with the same weights: the first values of one, each a little changed, so that all are different."""
    values = sides[0].model.get_weights()
    rng = building.stream(program, "weights")
    values = [value + rng.uniform(0, 0.25, value.shape) if value.dtype.kind == "f" else value for value in values]
    for side in sides:
        attempt(side, "equal weights", lambda side: side.model.set_weights(values))


@contextlib.contextmanager
def in_float64():
    before = keras.config.floatx(), dtypes.floatx()
    for module in (keras.config, dtypes):
        module.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        for module, floatx in zip((keras.config, dtypes), before):
            module.set_floatx(floatx)
        keras.config.set_dtype_policy(before[0])


@contextlib.contextmanager
def quiet():
    """Both warn of much that a program drawn by chance does on purpose, such as a mask that ends at a layer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
