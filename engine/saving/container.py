"""The one kind of file this project writes: safetensors, with a version, a kind and a checksum in its metadata.

    8 bytes    the length of the header, little endian
    header     JSON: {"__metadata__": {"glassbox_format": "1", "glassbox_kind": "weights", "glassbox_sha256": "..."},
                      "dense.kernel": {"dtype": "F32", "shape": [3, 2], "data_offsets": [0, 24]}, ...}
    data       the arrays one after the other, without gaps

Any reader of safetensors reads it. The checksum is SHA-256 over header and data, with zeros in its own place.

Nothing is believed of a file that is read: the sizes in it are compared with the size of the file before anything of
such a size is made, and what parsing costs is bounded too. Whatever is wrong is a FileError.
"""

import collections
import hashlib
import json
import math
import os
import stat

import numpy as np
import tensorflow as tf
from safetensors.numpy import save

from engine.saving import disk
from engine.text import shortened

VERSION = "1"
MAGIC = b"glassbox_"  # begins our keys; a file that has it nowhere in its header is not ours
_NO_DIGEST = "0" * 64
_MOST_OF_A_MESSAGE = 2500

_MOST_HEADER_BYTES = 8 << 20  # with _MOST_ITEMS: parsing takes less than 64 MiB, whatever the header is
_MOST_ITEMS = 500_000
_DTYPES = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": tf.bfloat16.as_numpy_dtype, "I64": np.int64,
    "I32": np.int32, "I16": np.int16, "I8": np.int8, "U64": np.uint64, "U32": np.uint32, "U16": np.uint16,
    "U8": np.uint8, "BOOL": np.bool_, "C64": np.complex64,
}  # fmt: skip


class FileError(ValueError):
    """A file that is damaged, of another kind, or does not fit. Nothing has been changed when it is raised."""

    def __init__(self, message):
        super().__init__(shortened(message, _MOST_OF_A_MESSAGE))  # what a file says of itself may be megabytes


Content = collections.namedtuple("Content", "kind arrays metadata")  # kind and metadata: None and {} of a file from elsewhere


def write(path, kind, arrays, **metadata):
    """Write `arrays` {name: array} and `metadata` (strings) to the file `path`, in one move."""
    disk.replace_file(path, *pack(kind, arrays, **metadata))


def pack(kind, arrays, **metadata):
    """The bytes of a file, in parts."""
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    known = {np.dtype(dtype).name for dtype in _DTYPES.values()}
    for name, array in arrays.items():
        if array.dtype.name not in known:
            raise ValueError(f"{name!r} has the dtype {array.dtype}, which cannot be saved. Cast it to another.")
    plain = save(arrays)
    border = 8 + int.from_bytes(plain[:8], "little")
    own = {"format": VERSION, "kind": kind, "sha256": _NO_DIGEST, **metadata}
    own = {f"{MAGIC.decode()}{key}": value for key, value in own.items()}
    header = json.dumps({"__metadata__": own, **json.loads(plain[8:border])}).encode()
    header += b" " * (-len(header) % 8)  # the data begin at a multiple of 8, as the library has it
    check_size_of_json(header.decode())
    data = memoryview(plain)[border:]
    header = header.replace(_NO_DIGEST.encode(), _digest(header, data).encode(), 1)
    return len(header).to_bytes(8, "little"), header, data


def read(path):
    """The Content of a file: all of it is as it was written, or this is a FileError."""
    return unpack(read_bytes(path), path)


def read_arrays(path):
    """{name: array} of a safetensors file, checked.

    Errors: FileNotFoundError; FileError (a ValueError) for a file that is damaged or of another kind.

    >>> import tempfile
    >>> from engine.saving import read_arrays, save_weights
    >>> from layers import Dense
    >>> dense = Dense(2)
    >>> dense.build((None, 3))
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     save_weights(dense, f"{directory}/dense.safetensors")
    ...     arrays = read_arrays(f"{directory}/dense.safetensors")
    >>> {name: array.shape for name, array in arrays.items()}
    {'bias': (2,), 'kernel': (3, 2)}
    """
    return read(path).arrays


def read_bytes(path):
    """The bytes of a regular file."""
    path = os.fspath(path)
    if not os.path.exists(path):
        raise FileNotFoundError(f"There is no file {path!r}.")
    if not stat.S_ISREG(os.stat(path).st_mode):
        instead = " A SavedModel, which is a directory, holds no layers: tf.saved_model.load runs it." if os.path.isdir(path) else ""
        raise FileError(f"{path!r} is not a regular file.{instead}")
    with open(path, "rb") as file:
        return file.read()


def unpack(data, path):
    """The Content of the bytes of a file; `path` is for messages."""
    try:
        header, body = _split(data)
        entries = parse_json(header)
        _need(isinstance(entries, dict), "the header is no object")
        metadata = entries.pop("__metadata__", {})
        _need(isinstance(metadata, dict) and all(isinstance(v, str) for v in metadata.values()), "bad metadata")
        kind = _verify(metadata, bytes(header), body, path) if MAGIC in bytes(header) else None
        arrays = {name: _array(name, entry, body) for name, entry in entries.items()}
        _check_layout(entries, len(body))
    except FileError as error:
        raise FileError(f"{os.fspath(path)!r} is damaged or no safetensors file: {error}.") from None
    own = {key.removeprefix(MAGIC.decode()): value for key, value in metadata.items()} if kind else {}
    return Content(kind, arrays, own)


def parse_json(text):
    """JSON from a file: no key twice in an object, and not so much of it that it eats the memory."""
    try:
        text = text if isinstance(text, str) else bytes(text).decode()
        check_size_of_json(text)
        return json.loads(text, object_pairs_hook=_unique_keys)
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"it is not valid JSON ({error})") from None


def check_size_of_json(text):
    """Refuse what `parse_json` would refuse, before it is written."""
    _need(len(text) <= _MOST_HEADER_BYTES, f"its description has {len(text)} bytes; {_MOST_HEADER_BYTES} are allowed")
    items = sum(text.count(sign) for sign in "[{,")
    _need(items <= _MOST_ITEMS, f"its description has {items} items; {_MOST_ITEMS} are allowed")


def _unique_keys(pairs):
    found = dict(pairs)
    _need(len(found) == len(pairs), "a key is there twice")
    return found


def _need(condition, otherwise):
    if not condition:
        raise FileError(otherwise)


def _split(data):
    _need(len(data) >= 8, f"it has {len(data)} bytes")
    length = int.from_bytes(data[:8], "little")
    _need(length <= len(data) - 8, "the header is longer than the file")
    _need(length <= _MOST_HEADER_BYTES, f"the header has {length} bytes; {_MOST_HEADER_BYTES} are allowed")
    view = memoryview(data)
    return view[8 : 8 + length], view[8 + length :]


def _verify(metadata, header, body, path):
    """The kind of a file of ours, once version and checksum are right."""
    keys = {f"{MAGIC.decode()}{key}" for key in ("format", "kind", "sha256")}
    _need(keys <= set(metadata), "it has no version, kind and checksum")
    version, digest = metadata["glassbox_format"], metadata["glassbox_sha256"]
    if version != VERSION:
        raise FileError(f"it is in format {version}; this release reads {VERSION}. Update the package")
    _need(len(digest) == 64 and header.count(digest.encode()) == 1, "its checksum is no checksum")
    blank = header.replace(digest.encode(), _NO_DIGEST.encode())
    _need(_digest(blank, body) == digest, "its content does not match its checksum")
    return metadata["glassbox_kind"]


def _digest(header, data):
    digest = hashlib.sha256(header)
    digest.update(data)
    return digest.hexdigest()


def _is_size(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _array(name, entry, body):
    """A view of the bytes of one array, after its entry agrees with itself and the file."""
    _need(name and isinstance(entry, dict) and set(entry) == {"dtype", "shape", "data_offsets"}, f"bad entry {name!r:.80}")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    _need(isinstance(dtype, str) and dtype in _DTYPES, f"{name!r:.80} has the unknown dtype {dtype!r:.80}")
    _need(isinstance(shape, list) and len(shape) <= 32 and all(map(_is_size, shape)), f"{name!r:.80} has no valid shape")
    _need(isinstance(offsets, list) and len(offsets) == 2 and all(map(_is_size, offsets)), f"{name!r:.80} is nowhere")
    begin, end = offsets
    itemsize = np.dtype(_DTYPES[dtype]).itemsize
    size = math.prod(shape) * itemsize
    _need(begin <= end <= len(body) and end - begin == size, f"the data of {name!r:.80} do not have the size of its shape")
    others = math.prod(axis for axis in shape if axis)  # an axis of 0 hides them; NumPy multiplies them all the same
    _need(others * itemsize < 2**63, f"{name!r:.80} has no valid shape")
    _need(dtype != "BOOL" or max(body[begin:end], default=0) <= 1, f"{name!r:.80} has values that are neither true nor false")
    return np.frombuffer(body[begin:end], _DTYPES[dtype]).reshape(shape)


def _check_layout(entries, size):
    """The arrays lie one after the other: none over another, no bytes between or behind them."""
    position = 0
    for begin, end in sorted(entry["data_offsets"] for entry in entries.values()):
        _need(begin == position, "its arrays overlap or leave gaps")
        position = end
    _need(position == size, "there are bytes behind its arrays")
