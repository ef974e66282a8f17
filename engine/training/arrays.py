"""Data in memory: what counts as an array, nests of arrays as nests of tensors, and their rows."""

import numpy as np
import tensorflow as tf

_ALIGNMENT = 64  # bytes: TensorFlow's kernels read memory in such pieces


def is_array_like(x):
    """Whether `x` is data in memory: an array, a number, or a list, tuple or dict of them. If not, it gives batches."""
    known = (list, tuple, dict, int, float, tf.RaggedTensor, tf.SparseTensor)
    return isinstance(x, known) or any(hasattr(x, name) for name in ("shape", "to_numpy", "__array__"))


def to_tensors(data, dtype, keep=False):
    """A nest of arrays as a nest of tensors, floats in `dtype`. A list of numbers, or of lists of numbers, is one array.

    `keep`: a list of one array stays a list; else it is that array.
    """
    if data is None:
        return None
    if isinstance(data, dict):
        return {key: to_tensors(item, dtype) for key, item in data.items()}
    if isinstance(data, (list, tuple)) and any(_is_array(item) for item in data):
        parts = [to_tensors(item, dtype) for item in data]
        return parts[0] if len(parts) == 1 and not keep else type(data)(parts)
    return _to_tensor(data, dtype)


def _is_array(item):
    return isinstance(item, dict) or (hasattr(item, "shape") and len(item.shape) > 0)


def _to_tensor(item, dtype):
    """A tensor from an array, a list, a data frame."""
    if isinstance(item, (tf.SparseTensor, tf.RaggedTensor)):
        return item
    if hasattr(item, "to_numpy"):
        item = item.to_numpy()
    if isinstance(item, np.ndarray) and item.size and item.dtype.kind in "fiu":
        item = _copy(item, tf.as_dtype(dtype).as_numpy_dtype if item.dtype.kind == "f" else item.dtype)
    try:
        tensor = tf.convert_to_tensor(item)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"Data must be numbers in rows of equal length; received {type(item).__name__} that TensorFlow cannot "
            f"convert ({error}). Pad the rows, or pass a tf.data.Dataset."
        ) from None
    return tf.cast(tensor, dtype) if tensor.dtype.is_floating else tensor


def _copy(array, dtype):
    """A tensor with the numbers of `array` in `dtype`, copied once.

    `tf.convert_to_tensor` copies twice on its way, and a cast would copy once more: of 60,000 × 784 float32 it holds 367 MB
    in the end, this 179 MB.
    """
    dtype = np.dtype(dtype).newbyteorder("=")
    if dtype.kind not in "fiu":  # bfloat16, which NumPy cannot hand over
        return tf.convert_to_tensor(array)
    size = array.size * dtype.itemsize
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    copied = memory[start : start + size].view(dtype).reshape(array.shape)
    copied[...] = array
    return tf.identity(tf.experimental.dlpack.from_dlpack(copied.__dlpack__()))  # identity: to the device of computing


def common_rows(x, y=None, sample_weight=None):
    """The number of rows that all tensors have, or a ValueError."""
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
