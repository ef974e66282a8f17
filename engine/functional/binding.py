"""From what a model was called with to one tensor per input: by position, or strictly by name."""

import tensorflow as tf

from engine.core.symbolic import Symbol
from engine.small_parts import kinds
from engine.small_parts.input_spec import NO_TEXT, InputSpec
from losses.ground import numerics
from losses.ground.masks import get_mask, set_mask


def bind(model, structure, given, any_size=False):
    """The tensors of `given`, in the order of the symbols in `structure` (the model's declared inputs); `any_size`: as for `fit`."""
    symbols = tf.nest.flatten(structure)
    names = [symbol.node.operation.name for symbol in symbols]
    if isinstance(given, dict):
        keys = list(structure) if isinstance(structure, dict) else names
        missing, extra = [k for k in keys if k not in given], [k for k in given if k not in keys]
        if missing or extra:
            found = [f"lacks {missing}"] * bool(missing) + [f"has {extra}, which no input is named"] * bool(extra)
            raise ValueError(f"{model._title} takes a dict with the keys {keys}; the one received {' and '.join(found)}.")
        tensors = [given[key] for key in (sorted(keys) if isinstance(structure, dict) else keys)]
        tensors = tf.nest.flatten(tensors)
    else:
        tensors = tf.nest.flatten(given)
    if len(tensors) != len(symbols):
        raise ValueError(f"{model._title} has {len(symbols)} inputs {names}, received {len(tensors)}.")
    return [fit(model, symbol, tensor, any_size) for symbol, tensor in zip(symbols, tensors)]


def fit(model, symbol, tensor, any_size=False):
    """`tensor` in the rank and dtype that `symbol` declares, or a ValueError that says what is wrong. `any_size`: not in its sizes."""
    if tensor is None and not getattr(symbol.node.operation, "optional", False):
        raise ValueError(
            f"{model._title}: input {symbol.node.operation.name!r} received None. Give it data, or make it with Input(optional=True)."
        )
    if isinstance(tensor, tf.SparseTensor) and symbol.kind != "sparse":
        tensor = tf.ensure_shape(tf.sparse.to_dense(tensor), tensor.shape)
    kind = kind_of(tensor)
    if kind is None:
        return tensor
    wanted, rank = symbol.shape, tensor.shape.rank
    if tensor.dtype == tf.string != symbol.dtype:
        raise ValueError(f"{model._title}: input {symbol.node.operation.name!r} takes numbers, received text. {NO_TEXT}")
    if rank is not None and wanted.rank is not None:
        if rank == wanted.rank - 1 and wanted[-1] == 1 and kind == "dense":
            tensor = tensor[..., tf.newaxis]
        elif rank == wanted.rank + 1 and tensor.shape[-1] == 1 and kind == "dense":
            tensor = tf.squeeze(tensor, -1)
        sizes = [None if any_size or axis == 0 else size for axis, size in enumerate(wanted)]
        problem = InputSpec(shape=tuple(sizes)).problem(tensor)
        if problem:
            name = symbol.node.operation.name
            raise ValueError(
                f"{model._title}: input {name!r} takes shape {tuple(wanted)}, received {tuple(tensor.shape)}. "
                "Reshape the data, or change Input(shape=...)."
            )
    if tensor.dtype == symbol.dtype:
        return tensor
    cast = numerics.cast(tensor, symbol.dtype)
    set_mask(cast, get_mask(tensor))
    return cast


def kind_of(item):
    """The kind of a tensor, of the spec of one, or of a symbol."""
    return item.kind if isinstance(item, Symbol) else kinds.kind_of(item)


def specs(structure):
    """The shape and dtype of each tensor of a nest, with the number of rows left open; None for what is no tensor."""

    def leaf(item):
        if not hasattr(item, "shape") or not hasattr(item, "dtype"):
            return None
        shape = tf.TensorShape(item.shape)
        return kinds.spec([None, *shape[1:]] if shape.rank else shape, item.dtype, kinds.kind_of(item) or "dense")

    return tf.nest.map_structure(leaf, structure)
