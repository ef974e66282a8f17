"""The steps around a layer's own `call`: its signature, its inputs, its build shapes, its masks."""

import collections
import contextlib
import functools
import inspect

import numpy as np
import tensorflow as tf

from engine import spellings
from engine.core import context, given
from losses.ground.masks import get_mask, set_mask

Signature = collections.namedtuple("Signature", "names training_index training_default mask_of build_shapes_of")


@functools.lru_cache(maxsize=None)
def signature(cls):
    """What `cls.call` and `cls.build` declare.

    `names` of call's arguments; where `training` is (None: not declared) and its default;
    `mask_of` maps each mask argument to the argument it masks (`mask` → the first,
    `value_mask` → `value`); `build_shapes_of` names the arguments whose shapes build takes.
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
        [n.removesuffix("_shape") for n in by_name] if len(build) > 1 and len(by_name) == len(build) else None,
    )


def resolve_training(layer, args, kwargs):
    """(args, kwargs, training): an explicit argument wins, then the enclosing call, then the default, then False.

    `training` is what the layers inside will find: None where nobody has said anything, so that their defaults count.
    """
    declared = signature(type(layer))
    index = declared.training_index
    training = None
    if index is None:
        if "training" not in declared.names:
            training = kwargs.pop("training", None)  # for the layers inside, where this one does not ask
    elif len(args) > index:
        training = args[index]
    else:
        training = kwargs.get("training")
    if training is None:
        training = context.training()
    if training is None:
        training = declared.training_default
    if index is not None:
        own = False if training is None else training
        if len(args) > index:
            args = (*args[:index], own, *args[index + 1 :])
        else:
            kwargs["training"] = own
    return args, kwargs, training


def convert(layer, args, kwargs):
    """Arrays to tensors, and floating tensors to the dtype the layer computes in."""
    dtype = layer.compute_dtype
    if len(args) == 1 and not kwargs and isinstance(args[0], tf.Tensor) and args[0].dtype.name == dtype:
        return args, kwargs  # the common call, made quick
    given.check_inputs_given(layer, args, kwargs)
    cast = layer.autocast

    def leaf(item):
        if isinstance(item, (np.ndarray, np.generic)):
            mask, item = None, tf.convert_to_tensor(item)
        elif isinstance(item, (tf.Tensor, tf.Variable)):
            mask = get_mask(item)
        elif isinstance(item, (tf.SparseTensor, tf.RaggedTensor)):
            mask = None
        else:
            return item
        if not cast or not item.dtype.is_floating or item.dtype.name == dtype:
            return item
        item = tf.cast(item, dtype)
        set_mask(item, mask)
        return item

    if args and isinstance(args[0], (list, tuple, int, float)) and all(
        isinstance(number, (bool, int, float, str)) for number in tf.nest.flatten(args[0])
    ):
        args = (tf.convert_to_tensor(args[0]), *args[1:])
    args = tuple(_map(leaf, arg) for arg in args)
    return args, {name: _map(leaf, arg) for name, arg in kwargs.items()}


def _map(function, item):
    return tf.nest.map_structure(function, item) if isinstance(item, (list, tuple, dict)) else function(item)


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
    named = {**dict(zip(declared.names, args)), **kwargs}
    if declared.build_shapes_of:
        return {f"{name}_shape": shape_of(named.get(name)) for name in declared.build_shapes_of}, True
    first = args[0] if args else next(iter(kwargs.values()), None)
    return shape_of(first), False


def pass_masks(layer, args, kwargs):
    """`kwargs` with the masks that came along with the inputs, where `call` asks for them and none was given."""
    declared = signature(type(layer))
    for name, of in declared.mask_of.items():
        index = declared.names.index(name)
        if len(args) > index or kwargs.get(name) is not None:
            continue
        mask = masks_of(args[declared.names.index(of)] if declared.names.index(of) < len(args) else kwargs.get(of))
        if mask is not None:
            kwargs[name] = mask
    return kwargs


def masks_of(structure):
    """The mask of a tensor, or the nest of masks of a nest; None where there is none at all."""
    if not isinstance(structure, (list, tuple, dict)):
        return get_mask(structure)
    masks = [get_mask(item) for item in tf.nest.flatten(structure)]
    return tf.nest.pack_sequence_as(structure, masks) if any(m is not None for m in masks) else None


def attach_masks(outputs, masks):
    """Let each of `masks` travel with the output it belongs to; a mask that is there already stays."""
    flat = tf.nest.flatten(outputs)
    masks = tf.nest.flatten(masks) if isinstance(masks, (list, tuple, dict)) else [masks] * len(flat)
    for tensor, mask in zip(flat, masks):
        if isinstance(tensor, tf.Tensor) and get_mask(tensor) is None:
            set_mask(tensor, mask)


def add_note(error, layer, args):
    """Tell, below an error's message, which layer it came from and on what inputs. The innermost layer speaks."""
    given.say_without_values(error)
    if hasattr(error, "add_note") and not hasattr(error, "_noted"):  # add_note: Python 3.11 and later
        error._noted = True
        root = context.state.call.root.layer
        path = next((path for path, inner in root.named_layers() if inner is layer), "")
        where = f" at {path!r} of {root.title}" if path else ""
        error.add_note(f"Raised in the call of {layer.title}{where}, on inputs of shape {shape_of(args)}.")


@contextlib.contextmanager
def losses_kept(layer):
    """Inside the block `layer` may be traced in a graph that is thrown away: who observes does not see it, and then
    the values of add_loss come back."""
    before = {inner: list(context.state.losses.get(inner, ())) for _, inner in layer.named_layers()}
    observers, context.state.observers = context.state.observers, ()
    try:
        yield
    finally:
        context.state.observers = observers
        context.state.losses.update(before)
