"""Weights as a file: one array per weight, under the weight's path (`blocks.0.kernel`).

A file is written whole or not at all (disk.py), and read whole or not at all: checked as a file (container.py), then
compared with the model, weight by weight, before the first value is assigned.
"""

import os

from engine.saving import container, keras_files
from engine.saving.container import FileError
from engine.saving.contents import OPTIMIZER, SEEDS, values_of, weights_of
from engine.text import shortened, table

_MOST_ROWS, _MOST_OF_A_CELL = 20, 200  # of a table


class Misfits(list):
    """Rows (weight, in the model, in the file, what is wrong); empty if all fits. As a string it is a table."""

    def __str__(self):
        if not self:
            return "everything fits"
        rows = [[shortened(cell, _MOST_OF_A_CELL) for cell in row] for row in self[:_MOST_ROWS]]  # a file's names may be megabytes
        left_out = f"\nand {len(self) - _MOST_ROWS} more" if len(self) > _MOST_ROWS else ""
        return table(("weight", "in the model", "in the file", ""), rows) + left_out


def save_weights(model, filepath):
    """Write the weights of `model` to the file `filepath`, replacing it. Such files are named `*.safetensors`.

    Errors: ValueError if the model is not built, or if two weights have the same path.

    >>> import os, tempfile
    >>> from engine.saving.weights import load_weights, save_weights
    >>> from layers import Dense
    >>> first, second = Dense(2), Dense(2)
    >>> first.build((None, 3)); second.build((None, 3))
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     save_weights(first, os.path.join(directory, "dense.safetensors"))
    ...     load_weights(second, os.path.join(directory, "dense.safetensors"))
    []
    >>> bool((first.kernel == second.kernel).numpy().all())
    True
    """
    container.write(filepath, "weights", values_of(weights_of(model, "save_weights")))


def load_weights(model, filepath, strict=True, by_name=False):
    """Assign the weights in the file `filepath` to those of `model` with the same paths.

    The file: one that `save_weights` or `Model.save` wrote, any safetensors file, or one of Keras: `.weights.h5`, `.keras`, `.h5`.
    `strict`: everything must fit; else what has the same name, shape and dtype is loaded. Returns the Misfits, a table
    of all the rest. `by_name`: of a file in the format of Keras 2, only the layers whose names the model has too.
    Errors: FileNotFoundError; FileError (a ValueError) for a file that is damaged or of another kind and, with the
    table, for one that does not fit; ValueError for a model that is not built. Nothing has been assigned then.

    >>> import tempfile
    >>> from engine.saving.weights import load_weights, save_weights
    >>> from layers import Dense
    >>> small, large = Dense(2), Dense(3)
    >>> small.build((None, 4)); large.build((None, 4))
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     save_weights(small, f"{directory}/small.safetensors")
    ...     misfits = load_weights(large, f"{directory}/small.safetensors", strict=False)
    >>> len(misfits)
    2
    """
    filepath = os.fspath(filepath)
    own, data = weights_of(model, "load_weights"), container.read_bytes(filepath)
    if by_name:
        arrays = keras_files.read_named_layers(data, filepath, model)
        own = {name: variable for name, variable in own.items() if name in arrays}
    elif keras_files.is_one(data):
        arrays = keras_files.read_weights(data, filepath, model)
    else:
        arrays = container.unpack(data, filepath).arrays
        arrays = {name: array for name, array in arrays.items() if name in own or not name.startswith((OPTIMIZER, SEEDS))}
    return assign(model, own, arrays, filepath, strict)


def assign(model, own, arrays, path, strict=True):
    """Give the variables `own` {name: variable} the values `arrays` {name: array}: all of them, or none and a FileError."""
    misfits = compare(own, arrays)
    if misfits and strict:
        raise FileError(
            f"{model._title}: the weights in {path!r} do not fit, and none was loaded. "
            f"strict=False loads those that do.\n{misfits}"
        )
    wrong = {name for name, *_ in misfits}
    for name, variable in own.items():
        if name not in wrong:
            variable.assign(arrays[name])
    return misfits


def compare(own, arrays):
    """The Misfits between variables and arrays of the same names."""
    misfits = Misfits()
    for name, variable in own.items():
        if name not in arrays:
            misfits.append((name, _kind(variable), "", "missing in the file"))
        elif _kind(variable) != _kind(arrays[name]):
            misfits.append((name, _kind(variable), _kind(arrays[name]), "mismatched"))
    misfits.extend((name, "", _kind(array), "unexpected") for name, array in arrays.items() if name not in own)
    return misfits


def _kind(array):
    """`float32 (3, 4)` of an array or a variable."""
    return f"{getattr(array.dtype, 'name', array.dtype)} {tuple(array.shape)}"
