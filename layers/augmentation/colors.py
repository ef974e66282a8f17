"""Random colours, each image by itself: brightness, contrast, saturation, hue, and towards gray.

Each is a function of images and one number for each image, and a layer that draws the numbers.
"""

import tensorflow as tf

from layers.augmentation.images import RandomImageLayer, clip, factor_range, value_pair

_LUMINANCE = (0.2989, 0.5870, 0.1140)  # how bright red, green and blue are to the eye


def brightened(images, part, value_range):
    """Each value moved by a `part` of the range."""
    return clip(images + part * (value_range[1] - value_range[0]), value_range)


def contrasted(images, strength, value_range):
    """Each value moved away from the mean of its channel, or toward it."""
    mean = tf.reduce_mean(images, (1, 2), keepdims=True)
    return clip((images - mean) * strength + mean, value_range)


def saturated(images, strength):
    """Each channel moved away from the largest one, or toward it: saturation times `strength`, at most 1."""
    most, least = (extreme[..., tf.newaxis] for extreme in _extremes(images))
    return most - (most - images) * tf.minimum(strength, tf.math.divide_no_nan(most, most - least))


def turned(images, turn):
    """Hue moved by a part of the whole circle of colours, `turn`; saturation and value as they were."""
    red, green, blue = tf.unstack(images, axis=-1)
    most, least = _extremes(images)
    spread = most - least
    of_green = tf.math.divide_no_nan(blue - red, spread) + 2
    of_blue = tf.math.divide_no_nan(red - green, spread) + 4
    hue = tf.where((red >= green) & (red >= blue), tf.math.divide_no_nan(green - blue, spread), tf.where(green >= blue, of_green, of_blue))
    hue += 6 * turn[..., 0]
    channels = []
    for first in (5, 3, 1):  # of red, green and blue, in sixths of the circle
        place = hue + first - 6 * tf.floor((hue + first) / 6)
        channels.append(most - spread * tf.clip_by_value(tf.minimum(place, 4 - place), 0, 1))
    return tf.stack(channels, -1)


def _extremes(images):
    """The largest and the smallest channel of each pixel. (XLA's gradient of reduce_max can be 0 / 0.)"""
    red, green, blue = tf.unstack(images, axis=-1)
    return tf.maximum(tf.maximum(red, green), blue), tf.minimum(tf.minimum(red, green), blue)


def grayed(images):
    """The luminance of each pixel, in all its channels."""
    weights = tf.constant(_LUMINANCE, images.dtype)
    return tf.reduce_sum(images * weights, -1, keepdims=True) * tf.ones_like(images)


def check_rgb(layer, images):
    """A ValueError unless the images have red, green and blue."""
    if images.shape[-1] not in (3, None):
        raise ValueError(f"{layer._title} takes images with the 3 channels red, green and blue, received {images.shape[-1]}.")


class RandomColors(RandomImageLayer):
    """Base of layers over colours: `value_range` is that of the inputs, and of what comes out."""

    def __init__(self, value_range=(0, 255), data_format=None, seed=None, **kwargs):
        super().__init__(data_format, seed, **kwargs)
        self.value_range = value_pair(self, value_range)


class RandomBrightness(RandomColors):
    """Makes each image brighter or darker, in training.

        outputs = clip(inputs + part * (high - low)),   part uniform from lower to upper

    Shapes: (batch, height, width, channels) or one image, the same comes out. No weights.
    Arguments: `factor` ((lower, upper) from -1 to 1; a single number f is (-f, f)), `value_range` ((low, high) of the
    inputs, to clip to), `seed`, `data_format` (None: "channels_last"). Errors: ValueError for a factor out of range.

    >>> import tensorflow as tf
    >>> from layers import RandomBrightness
    >>> RandomBrightness((0.25, 0.25), value_range=(0, 1))(tf.constant([[[0.5], [1.0]]])).numpy().ravel().tolist()
    [0.75, 1.0]
    """

    def __init__(self, factor, value_range=(0, 255), seed=None, data_format=None, **kwargs):
        super().__init__(value_range, data_format, seed, **kwargs)
        self.factor = factor_range(self, "factor", factor, -1, 1)

    def transform(self, images):
        return brightened(images, self.strengths(images, *self.factor), self.value_range)


class RandomContrast(RandomColors):
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
        super().__init__(value_range, data_format, seed, **kwargs)
        self.factor = factor_range(self, "factor", factor, 0, 1, lowest=0)

    def transform(self, images):
        lower, upper = self.factor
        return contrasted(images, self.strengths(images, 1.0 - lower, 1.0 + upper), self.value_range)


class RandomSaturation(RandomColors):
    """Makes the colours of each image paler or stronger, in training.

        saturation = saturation * f / (1 - f),   f uniform from lower to upper

    0.5 leaves an image as it is, 0 makes it gray, 1 gives the strongest colours.
    Shapes: (batch, height, width, 3) or one image, the same comes out. No weights.
    Arguments: `factor` ((lower, upper) from 0 to 1; a single number is (0, upper)), `value_range`, `data_format`, `seed`.
    Errors: ValueError for a factor out of range, and for images without three channels.

    >>> import tensorflow as tf
    >>> from layers import RandomSaturation
    >>> RandomSaturation((0.0, 0.0))(tf.constant([[[10.0, 100.0, 200.0]]])).numpy().ravel().tolist()
    [200.0, 200.0, 200.0]
    """

    def __init__(self, factor, value_range=(0, 255), data_format=None, seed=None, **kwargs):
        super().__init__(value_range, data_format, seed, **kwargs)
        self.factor = factor_range(self, "factor", factor, 0, 1, lowest=0)

    def transform(self, images):
        check_rgb(self, images)
        return clip(saturated(images, odds(self.strengths(images, *self.factor))), self.value_range)


def odds(part):
    """part / (1 - part), and a large number for 1."""
    return part / tf.maximum(1 - part, tf.cast(1e-4, part.dtype))


class RandomHue(RandomColors):
    """Turns the colours of each image around the circle red, yellow, green, cyan, blue, magenta, in training.

        hue = hue ± f / 2,   f uniform from lower to upper, the sign at random,   1 is the whole circle

    Shapes: (batch, height, width, 3) or one image, the same comes out. No weights.
    Arguments: `factor` ((lower, upper) from 0 to 1; a single number is (0, upper)), `value_range`, `data_format`, `seed`.
    Errors: ValueError for a factor out of range, and for images without three channels.

    >>> import tensorflow as tf
    >>> from layers import RandomHue
    >>> RandomHue((1.0, 1.0))(tf.constant([[[200.0, 0.0, 0.0]]])).numpy().ravel().tolist()
    [0.0, 200.0, 200.0]
    """

    def __init__(self, factor, value_range=(0, 255), data_format=None, seed=None, **kwargs):
        super().__init__(value_range, data_format, seed, **kwargs)
        self.factor = factor_range(self, "factor", factor, 0, 1, lowest=0)

    def transform(self, images):
        check_rgb(self, images)
        return clip(turned(images, random_turns(self, images, *self.factor)), self.value_range)


def random_turns(layer, images, low, high):
    """Parts of the circle, half of a number between `low` and `high`, with either sign."""
    sign = tf.where(layer.strengths(images, 0.0, 1.0) > 0.5, tf.cast(-1, images.dtype), tf.cast(1, images.dtype))
    return sign * layer.strengths(images, low, high) / 2


class RandomColorDegeneration(RandomColors):
    """Mixes each image with its gray version, in training.

        outputs = clip(inputs * (1 - f) + gray * f),   f uniform from lower to upper

    Shapes: (batch, height, width, 3) or one image, the same comes out. No weights.
    Arguments: `factor` ((lower, upper) from -1 to 1, below 0 colours become stronger; a single number f is (-f, f)),
    `value_range`, `data_format`, `seed`.
    Errors: ValueError for a factor out of range, and for images without three channels.

    >>> import tensorflow as tf
    >>> from layers import RandomColorDegeneration
    >>> RandomColorDegeneration((0.5, 0.5))(tf.constant([[[0.0, 100.0, 0.0]]])).numpy().round().ravel().tolist()
    [29.0, 79.0, 29.0]
    """

    def __init__(self, factor, value_range=(0, 255), data_format=None, seed=None, **kwargs):
        super().__init__(value_range, data_format, seed, **kwargs)
        self.factor = factor_range(self, "factor", factor, -1, 1)

    def transform(self, images):
        check_rgb(self, images)
        part = self.strengths(images, *self.factor)
        return clip(images + (grayed(images) - images) * part, self.value_range)


class RandomGrayscale(RandomImageLayer):
    """Makes each image gray with probability `factor`, in training; it keeps its three channels, which are equal then.

    Shapes: (batch, height, width, 3) or one image, the same comes out. No weights.
    Arguments: `factor` (0 to 1), `data_format` (None: "channels_last"), `seed`.
    Errors: ValueError for a factor out of range, and for images without three channels.

    >>> import tensorflow as tf
    >>> from layers import RandomGrayscale
    >>> RandomGrayscale(1.0)(tf.constant([[[0.0, 100.0, 0.0]]])).numpy().round().ravel().tolist()
    [59.0, 59.0, 59.0]
    """

    def __init__(self, factor=0.5, data_format=None, seed=None, **kwargs):
        super().__init__(data_format, seed, **kwargs)
        if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 <= factor <= 1:
            raise ValueError(f"{self._title} takes a probability from 0 to 1 as `factor`, received {factor!r}.")
        self.factor = factor

    def transform(self, images):
        check_rgb(self, images)
        return tf.where(self.strengths(images, 0.0, 1.0) < self.factor, grayed(images), images)


class RandomColorJitter(RandomColors):
    """Brightness, contrast, saturation and hue of each image at random, one after the other, in training.

    Shapes: (batch, height, width, 3) or one image, the same comes out. No weights.
    Arguments: `value_range`, `brightness_factor`, `contrast_factor`, `saturation_factor`, `hue_factor` (each as of the layer
    RandomBrightness, RandomContrast, RandomSaturation, RandomHue; None: not changed), `seed`, `data_format`.
    Errors: ValueError for a factor out of range, and for images without three channels.

    >>> import tensorflow as tf
    >>> from layers import RandomColorJitter
    >>> RandomColorJitter(brightness_factor=0.5, hue_factor=0.5)(tf.ones((2, 4, 5, 3))).shape
    TensorShape([2, 4, 5, 3])
    """

    def __init__(self, value_range=(0, 255), brightness_factor=None, contrast_factor=None, saturation_factor=None,
                 hue_factor=None, seed=None, data_format=None, **kwargs):  # fmt: skip
        super().__init__(value_range, data_format, seed, **kwargs)
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        bounds = {"brightness_factor": (-1, 1), "contrast_factor": (0, 1, 0), "saturation_factor": (0, 1, 0),
                  "hue_factor": (0, 1, 0)}  # fmt: skip
        self._ranges = {
            name: factor_range(self, name, getattr(self, name), *limits)
            for name, limits in bounds.items() if getattr(self, name) is not None
        }  # fmt: skip

    def transform(self, images):
        check_rgb(self, images)
        for name, (low, high) in self._ranges.items():
            if name == "brightness_factor":
                images = brightened(images, self.strengths(images, low, high), self.value_range)
            elif name == "contrast_factor":
                images = contrasted(images, self.strengths(images, 1.0 - low, 1.0 + high), self.value_range)
            elif name == "saturation_factor":
                images = saturated(images, odds(self.strengths(images, low, high)))
            else:
                images = turned(images, random_turns(self, images, low, high))
        return clip(images, self.value_range)
