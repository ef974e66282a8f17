"""The same numbers in another shape."""

import math

import tensorflow as tf

from engine.core.layer import Layer
from engine.small_parts.input_spec import InputSpec
from engine.small_parts.sizes import MOST_AXES, positive_integer
from layers.spatial import is_integer, one_of, to_channels_last
from losses.ground.shapes import sizes_of


class Flatten(Layer):
    """All axes but the batch become one.

        outputs[n] = all of inputs[n], the last axis running fastest

    Shapes: (batch, ...) → (batch, product of the others); (batch,) → (batch, 1).
    Arguments: `data_format` "channels_last", or "channels_first": the channels run fastest all the same, so that
    the order does not depend on the layout.

    >>> import tensorflow as tf
    >>> from layers import Flatten
    >>> Flatten()(tf.ones((2, 3, 4, 5))).shape
    TensorShape([2, 60])
    """

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        data_format = "channels_last" if data_format is None else data_format
        self.data_format = one_of(self, "data_format", data_format, ("channels_last", "channels_first"))
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs):
        if self.data_format == "channels_first" and inputs.shape.rank > 2:
            inputs = to_channels_last(inputs)
        batch, *sizes = sizes_of(inputs)
        return tf.reshape(inputs, (batch, math.prod(sizes)))


class Reshape(Layer):
    """Another shape for each example; the batch axis stays.

    Shapes: (batch, ...) → (batch, *target_shape).
    Arguments: `target_shape`, a tuple of sizes, one of which may be -1: what is left over.
    Errors: ValueError if the number of elements would change.

    >>> import tensorflow as tf
    >>> from layers import Reshape
    >>> Reshape((3, -1))(tf.ones((2, 12))).shape
    TensorShape([2, 3, 4])
    """

    def __init__(self, target_shape, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(target_shape, (tuple, list)) or not all(is_integer(size, -1) for size in target_shape):
            raise ValueError(f"{self._title} takes a tuple of integers as `target_shape`, received {target_shape!r}.")
        if len(target_shape) > MOST_AXES:
            raise ValueError(f"{self._title} takes at most {MOST_AXES} sizes as `target_shape`, received {len(target_shape)}.")
        if list(target_shape).count(-1) > 1:
            raise ValueError(f"{self._title} takes at most one -1 in `target_shape`, received {tuple(target_shape)}.")
        self.target_shape = tuple(target_shape)

    def call(self, inputs):
        batch = sizes_of(inputs)[0]
        return tf.reshape(inputs, (batch, *self._sizes(tuple(inputs.shape[1:]))))

    def _sizes(self, sizes):
        """The target shape, with the -1 worked out where the sizes of the inputs are known."""
        if None in sizes:
            return self.target_shape
        total, known = math.prod(sizes), math.prod(size for size in self.target_shape if size != -1)
        rest = total // known if -1 in self.target_shape and known else 1
        if known * rest != total:
            raise ValueError(
                f"{self._title} cannot make {self.target_shape} of {sizes}: that is {known} elements"
                f"{' or a multiple' if -1 in self.target_shape else ''} of {total}. Check the layer before it."
            )
        return tuple(rest if size == -1 else size for size in self.target_shape)


class Permute(Layer):
    """The axes of each example in another order.

    Shapes: (batch, ...) → (batch, ...) with axis i of the outputs being axis dims[i - 1] of the inputs.
    Arguments: `dims`, a tuple of the axes 1 to n in the new order (0, the batch, stays).

    >>> import tensorflow as tf
    >>> from layers import Permute
    >>> Permute((2, 1))(tf.ones((2, 3, 4))).shape
    TensorShape([2, 4, 3])
    """

    def __init__(self, dims, **kwargs):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"{self._title} takes the axes from 1 on, each once, as `dims`, received {self.dims}.")
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs):
        return tf.transpose(inputs, (0, *self.dims))


class RepeatVector(Layer):
    """Each vector `n` times, as the steps of a sequence.

        outputs[b, t] = inputs[b]    for t < n

    Shapes: (batch, features) → (batch, n, features).
    Arguments: `n`, the number of steps.

    >>> import tensorflow as tf
    >>> from layers import RepeatVector
    >>> RepeatVector(3)(tf.ones((2, 4))).shape
    TensorShape([2, 3, 4])
    """

    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.n = positive_integer(self, "n", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs):
        return tf.repeat(inputs[:, None], self.n, axis=1)
