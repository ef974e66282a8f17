"""Values of a config that JSON has no word for, as values that it has, and back again.

    {"class_name": "__numpy__", "config": {"value": [0.5, 1.0], "dtype": "float32"}}

Arrays, tensors, shapes, dtypes, sets, paths, bytes, complex numbers, and dicts whose keys are no text come back as what they
were; tuples come back as lists, scalars of NumPy as Python's. Reading makes values and nothing else: no code, no classes.
"""

import base64
import inspect
import pathlib

import numpy as np
import tensorflow as tf

from losses.ground.configurable import Configurable, serialize

_LARGEST_KEY = 2**60  # larger integers may all have the same hash, and then each is compared with all others


def to_json(value):
    """`value` in what JSON has words for. What is unknown stays as it is, for `json.dumps` to refuse.

    >>> to_json({1: {"b"}})
    {'class_name': '__dict__', 'config': {'value': [[1, {'class_name': '__set__', 'config': {'value': ['b']}}]]}}
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, Configurable) or inspect.isfunction(value):
        return to_json(serialize(value))
    for kind, (cls, describe, _) in _KINDS.items():
        if isinstance(value, cls):
            return {"class_name": f"__{kind}__", "config": describe(value)}
    return to_json(value.item()) if isinstance(value, np.generic) else value


def from_json(value):
    """What `to_json` was given; lists and dicts of `value` are made over, so that there are no two of a large one."""
    if isinstance(value, list):
        value[:] = map(from_json, value)
        return value
    if not isinstance(value, dict):
        return value
    name = value.get("class_name")
    kind = name[2:-2] if isinstance(name, str) and name.startswith("__") else None
    if kind in _KINDS and set(value) == {"class_name", "config"}:
        return _KINDS[kind][2](**value["config"])
    for key, item in value.items():
        value[key] = from_json(item)
    return value


def _describe_array(array):
    array = np.asarray(array)
    return {"value": to_json(array.tolist()), "dtype": array.dtype.name}


def _array(value, dtype):
    is_text = dtype.startswith(("str", "bytes"))
    return np.array(from_json(value), None if is_text else tf.as_dtype(dtype).as_numpy_dtype)


def _describe_dict(found):
    return {"value": [[_key_to_json(key), to_json(value)] for key, value in found.items()]}


def _key_to_json(key):
    """A key, or an item of a set: these may be tuples, and lists may not."""
    return {"tuple": [_key_to_json(item) for item in key]} if isinstance(key, tuple) else to_json(key)


def _key(key):
    if isinstance(key, int) and abs(key) > _LARGEST_KEY:
        raise ValueError(f"A key of a dict or an item of a set is {key:.3e}; up to {_LARGEST_KEY:.3e} is allowed.")
    return tuple(map(_key, key["tuple"])) if isinstance(key, dict) and set(key) == {"tuple"} else from_json(key)


def _describe_set(items):
    return {"value": sorted(map(_key_to_json, items), key=repr)}  # in an order that does not depend on the process


# name: (class, value → arguments, arguments → value)
_KINDS = {
    "dict": (dict, _describe_dict, lambda value: {_key(key): from_json(item) for key, item in value}),
    "set": (set, _describe_set, lambda value: set(map(_key, value))),
    "frozenset": (frozenset, _describe_set, lambda value: frozenset(map(_key, value))),
    "numpy": (np.ndarray, _describe_array, _array),
    "tensor": ((tf.Tensor, tf.Variable), _describe_array, lambda value, dtype: tf.constant(_array(value, dtype))),
    "tensor_shape": (
        tf.TensorShape, lambda shape: {"value": None if shape.rank is None else shape.as_list()}, lambda value: tf.TensorShape(value)
    ),
    "numpy_dtype": (np.dtype, lambda dtype: {"value": dtype.name}, lambda value: np.dtype(value)),
    "dtype": (tf.DType, lambda dtype: {"value": dtype.name}, lambda value: tf.as_dtype(value)),
    "path": (pathlib.PurePath, lambda path: {"value": str(path)}, lambda value: pathlib.Path(value)),
    "bytes": ((bytes, bytearray), lambda data: {"value": base64.b64encode(data).decode()}, lambda value: base64.b64decode(value)),
    "complex": (complex, lambda number: {"value": [number.real, number.imag]}, lambda value: complex(*value)),
}  # fmt: skip
