"""Which number format a layer computes in, and which one it keeps its weights in.

Usually both are float32. A *mixed* policy computes in a 16-bit format, for speed and
memory, and keeps float32 weights, because the small steps of an optimizer would be
rounded away in 16 bits (Micikevicius et al. 2018).
"""

import tensorflow as tf

from losses.ground import numerics
from losses.ground.configurable import Configurable

_FLOATS = ("float16", "bfloat16", "float32", "float64")
_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


class DTypePolicy(Configurable):
    """The pair `compute_dtype`, `variable_dtype`, under one name.

    `name`: a dtype's name (both are that dtype), or "mixed_float16" / "mixed_bfloat16"
    (computes in 16 bits, weights in float32). Raises TypeError unless it is a string,
    ValueError for an unknown name.

    >>> mixed = DTypePolicy("mixed_bfloat16")
    >>> mixed.compute_dtype, mixed.variable_dtype
    ('bfloat16', 'float32')
    """

    def __init__(self, name):
        if not isinstance(name, str):
            raise TypeError(f"DTypePolicy takes a name such as 'float32'; received {name!r}, a {type(name).__name__}.")
        self.name = name
        self.compute_dtype = _MIXED[name] if name in _MIXED else dtype(name).name
        self.variable_dtype = "float32" if name in _MIXED else self.compute_dtype

    def __eq__(self, other):
        return isinstance(other, DTypePolicy) and self.name == other.name

    def __hash__(self):
        return hash(self.name)

    def __repr__(self):
        return f"DTypePolicy({self.name!r})"


def cast(tensor, name):
    """`tensor`, or a variable, in the dtype `name`. Asking first saves an eager call the 2 µs that `tf.cast` takes to see it.

    >>> cast(tf.constant([1.5]), "float32").dtype.name
    'float32'
    """
    return tensor if tensor.dtype.name == name else numerics.cast(tensor, name)


def computable(tensor, name):
    """`tensor` if numbers with fractions fit into it; integers and booleans in the dtype `name`.

    >>> computable(tf.constant([True, False]), "float32").numpy().tolist()
    [1.0, 0.0]
    """
    return tensor if tensor.dtype.is_floating or tensor.dtype.is_complex else cast(tensor, name)


_default = {"floatx": "float32", "policy": None}  # one place, so that a setting is never half changed


def floatx():
    """The name of the default float dtype: "float32" until `set_floatx` is called.

    >>> floatx()
    'float32'
    """
    return _default["floatx"]


def set_floatx(name):
    """Make `name` ("float16", "bfloat16", "float32" or "float64") the default float dtype and the default policy.

    >>> set_floatx("float64"); floatx(), policy().compute_dtype
    ('float64', 'float64')
    >>> set_floatx("float32")
    """
    if name not in _FLOATS:
        raise ValueError(f"set_floatx() takes one of {', '.join(map(repr, _FLOATS))}; received {name!r}.")
    _default.update(floatx=name, policy=DTypePolicy(name))


def set_policy(identifier):
    """Make `identifier` (anything that `policy` takes) the policy of the layers made from now on.

    >>> set_policy("mixed_bfloat16"); policy().compute_dtype
    'bfloat16'
    >>> set_policy("float32")
    """
    _default["policy"] = policy(identifier)


def policy(identifier=None):
    """The DTypePolicy for None (the current default), a name, a dtype, a policy or the config of one.

    >>> policy("mixed_float16").compute_dtype, policy(tf.float64).name
    ('float16', 'float64')
    """
    if identifier is None:
        return _default["policy"] or DTypePolicy(floatx())
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        if identifier.get("class_name") != "DTypePolicy":
            raise ValueError(f"The config of a dtype policy has class_name 'DTypePolicy'; received {identifier!r}.")
        return DTypePolicy.from_config(identifier["config"])
    return DTypePolicy(identifier if isinstance(identifier, str) else dtype(identifier).name)


def dtype(identifier=None):
    """The tf.DType for a name, a TensorFlow or NumPy dtype, or None (the default float dtype).

    >>> dtype().name, dtype("int64").name
    ('float32', 'int64')
    """
    try:
        return tf.as_dtype(floatx() if identifier is None else identifier)
    except (TypeError, ValueError) as error:
        names = ", ".join(map(repr, _FLOATS + tuple(_MIXED)))
        raise ValueError(f"Unknown dtype or policy {identifier!r}; choose one of {names}, or an integer dtype.") from error
