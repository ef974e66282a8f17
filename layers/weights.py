"""What a layer is told about each of its weights: how it starts, what it costs, and what it must be after an update.

    class Dense(Layer):
        def __init__(self, units, kernel_initializer="glorot_uniform", kernel_regularizer=None, kernel_constraint=None):
            ...
            keep_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)

        def build(self, input_shape):
            self.kernel = make_weight(self, "kernel", (input_shape[-1], self.units))

        def call(self, inputs):
            return flat_product(inputs, self.kernel)
"""

import tensorflow as tf

from engine import constraints, initializers, regularizers
from losses.ground.shapes import sizes_of


def keep_arguments(layer, weight, initializer, regularizer, constraint):
    """Keep what the constructor was told about `weight`: for "kernel" in `layer.kernel_initializer` and so on.

    Each may be a name, an object, a function, a config, or None.
    """
    setattr(layer, f"{weight}_initializer", initializers.get(initializer))
    setattr(layer, f"{weight}_regularizer", regularizers.get(regularizer))
    setattr(layer, f"{weight}_constraint", constraints.get(constraint))


def make_weight(layer, name, shape, told=None, initializer=None):
    """A new weight of `layer`, with what was kept about it; `told`: under which name, where that is not `name`.

    `initializer`: one made from the one that was kept, in its place.
    """
    told = told or name
    return layer.add_weight(
        name=name, shape=shape, initializer=initializer or getattr(layer, f"{told}_initializer"),
        regularizer=getattr(layer, f"{told}_regularizer"), constraint=getattr(layer, f"{told}_constraint"),
    )  # fmt: skip


def flat_product(inputs, kernel, num_axes=1):
    """The last `num_axes` axes of `inputs` times the first ones of `kernel`, as tf.tensordot, in one product of two matrices.

    A batched product would sum a kernel gradient for each row of the batch. Where a size is open, tf.tensordot transposes too,
    and writes twice the operations into the graph. `kernel`: of known shape.
    """
    before, after = kernel.shape[:num_axes], kernel.shape[num_axes:]
    rows = tf.reshape(inputs, [-1, inputs.shape[-num_axes:].num_elements() or before.num_elements()])
    matrix = kernel if kernel.shape.rank == 2 else tf.reshape(kernel, [before.num_elements(), after.num_elements()])
    return tf.reshape(tf.matmul(rows, matrix), [*sizes_of(inputs)[:-num_axes], *after])
