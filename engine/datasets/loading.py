"""`load`: an image-classification set by name, as NumPy arrays.

The bundled digits are read from a file beside this one. All other sets, and the digits where a directory is named, go
through tensorflow-datasets: find the builder, prepare the files if they are not on disk, read both parts into memory.
"""

import contextlib
import dataclasses
import difflib
import importlib
import io
import logging
import os
import random
import socket
import sys
import tempfile
import urllib.parse
import urllib.request

import numpy as np
import tensorflow as tf

from engine.datasets import bundled

_READ_BYTES = 2**18  # that one of many sub-streams reads at once
_HELD_OUT = 20  # percent for the test, from the end, where a set has one part only


class DatasetError(ValueError):
    """A dataset cannot be had; the message says what to do."""


@dataclasses.dataclass(frozen=True)
class Info:
    """What is known of a dataset beside its images."""

    name: str
    num_classes: int
    image_shape: tuple
    class_names: list
    rows: tuple  # numbers of images, to train on and for the test


def load(name=bundled.NAME, data_dir=None):
    """`((x_train, y_train), (x_test, y_test), info)` of an image-classification set of tensorflow-datasets.

    Images are float32 in [0, 1], `(rows, height, width, channels)`; labels are int64 class numbers.

    Arguments: `name`, as tensorflow-datasets has it ("digits" is bundled, "mnist", "emnist/letters" ...); `data_dir`,
    the directory of prepared sets, also written to when one has to be prepared. None: that of tensorflow-datasets
    (`~/tensorflow_datasets`); the bundled digits need none.
    The test part is "test", else "validation", else the last fifth of "train".
    Errors: DatasetError for an unknown name, data that are not on disk and cannot be downloaded, a directory that
    cannot be written to, and sets that are no images of one size with one label each.

    >>> from engine.datasets import load
    >>> (x_train, y_train), (x_test, y_test), info = load("digits")
    >>> x_train.shape, x_test.shape, info.num_classes
    ((1442, 8, 8, 1), (355, 8, 8, 1), 10)
    """
    source = source_of(name, data_dir)
    train, test = (_as_numbers(*source.arrays(split)) for split in source.splits)
    return train, test, source.info


def _as_numbers(images, labels):
    white = np.float32(np.iinfo(images.dtype).max if images.dtype.kind == "u" else 1)
    return np.divide(images, white, dtype=np.float32), labels.astype(np.int64)


def source_of(name, data_dir):
    """Where the images of a set come from; arguments and errors as of `load`."""
    return Bundled() if name == bundled.NAME and data_dir is None else Prepared(name, data_dir)


class Bundled:
    """The digits beside this file. `splits`: the parts to train on and to test on; `info`: what is known of the set."""

    splits = bundled.SPLITS

    def __init__(self):
        self._arrays = {split: bundled.arrays(split) for split in self.splits}
        names = [str(digit) for digit in range(bundled.CLASSES)]
        self.info = Info(bundled.NAME, bundled.CLASSES, bundled.SHAPE, names, tuple(map(self.rows, self.splits)))

    def rows(self, split):
        """The number of images in one part."""
        return len(self._arrays[split][1])

    def arrays(self, split):
        """(images, labels) of one part."""
        return self._arrays[split]

    def datasets(self, split, count):
        """One part as `count` pipelines of (image, label), each of neighbouring rows; without those that would be empty."""
        images, labels = (np.array_split(values, count) for values in self._arrays[split])
        return [tf.data.Dataset.from_tensor_slices(pair) for pair in zip(images, labels) if len(pair[1])]


class Prepared:
    """A set of tensorflow-datasets whose files are on disk now; its methods are those of `Bundled`."""

    def __init__(self, name, data_dir):
        with undisturbed():
            builder = find(name, data_dir)
            image, label = _image_and_label(builder)
            builder = on_disk(builder, name, data_dir)
            self._builder, self.splits = builder, splits(builder)
        shape = tuple(image.shape)
        self.info = Info(name, label.num_classes, shape, label.names, tuple(map(self.rows, self.splits)))

    def rows(self, split):
        """The number of images in one part."""
        return self._builder.info.splits[split].num_examples

    def arrays(self, split):
        """(images, labels) of one part."""
        with undisturbed():
            return read(self._builder, split, as_supervised=True)

    def datasets(self, split, count):
        """One part as `count` pipelines of (image, label), each of neighbouring rows; without those that would be empty."""
        small = dict(interleave_cycle_length=1, override_buffer_size=_READ_BYTES) if count > 1 else {}  # all are open at once
        config = tfds().ReadConfig(skip_prefetch=True, **small)
        with undisturbed():
            return [self._builder.as_dataset(split=part, as_supervised=True, read_config=config)
                    for part in tfds().even_splits(split, count) if self.rows(part)]  # fmt: skip


def tfds():
    """tensorflow-datasets, imported when it is first needed: with its many packages it takes seconds, or may not start."""
    try:
        module = importlib.import_module("tensorflow_datasets")
    except Exception as error:  # of many kinds: of its packages each has its own reason not to start
        raise DatasetError(
            f"Datasets other than the bundled digits need tensorflow-datasets, which does not start here: {_one_line(error)}. "
            "Install Glassbox anew, with the versions that it asks for: pip install -e ."
        ) from error
    importlib.import_module("engine.datasets.digits")  # it then knows them too
    return module


def on_disk(builder, name, data_dir):
    """`builder`, its files prepared if need be: from the network, unless they are bundled."""
    if builder.is_prepared():
        return builder
    _prepare(builder)
    return find(name, data_dir)  # anew: it reads what is on disk now, whoever put it there


@contextlib.contextmanager
def undisturbed():
    """Keep what tensorflow-datasets does on the side away from the user.

    It warns of every folder that is not there yet. And it names temporary folders with Python's global random numbers:
    those go on as they were, and two runs with the same seed do not get the same folder.
    """
    state, level = random.getstate(), logging.root.manager.disable
    random.seed()
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(level)
        random.setstate(state)


def find(name, data_dir):
    """The builder of a set of tensorflow-datasets, or a DatasetError that names similar ones."""
    library = tfds()
    try:
        return library.builder(name, data_dir=data_dir)
    except library.core.DatasetNotFoundError:
        known = library.list_builders(with_community_datasets=False)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else "See tensorflow.org/datasets for the names."
        raise DatasetError(f"Unknown dataset {name!r}. {hint}") from None
    except Exception as error:  # of many kinds, for unknown configs and versions, and broken files
        raise DatasetError(f"The dataset {name!r} cannot be opened: {_one_line(error)}") from error


def _image_and_label(builder):
    """The features of the two, for sets of images of one size with one label each."""
    features, keys = builder.info.features, builder.info.supervised_keys
    pair = keys and len(keys) == 2 and all(isinstance(key, str) for key in keys)
    kinds = [type(features[key]) for key in keys] if pair else []
    if kinds != [tfds().features.Image, tfds().features.ClassLabel]:
        raise DatasetError(f"{builder.name!r} is no set of images with one class label each. Try 'digits' or 'mnist'.")
    image, label = features[keys[0]], features[keys[1]]
    if None in image.shape:
        raise DatasetError(f"The images of {builder.name!r} differ in size {image.shape}. Choose a set of one size.")
    return image, label


def _prepare(builder):
    """Make the files of a set, from the network unless it is bundled."""
    directory = str(builder.data_dir_root)
    ours = builder.name == bundled.NAME
    reason = _why_not_writable(directory) or (None if ours else _why_offline(builder))
    if reason is None:
        reason = _why_not_prepared(builder, quiet=ours)
    if reason is not None:
        raise DatasetError(
            f"The dataset {builder.name!r} is not in {directory} and cannot be put there: {reason}. "
            "Name a directory that has it (data_dir=, or --data-dir of train.py), or go online and name one you can "
            "write to."
        )


def _why_not_prepared(builder, quiet):
    """Download and prepare; None, or the reason why it failed."""
    told = io.StringIO() if quiet else sys.stderr
    tfds().display_progress_bar(not quiet and sys.stderr.isatty())
    try:
        with contextlib.redirect_stdout(told):
            builder.download_and_prepare(download_config=tfds().download.DownloadConfig(try_download_gcs=False))
    except Exception as error:  # of many kinds, and the user can do the same about all of them
        return None if builder.is_prepared() else _one_line(error)  # prepared: another process was faster
    finally:
        tfds().display_progress_bar(True)
    return None


def _why_not_writable(directory):
    """None, or the reason why no file can be made in `directory`, which is made if it does not exist."""
    try:
        os.makedirs(directory, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return None
    except OSError as error:
        return f"it cannot be written to ({error.strerror})"


def _why_offline(builder):
    """None, or that no host is known here: said at once, where the download would go on trying for minutes."""
    if urllib.request.getproxies():
        return None
    hosts = ["storage.googleapis.com", urllib.parse.urlparse(builder.info.homepage).hostname]
    for host in filter(None, hosts):
        with contextlib.suppress(OSError):
            socket.getaddrinfo(host, 443)
            return None
    return "this computer is offline"


def splits(builder):
    """The names of the parts to train on and to test on."""
    there = builder.info.splits
    for test in ("test", "validation"):
        if "train" in there and test in there:
            return "train", test
    if len(there) != 1:
        raise DatasetError(f"{builder.name!r} has the parts {sorted(there)}; expected 'train' and 'test'.")
    (only,) = there
    return f"{only}[:{100 - _HELD_OUT}%]", f"{only}[{100 - _HELD_OUT}%:]"


def read(builder, split, as_supervised=False):
    """One part of a set as arrays: {feature: array}, or a pair."""
    try:
        return tfds().as_numpy(builder.as_dataset(split=split, batch_size=-1, as_supervised=as_supervised))
    except Exception as error:
        raise DatasetError(
            f"The files of {builder.name!r} are damaged: {_one_line(error)}. "
            f"Delete {builder.data_dir}; they are then made anew."
        ) from error


def _one_line(error):
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text if len(text) <= 200 else text[:200] + ' ...'}"
