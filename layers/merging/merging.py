"""Several inputs become one: sum, product, mean, extremes, side by side, scalar products.

Each layer has a function of the same name that makes the layer and calls it: `add([a, b])`.
"""

import functools
import operator
import string

import tensorflow as tf

from layers.merging.base import Merge, check_list, in_one_dtype
from layers.normalization.unit_normalization import unit_length


class Add(Merge):
    """The sum of the inputs: `outputs = a + b + ...`. Shapes: a list of broadcastable ones → the broadcast one.

    >>> import tensorflow as tf
    >>> from layers import Add
    >>> Add()([tf.ones((1, 2)), tf.ones((1, 2))]).numpy().tolist()
    [[2.0, 2.0]]
    """

    def merge(self, inputs):
        return functools.reduce(operator.add, inputs)


class Subtract(Merge):
    """The difference of two inputs: `outputs = a - b`. Shapes: a list of two broadcastable ones → the broadcast one.

    >>> import tensorflow as tf
    >>> from layers import Subtract
    >>> Subtract()([tf.ones((1, 2)), tf.ones((1, 2))]).numpy().tolist()
    [[0.0, 0.0]]
    """

    num_inputs = 2

    def merge(self, inputs):
        return inputs[0] - inputs[1]


class Multiply(Merge):
    """The product of the inputs, element by element: `outputs = a * b * ...`.

    A step masked in one input is left out (counts as 1); masked in all, it gives 0.
    Shapes: a list of broadcastable ones → the broadcast one.

    >>> import tensorflow as tf
    >>> from layers import Multiply
    >>> Multiply()([tf.constant([[2.0, 3.0]]), tf.constant([[4.0, 5.0]])]).numpy().tolist()
    [[8.0, 15.0]]
    """

    neutral = staticmethod(lambda dtype: 1)

    def merge(self, inputs):
        return functools.reduce(operator.mul, inputs)

    def where_all_masked(self, first):
        return tf.zeros((), first.dtype)


class Average(Merge):
    """The mean of the inputs: `outputs = (a + b + ...) / n`. Shapes: a list of broadcastable ones → the broadcast one.

    >>> import tensorflow as tf
    >>> from layers import Average
    >>> Average()([tf.zeros((1, 2)), tf.ones((1, 2))]).numpy().tolist()
    [[0.5, 0.5]]
    """

    def merge(self, inputs):
        return functools.reduce(operator.add, inputs) / len(inputs)


class Maximum(Merge):
    """The largest of the inputs, element by element; a step masked in one input is left out.

    Shapes: a list of broadcastable ones → the broadcast one.

    >>> import tensorflow as tf
    >>> from layers import Maximum
    >>> Maximum()([tf.constant([[2.0, 3.0]]), tf.constant([[1.0, 5.0]])]).numpy().tolist()
    [[2.0, 5.0]]
    """

    neutral = staticmethod(lambda dtype: dtype.min)

    def merge(self, inputs):
        return functools.reduce(tf.maximum, inputs)


class Minimum(Merge):
    """The smallest of the inputs, element by element; a step masked in one input is left out.

    Shapes: a list of broadcastable ones → the broadcast one.

    >>> import tensorflow as tf
    >>> from layers import Minimum
    >>> Minimum()([tf.constant([[2.0, 3.0]]), tf.constant([[1.0, 5.0]])]).numpy().tolist()
    [[1.0, 3.0]]
    """

    neutral = staticmethod(lambda dtype: dtype.max)

    def merge(self, inputs):
        return functools.reduce(tf.minimum, inputs)


class Concatenate(Merge):
    """The inputs side by side along `axis`.

    Shapes: a list of ones that agree but for `axis` → that with the sizes of `axis` added. Masks are joined if `axis`
    is one of theirs; else a step counts if it counts in any input. Arguments: `axis` (-1).
    Errors: ValueError if the other sizes differ.

    >>> import tensorflow as tf
    >>> from layers import Concatenate
    >>> Concatenate()([tf.zeros((1, 2)), tf.ones((1, 1))]).numpy().tolist()
    [[0.0, 0.0, 1.0]]
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape):
        check_list(self, input_shape)
        ranks = {len(shape) for shape in input_shape}
        rank = max(ranks)
        fits = len(ranks) == 1 and -rank <= self.axis < rank
        others = [[shape[a] for shape in input_shape] for a in range(rank) if a != self.axis % rank] if fits else []
        if not fits or any(len(set(sizes) - {None}) > 1 for sizes in others):
            raise ValueError(f"{self._title} takes inputs that agree in all axes but {self.axis}, received shapes "
                             f"{[tuple(shape) for shape in input_shape]}.")  # fmt: skip

    def merge(self, inputs):
        return tf.concat(inputs, self.axis)

    def compute_mask(self, inputs, previous_mask=None):
        if previous_mask is None or all(mask is None for mask in previous_mask):
            return None
        axes = max(mask.shape.rank for mask in previous_mask if mask is not None)
        masks = [tf.ones(tf.shape(item)[:axes], tf.bool) if mask is None else mask
                 for item, mask in zip(inputs, previous_mask)]  # fmt: skip
        axis = self.axis % inputs[0].shape.rank
        return tf.concat(masks, axis) if axis < axes else functools.reduce(tf.logical_or, masks)


class Dot(Merge):
    """Scalar products of two inputs along one axis of each, sample by sample.

        outputs[b, i, j] = Σ_k x[b, i, k] * y[b, j, k]        (axes=2)

    Shapes: the batch, the other axes of x, then those of y; (batch, 1) if none are left.
    Arguments: `axes` (the axis to sum over, or a pair: x's and y's), `normalize` (False; True divides both by their
    length along it first: the cosine of their angle).
    Errors: ValueError if the two axes differ in size, or are the batch.

    >>> import tensorflow as tf
    >>> from layers import Dot
    >>> Dot(axes=1)([tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0]])]).numpy().tolist()
    [[11.0]]
    """

    num_inputs = 2

    def __init__(self, axes, normalize=False, **kwargs):
        super().__init__(**kwargs)
        pair = [axes, axes] if isinstance(axes, int) else axes
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not all(isinstance(axis, int) for axis in pair):
            raise ValueError(f"{self._title} takes an axis or a pair of axes as `axes`, received {axes!r}.")
        self.axes = axes
        self.normalize = normalize

    def _axes_of(self, shapes):
        pair = [self.axes, self.axes] if isinstance(self.axes, int) else self.axes
        return [axis % len(shape) if -len(shape) <= axis < len(shape) else 0 for axis, shape in zip(pair, shapes)]

    def build(self, input_shape):
        check_list(self, input_shape)
        axes = self._axes_of(input_shape)
        sizes = {shape[axis] for axis, shape in zip(axes, input_shape)}
        if 0 in axes or len(sizes - {None}) > 1:
            raise ValueError(
                f"{self._title} sums over axes {self.axes} of its two inputs, which must be of one size and not the "
                f"batch; received shapes {[tuple(shape) for shape in input_shape]}."
            )

    def call(self, inputs):
        check_list(self, inputs)
        axes = self._axes_of([item.shape for item in inputs])
        letters = iter(string.ascii_lowercase[2:])  # a is the batch, b the summed axis
        names = [["a", *(next(letters) for _ in item.shape[1:])] for item in inputs]
        for name, axis in zip(names, axes):
            name[axis] = "b"
        left, right = ("".join(name) for name in names)
        inputs = in_one_dtype(inputs)
        if self.normalize:
            inputs = [unit_length(item, axis) for item, axis in zip(inputs, axes)]
        outputs = tf.einsum(f"{left},{right}->{(left + right[1:]).replace('b', '')}", *inputs)
        return outputs[:, tf.newaxis] if outputs.shape.rank == 1 else outputs

    def compute_mask(self, inputs, previous_mask=None):
        return None


def add(inputs, **kwargs):
    """The sum of inputs: `Add(**kwargs)(inputs)`. Arguments and shapes: as `Add`.

    >>> import tensorflow as tf
    >>> from layers import add
    >>> add([tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0]])]).numpy().tolist()
    [[4.0, 6.0]]
    """
    return Add(**kwargs)(inputs)


def subtract(inputs, **kwargs):
    """The difference of two inputs: `Subtract(**kwargs)(inputs)`. Arguments and shapes: as `Subtract`.

    >>> import tensorflow as tf
    >>> from layers import subtract
    >>> subtract([tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0]])]).numpy().tolist()
    [[-2.0, -2.0]]
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs, **kwargs):
    """The product of inputs, element by element: `Multiply(**kwargs)(inputs)`. Arguments and shapes: as `Multiply`.

    >>> import tensorflow as tf
    >>> from layers import multiply
    >>> multiply([tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0]])]).numpy().tolist()
    [[3.0, 8.0]]
    """
    return Multiply(**kwargs)(inputs)


def average(inputs, **kwargs):
    """The average of inputs: `Average(**kwargs)(inputs)`. Arguments and shapes: as `Average`.

    >>> import tensorflow as tf
    >>> from layers import average
    >>> average([tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0]])]).numpy().tolist()
    [[2.0, 3.0]]
    """
    return Average(**kwargs)(inputs)


def maximum(inputs, **kwargs):
    """The larger of inputs, element by element: `Maximum(**kwargs)(inputs)`. Arguments and shapes: as `Maximum`.

    >>> import tensorflow as tf
    >>> from layers import maximum
    >>> maximum([tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0]])]).numpy().tolist()
    [[3.0, 4.0]]
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs, **kwargs):
    """The smaller of inputs, element by element: `Minimum(**kwargs)(inputs)`. Arguments and shapes: as `Minimum`.

    >>> import tensorflow as tf
    >>> from layers import minimum
    >>> minimum([tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0]])]).numpy().tolist()
    [[1.0, 2.0]]
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs, axis=-1, **kwargs):
    """Inputs side by side along `axis`: `Concatenate(axis, **kwargs)(inputs)`. Arguments and shapes: as `Concatenate`.

    >>> import tensorflow as tf
    >>> from layers import concatenate
    >>> concatenate([tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0]])]).numpy().tolist()
    [[1.0, 2.0, 3.0, 4.0]]
    """
    return Concatenate(axis, **kwargs)(inputs)


def dot(inputs, axes=-1, **kwargs):
    """Products of two inputs, summed over `axes`: `Dot(axes, **kwargs)(inputs)`. Arguments and shapes: as `Dot`.

    >>> import tensorflow as tf
    >>> from layers import dot
    >>> dot([tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0]])]).numpy().tolist()
    [[11.0]]
    """
    return Dot(axes, **kwargs)(inputs)
