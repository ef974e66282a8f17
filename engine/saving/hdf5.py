"""HDF5 files from strangers, read from memory.

HDF5 can point out of the file, and claim any size. Only plain datasets behind hard links are opened, and only if they and all
before them fit into the size of the file. These files have no checksum.
"""

import contextlib
import io
import math

import h5py
import numpy as np
import tensorflow as tf

from engine.saving.container import FileError

_DEPTH = 64  # groups inside each other; a model of models of layers of cells has about 10


@contextlib.contextmanager
def opened(data, path):
    """The HDF5 file of these bytes; whatever goes wrong with it is a FileError."""
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            yield file
    except FileError as error:
        raise FileError(f"{path!r} cannot be used: {error}.") from None
    except Exception as error:  # h5py has an exception of its own for every damage
        raise FileError(f"{path!r} is damaged or no HDF5 file ({type(error).__name__}: {error}).") from None


def is_group(group, name):
    """Whether `group` itself holds another group under `name`."""
    return isinstance(group.get(name, getlink=True), h5py.HardLink) and isinstance(group[name], h5py.Group)


def texts(item, name, size):
    """The texts of an attribute of `item`, in a file of `size` bytes; Keras cuts a long list into NAME0, NAME1 ..."""
    names = [name] if name in item.attrs else []
    while name not in item.attrs and f"{name}{len(names)}" in item.attrs:
        names.append(f"{name}{len(names)}")
    found = []
    for each in names:
        held = item.attrs.get_id(each)
        if math.prod(held.shape) * held.dtype.itemsize > size:
            raise FileError(f"the attribute {each!r} is larger than the file")
        value = item.attrs[each]
        found.extend([value] if isinstance(value, (str, bytes)) else value.tolist())
    return [text.decode() if isinstance(text, bytes) else text for text in found]


def arrays(file, size):
    """{name: array} of all variables in an HDF5 file of `size` bytes but the optimizer's and the random state."""
    found, left, seen = {}, size, set()
    waiting = [("", file, 0)]
    while waiting:
        name, group, depth = waiting.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in seen or depth > _DEPTH:
            raise FileError(f"the group {name!r} is there twice, or too deep")
        seen.add(address)
        for key in group:
            path = f"{name}/{key}".lstrip("/")
            if path in ("optimizer", "metrics", "_compile_metrics") or key == "seed_generator":
                continue
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                raise FileError(f"{path!r} is a link to somewhere else")
            item = group[key]
            if isinstance(item, h5py.Group):
                waiting.append((path, item, depth + 1))
                continue
            left -= _checked_size(path, item)
            if left < 0:
                raise FileError(f"its arrays, up to {path!r}, are larger than the file")
            found[path] = _values(item)  # now: an open dataset takes 10 kB
    return found


def _checked_size(path, item):
    """The number of bytes of a dataset that can be read without harm."""
    if not isinstance(item, h5py.Dataset):
        raise FileError(f"{path!r} is neither a group nor an array")
    if item.is_virtual or item.external:
        raise FileError(f"{path!r} has its data in another file")
    if not (item.dtype.kind in "fiub" or _is_bfloat16(item)) or item.shape is None:
        raise FileError(f"{path!r} does not hold plain numbers")
    if item.chunks is not None or item.compression is not None:
        raise FileError(f"{path!r} is compressed or in chunks, which Keras does not do")
    size = item.dtype.itemsize
    for axis in item.shape:  # Python's integers: no overflow
        size *= int(axis)
    if size and item.id.get_storage_size() != size:
        raise FileError(f"{path!r} claims {size} bytes and has {item.id.get_storage_size()}")
    return size


def _is_bfloat16(dataset):
    """HDF5 has no such type, so Keras writes two bytes without a meaning, and says it beside them."""
    notes = dataset.attrs
    return dataset.dtype == "V2" and "dtype" in notes and notes.get_id("dtype").shape == () and notes["dtype"] == "bfloat16"


def _values(dataset):
    values = np.asarray(dataset[()])
    return values.view(tf.bfloat16.as_numpy_dtype) if _is_bfloat16(dataset) else values
