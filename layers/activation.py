"""Activations as layers: for a model written as a list, and for those with arguments or weights."""

import tensorflow as tf

from engine import activations, spellings
from engine.core.layer import Layer
from engine.dtypes import computable
from engine.small_parts.input_spec import InputSpec
from layers.weights import keep_arguments, make_weight


class Activation(Layer):
    """Applies any activation function: `outputs = activation(inputs)`.

    Shapes: any, the same comes out. No weights.
    Arguments: `activation` (a name, a function, or None for linear).

    >>> from layers import Activation
    >>> Activation("relu")([[-1.0, 2.0]]).numpy().tolist()
    [[0.0, 2.0]]
    """

    def __init__(self, activation, **kwargs):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True

    def call(self, inputs):
        return self.activation(inputs)


def _not_negative(layer, name, value):
    if value is None or value < 0:
        raise ValueError(f"{layer._title} takes a number from 0 as `{name}`, received {value!r}.")
    return value


class ReLU(Layer):
    """The part of the inputs above zero, with three knobs.

        outputs = max_value                               where inputs >= max_value
                  inputs                                  between
                  negative_slope * (inputs - threshold)   where inputs < threshold

    Shapes: any, the same comes out. No weights.
    Arguments: `max_value` (None: no bound), `negative_slope` (0), `threshold` (0), none of them negative.
    Errors: ValueError for a negative argument.
    Source: Glorot et al., "Deep sparse rectifier neural networks", 2011.

    >>> from layers import ReLU
    >>> ReLU(max_value=6.0)([[-1.0, 2.0, 9.0]]).numpy().tolist()
    [[0.0, 2.0, 6.0]]
    """

    def __init__(self, max_value=None, negative_slope=0.0, threshold=0.0, **kwargs):
        super().__init__(**kwargs)
        self.max_value = max_value if max_value is None else _not_negative(self, "max_value", max_value)
        self.negative_slope = _not_negative(self, "negative_slope", negative_slope)
        self.threshold = _not_negative(self, "threshold", threshold)
        self.supports_masking = True

    def call(self, inputs):
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """`outputs = inputs where positive, else negative_slope * inputs`: a unit below zero still learns.

    Shapes: any, the same comes out. No weights.
    Arguments: `negative_slope` (0.3).
    Errors: ValueError for a negative slope.
    Source: Maas et al., "Rectifier nonlinearities improve neural network acoustic models", 2013.

    >>> from layers import LeakyReLU
    >>> LeakyReLU(0.5)([[-4.0, 3.0]]).numpy().tolist()
    [[-2.0, 3.0]]
    """

    def __init__(self, negative_slope=0.3, **kwargs):
        negative_slope = spellings.argument("negative_slope", negative_slope, kwargs)
        super().__init__(**kwargs)
        self.negative_slope = _not_negative(self, "negative_slope", negative_slope)
        self.supports_masking = True

    def call(self, inputs):
        return activations.leaky_relu(inputs, self.negative_slope)


class PReLU(Layer):
    """A leaky relu whose slope is learned, one for each input.

        outputs = inputs where positive, else alpha * inputs

    Shapes: any with a batch axis, the same comes out.
    Weights: `alpha`, the inputs' shape without the batch axis, 1 along `shared_axes`; zeros at first.
    Arguments: `alpha_initializer`, `alpha_regularizer`, `alpha_constraint`, `shared_axes` (axes along which one
    slope serves all, such as (1, 2) after a convolution; None: none).
    Source: He et al., "Delving deep into rectifiers", 2015.

    >>> from layers import PReLU
    >>> prelu = PReLU(alpha_initializer="ones", shared_axes=[1])
    >>> prelu([[[-4.0, 3.0], [5.0, -6.0]]]).numpy().tolist(), prelu.alpha.shape
    ([[[-4.0, 3.0], [5.0, -6.0]]], TensorShape([1, 2]))
    """

    def __init__(self, alpha_initializer="Zeros", alpha_regularizer=None, alpha_constraint=None, shared_axes=None,
                 **kwargs):  # fmt: skip
        super().__init__(**kwargs)
        keep_arguments(self, "alpha", alpha_initializer, alpha_regularizer, alpha_constraint)
        self.shared_axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes and list(shared_axes)
        self.supports_masking = True

    def build(self, input_shape):
        shared = {axis % len(input_shape) for axis in self.shared_axes or ()}
        sizes = {axis: size for axis, size in enumerate(input_shape) if axis > 0 and axis not in shared}
        self.alpha = make_weight(self, "alpha", [sizes.get(axis, 1) for axis in range(1, len(input_shape))])
        self.input_spec = InputSpec(ndim=len(input_shape), axes=sizes)

    def call(self, inputs):
        inputs = computable(inputs, self.compute_dtype)
        return tf.nn.relu(inputs) - tf.cast(self.alpha, inputs.dtype) * tf.nn.relu(-inputs)


class ELU(Layer):
    """`outputs = inputs where positive, else alpha * (exp(inputs) - 1)`: mean activations come near zero.

    Shapes: any, the same comes out. No weights.
    Arguments: `alpha` (1.0; the outputs stay above -alpha).
    Source: Clevert et al., "Fast and accurate deep network learning by exponential linear units", 2016.

    >>> from layers import ELU
    >>> ELU(alpha=0.5)([[-100.0, 3.0]]).numpy().tolist()
    [[-0.5, 3.0]]
    """

    def __init__(self, alpha=1.0, **kwargs):
        super().__init__(**kwargs)
        self.alpha = alpha
        self.supports_masking = True

    def call(self, inputs):
        return activations.elu(inputs, self.alpha)


class Softmax(Layer):
    """Positive numbers that add up to 1 along `axis`.

        outputs = exp(inputs) / Σ exp(inputs),   masked places left out of the sum, and 0

    Shapes: any, the same comes out; `mask` (bool, True counts) broadcasts to the inputs. No weights.
    Arguments: `axis` (-1; several axes are taken as one).
    Errors: ValueError if the mask does not broadcast to the inputs.

    >>> from layers import Softmax
    >>> Softmax()([[1.0, 1.0, 9.0]], mask=[[True, True, False]]).numpy().tolist()
    [[0.5, 0.5, 0.0]]
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis if isinstance(axis, int) else tuple(axis)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        if mask is None:
            return activations.softmax(inputs, self.axis)
        mask = tf.convert_to_tensor(mask)
        pairs = zip(reversed(mask.shape), reversed(inputs.shape))
        if any(ours not in (1, None, theirs) for ours, theirs in pairs if theirs is not None):
            raise ValueError(
                f"{self._title} takes a mask that broadcasts to inputs of shape {inputs.shape}, received one of shape "
                f"{mask.shape}. Add an axis to the mask, or pass the inputs without one."
            )
        # Half of the lowest number: far below all others, and no infinity, whose differences are nan.
        outputs = activations.softmax(tf.where(mask, inputs, inputs.dtype.min / 2), self.axis)
        return outputs * tf.cast(mask, outputs.dtype)
