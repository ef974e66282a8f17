"""`random`: numbers drawn under the names and arguments of `keras.random`, with its values for the same integer seed.

Today: `tf.random.stateless_normal(shape, seed_generator.next())` and its kin. With `seed=None` they come from TensorFlow's stream,
which `set_seed` begins; a `SeedGenerator` gives others at each call; an integer the same ones.

>>> from engine.utils import draws
>>> draws.normal((2,), seed=1).numpy().tolist() == draws.normal((2,), seed=1).numpy().tolist()
True
"""

import tensorflow as tf

from engine.dtypes import dtype as as_dtype
from engine.random import SeedGenerator, as_seed, fold

__all__ = ["SeedGenerator", "beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint", "shuffle",
           "truncated_normal", "uniform"]  # fmt: skip


def _pair(seed):
    if seed is None:
        return tf.random.uniform((2,), maxval=2**31 - 1, dtype=tf.int64)
    seed = as_seed(seed)
    return seed.next() if isinstance(seed, SeedGenerator) else tf.constant([fold(seed), 0], tf.int64)


def normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """`tf.random.stateless_normal`."""
    return tf.random.stateless_normal(shape, _pair(seed), mean, stddev, as_dtype(dtype))


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """`tf.random.stateless_truncated_normal`: what is more than two `stddev` away is drawn again."""
    return tf.random.stateless_truncated_normal(shape, _pair(seed), mean, stddev, as_dtype(dtype))


def uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """`tf.random.stateless_uniform`: from `minval` to below `maxval`."""
    return tf.random.stateless_uniform(shape, _pair(seed), minval, maxval, as_dtype(dtype))


def randint(shape, minval, maxval, dtype="int32", seed=None):
    """`tf.random.stateless_uniform` of integers: from `minval` to below `maxval`."""
    return tf.random.stateless_uniform(shape, _pair(seed), minval, maxval, dtype)


def categorical(logits, num_samples, dtype="int32", seed=None):
    """`tf.random.stateless_categorical`: class numbers (batch, num_samples) for scores (batch, classes)."""
    return tf.random.stateless_categorical(logits, num_samples, _pair(seed), dtype)


def binomial(shape, counts, probabilities, dtype=None, seed=None):
    """`tf.random.stateless_binomial`: how many of `counts` trials came true."""
    numbers = tf.random.stateless_binomial(shape, _pair(seed), tf.cast(counts, tf.float32), tf.cast(probabilities, tf.float32))
    return tf.cast(numbers, as_dtype(dtype))


def gamma(shape, alpha, dtype=None, seed=None):
    """`tf.random.stateless_gamma`."""
    return tf.random.stateless_gamma(shape, _pair(seed), alpha, dtype=as_dtype(dtype))


def beta(shape, alpha, beta, dtype=None, seed=None):
    """g / (g + h) of gamma numbers g for `alpha` and h for `beta`."""
    pair = _pair(seed)
    pairs = tf.unstack(tf.random.experimental.stateless_split(pair, 2))
    first, second = (tf.random.stateless_gamma(shape, pair, tf.cast(shape_of, tf.float64), dtype=tf.float64)
                     for pair, shape_of in zip(pairs, (alpha, beta)))  # fmt: skip
    return tf.cast(first / (first + second), as_dtype(dtype))


def dropout(inputs, rate, noise_shape=None, seed=None):
    """`tf.nn.experimental.stateless_dropout`."""
    return tf.nn.experimental.stateless_dropout(inputs, rate, _pair(seed), noise_shape=noise_shape)


def shuffle(x, axis=0, seed=None):
    """`x` with what lies along `axis` in another order: `tf.random.experimental.stateless_shuffle`."""
    x = tf.convert_to_tensor(x)
    order = tf.random.experimental.stateless_shuffle(tf.range(tf.shape(x)[axis]), _pair(seed))
    return tf.gather(x, order, axis=axis)
