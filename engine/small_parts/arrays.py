"""Data in memory: what counts as an array, nests of arrays as nests of tensors, and their rows."""

import numpy as np
import tensorflow as tf

from engine.small_parts.given import check_inputs_given
from losses.ground.masks import get_mask, set_mask

ALIGNMENT = 64  # bytes: TensorFlow's kernels read memory in such pieces


def is_array_like(x):
    """Whether `x` is data in memory: an array, a number, or a list, tuple or dict of them. If not, it gives batches."""
    known = (list, tuple, dict, int, float, tf.RaggedTensor, tf.SparseTensor)
    return isinstance(x, known) or any(hasattr(x, name) for name in ("shape", "to_numpy", "__array__"))


def to_tensors(data, dtype, keep=False, new=None):
    """A nest of arrays as a nest of tensors, floats in `dtype`. A list of numbers, or of lists of numbers, is one array.

    `keep`: a list of one array stays a list; else it is that array. `new` makes the arrays to copy to (None: `aligned`).
    """
    if data is None:
        return None
    if isinstance(data, dict):
        return {key: to_tensors(item, dtype, new=new) for key, item in data.items()}
    if _is_nest(data):
        parts = [to_tensors(item, dtype, new=new) for item in data]
        if hasattr(data, "_fields"):  # a named tuple
            return type(data)(*parts)
        return parts[0] if len(parts) == 1 and not keep else type(data)(parts)
    return _to_tensor(data, dtype, new or aligned)


def _is_nest(data):
    """Whether a list or tuple holds arrays; if not, it holds numbers, and is one array."""
    if not isinstance(data, (list, tuple)) or data and isinstance(data[0], (bool, int, float, str)):
        return False
    return any(
        isinstance(item, dict) or (hasattr(item, "shape") and len(item.shape) > 0) or _is_nest(item) for item in data
    )


def _to_tensor(item, dtype, new):
    """A tensor from an array, a list, a data frame."""
    if isinstance(item, tf.RaggedTensor):
        return item
    if isinstance(item, tf.SparseTensor):
        return tf.sparse.reorder(item)
    if hasattr(item, "to_numpy"):
        item = item.to_numpy()
    if isinstance(item, np.ndarray) and item.size and item.dtype.kind in "fiu":
        item = _copy(item, tf.as_dtype(dtype).as_numpy_dtype if item.dtype.kind == "f" else item.dtype, new)
    try:
        tensor = tf.convert_to_tensor(item)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"Data must be numbers in rows of equal length; received {type(item).__name__} that TensorFlow cannot "
            f"convert ({error}). Pad the rows, or pass a tf.data.Dataset."
        ) from None
    return tf.cast(tensor, dtype) if tensor.dtype.is_floating else tensor


def _copy(array, dtype, new):
    """A tensor with the numbers of `array` in `dtype`, copied once.

    `tf.convert_to_tensor` copies twice on its way, and a cast would copy once more: of 60,000 × 784 float32 it holds 367 MB
    in the end, this 179 MB.
    """
    dtype = np.dtype(dtype).newbyteorder("=")
    if dtype.kind not in "fiu":  # bfloat16, which NumPy cannot hand over
        return tf.convert_to_tensor(array)
    copied = new(array.shape, dtype)
    copied[...] = array
    return shared(copied)


def aligned(shape, dtype):
    """A new array of any numbers, which a tensor can share."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)


def shared(array):
    """A tensor that has the memory of an `aligned` array, which nobody may write to any more."""
    return tf.identity(tf.experimental.dlpack.from_dlpack(array.__dlpack__()))  # identity: to the device of computing


def rows_of(data, rows):
    """The rows of all tensors of a nest whose numbers are in the tensor `rows`, or in a slice."""
    return tf.nest.map_structure(lambda tensor: None if tensor is None else _rows_of(tensor, rows), data)


def _rows_of(tensor, rows):
    if isinstance(tensor, tf.SparseTensor):
        if isinstance(rows, slice):
            rows = tf.range(*rows.indices(int(tensor.shape[0])))
        return _sparse_rows(tensor, rows)
    return tensor[rows] if isinstance(rows, slice) else tf.gather(tensor, rows)


def _sparse_rows(tensor, rows):
    """Of a sparse tensor, whose entries are in order: those of each row lie side by side."""
    row_of_entry, rows = tensor.indices[:, 0], tf.cast(rows, tf.int64)
    first, end = (tf.searchsorted(row_of_entry, rows, side) for side in ("left", "right"))
    entries = tf.ragged.range(first, end)
    places = [tf.cast(entries.value_rowids(), tf.int64)[:, tf.newaxis], tf.gather(tensor.indices[:, 1:], entries.values)]
    count = tf.size(rows, tf.int64) if rows.shape[0] is None else tf.constant(rows.shape[0], tf.int64)
    sizes = [tensor.dense_shape[axis] if size is None else size for axis, size in enumerate(tensor.shape[1:], 1)]
    return tf.SparseTensor(tf.concat(places, 1), tf.gather(tensor.values, entries.values), tf.stack([count, *sizes]))


def order_of(rows, batch_size, seed=None, number=0):
    """Row numbers of the whole batches, (batches, batch size), and of the rest, (1, rest): by `seed` and the pass's number."""
    order = np.arange(rows, dtype=np.int32)
    if seed is not None:
        order = np.random.Generator(np.random.Philox(key=[seed, number])).permutation(order)
    whole = rows // batch_size * batch_size
    return tf.constant(order[:whole].reshape(-1, batch_size)), tf.constant(order[whole:].reshape(1, -1))


def common_rows(x, y=None, sample_weight=None):
    """The number of rows that all tensors have, or a ValueError."""
    if any(item.dtype == tf.string for item in tf.nest.flatten(sample_weight) if item is not None):
        raise ValueError("`sample_weight` holds text; expected numbers, one for each row.")
    if any(item.dtype.is_floating and not np.isfinite(item).all() for item in tf.nest.flatten(sample_weight) if item is not None):
        raise ValueError("`sample_weight` holds numbers that are not finite; expected finite ones, one for each row.")
    sizes = {}
    for name, item in (("x", x), ("y", y), ("sample_weight", sample_weight)):
        for tensor in tf.nest.flatten(item):
            if tensor is not None:
                if tensor.shape.rank == 0:
                    raise ValueError(f"`{name}` is a single number; expected arrays with one row per sample.")
                sizes.setdefault(name, set()).add(int(tensor.shape[0]))
    every = set().union(*sizes.values()) if sizes else {0}
    if len(every) > 1:
        found = ", ".join(f"{name}: {' and '.join(map(str, sorted(size)))}" for name, size in sizes.items())
        raise ValueError(f"All data must have the same number of rows, received {found}. Give one label for each row.")
    if every == {0}:
        raise ValueError("The data are empty: x has no rows.")
    return every.pop()


def as_inputs(layer, args, kwargs):
    """Arguments of a layer: arrays as tensors and, with its `autocast`, floating tensors in the dtype it computes in."""
    dtype = layer.compute_dtype
    if len(args) == 1 and not kwargs and isinstance(args[0], tf.Tensor) and args[0].dtype.name == dtype:
        return args, kwargs  # the common call, made quick
    check_inputs_given(layer, args, kwargs)
    cast = layer.autocast

    def leaf(item):
        if isinstance(item, (np.ndarray, np.generic)):
            mask, item = None, tf.convert_to_tensor(item)
        elif isinstance(item, (tf.Tensor, tf.Variable)):
            mask = get_mask(item)
        elif isinstance(item, (tf.SparseTensor, tf.RaggedTensor)):
            mask = None
        else:
            return item
        if not cast or not item.dtype.is_floating or item.dtype.name == dtype:
            return item
        item = tf.cast(item, dtype)
        set_mask(item, mask)
        return item

    if args and isinstance(args[0], (list, tuple, int, float)) and all(
        isinstance(number, (bool, int, float, str)) for number in tf.nest.flatten(args[0])
    ):
        args = (tf.convert_to_tensor(args[0]), *args[1:])
    args = tuple(_map(leaf, arg) for arg in args)
    return args, {name: _map(leaf, arg) for name, arg in kwargs.items()}


def _map(function, item):
    return tf.nest.map_structure(function, item) if isinstance(item, (list, tuple, dict)) else function(item)


def to_numbers(logs):
    """Logs as Python numbers; a metric with one value per class stays an array."""
    if not isinstance(logs, dict):
        logs = {"loss": logs}
    return {name: _number(name, value) for name, value in logs.items()}


def _number(name, value):
    try:
        return float(value) if np.ndim(value) == 0 else np.asarray(value)
    except (TypeError, ValueError):
        raise ValueError(f"A step gives numbers by name; {name!r} is {value!r:.80}.") from None


def joined(*pieces):
    """The outputs of all batches: as a NumPy array, where their rows are of equal length and dense."""
    if isinstance(pieces[0], tf.RaggedTensor):
        return tf.concat(pieces, axis=0)
    if isinstance(pieces[0], tf.SparseTensor):
        return tf.sparse.concat(0, list(pieces))
    if len(pieces) > 1 and pieces[0].shape.rank == 0:
        raise ValueError("The model gives a single number for each batch; predict() needs a row for each row. Use predict_on_batch().")
    return pieces[0].numpy() if len(pieces) == 1 else np.concatenate([piece.numpy() for piece in pieces])
