"""The scalar whose gradient is checked: `Σ cotangent * output + Σ losses`, with a random fixed cotangent.

Why not the plain sum of the outputs: the outputs of a softmax sum to one whatever the weights are, so the gradient
of their sum is zero, for right and wrong code alike. A random cotangent makes every output count differently.
"""

import numpy as np
import tensorflow as tf

from engine.metrics.loss_terms import LossTerms
from engine.state import beside_training
from losses.ground.masks import get_mask, set_mask


def scalar(outputs, losses, seed):
    """The objective from a nest of outputs and a list of losses; None where no output is floating."""
    rng = np.random.default_rng([seed, 7])
    floating = [item for item in tf.nest.flatten(outputs) if isinstance(item, tf.Tensor) and item.dtype.is_floating]
    terms = [tf.reduce_sum(output * tf.cast(rng.normal(size=output.shape), output.dtype)) for output in floating]
    if not terms:
        return None
    return tf.add_n(terms + [tf.cast(tf.reduce_sum(loss), terms[0].dtype) for loss in losses])


def dense(gradients):
    """`gradients` as tensors or None; those of a lookup come as slices."""
    return [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]


def along(gradients, directions):
    """`Σ <gradient, direction>`, itself something to differentiate."""
    terms = [tf.reduce_sum(g * d) for g, d in zip(gradients, directions) if g is not None]
    return tf.add_n(terms) if terms else tf.zeros((), tf.float64)


class Objective:
    """The scalar function of the inputs and weights, evaluated from the same state each time."""

    def __init__(self, layer, x, y, sample_weight, call, training, seed):
        self.layer, self.y, self.sample_weight, self.training, self.seed = layer, y, sample_weight, training, seed
        self.structure = tf.nest.map_structure(self._tensor, (x, call))
        if not layer.built:
            layer(self.structure[0], **{**self.structure[1], "training": False})
        self.terms = vars(layer).get("_term_tracker")
        if self.terms is not None:
            layer._term_tracker = LossTerms()
        flat = tf.nest.flatten(self.structure)
        self.floating = [i for i, item in enumerate(flat) if isinstance(item, tf.Tensor) and item.dtype.is_floating]
        self.inputs = [flat[i] for i in self.floating]
        self.weights = layer.trainable_weights
        self.state = [(variable, tf.identity(variable)) for variable in beside_training(layer)]
        self.saved = [*self.state, *((weight, tf.identity(weight)) for weight in self.weights)]

    def _tensor(self, item):
        if isinstance(item, (bool, int, float, str, type(None))):
            return item
        tensor = tf.convert_to_tensor(item)
        return tf.cast(tensor, self.layer.compute_dtype) if tensor.dtype.is_floating else tensor

    def names(self):
        inputs = ["input"] if len(self.inputs) == 1 else [f"input {index}" for index in range(len(self.inputs))]
        return inputs + [path for path, _, trainable in self.layer.named_weights() if trainable]

    def __call__(self, *inputs):
        flat = tf.nest.flatten(self.structure)
        for position, item in zip(self.floating, inputs):
            set_mask(item, get_mask(flat[position]))
            flat[position] = item
        x, call = tf.nest.pack_sequence_as(self.structure, flat)
        outputs = self.layer(x, **{"training": self.training, **call})
        if self.y is None:
            value = scalar(outputs, self.layer.losses, self.seed)
        else:
            value = self.layer._loss_of(x, self.y, outputs, self.sample_weight, training=self.training)
        if value is None:
            raise ValueError(f"{self.layer._title} has no floating output: there is no gradient to check.")
        return value

    def at(self, inputs):
        """The value at `inputs` and the current weights, from the saved state."""
        self._rewind()
        return self(*inputs)

    def differentiated(self, inputs):
        """(the value, its gradients by inputs and weights) at `inputs` and the current weights, from the saved state."""
        self._rewind()
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = self(*inputs)
        return value, dense(tape.gradient(value, [*inputs, *self.weights]))

    def _rewind(self):
        for variable, value in self.state:
            variable.assign(value)

    def restore(self):
        """All variables as they were; metrics that the check has made start at zero."""
        for variable, value in self.saved:
            variable.assign(value)
        if self.terms is not None:
            self.layer._term_tracker = self.terms
        known = {id(variable) for variable, _ in self.saved}
        for metric in self.layer.metrics:
            if any(id(variable) not in known for variable in metric.variables):
                metric.reset_state()
