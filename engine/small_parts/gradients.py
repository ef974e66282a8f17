"""The gradients that an optimizer is given: which are missing, and all others as tensors like their variables."""

import warnings

import tensorflow as tf


def without_missing(owner, gradients, variables):
    """`gradients` and `variables` without the pairs whose gradient is None; a warning names those."""
    who = f"{type(owner).__name__} {owner.name!r}"
    if len(gradients) != len(variables):
        raise ValueError(f"{who} needs a gradient per variable; got {len(gradients)} and {len(variables)} variables.")
    if not variables:
        raise ValueError(f"{who} received no variables. Pass pairs (gradient, variable), or build(variables) first. "
                         "A tf.Module does not see those of layers that it holds: pass layer.trainable_weights.")  # fmt: skip
    for variable in variables:
        if not isinstance(variable, tf.Variable):
            raise TypeError(
                f"{who} updates tf.Variables; received a {type(variable).__name__} in the place of one. "
                "The order is apply_gradients(zip(gradients, variables))."
            )
    missing = [variable.name for gradient, variable in zip(gradients, variables) if gradient is None]
    if len(missing) == len(variables):
        raise ValueError(
            f"{who} received no gradient for any variable: all of {missing} got None. The loss does not depend on "
            "them, or was computed outside of the tape."
        )
    if not missing:
        return gradients, variables
    warnings.warn(
        f"{who} received no gradient for {missing}; they stay as they are. The loss does not depend on them.",
        stacklevel=4,
    )
    kept = [(gradient, variable) for gradient, variable in zip(gradients, variables) if gradient is not None]
    return [gradient for gradient, _ in kept], [variable for _, variable in kept]


def as_dense(gradient, variable):
    """`gradient` as a tensor of the variable's dtype. Rows of an embedding that were looked up twice are summed."""
    if isinstance(gradient, tf.IndexedSlices):
        gradient = tf.math.unsorted_segment_sum(gradient.values, gradient.indices, variable.shape[0])
    gradient = tf.convert_to_tensor(gradient)
    return gradient if gradient.dtype == variable.dtype else tf.cast(gradient, variable.dtype)


def check_shapes(owner, gradients, variables):
    """ValueError unless each gradient has its variable's shape: broadcasting would train something else in silence."""
    for gradient, variable in zip(gradients, variables):
        if not gradient.shape.is_compatible_with(variable.shape):
            raise ValueError(
                f"{type(owner).__name__} {owner.name!r} needs a gradient of shape {tuple(variable.shape)} for "
                f"{variable.name!r}; received shape {tuple(gradient.shape)}."
            )
