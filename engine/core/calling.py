"""Two steps before a layer's own `call`: whether it trains, and the masks that came along with its inputs."""

from engine.core import context
from engine.small_parts.signature import signature
from losses.ground.masks import masks_of


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


def pass_masks(layer, args, kwargs):
    """`kwargs` with the masks that came along with the inputs, where `call` asks for them and none was given."""
    declared = signature(type(layer))
    for name, of in declared.mask_of.items():
        index = declared.names.index(name)
        if len(args) > index or kwargs.get(name) is not None:
            continue
        mask = masks_of(args[declared.names.index(of)] if declared.names.index(of) < len(args) else kwargs.get(of))
        if mask is not None or name in declared.required:
            kwargs[name] = mask
    return kwargs
