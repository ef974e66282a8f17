"""The product of inputs of any rank with a kernel."""

import tensorflow as tf

from losses.ground.shapes import sizes_of


def flat_product(inputs, kernel, num_axes=1):
    """The last `num_axes` axes of `inputs` times the first ones of `kernel`, as tf.tensordot, in one product of two matrices.

    A batched product would sum a kernel gradient for each row of the batch. Where a size is open, tf.tensordot transposes too,
    and writes twice the operations into the graph. `kernel`: of known shape.
    """
    before, after = kernel.shape[:num_axes], kernel.shape[num_axes:]
    rows = tf.reshape(inputs, [-1, inputs.shape[-num_axes:].num_elements() or before.num_elements()])
    matrix = kernel if kernel.shape.rank == 2 else tf.reshape(kernel, [before.num_elements(), after.num_elements()])
    return tf.reshape(tf.matmul(rows, matrix), [*sizes_of(inputs)[:-num_axes], *after])
