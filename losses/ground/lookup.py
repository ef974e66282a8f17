"""The one resolver of the project: from a name, a config or a class to an object.

Every `loss="mse"`, `activation="relu"`, `optimizer="adam"` and every config dict comes
through `resolve`, so there is one set of rules and one wording when a name is unknown.
Nothing named in a config is ever imported: known names come from a table, all others
from what the caller passed as `custom_objects`.
"""

import contextlib
import contextvars
import difflib
import inspect
import re

_custom_objects = contextvars.ContextVar("custom_objects", default=None)
_met = contextvars.ContextVar("met", default=None)  # classes by name, while something is made anew
_registered = {}  # for the whole program, under "package>name" or whatever name a program has put in


def snake_case(name):
    """`"MeanSquaredError"` → `"mean_squared_error"`, `"Conv2D"` → `"conv2d"`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def catalogue(*objects, **aliases):
    """A table of names for `resolve`: each object under its own name and in snake case.

    >>> from losses.ground.lookup import catalogue
    >>> class MeanError: pass
    >>> sorted(catalogue(MeanError, me=MeanError))
    ['MeanError', 'me', 'mean_error']
    """
    table = {}
    for item in objects:
        table.setdefault(snake_case(item.__name__), item)
    for item in objects:
        table[item.__name__] = item
    return {**table, **aliases}


@contextlib.contextmanager
def custom_object_scope(custom_objects):
    """Names that `resolve` also knows inside the `with` block: `{"MyLayer": MyLayer}`.

    >>> with custom_object_scope({"twice": lambda x: 2 * x}):
    ...     resolve("activation", "twice", {})(3)
    6
    """
    token = _custom_objects.set({**(_custom_objects.get() or {}), **(custom_objects or {})})
    try:
        yield
    finally:
        _custom_objects.reset(token)


def custom_object(name):
    """What the `custom_object_scope`s around this call know under `name`, or what is registered under it, or None."""
    return _own().get(name)


def _own():
    return {**(_met.get() or {}), **_registered, **(_custom_objects.get() or {})}


@contextlib.contextmanager
def remaking():
    """Within the block configs are for this process alone: functions stay in them, and the classes that they name are found."""
    token = _met.set({})
    try:
        yield
    finally:
        _met.reset(token)


def is_remaking():
    """Whether a config that is written now is read in the same process."""
    return _met.get() is not None


def note(cls, name):
    """A config names the class `cls`, which no table knows."""
    if is_remaking():
        _met.get().update({name: cls, registered_name(cls): cls})


def get_custom_objects():
    """The dict of names that are known in the whole program; what is put in is found: `["swish2"] = function`.

    Today: `custom_object_scope`, or `custom_objects=` where something is loaded.

    >>> get_custom_objects()["swish2"] = abs
    >>> find("activation", "swish2", {}) is abs, get_custom_objects().pop("swish2") is abs
    (True, True)
    """
    return _registered


def register_keras_serializable(package="Custom", name=None):
    """A decorator of a class or function: it is found when a file names it, without `custom_objects=`.

    >>> @register_keras_serializable("mine")
    ... class Doubled:
    ...     pass
    >>> registered_name(Doubled)
    'mine>Doubled'
    """

    def register(item):
        _registered[f"{package}>{name or item.__name__}"] = item
        return item

    return register


def registered_name(item):
    """The name under which a class or function is registered, or its own.

    >>> registered_name(len)
    'len'
    """
    return next((name for name, other in _registered.items() if other is item and ">" in name), item.__name__)


def find(kind, name, table):
    """The table's entry for `name`; an unknown name is a ValueError with the nearest ones."""
    table = {**table, **_own()}
    if name in table:
        return table[name]
    near = difflib.get_close_matches(name[:200], table, n=3, cutoff=0.5)  # that of a file may have megabytes
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise ValueError(
        f"Unknown {kind} {name!r}.{hint} An own {kind} is passed as an object, "
        "or by name through `custom_objects={name: object}`."
    )


def resolve(kind, identifier, table):
    """The object that `identifier` stands for.

    None stays None; an object or function stays itself; a class is instantiated without
    arguments; a string is looked up in `table` (a class found there is instantiated); a
    config dict as `serialize` writes it is rebuilt.

    Raises ValueError for an unknown name, TypeError for anything else.
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        found = find(kind, identifier, table)
        return found() if inspect.isclass(found) else found
    if isinstance(identifier, dict):
        return _from_dict(kind, identifier, table)
    if inspect.isclass(identifier):
        return identifier()
    if callable(identifier) or hasattr(identifier, "get_config"):
        return identifier
    raise TypeError(
        f"A {kind} is a name, an object, a function or a config dict; "
        f"received {identifier!r} of type {type(identifier).__name__}."
    )


def _from_dict(kind, config, table):
    name = config.get("class_name")
    if not isinstance(name, str):
        raise ValueError(f"The config of a {kind} needs the key 'class_name'; received keys {list(config)}.")
    arguments = config.get("config") or {}
    if name == "function":  # a bare function, stored by its name
        return find(kind, arguments if isinstance(arguments, str) else config.get("registered_name"), table)
    found = custom_object(config.get("registered_name")) or find(kind, name, table)
    return found.from_config(arguments) if inspect.isclass(found) else found
