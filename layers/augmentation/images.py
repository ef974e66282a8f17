"""What layers that change images share, and the flip: `transform` of a batch, and in training one draw for each image."""

import tensorflow as tf

from engine.core.layer import Layer
from engine.random import SeedGenerator, precision, uniform
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
        return self.through(self.transform, data)

    def through(self, transform, data):
        """What `transform` makes of images of either layout, in a batch or alone."""
        data = tf.cast(data, self.compute_dtype)
        if data.shape.rank not in (3, 4):
            raise ValueError(f"{self._title} takes an image or a batch of images, received shape {tuple(data.shape)}.")
        images = data if data.shape.rank == 4 else data[tf.newaxis]
        if self.data_format == "channels_first":
            images = to_channels_first(transform(to_channels_last(images)))
        else:
            images = transform(images)
        return images if data.shape.rank == 4 else images[0]


def is_batch(images):
    """Whether these are rows of a batch: an image that is alone is none."""
    rows = sizes_of(images)[0]
    return not isinstance(rows, int) or rows != 1


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
        return self.numbers(images, [sizes_of(images)[0]], low, high, is_batch(images))

    def numbers(self, images, shape, low, high, per_row=False):
        """Uniform numbers of any shape, in the `precision` of `images`. `per_row`: see `uniform`."""
        return low + (high - low) * uniform(shape, self.seed_generator.next(), precision(images), per_row)

    def strengths(self, images, low, high):
        """The same numbers, to compute with `images`: shape (batch, 1, 1, 1), of their dtype."""
        return tf.cast(tf.reshape(self.draw(images, low, high), (-1, 1, 1, 1)), images.dtype)

    def chosen(self, images, low, high):
        """Which images are changed, (batch, 1, 1, 1): each with a probability that is drawn between `low` and `high`."""
        probabilities = self.draw(images, low, high)
        return tf.reshape(self.draw(images, 0.0, 1.0) < probabilities, (-1, 1, 1, 1))


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
        return tf.where(self.strengths(images, 0.0, 1.0) < 0.5, tf.reverse(images, axes), images)


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


def value_pair(layer, value_range):
    """(lowest, highest) value of pixels, or a ValueError."""
    numbers = isinstance(value_range, (tuple, list)) and all(isinstance(number, (int, float)) for number in value_range)
    if not numbers or len(value_range) != 2 or not value_range[0] < value_range[1]:
        raise ValueError(f"{layer._title} takes the lowest and the highest value of pixels as `value_range`, such as (0, 255) "
                         f"or (0, 1), received {value_range!r}.")  # fmt: skip
    return tuple(value_range)


def clip(images, value_range):
    """`images` with each value in the range."""
    return tf.clip_by_value(images, *(tf.cast(bound, images.dtype) for bound in value_range))
