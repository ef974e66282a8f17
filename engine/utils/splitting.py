"""Data in two parts."""

import random

import numpy as np
import tensorflow as tf

from engine.random import draw_seed


def split_dataset(dataset, left_size=None, right_size=None, shuffle=False, seed=None):
    """Two tf.data.Datasets of different elements of `dataset`: an array, a list or tuple of arrays, a dict, or a tf.data.Dataset.

    Arguments: `left_size`, `right_size` (a number of elements, or a part of them between 0 and 1; one of the two may be left
    out; the right part ends where the data end), `shuffle` (by `seed`, before they are parted). All elements are kept in memory.
    Errors: ValueError for sizes that are no such numbers, that leave a part empty, or that are more than there are.

    >>> import numpy as np
    >>> from engine.utils import split_dataset
    >>> left, right = split_dataset(np.arange(5), left_size=0.6)
    >>> [int(number) for number in left], [int(number) for number in right]
    ([0, 1, 2], [3, 4])
    """
    if not isinstance(dataset, tf.data.Dataset):
        dataset = tf.data.Dataset.from_tensor_slices(tuple(dataset) if isinstance(dataset, list) else dataset)
    elements = list(dataset)
    left, right = _sizes(len(elements), left_size, right_size)
    if shuffle:
        random.Random(draw_seed() if seed is None else seed).shuffle(elements)
    return _of(elements[:left], dataset), _of(elements[-right:], dataset)


def _sizes(count, left, right):
    """The two sizes as numbers of elements."""
    if left is None and right is None:
        raise ValueError("split_dataset needs left_size= or right_size=.")
    sizes = []
    for name, size in (("left_size", left), ("right_size", right)):
        is_number = isinstance(size, (int, float, np.integer, np.floating)) and not isinstance(size, bool)
        if size is not None and not (is_number and size > 0 and (size < 1 or size == int(size))):
            raise ValueError(f"split_dataset: {name} is a positive integer, or a part between 0 and 1; received {size!r}.")
        sizes.append(size if size is None else round(size * count) if size < 1 else int(size))
    left, right = sizes
    left = count - right if left is None else left
    right = count - left if right is None else right
    if left < 1 or right < 1 or left + right > count:
        raise ValueError(f"split_dataset: parts of {left} and {right} cannot be made of {count} elements.")
    return left, right


def _of(elements, like):
    dataset = tf.data.Dataset.from_generator(lambda: iter(elements), output_signature=like.element_spec)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(elements))).prefetch(tf.data.AUTOTUNE)
