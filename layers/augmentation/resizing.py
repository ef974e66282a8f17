"""Layers after which images have another size: cut out of them, or resized."""

import math

import tensorflow as tf

from engine.small_parts.sizes import positive_integer
from layers.augmentation.images import ImageLayer, RandomImageLayer, factor_range
from layers.spatial import one_of
from losses.ground.shapes import sizes_of

_INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")


class CenterCrop(ImageLayer):
    """Cuts the center out of images; an image that is too small is enlarged first.

    Shapes: (batch, height, width, channels) → (batch, self.height, self.width, channels); an image without the
    batch axis serves too. Where a side is too small, the largest center with the proportions of the output is
    resized (bilinear). No weights. Arguments: `height`, `width`, `data_format` (None: "channels_last").

    >>> import tensorflow as tf
    >>> from layers import CenterCrop
    >>> CenterCrop(2, 1)(tf.reshape(tf.range(9.0), (3, 3, 1)))[..., 0].numpy().tolist()
    [[1.0], [4.0]]
    """

    def __init__(self, height, width, data_format=None, **kwargs):
        super().__init__(data_format, **kwargs)
        self.height = positive_integer(self, "height", height)
        self.width = positive_integer(self, "width", width)

    def transform(self, images):
        return _cut_or_enlarged(images, self.height, self.width, lambda: _center(images, self.height, self.width))


class RandomCrop(RandomImageLayer):
    """Cuts a window at a random place, the same for the whole batch, out of images in training.

    In inference, and where an image is too small, it is the largest center with the proportions of the output, resized
    (bilinear). Shapes: (batch, height, width, channels) → (batch, self.height, self.width, channels); an image without the
    batch axis serves too. No weights. Arguments: `height`, `width`, `seed`, `data_format` (None: "channels_last").

    >>> import tensorflow as tf
    >>> from layers import RandomCrop
    >>> RandomCrop(2, 3)(tf.ones((4, 8, 8, 1))).shape
    TensorShape([4, 2, 3, 1])
    """

    def __init__(self, height, width, seed=None, data_format=None, **kwargs):
        super().__init__(data_format, seed, **kwargs)
        self.height = positive_integer(self, "height", height)
        self.width = positive_integer(self, "width", width)

    def call(self, data, training=True):
        return self.through(self.transform if training else self._largest_center, data)

    def transform(self, images):
        return _cut_or_enlarged(images, self.height, self.width, lambda: self._window(images))

    def _window(self, images):
        batch, all_height, all_width, channels = sizes_of(images)
        top = self._drawn(images, all_height - self.height + 1)
        left = self._drawn(images, all_width - self.width + 1)
        return tf.slice(images, (0, top, left, 0), (batch, self.height, self.width, channels))

    def _drawn(self, images, places):
        part = self.numbers(images, (), 0.0, 1.0)
        return tf.cast(part * tf.cast(places, part.dtype), tf.int32)

    def _largest_center(self, images):
        return _resized(_proportional(images, self.height, self.width), self.height, self.width)


class Resizing(ImageLayer):
    """Brings images to one size.

    Shapes: (batch, height, width, channels) → (batch, self.height, self.width, channels); an image without the batch axis
    serves too. No weights.
    Arguments: `height`, `width`; `interpolation` ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5",
    "gaussian", "mitchellcubic"); `crop_to_aspect_ratio` (do not distort: cut the largest center with the new proportions
    out first); `pad_to_aspect_ratio` (do not distort: fill up to the new proportions first, with `fill_value`);
    `fill_mode` ("constant"); `antialias` (smooth before images become smaller); `data_format` (None: "channels_last").
    Errors: ValueError for both kinds of proportions at once.

    >>> import tensorflow as tf
    >>> from layers import Resizing
    >>> Resizing(1, 2)(tf.reshape(tf.range(8.0), (2, 4, 1)))[..., 0].numpy().tolist()
    [[2.5, 4.5]]
    """

    def __init__(self, height, width, interpolation="bilinear", crop_to_aspect_ratio=False, pad_to_aspect_ratio=False,
                 fill_mode="constant", fill_value=0.0, antialias=False, data_format=None, **kwargs):  # fmt: skip
        super().__init__(data_format, **kwargs)
        self.height = positive_integer(self, "height", height)
        self.width = positive_integer(self, "width", width)
        self.interpolation = one_of(self, "interpolation", interpolation, _INTERPOLATIONS)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError(f"{self._title} can crop or pad to the proportions, not both: give one of `crop_to_aspect_ratio` "
                             "and `pad_to_aspect_ratio`.")  # fmt: skip
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        self.fill_mode = one_of(self, "fill_mode", fill_mode, ("constant",))
        self.fill_value = fill_value
        self.antialias = antialias

    def transform(self, images):
        if self.crop_to_aspect_ratio:
            images = _proportional(images, self.height, self.width)
        elif self.pad_to_aspect_ratio:
            images = self._padded(images)
        return _resized(images, self.height, self.width, self.interpolation, self.antialias)

    def _padded(self, images):
        height, width = sizes_of(images)[1:3]
        larger = max if isinstance(height, int) and isinstance(width, int) else tf.maximum
        down = (larger(height, width * self.height // self.width) - height) // 2
        across = (larger(width, height * self.width // self.height) - width) // 2
        return tf.pad(images, [(0, 0), (down, down), (across, across), (0, 0)], constant_values=self.fill_value)


class RandomSize(RandomImageLayer):
    """Base of RandomHeight and RandomWidth: one factor for the whole batch, for the size along `axis`."""

    axis = None

    def __init__(self, factor, interpolation="bilinear", seed=None, data_format=None, **kwargs):
        super().__init__(data_format, seed, **kwargs)
        self.factor = factor_range(self, "factor", factor, -1, math.inf)
        self.interpolation = one_of(self, "interpolation", interpolation, _INTERPOLATIONS)

    def transform(self, images):
        factor = 1 + self.numbers(images, (), *self.factor)
        sizes, known = list(sizes_of(images)[1:3]), images.shape.as_list()
        sizes[self.axis - 1] = tf.maximum(tf.cast(tf.cast(sizes[self.axis - 1], factor.dtype) * factor, tf.int32), 1)
        known[self.axis] = None
        return tf.ensure_shape(_resized(images, *sizes, self.interpolation), known)


class RandomHeight(RandomSize):
    """Makes images higher or lower by a random part of their height, the whole batch by the same, in training.

    Shapes: (batch, height, width, channels) → (batch, int(height · (1 + part)), width, channels); an image without the
    batch axis serves too. No weights. Keras 3 has dropped it; today: `RandomZoom`, which keeps the size.
    Arguments: `factor` ((lower, upper), above -1; a single number f is (-f, f)), `interpolation` (see Resizing), `seed`.

    >>> import tensorflow as tf
    >>> from layers import RandomHeight
    >>> RandomHeight((0.5, 0.5))(tf.ones((2, 6, 5, 3))).shape
    TensorShape([2, 9, 5, 3])
    """

    axis = 1


class RandomWidth(RandomSize):
    """Makes images wider or narrower by a random part of their width, the whole batch by the same, in training.

    Shapes: (batch, height, width, channels) → (batch, height, int(width · (1 + part)), channels). Otherwise as RandomHeight.

    >>> import tensorflow as tf
    >>> from layers import RandomWidth
    >>> RandomWidth((-0.4, -0.4))(tf.ones((2, 6, 5, 3))).shape
    TensorShape([2, 6, 3, 3])
    """

    axis = 2


def _cut_or_enlarged(images, height, width, cut):
    """`cut()` where images are at least `height` and `width`; else the largest center of these proportions, resized."""

    def enlarged():
        return _resized(_proportional(images, height, width), height, width)

    all_height, all_width = sizes_of(images)[1:3]
    if isinstance(all_height, int) and isinstance(all_width, int):
        return cut() if all_height >= height and all_width >= width else enlarged()
    found = tf.cond(tf.logical_and(all_height >= height, all_width >= width), cut, enlarged)
    return tf.ensure_shape(found, (images.shape[0], height, width, images.shape[3]))


def _proportional(images, height, width):
    """The largest center with the proportions of `height` and `width`."""
    all_height, all_width = sizes_of(images)[1:3]
    known = isinstance(all_height, int) and isinstance(all_width, int)
    smaller, larger = (min, max) if known else (tf.minimum, tf.maximum)
    inner_height = larger(smaller(all_height, all_width * height // width), 1)
    return _center(images, inner_height, larger(smaller(all_width, all_height * width // height), 1))


def _center(images, height, width):
    all_height, all_width = sizes_of(images)[1:3]
    top, left = (all_height - height) // 2, (all_width - width) // 2
    return images[:, top : top + height, left : left + width]


def _resized(images, height, width, interpolation="bilinear", antialias=False):
    # Some kernels know float32 alone. The others compute in it too, and XLA gets the types wrong in their backward pass.
    known = images if interpolation == "nearest" and not antialias else tf.cast(images, tf.float32)
    return tf.cast(tf.image.resize(known, (height, width), interpolation, antialias=antialias), images.dtype)
