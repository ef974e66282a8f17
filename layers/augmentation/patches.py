"""What lies beside a pixel, at random: blur and sharpness, and patches that are erased."""

import tensorflow as tf

from layers.augmentation.colors import RandomColors
from layers.augmentation.images import clip, factor_range, is_batch
from layers.noise import random_normal
from layers.spatial import is_integer
from losses.ground.shapes import sizes_of

_SMOOTH = ((1, 1, 1), (1, 5, 1), (1, 1, 1))  # over 13


class RandomSharpness(RandomColors):
    """Makes each image sharper or smoother, in training.

        outputs = clip(smooth + (inputs - smooth) * 2 f),   f uniform from lower to upper

    `smooth` is the weighted mean of 3 x 3 pixels, the middle one five times. 0.5 leaves an image as it is.
    Shapes: (batch, height, width, channels) or one image, the same comes out. No weights.
    Arguments: `factor` ((lower, upper) from 0 to 1; a single number is (0, upper)), `value_range`, `data_format`, `seed`.
    Errors: ValueError for a factor out of range.

    >>> import tensorflow as tf
    >>> from layers import RandomSharpness
    >>> RandomSharpness((0.0, 0.0))(tf.fill((5, 5, 1), 13.0))[2, 2].numpy().round(4).tolist()
    [13.0]
    """

    def __init__(self, factor, value_range=(0, 255), data_format=None, seed=None, **kwargs):
        super().__init__(value_range, data_format, seed, **kwargs)
        self.factor = factor_range(self, "factor", factor, 0, 1, lowest=0)

    def transform(self, images):
        smooth = _filtered(images, tf.constant(_SMOOTH, images.dtype) / 13)
        return clip(smooth + (images - smooth) * (2 * self.strengths(images, *self.factor)), self.value_range)


class RandomGaussianBlur(RandomColors):
    """Blurs images at random, in training.

        outputs = the mean of the pixels around, with the weights exp(-(x² / σx² + y² / σy²) / 2) / their sum

    Shapes: (batch, height, width, channels) or one image, the same comes out. No weights.
    Arguments: `factor` ((lower, upper) from 0 to 1: the probability of each image is drawn between them; a single number is
    (0, upper); (1, 1) blurs all), `kernel_size` (odd, or a pair: down and across), `sigma` ((lower, upper) from 0 to 1,
    in pixels: σx and σy are drawn between them for each batch; a single number is (0, upper)), `value_range`,
    `data_format`, `seed`. Errors: ValueError for what is out of range, and an even size.

    >>> import tensorflow as tf
    >>> from layers import RandomGaussianBlur
    >>> RandomGaussianBlur((1.0, 1.0), sigma=(1.0, 1.0))(100 * tf.eye(3)[..., tf.newaxis])[1, 1].numpy().round().tolist()
    [35.0]
    """

    def __init__(self, factor=1.0, kernel_size=3, sigma=1.0, value_range=(0, 255), data_format=None, seed=None, **kwargs):
        super().__init__(value_range, data_format, seed, **kwargs)
        sizes = (kernel_size, kernel_size) if is_integer(kernel_size, 1) else kernel_size
        if not isinstance(sizes, (tuple, list)) or len(sizes) != 2 or not all(is_integer(n, 1) and n % 2 for n in sizes):
            raise ValueError(f"{self._title} takes an odd number, or two, as `kernel_size`, received {kernel_size!r}.")
        self.factor = factor_range(self, "factor", factor, 0, 1, lowest=0)
        self.kernel_size = tuple(sizes)
        self.sigma = factor_range(self, "sigma", sigma, 0, 1, lowest=0)

    def transform(self, images):
        chosen = self.chosen(images, *self.factor)
        across, down = tf.unstack(tf.cast(self.numbers(images, (2,), *self.sigma), images.dtype))
        kernel = _bell(self.kernel_size[0], down)[:, tf.newaxis] * _bell(self.kernel_size[1], across)
        return tf.where(chosen, clip(_filtered(images, kernel), self.value_range), images)


class RandomErasing(RandomColors):
    """Covers a rectangle of images at random, in training: with noise, or with one value.

    Shapes: (batch, height, width, channels) or one image, the same comes out. No weights.
    Arguments: `factor` ((lower, upper) from 0 to 1: the probability of each image is drawn between them; a single number is
    (0, upper); (1, 1) covers a part of all), `scale` ((lower, upper) from 0 to 1: the sides of the rectangle are the square
    roots of two numbers between them, as parts of the sides of the image), `fill_value` (None: normal noise, clipped),
    `value_range`, `seed`, `data_format`. Errors: ValueError for what is out of range.

    >>> import tensorflow as tf
    >>> from layers import RandomErasing
    >>> images = RandomErasing((1.0, 1.0), scale=(0.25, 0.25), fill_value=7.0)(tf.zeros((9, 20, 40, 1)))
    >>> sorted(set(images.numpy().ravel().tolist())), tf.reduce_sum(images[0] / 7.0).numpy().tolist()
    ([0.0, 7.0], 200.0)
    """

    def __init__(self, factor=1.0, scale=(0.02, 0.33), fill_value=None, value_range=(0, 255), seed=None, data_format=None,
                 **kwargs):  # fmt: skip
        super().__init__(value_range, data_format, seed, **kwargs)
        self.factor = factor_range(self, "factor", factor, 0, 1, lowest=0)
        self.scale = factor_range(self, "scale", scale, 0, 1, lowest=0)
        self.fill_value = fill_value

    def transform(self, images):
        sides = tf.sqrt(self.numbers(images, (sizes_of(images)[0], 2), *self.scale, is_batch(images)))
        inside = random_rectangles(self, images, sides[:, 0], sides[:, 1])
        chosen = self.chosen(images, *self.factor)
        if self.fill_value is None:
            low, high = self.value_range
            cover = clip(random_normal(self, images) * (high - low) + low, self.value_range)
        else:
            cover = tf.fill(tf.shape(images), tf.cast(self.fill_value, images.dtype))
        return tf.where(chosen & inside, cover, images)


def random_rectangles(layer, images, wide, high):
    """Which pixels are in a rectangle for each image, (batch, height, width, 1).

    Its sides are the parts `wide` and `high`, (batch,), of the sides of the image; its place is drawn.
    """
    within = []
    for axis, part in ((2, wide), (1, high)):
        size = tf.cast(sizes_of(images)[axis], part.dtype)
        first = tf.cast(layer.draw(images, 0.0, 1.0), part.dtype) * (size * (1 - part))
        pixels = tf.range(sizes_of(images)[axis], dtype=tf.int32)
        ends = (first[:, tf.newaxis], (first + size * part)[:, tf.newaxis])
        within.append((tf.cast(pixels, part.dtype) >= ends[0]) & (tf.cast(pixels, part.dtype) < ends[1]))
    return (within[0][:, tf.newaxis, :] & within[1][:, :, tf.newaxis])[..., tf.newaxis]


def _bell(size, sigma):
    """`size` numbers of the normal curve around the middle, whose sum is 1."""
    away = tf.cast(tf.range(size) - size // 2, sigma.dtype) / tf.maximum(sigma, tf.cast(1e-3, sigma.dtype))
    return tf.nn.softmax(-(away**2) / 2)


def _filtered(images, kernel):
    """Each channel by itself, zeros around the image."""
    kernel = tf.tile(kernel[..., tf.newaxis, tf.newaxis], (1, 1, sizes_of(images)[3], 1))
    return tf.nn.depthwise_conv2d(images, kernel, (1, 1, 1, 1), "SAME")
