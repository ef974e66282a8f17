"""The scalar whose gradient is checked: `Σ cotangent * output + Σ losses`, with a random fixed cotangent.

Why not the plain sum of the outputs: the outputs of a softmax sum to one whatever the weights are, so the gradient
of their sum is zero, for right and wrong code alike. A random cotangent makes every output count differently.
"""

import numpy as np
import tensorflow as tf


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
