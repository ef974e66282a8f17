"""`python every_layer.py REPLICAS ID ...`: rows of the tables of layers in training, on one device and on several.

Each row becomes a model that is trained on batches of seven, seven and two rows: of four replicas some get nothing of the
last one. Prints {id: [difference, where]}.
"""

import dataclasses
import functools
import json
import sys
import warnings

warnings.simplefilter("error")
warnings.filterwarnings("ignore", category=DeprecationWarning)

import cases  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from catalogue import BY_ID  # noqa: E402
from compare import strategies_of  # noqa: E402

from engine import Model, clear_session, set_floatx, set_seed  # noqa: E402
from layers import Dense  # noqa: E402
from losses.ground.masks import set_mask  # noqa: E402

COUNT, BATCH = 16, 7


class Around(Model):
    """One layer, as a row calls it, and one number for each row of the batch from whatever comes out."""

    def __init__(self, layer, given):
        super().__init__()
        self.layer, self.given, self.last = layer, given, Dense(1)

    def call(self, inputs):
        x, call = _as_lists(inputs["x"]), {name: _as_lists(item) for name, item in inputs.get("call", {}).items()}
        for tensor, mask in zip(tf.nest.flatten(x), tf.nest.flatten(inputs.get("masks", ()))):
            set_mask(tensor, mask)
        numbers = []
        for output in tf.nest.flatten(self.layer(x, **{**call, **self.given, "training": True})):
            flat = tf.cast(tf.reshape(output, (tf.shape(output)[0], np.prod(output.shape[1:], dtype=int))), tf.float64)
            numbers.append(tf.reduce_sum(tf.sin(flat) * tf.cos(tf.range(flat.shape[1], dtype=tf.float64)), axis=1, keepdims=True))
        return self.last(tf.add_n(numbers))


def run(row, strategy):
    """All numbers of the run."""
    set_floatx("float64")
    set_seed(5)
    clear_session()
    call = {name: _many(item, row) for name, item in row.call.items()}
    arrays = {name: item for name, item in call.items() if isinstance(item, (np.ndarray, tuple))}
    masks = row.masks if isinstance(row.masks, list) else [row.masks]
    parts = {"x": _many(row.x, row), "call": arrays, "masks": tuple(_rows(mask) for mask in masks if mask is not None)}
    inputs = {name: part for name, part in parts.items() if len(part)}
    arguments = {"synchronized": True} if row.part.name == "BatchNormalization" else {}
    part = dataclasses.replace(row.part, arguments={**row.part.arguments, **arguments})
    with cases.scope(strategy):
        given = {name: item for name, item in call.items() if name not in arrays}
        model = Around(dataclasses.replace(row, part=part).make(), given)
        model.compile(cases.Descent(0.01, clipnorm=1.0), "mse")
    y = np.random.default_rng(1).normal(size=(COUNT, 1))
    data = tf.data.Dataset.from_tensor_slices((inputs, y)).batch(BATCH)
    found = cases.numbers(model, model.fit(data, epochs=2, verbose=0))
    return {**found, "outputs": model.predict(data)}


def _many(spec, row):
    """Arrays of COUNT rows for what a row has of a few; tuples for lists, which tf.data would take for arrays."""
    if isinstance(spec, dict):
        return {name: _many(item, row) for name, item in spec.items()}
    if isinstance(spec, tuple) and all(type(size) is int for size in spec):
        shape, draw = (COUNT, *spec[1:]), np.random.default_rng(row.seed)
        return draw.normal(size=shape) if row.ints is None else draw.integers(0, row.ints, shape)
    if isinstance(spec, (list, tuple)):
        return tuple(_many(item, row) for item in spec if item is not None)
    return _rows(spec) if isinstance(spec, np.ndarray) else spec


def _as_lists(structure):
    return [_as_lists(item) for item in structure] if isinstance(structure, tuple) else structure


def _rows(array):
    return np.resize(array, (COUNT, *np.shape(array)[1:]))


def compared(row, strategy):
    return cases.difference(run(row, strategy), run(row, None))


def main(replicas, *names):
    functions = {name: functools.partial(compared, row) for name, row in BY_ID.items()}
    print(json.dumps(cases.outcomes(names, functions, *strategies_of([int(replicas)]).values())))


if __name__ == "__main__":
    main(*sys.argv[1:])
