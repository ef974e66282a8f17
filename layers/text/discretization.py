"""`Discretization`: numbers by the range in which they lie."""

import numpy as np
import tensorflow as tf

from engine.core.layer import Layer
from engine.small_parts.sizes import positive_integer
from layers.spatial import one_of
from layers.text.encoding import encode
from layers.text.learned import Learned
from losses.ground import numerics


class Discretization(Learned, Layer):
    """Numbers as the number of the range in which they lie: bin i is from boundary i - 1 to below boundary i.

    Shapes: any, of numbers; the same comes out, int32; other modes than "int" see `layers.text.encoding`, float32.
    No weights. Arguments: `bin_boundaries` (growing), or `num_bins`, after which `adapt(data)` finds boundaries between
    equally many numbers; `epsilon` (not needed, for Keras's sake: quantiles are exact here); `output_mode` ("int",
    "one_hot", "multi_hot", "count").
    Errors: ValueError for both or none of the two, and without boundaries: call `adapt(data)` first.

    >>> from layers import Discretization
    >>> Discretization([0.0, 1.0])([[-1.5, 1.0, 0.5]]).numpy().tolist()
    [[0, 2, 1]]
    >>> discretization = Discretization(num_bins=2)
    >>> discretization.adapt([1.0, 2.0, 7.0, 9.0])
    >>> discretization.bin_boundaries
    [2.0]
    """

    learned = ("bin_boundaries",)

    def __init__(self, bin_boundaries=None, num_bins=None, epsilon=0.01, output_mode="int", sparse=False, **kwargs):
        super().__init__(**kwargs)
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(f"{self._title} takes either bin_boundaries or num_bins, received {bin_boundaries!r} and {num_bins!r}.")
        self.num_bins = num_bins if num_bins is None else positive_integer(self, "num_bins", num_bins)
        self.bin_boundaries = None if bin_boundaries is None else [float(number) for number in bin_boundaries]
        self.epsilon, self.sparse = epsilon, sparse
        self.output_mode = one_of(self, "output_mode", output_mode, ("int", "one_hot", "multi_hot", "count"))
        if sparse:
            raise ValueError(f"{self._title} makes dense tensors only: sparse=True is not supported.")

    def adapt(self, data, batch_size=None, steps=None):
        """Take as boundaries the quantiles of `data`: an array, or batches of arrays, of which `steps` are taken."""
        if self.num_bins is None:
            raise ValueError(f"{self._title} was given its boundaries; with num_bins= it can adapt to data.")
        whole = hasattr(data, "__array__") or (isinstance(data, (list, tuple)) and not hasattr(data[0], "__array__"))
        batches = [np.ravel(batch) for step, batch in enumerate([data] if whole else data) if steps is None or step < steps]
        values = np.sort(np.concatenate(batches).astype("float32"))
        below = np.arange(1, len(values) + 1) / len(values)
        self.bin_boundaries = np.interp(np.arange(1, self.num_bins) / self.num_bins, below, values).tolist()

    def call(self, inputs):
        if self.bin_boundaries is None:
            raise ValueError(f"{self._title} has no boundaries yet. Call adapt(data), or give bin_boundaries=.")
        if inputs.dtype not in (tf.int32, tf.int64, tf.float32, tf.float64):  # all that the operation takes
            inputs = numerics.cast(inputs, tf.float32)
        numbers = tf.raw_ops.Bucketize(input=inputs, boundaries=self.bin_boundaries)
        return encode(numbers, len(self.bin_boundaries) + 1, self.output_mode, "float32")

    @classmethod
    def from_config(cls, config):
        """The layer again; boundaries that were learned are given."""
        learned = config["bin_boundaries"] is not None
        return cls(**{**config, "num_bins": None if learned else config["num_bins"]})
