"""Moving, turning and zooming images at random: an affine map for each image, pixels in between by interpolation."""

import math

import tensorflow as tf

from layers.augmentation.images import RandomImageLayer, factor_range
from layers.spatial import one_of
from losses.ground.shapes import sizes_of

_FILL_MODES = ("reflect", "wrap", "constant", "nearest")


class RandomAffine(RandomImageLayer):
    """Base of layers whose `maps` tell where each pixel of the outputs comes from in the inputs.

        x_in = a0 * x + a1 * y + a2,   y_in = b0 * x + b1 * y + b2

    Arguments: `fill_mode` (what lies outside: "reflect" d c b a | a b c d | d c b a, "wrap" a b c d | a b c d,
    "nearest" a a | a b c d | d d, or "constant", which is `fill_value`); `interpolation` ("bilinear" or "nearest").
    """

    def __init__(self, fill_mode="reflect", interpolation="bilinear", seed=None, fill_value=0.0, data_format=None,
                 **kwargs):  # fmt: skip
        super().__init__(data_format, seed, **kwargs)
        self.fill_mode = one_of(self, "fill_mode", fill_mode, _FILL_MODES)
        self.interpolation = one_of(self, "interpolation", interpolation, ("bilinear", "nearest"))
        self.fill_value = fill_value

    def maps(self, images, height, width):
        """The six numbers a0, a1, a2, b0, b1, b2, each a number or of shape (batch,)."""
        raise NotImplementedError(f"{type(self).__name__} has no maps(). Define `def maps(self, images, ...): ...`.")

    def transform(self, images):
        batch, height, width = sizes_of(images)[:3]
        numbers = (*self.maps(images, height, width), 0, 0)  # the zeros: no perspective
        numbers = [tf.broadcast_to(tf.cast(number, tf.float32), [batch]) for number in numbers]
        known = images if images.dtype in (tf.float16, tf.float32, tf.float64) else tf.cast(images, tf.float32)
        outputs = tf.raw_ops.ImageProjectiveTransformV3(
            images=known, transforms=tf.stack(numbers, 1), output_shape=[height, width], fill_value=self.fill_value,
            interpolation=self.interpolation.upper(), fill_mode=self.fill_mode.upper(),
        )  # fmt: skip
        return tf.cast(tf.ensure_shape(outputs, images.shape), images.dtype)


class RandomTranslation(RandomAffine):
    """Moves each image by a random part of its size, in training.

    Shapes: (batch, height, width, channels) or one image, the same comes out. No weights.
    Arguments: `height_factor` ((lower, upper) from -1 to 1, a part of the height, positive is down; a single
    number f is (-f, f)), `width_factor` (positive is right), `fill_mode`, `interpolation`, `fill_value` (see
    RandomAffine), `seed`, `data_format` (None: "channels_last").
    Errors: ValueError for a factor out of range.

    >>> import tensorflow as tf
    >>> from layers import RandomTranslation
    >>> images = tf.reshape(tf.range(4.0), (1, 4, 1, 1))
    >>> RandomTranslation((0.25, 0.25), 0.0)(images).numpy().ravel().tolist()
    [0.0, 0.0, 1.0, 2.0]
    """

    def __init__(self, height_factor, width_factor, fill_mode="reflect", interpolation="bilinear", seed=None,
                 fill_value=0.0, data_format=None, **kwargs):  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor = height_factor
        self.width_factor = width_factor
        self._heights = factor_range(self, "height_factor", height_factor, -1, 1)
        self._widths = factor_range(self, "width_factor", width_factor, -1, 1)

    def maps(self, images, height, width):
        down = self.draw(images, *self._heights)
        right = self.draw(images, *self._widths)
        down, right = down * tf.cast(height, down.dtype), right * tf.cast(width, right.dtype)
        return 1.0, 0.0, -right, 0.0, 1.0, -down


class RandomRotation(RandomAffine):
    """Turns each image about its center by a random angle, in training.

    Shapes: (batch, height, width, channels) or one image, the same comes out. No weights.
    Arguments: `factor` ((lower, upper) from -1 to 1, a part of a whole turn, positive is counter-clockwise; a single
    number f is (-f, f)), `fill_mode`, `interpolation`, `fill_value` (see RandomAffine), `seed`, `data_format`.
    Errors: ValueError for a factor out of range.

    >>> import tensorflow as tf
    >>> from layers import RandomRotation
    >>> images = tf.reshape(tf.range(4.0), (1, 2, 2, 1))
    >>> RandomRotation((0.5, 0.5))(images).numpy().round(3).ravel().tolist()
    [3.0, 2.0, 1.0, 0.0]
    """

    def __init__(self, factor, fill_mode="reflect", interpolation="bilinear", seed=None, fill_value=0.0,
                 data_format=None, **kwargs):  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.factor = factor_range(self, "factor", factor, -1, 1)

    def maps(self, images, height, width):
        angle = self.draw(images, *self.factor) * (2 * math.pi)
        cosine, sine = tf.cos(angle), tf.sin(angle)
        x, y = _center(angle, height, width)  # maps to itself
        return cosine, -sine, x - (cosine * x - sine * y), sine, cosine, y - (sine * x + cosine * y)


class RandomZoom(RandomAffine):
    """Zooms each image about its center by a random factor, in training.

    Shapes: (batch, height, width, channels) or one image, the same comes out. No weights.
    Arguments: `height_factor` ((lower, upper) from above -1 to 1: 0.2 shows a fifth more, the things are smaller,
    -0.2 a fifth less; a single number f is (-f, f)), `width_factor` (None: the same zoom as the height),
    `fill_mode`, `interpolation`, `fill_value` (see RandomAffine), `seed`, `data_format` (None: "channels_last").
    Errors: ValueError for a factor out of range.

    >>> import tensorflow as tf
    >>> from layers import RandomZoom
    >>> images = tf.reshape(tf.range(4.0), (1, 4, 1, 1))
    >>> RandomZoom((-0.5, -0.5))(images).numpy().ravel().tolist()
    [0.75, 1.25, 1.75, 2.25]
    """

    def __init__(self, height_factor, width_factor=None, fill_mode="reflect", interpolation="bilinear", seed=None,
                 fill_value=0.0, data_format=None, **kwargs):  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor = height_factor
        self.width_factor = width_factor
        self._heights = factor_range(self, "height_factor", height_factor, -1, 1)
        self._widths = None if width_factor is None else factor_range(self, "width_factor", width_factor, -1, 1)

    def maps(self, images, height, width):
        tall = 1 + self.draw(images, *self._heights)
        wide = tall if self._widths is None else 1 + self.draw(images, *self._widths)
        x, y = _center(tall, height, width)
        return wide, 0.0, x * (1 - wide), 0.0, tall, y * (1 - tall)


class RandomShear(RandomAffine):
    """Slants each image by a random amount, in training; the upper left corner stays.

        x_in = x ± fx * y,   y_in = y ± fy * x,   the sign at random, the same for both

    Shapes: (batch, height, width, channels) or one image, the same comes out. No weights.
    Arguments: `x_factor`, `y_factor` ((lower, upper) from -1 to 1; a single number f is (-f, f)), `interpolation`,
    `fill_mode`, `fill_value` (see RandomAffine), `data_format` (None: "channels_last"), `seed`.
    Errors: ValueError for a factor out of range.

    >>> import tensorflow as tf
    >>> from layers import RandomShear
    >>> RandomShear(x_factor=(1.0, 1.0), fill_mode="wrap", seed=3)(tf.reshape(tf.range(4.0), (2, 2, 1)))[..., 0].numpy().tolist()
    [[0.0, 1.0], [3.0, 2.0]]
    """

    def __init__(self, x_factor=0.0, y_factor=0.0, interpolation="bilinear", fill_mode="reflect", fill_value=0.0,
                 data_format=None, seed=None, **kwargs):  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.x_factor = factor_range(self, "x_factor", x_factor, -1, 1)
        self.y_factor = factor_range(self, "y_factor", y_factor, -1, 1)

    def maps(self, images, height, width):
        sign = tf.where(self.draw(images, 0.0, 1.0) > 0.5, -1.0, 1.0)
        down = self.draw(images, *self.y_factor)
        across = self.draw(images, *self.x_factor)
        sign = tf.cast(sign, down.dtype)
        return 1.0, sign * across, 0.0, sign * down, 1.0, 0.0


def _center(like, height, width):
    """The x and y of the center of images, in the dtype of `like`."""
    return tf.cast(width - 1, like.dtype) / 2, tf.cast(height - 1, like.dtype) / 2
