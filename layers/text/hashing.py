"""`Hashing` and `HashedCrossing`: categories as numbers without a vocabulary."""

import tensorflow as tf

from engine.core.layer import Layer
from engine.small_parts.sizes import positive_integer
from layers.spatial import one_of
from layers.text.encoding import encode
from layers.text.vocabulary import hash_bucket

class _Hashed(Layer):
    """Base of both: their modes, and no sparse tensors."""

    modes = ("int", "one_hot")

    def __init__(self, num_bins, output_mode, sparse, dtype, **kwargs):
        super().__init__(**{"autocast": False, **kwargs, "dtype": dtype or "int64"})
        self.num_bins = positive_integer(self, "num_bins", num_bins)
        self.output_mode = one_of(self, "output_mode", output_mode, self.modes)
        self.sparse = sparse
        if sparse:
            raise ValueError(f"{self._title} makes dense tensors only: sparse=True is not supported.")

    def encoded(self, numbers):
        return encode(numbers, self.num_bins, self.output_mode, "float32")


class Hashing(_Hashed):
    """Strings or integers as numbers from 0 to `num_bins` - 1 by a hash; different ones may get the same number.

    Shapes: any; the same comes out, int64; other modes than "int" see `layers.text.encoding`, float32. No weights.
    Arguments: `num_bins`, `mask_value` (gets the number 0, all others from 1 on), `salt` (an integer or two of them, for
    another hash), `output_mode` ("int", "one_hot", "multi_hot", "count").

    >>> from layers import Hashing
    >>> Hashing(5)([["A"], ["B"], ["C"]]).numpy().tolist()
    [[4], [3], [2]]
    """

    modes = ("int", "one_hot", "multi_hot", "count")

    def __init__(self, num_bins, mask_value=None, salt=None, output_mode="int", sparse=False, dtype=None, **kwargs):
        super().__init__(num_bins, output_mode, sparse, dtype, **kwargs)
        self.mask_value, self.salt = mask_value, salt
        if mask_value is not None and num_bins < 2:
            raise ValueError(f"{self._title} with a mask_value needs num_bins of 2 or more, received {num_bins}.")

    def call(self, inputs):
        if inputs.dtype.is_floating:
            raise ValueError(f"{self._title} takes strings or integers, received {inputs.dtype.name}.")
        text = inputs if inputs.dtype == tf.string else tf.as_string(inputs)
        if self.mask_value is None:
            return self.encoded(hash_bucket(text, self.num_bins, self.salt))
        numbers = hash_bucket(text, self.num_bins - 1, self.salt) + 1
        return self.encoded(tf.where(inputs == tf.constant(self.mask_value, inputs.dtype), tf.zeros_like(numbers), numbers))


class HashedCrossing(_Hashed):
    """Pairs of categories as numbers from 0 to `num_bins` - 1: both together by a hash.

    Shapes: two or more of (batch,) or (batch, 1), of strings or integers; the same comes out, int64, or (batch, num_bins), float32. No weights.
    Arguments: `num_bins`, `output_mode` ("int" or "one_hot").

    >>> from layers import HashedCrossing
    >>> import tensorflow as tf
    >>> HashedCrossing(5)((tf.constant(["A", "B", "A"]), tf.constant([101, 101, 102]))).numpy().tolist()
    [1, 4, 3]
    """

    def __init__(self, num_bins, output_mode="int", sparse=False, dtype=None, **kwargs):
        super().__init__(num_bins, output_mode, sparse, dtype, **kwargs)

    def call(self, inputs):
        shape = inputs[0].shape
        if len(inputs) < 2 or shape.rank > 2 or (shape.rank == 2 and shape[1] != 1):
            raise ValueError(f"{self._title} takes two or more tensors of shape (batch,) or (batch, 1), received shapes "
                             f"{[tuple(item.shape) for item in inputs]}.")  # fmt: skip
        columns = [tf.reshape(item, (-1, 1)) for item in inputs]
        crossed = tf.sparse.to_dense(tf.sparse.cross_hashed(columns, self.num_bins))
        numbers = tf.reshape(crossed, tf.shape(inputs[0]))
        return self.encoded(tf.ensure_shape(numbers, shape))
