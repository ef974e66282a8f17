"""A program's objects and data, in the library that `k` stands for: `keras`, or `Glassbox` with the same names."""

import functools

import keras
import numpy as np

import engine
import layers
import losses
from engine import callbacks, constraints, initializers, metrics, optimizers, regularizers, saving

from .modelling import IDS
from .own import classes


class Glassbox:
    """What `keras` offers, from here."""

    layers, losses, metrics, optimizers, callbacks = layers, losses, metrics, optimizers, callbacks
    regularizers, constraints, initializers, saving = regularizers, constraints, initializers, saving
    Input, Model, Sequential = staticmethod(engine.Input), engine.Model, engine.Sequential


LIBRARIES = {"Keras": keras, "Glassbox": Glassbox}
FUNCTIONS = {"halve": lambda epoch, rate: rate / 2}


# ---- objects -----------------------------------------------------------------------------------


def make(k, value):
    """`value` with the parts in it made."""
    if isinstance(value, list):
        return [make(k, item) for item in value]
    if not isinstance(value, dict):
        return value
    (key, content), *more = value.items() if value else [(None, None)]
    if more or key is None:
        return {name: make(k, item) for name, item in value.items()}
    if key == "function":
        return FUNCTIONS[content]
    if isinstance(key, str) and "." in key:
        cls = classes(k)[key[4:]] if key.startswith("own.") else functools.reduce(getattr, key.split("."), k)
        return cls(**{name: make(k, item) for name, item in content.items()})
    return {key: make(k, content)}


def make_layer(k, node):
    """The layer of a node, with the node's name."""
    ((key, content),) = node["layer"].items()
    if key == "model":
        return make_model(k, content, node["name"])
    return make(k, {key: content | {"name": node["name"]}})


def make_model(k, model, name="whole", names=False):
    """The model; `names`: its inputs and outputs are dicts."""
    return {"list": make_list, "graph": make_graph, "subclass": make_subclass}[model["style"]](k, model, name, names)


def make_list(k, model, name, names):
    ((key, given),) = model["inputs"].items()
    first = [] if given.get("unsaid") else [k.Input(given["shape"], name=key)]
    return k.Sequential([*first, *(make_layer(k, node) for node in model["nodes"])], name=name)


def make_graph(k, model, name, names):
    inputs = {key: k.Input(given["shape"], name=key) for key, given in model["inputs"].items()}
    made = {node["name"]: make_layer(k, node) for node in model["nodes"] if "layer" in node}
    values = run_nodes(model, inputs, made)
    return k.Model(nest(inputs, names), nest({output: values[output] for output in model["outputs"]}, names), name=name)


def make_subclass(k, model, name, names):
    class Subclass(k.Model):
        def __init__(self):
            super().__init__(name=name)
            for node in model["nodes"]:
                if "layer" in node:
                    setattr(self, node["name"], make_layer(k, node))

        def compute(self, inputs):
            values = inputs if isinstance(inputs, dict) else dict(zip(model["inputs"], as_list(inputs)))
            made = {node["name"]: getattr(self, node["name"]) for node in model["nodes"] if "layer" in node}
            values = run_nodes(model, values, made)
            return nest({output: values[output] for output in model["outputs"]}, names or len(model["outputs"]) > 1)

    class TakesTraining(Subclass):
        def call(self, inputs, training=None):
            return self.compute(inputs)

    class TakesNone(Subclass):
        def call(self, inputs):
            return self.compute(inputs)

    return TakesTraining() if model.get("takes_training") else TakesNone()


def run_nodes(model, inputs, made):
    """The values of all tensors, by name."""
    values = dict(inputs)
    for node in model["nodes"]:
        layer, on = made[node.get("again", node["name"])], [values[name] for name in node["on"]]
        apart = "layers.MultiHeadAttention" in node.get("layer", ())
        values[node["name"]] = layer(*on) if apart else layer(on[0] if len(on) == 1 else on)
    return values


def as_list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def nest(values, names):
    """The dict `values` as it is given to a model: a dict, or a list, or what is alone in it."""
    return values if names else list(values.values()) if len(values) > 1 else next(iter(values.values()))


def compile_model(k, model, program):
    """As the program says; Keras runs eagerly, which costs the least for a few steps."""
    def per_output(key):
        return make(k, nest(program[key], names_outputs(program))) if key in program else None

    metrics = {key: per_output(key) for key in ("metrics", "weighted_metrics")}
    model.compile(make(k, program["optimizer"]), per_output("loss"), loss_weights=per_output("loss_weights"), **metrics,
                  run_eagerly=k is keras or bool(program.get("eager")))  # fmt: skip


def names_outputs(program):
    """Whether what there is for each output is a dict."""
    many = len(program["model"]["outputs"]) > 1
    return bool(program.get("names")) or program["model"]["style"] == "subclass" and many


# ---- data --------------------------------------------------------------------------------------


def make_data(program, use):
    """{"x", "y", "sample_weight"}: arrays by name for one use of data: "train", "validation"."""
    model, rows = program["model"], program.get("rows", 4)
    x = {name: random_input(stream(program, use, name), rows, given) for name, given in model["inputs"].items()}
    y, weight = {}, {}
    for name in model["outputs"]:
        shape = [rows, *program["shapes"][name]]
        y[name] = random_labels(stream(program, use, name), program["kinds"][name], shape)
        weight[name] = stream(program, use, name, "weight").integers(1, 9, shape[:-1]) / 4
    return {"x": x, "y": y, "sample_weight": weight if program.get("sample_weight") else None}


def stream(program, *words):
    """Random numbers that depend on the seed and the words only, so that a smaller program has the same data."""
    return np.random.default_rng([program["seed"], *"/".join(words).encode()])


def random_input(rng, rows, given):
    shape = (rows, *given["shape"])
    if given["of"] == "ids":
        ids = rng.integers(0, IDS, shape)
        ids[:, 0] = 1 + ids[:, 0] % (IDS - 1)  # number 0 may mean padding, and each row has something
        return ids
    numbers = rng.normal(size=shape)
    if given["of"] == "padded":
        lengths = rng.integers(1, shape[1] + 1, rows)
        numbers[np.arange(shape[1]) >= lengths[:, None]] = 0
    return numbers


def random_labels(rng, kind, shape):
    if kind == "binary":
        return rng.integers(0, 2, shape).astype(float)
    if kind == "real":
        return rng.normal(size=shape)
    classes = rng.integers(0, shape[-1], shape[:-1])
    return np.eye(shape[-1])[classes] if kind == "one_hot" else classes
