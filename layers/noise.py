"""Noise as a regularizer: added, multiplied, or shaped for selu networks. Only in training."""

import tensorflow as tf

from engine.core.layer import Layer
from engine.random import SeedGenerator, normal
from layers.dropout import check_noise_shape, check_rate, random_keep
from losses.ground.numerics import cast
from losses.ground.shapes import sizes_of


def random_normal(layer, inputs):
    """Standard normal numbers in the shape and dtype of `inputs`."""
    return normal(sizes_of(inputs), layer.seed_generator.next(), inputs.dtype)


class GaussianNoise(Layer):
    """Adds normal noise in training.

        outputs = inputs + stddev * noise,   noise ~ N(0, 1)

    Shapes: any, the same comes out. No weights.
    Arguments: `stddev` (0 to 1), `seed` (None draws one).
    Errors: ValueError if `stddev` is not from 0 to 1.
    Source: Bishop, "Training with noise is equivalent to Tikhonov regularization", 1995.

    >>> import tensorflow as tf
    >>> from layers import GaussianNoise
    >>> GaussianNoise(0.5)(tf.ones((2, 3))).numpy().tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """

    def __init__(self, stddev, seed=None, **kwargs):
        super().__init__(**kwargs)
        if isinstance(stddev, bool) or not isinstance(stddev, (int, float)) or not 0 <= stddev <= 1:
            raise ValueError(f"{self._title} takes a number from 0 to 1 as `stddev`, received {stddev!r}.")
        self.stddev = stddev
        self.seed = seed
        if stddev > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs, training=False):
        if not training or self.stddev == 0:
            return inputs
        return inputs + self.stddev * random_normal(self, inputs)


class GaussianDropout(Layer):
    """Multiplies by normal noise around 1 in training: the same mean and variance as Dropout, without zeros.

        outputs = inputs * (1 + stddev * noise),   stddev = sqrt(rate / (1 - rate)),   noise ~ N(0, 1)

    Shapes: any, the same comes out. No weights.
    Arguments: `rate` (as in Dropout, from 0 to below 1), `seed` (None draws one).
    Errors: ValueError if `rate` is not from 0 to below 1.
    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014, section 10.

    >>> import tensorflow as tf
    >>> from layers import GaussianDropout
    >>> GaussianDropout(0.5)(tf.ones((2, 3)), training=True).shape
    TensorShape([2, 3])
    """

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = check_rate(self, rate, below_one=True)
        self.seed = seed
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        stddev = (self.rate / (1 - self.rate)) ** 0.5
        return inputs * (1 + stddev * random_normal(self, inputs))


class AlphaDropout(Layer):
    """Dropout for selu networks: keeps mean 0 and variance 1.

        outputs = scale * (inputs where kept, else low) + shift
        low = -1.7581 (what selu gives for -∞),   scale = ((1 - rate) * (1 + rate * low²)) ** -0.5,
        shift = -scale * rate * low

    Shapes: any, the same comes out. No weights.
    Arguments: `rate` (from 0 to below 1), `noise_shape` (as in Dropout), `seed` (None draws one).
    Errors: ValueError if `rate` is not from 0 to below 1.
    Source: Klambauer et al., "Self-normalizing neural networks", 2017.

    >>> import tensorflow as tf
    >>> from layers import AlphaDropout
    >>> AlphaDropout(0.5)(tf.ones((2, 3)), training=True).shape
    TensorShape([2, 3])
    """

    low = -1.6732632423543772 * 1.0507009873554805

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = check_rate(self, rate, below_one=True)
        self.noise_shape = check_noise_shape(self, noise_shape)
        self.seed = seed
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        scale = ((1 - self.rate) * (1 + self.rate * self.low**2)) ** -0.5
        kept = tf.where(random_keep(self, inputs, self.noise_shape), inputs, cast(self.low, inputs.dtype))
        return scale * kept - scale * self.rate * self.low
