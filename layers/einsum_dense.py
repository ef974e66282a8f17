"""EinsumDense: a dense layer for any axes, written as an equation."""

import copy
import re

import tensorflow as tf

from engine import activations, initializers
from engine.core.layer import Layer
from engine.dtypes import cast
from layers.weights import keep_arguments, make_weight


class EinsumDense(Layer):
    """A fully connected layer over the axes that an Einstein sum names.

        outputs = activation(einsum(equation, inputs, kernel) + bias)

    The equation is "inputs,kernel->outputs", one letter an axis: "ab,bc->ac" is Dense, "abc,cd->abd" Dense on a
    sequence, "...x,xy->...y" Dense on any rank, "abc,cde->abde" the projection to heads of attention.

    Shapes: as the equation says. Weights: `kernel`, sized by inputs and outputs; `bias`, the axes `bias_axes`.
    Arguments: `equation`; `output_shape` (the outputs without the batch axis, None where the input decides; with a
    leading "..." the last axes), `activation` (None: linear), `bias_axes` (letters of the outputs, None: no bias),
    and for kernel and bias an initializer, a regularizer and a constraint.
    Errors: ValueError for an equation of another form, or one that contradicts the shapes.

    >>> import tensorflow as tf
    >>> from layers import EinsumDense
    >>> layer = EinsumDense("abc,cde->abde", output_shape=(None, 2, 5), bias_axes="de")
    >>> layer(tf.ones((3, 4, 6))).shape, layer.kernel.shape, layer.bias.shape
    (TensorShape([3, 4, 2, 5]), TensorShape([6, 2, 5]), TensorShape([2, 5]))
    """

    def __init__(self, equation, output_shape, activation=None, bias_axes=None, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None, kernel_constraint=None,
                 bias_constraint=None, activity_regularizer=None, **kwargs):  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.equation = equation
        self.output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        keep_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        keep_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape):
        kernel_shape, bias_shape = weight_shapes(self, input_shape)
        self.kernel = make_weight(self, "kernel", kernel_shape, initializer=self._with_fans(self.kernel_initializer))
        self.bias = make_weight(self, "bias", bias_shape) if bias_shape is not None else None

    def _with_fans(self, initializer):
        """`initializer`; one that scales by fans is told them: summed axes are inputs, all others outputs."""
        if not isinstance(initializer, initializers.VarianceScaling) or initializer.input_axes is not None:
            return initializer
        kernel, outputs = re.split(",|->", self.equation.replace(" ", ""))[1:]
        initializer = copy.copy(initializer)
        initializer.input_axes = [axis for axis, letter in enumerate(kernel) if letter not in outputs]
        initializer.output_axes = [axis for axis, letter in enumerate(kernel) if letter in outputs]
        return initializer

    def call(self, inputs):
        inputs = cast(inputs, self.compute_dtype)
        outputs = tf.einsum(self.equation, inputs, tf.cast(self.kernel, inputs.dtype))
        if self.bias is not None:
            outputs = outputs + tf.cast(self.bias, inputs.dtype)
        return outputs if self.activation is None else self.activation(outputs)


def weight_shapes(layer, input_shape):
    """The shapes of kernel and bias (None: no bias): each letter takes its size from inputs or outputs."""
    form = r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?"
    found = re.fullmatch(form, layer.equation.replace(" ", ""))
    dots = found and (found[1], found[3])
    if not found or all(dots) or dots != (found[5], found[7]):
        raise ValueError(
            f"{layer._title} takes an equation such as 'ab,bc->ac', '...x,xy->...y' or 'ab...,bc->ac...', "
            f"received {layer.equation!r}."
        )
    leading, left, kernel, right = found[1], found[2], found[4], found[6]
    # Without leading dots the letters start at the batch axis, of which output_shape does not speak.
    sizes = dict(zip(left[::-1], input_shape[::-1]) if leading else zip(left, input_shape))
    wanted = dict(zip(right[::-1], layer.output_shape[::-1]) if leading else zip(right[1:], layer.output_shape))
    for letter in set(sizes) & set(wanted):
        if None not in (sizes[letter], wanted[letter]) and sizes[letter] != wanted[letter]:
            raise ValueError(
                f"{layer._title}: axis {letter!r} of {layer.equation!r} is {sizes[letter]} in the inputs and "
                f"{wanted[letter]} in output_shape. Write None there."
            )
        wanted[letter] = sizes[letter]
    sizes = {**wanted, **sizes}
    if unknown := (set(right) | set(kernel)) - set(sizes) or set(right) - set(left + kernel):
        raise ValueError(f"{layer._title}: axis {min(unknown)!r} of {layer.equation!r} has no size: it is in neither "
                         f"inputs {tuple(input_shape)} nor output_shape {layer.output_shape}.")  # fmt: skip
    if not layer.bias_axes:
        return [sizes[letter] for letter in kernel], None
    if unknown := set(layer.bias_axes) - set(right):
        raise ValueError(f"{layer._title}: bias axis {min(unknown)!r} is not an axis of the outputs {right!r}.")
    first = min(right.index(letter) for letter in layer.bias_axes)
    bias = [sizes[letter] if letter in layer.bias_axes else 1 for letter in right[first:]]
    elided = len(input_shape) - len(left) if found[3] else 0
    return [sizes[letter] for letter in kernel], bias + [1] * elided
