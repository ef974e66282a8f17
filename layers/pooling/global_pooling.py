"""Global pooling: one number for each channel, whatever the size of the input."""

import tensorflow as tf

from engine.dtypes import computable
from layers.spatial import SpatialLayer


class GlobalPooling(SpatialLayer):
    """Base of the global pooling layers."""

    def __init__(self, data_format=None, keepdims=False, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        self.keepdims = keepdims


class GlobalMaxPooling(GlobalPooling):
    """Base of GlobalMaxPooling1D, 2D and 3D."""

    def call(self, inputs):
        return tf.reduce_max(inputs, axis=self.spatial_axes, keepdims=self.keepdims)


class GlobalAveragePooling(GlobalPooling):
    """Base of GlobalAveragePooling2D and 3D, and without a mask of 1D."""

    def call(self, inputs):
        inputs = computable(inputs, self.compute_dtype)  # a mean of integers would be cut down to one
        return tf.reduce_mean(inputs, axis=self.spatial_axes, keepdims=self.keepdims)


class GlobalMaxPooling1D(GlobalMaxPooling):
    """The largest value of each channel over all steps.

        outputs[n, c] = max over p of inputs[n, p, c]

    Shapes: (batch, steps, channels) → (batch, channels).
    Arguments: `data_format` "channels_last" or "channels_first", `keepdims` (keep the pooled axes, with size 1).

    >>> import tensorflow as tf
    >>> from layers import GlobalMaxPooling1D
    >>> GlobalMaxPooling1D()(tf.ones((2, 7, 4))).shape
    TensorShape([2, 4])
    """

    rank = 1


class GlobalMaxPooling2D(GlobalMaxPooling):
    """The largest value of each channel over the image.

        outputs[n, c] = max over p, q of inputs[n, p, q, c]

    Shapes: (batch, height, width, channels) → (batch, channels).
    Arguments: as `GlobalMaxPooling1D`.

    >>> import tensorflow as tf
    >>> from layers import GlobalMaxPooling2D
    >>> GlobalMaxPooling2D(keepdims=True)(tf.ones((2, 7, 9, 4))).shape
    TensorShape([2, 1, 1, 4])
    """

    rank = 2


class GlobalMaxPooling3D(GlobalMaxPooling):
    """The largest value of each channel over the volume.

    Shapes: (batch, depth, height, width, channels) → (batch, channels).
    Arguments: as `GlobalMaxPooling1D`.

    >>> import tensorflow as tf
    >>> from layers import GlobalMaxPooling3D
    >>> GlobalMaxPooling3D()(tf.ones((2, 5, 7, 9, 4))).shape
    TensorShape([2, 4])
    """

    rank = 3


class GlobalAveragePooling1D(GlobalAveragePooling):
    """The average of each channel over the steps that the mask leaves in.

        outputs[n, c] = sum over p of mask[n, p] * inputs[n, p, c] / sum over p of mask[n, p]

    A row with no step left gives zeros, where a plain division would give nan.

    Shapes: (batch, steps, channels) and mask (batch, steps) → (batch, channels).
    Arguments: as `GlobalMaxPooling1D`.

    >>> import tensorflow as tf
    >>> from layers import GlobalAveragePooling1D
    >>> x, mask = tf.constant([[[1.0], [3.0], [8.0]]]), tf.constant([[True, True, False]])
    >>> GlobalAveragePooling1D()(x).numpy(), GlobalAveragePooling1D()(x, mask=mask).numpy()
    (array([[4.]], dtype=float32), array([[2.]], dtype=float32))
    """

    rank = 1

    def __init__(self, data_format=None, keepdims=False, **kwargs):
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs, previous_mask=None):
        return None  # the masked axis is gone

    def call(self, inputs, mask=None):
        if mask is None:
            return super().call(inputs)
        inputs = computable(inputs, self.compute_dtype)
        weights = tf.expand_dims(tf.cast(mask, inputs.dtype), self.channel_axis)
        sums = tf.reduce_sum(inputs * weights, axis=self.spatial_axes, keepdims=self.keepdims)
        return tf.math.divide_no_nan(sums, tf.reduce_sum(weights, axis=self.spatial_axes, keepdims=self.keepdims))


class GlobalAveragePooling2D(GlobalAveragePooling):
    """The average of each channel over the image.

        outputs[n, c] = mean over p, q of inputs[n, p, q, c]

    Shapes: (batch, height, width, channels) → (batch, channels).
    Arguments: as `GlobalMaxPooling1D`.
    Source: Lin et al., "Network In Network", 2014.

    >>> import tensorflow as tf
    >>> from layers import GlobalAveragePooling2D
    >>> GlobalAveragePooling2D()(tf.ones((2, 7, 9, 4))).shape
    TensorShape([2, 4])
    """

    rank = 2


class GlobalAveragePooling3D(GlobalAveragePooling):
    """The average of each channel over the volume.

    Shapes: (batch, depth, height, width, channels) → (batch, channels).
    Arguments: as `GlobalMaxPooling1D`.

    >>> import tensorflow as tf
    >>> from layers import GlobalAveragePooling3D
    >>> GlobalAveragePooling3D()(tf.ones((2, 5, 7, 9, 4))).shape
    TensorShape([2, 4])
    """

    rank = 3


GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = (
    GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D,
)  # fmt: skip
