"""`stream`: an image-classification set read from disk while a model trains on it, for sets larger than memory.

    files ─► shuffle buffer ─► batch ─► floats ─► prefetch ─► fit

Whatever the size of the set, only the buffer and a few batches are in memory.
"""

import math
import os

import tensorflow as tf

from engine.datasets.digits import Digits
from engine.datasets.loading import DatasetError, cache_directory, prepared, splits, undisturbed

_BUFFER_IMAGES, _BUFFER_BYTES = 10_000, 2**28  # the next image is drawn from so many, or from so much memory
_BYTES_WHILE_LOADING = 5  # per pixel: the byte that is read and the float that it becomes
_SHARE = 0.5  # of the free memory that a set may take: training needs some too


def stream(name=Digits.name, data_dir=None, batch_size=32, seed=0):
    """`(train, test, info)` as `load` gives them, but `train` and `test` are tf.data pipelines of batches.

    Batches are float32 images in [0, 1] and int64 labels. `train` is shuffled anew in each pass, by `seed`: the same
    seed gives the same order, and an interrupted run goes on exactly. Arguments and errors otherwise as of `load`.

    >>> from engine.datasets import stream
    >>> train, test, info = stream("digits", batch_size=20)
    >>> train.element_spec[0].shape, int(train.cardinality()), int(test.cardinality())
    (TensorShape([None, 8, 8, 1]), 73, 18)
    """
    with undisturbed():
        builder, info = prepared(name, _directory(name, data_dir))
        train, test = (builder.as_dataset(split=split, as_supervised=True) for split in splits(builder))
    images = max(min(_BUFFER_IMAGES, _BUFFER_BYTES // _pixels(info)), 1)
    train = train.shuffle(images, seed=seed, reshuffle_each_iteration=True)
    return _batched(train, batch_size), _batched(test, batch_size), info


def fits_in_memory(name=Digits.name, data_dir=None):
    """Whether `load` of this set would take less than half of the memory that is free now."""
    try:
        with undisturbed():
            _, info = prepared(name, _directory(name, data_dir))
    except DatasetError:
        return True  # `load` says what is wrong, or knows another place
    return sum(info.rows) * _pixels(info) * _BYTES_WHILE_LOADING < _SHARE * free_memory()


def free_memory():
    """Bytes that this process can still take without others having to give some back."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":") for line in file)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):  # no Linux
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def _directory(name, data_dir):
    return cache_directory() if name == Digits.name and data_dir is None else data_dir


def _pixels(info):
    return math.prod(info.image_shape)


def _batched(images, batch_size):
    return images.batch(batch_size).map(_as_floats, tf.data.AUTOTUNE, deterministic=True).prefetch(tf.data.AUTOTUNE)


def _as_floats(images, labels):
    white = images.dtype.max if images.dtype.is_integer else 1
    return tf.cast(images, tf.float32) / white, tf.cast(labels, tf.int64)
