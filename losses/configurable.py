"""Objects that can say how they were made, and be made again from that.

The rule that keeps `get_config` out of every class: *each constructor argument is kept in
an attribute of the same name*. Then the signature of `__init__` is the description, and
one `get_config` serves layers, initializers, losses, metrics and optimizers alike.
"""

import functools
import inspect

# The areas of the project, and what the interchange format calls the modules of each.
_AREAS = {
    "layers": "keras.layers",
    "losses": "keras.losses",
    "engine.initializers": "keras.initializers",
    "engine.regularizers": "keras.regularizers",
    "engine.constraints": "keras.constraints",
    "engine.metrics": "keras.metrics",
    "engine.optimizers.schedules": "keras.optimizers.schedules",
    "engine.optimizers": "keras.optimizers",
    "engine.random": "keras.random",
    "engine.core.inputs": "keras.layers",
    "engine.core.metric": "keras.metrics",
    "engine": "keras",
}


class Configurable:
    """Base of everything with `get_config` and `from_config`."""

    def get_config(self):
        """The constructor's arguments as plain data: `cls.from_config(config)` makes an equal object."""
        return describe(self, constructor_arguments(type(self)))

    @classmethod
    def from_config(cls, config):
        """An object made from what `get_config` returned."""
        return cls(**config)


@functools.lru_cache(maxsize=None)
def constructor_arguments(cls, below=object):
    """Names of the arguments of `cls(...)`, its bases' first where it passes `**kwargs` on; `below` a base: only those."""
    names = []
    for base in cls.__mro__:
        if base is below:
            break
        if "__init__" not in vars(base):
            continue
        parameters = list(inspect.signature(base.__init__).parameters.values())[1:]
        own = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        names = [n for n in own if n not in names] + names
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return tuple(names)


def describe(item, names):
    """The attributes `names` of `item` as plain data."""
    missing = [name for name in names if not hasattr(item, name)]
    if missing:
        raise NotImplementedError(
            f"{type(item).__name__}.get_config() needs each argument of __init__ in an attribute of the same name, "
            f"and finds no `self.{missing[0]}`. Store it in __init__, or override get_config()."
        )
    return {name: serialize(getattr(item, name)) for name in names}


def serialize(value):
    """`value` as plain data: numbers, strings, lists, tuples, dicts, and config dicts for objects."""
    if isinstance(value, Configurable):
        return serialize_object(value)
    if isinstance(value, dict):
        return {key: serialize(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(serialize(item) for item in value)
    if inspect.isfunction(value):
        return value.__name__
    if hasattr(value, "as_numpy_dtype"):  # a tf.DType
        return value.name
    if hasattr(value, "tolist"):  # NumPy scalars and arrays, and tensors through numpy()
        return value.tolist()
    if hasattr(value, "numpy"):
        return value.numpy().tolist()
    return value


def public_name(cls):
    """The name by which a class is offered and described: its own, unless it says `public_name`."""
    return vars(cls).get("public_name", cls.__name__)


def serialize_object(value):
    """The config dict of a Configurable: where its class is from, its name and its arguments."""
    cls = type(value)
    area = next((a for a in _AREAS if cls.__module__ == a or cls.__module__.startswith(a + ".")), None)
    return {
        "module": _AREAS[area] if area else cls.__module__,
        "class_name": public_name(cls),
        "config": value.get_config(),
        "registered_name": None if area else public_name(cls),
    }
