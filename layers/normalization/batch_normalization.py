"""Batch normalization: each feature to mean 0 and variance 1 over the batch."""

import tensorflow as tf

from engine import initializers
from engine.small_parts.input_spec import InputSpec
from layers.normalization.base import ScaledNormalization, along, check_axes, in_full_precision
from losses.ground import whole

_CLIPPING = ("rmax", "rmin", "dmax")
_FUSED_EPSILON = 1.001e-5  # the fused kernel silently raises an epsilon below this one


class BatchNormalization(ScaledNormalization):
    """Brings each feature to mean 0 and variance 1 over the batch, then scales and shifts it.

        outputs = gamma * (inputs - mean) / sqrt(variance + epsilon) + beta

    In training, mean and variance are those of the batch (masked steps left out), and the moving ones follow:
    `moving = momentum * moving + (1 - momentum) * batch's`. In inference, and while the layer is frozen
    (`trainable = False`), the moving ones are used and stay.

    Shapes: (batch, ..., features), the same comes out.
    Weights: `gamma` (ones), `beta` (zeros), and not trainable `moving_mean` (zeros), `moving_variance` (ones), all
    (features,); with `renorm` also `moving_stddev`, `renorm_mean`, `renorm_stddev`.
    Arguments: `axis` (-1, that of the features), `momentum` (0.99), `epsilon` (1e-3), `center`, `scale` (whether
    there is a beta, a gamma), initializers, regularizers and constraints of the weights; `renorm` (False; True
    corrects the batch's statistics by their moving averages, for small batches), `renorm_clipping` (bounds of the
    correction: a dict of "rmax", "rmin", "dmax"), `renorm_momentum` (0.99); `synchronized` (False; True takes the
    statistics over all replicas of a tf.distribute strategy).
    Errors: ValueError for an axis the inputs do not have.
    Source: Ioffe & Szegedy, "Batch normalization", 2015; Ioffe, "Batch renormalization", 2017.

    >>> import tensorflow as tf
    >>> from layers import BatchNormalization
    >>> layer = BatchNormalization(momentum=0.5)
    >>> layer(tf.constant([[1.0], [3.0]]), training=True).numpy().round(2).tolist()
    [[-1.0], [1.0]]
    >>> layer.moving_mean.numpy().tolist(), layer.moving_variance.numpy().tolist()
    ([1.0], [1.0])
    """

    def __init__(self, axis=-1, momentum=0.99, epsilon=0.001, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", moving_mean_initializer="zeros", moving_variance_initializer="ones",
                 beta_regularizer=None, gamma_regularizer=None, beta_constraint=None, gamma_constraint=None,
                 renorm=False, renorm_clipping=None, renorm_momentum=0.99, synchronized=False, **kwargs):  # fmt: skip
        super().__init__(axis, epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
                         gamma_regularizer, beta_constraint, gamma_constraint, **kwargs)  # fmt: skip
        if unknown := set(renorm_clipping or {}) - set(_CLIPPING):
            raise ValueError(f"{self._title} takes the keys {_CLIPPING} in `renorm_clipping`, received {unknown}.")
        self.momentum = momentum
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.renorm = renorm
        self.renorm_clipping = {} if renorm and renorm_clipping is None else renorm_clipping
        self.renorm_momentum = renorm_momentum
        self.synchronized = synchronized

    def build(self, input_shape):
        axes = check_axes(self, self.axis, input_shape)
        if len(axes) != 1:
            raise ValueError(f"{self._title} takes the one axis of the features as `axis`, received {self.axis!r}.")
        self.feature_axis, features = axes[0], input_shape[axes[0]]
        self.add_scale_and_shift([features])

        def statistic(name, initializer):
            return self.add_weight(name=name, shape=[features], initializer=initializer, trainable=False)

        self.moving_mean = statistic("moving_mean", self.moving_mean_initializer)
        self.moving_variance = statistic("moving_variance", self.moving_variance_initializer)
        if self.renorm:
            self.moving_stddev = statistic("moving_stddev", self._first_stddev)
            self.renorm_mean = statistic("renorm_mean", self.moving_mean_initializer)
            self.renorm_stddev = statistic("renorm_stddev", self._first_stddev)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.feature_axis: features})

    def _first_stddev(self, shape, dtype=None):
        return tf.sqrt(self.moving_variance_initializer(shape, dtype=dtype))

    def call(self, inputs, training=None, mask=None):
        x = in_full_precision(inputs)
        gamma, beta = (weight if weight is None else tf.cast(weight, x.dtype) for weight in (self.gamma, self.beta))
        if not training or not self.trainable:
            outputs = self._normalize(x, self.moving_mean, self.moving_variance, gamma, beta)
        elif self._can_be_fused(x, mask):
            outputs, mean, variance = _fused(x, gamma, beta, self.epsilon)
            self._follow(mean, variance)
        else:
            mean, variance = self._statistics(x, mask)
            if self.renorm:
                gamma, beta = self._renormalized(mean, variance, gamma, beta)
            else:
                self._follow(mean, variance)
            outputs = self._normalize(x, mean, variance, gamma, beta)
        return tf.cast(outputs, self.compute_dtype)

    def _can_be_fused(self, x, mask):
        """Whether TensorFlow's one kernel for all of it, several times faster, computes the same numbers."""
        last = self.feature_axis == x.shape.rank - 1
        plain = mask is None and not self.renorm and not self.synchronized
        return last and plain and x.dtype == tf.float32 and self.epsilon > _FUSED_EPSILON

    def _normalize(self, x, mean, variance, gamma, beta):
        axes = [self.feature_axis]
        factors = [along(factor, axes, x) for factor in (mean, variance, beta, gamma)]
        return tf.nn.batch_normalization(x, *factors, self.epsilon)

    def _statistics(self, x, mask):
        """Mean and (biased) variance of each feature over the batch."""
        axes = [axis for axis in range(x.shape.rank) if axis != self.feature_axis]
        total = whole.group.total if self.synchronized else tf.identity
        if mask is not None:
            return _masked_moments(x, tf.cast(mask, x.dtype), axes, total)
        if self.synchronized and whole.group.size() > 1:
            count = total(tf.cast(tf.size(x) // x.shape[self.feature_axis], x.dtype))
            mean = total(tf.reduce_sum(x, axes, keepdims=True)) / count
            variance = total(tf.reduce_sum(tf.square(x - mean), axes)) / count
        else:  # not by tf.nn.moments: it holds the mean of the variance constant, so its second derivatives are wrong
            mean = tf.reduce_mean(x, axes, keepdims=True)
            variance = tf.reduce_mean(tf.square(x - mean), axes)
        return tf.squeeze(mean, axes), variance

    def _follow(self, mean, variance):
        _move(self.moving_mean, mean, self.momentum)
        _move(self.moving_variance, variance, self.momentum)

    def _renormalized(self, mean, variance, gamma, beta):
        """Gamma and beta after which the batch is normalized as if by the moving statistics, within bounds.

            r = clip(stddev / renorm_stddev, rmin, rmax),   d = clip((mean - renorm_mean) / renorm_stddev, -dmax, dmax)
            gamma * (normalized * r + d) + beta = (gamma * r) * normalized + (gamma * d + beta)
        """
        stddev = tf.sqrt(variance + self.epsilon)
        bounds = self.renorm_clipping
        reference = tf.cast(self.renorm_stddev, mean.dtype)
        r = stddev / reference
        d = (mean - tf.cast(self.renorm_mean, mean.dtype)) / reference
        r = tf.clip_by_value(r, bounds.get("rmin", r.dtype.min), bounds.get("rmax", r.dtype.max))
        d = tf.clip_by_value(d, -bounds.get("dmax", d.dtype.max), bounds.get("dmax", d.dtype.max))
        r, d = tf.stop_gradient(r), tf.stop_gradient(d)
        _move(self.renorm_mean, mean, self.renorm_momentum)
        _move(self.renorm_stddev, stddev, self.renorm_momentum)
        _move(self.moving_mean, mean, self.momentum)
        _move(self.moving_stddev, stddev, self.momentum)
        self.moving_variance.assign(tf.nn.relu(tf.square(self.moving_stddev) - self.epsilon))
        shift = d if gamma is None else gamma * d
        return r if gamma is None else gamma * r, shift if beta is None else beta + shift


def _move(variable, value, momentum):
    variable.assign(variable * momentum + tf.cast(value, variable.dtype) * (1 - momentum))


def _masked_moments(x, mask, axes, total):
    """Mean and variance over `axes` of what `mask` (0 or 1, the leading axes of x) leaves; `total` adds up replicas."""
    weights = tf.reshape(mask, [*tf.unstack(tf.shape(mask)), *[1] * (x.shape.rank - mask.shape.rank)])
    counted = total(tf.reduce_sum(tf.broadcast_to(weights, tf.shape(x)), axes, keepdims=True)) + 1e-7
    mean = total(tf.reduce_sum(x * weights, axes, keepdims=True)) / counted
    variance = total(tf.reduce_sum(tf.square(x - mean) * weights, axes, keepdims=True)) / counted
    return tf.squeeze(mean, axes), tf.squeeze(variance, axes)


def _fused(x, gamma, beta, epsilon):
    """(outputs, mean, variance) of `x` with the features last, by one kernel."""
    features = x.shape[-1]
    gamma = tf.ones(features, x.dtype) if gamma is None else gamma
    beta = tf.zeros(features, x.dtype) if beta is None else beta
    rows = x if x.shape.rank == 4 else tf.reshape(x, (-1, 1, 1, features))
    outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(rows, gamma, beta, epsilon=epsilon)
    count = tf.cast(tf.size(x) // features, x.dtype)
    variance *= (count - 1) / count  # the kernel divides by count - 1
    if x.shape.rank != 4:
        outputs = tf.ensure_shape(tf.reshape(outputs, tf.shape(x)), x.shape)
    return outputs, mean, variance
