"""Randomness that can be repeated.

Two kinds of random numbers are drawn while a model is made and trained:

- *seeds*, once, on the host, when an initializer or a dropout layer is constructed:
  `draw_seed`. They come from Python's global stream, so `set_seed` fixes all of them,
  and the same model gets the weights that it gets in Keras after the same global seed;
- *numbers*, at every step, by stateless operations: the result is a pure function of a
  seed pair. `SeedGenerator` makes the pairs, `uniform` and `normal` draw.

Where replicas share a batch, a number belongs to a place in the batch of all, whoever computes it:

    pair (seed of the layer, number of the call)  ──►  an endless row of numbers  u0 u1 u2 u3 u4 u5 u6 u7 ...
    two replicas, 2 rows of 2 numbers each:                                       └ replica 0 ┘└ replica 1 ┘

The row is by Philox (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), which computes any of its
blocks by the block's number alone. So a replica begins where its rows do, and draws for nobody else.
"""

import functools
import math
import operator
import random

import numpy as np
import tensorflow as tf

from engine.small_parts.trackable import Trackable
from losses.ground import whole
from losses.ground.configurable import Configurable


def set_seed(seed):
    """Seed all that is drawn from now on: Python's `random`, NumPy, TensorFlow, and the seeds of this engine.

    >>> set_seed(7); first = draw_seed()
    >>> set_seed(7); first == draw_seed()
    True
    """
    seed = as_seed(seed)
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"set_seed() takes an integer from 0 to 2**32 - 1, received {seed!r}.")
    random.seed(seed)
    np.random.seed(seed)
    tf.random.set_seed(seed)


def draw_seed():
    """The next integer of the global host-side stream; fresh entropy unless `set_seed` was called."""
    return random.randint(1, 10**9)


def as_seed(seed):
    """`seed` checked: None, an integer, a SeedGenerator or the config of one. Anything else is a ValueError."""
    if seed is None or isinstance(seed, SeedGenerator):
        return seed
    if isinstance(seed, dict) and seed.get("class_name") == "SeedGenerator":
        return SeedGenerator.from_config(seed["config"])
    try:
        if isinstance(seed, bool):
            raise TypeError("True and False count as numbers in Python; as a seed they are a mistake")
        return operator.index(seed)
    except TypeError as error:
        raise ValueError(f"A seed is an integer, a SeedGenerator or None; received {seed!r}.") from error


def fold(seed):
    """`seed` brought into the range 0 ... 2**31 - 3 by a modulus; small seeds stay what they are.

    The same fold as in Keras, so negative and huge seeds also give Keras's bits.
    """
    return seed % (2**31 - 2)


class SeedGenerator(Trackable, Configurable):
    """A source of seed pairs for stateless random operations.

    The n-th call of `next` gives `(seed, n)`, for n = 0, 1, 2 ...

    Why a counter, and not TensorFlow's stateful random operations: those hide their
    state in the device, and XLA cannot compile them. Here the state is one integer in
    a variable: it is saved with the model, so a resumed run draws what the
    uninterrupted run would have drawn, and the numbers of a step depend on its pair alone.

    Weights: `state` (int64, the seed and the counter, which starts at 0; not trainable).

    `seed`: an integer; None draws one when the generator is made. `name`: for reading only.

    >>> generator = SeedGenerator(seed=5)
    >>> generator.next().numpy().tolist(), generator.next().numpy().tolist()
    ([5, 0], [5, 1])
    """

    keras_module = "keras.random"

    def __init__(self, seed=None, name="seed_generator"):
        self.seed = as_seed(seed)
        if isinstance(self.seed, SeedGenerator):
            raise TypeError(f"SeedGenerator takes an integer or None as its seed; received {seed!r}.")
        self.name = name
        key = fold(draw_seed() if seed is None else self.seed)
        with tf.init_scope():  # also when made while a function is traced
            self.state = tf.Variable([key, 0], dtype=tf.int64, trainable=False, name="state")

    def next(self):
        """The seed pair of this call, an int64 tensor of shape (2,); moves the counter on.

        `uniform` and `normal` give each replica what belongs to its rows. TensorFlow's own functions know of no rows:
        so that not all replicas draw the same by them, the pair of a replica also has its number, above the counter.
        """
        pair = self.state.read_value()
        self.state.assign_add([0, 1])
        if whole.group.size() == 1:
            return pair
        return pair + [0, whole.group.rank() * _ABOVE]


_ABOVE = 2**32  # no counter comes so far

_FLOAT_LAYOUT = {  # an integer of the same width, the bits of the fraction, the bit pattern of 1.0
    tf.float16: (tf.uint16, 10, 0x3C00),
    tf.bfloat16: (tf.uint16, 7, 0x3F80),
    tf.float32: (tf.uint32, 23, 0x3F800000),
    tf.float64: (tf.uint64, 52, 0x3FF0000000000000),
}


def uniform(shape, pair, dtype, per_row=True):
    """Values in [0, 1) for a seed `pair`: the same bits in eager mode, in tf.function, under XLA, and on any number of replicas.

    `per_row`: whether the first size of `shape` is the number of rows that a layer sees in its inputs, or a multiple of
    it, as where batch and time are one axis. A replica then draws the numbers of its rows: together they are those of
    one device. False: all replicas draw the same, as for what belongs to weights, or is broadcast over the rows.

    >>> from layers import Layer
    >>> class Jitter(Layer):
    ...     def build(self, input_shape):
    ...         self.seeds = SeedGenerator(1)
    ...     def call(self, inputs):
    ...         each = uniform(tf.shape(inputs), self.seeds.next(), inputs.dtype)          # one for each number
    ...         scale = uniform([1, inputs.shape[-1]], self.seeds.next(), inputs.dtype, per_row=False)
    ...         return inputs + each * scale
    >>> Jitter()(tf.zeros((4, 3))).shape
    TensorShape([4, 3])
    """
    return _share(_uniform, shape, pair, dtype, per_row)


def normal(shape, pair, dtype, per_row=True):
    """Standard normal numbers for a seed `pair`, by the rule of Box and Muller (1958); otherwise as `uniform`.

        sin(angle) * length, cos(angle) * length,   angle = 2π * v,   length = sqrt(-2 * log(u)),   u, v uniform

    These are the numbers of tf.random.stateless_normal; XLA has other ones of that name, so the rule is written out.

    >>> normal((2, 3), SeedGenerator(1).next(), tf.float32).shape
    TensorShape([2, 3])
    """
    return _share(_normal, shape, pair, tf.as_dtype(dtype), per_row)


def gamma(shape, pair, alpha):
    """Numbers of the distribution Gamma(alpha, 1) for a seed `pair`, of the dtype of `alpha`: the same on all replicas.

    >>> gamma((2, 3), SeedGenerator(1).next(), tf.constant(2.0)).shape
    TensorShape([2, 3])
    """
    return tf.random.stateless_gamma(shape, pair % _ABOVE, alpha, dtype=alpha.dtype)


def precision(tensor):
    """The dtype in which numbers are drawn that decide about `tensor`: a 16-bit float has too few values to compare with a rate.

    >>> precision(tf.zeros(2, tf.bfloat16)), precision(tf.zeros(2, tf.float64))
    (tf.float32, tf.float64)
    """
    return tf.float64 if tensor.dtype == tf.float64 else tf.float32


def _share(draw, shape, pair, dtype, per_row):
    """What `draw` gives for the rows that this replica has."""
    if whole.group.size() == 1:
        return draw(shape, pair, dtype)
    pair %= _ABOVE
    sizes = tf.convert_to_tensor(shape, dtype_hint=tf.int32)
    if not per_row or sizes.shape[0] == 0:
        return draw(shape, pair, dtype)
    sizes, place = tf.cast(sizes, tf.int64), whole.group.place()
    size, own = sizes[0], tf.maximum(tf.cast(place.count, tf.int64), 1)
    start = tf.cast(place.first, tf.int64) * size // own * tf.reduce_prod(sizes[1:])
    if place.step == 1:
        return draw(shape, pair, dtype, start)
    # Rows of others lie between one's own: those are drawn too, and dropped.
    between = draw(tf.concat([[size * place.step], sizes[1:]], 0), pair, dtype, start)
    each, line = tf.maximum(size // own, 1), tf.range(size)
    return tf.reshape(tf.gather(between, line // each * each * place.step + line % each), shape)


def _uniform(shape, pair, dtype, start=None):
    """The numbers of the row that belongs to `pair`, from its number `start` (None: 0) on.

    `tf.random.stateless_uniform` alone gives other bits under XLA: the random integers agree, but XLA
    keeps other bits of them for the fraction of a float. So take integers, and place the bits as
    eager TensorFlow (and so Keras) does: the low ones become the fraction of a number in [1, 2).
    """
    width, fraction_bits, one = _FLOAT_LAYOUT[tf.as_dtype(dtype)]
    if dtype == tf.float64:
        bits = _integers(shape, pair, tf.uint64, start)
        half = tf.constant(32, tf.uint64)  # eager TensorFlow takes the halves the other way round
        bits = tf.bitwise.left_shift(bits, half) | tf.bitwise.right_shift(bits, half)
    else:
        bits = _integers(shape, pair, tf.uint32, start)
    fraction = tf.cast(bits & tf.constant(2**fraction_bits - 1, bits.dtype), width)
    return tf.bitcast(fraction | tf.constant(one, width), dtype) - 1


def _integers(shape, pair, dtype, start):
    if start is None and whole.group.size() == 1 and not tf.executing_eagerly():
        return tf.random.stateless_uniform(shape, pair, None, None, dtype, alg="philox")
    integers = tf.raw_ops.StatelessRandomUniformFullIntV2  # where XLA compiles, what is above is faster
    if start is None:
        return philox(integers, shape, pair, dtype)
    block = 16 // dtype.size  # a block of Philox has 16 bytes
    count, more = _count(shape), tf.cast(start % block, tf.int32)
    return tf.reshape(tf.slice(philox(integers, [count + block - 1], pair, dtype, start // block), [more], [count]), shape)


def philox(operation, shape, pair, dtype, skipped=None):
    """What a raw `operation` draws for a seed `pair`, after so many blocks: as tf.random.stateless_normal and its like,
    which make key and counter of the pair by twenty operations."""
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=pair)
    if skipped is not None:
        counter += tf.cast(tf.stack([skipped, 0]), tf.uint64)
    return operation(shape=shape, key=key, counter=counter, dtype=dtype, alg=tf.random.Algorithm.PHILOX.value)


def _normal(shape, pair, dtype, start=None):
    """As `_uniform`. Numbers come in twos; where `start` is the second of two, one too many is drawn at the front."""
    count, exact = _count(shape), tf.float64 if dtype == tf.float64 else tf.float32
    if start is None:
        twos, more, start_of_twos = (count + 1) // 2, 0, None
    else:
        twos, more = count // 2 + 1, tf.cast(start % 2, tf.int32)
        start_of_twos = start - start % 2
    u, v = tf.unstack(_uniform([twos, 2], pair, exact, start_of_twos), axis=1)
    length, angle = tf.sqrt(-2 * tf.math.log(tf.maximum(u, 1e-7))), 2 * math.pi * v
    numbers = tf.reshape(tf.stack([tf.sin(angle) * length, tf.cos(angle) * length], axis=1), [-1])
    return tf.cast(tf.reshape(numbers[more : more + count], shape), dtype)


def _count(shape):
    """How many numbers a `shape` has: an int where all of its sizes are."""
    sizes = shape if isinstance(shape, (list, tuple)) else tf.get_static_value(shape)
    return tf.reduce_prod(tf.cast(shape, tf.int32)) if sizes is None else functools.reduce(operator.mul, sizes, 1)
