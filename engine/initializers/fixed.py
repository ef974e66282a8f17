"""Initializers without randomness, and what every initializer is."""

import operator

import numpy as np
import tensorflow as tf

from engine import dtypes
from losses.ground.configurable import Configurable
from losses.ground.numerics import cast


class Initializer(Configurable):
    """Base of all initializers: override `__call__(shape, dtype=None)`.

    >>> class Halves(Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return tf.fill(shape, tf.constant(0.5, dtypes.dtype(dtype)))
    >>> Halves()((2,)).numpy().tolist()
    [0.5, 0.5]
    """

    keras_module = "keras.initializers"

    def __call__(self, shape, dtype=None):
        """A tensor of `shape` and `dtype` (None: the default float dtype)."""
        raise NotImplementedError(f"{type(self).__name__} needs a method __call__(shape, dtype=None).")

    def _static_shape(self, shape):
        """`shape` as a tuple of integers; an unknown or negative size is a ValueError."""
        try:
            sizes = tuple(operator.index(size) for size in (shape if np.iterable(shape) else (shape,)))
        except TypeError:
            sizes = (-1,)
        if min(sizes, default=0) < 0:
            raise ValueError(
                f"{type(self).__name__} needs a shape of known, non-negative sizes; received {shape}. "
                "A weight's shape may not depend on the batch."
            )
        return sizes


class Zeros(Initializer):
    """All 0: the usual start of a bias.

    >>> Zeros()((2, 3)).numpy().tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """

    def __call__(self, shape, dtype=None):
        return tf.zeros(self._static_shape(shape), dtypes.dtype(dtype))


class Ones(Initializer):
    """All 1: the usual start of a scale.

    >>> Ones()((2,), "int32").numpy().tolist()
    [1, 1]
    """

    def __call__(self, shape, dtype=None):
        return tf.ones(self._static_shape(shape), dtypes.dtype(dtype))


class Constant(Initializer):
    """`value` everywhere. A list or array is broadcast to the shape: so a pretrained matrix becomes a weight.

    `value`: 0.0 by default. Raises ValueError when it does not broadcast to the shape.

    >>> Constant([1.0, 2.0])((3, 2)).numpy().tolist()
    [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]
    """

    def __init__(self, value=0.0):
        self.value = value

    def __call__(self, shape, dtype=None):
        shape = self._static_shape(shape)
        value = self.value if tf.is_tensor(self.value) else np.asarray(self.value)
        value = tf.cast(value, dtypes.dtype(dtype))
        try:
            fits = tf.broadcast_static_shape(value.shape, tf.TensorShape(shape)) == shape
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(f"Constant's value has shape {tuple(value.shape)}, which does not broadcast to {shape}.")
        return tf.broadcast_to(value, shape)

    @classmethod
    def from_config(cls, config):
        """Also reads arrays as Keras stores them: a dict that holds the values as a list."""
        value = config["value"]
        return cls(value["config"]["value"] if isinstance(value, dict) else value)


class Identity(Initializer):
    """`gain` on the diagonal, 0 elsewhere: `x @ W == gain * x`. For 2-D shapes; others are a ValueError.

    `gain`: 1.0. In a recurrent kernel it lets a state pass unchanged at first (Le et al. 2015).

    >>> Identity(gain=2.0)((2, 3)).numpy().tolist()
    [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    def __init__(self, gain=1.0):
        self.gain = gain

    def __call__(self, shape, dtype=None):
        shape, dtype = self._static_shape(shape), dtypes.dtype(dtype)
        if len(shape) != 2:
            raise ValueError(f"Identity makes a matrix and needs a shape of 2 sizes; received {shape}.")
        return tf.eye(*shape, dtype=dtype) * cast(self.gain, dtype)
