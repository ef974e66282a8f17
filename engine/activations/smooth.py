"""Activations without kinks: sigmoids, and the smooth relatives of relu."""

import tensorflow as tf

from engine.activations.normalized import remember_logits


def sigmoid(x):
    """`1 / (1 + exp(-x))`, between 0 and 1: the probability of a yes.

    >>> sigmoid([-1000.0, 0.0]).numpy().tolist()
    [0.0, 0.5]
    """
    x = tf.convert_to_tensor(x)
    return remember_logits(tf.nn.sigmoid(x), "sigmoid", x)


def log_sigmoid(x):
    """`log(sigmoid(x))`, computed so that it does not overflow.

    >>> log_sigmoid([-1000.0, 1000.0]).numpy().tolist()
    [-1000.0, -0.0]
    """
    return tf.math.log_sigmoid(x)


def silu(x):
    """`x * sigmoid(x)`, also called swish (Elfwing et al. 2017; Ramachandran et al. 2017).

    >>> silu([0.0, 100.0]).numpy().tolist()
    [0.0, 100.0]
    """
    return tf.nn.silu(x)


def tanh(x):
    """`(exp(x) - exp(-x)) / (exp(x) + exp(-x))`, between -1 and 1.

    >>> tanh([0.0, 100.0]).numpy().tolist()
    [0.0, 1.0]
    """
    return tf.nn.tanh(x)


def tanh_shrink(x):
    """`x - tanh(x)`: small values become almost nothing.

    >>> tanh_shrink([0.0, 100.0]).numpy().tolist()
    [0.0, 99.0]
    """
    x = tf.convert_to_tensor(x)
    return x - tf.nn.tanh(x)


def softplus(x):
    """`log(1 + exp(x))`, a smooth relu; its slope is the sigmoid (Dugas et al. 2001).

    >>> softplus([-1000.0, 1000.0]).numpy().tolist()
    [0.0, 1000.0]
    """
    return tf.nn.softplus(x)


def softsign(x):
    """`x / (1 + |x|)`: like tanh, with slower tails.

    >>> softsign([-3.0, 1.0]).numpy().tolist()
    [-0.75, 0.5]
    """
    return tf.nn.softsign(x)


def squareplus(x, b=4):
    """`(x + sqrt(x² + b)) / 2`, a softplus without exp and log (Barron 2021). `b`: 4, the width of the bend.

    >>> squareplus([0.0, 1.5]).numpy().tolist()
    [1.0, 2.0]
    """
    x = tf.convert_to_tensor(x)
    return (x + tf.sqrt(tf.square(x) + b)) / 2


def exponential(x):
    """`exp(x)`, for outputs that must be positive.

    >>> exponential([0.0]).numpy().tolist()
    [1.0]
    """
    return tf.exp(x)


def elu(x, alpha=1.0):
    """`x` where positive, else `alpha * (exp(x) - 1)`: mean activations come near zero (Clevert et al. 2016).

    >>> elu([-100.0, 2.0], alpha=0.5).numpy().tolist()
    [-0.5, 2.0]
    """
    y = tf.nn.elu(x)
    return y if alpha == 1 else tf.where(y > 0, y, alpha * y)


def celu(x, alpha=1.0):
    """`x` where positive, else `alpha * (exp(x / alpha) - 1)`: elu whose slope has no jump (Barron 2017).

    >>> celu([-100.0, 2.0], alpha=0.5).numpy().tolist()
    [-0.5, 2.0]
    """
    x = tf.convert_to_tensor(x)
    return tf.where(x > 0, x, alpha * tf.nn.elu(x / alpha))


def selu(x):
    """`1.0507 * elu(x, alpha=1.6733)`: constants that hold mean 0 and variance 1 (Klambauer et al. 2017).

    >>> selu([-100.0, 0.0]).numpy().round(2).tolist()
    [-1.7599999904632568, 0.0]
    """
    return tf.nn.selu(x)


def gelu(x, approximate=False):
    """`x * P(Z <= x)` for a normal Z, that is `x * (1 + erf(x / sqrt(2))) / 2` (Hendrycks & Gimpel 2016).

    `approximate`: False; True uses `x * (1 + tanh(sqrt(2 / π) * (x + 0.044715 * x³))) / 2`.

    >>> gelu([0.0, 100.0]).numpy().tolist()
    [0.0, 100.0]
    """
    return tf.nn.gelu(x, approximate)


def mish(x):
    """`x * tanh(softplus(x))` (Misra 2019).

    >>> mish([0.0, 100.0]).numpy().tolist()
    [0.0, 100.0]
    """
    x = tf.convert_to_tensor(x)
    return x * tf.tanh(tf.nn.softplus(x))
