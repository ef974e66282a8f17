"""What the first step of training would make, made before one is looked into: only then can all be put back."""

from engine.small_parts.batch import unpack
from engine.state import make_variables
from engine.unchanged import unchanged


def make_ready(model, feed):
    """Build the layers that are not built, on the rows of `feed`, and make the slots of the optimizer."""
    if not all(layer.built for _, layer in model.named_layers()):
        try:
            with unchanged(model):
                model(unpack(feed.all_rows())[0], training=False)
        except NotImplementedError:  # a model without call(), whose train_step calls its layers
            make_variables(model, feed)
    if missing := model.optimizer._unknown(model.trainable_weights):
        model.optimizer.build([*model.optimizer._weights, *missing])
