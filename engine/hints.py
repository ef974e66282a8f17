"""Names for what arguments may be: the hints of public methods are made of these and of Python's own.

TensorFlow tells a type checker nothing, so that its classes count as Any there. The first four are Any too, as no type can
say which nests of what belong together: they are for readers.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

Values: TypeAlias = Any  # a tensor, an array, a number, or lists of numbers
Nest: TypeAlias = Any  # tensors, or symbols: one, or a list, tuple or dict of them
Data: TypeAlias = Any  # arrays, or lists or dicts of them; a tf.data.Dataset; a generator or a sequence of batches
Shape: TypeAlias = Any  # a tuple of sizes, None where one is open; of several inputs a list or dict of shapes

Config: TypeAlias = dict[str, Any]  # plain data
Logs: TypeAlias = dict[str, Any]  # {name: number}
File: TypeAlias = str | os.PathLike[str]
DType: TypeAlias = str | tf.DType | None  # or a DTypePolicy; None: the default
Function: TypeAlias = Callable[..., Any]
Part: TypeAlias = str | Config | Function | None  # a loss, an initializer and the like: by name, by config, or as it is
Parts: TypeAlias = Part | Sequence[Any] | dict[str, Any]  # several, in order or by name
Objects: TypeAlias = dict[str, Any] | None  # what else may be named in a config, by name
ClassWeights: TypeAlias = dict[Any, Any] | Sequence[Any] | None

Variables: TypeAlias = Iterable[tf.Variable]
Tensors: TypeAlias = Iterable[tf.Tensor | None]
Pairs: TypeAlias = Iterable[tuple[tf.Tensor | None, tf.Variable]]  # of gradients and variables


def overridable(method: Any) -> Any:
    """A method that subclasses write with arguments of their own: a type checker compares no other with it."""
    return method
