"""Objects as plain data and back, for a `get_config` and a `from_config` of one's own."""

from engine import activations, constraints, dtypes, initializers, metrics, optimizers, random, regularizers
from engine.configs.layer_config import get_layer
from engine.optimizers import schedules
from losses.ground.configurable import serialize
from losses.ground.lookup import custom_object, custom_object_scope
from losses.ground.lookup import registered_name as get_registered_name
from losses import get as get_loss

__all__ = ["deserialize_keras_object", "get_registered_name", "get_registered_object", "serialize_keras_object"]

_FAMILIES = {  # the end of a "module" in a config: what makes its objects
    "activations": activations.get, "constraints": constraints.get, "dtype_policies": dtypes.policy, "initializers": initializers.get,
    "losses": get_loss, "metrics": metrics.get, "optimizers": optimizers.get, "random": random.as_seed, "regularizers": regularizers.get,
    "schedules": schedules.deserialize,
}  # fmt: skip


def serialize_keras_object(obj):
    """`obj` as plain data: a config dict of a layer, a loss and the like; also of lists and dicts of them.

    >>> from engine import regularizers
    >>> serialize_keras_object(regularizers.L2(0.5))["class_name"]
    'L2'
    """
    return serialize(obj)


def deserialize_keras_object(config, custom_objects=None):
    """What `serialize_keras_object` described; plain data stay what they are.

    `custom_objects` {name: class or function}: all that is neither of this project nor registered.
    Errors: ValueError for a name that is not known.

    >>> from engine.utils import deserialize_keras_object, serialize_keras_object
    >>> from layers import Dense
    >>> deserialize_keras_object(serialize_keras_object(Dense(3))).units
    3
    """
    with custom_object_scope(custom_objects):
        return _made(config)


def _made(config):
    if isinstance(config, (list, tuple)):
        return type(config)(_made(item) for item in config)
    if not isinstance(config, dict):
        return config
    if "class_name" not in config:
        return {name: _made(item) for name, item in config.items()}
    name = config["config"] if config["class_name"] == "function" else config["class_name"]
    own = custom_object(config.get("registered_name")) or custom_object(name if isinstance(name, str) else None)
    if own is not None:
        return own if config["class_name"] == "function" else own.from_config(config.get("config") or {})
    make = _FAMILIES.get(str(config.get("module")).rpartition(".")[2], get_layer)
    return make(config)


def get_registered_object(name, custom_objects=None, module_objects=None):
    """The class or function registered under `name`, or that of `custom_objects` or `module_objects`; None if there is none.

    >>> get_registered_object("double", {"double": lambda x: 2 * x})(3)
    6
    """
    with custom_object_scope({**(module_objects or {}), **(custom_objects or {})}):
        return custom_object(name)
