"""What a layer or its user was given that cannot be right, said in words: no inputs, no tensor, no numbers; values that are not there yet."""

import re

import numpy as np
import tensorflow as tf

_SCALARS = (bool, int, float, complex, str, bytes)
_NO_VALUES = re.compile(
    r"Cannot convert a symbolic tf.Tensor|'?SymbolicTensor'? object has no attribute '(numpy|item|tolist|astype|copy)'"
    r"|argument must be .* not 'SymbolicTensor'|'SymbolicTensor' object cannot be interpreted as an integer"
)


def check_inputs_given(layer, args, kwargs):
    """Refuse a call of one of this project's layers without inputs, with None, or with something that is no tensor."""
    if type(layer).__module__.partition(".")[0] != "layers":
        return  # a layer of the user's own takes what it likes
    if not args and not kwargs:
        raise TypeError(f"{layer._title} was called without inputs. Pass it a tensor: layer(x).")
    if not args:
        return
    if isinstance(args[0], dict) and hasattr(layer.input_spec, "min_ndim"):
        raise ValueError(f"{layer._title} takes one tensor, received a dict with the keys {list(args[0])}. Choose one of them.")
    for item in tf.nest.flatten(args[0]):
        if item is None:
            which = "None" if args[0] is None else "a list or dict with None in it"
            raise ValueError(f"{layer._title} takes tensors, received {which}. Does what made it lack a `return`?")
        if not (isinstance(item, _SCALARS) or hasattr(item, "dtype") and hasattr(item, "shape")):
            raise ValueError(f"{layer._title} takes tensors or arrays, received an object of type {type(item).__name__}.")


def as_arrays(layer, weights):
    """The values for `layer.set_weights` as arrays, or a ValueError that says which is no array of numbers."""
    if not isinstance(weights, (list, tuple, np.ndarray)):
        raise ValueError(
            f"{layer._title}.set_weights() takes a list of arrays, as get_weights() gives it; received "
            f"{weights!r:.60} of type {type(weights).__name__}. Values in a file are read by load_weights()."
        )
    found = []
    for index, value in enumerate(weights):
        try:
            array = np.asarray(value)
        except ValueError:  # rows of unequal length
            array = None
        if array is None or array.dtype.kind in "OSU":
            raise ValueError(
                f"{layer._title}.set_weights() takes arrays of numbers; item {index} is {value!r:.60}, of type "
                f"{type(value).__name__}. Nothing was assigned."
            )
        found.append(array)
    return found


def say_without_values(error):
    """Where `error` comes from asking a tensor of a traced function for its values: say so in its message."""
    if error.args and isinstance(error.args[0], str) and _NO_VALUES.search(error.args[0]):
        error.args = (
            "NumPy, float() and the like need values, and a tensor in a compiled step has none yet. Use the function of "
            "TensorFlow (np.mean is tf.reduce_mean, np.sqrt tf.sqrt ...), or wrap yours in tf.numpy_function; "
            f"compile(run_eagerly=True) is for looking at values. TensorFlow's words: {error.args[0]}",
            *error.args[1:],
        )  # fmt: skip
