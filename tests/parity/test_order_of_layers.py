"""The order of a graph's layers, and so of its weights, is Keras's, also where masks are made in the midst of it."""

import keras
import pytest

import engine
import layers


class Ours:
    layers, Input, Model, Sequential = layers, staticmethod(engine.Input), engine.Model, engine.Sequential


def branch(k, name, *between, x=None):
    """Dense → the layers between → a mean over the steps."""
    x = k.layers.Dense(3, name=name)(k.Input((4, 3), name=f"into_{name}") if x is None else x)
    for layer in between:
        x = layer(x)
    return k.layers.GlobalAveragePooling1D()(x)


def pair(k, left, right):
    """A graph of two branches, of which `left` is written first."""
    x = k.Input((4, 3), name="x")
    return k.Model(x, k.layers.Concatenate()([branch(k, "two", *left, x=x), branch(k, "one", *right, x=x)]))


def identities(k, count):
    return [k.layers.Identity() for _ in range(count)]


def masks(k):
    return k.layers.Masking()


def merged(k, name, count, **arguments):
    """Beside a branch of so many identities: two masked tensors (and one without), merged."""
    x = k.Input((4, 3), name="x")
    parts = [masks(k)(k.layers.Dense(3, name=f"part_{place}")(x)) for place in range(2)]
    if arguments.pop("half", False):
        parts.append(k.layers.Dense(3, name="unmasked")(x))
    if arguments.pop("three", False):
        parts.insert(0, masks(k)(k.layers.Dense(3, name="third")(x)))
    mean = k.layers.GlobalAveragePooling1D()(getattr(k.layers, name)(**arguments)(parts))
    return k.Model(x, [branch(k, "two", *identities(k, count), x=x), mean])


def embedded(k, count):
    x = k.Input((2, 2), name="x")
    mean = k.layers.GlobalAveragePooling1D()(k.layers.Embedding(5, 2, mask_zero=True)(k.layers.Reshape((4,), name="flat")(x)))
    other = k.layers.Reshape((4,), name="other")(x)
    for layer in identities(k, count):
        other = layer(other)
    return k.Model(x, k.layers.Concatenate()([other, mean]))


def with_states(k, count):
    x, h = k.Input((4, 3), name="x"), k.Input((2,), name="h")
    out = k.layers.GRU(2)(masks(k)(k.layers.Dense(3, name="one")(x)), initial_state=h)
    return k.Model([x, h], k.layers.Concatenate()([branch(k, "two", *identities(k, count), x=x), out]))


def attended(k, count):
    x = k.Input((4, 3), name="x")
    query = masks(k)(k.layers.Dense(3, name="one")(x))
    mean = k.layers.GlobalAveragePooling1D()(k.layers.Attention()([query, k.layers.Dense(3, name="three")(x)]))
    return k.Model(x, k.layers.Concatenate()([branch(k, "two", *identities(k, count), x=x), mean]))


def nested(k):
    return k.Sequential([k.layers.Identity(), k.layers.Dense(2, name="inner")])


GRAPHS = {
    "mean": lambda k, count: pair(k, identities(k, count), [masks(k)]),
    "passed on": lambda k, count: pair(k, identities(k, count), [masks(k), k.layers.Dense(3, name="three")]),
    "destroyed": lambda k, count: pair(k, identities(k, count), [masks(k), k.layers.Conv1D(2, 1), k.layers.Identity()]),
    "recurrent": lambda k, count: pair(k, identities(k, count), [masks(k), k.layers.LSTM(2, return_sequences=True)]),
    "normalized": lambda k, count: pair(k, identities(k, count), [masks(k), k.layers.BatchNormalization()]),
    "nested": lambda k, count: pair(k, identities(k, count), [masks(k), nested(k)]),
    "added": lambda k, count: merged(k, "Add", count),
    "three added": lambda k, count: merged(k, "Average", count, three=True),
    "half added": lambda k, count: merged(k, "Multiply", count, half=True),
    "joined": lambda k, count: merged(k, "Concatenate", count, axis=1),
    "half joined": lambda k, count: merged(k, "Concatenate", count, half=True),
    "embedded": embedded,
    "with states": with_states,
    "attended": attended,
}  # fmt: skip

NAMES = {"one", "two", "three", "third", "part_0", "part_1", "unmasked", "flat", "other"}  # those of others are numbered on


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
@pytest.mark.parametrize("count", range(9))
@pytest.mark.parametrize("graph", GRAPHS)
def test_order(graph, count):
    ours, theirs = GRAPHS[graph](Ours, count), GRAPHS[graph](keras, count)
    named = [[layer.name for layer in model.layers if layer.name in NAMES] for model in (ours, theirs)]
    assert named[0] == named[1]
    assert [type(layer).__name__ for layer in ours.layers] == [type(layer).__name__ for layer in theirs.layers]
