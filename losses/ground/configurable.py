"""Objects that can say how they were made, and be made again from that.

The rule that keeps `get_config` out of every class: *each constructor argument is kept in
an attribute of the same name*. Then the signature of `__init__` is the description, and
one `get_config` serves layers, initializers, losses, metrics and optimizers alike.
"""

import difflib
import functools
import inspect
import re
from typing import Any

from losses.ground.lookup import is_remaking, note, registered_name, remaking

_OURS = ("losses", "engine", "layers")


class Configurable:
    """Base of everything with `get_config` and `from_config`."""

    keras_module = "keras"  # where the interchange format says that classes of this kind are, if they are this project's

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = _with_nearest(cls.__init__)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data: `cls.from_config(config)` makes an equal object."""
        return describe(self, constructor_arguments(type(self)))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An object made from what `get_config` returned."""
        return cls(**config)


def _with_nearest(init):
    """The constructor `init`, so wrapped that an argument it does not know is answered with the nearest one."""

    @functools.wraps(init)
    def wrapped(self, *args, **kwargs):
        try:
            init(self, *args, **kwargs)
        except TypeError as error:
            unknown = re.match(r"(\S+)\(\) got an unexpected keyword argument '(\w+)'", str(error))
            if unknown is None or unknown[1] != init.__qualname__:
                raise
            raise unknown_argument(type(self), unknown[2]) from None

    return wrapped


def unknown_argument(cls, name, others=()):
    """The TypeError for an argument that `cls(...)` does not take, with the nearest one that it, or `others`, has.

    >>> class Huber(Configurable):
    ...     def __init__(self, delta=1.0): self.delta = delta
    >>> Huber(dleta=2.0)
    Traceback (most recent call last):
    TypeError: Huber takes no argument 'dleta'. Did you mean 'delta'?
    """
    near = difflib.get_close_matches(name[:200], [*constructor_arguments(cls), *others], n=1)  # that of a file may have megabytes
    hint = f" Did you mean {near[0]!r}?" if near else f" It takes {', '.join(constructor_arguments(cls)) or 'none'}."
    return TypeError(f"{cls.__name__} takes no argument {name!r}.{hint}")


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
        items = [serialize(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if inspect.isfunction(value):
        return value if is_remaking() else registered_name(value)
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
    ours = cls.__module__.split(".")[0] in _OURS
    if not ours:
        note(cls, public_name(cls))
    return {
        "module": cls.keras_module if ours else cls.__module__,
        "class_name": public_name(cls),
        "config": value.get_config(),
        "registered_name": None if ours else registered if ">" in (registered := registered_name(cls)) else public_name(cls),
    }


def remake(item, **changes):
    """An object like `item`, made anew from its config, but for the arguments in `changes`."""
    with remaking():
        return type(item).from_config({**item.get_config(), **changes})
