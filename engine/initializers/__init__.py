"""How weights begin. An initializer is called with a shape and gives a tensor.

Reading order: `fixed` (no randomness) · `distributions` (a stated spread) · `scaling` (a spread
chosen from the shape, so that signals neither grow nor vanish) · `matrices` (structured).
A function of `(shape, dtype)` serves as an initializer too.
"""

from engine import spellings
from engine.initializers.distributions import (
    RandomNormal as RandomNormal,
    RandomUniform as RandomUniform,
    TruncatedNormal as TruncatedNormal,
)
from engine.initializers.fixed import Constant as Constant, Identity as Identity, Ones as Ones, Zeros as Zeros
from engine.initializers.fixed import Initializer as Initializer
from engine.initializers.matrices import STFT as STFT, Orthogonal as Orthogonal
from engine.initializers.scaling import (
    GlorotNormal as GlorotNormal,
    GlorotUniform as GlorotUniform,
    HeNormal as HeNormal,
    HeUniform as HeUniform,
    LecunNormal as LecunNormal,
    LecunUniform as LecunUniform,
    VarianceScaling as VarianceScaling,
)
from losses.ground import configurable
from losses.ground.lookup import catalogue, custom_object_scope, resolve

# The lower-case and long names that tutorials use.
zeros, ones, constant, identity, orthogonal, stft = Zeros, Ones, Constant, Identity, Orthogonal, STFT
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling, glorot_normal, glorot_uniform = VarianceScaling, GlorotNormal, GlorotUniform
he_normal, he_uniform, lecun_normal, lecun_uniform = HeNormal, HeUniform, LecunNormal, LecunUniform
IdentityInitializer, OrthogonalInitializer, STFTInitializer = Identity, Orthogonal, STFT

_TABLE = catalogue(
    Zeros, Ones, Constant, Identity, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling,
    GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform, Orthogonal, STFT,
    IdentityInitializer=Identity, OrthogonalInitializer=Orthogonal, STFTInitializer=STFT,
)
_TABLE.update({older: _TABLE[name] for older, name in spellings.INITIALIZERS.items()})


def get(identifier):
    """The initializer that a name, an object, a function, a class or a config stands for; None stays None.

    >>> get("he_normal").get_config()
    {'seed': None, 'input_axes': None, 'output_axes': None}
    """
    return resolve("initializer", identifier, _TABLE)


def serialize(initializer):
    """`initializer` as plain data, for `deserialize`.

    >>> serialize(Constant(0.5))["config"]["value"]
    0.5
    """
    return configurable.serialize(initializer)


def deserialize(config, custom_objects=None):
    """The initializer that `serialize` described; `custom_objects` names your own.

    >>> deserialize(serialize(Constant(0.5))).value
    0.5
    """
    with custom_object_scope(custom_objects):
        return get(config)
