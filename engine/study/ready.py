"""What the first step of training would make, made before one is looked into: only then can all be put back."""

import contextlib

from engine.core.step import TrainingStep
from engine.small_parts.batch import unpack
from engine.state import make_variables
from engine.unchanged import dice_kept, unchanged


def make_ready(model, feed):
    """Build the layers that are not built, on the rows of `feed`, and make the slots of the optimizer.

    A train_step of the user's own is traced, as nobody else knows which layers and which optimizers it uses.
    """
    if type(model).train_step is not TrainingStep.train_step and not model.run_eagerly:
        with dice_kept() if _is_built(model) else contextlib.nullcontext():
            make_variables(model, feed)
    else:
        make_ready_on(model, unpack(feed.all_rows())[0])


def _is_built(model):
    """Whether all layers have made their weights."""
    return all(layer.built for _, layer in model.named_layers())


def make_ready_on(model, x):
    """As `make_ready`, for who has rows `x` and steps that the optimizer of the model makes."""
    if not _is_built(model):
        with unchanged(model):
            model(x, training=False)
    if missing := model.optimizer._unknown(model.trainable_weights):
        model.optimizer.build([*model.optimizer._weights, *missing])
