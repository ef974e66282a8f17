"""Dense: every output looks at every input."""

import tensorflow as tf

from engine import activations
from engine.core.layer import Layer
from engine.dtypes import cast
from engine.small_parts.input_spec import InputSpec
from engine.small_parts.sizes import positive_integer
from layers.weights import flat_product, keep_arguments, make_weight


class Dense(Layer):
    """A fully connected layer.

        outputs = activation(inputs @ kernel + bias)

    Shapes: (batch, ..., features) → (batch, ..., units). A SparseTensor (batch, features) is multiplied as it is.
    Weights: `kernel` (features, units), from `kernel_initializer`; `bias` (units,), from `bias_initializer`.

    Arguments: `units` (features of the output), `activation` (None: linear), `use_bias`, and for kernel and bias
    an initializer (Glorot's uniform keeps the variance of signals and gradients; zeros for the bias), a
    regularizer and a constraint.
    Errors: ValueError if `units` is not a positive integer.
    Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.

    >>> import tensorflow as tf
    >>> from layers import Dense
    >>> dense = Dense(4, activation="relu")
    >>> dense(tf.ones((2, 3))).shape, dense.kernel.shape
    (TensorShape([2, 4]), TensorShape([3, 4]))
    """

    def __init__(self, units, activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, **kwargs):  # fmt: skip
        super().__init__(**kwargs)
        self.units = positive_integer(self, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        keep_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        keep_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.supports_masking = True
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape):
        self.kernel = make_weight(self, "kernel", (input_shape[-1], self.units))
        self.bias = make_weight(self, "bias", (self.units,)) if self.use_bias else None
        self.input_spec = InputSpec(min_ndim=2, axes={-1: input_shape[-1]})

    def call(self, inputs):
        inputs = cast(inputs, self.compute_dtype)  # bytes of an image, or counts
        kernel = cast(self.kernel, self.compute_dtype)  # weights may be kept in more digits than are computed with
        if isinstance(inputs, tf.SparseTensor):
            outputs = tf.sparse.sparse_dense_matmul(inputs, kernel)
        else:
            outputs = tf.matmul(inputs, kernel) if inputs.shape.rank == 2 else flat_product(inputs, kernel)
        if self.use_bias:
            outputs = outputs + cast(self.bias, self.compute_dtype)
        return outputs if self.activation is None else self.activation(outputs)
