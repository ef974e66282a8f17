"""Class numbers as rows of ones and zeros, and rows of length one: what is done to arrays before `fit`."""

import numpy as np
import tensorflow as tf


def to_categorical(x, num_classes=None):
    """Class numbers as one-hot rows, float64: shape (...,) or (..., 1) → (..., num_classes).

    Arguments: `x` (integers from 0 on, an array, list or tensor), `num_classes` (None: the largest number, plus one).
    Errors: ValueError for a number out of range. A tensor in gives a tensor out, float32.
    Today: the loss "sparse_categorical_crossentropy" takes class numbers as they are.

    >>> from engine.utils import to_categorical
    >>> to_categorical([0, 2]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if tf.is_tensor(x):
        count = int(tf.reduce_max(x)) + 1 if num_classes is None else num_classes
        numbers = tf.squeeze(x, -1) if x.shape.rank and x.shape.rank > 1 and x.shape[-1] == 1 else x
        return tf.one_hot(tf.cast(numbers, tf.int64), count)
    numbers = np.array(x, dtype="int64")
    if numbers.ndim > 1 and numbers.shape[-1] == 1:
        numbers = numbers[..., 0]
    count = num_classes or (int(numbers.max()) + 1 if numbers.size else 0)
    if numbers.size and not (0 <= numbers.min() and numbers.max() < count):
        raise ValueError(f"to_categorical takes class numbers from 0 to num_classes - 1 = {count - 1}, received some from "
                         f"{numbers.min()} to {numbers.max()}. Give a larger num_classes, or begin at 0.")  # fmt: skip
    return np.eye(count)[numbers]


def normalize(x, axis=-1, order=2):
    """`x` divided by its norm of that `order` along `axis`; what is zero stays zero. An array in, an array out.

        outputs = x / (Σ |x|^order)^(1 / order)

    Errors: ValueError for an `order` that is not a positive integer.
    Today: the layer `UnitNormalization`.

    >>> from engine.utils import normalize
    >>> normalize([[3.0, 4.0]]).tolist()
    [[0.6, 0.8]]
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"normalize takes a positive integer as `order`, received {order!r}.")
    if tf.is_tensor(x):
        return tf.math.divide_no_nan(x, tf.norm(x, order, axis, keepdims=True))
    norms = np.atleast_1d(np.linalg.norm(x, axis=axis) if order == 2 else np.sum(np.abs(x) ** order, axis) ** (1 / order))
    return x / np.expand_dims(np.where(norms == 0, 1, norms), axis)
