"""Random initializers with a spread that you state.

With an integer seed the values are a pure function of (seed, shape, dtype), and they are Keras's bits. The
generator is named ("philox"), so no device chooses another. (Inside a function compiled by XLA the same seed
gives other values; layers make their weights outside.)
Two calls then give equal values: for two weights that differ, use two initializers, or seed with a SeedGenerator.
"""

import tensorflow as tf

from engine import dtypes, random
from engine.initializers.fixed import Initializer


class RandomInitializer(Initializer):
    """Base of the random ones.

    `seed`: an integer, a SeedGenerator (each call draws anew), or None: an integer is drawn when the object is made.
    """

    def __init__(self, seed=None):
        self.seed = random.as_seed(seed)
        self._drawn_seed = random.draw_seed() if seed is None else None

    def _seed_pair(self):
        if isinstance(self.seed, random.SeedGenerator):
            return self.seed.next()
        return tf.constant([random.fold(self._drawn_seed if self.seed is None else self.seed), 0], tf.int64)

    def _float_dtype(self, dtype):
        dtype = dtypes.dtype(dtype)
        if not dtype.is_floating:
            raise ValueError(f"{type(self).__name__} draws floating point values; received dtype {dtype.name!r}.")
        return dtype

    def _draw(self, operation, shape, dtype):
        return random.philox(operation, shape, self._seed_pair(), dtype)

    def _normal(self, shape, mean, stddev, dtype):
        return self._draw(tf.raw_ops.StatelessRandomNormalV2, shape, dtype) * stddev + mean

    def _truncated_normal(self, shape, mean, stddev, dtype):
        return self._draw(tf.raw_ops.StatelessTruncatedNormalV2, shape, dtype) * stddev + mean

    def _uniform(self, shape, minval, maxval, dtype):
        # The bounds pass through float32 whatever the dtype, as in Keras: otherwise float64 bits would differ.
        minval, maxval = (tf.cast(tf.constant(bound, tf.float32), dtype) for bound in (minval, maxval))
        if dtypes.dtype(dtype).is_integer:
            return tf.random.stateless_uniform(shape, self._seed_pair(), minval, maxval, dtype, alg="philox")
        return self._draw(tf.raw_ops.StatelessRandomUniformV2, shape, dtype) * (maxval - minval) + minval


class RandomNormal(RandomInitializer):
    """Normal values, `mean + stddev * z` with z from N(0, 1).

    `mean`: 0. `stddev`: 0.05, small enough for a first layer on standardised inputs. `seed`: see RandomInitializer.

    >>> RandomNormal(stddev=0.5, seed=1)((2, 3)).shape.as_list()
    [2, 3]
    """

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape, dtype=None):
        return self._normal(self._static_shape(shape), self.mean, self.stddev, self._float_dtype(dtype))


class TruncatedNormal(RandomInitializer):
    """Normal values, redrawn when further than `2 * stddev` from `mean`: no weight starts as an outlier.

    The spread that remains is 0.88 * stddev. Arguments as RandomNormal.

    >>> bool(tf.reduce_max(tf.abs(TruncatedNormal(stddev=1.0, seed=1)((99,)))) < 2.0)
    True
    """

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape, dtype=None):
        return self._truncated_normal(self._static_shape(shape), self.mean, self.stddev, self._float_dtype(dtype))


class RandomUniform(RandomInitializer):
    """Values uniform between `minval` (included) and `maxval` (not included); integer dtypes too.

    `minval`, `maxval`: -0.05, 0.05. `seed`: see RandomInitializer.

    >>> RandomUniform(0, 10, seed=1)((2, 3), "int32").dtype.name
    'int32'
    """

    def __init__(self, minval=-0.05, maxval=0.05, seed=None):
        super().__init__(seed)
        self.minval, self.maxval = minval, maxval

    def __call__(self, shape, dtype=None):
        dtype = dtypes.dtype(dtype)
        return self._uniform(self._static_shape(shape), self.minval, self.maxval, dtype)
