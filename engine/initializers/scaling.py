"""Random initializers whose spread follows from the shape.

A unit adds up `fan_in` products, so its variance is `fan_in * Var(weight) * Var(input)`: with
`Var(weight) = scale / fan_in` signals keep their size through a deep stack; with `fan_out` the gradients do.
"""

import math

from engine.initializers.distributions import RandomInitializer

# The standard deviation of N(0, 1) cut at -2 and 2: dividing by it makes the spread after the cut the wanted one.
_TRUNCATED_STDDEV = 0.87962566103423978

_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


class VarianceScaling(RandomInitializer):
    """Random values of variance `scale / n`, where n is the number of inputs, outputs, or their mean.

    Fans of a shape (..., inputs, outputs): `fan_in = inputs * receptive`, `fan_out = outputs * receptive`, where
    receptive is the product of the other sizes (a convolution's window).

    `scale`: 1.0, positive. `mode`: "fan_in", "fan_out" or "fan_avg". `distribution`: "truncated_normal" (also
    called "normal"), "untruncated_normal" or "uniform". `seed`: see RandomInitializer. `input_axes`, `output_axes`:
    sequences of axes, both or neither, for weights with another layout; the fans are then the products of those sizes.

    >>> VarianceScaling(2.0, "fan_out", "uniform", seed=1)((3, 3, 8, 16)).shape.as_list()
    [3, 3, 8, 16]
    """

    def __init__(self, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None,
                 input_axes=None, output_axes=None):
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if not scale > 0:
            raise ValueError(f"{type(self).__name__} needs a positive scale; received {scale}.")
        if mode not in _MODES:
            raise ValueError(f"{type(self).__name__}'s mode is one of {_MODES}; received {mode!r}.")
        if distribution not in _DISTRIBUTIONS:
            raise ValueError(
                f"{type(self).__name__}'s distribution is one of {_DISTRIBUTIONS}; received {distribution!r}."
            )
        if (input_axes is None) != (output_axes is None):
            raise ValueError(
                f"{type(self).__name__} takes input_axes and output_axes together; "
                f"received input_axes={input_axes}, output_axes={output_axes}."
            )
        super().__init__(seed)
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes

    def __call__(self, shape, dtype=None):
        shape, dtype = self._static_shape(shape), self._float_dtype(dtype)
        fan_in, fan_out = self._fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)  # the variance of U(-limit, limit) is limit² / 3
            return self._uniform(shape, -limit, limit, dtype)
        if self.distribution == "untruncated_normal":
            return self._normal(shape, 0.0, math.sqrt(variance), dtype)
        return self._truncated_normal(shape, 0.0, math.sqrt(variance) / _TRUNCATED_STDDEV, dtype)

    def _fans(self, shape):
        if self.input_axes is not None:
            try:
                return tuple(math.prod(shape[axis] for axis in axes) for axes in (self.input_axes, self.output_axes))
            except (IndexError, TypeError) as error:
                raise ValueError(
                    f"{type(self).__name__} needs sequences of axes of the shape {shape}; "
                    f"received input_axes={self.input_axes}, output_axes={self.output_axes}."
                ) from error
        if len(shape) < 2:  # a vector feeds itself; a scalar has fan 1
            return math.prod(shape), math.prod(shape)
        receptive = math.prod(shape[:-2])
        return shape[-2] * receptive, shape[-1] * receptive


class GlorotUniform(VarianceScaling):
    """Uniform in ±sqrt(6 / (fan_in + fan_out)): a compromise between signals and gradients (Glorot & Bengio 2010).

    >>> GlorotUniform(seed=1)((3, 5)).shape.as_list()
    [3, 5]
    """

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(1.0, "fan_avg", "uniform", seed, input_axes, output_axes)


class GlorotNormal(VarianceScaling):
    """Truncated normal of variance 2 / (fan_in + fan_out) (Glorot & Bengio 2010).

    >>> GlorotNormal(seed=1)((3, 5)).shape.as_list()
    [3, 5]
    """

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, input_axes, output_axes)


class LecunUniform(VarianceScaling):
    """Uniform in ±sqrt(3 / fan_in): signals keep their variance (LeCun et al. 1998).

    >>> LecunUniform(seed=1)((3, 5)).shape.as_list()
    [3, 5]
    """

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(1.0, "fan_in", "uniform", seed, input_axes, output_axes)


class LecunNormal(VarianceScaling):
    """Truncated normal of variance 1 / fan_in; the partner of the selu activation (Klambauer et al. 2017).

    >>> LecunNormal(seed=1)((3, 5)).shape.as_list()
    [3, 5]
    """

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(1.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


class HeUniform(VarianceScaling):
    """Uniform in ±sqrt(6 / fan_in): twice LeCun's variance, since relu drops half the signal (He et al. 2015).

    >>> HeUniform(seed=1)((3, 5)).shape.as_list()
    [3, 5]
    """

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(2.0, "fan_in", "uniform", seed, input_axes, output_axes)


class HeNormal(VarianceScaling):
    """Truncated normal of variance 2 / fan_in, for relu (He et al. 2015).

    >>> HeNormal(seed=1)((3, 5)).shape.as_list()
    [3, 5]
    """

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(2.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)
