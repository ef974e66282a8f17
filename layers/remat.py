"""Remat: less memory for more time. A layer's inner values are computed again in the backward pass, not kept."""

import tensorflow as tf

from engine.core import context
from engine.small_parts.late_reads import reads_before_updates
from engine.state import beside_training
from layers.wrapper import Wrapper
from losses.ground.masks import get_mask, set_mask


class Remat(Wrapper):
    """A layer whose call keeps its inputs alone; what its gradient needs beside them is computed anew.

        outputs = layer(inputs)
        backward:  layer(inputs) once more, with the same random numbers, then its gradients

    Of n such layers in a row, n inputs and the inner values of one layer are in memory, in place of all inner values;
    a step takes about a third longer, for the second forward pass. So wrap blocks, not single cheap layers.
    Gradients, losses, metrics and moving statistics are those of `layer` alone.

    Shapes and weights: those of `layer`. Arguments: `layer`.
    Source: Chen et al., "Training deep nets with sublinear memory cost", 2016.

    >>> from engine import Sequential
    >>> from layers import Dense, Dropout, Remat
    >>> block = Sequential([Dense(64, activation="gelu"), Dropout(0.1), Dense(8)])
    >>> model = Sequential([Remat(block), Dense(2)])
    >>> tuple(model([[1.0, 2.0, 3.0]]).shape)
    (1, 2)
    """

    def __init__(self, layer, **kwargs):
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        self.layer.compute_output_shape(input_shape)  # builds all that is inside
        self.layer._clear_losses()  # those belong to a graph that is gone

    def compute_mask(self, inputs, previous_mask=None):
        return None  # the outputs have theirs from the layer inside

    def call(self, inputs, training=False):
        masks = [get_mask(item) for item in tf.nest.flatten(inputs)]
        before = [(variable, variable.read_value()) for variable in beside_training(self.layer)]
        passes = []  # of this call, so far: one, or two in its backward pass

        def run(*tensors):
            for tensor, mask in zip(tensors, masks):
                set_mask(tensor, mask)
            return _flat(self.layer, passes, tf.nest.pack_sequence_as(inputs, tensors), training)

        def forward_and_again(*tensors):
            if not passes:
                return run(*tensors)
            now = [variable.read_value() for variable, _ in before]
            for variable, value in before:
                variable.assign(value)
            with reads_before_updates(self.layer.variables):  # for who takes gradients by a tape, and not by an optimizer
                found = run(*tensors)
            for (variable, _), value in zip(before, now):
                variable.assign(value)
            return found

        found = tf.recompute_grad(forward_and_again)(*tf.nest.flatten(inputs))
        return passes[0].put_back(found)


class _Pass:
    """What came out of the first forward pass beside tensors: the nest of the outputs, their masks, whose losses."""

    def __init__(self, outputs, losses):
        self.outputs, self.losses = outputs, losses
        self.masks = [get_mask(item) for item in tf.nest.flatten(outputs)]

    def put_back(self, tensors):
        """The outputs from flat `tensors`; the rest of these are losses, and go where they were added."""
        count = len(self.masks)
        for tensor, mask in zip(tensors[:count], self.masks):
            set_mask(tensor, mask)
        rest = iter(tensors[count:])
        for layer, number in self.losses:
            context.state.losses.setdefault(layer, []).extend(next(rest) for _ in range(number))
        return tf.nest.pack_sequence_as(self.outputs, tensors[:count])


def _flat(layer, passes, inputs, training):
    """The outputs of `layer` and its losses as one list: what has a gradient must come out of the recomputed function."""
    before = _take_losses(layer)  # of other calls of this layer in the same forward pass of the model
    outputs = layer(inputs, training=training)
    losses = _take_losses(layer)
    context.state.losses.update(before)
    passes.append(_Pass(outputs, [(inner, len(values)) for inner, values in losses.items()]))
    return [*tf.nest.flatten(outputs), *(value for values in losses.values() for value in values)]


def _take_losses(layer):
    """{layer: losses} of all layers inside, which have none afterwards."""
    held = context.state.losses
    return {inner: held.pop(inner) for _, inner in layer.named_layers() if inner in held}
