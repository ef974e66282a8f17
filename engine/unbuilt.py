"""Layers that wait for data to make their weights, and what can be made without."""

from engine.core import symbolic
from engine.core.layer import Layer
from engine.core.model import CoreModel
from engine.core.sequential import CoreSequential
from engine.kept_states import keeps_states
from engine.unchanged import losses_kept


def is_built(layer):
    """Whether a layer has made its own weights. One without a `build` of its own makes none, nor does a model: its layers do."""
    return layer.built or type(layer).build in (Layer.build, CoreModel.build, CoreSequential.build)


def waiting(layer):
    """The paths of the layers in `layer`, itself included, whose weights are not made yet."""
    return [path for path, inner in layer.named_layers() if not is_built(inner)]


def build_known(model):
    """Make the weights for which no data are needed: of each Sequential whose first layer has a `usual_input`, as an Embedding.

    Whatever comes later may have another shape: the model declares no input. A layer that has to know more ends it.
    """
    for _, layer in model.named_layers():
        spec = usual_input(layer)
        if spec is not None and not layer.built and not keeps_states(layer):
            with losses_kept(layer):
                symbolic.infer(_call_while_known, (layer.layers, symbolic.Symbol(spec.shape, spec.dtype)), {})


def usual_input(layer):
    """The tf.TensorSpec of what a Sequential takes where nothing else is said; None where only data can tell."""
    if not isinstance(layer, CoreSequential) or not layer.layers:
        return None
    first = layer.layers[0]
    return usual_input(first) if isinstance(first, CoreSequential) else getattr(first, "usual_input", None)


def known_inputs(model):
    """The specs of what a model was first called on, or takes where nothing else is said; None if that is not known."""
    return usual_input(model) if model.first_inputs is None else model.first_inputs


def _call_while_known(layers, outputs):
    for layer in layers:
        try:
            outputs = layer(outputs)
        except Exception:  # whatever a layer says that does not get what it needs; data will tell
            break
    return outputs
