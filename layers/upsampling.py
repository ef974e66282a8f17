"""Upsampling: larger images without weights.

Resizing is linear, and each axis is resized alone. So an interpolation is a fixed matrix per
axis. Its entry for output i and input j is a bump of the distance between their centres,
kernel((i + 1/2) / size - (j + 1/2)), and each row is scaled to sum to 1, which also settles
the rim. The interpolations differ in the bump.
"""

import math

import tensorflow as tf

from engine.core.layer import Layer
from engine.dtypes import computable
from engine.small_parts.input_spec import InputSpec
from engine.small_parts.sizes import positive_integer
from layers.spatial import SpatialLayer, multiply_axes, one_of, per_axis
from losses.ground.shapes import sizes_of


def triangle(distance):
    """Straight lines between the inputs."""
    return tf.maximum(1 - tf.abs(distance), 0)


def cubic(distance):
    """Keys's piecewise cubic, smooth and exact for parabolas (Keys 1981, a = -1/2)."""
    x = tf.abs(distance)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return tf.where(x <= 1, near, tf.where(x < 2, far, tf.zeros_like(x)))


def lanczos(radius):
    """The ideal low pass, sinc, faded out at `radius` by a wider sinc (Lanczos)."""

    def kernel(distance):
        angle = math.pi * distance
        safe = tf.where(angle == 0, tf.ones_like(angle), angle)
        value = radius * tf.sin(safe) * tf.sin(safe / radius) / (safe * safe)
        value = tf.where(angle == 0, tf.ones_like(angle), value)
        return tf.where(tf.abs(distance) < radius, value, tf.zeros_like(value))

    return kernel


KERNELS = {"bilinear": triangle, "bicubic": cubic, "lanczos3": lanczos(3), "lanczos5": lanczos(5)}


def enlarging_matrix(size, factor, kernel, dtype):
    """The matrix (size * factor, size) that enlarges an axis."""
    inside = tf.cast(tf.range(size), dtype) + 0.5
    wanted = (tf.cast(tf.range(size * factor), dtype) + 0.5) / factor
    weights = kernel(wanted[:, None] - inside)
    return weights / tf.reduce_sum(weights, axis=1, keepdims=True)


def repeat_axes(inputs, factors):
    """Each place of the spatial axes of `inputs` (channels last) repeated."""
    for axis, factor in enumerate(factors, start=1):
        if factor > 1:
            inputs = tf.repeat(inputs, factor, axis=axis)
    return inputs


class UpSampling1D(Layer):
    """Each step `size` times.

        outputs[n, p, c] = inputs[n, floor(p / size), c]

    Shapes: (batch, steps, channels) → (batch, steps * size, channels).
    Arguments: `size`, how often.

    >>> import tensorflow as tf
    >>> from layers import UpSampling1D
    >>> UpSampling1D(2)(tf.constant([[[1.0], [2.0]]])).numpy().ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    def __init__(self, size=2, **kwargs):
        super().__init__(**kwargs)
        self.size = positive_integer(self, "size", size)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs):
        return repeat_axes(inputs, (self.size,))


class UpSampling2D(SpatialLayer):
    """Images enlarged by whole factors.

        outputs[n, p, q, c] = inputs[n, floor(p / size[0]), floor(q / size[1]), c]       interpolation="nearest"

    Shapes: (batch, height, width, channels) → (batch, height * size[0], width * size[1], channels).

    Arguments: `size`, an integer or (height, width); `data_format` "channels_last" or "channels_first";
    `interpolation` "nearest" (repeat pixels) or "area" (the same, for whole factors), "bilinear" (straight
    lines), "bicubic" (smooth), "lanczos3" or "lanczos5" (sharp, with faint rings at edges).
    Source: Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981.

    >>> import tensorflow as tf
    >>> from layers import UpSampling2D
    >>> UpSampling2D((1, 2), interpolation="bilinear")(tf.constant([[[[0.0], [4.0]]]])).numpy().ravel()
    array([0., 1., 3., 4.], dtype=float32)
    """

    rank = 2

    def __init__(self, size=2, data_format=None, interpolation="nearest", **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        self.size = per_axis(self, "size", size)
        self.interpolation = one_of(self, "interpolation", interpolation, ("nearest", "area", *KERNELS))

    def compute(self, inputs):
        if self.interpolation in ("nearest", "area"):
            return repeat_axes(inputs, self.size)
        kernel, inputs = KERNELS[self.interpolation], computable(inputs, self.compute_dtype)
        sizes = zip(sizes_of(inputs)[1:-1], self.size)
        return multiply_axes(inputs, [enlarging_matrix(size, factor, kernel, inputs.dtype) for size, factor in sizes])


class UpSampling3D(SpatialLayer):
    """Volumes enlarged by repeating each place.

    Shapes: (batch, depth, height, width, channels) → the same with each spatial axis times its `size`.
    Arguments: `size`, an integer or one per axis; `data_format` "channels_last" or "channels_first".

    >>> import tensorflow as tf
    >>> from layers import UpSampling3D
    >>> UpSampling3D((1, 2, 3))(tf.ones((2, 5, 6, 7, 4))).shape
    TensorShape([2, 5, 12, 21, 4])
    """

    rank = 3

    def __init__(self, size=2, data_format=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        self.size = per_axis(self, "size", size)

    def compute(self, inputs):
        return repeat_axes(inputs, self.size)
