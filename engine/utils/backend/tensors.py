"""Making tensors and variables, their shapes and values, under the names of older code."""

import numpy as np
import tensorflow as tf

from engine.core.symbolic import Symbol
from engine.dtypes import dtype as as_dtype
from engine.dtypes import floatx
from engine.random import draw_seed


# ---- numbers and shapes --------------------------------------------------------------------


def epsilon():
    """1e-7: what keeps a divisor from zero."""
    return 1e-7


def image_data_format():
    """"channels_last", the only default; layers take `data_format=`."""
    return "channels_last"


def cast(x, dtype):
    """`tf.cast(x, dtype)`.

    >>> cast([1, 2], "float32").numpy().tolist()
    [1.0, 2.0]
    """
    return tf.cast(x, dtype)


def cast_to_floatx(x):
    """`tf.cast(x, floatx())`; a NumPy array stays one: `x.astype(floatx())`."""
    return tf.cast(x, floatx()) if tf.is_tensor(x) else np.asarray(x, floatx())


def dtype(x):
    """`x.dtype.name`."""
    return tf.as_dtype(x.dtype).name


def int_shape(x):
    """`tuple(x.shape)`, None where a size is open."""
    return tuple(x.shape)


def ndim(x):
    """`x.shape.rank`."""
    return len(x.shape)


def count_params(x):
    """The number of elements: `x.shape.num_elements()`."""
    return int(np.prod(x.shape))


def is_keras_tensor(x):
    """Whether `x` is a symbol, such as an Input or what a layer makes of one.

    >>> from engine import Input
    >>> is_keras_tensor(Input((3,))), is_keras_tensor(tf.ones(3))
    (True, False)
    """
    return isinstance(x, Symbol)


# ---- making tensors ------------------------------------------------------------------------


def variable(value, dtype=None, name=None, constraint=None):
    """`tf.Variable(value, dtype=...)`, floatx unless said otherwise."""
    return tf.Variable(value, dtype=as_dtype(dtype), name=name, constraint=constraint)


def constant(value, dtype=None, shape=None, name=None):
    """`tf.constant(value, dtype, shape)`, floatx unless said otherwise."""
    return tf.constant(value, as_dtype(dtype), shape, name or "Const")


def zeros(shape, dtype=None, name=None):
    """`tf.zeros(shape, dtype)`."""
    return tf.zeros(shape, as_dtype(dtype))


def ones(shape, dtype=None, name=None):
    """`tf.ones(shape, dtype)`."""
    return tf.ones(shape, as_dtype(dtype))


def eye(size, dtype=None, name=None):
    """`tf.eye(size, dtype=dtype)`."""
    return tf.eye(*(size if isinstance(size, (list, tuple)) else [size]), dtype=as_dtype(dtype))


def zeros_like(x, dtype=None, name=None):
    """`tf.zeros_like(x)`."""
    return tf.zeros_like(x, dtype)


def ones_like(x, dtype=None, name=None):
    """`tf.ones_like(x)`."""
    return tf.ones_like(x, dtype)


def arange(start, stop=None, step=1, dtype="int32"):
    """`tf.range(start, stop, step)`."""
    return tf.cast(tf.range(start, delta=step) if stop is None else tf.range(start, stop, step), dtype)


def random_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """`tf.random.normal(shape, mean, stddev)`."""
    return tf.random.normal(shape, mean, stddev, as_dtype(dtype), draw_seed() if seed is None else seed)


def random_uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """`tf.random.uniform(shape, minval, maxval)`."""
    return tf.random.uniform(shape, minval, maxval, as_dtype(dtype), draw_seed() if seed is None else seed)


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """`tf.random.truncated_normal(shape, mean, stddev)`."""
    return tf.random.truncated_normal(shape, mean, stddev, as_dtype(dtype), draw_seed() if seed is None else seed)


def random_bernoulli(shape, p=0.0, dtype=None, seed=None):
    """1 with probability `p`, else 0."""
    return tf.cast(random_uniform(shape, seed=seed) <= p, as_dtype(dtype))


# ---- reading and writing variables -----------------------------------------------------------


def get_value(x):
    """`x.numpy()`."""
    return x.numpy() if hasattr(x, "numpy") else x


eval = get_value


def set_value(x, value):
    """`x.assign(value)`."""
    x.assign(np.asarray(value, x.dtype.as_numpy_dtype))


def batch_get_value(tensors):
    """`[x.numpy() for x in tensors]`."""
    return [get_value(tensor) for tensor in tensors]


def batch_set_value(tuples):
    """`x.assign(value)` for pairs (x, value)."""
    for variable, value in tuples:
        set_value(variable, value)


def update(x, new_x):
    """`x.assign(new_x)`."""
    return x.assign(new_x)


def update_add(x, increment):
    """`x.assign_add(increment)`."""
    return x.assign_add(increment)


def update_sub(x, decrement):
    """`x.assign_sub(decrement)`."""
    return x.assign_sub(decrement)
