"""Adaptive pooling: windows so chosen that the output has a given size.

Output i of an axis that shrinks from `size` to `output_size` pools the inputs from
floor(i * size / output_size) up to, not including, ceil((i + 1) * size / output_size).
Neighbouring windows share an input where the sizes do not divide.
"""

import tensorflow as tf

from engine.dtypes import computable
from layers.spatial import SpatialLayer, multiply_axes, per_axis
from losses.ground.shapes import sizes_of


def window_bounds(size, output_size):
    """(first, end): where the window of each output starts, and where it has ended."""
    index = tf.range(output_size)
    return index * size // output_size, -(-(index + 1) * size // output_size)


class AdaptivePooling(SpatialLayer):
    """Base of the adaptive pooling layers."""

    def __init__(self, output_size, data_format=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        self.output_size = per_axis(self, "output_size", output_size)


class AdaptiveAveragePooling(AdaptivePooling):
    """Base of AdaptiveAveragePooling1D, 2D and 3D: an average is a product with a fixed matrix, axis by axis."""

    def compute(self, inputs):
        inputs, matrices = computable(inputs, self.compute_dtype), []
        for size, output_size in zip(sizes_of(inputs)[1:-1], self.output_size):
            first, end = window_bounds(size, output_size)
            counted = tf.sequence_mask(end, size, inputs.dtype) - tf.sequence_mask(first, size, inputs.dtype)
            matrices.append(counted / tf.cast(end - first, inputs.dtype)[:, None])
        return multiply_axes(inputs, matrices)


class AdaptiveMaxPooling(AdaptivePooling):
    """Base of AdaptiveMaxPooling1D, 2D and 3D: the maximum of a box is a maximum of maxima, axis by axis."""

    def compute(self, inputs):
        for axis, (size, output_size) in enumerate(zip(sizes_of(inputs)[1:-1], self.output_size), start=1):
            first, end = window_bounds(size, output_size)
            steps = tf.range(size // output_size + 2)  # no window is longer; the shorter ones repeat their last input
            places = tf.minimum(first[:, None] + steps, end[:, None] - 1)
            inputs = tf.reduce_max(tf.gather(inputs, places, axis=axis), axis=axis + 1)
        return inputs


class AdaptiveAveragePooling1D(AdaptiveAveragePooling):
    """The average of each of `output_size` windows that cover all steps.

        outputs[n, i, c] = mean of inputs[n, floor(i * steps / output_size) : ceil((i + 1) * steps / output_size), c]

    Shapes: (batch, steps, channels) → (batch, output_size, channels).
    Arguments: `output_size`, `data_format` "channels_last" or "channels_first".

    >>> import tensorflow as tf
    >>> from layers import AdaptiveAveragePooling1D
    >>> AdaptiveAveragePooling1D(3)(tf.reshape(tf.range(7.0), (1, 7, 1))).numpy().ravel()
    array([1., 3., 5.], dtype=float32)
    """

    rank = 1


class AdaptiveAveragePooling2D(AdaptiveAveragePooling):
    """The average of each of height times width windows that cover the image.

    Shapes: (batch, height, width, channels) → (batch, *output_size, channels).
    Arguments: `output_size` (an integer or (height, width)), `data_format`; windows as in `AdaptiveAveragePooling1D`.

    >>> import tensorflow as tf
    >>> from layers import AdaptiveAveragePooling2D
    >>> AdaptiveAveragePooling2D((2, 3))(tf.ones((2, 7, 9, 4))).shape
    TensorShape([2, 2, 3, 4])
    """

    rank = 2


class AdaptiveAveragePooling3D(AdaptiveAveragePooling):
    """The average of each of depth times height times width windows that cover the volume.

    Shapes: (batch, depth, height, width, channels) → (batch, *output_size, channels).
    Arguments: as `AdaptiveAveragePooling2D`.

    >>> import tensorflow as tf
    >>> from layers import AdaptiveAveragePooling3D
    >>> AdaptiveAveragePooling3D(2)(tf.ones((2, 5, 7, 9, 4))).shape
    TensorShape([2, 2, 2, 2, 4])
    """

    rank = 3


class AdaptiveMaxPooling1D(AdaptiveMaxPooling):
    """The largest value of each of `output_size` windows that cover all steps.

        outputs[n, i, c] = max of inputs[n, floor(i * steps / output_size) : ceil((i + 1) * steps / output_size), c]

    Shapes: (batch, steps, channels) → (batch, output_size, channels).
    Arguments: `output_size`, `data_format` "channels_last" or "channels_first".

    >>> import tensorflow as tf
    >>> from layers import AdaptiveMaxPooling1D
    >>> AdaptiveMaxPooling1D(3)(tf.reshape(tf.range(7.0), (1, 7, 1))).numpy().ravel()
    array([2., 4., 6.], dtype=float32)
    """

    rank = 1


class AdaptiveMaxPooling2D(AdaptiveMaxPooling):
    """The largest value of each of height times width windows that cover the image.

    Shapes: (batch, height, width, channels) → (batch, *output_size, channels).
    Arguments: `output_size` (an integer or (height, width)), `data_format`; the windows as in `AdaptiveMaxPooling1D`.

    >>> import tensorflow as tf
    >>> from layers import AdaptiveMaxPooling2D
    >>> AdaptiveMaxPooling2D((2, 3))(tf.ones((2, 7, 9, 4))).shape
    TensorShape([2, 2, 3, 4])
    """

    rank = 2


class AdaptiveMaxPooling3D(AdaptiveMaxPooling):
    """The largest value of each of depth times height times width windows that cover the volume.

    Shapes: (batch, depth, height, width, channels) → (batch, *output_size, channels).
    Arguments: as `AdaptiveMaxPooling2D`.

    >>> import tensorflow as tf
    >>> from layers import AdaptiveMaxPooling3D
    >>> AdaptiveMaxPooling3D(2)(tf.ones((2, 5, 7, 9, 4))).shape
    TensorShape([2, 2, 2, 2, 4])
    """

    rank = 3
