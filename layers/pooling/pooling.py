"""Pooling: one number for each window, the largest or the average."""

import functools

import tensorflow as tf

from engine.dtypes import computable
from layers.spatial import SpatialLayer, check_windows_fit, one_of, per_axis
from losses.ground.shapes import sizes_of


def pool_volume(pool, inputs, pool_size, strides, padding):
    """Pool each plane of the volumes (batch, depth, height, width, channels) with `pool`, then across the planes.

    The maximum of a box is the maximum of its planes' maxima, and so with averages. TensorFlow's operations for
    volumes lack float64 on CPUs, those for images do not.
    """
    batch, depth, height, width, channels = sizes_of(inputs)
    planes = tf.reshape(inputs, (batch * depth, height, width, channels))
    planes = pool(planes, pool_size[1:], strides[1:], padding)
    _, height, width, _ = sizes_of(planes)
    columns = tf.reshape(planes, (batch, depth, height * width, channels))
    columns = pool(columns, (pool_size[0], 1), (strides[0], 1), padding)
    return tf.reshape(columns, (batch, sizes_of(columns)[1], height, width, channels))


class Pooling(SpatialLayer):
    """Base of the pooling layers: a subclass names the `operation` that makes one number of a window."""

    operation = None

    def __init__(self, pool_size=2, strides=None, padding="valid", data_format=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        self.pool_size = per_axis(self, "pool_size", pool_size)
        self.strides = self.pool_size if strides is None else per_axis(self, "strides", strides)
        self.padding = one_of(self, "padding", padding, ("valid", "same"))

    def build(self, input_shape):
        if self.padding == "valid":
            check_windows_fit(self, input_shape, self.pool_size)

    def compute(self, inputs):
        return type(self).operation(inputs, self.pool_size, self.strides, self.padding.upper())


class MaxPooling1D(Pooling):
    """The largest value of each window of steps.

        outputs[n, p, c] = max over k < pool_size of inputs[n, strides * p + k, c]

    Shapes: (batch, steps, channels) → (batch, new steps, channels).
    Arguments: as `MaxPooling2D`, with one integer for each size.

    >>> import tensorflow as tf
    >>> from layers import MaxPooling1D
    >>> MaxPooling1D(2)(tf.constant([[[1.0], [3.0], [2.0], [0.0]]])).numpy().ravel()
    array([3., 2.], dtype=float32)
    """

    rank = 1
    operation = tf.nn.max_pool1d


class MaxPooling2D(Pooling):
    """The largest value of each window of an image: whether a pattern is there counts, not quite where.

        outputs[n, p, q, c] = max over i, j in the window of inputs[n, strides[0] * p + i, strides[1] * q + j, c]

    Shapes: (batch, height, width, channels) → (batch, new height, new width, channels); an axis of size n becomes
    ceil(n / stride) with padding "same", and ceil((n - pool_size + 1) / stride) with "valid".

    Arguments: `pool_size` (2: halves each axis) and `strides` (None: the pool size, so windows do not overlap),
    an integer or one per axis; `padding` "valid" (windows that do not fit are left out) or "same" (they are
    cut at the rim); `data_format` "channels_last" or "channels_first".

    >>> import tensorflow as tf
    >>> from layers import MaxPooling2D
    >>> MaxPooling2D()(tf.ones((2, 6, 9, 4))).shape
    TensorShape([2, 3, 4, 4])
    """

    rank = 2
    operation = tf.nn.max_pool2d


class MaxPooling3D(Pooling):
    """The largest value of each window of a volume: as `MaxPooling2D`, with a third spatial axis.

    Shapes: (batch, depth, height, width, channels) → (batch, new depth, new height, new width, channels).
    Arguments: as `MaxPooling2D`.

    >>> import tensorflow as tf
    >>> from layers import MaxPooling3D
    >>> MaxPooling3D((1, 2, 2))(tf.ones((2, 3, 6, 9, 4))).shape
    TensorShape([2, 3, 3, 4, 4])
    """

    rank = 3
    operation = functools.partial(pool_volume, tf.nn.max_pool2d)


class AveragePooling(Pooling):
    """Base of AveragePooling1D, 2D and 3D."""

    def compute(self, inputs):
        return super().compute(computable(inputs, self.compute_dtype))


class AveragePooling1D(AveragePooling):
    """The average of each window of steps; steps added by padding "same" do not count.

        outputs[n, p, c] = mean over k < pool_size of inputs[n, strides * p + k, c]

    Shapes: (batch, steps, channels) → (batch, new steps, channels).
    Arguments: as `MaxPooling1D`.

    >>> import tensorflow as tf
    >>> from layers import AveragePooling1D
    >>> AveragePooling1D(2)(tf.constant([[[1.0], [3.0], [2.0], [0.0]]])).numpy().ravel()
    array([2., 1.], dtype=float32)
    """

    rank = 1
    operation = tf.nn.avg_pool1d


class AveragePooling2D(AveragePooling):
    """The average of each window of an image; pixels added by padding "same" do not count.

        outputs[n, p, q, c] = mean over i, j in the window of inputs[n, strides[0] * p + i, strides[1] * q + j, c]

    Shapes: (batch, height, width, channels) → (batch, new height, new width, channels).
    Arguments: as `MaxPooling2D`.

    >>> import tensorflow as tf
    >>> from layers import AveragePooling2D
    >>> AveragePooling2D(3, strides=2, padding="same")(tf.ones((2, 6, 9, 4))).shape
    TensorShape([2, 3, 5, 4])
    """

    rank = 2
    operation = tf.nn.avg_pool2d


class AveragePooling3D(AveragePooling):
    """The average of each window of a volume: as `AveragePooling2D`, with a third spatial axis.

    Shapes: (batch, depth, height, width, channels) → (batch, new depth, new height, new width, channels).
    Arguments: as `MaxPooling2D`.

    >>> import tensorflow as tf
    >>> from layers import AveragePooling3D
    >>> AveragePooling3D()(tf.ones((2, 4, 6, 9, 4))).shape
    TensorShape([2, 2, 3, 4, 4])
    """

    rank = 3
    operation = functools.partial(pool_volume, tf.nn.avg_pool2d)


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
