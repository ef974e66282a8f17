"""Zeros around an input, and the rim of an input cut off."""

import tensorflow as tf

from layers.spatial import SpatialLayer, is_integer


def both_ends(layer, name, value):
    """`value` as a tuple of (before, after) per spatial axis.

    An integer stands for all ends; for one axis, (before, after) is written as it is; for several
    axes, each axis has an integer for both ends or a pair.
    """
    axes = (value,) * layer.rank if is_integer(value, 0) else value
    if layer.rank == 1 and not is_integer(value, 0):
        axes = (value,)
    if isinstance(axes, (tuple, list)) and len(axes) == layer.rank:
        pairs = tuple((axis, axis) if is_integer(axis, 0) else axis for axis in axes)
        if all(isinstance(p, (tuple, list)) and len(p) == 2 and all(is_integer(n, 0) for n in p) for p in pairs):
            return tuple((int(before), int(after)) for before, after in pairs)
    many = "a pair (before, after)" if layer.rank == 1 else f"{layer.rank} integers or pairs (before, after)"
    raise ValueError(f"{layer._title} takes an integer from 0 or {many} as `{name}`, received {value!r}.")


class ZeroPadding(SpatialLayer):
    """Base of ZeroPadding1D, 2D and 3D."""

    def __init__(self, padding=1, data_format=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        pairs = both_ends(self, "padding", padding)
        self.padding = pairs[0] if self.rank == 1 else pairs

    def call(self, inputs):
        paddings = [(0, 0)] * inputs.shape.rank
        pairs = (self.padding,) if self.rank == 1 else self.padding
        for axis, pair in zip(self.spatial_axes, pairs):
            paddings[axis] = pair
        return tf.pad(inputs, paddings)


class Cropping(SpatialLayer):
    """Base of Cropping1D, 2D and 3D."""

    def __init__(self, cropping=1, data_format=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        pairs = both_ends(self, "cropping", cropping)
        self.cropping = pairs[0] if self.rank == 1 else pairs

    def call(self, inputs):
        kept = [slice(None)] * inputs.shape.rank
        pairs = (self.cropping,) if self.rank == 1 else self.cropping
        for axis, (before, after) in zip(self.spatial_axes, pairs):
            size = inputs.shape[axis]
            if size is not None and before + after >= size:
                raise ValueError(
                    f"{self._title} crops {before} and {after} from axis {axis} of size {size}, which leaves nothing. "
                    "Crop less, or check the layer before it."
                )
            kept[axis] = slice(before, -after if after else None)
        return inputs[tuple(kept)]


class ZeroPadding1D(ZeroPadding):
    """Zero steps before and after a sequence.

    Shapes: (batch, steps, channels) → (batch, before + steps + after, channels).
    Arguments: `padding`, an integer for both ends or (before, after); `data_format`.

    >>> import tensorflow as tf
    >>> from layers import ZeroPadding1D
    >>> ZeroPadding1D((1, 2))(tf.ones((1, 2, 1))).numpy().ravel()
    array([0., 1., 1., 0., 0.], dtype=float32)
    """

    rank = 1


class ZeroPadding2D(ZeroPadding):
    """Zeros around images.

    Shapes: (batch, height, width, channels) → (batch, top + height + bottom, left + width + right, channels).
    Arguments: `padding`, an integer, (vertical, horizontal) or ((top, bottom), (left, right)); `data_format`.

    >>> import tensorflow as tf
    >>> from layers import ZeroPadding2D
    >>> ZeroPadding2D(((1, 0), (2, 3)))(tf.ones((2, 5, 6, 4))).shape
    TensorShape([2, 6, 11, 4])
    """

    rank = 2


class ZeroPadding3D(ZeroPadding):
    """Zeros around volumes.

    Shapes: (batch, depth, height, width, channels) → the same, each spatial axis longer by its padding.
    Arguments: `padding`, an integer, one per axis or a pair per axis; `data_format`.

    >>> import tensorflow as tf
    >>> from layers import ZeroPadding3D
    >>> ZeroPadding3D((0, 1, 2))(tf.ones((2, 5, 6, 7, 4))).shape
    TensorShape([2, 5, 8, 11, 4])
    """

    rank = 3


class Cropping1D(Cropping):
    """A sequence without its first and last steps.

    Shapes: (batch, steps, channels) → (batch, steps - before - after, channels).
    Arguments: `cropping`, an integer for both ends or (before, after).
    Errors: ValueError if nothing would be left.

    >>> import tensorflow as tf
    >>> from layers import Cropping1D
    >>> Cropping1D((1, 2))(tf.reshape(tf.range(5.0), (1, 5, 1))).numpy().ravel()
    array([1., 2.], dtype=float32)
    """

    rank = 1

    def get_config(self):
        config = super().get_config()
        del config["data_format"]  # one layout only
        return config


class Cropping2D(Cropping):
    """Images without their rim.

    Shapes: (batch, height, width, channels) → (batch, height - top - bottom, width - left - right, channels).
    Arguments: `cropping`, an integer, (vertical, horizontal) or ((top, bottom), (left, right)), nothing by
    default; `data_format`.
    Errors: ValueError if nothing would be left.

    >>> import tensorflow as tf
    >>> from layers import Cropping2D
    >>> Cropping2D(((1, 0), (2, 1)))(tf.ones((2, 5, 6, 4))).shape
    TensorShape([2, 4, 3, 4])
    """

    rank = 2

    def __init__(self, cropping=0, data_format=None, **kwargs):
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(Cropping):
    """Volumes without their rim.

    Shapes: (batch, depth, height, width, channels) → the same, each spatial axis shorter by its cropping.
    Arguments: `cropping`, an integer, one per axis or a pair per axis; `data_format`.
    Errors: ValueError if nothing would be left.

    >>> import tensorflow as tf
    >>> from layers import Cropping3D
    >>> Cropping3D(((1, 0), (1, 1), (2, 1)))(tf.ones((2, 5, 6, 7, 4))).shape
    TensorShape([2, 4, 4, 4, 4])
    """

    rank = 3
