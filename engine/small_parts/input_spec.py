"""What a built layer accepts, and the error when it gets something else."""

import tensorflow as tf


class InputSpec:
    """The rank, axes and dtype that a layer can take.

    Arguments: `ndim`, `min_ndim`, `max_ndim` bound the rank; `axes` maps an axis to its size;
    `shape` gives all axes (None: any); `dtype` a dtype by name.

    >>> from engine import InputSpec
    >>> InputSpec(min_ndim=2, axes={-1: 32})
    InputSpec(min_ndim=2, axes={-1: 32})
    """

    def __init__(self, dtype=None, shape=None, ndim=None, max_ndim=None, min_ndim=None, axes=None):
        self.dtype = None if dtype is None else tf.as_dtype(dtype).name
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = dict(enumerate(self.shape)) if self.shape is not None else dict(axes or {})

    def __repr__(self):
        given = [f"{key}={value!r}" for key, value in vars(self).items() if value not in (None, {})]
        return f"InputSpec({', '.join(given)})"

    def problem(self, tensor):
        """What is wrong with `tensor` (has shape and dtype), as (wanted, fix), or None."""
        shape = tensor.shape
        rank = shape.rank
        if self.dtype is not None and tensor.dtype.name != self.dtype:
            return f"inputs of dtype {self.dtype}", f"Convert them: tf.cast(x, {self.dtype!r})."
        if rank is None:
            return None
        if self.ndim is not None and rank != self.ndim:
            return f"inputs of rank {self.ndim}", "Reshape them, or check the layer before it."
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"inputs of rank {self.min_ndim} or more", "Add the axis that is missing (a batch has axis 0)."
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"inputs of rank {self.max_ndim} or less", "Flatten them, or check the layer before it."
        for axis, size in self.axes.items():
            if axis >= rank or -axis > rank:
                return f"inputs with an axis {axis}", "Add the axis that is missing."
            if size is not None and shape[axis] not in (size, None):
                which = "last axis" if axis in (-1, rank - 1) else f"axis {axis}"
                return f"inputs whose {which} is {size}", "Build a new layer, or check the layer before it."
        return None


NO_TEXT = "Turn it into numbers first, for instance into indices of a vocabulary."


def check_inputs(layer, inputs):
    """Raise a ValueError if `inputs` do not agree with `layer.input_spec`."""
    specs = layer.input_spec
    if isinstance(specs, (list, tuple)):
        specs, tensors = tf.nest.flatten(specs), tf.nest.flatten(inputs)
        if len(tensors) != len(specs):
            raise ValueError(f"{layer._title} takes {len(specs)} inputs, received {len(tensors)}.")
    else:
        specs, tensors = [specs], [inputs] if isinstance(inputs, tf.Tensor) else tf.nest.flatten(inputs)
        if len(tensors) > 1:
            raise ValueError(f"{layer._title} takes one input, received {len(tensors)}. Join them first, for instance by Concatenate, "
                             "or call it on the one that is meant.")  # fmt: skip
    for spec, tensor in zip(specs, tensors):
        if getattr(tensor, "dtype", None) == tf.string:
            raise ValueError(f"{layer._title} takes numbers, received text. {NO_TEXT}")
        problem = spec.problem(tensor) if spec is not None and hasattr(tensor, "dtype") else None
        if problem:
            wanted, fix = problem
            received = f"dtype {tensor.dtype.name}" if "dtype" in wanted else f"shape {tuple(tensor.shape)}"
            verb = "was built for" if layer.built else "takes"
            raise ValueError(f"{layer._title} {verb} {wanted}, received {received}. {fix}")
