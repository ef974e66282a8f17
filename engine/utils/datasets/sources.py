"""Where the sets are: in tensorflow-datasets, or as a file of Keras. Nothing is imported before it is asked for."""

import io
import os
import pickle
import zipfile

import numpy as np

from engine.datasets import loading
from engine.utils.files import cache_folder, get_file

_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_HARMLESS = {("numpy", "ndarray"), ("numpy", "dtype"), ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")}


def parts(name, data_dir=None):
    """[{feature: array} of "train", of "test"] of a set of tensorflow-datasets. DatasetError where it cannot be had."""
    data_dir = data_dir or os.environ.get("TFDS_DATA_DIR")
    with loading.undisturbed():
        builder = loading.on_disk(loading.find(name, data_dir), name, data_dir)
        return [loading.read(builder, split) for split in ("train", "test")]


def image_parts(name, path=None, label="label", column=False, data_dir=None):
    """((x_train, y_train), (x_test, y_test)) as bytes; grayscale images without a channel axis, labels as a `column` or not."""
    if path is not None and os.path.exists(kept(path)):
        file = arrays(kept(path))
        return (file["x_train"], file["y_train"]), (file["x_test"], file["y_test"])
    pairs = []
    for part in parts(name, data_dir):
        images, labels = part["image"], part[label].astype("uint8")
        pairs.append((images[..., 0] if images.shape[-1] == 1 else images, labels[:, np.newaxis] if column else labels))
    return tuple(pairs)


def kept(path):
    """Where a file of Keras is, if it is there: below ~/.keras/datasets, unless `path` is absolute."""
    return os.path.join(cache_folder(), "datasets", path)


def fetched(path, name=None):
    """The place of Keras's file `name` (None: `path`), downloaded to `path` if it is not there."""
    origin = _ORIGIN + (name or os.path.basename(path))
    try:
        return get_file(path, origin)
    except OSError as error:
        raise OSError(
            f"{error}. tensorflow-datasets does not have this set. Go online once, or put the file that is at {origin} to "
            f"{kept(path)}; load_data(path=...) names another place."
        ) from error


def arrays(path):
    """{name: array} of an .npz file. Arrays of lists are read, but no other Python objects: a file could run code with them."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            file = io.BytesIO(archive.read(entry))
            version = np.lib.format.read_magic(file)
            shape, _, dtype = getattr(np.lib.format, f"read_array_header_{version[0]}_0")(file)
            if dtype.hasobject:
                array = _Lists(file).load().reshape(shape)
            else:
                array = np.load(io.BytesIO(file.getvalue()), allow_pickle=False)
            found[entry.removesuffix(".npy")] = array
    return found


class _Lists(pickle.Unpickler):
    """Reads pickled arrays of lists and numbers."""

    def find_class(self, module, name):
        if (module, name) not in _HARMLESS:
            raise pickle.UnpicklingError(f"A file of lists of numbers has no use for {module}.{name}; it was not read.")
        return super().find_class(module, name)


def shuffled(count, numbers):
    """0 to count - 1, in the order that a generator of random `numbers` gives."""
    order = np.arange(count)
    numbers.shuffle(order)
    return order


def split_by_seed(x, y, test_split, seed):
    """Shuffled by `seed`; the last part is for the test."""
    if not 0 <= test_split < 1:
        raise ValueError(f"load_data takes a part of the rows as `test_split`, from 0 to below 1, received {test_split!r}.")
    train, test = np.split(shuffled(len(x), np.random.RandomState(seed)), [int(len(x) * (1 - test_split))])
    return (x[train], y[train]), (x[test], y[test])
