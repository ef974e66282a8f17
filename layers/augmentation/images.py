"""Layers that change images before a model learns from them: cut out the center, and in training flip and recolour."""

import tensorflow as tf

from engine.core.layer import Layer
from engine.random import SeedGenerator, uniform
from engine.small_parts.sizes import positive_integer
from layers.spatial import one_of, to_channels_first, to_channels_last
from losses.ground.shapes import sizes_of


class ImageLayer(Layer):
    """Base of layers over images: `transform` gets a batch with the channels last, whatever comes in.

    Takes (batch, height, width, channels) or one image without the batch axis; integers become floating.
    Argument: `data_format` ("channels_last", the default: None; or "channels_first").
    """

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        data_format = "channels_last" if data_format is None else data_format
        self.data_format = one_of(self, "data_format", data_format, ("channels_last", "channels_first"))

    def transform(self, images):
        """Other images, from `images` (batch, height, width, channels)."""
        raise NotImplementedError(f"{type(self).__name__} has no transform(). Write `def transform(self, images)`.")

    def call(self, data):
        data = tf.cast(data, self.compute_dtype)
        if data.shape.rank not in (3, 4):
            raise ValueError(f"{self._title} takes an image or a batch of images, received shape {tuple(data.shape)}.")
        images = data if data.shape.rank == 4 else data[tf.newaxis]
        if self.data_format == "channels_first":
            images = to_channels_first(self.transform(to_channels_last(images)))
        else:
            images = self.transform(images)
        return images if data.shape.rank == 4 else images[0]


class RandomImageLayer(ImageLayer):
    """Base of layers that change images at random, each one otherwise, and only in training."""

    def __init__(self, data_format=None, seed=None, **kwargs):
        super().__init__(data_format, **kwargs)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)

    def call(self, data, training=True):
        return super().call(data) if training else tf.cast(data, self.compute_dtype)

    def draw(self, images, low, high):
        """One uniform number between `low` and `high` for each image, shape (batch,)."""
        dtype = tf.float64 if images.dtype == tf.float64 else tf.float32
        rows = sizes_of(images)[0]
        per_row = not isinstance(rows, int) or rows != 1  # a single image is not a row of a batch
        return low + (high - low) * uniform([rows], self.seed_generator.next(), dtype, per_row)


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
        height, width = sizes_of(images)[1:3]
        if isinstance(height, int) and isinstance(width, int):
            fits = height >= self.height and width >= self.width
            return _center(images, self.height, self.width) if fits else self._enlarge(images)
        fits = tf.logical_and(height >= self.height, width >= self.width)
        cropped = tf.cond(fits, lambda: _center(images, self.height, self.width), lambda: self._enlarge(images))
        return tf.ensure_shape(cropped, (images.shape[0], self.height, self.width, images.shape[3]))

    def _enlarge(self, images):
        height, width = sizes_of(images)[1:3]
        smaller = min if isinstance(height, int) and isinstance(width, int) else tf.minimum
        inner_height = smaller(height, width * self.height // self.width)
        inner_width = smaller(width, height * self.width // self.height)
        inside = _center(images, inner_height, inner_width)
        return tf.cast(tf.image.resize(inside, (self.height, self.width)), images.dtype)


def _center(images, height, width):
    all_height, all_width = sizes_of(images)[1:3]
    top, left = (all_height - height) // 2, (all_width - width) // 2
    return images[:, top : top + height, left : left + width]


class RandomFlip(RandomImageLayer):
    """Mirrors each image with probability 1/2, in training.

    Shapes: (batch, height, width, channels) or one image, the same comes out. No weights.
    Arguments: `mode` ("horizontal": left and right change sides; "vertical": top and bottom;
    "horizontal_and_vertical": both at once), `seed`, `data_format` (None: "channels_last").

    >>> import tensorflow as tf
    >>> from layers import RandomFlip
    >>> images = tf.reshape([1.0, 2.0], (1, 1, 2, 1))
    >>> sorted({tuple(RandomFlip("horizontal", seed=seed)(images).numpy().ravel().tolist()) for seed in range(8)})
    [(1.0, 2.0), (2.0, 1.0)]
    """

    def __init__(self, mode="horizontal_and_vertical", seed=None, data_format=None, **kwargs):
        super().__init__(data_format, seed, **kwargs)
        self.mode = one_of(self, "mode", mode, ("horizontal_and_vertical", "horizontal", "vertical"))

    def transform(self, images):
        axes = [axis for name, axis in (("horizontal", 2), ("vertical", 1)) if name in self.mode]
        coin = tf.reshape(self.draw(images, 0.0, 1.0) < 0.5, (-1, 1, 1, 1))
        return tf.where(coin, tf.reverse(images, axes), images)


class RandomContrast(RandomImageLayer):
    """Moves each image away from its mean, or toward it, in training.

        outputs = clip((inputs - mean) * strength + mean),   strength uniform from 1 - lower to 1 + upper

    The mean is that of each channel of each image. Shapes: (batch, height, width, channels) or one image, the same
    comes out. No weights.
    Arguments: `factor` ((lower, upper), both from 0 to 1; a single number is (0, upper): more contrast only),
    `value_range` (of the inputs, to clip to; (0, 255)), `seed`.
    Errors: ValueError for a factor out of range.

    >>> import tensorflow as tf
    >>> from layers import RandomContrast
    >>> RandomContrast(0.5)(tf.ones((2, 4, 5, 3))).shape
    TensorShape([2, 4, 5, 3])
    """

    def __init__(self, factor, value_range=(0, 255), seed=None, data_format=None, **kwargs):
        super().__init__(data_format, seed, **kwargs)
        self.factor = factor_range(self, "factor", factor, 0, 1, lowest=0)
        self.value_range = value_range

    def transform(self, images):
        lower, upper = self.factor
        strength = tf.reshape(self.draw(images, 1.0 - lower, 1.0 + upper), (-1, 1, 1, 1))
        mean = tf.reduce_mean(images, (1, 2), keepdims=True)
        outputs = (images - mean) * tf.cast(strength, images.dtype) + mean
        return tf.clip_by_value(outputs, *(tf.cast(bound, images.dtype) for bound in self.value_range))


def factor_range(layer, name, factor, smallest, largest, lowest=None):
    """(lower, upper) from a pair or a single number f: (-f, f), or (`lowest`, f).

    ValueError unless `smallest` <= lower and upper <= `largest`.
    """
    pair = factor
    if isinstance(factor, (int, float)):
        pair = (-abs(factor) if lowest is None else lowest, factor if lowest is not None else abs(factor))
    numbers = isinstance(pair, (tuple, list)) and len(pair) == 2 and all(isinstance(n, (int, float)) for n in pair)
    if not numbers or not all(smallest <= number <= largest for number in pair):
        raise ValueError(f"{layer._title} takes a number, or a pair of them, from {smallest} to {largest} as `{name}`, "
                         f"received {factor!r}.")  # fmt: skip
    return tuple(sorted(pair))
