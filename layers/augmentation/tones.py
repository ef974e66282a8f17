"""A new value for each value of a channel: contrast by the extremes, by the histogram, inverted, or with fewer steps."""

import tensorflow as tf

from engine.small_parts.sizes import positive_integer
from layers.augmentation.colors import RandomColors
from layers.augmentation.images import ImageLayer, clip, factor_range, value_pair
from losses.ground.shapes import sizes_of


class AutoContrast(ImageLayer):
    """Spreads each channel of each image over the whole range, in training and in inference.

        outputs = (inputs - min) / (max - min) * (high - low) + low

    A channel of one value stays. Shapes: (batch, height, width, channels) or one image, the same comes out. No weights.
    Arguments: `value_range` ((low, high)), `data_format` (None: "channels_last").

    >>> import tensorflow as tf
    >>> from layers import AutoContrast
    >>> AutoContrast()(tf.constant([[[10.0], [20.0], [30.0]]])).numpy().ravel().tolist()
    [0.0, 127.5, 255.0]
    """

    def __init__(self, value_range=(0, 255), data_format=None, **kwargs):
        super().__init__(data_format, **kwargs)
        self.value_range = value_pair(self, value_range)

    def transform(self, images):
        low, high = self.value_range
        least, most = tf.reduce_min(images, (1, 2), keepdims=True), tf.reduce_max(images, (1, 2), keepdims=True)
        spread = tf.math.divide_no_nan(images - least, most - least) * (high - low) + low
        return clip(tf.where(most > least, spread, images), self.value_range)


class Equalization(ImageLayer):
    """Spreads the values of each channel of each image so that all parts of the range are used alike, in training and inference.

        outputs = round((c(inputs) - c_min) / (pixels - c_min) * 255) / 255 * (high - low) + low

    c(v) is the number of pixels up to the bin of v. Each image is spread by itself; Keras spreads the batch as one image.    A channel of one value stays. Shapes: (batch, height, width, channels) or one image, the same comes out. No weights.
    Arguments: `value_range` ((low, high)), `bins` (into how many parts the range is cut), `data_format`.

    >>> import tensorflow as tf
    >>> from layers import Equalization
    >>> Equalization()(tf.constant([[[10.0], [11.0], [12.0], [12.0]]])).numpy().ravel().tolist()
    [0.0, 85.0, 255.0, 255.0]
    """

    def __init__(self, value_range=(0, 255), bins=256, data_format=None, **kwargs):
        super().__init__(data_format, **kwargs)
        self.value_range = value_pair(self, value_range)
        self.bins = positive_integer(self, "bins", bins)

    def transform(self, images):
        low, high = self.value_range
        batch, height, width, channels = sizes_of(images)
        place = tf.cast((clip(images, self.value_range) - low) * (self.bins - 1) / (high - low), tf.int32)
        first = tf.range(batch * channels) * self.bins  # each channel of each image counts in bins of its own
        bins = tf.reshape(place, (batch, height * width, channels)) + tf.reshape(first, (batch, 1, channels))
        count = tf.math.unsorted_segment_sum(tf.ones_like(bins, images.dtype), bins, batch * channels * self.bins)
        up_to = tf.cumsum(tf.reshape(count, (batch * channels, self.bins)), axis=1)
        pixels = up_to[:, -1:]
        least = tf.reduce_min(tf.where(up_to > 0, up_to, pixels), axis=1, keepdims=True)
        spread = tf.round(tf.math.divide_no_nan((up_to - least) * 255, pixels - least)) / 255 * (high - low) + low
        outputs = tf.reshape(tf.gather(tf.reshape(spread, [-1]), bins), sizes_of(images))
        one_value = tf.reduce_max(images, (1, 2), keepdims=True) == tf.reduce_min(images, (1, 2), keepdims=True)
        return tf.ensure_shape(tf.where(one_value, images, outputs), images.shape)


class Solarization(RandomColors):
    """Inverts what is bright, in training.

        moved = clip(inputs + addition * (high - low))
        outputs = moved where moved < threshold * (high - low) + low, else high + low - moved

    Shapes: (batch, height, width, channels) or one image, the same comes out. No weights.
    Arguments: `addition_factor`, `threshold_factor` ((lower, upper) from 0 to 1, from which one number is drawn for each
    image; a single number is (0, upper); with the threshold 0 all is inverted), `value_range`, `seed`, `data_format`.
    Errors: ValueError for a factor out of range.

    >>> import tensorflow as tf
    >>> from layers import Solarization
    >>> Solarization(threshold_factor=(0.5, 0.5))(tf.constant([[[100.0], [200.0]]])).numpy().ravel().tolist()
    [100.0, 55.0]
    """

    def __init__(self, addition_factor=0.0, threshold_factor=0.0, value_range=(0, 255), seed=None, data_format=None,
                 **kwargs):  # fmt: skip
        super().__init__(value_range, data_format, seed, **kwargs)
        self.addition_factor = factor_range(self, "addition_factor", addition_factor, 0, 1, lowest=0)
        self.threshold_factor = factor_range(self, "threshold_factor", threshold_factor, 0, 1, lowest=0)

    def transform(self, images):
        low, high = self.value_range
        moved = clip(images + self.strengths(images, *self.addition_factor) * (high - low), self.value_range)
        threshold = self.strengths(images, *self.threshold_factor) * (high - low) + low
        return tf.where(moved < threshold, moved, high + low - moved)


class RandomInvert(RandomColors):
    """Inverts images at random, `high + low - inputs`, in training.

    Shapes: (batch, height, width, channels) or one image, the same comes out. No weights.
    Arguments: `factor` ((lower, upper) from 0 to 1: the probability of each image is drawn between them; a single number is
    (0, upper); (1, 1) inverts all), `value_range` ((low, high)), `seed`, `data_format`.
    Errors: ValueError for a factor out of range.

    >>> import tensorflow as tf
    >>> from layers import RandomInvert
    >>> RandomInvert((1.0, 1.0))(tf.constant([[[10.0], [255.0]]])).numpy().ravel().tolist()
    [245.0, 0.0]
    """

    def __init__(self, factor=1.0, value_range=(0, 255), seed=None, data_format=None, **kwargs):
        super().__init__(value_range, data_format, seed, **kwargs)
        self.factor = factor_range(self, "factor", factor, 0, 1, lowest=0)

    def transform(self, images):
        low, high = self.value_range
        return tf.where(self.chosen(images, *self.factor), high + low - images, images)


class RandomPosterization(RandomColors):
    """Keeps a few bits of each value, in training: 3 bits leave 8 different values.

    Shapes: (batch, height, width, channels) or one image, the same comes out. No weights.
    Arguments: `factor` ((lower, upper) from 1 to 8: the bits of each image are drawn from lower to upper - 1, where these
    are equal it is that number; a single number is (1, upper)), `value_range`, `data_format`, `seed`.
    Errors: ValueError for a factor out of range.

    >>> import tensorflow as tf
    >>> from layers import RandomPosterization
    >>> RandomPosterization((2, 2))(tf.constant([[[10.0], [100.0], [255.0]]])).numpy().ravel().tolist()
    [0.0, 64.0, 192.0]
    """

    def __init__(self, factor, value_range=(0, 255), data_format=None, seed=None, **kwargs):
        super().__init__(value_range, data_format, seed, **kwargs)
        self.factor = factor_range(self, "factor", factor, 1, 8, lowest=1)

    def transform(self, images):
        low, high = self.value_range
        step = 2.0 ** (8 - tf.floor(self.strengths(images, *self.factor)))
        of_256 = tf.floor((clip(images, self.value_range) - low) / (high - low) * 255)
        return tf.floor(of_256 / step) * step / 255 * (high - low) + low
