"""Layers that keep states from batch to batch: they are made for the number of rows that a batch has."""

import tensorflow as tf

from engine.core import symbolic
from engine.small_parts.batch import unpack
from engine.small_parts.kinds import kind_of


def keeps_states(model):
    """Whether a layer in `model` goes on in each batch from where the one before has ended."""
    return any(getattr(layer, "stateful", False) for _, layer in model.named_layers())


def make_kept_states(model, feed):
    """Build what keeps states and was not built yet on a batch of `feed`: a step is traced for any number of rows."""
    if all(layer.built or not getattr(layer, "stateful", False) for _, layer in model.named_layers()):
        return
    specs = tf.nest.flatten(unpack(feed.whole_spec)[0])
    if any(spec is not None and spec.shape.rank and spec.shape[0] is None for spec in specs):  # a pipeline does not say how many it gives
        specs = [None if item is None else tf.type_spec_from_value(item) for item in tf.nest.flatten(unpack(feed.example())[0])]
    symbols = [None if spec is None else symbolic.Symbol(spec.shape, spec.dtype, kind=kind_of(spec)) for spec in specs]
    symbolic.infer(model, (tf.nest.pack_sequence_as(unpack(feed.whole_spec)[0], symbols),), {})
    model._clear_losses()
