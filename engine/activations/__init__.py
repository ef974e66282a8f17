"""What a unit does with its sum: tensor in, tensor of the same shape out (`glu` halves one axis).

Reading order: `piecewise` (relu and its kin) · `smooth` (sigmoid, tanh, gelu ...) · `normalized`
(softmax and others that look along an axis). Any function of a tensor serves as an activation.
"""

from engine.activations.normalized import (
    glu as glu,
    log_softmax as log_softmax,
    softmax as softmax,
    sparsemax as sparsemax,
)
from engine.activations.piecewise import (
    hard_shrink as hard_shrink,
    hard_sigmoid as hard_sigmoid,
    hard_silu as hard_silu,
    hard_tanh as hard_tanh,
    leaky_relu as leaky_relu,
    linear as linear,
    relu as relu,
    relu6 as relu6,
    soft_shrink as soft_shrink,
    sparse_plus as sparse_plus,
    sparse_sigmoid as sparse_sigmoid,
    threshold as threshold,
)
from engine.activations.smooth import (
    celu as celu,
    elu as elu,
    exponential as exponential,
    gelu as gelu,
    log_sigmoid as log_sigmoid,
    mish as mish,
    selu as selu,
    sigmoid as sigmoid,
    silu as silu,
    softplus as softplus,
    softsign as softsign,
    squareplus as squareplus,
    tanh as tanh,
    tanh_shrink as tanh_shrink,
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
    """The name of a function, or the config of a layer: plain data for `deserialize`.

    >>> serialize(relu)
    'relu'
    """
    return configurable.serialize(activation)


def deserialize(config, custom_objects=None):
    """The activation that `serialize` described; `custom_objects` names your own.

    >>> deserialize("relu") is relu
    True
    """
    with custom_object_scope(custom_objects):
        return get(config)
