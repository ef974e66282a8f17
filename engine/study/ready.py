"""What the first step of training would make, made before one is looked into: only then can all be put back."""

from engine.core.step import TrainingStep
from engine.small_parts.batch import unpack
from engine.state import make_variables
from engine.unchanged import dice_kept, unchanged


def make_ready(model, feed):
    """Build the layers that are not built, on the rows of `feed`, and make the slots of the optimizer.

    A train_step of the user's own is traced, as nobody else knows which layers and which optimizers it uses.
    """
    is_built = all(layer.built for _, layer in model.named_layers())
    if type(model).train_step is not TrainingStep.train_step and not model.run_eagerly:
        if not is_built:
            make_variables(model, feed)
        else:
            with dice_kept():
                make_variables(model, feed)
        return
    if not is_built:
        with unchanged(model):
            model(unpack(feed.all_rows())[0], training=False)
    if missing := model.optimizer._unknown(model.trainable_weights):
        model.optimizer.build([*model.optimizer._weights, *missing])
