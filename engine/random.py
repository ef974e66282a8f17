"""Randomness that can be repeated.

Two kinds of random numbers are drawn while a model is made and trained:

- *seeds*, once, on the host, when an initializer or a dropout layer is constructed:
  `draw_seed`. They come from Python's global stream, so `set_seed` fixes all of them,
  and the same model gets the weights that it gets in Keras after the same global seed;
- *numbers*, at every step, by stateless operations: the result is a pure function of a
  seed pair. `SeedGenerator` makes the pairs.
"""

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
        """The seed pair of this call, an int64 tensor of shape (2,); moves the counter on."""
        pair = self.state.read_value()
        self.state.assign_add([0, 1])
        if whole.group.size() == 1:
            return pair
        return pair + tf.stack([0, tf.cast(whole.group.rank(), tf.int64) * 2**32])  # each who shares a batch: own numbers


_FLOAT_LAYOUT = {  # an integer of the same width, the bits of the fraction, the bit pattern of 1.0
    tf.float16: (tf.uint16, 10, 0x3C00),
    tf.bfloat16: (tf.uint16, 7, 0x3F80),
    tf.float32: (tf.uint32, 23, 0x3F800000),
    tf.float64: (tf.uint64, 52, 0x3FF0000000000000),
}


def uniform(shape, pair, dtype):
    """Values in [0, 1) for a seed `pair`: the same bits in eager mode, in tf.function and under XLA.

    `tf.random.stateless_uniform` alone does not give that: the random integers agree, but XLA
    keeps other bits of them for the fraction of a float. So take integers, and place the bits as
    eager TensorFlow (and so Keras) does: the low ones become the fraction of a number in [1, 2).

    >>> uniform((2, 3), SeedGenerator(1).next(), tf.float32).shape.as_list()
    [2, 3]
    """
    width, fraction_bits, one = _FLOAT_LAYOUT[tf.as_dtype(dtype)]
    if dtype == tf.float64:
        bits = tf.random.stateless_uniform(shape, pair, None, None, tf.uint64, alg="philox")
        half = tf.constant(32, tf.uint64)  # eager TensorFlow takes the halves the other way round
        bits = tf.bitwise.left_shift(bits, half) | tf.bitwise.right_shift(bits, half)
    else:
        bits = tf.random.stateless_uniform(shape, pair, None, None, tf.uint32, alg="philox")
    fraction = tf.cast(bits & tf.constant(2**fraction_bits - 1, bits.dtype), width)
    return tf.bitcast(fraction | tf.constant(one, width), dtype) - 1
