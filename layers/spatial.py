"""What layers over space share: one size per axis, the two layouts, padding, windows that fit.

A layer over space sees signals (1 spatial axis), images (2) or volumes (3). The computations
are written once, for any number of axes, on the layout (batch, ...space, channels), which is
the one that CPUs compute in; the layout (batch, channels, ...space) is transposed around them.
"""

import numbers

import tensorflow as tf

from engine.core.layer import Layer
from engine.small_parts.input_spec import InputSpec
from losses.ground.shapes import sizes_of


class SpatialLayer(Layer):
    """Base of the layers over `rank` spatial axes: `compute` works on channels last, `call` on both layouts.

    Argument: `data_format`, "channels_last" (the default: None) or "channels_first".
    """

    rank = None

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        data_format = "channels_last" if data_format is None else data_format
        self.data_format = one_of(self, "data_format", data_format, ("channels_last", "channels_first"))
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def channel_axis(self):
        """The axis of the channels."""
        return -1 if self.data_format == "channels_last" else 1

    @property
    def spatial_axes(self):
        """The axes of space, as a tuple."""
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.rank))

    def compute(self, inputs):
        """The outputs for inputs with the channels last."""
        raise NotImplementedError(f"{type(self).__name__} has no compute(). Define `def compute(self, inputs): ...`.")

    def call(self, inputs):
        if self.data_format == "channels_last":
            return self.compute(inputs)
        return to_channels_first(self.compute(to_channels_last(inputs)))


def to_channels_last(tensor):
    """(batch, channels, ...space) → (batch, ...space, channels)."""
    return tf.transpose(tensor, (0, *range(2, tensor.shape.rank), 1))


def to_channels_first(tensor):
    """(batch, ...space, channels) → (batch, channels, ...space)."""
    last = tensor.shape.rank - 1
    return tf.transpose(tensor, (0, last, *range(1, last)))


def per_axis(layer, name, value):
    """`value` as a tuple of one positive integer per spatial axis; a single integer stands for all axes."""
    sizes = (value,) * layer.rank if isinstance(value, numbers.Integral) else value
    if not isinstance(sizes, (tuple, list)) or len(sizes) != layer.rank or not all(is_integer(s, 1) for s in sizes):
        many = "a positive integer" if layer.rank == 1 else f"a positive integer or {layer.rank} of them"
        raise ValueError(f"{layer._title} takes {many} as `{name}`, received {value!r}.")
    return tuple(int(size) for size in sizes)


def is_integer(value, least):
    """Whether `value` is an integer, and at least `least`."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= least


def one_of(layer, name, value, allowed):
    """`value` in lower case, or a ValueError if it is none of `allowed`."""
    text = value.lower() if isinstance(value, str) else value
    if text not in allowed:
        raise ValueError(f"{layer._title} takes {' or '.join(map(repr, allowed))} as `{name}`, received {value!r}.")
    return text


def check_windows_fit(layer, input_shape, windows):
    """A ValueError if windows without padding are larger than the input."""
    sizes = [input_shape[axis] for axis in layer.spatial_axes]
    if any(size is not None and size < window for size, window in zip(sizes, windows)):
        raise ValueError(
            f"{layer._title} slides windows of size {tuple(windows)} over inputs of size {tuple(sizes)}, "
            "which leaves no output. Use padding='same', smaller windows or larger inputs."
        )


def pad_same(inputs, windows, strides):
    """`inputs` with the zeros that padding="same" stands for: ceil(size / stride) windows fit, an odd zero is last."""
    paddings = []
    for size, window, stride in zip(sizes_of(inputs)[1:-1], windows, strides):
        largest = max if isinstance(size, int) else tf.maximum
        total = largest((-(-size // stride) - 1) * stride + window - size, 0)
        paddings.append((total // 2, total - total // 2))
    return tf.pad(inputs, [(0, 0), *paddings, (0, 0)])


def multiply_axes(inputs, matrices):
    """Each spatial axis of `inputs` (channels last) times its matrix, (size after, size before)."""
    for matrix in matrices:  # contracts the first spatial axis and appends the new one at the end
        inputs = tf.tensordot(inputs, matrix, ((1,), (1,)))
    return to_channels_last(inputs)  # the channels stand first now
