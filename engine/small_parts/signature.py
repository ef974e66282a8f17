"""What the `call` and `build` of a class declare, and the shapes of what they are given."""

import collections
import functools
import inspect
import itertools

from engine import spellings
from engine.small_parts.given import say_without_values

Signature = collections.namedtuple("Signature", "names training_index training_default mask_of required build_shapes_of")


@functools.lru_cache(maxsize=None)
def signature(cls):
    """What `cls.call` and `cls.build` declare.

    `names` of call's arguments; where `training` is (None: not declared) and its default;
    `mask_of` maps each mask argument to the argument it masks (`mask` → the first,
    `value_mask` → `value`), `required` those without default; `build_shapes_of` names the arguments whose shapes build takes.
    """
    parameters = dict(list(inspect.signature(cls.call).parameters.items())[1:])
    names = [n for n, p in parameters.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    mask_of = {f"{name}_mask": name for name in names if f"{name}_mask" in names}
    if "mask" in names and names[0] != "mask":
        mask_of["mask"] = names[0]
    default = parameters["training"].default if "training" in names else None
    build = list(inspect.signature(cls.build).parameters)[1:]
    by_name = [n for n in build if n.endswith("_shape") and n.removesuffix("_shape") in names]
    return Signature(
        names,
        names.index("training") if "training" in names else None,
        None if default is inspect.Parameter.empty else default,
        mask_of,
        {name for name in mask_of if parameters[name].default is inspect.Parameter.empty},
        [n.removesuffix("_shape") for n in by_name] if len(build) > 1 and len(by_name) == len(build) else None,
    )


def shape_of(structure):
    """The shape of a tensor, or of each tensor of a nest, as tuples with None for unknown sizes."""
    if hasattr(structure, "shape"):
        return spellings.Shape(structure.shape)
    if isinstance(structure, dict):
        return {key: shape_of(item) for key, item in structure.items()}
    if isinstance(structure, (list, tuple)):
        return [shape_of(item) for item in structure]
    return None


def build_shapes(layer, args, kwargs):
    """The arguments for `layer.build`: the first argument's shape, or those of all arguments build names."""
    declared = signature(type(layer))
    given = {**dict(zip(declared.names, args)), **kwargs}
    if declared.build_shapes_of:
        return {f"{name}_shape": shape_of(given.get(name)) for name in declared.build_shapes_of}, True
    first = args[0] if args else next(iter(kwargs.values()), None)
    return shape_of(first), False


def arguments_of_shapes(layer, shapes, named_shapes, make):
    """What `make` makes of the shapes of each argument of `layer.call`: in order, and named `<argument>_shape`; None: not given."""
    names = signature(type(layer)).names
    unknown = [name for name in named_shapes if name != "input_shape" and name.removesuffix("_shape") not in names]
    if unknown or not shapes and not named_shapes:
        known = ", ".join(f"{name}_shape" for name in names)
        raise TypeError(f"{layer._title}.compute_output_shape() takes shapes, also as {known}; received {unknown or 'none'}.")
    given = [*shapes, named_shapes.pop("input_shape")] if "input_shape" in named_shapes else list(shapes)
    named = {name.removesuffix("_shape"): shape for name, shape in named_shapes.items()}
    given += [named.pop(name) for name in itertools.takewhile(named.__contains__, names[len(given) :])]
    args = [None if shape is None else _of_shapes(shape, make) for shape in given]
    kwargs = {name: _of_shapes(shape, make) for name, shape in named.items() if shape is not None}
    return tuple(args), kwargs


def _of_shapes(shapes, make):
    if isinstance(shapes, dict):
        return {key: _of_shapes(shape, make) for key, shape in shapes.items()}
    if isinstance(shapes, (list, tuple)) and any(isinstance(shape, (list, tuple, dict)) for shape in shapes):
        return [_of_shapes(shape, make) for shape in shapes]
    return make(shapes)


def add_note(error, layer, args, root):
    """Tell, below an error's message, which layer it came from and on what inputs. The innermost layer speaks; `root` is the outermost."""
    say_without_values(error)
    if hasattr(error, "add_note") and not hasattr(error, "_noted"):  # add_note: Python 3.11 and later
        error._noted = True
        path = next((path for path, inner in root.named_layers() if inner is layer), "")
        where = f" at {path!r} of {root._title}" if path else ""
        error.add_note(f"Raised in the call of {layer._title}{where}, on inputs of shape {shape_of(args)}.")
