"""What to compare with Keras, as data: one name and one set of arguments build both sides.

    row("Dense", dict(units=4, activation="relu"), x=(3, 5))
    row("Bidirectional", dict(layer=part("LSTM", units=4)), x=(3, 6, 5))
    row("Dense", dict(units=-1), raises="positive integer")
"""

import dataclasses
import importlib

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Part:
    """An object that is built on both sides: `name` in `module` (called as in Keras), with `arguments`."""

    name: str
    arguments: dict
    module: str = "layers"

    def build(self, library):
        """The object, from the module that `library(module)` gives."""
        return getattr(library(self.module), self.name)(**build(self.arguments, library))

    def __repr__(self):
        return f"{self.name}({_listed(self.arguments)})"


def ours(module):
    """The module of this project that Keras calls `keras.<module>`: "layers", "regularizers" ..."""
    return importlib.import_module(module if module in ("layers", "losses", "engine") else f"engine.{module}")


def part(name, module="layers", **arguments):
    """An object as an argument of a row: `name` of `module`, with `arguments`, made on both sides.

    >>> part("LSTM", units=4), part("L2", "regularizers", l2=0.5)
    (LSTM(units=4), L2(l2=0.5))
    """
    return Part(name, arguments, module.removeprefix("engine."))


def build(value, library):
    """`value` with each Part in it built."""
    if isinstance(value, Part):
        return value.build(library)
    if isinstance(value, dict):
        return {key: build(item, library) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(build(item, library) for item in value)
    return value


@dataclasses.dataclass(frozen=True)
class Row:
    """One comparison. Made by `row`, which explains the fields."""

    part: Part
    x: object
    call: dict
    training: bool
    ints: int
    masks: object
    seed: int
    smooth: bool
    rtol: float
    raises: str
    leave_out: tuple
    why: str

    @property
    def id(self):
        """The row in one readable word: `Dense-units=4-activation=relu`."""
        words = [self.part.name, *(f"{key}={_word(value)}" for key, value in self.part.arguments.items())]
        words += ["training"] * self.training + [f"call.{key}" for key in self.call]
        words += ["masked"] * (self.masks is not None) + ["raises"] * (self.raises is not None)
        return "-".join(words)

    def make(self, library=None):
        """The layer: ours, or that of another `library(module)`."""
        return self.part.build(library or ours)

    def inputs(self, number=0):
        """(x, further arguments of call) as tensors, other ones for each `number`; x carries the mask as attribute."""
        rng = np.random.default_rng([self.seed, number])
        x, call = tensors((_fill(self.x, rng, self.ints), _fill(self.call, rng, None)))
        for tensor, value in zip(tf.nest.flatten(x), self.masks if isinstance(self.masks, list) else [self.masks]):
            if value is not None:
                tensor._keras_mask = tf.constant(value)
        return x, {"training": self.training, **call}

    def random_weights(self, layer):
        """Values for all weights: normals for trainable ones; others positive, because variances are among them."""
        rng = np.random.default_rng([self.seed, 99])
        trained = {id(variable) for variable in layer.trainable_weights}
        values = []
        for variable in layer.weights:
            value = variable.numpy()
            if value.dtype.kind == "f":
                shape = value.shape
                value = rng.normal(size=shape) / 2 if id(variable) in trained else rng.uniform(0.5, 1.5, size=shape)
            values.append(value)
        return values


def row(name, arguments=None, *, x=None, call=None, training=False, ints=None, masks=None, module="layers", seed=0,
        smooth=True, rtol=1e-10, raises=None, leave_out=(), why=None):  # fmt: skip
    """A Row: the class `name` of `module`, built with `arguments`, called on `x`.

    `arguments`: those of the constructor; a `part(...)` among them is built on both sides.
    `x`: a shape (batch included) for random normals, a list or dict of shapes, or an array taken as it is;
    `ints=n`: integers from 0 to n - 1 in place of normals. `masks`: the mask that travels with x.
    `call`: further arguments of call; shapes become random normals there too. `training`: the flag.
    `smooth=False`: not twice differentiable everywhere. `raises`: a pattern; making or calling ours must
    raise a ValueError or TypeError that matches. `leave_out`: quantities that cannot be compared (a word of
    their name such as "config"). `rtol` above 1e-10 and `leave_out` need the reason in `why`. `seed` of the numbers.

    >>> row("Dense", dict(units=4), x=(3, 5)).id
    'Dense-units=4'
    """
    if (rtol > 1e-10 or leave_out) and not why:
        raise ValueError(f"row({name!r}): rtol or leave_out is given without `why`.")
    if x is None and raises is None:
        raise ValueError(f"row({name!r}): nothing to call it on; give x=(batch, ...).")
    return Row(Part(name, dict(arguments or {}), module), x, dict(call or {}), training, ints, masks, seed, smooth,
               rtol, raises, tuple(leave_out), why)  # fmt: skip


def _fill(spec, rng, ints):
    """`spec` with shapes (tuples of integers) replaced by random arrays."""
    if isinstance(spec, dict):
        return {key: _fill(item, rng, ints) for key, item in spec.items()}
    if isinstance(spec, list):
        return [_fill(item, rng, ints) for item in spec]
    if isinstance(spec, tuple) and all(type(size) is int for size in spec):
        return rng.normal(size=spec) if ints is None else rng.integers(0, ints, size=spec)
    if isinstance(spec, tuple):
        return tuple(_fill(item, rng, ints) for item in spec)
    return spec


def _listed(arguments):
    return ",".join(f"{key}={_word(value)}" for key, value in arguments.items())


def _word(value):
    """`value` in the id of a row."""
    if isinstance(value, np.ndarray):
        return f"array{list(value.shape)}".replace(" ", "")
    return getattr(value, "__name__", repr(value)).replace("'", "").replace(" ", "")[:60]


def tensors(structure):
    """`structure` with its arrays as tensors."""
    return tf.nest.map_structure(
        lambda item: tf.convert_to_tensor(item) if isinstance(item, np.ndarray) else item, structure
    )
