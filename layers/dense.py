"""Dense: every output looks at every input."""

import tensorflow as tf

from engine import activations, constraints, initializers, regularizers
from engine.core.building import positive_integer
from engine.core.dtypes import cast
from engine.core.input_spec import InputSpec
from engine.core.layer import Layer


class Dense(Layer):
    """A fully connected layer.

        outputs = activation(inputs @ kernel + bias)

    Shapes: (batch, ..., features) → (batch, ..., units).
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
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.supports_masking = True
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], self.units), initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.units,), initializer=self.bias_initializer,
                regularizer=self.bias_regularizer, constraint=self.bias_constraint,
            )  # fmt: skip
        self.input_spec = InputSpec(min_ndim=2, axes={-1: input_shape[-1]})

    def call(self, inputs):
        inputs = cast(inputs, self.compute_dtype)  # bytes of an image, or counts
        kernel = cast(self.kernel, self.compute_dtype)  # weights may be kept in more digits than are computed with
        # tensordot multiplies one flat matrix; a batched product would sum a kernel gradient per row of the batch.
        outputs = tf.matmul(inputs, kernel) if inputs.shape.rank == 2 else tf.tensordot(inputs, kernel, 1)
        if self.use_bias:
            outputs = outputs + cast(self.bias, self.compute_dtype)
        return self.activation(outputs)
