"""Dropout: train with random units silenced, so that no unit can lean on another."""

import tensorflow as tf

from engine.core.layer import Layer
from engine.random import SeedGenerator, precision, uniform
from engine.small_parts.input_spec import InputSpec
from layers.spatial import one_of
from losses.ground.shapes import sizes_of


def check_rate(layer, rate, below_one=False):
    """`rate`, or a ValueError unless it is a number from 0 to 1 (or below 1)."""
    number = isinstance(rate, (int, float)) and not isinstance(rate, bool)
    if not number or not 0 <= rate <= 1 or (below_one and rate == 1):
        wanted = "from 0 to below 1" if below_one else "from 0 to 1"
        raise ValueError(f"{layer._title} takes a number {wanted} as `rate`, received {rate!r}.")
    return rate


def check_noise_shape(layer, noise_shape):
    """`noise_shape` as a tuple, or None; a single number is a ValueError."""
    if noise_shape is not None and not isinstance(noise_shape, (tuple, list)):
        raise ValueError(f"{layer._title} takes one size per axis as `noise_shape`, received {noise_shape!r}.")
    return noise_shape if noise_shape is None else tuple(noise_shape)


def random_keep(layer, inputs, noise_shape):
    """A random bool tensor, True with probability `1 - layer.rate`, of the shape of `inputs`.

    Where `noise_shape` (None: everywhere) gives a size, that size is taken in place of the inputs'. A first size that is
    given has nothing to do with the rows: it is the same numbers for all.
    """
    shape = sizes_of(inputs)
    per_row = noise_shape is None or noise_shape[0] is None
    if noise_shape is not None:
        shape = [size if given is None else given for given, size in zip(noise_shape, shape, strict=True)]
    return uniform(shape, layer.seed_generator.next(), precision(inputs), per_row) >= layer.rate


class Dropout(Layer):
    """Sets a random part of the inputs to zero in training; nothing happens otherwise.

        outputs = inputs * keep / (1 - rate),   keep = 1 with probability 1 - rate, else 0

    The division keeps the mean, so inference needs no change. Shapes: any, the same comes out. No weights.

    Arguments: `rate` (the part to drop, 0 to 1), `noise_shape` (the shape of `keep`, broadcast to the inputs: a 1
    drops along that axis as one, None takes the inputs' size), `seed` (None draws one).
    Errors: ValueError if `rate` is not from 0 to 1.
    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.

    >>> import tensorflow as tf
    >>> from layers import Dropout
    >>> sorted(set(Dropout(0.5, seed=1)(tf.ones((8, 9)), training=True).numpy().ravel().tolist()))
    [0.0, 2.0]
    """

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = check_rate(self, rate)
        self.noise_shape = check_noise_shape(self, noise_shape)
        self.seed = seed
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return tf.zeros_like(inputs)
        keep = random_keep(self, inputs, self.noise_shape)
        return tf.where(keep, inputs / (1 - self.rate), tf.zeros((), inputs.dtype))


class SpatialDropout(Dropout):
    """Base of SpatialDropout1D, 2D and 3D: one random number for each sample and channel."""

    rank = None  # the number of spatial axes

    def __init__(self, rate, data_format=None, seed=None, name=None, dtype=None):
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        data_format = "channels_last" if data_format is None else data_format
        self.data_format = one_of(self, "data_format", data_format, ("channels_last", "channels_first"))
        ones = (1,) * self.rank
        self.noise_shape = (None, *ones, None) if self.data_format == "channels_last" else (None, None, *ones)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def get_config(self):
        names = ("rate", "data_format", "seed", "name", "dtype")
        return {name: getattr(self, name) for name in names if self.rank > 1 or name != "data_format"}


class SpatialDropout1D(SpatialDropout):
    """Dropout of whole features over all time steps: neighbours in time are alike, so dropping one hides nothing.

        outputs = inputs * keep / (1 - rate),   keep (batch, 1, features)

    Shapes: (batch, time, features), the same comes out. No weights.
    Arguments: `rate` (the part to drop, 0 to 1), `seed` (None draws one).
    Source: Tompson et al., "Efficient object localization using convolutional networks", 2015.

    >>> import tensorflow as tf
    >>> from layers import SpatialDropout1D
    >>> outputs = SpatialDropout1D(0.5, seed=1)(tf.ones((1, 3, 4)), training=True)
    >>> bool(tf.reduce_all(outputs[:, 0] == outputs[:, 2]))
    True
    """

    rank = 1

    def __init__(self, rate, seed=None, name=None, dtype=None):
        super().__init__(rate, seed=seed, name=name, dtype=dtype)


class SpatialDropout2D(SpatialDropout):
    """Dropout of whole feature maps: neighbouring pixels are alike, so dropping one hides nothing.

        outputs = inputs * keep / (1 - rate),   keep (batch, 1, 1, channels)

    Shapes: (batch, height, width, channels), the same comes out. No weights.
    Arguments: `rate` (the part to drop, 0 to 1), `data_format` (None: "channels_last"), `seed` (None draws one).
    Source: Tompson et al., "Efficient object localization using convolutional networks", 2015.

    >>> import tensorflow as tf
    >>> from layers import SpatialDropout2D
    >>> SpatialDropout2D(0.5)(tf.ones((1, 3, 4, 2)), training=True).shape
    TensorShape([1, 3, 4, 2])
    """

    rank = 2


class SpatialDropout3D(SpatialDropout):
    """Dropout of whole channels of volumes.

        outputs = inputs * keep / (1 - rate),   keep (batch, 1, 1, 1, channels)

    Shapes: (batch, depth, height, width, channels), the same comes out. No weights.
    Arguments: `rate` (the part to drop, 0 to 1), `data_format` (None: "channels_last"), `seed` (None draws one).
    Source: Tompson et al., "Efficient object localization using convolutional networks", 2015.

    >>> import tensorflow as tf
    >>> from layers import SpatialDropout3D
    >>> SpatialDropout3D(0.5)(tf.ones((1, 3, 4, 5, 2)), training=True).shape
    TensorShape([1, 3, 4, 5, 2])
    """

    rank = 3
