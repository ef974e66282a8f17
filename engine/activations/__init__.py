"""What a unit does with its sum: tensor in, tensor of the same shape out (`glu` halves one axis).

Reading order: `piecewise` (relu and its kin) · `smooth` (sigmoid, tanh, gelu ...) · `normalized`
(softmax and others that look along an axis). Any function of a tensor serves as an activation.
"""

from engine.activations.normalized import glu, log_softmax, softmax, sparsemax
from engine.activations.piecewise import (
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    linear,
    relu,
    relu6,
    soft_shrink,
    sparse_plus,
    sparse_sigmoid,
    threshold,
)
from engine.activations.smooth import (
    celu,
    elu,
    exponential,
    gelu,
    log_sigmoid,
    mish,
    selu,
    sigmoid,
    silu,
    softplus,
    softsign,
    squareplus,
    tanh,
    tanh_shrink,
)
from losses.ground import configurable
from losses.ground.lookup import catalogue, custom_object_scope, resolve

swish, hard_swish = silu, hard_silu  # two papers, one function

_TABLE = catalogue(
    linear, relu, relu6, leaky_relu, hard_sigmoid, hard_silu, hard_tanh, hard_shrink, soft_shrink, threshold,
    sparse_plus, sparse_sigmoid, sigmoid, log_sigmoid, silu, tanh, tanh_shrink, softplus, softsign, squareplus,
    exponential, elu, celu, selu, gelu, mish, softmax, log_softmax, sparsemax, glu,
    swish=silu, hard_swish=hard_silu,
)


def get(identifier):
    """The activation that a name, a function, a layer or a config stands for; None is `linear`.

    >>> get("swish").__name__, get(None).__name__
    ('silu', 'linear')
    """
    return linear if identifier is None else resolve("activation", identifier, _TABLE)


def serialize(activation):
    """The name of a function, or the config of a layer: plain data for `deserialize`."""
    return configurable.serialize(activation)


def deserialize(config, custom_objects=None):
    """The activation that `serialize` described; `custom_objects` names your own."""
    with custom_object_scope(custom_objects):
        return get(config)
