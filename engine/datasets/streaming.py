"""`stream`: an image-classification set read from disk while a model trains on it, for sets larger than memory.

            ┌► sub-stream 0 ─► its shuffle buffer ─┐
    files ──┼► sub-stream 1 ─► its shuffle buffer ─┼─► one row of each in turn ─► batch ─► floats ─► prefetch ─► fit
            └► ...

Whatever the size of the set, only the buffers and a few batches are in memory. Which rows a batch has does not depend on
who reads it: of several workers each takes some of the sub-streams, and reads nothing else.
"""

import functools
import math
import os

import numpy as np
import tensorflow as tf

from engine.datasets import bundled
from engine.datasets.loading import DatasetError, source_of

_BUFFER_IMAGES, _BUFFER_BYTES = 10_000, 2**28  # the next image is drawn from so many, or from so much memory
_SUBSTREAMS = 24  # can be shared evenly by 2, 3, 4, 6, 8, 12 or 24 workers
_BYTES_WHILE_LOADING = 5  # per pixel: the byte that is read and the float that it becomes
_SHARE = 0.5  # of the free memory that a set may take: training needs some too


def stream(name=bundled.NAME, data_dir=None, batch_size=32, seed=0):
    """`(train, test, info)` as `load` gives them, but `train` and `test` are tf.data pipelines of batches.

    Batches are float32 images in [0, 1] and int64 labels. `train` is shuffled anew in each pass, by `seed`: the same
    seed gives the same order, and an interrupted run goes on exactly. Several workers (docs/scaling.md) each read and
    decode their share of every batch alone; `batch_size` must be a multiple of their number. Arguments and errors
    otherwise as of `load`.

    >>> from engine.datasets import stream
    >>> train, test, info = stream("digits", batch_size=20)
    >>> train.element_spec[0].shape, int(train.cardinality()), int(test.cardinality())
    (TensorShape([None, 8, 8, 1]), 73, 18)
    """
    if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise DatasetError(f"stream: batch_size is a positive integer, received {batch_size!r}.")
    source = source_of(name, data_dir)
    train_split, test_split = source.splits
    info = source.info
    in_memory = min(_BUFFER_IMAGES, _BUFFER_BYTES // _pixels(info))

    def shuffled(images, number, count):
        own_seed = None if seed is None else seed * count + number
        return images.shuffle(max(in_memory // count, 1), seed=own_seed, reshuffle_each_iteration=True)

    train = _dealt_out(source, train_split, _SUBSTREAMS, batch_size, shuffled)
    test = _dealt_out(source, test_split, 1, batch_size, lambda images, number, count: images)
    return train, test, info


def _dealt_out(source, split, fewest, batch_size, change):
    """A pipeline of batches, with `share(worker, workers)`: the pipeline of that worker's rows of the same batches,
    and `rows_of(number)`: how many rows all workers have in the batch of this number.

    The split is cut into sub-streams, `fewest` or as many as the workers can share evenly. Row i of a pass comes from
    sub-stream i mod their number, whoever reads it.
    """
    rows = source.rows(split)

    @functools.cache  # shares of one process are of the same sub-streams: a pass of one is a pass of all
    def substreams(count):
        return [change(images, number, count) for number, images in enumerate(source.datasets(split, count))]

    def share(worker, workers):
        if batch_size % workers:
            near = -(-batch_size // workers) * workers
            raise DatasetError(f"stream: {workers} workers cannot share batches of {batch_size} evenly. Take batch_size={near}.")
        every = substreams(math.lcm(fewest, workers))
        own = every[worker::workers] or [every[0].take(0)]
        return _batched(own, batch_size // workers, math.ceil(rows / batch_size), len(range(worker, rows, workers)))

    dataset = share(0, 1)
    dataset.share, dataset.rows_of = share, lambda number: min(batch_size, rows - number * batch_size)
    return dataset


def fits_in_memory(name=bundled.NAME, data_dir=None):
    """Whether `load` of this set would take less than half of the memory that is free now."""
    try:
        info = source_of(name, data_dir).info
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


def _pixels(info):
    return math.prod(info.image_shape)


def _batched(substreams, batch_size, batches, rows):
    """The `rows` of the sub-streams, taken in turn, as so many batches; where there are too few rows, the last one is empty."""
    images = substreams[0]
    if len(substreams) > 1:
        images = tf.data.Dataset.choose_from_datasets(substreams, tf.data.Dataset.range(len(substreams)).repeat())
    images = images.batch(batch_size).map(_as_floats, tf.data.AUTOTUNE, deterministic=True)
    if rows <= (batches - 1) * batch_size:
        nothing = [tf.zeros([0, *spec.shape[1:]], spec.dtype) for spec in images.element_spec]
        images = images.concatenate(tf.data.Dataset.from_tensors(tuple(nothing)))
    return images.apply(tf.data.experimental.assert_cardinality(batches)).prefetch(tf.data.AUTOTUNE)


def _as_floats(images, labels):
    white = images.dtype.max if images.dtype.is_integer else 1
    return tf.cast(images, tf.float32) / white, tf.cast(labels, tf.int64)
