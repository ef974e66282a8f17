"""Preparing data inside a model, so that the model takes what the world delivers."""

import itertools

import numpy as np
import tensorflow as tf

from engine.core.layer import Layer
from engine.dtypes import cast
from engine.small_parts.sizes import positive_integer
from layers.indices import or_nan, out_of_range
from layers.spatial import one_of
from losses.ground.numerics import as_integers


class Rescaling(Layer):
    """`outputs = inputs * scale + offset`, integers become floating: pixels from 0 ... 255 to 0 ... 1 or -1 ... 1.

    Shapes: any, the same comes out (`scale` and `offset` broadcast). No weights.
    Arguments: `scale` (such as 1 / 255), `offset` (0).

    >>> from layers import Rescaling
    >>> Rescaling(1 / 127.5, offset=-1.0)([[0, 255]]).numpy().tolist()
    [[-1.0, 1.0]]
    """

    def __init__(self, scale, offset=0.0, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.supports_masking = True

    def call(self, inputs):
        dtype = self.compute_dtype
        return cast(inputs, dtype) * tf.cast(self.scale, dtype) + tf.cast(self.offset, dtype)


class Normalization(Layer):
    """Brings each feature of the data set to mean 0 and variance 1, with statistics learned before training.

        outputs = (inputs - mean) / sqrt(variance)          (`invert`: inputs * sqrt(variance) + mean)

    `adapt(data)` takes mean and variance from data, or the constructor is given them.

    Shapes: any, the same comes out. Weights, none of them trainable, unless the constructor is given the values:
    `mean`, `variance` (the sizes of `axis`), `count` (not used, for files of other libraries).
    Arguments: `axis` (-1: statistics for each feature; several; None: one for all), `mean`, `variance`, `invert`.
    Errors: ValueError if only one of `mean` and `variance` is given.

    >>> from layers import Normalization
    >>> normalization = Normalization()
    >>> normalization.adapt([[1.0, 10.0], [3.0, 30.0]])
    >>> normalization([[1.0, 30.0]]).numpy().tolist()
    [[-1.0, 1.0]]
    """

    smallest_stddev = 1e-7  # a constant feature becomes 0, not 0 / 0

    def __init__(self, axis=-1, mean=None, variance=None, invert=False, **kwargs):
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ValueError(f"{self._title} takes `mean` and `variance` both or neither, "
                             f"received mean={mean!r} and variance={variance!r}.")  # fmt: skip
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.mean = self._given_mean = mean
        self.variance = self._given_variance = variance
        self.invert = invert
        self.supports_masking = True

    def build(self, input_shape):
        rank = len(input_shape)
        if any(not -rank <= axis < rank or axis % rank == 0 for axis in self.axis):
            raise ValueError(f"{self._title} takes axes of its inputs other than the batch as `axis`, received "
                             f"{self.axis} for inputs of shape {tuple(input_shape)}.")  # fmt: skip
        kept = {axis % rank: input_shape[axis] for axis in self.axis}
        self.broadcast = [kept.get(axis, 1) for axis in range(rank)]
        if self._given_mean is not None:
            return
        shape = [kept[axis] for axis in sorted(kept)]
        self.mean = self.add_weight(name="mean", shape=shape, initializer="zeros", trainable=False)
        self.variance = self.add_weight(name="variance", shape=shape, initializer="ones", trainable=False)
        self.count = self.add_weight(name="count", shape=(), dtype="int64", initializer="zeros", trainable=False)

    def adapt(self, data, batch_size=None, steps=None):
        """Set mean and variance to those of `data`: an array, or batches of arrays (a tf.data.Dataset, a list ...).

        Arguments: `steps` (of the batches only so many), `batch_size` (not needed, for Keras's sake).
        """
        if self._given_mean is not None:
            raise ValueError(f"{self._title} was given mean and variance; without them it can adapt to data.")
        whole = hasattr(data, "__array__") or (isinstance(data, (list, tuple)) and not hasattr(data[0], "__array__"))
        count = mean = squares = 0.0
        for batch in [data] if whole else itertools.islice(data, steps):
            batch = np.asarray(batch, np.float64)
            if batch.ndim == 1 and self.axis:
                batch = batch[:, np.newaxis]
            if not self.built:
                self.build((None, *batch.shape[1:]))
            reduced = tuple(axis for axis, size in enumerate(self.broadcast) if axis - batch.ndim not in self.axis
                            and axis not in self.axis)  # fmt: skip
            # Chan's rule joins the statistics of two sets without going back to the data.
            new = batch.size / max(np.prod(self.mean.shape), 1)
            difference = batch.mean(reduced) - mean
            squares = squares + batch.var(reduced) * new + difference**2 * (count * new / (count + new))
            mean = mean + difference * (new / (count + new))
            count += new
        if not count:
            raise ValueError(f"{self._title}.adapt() takes data with at least one row, received none.")
        self.mean.assign(tf.cast(mean, self.mean.dtype))
        self.variance.assign(tf.cast(squares / count, self.variance.dtype))

    def call(self, inputs):
        inputs = cast(inputs, self.compute_dtype)
        mean, variance = (self._broadcast(value, inputs.dtype) for value in (self.mean, self.variance))
        stddev = tf.maximum(tf.sqrt(variance), tf.cast(self.smallest_stddev, inputs.dtype))
        return inputs * stddev + mean if self.invert else (inputs - mean) / stddev

    def _broadcast(self, value, dtype):
        value = tf.cast(value, dtype)
        return value if value.shape.rank == 0 else tf.reshape(value, self.broadcast)

    def get_config(self):
        return {**super().get_config(), "mean": _plain(self._given_mean), "variance": _plain(self._given_variance)}


def _plain(value):
    return value if value is None else np.asarray(value, float).tolist()


class CategoryEncoding(Layer):
    """Integers as vectors of length `num_tokens`.

        one_hot:   outputs[b, i] = 1 where i is inputs[b], else 0
        multi_hot: outputs[b, i] = 1 where i is among inputs[b], else 0
        count:     outputs[b, i] = how often i is in inputs[b] (with `count_weights`: the sum of their weights)

    Shapes: (batch, n) integers → (batch, num_tokens); one_hot: (batch, n, num_tokens), with n = 1 (batch, num_tokens).
    No weights. Arguments: `num_tokens`, `output_mode` ("multi_hot", "one_hot" or "count"), `sparse` (False only).
    Errors: ValueError for an integer out of range; in compiled code the outputs are NaN, and `fit` says why.

    >>> from layers import CategoryEncoding
    >>> CategoryEncoding(4, output_mode="count")([[0, 2, 2]]).numpy().tolist()
    [[1.0, 0.0, 2.0, 0.0]]
    """

    checks_values = True

    def __init__(self, num_tokens=None, output_mode="multi_hot", sparse=False, **kwargs):
        super().__init__(**{"autocast": False, **kwargs})
        self.num_tokens = positive_integer(self, "num_tokens", num_tokens)
        self.output_mode = one_of(self, "output_mode", output_mode, ("multi_hot", "one_hot", "count"))
        self.sparse = sparse
        if sparse:
            raise ValueError(f"{self._title} makes dense tensors only: sparse=True is not supported.")

    def call(self, inputs, count_weights=None):
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(f"{self._title} takes count_weights with output_mode='count', not {self.output_mode!r}.")
        given, inputs = inputs, as_integers(inputs)
        if tf.executing_eagerly() and not bool(tf.reduce_all((inputs >= 0) & (inputs < self.num_tokens))):
            raise out_of_range(self, "num_tokens", given, self.num_tokens)
        hot = tf.one_hot(inputs, self.num_tokens, dtype=self.dtype)  # counts: not in 16 bits
        hot = or_nan(hot, inputs, self.num_tokens)
        if self.output_mode == "one_hot":
            return tf.squeeze(hot, -2) if inputs.shape.rank > 1 and inputs.shape[-1] == 1 else hot
        if inputs.shape.rank == 0:
            return hot
        if self.output_mode == "multi_hot":
            return tf.reduce_max(hot, -2)
        if count_weights is not None:
            hot *= tf.cast(count_weights, hot.dtype)[..., tf.newaxis]
        return tf.reduce_sum(hot, -2)

    def get_config(self):
        config = super().get_config()
        config.pop("sparse")  # always False
        return config
