"""Spectral normalization: a layer that cannot stretch its inputs."""

import tensorflow as tf

from engine import initializers
from engine.small_parts.account import spend
from engine.small_parts.input_spec import InputSpec
from engine.small_parts.sizes import positive_integer
from layers.normalization.unit_normalization import unit_length
from layers.wrapper import Wrapper


class SpectralNormalization(Wrapper):
    """Keeps the largest singular value σ of a layer's kernel near 1: at each training call `kernel = kernel / σ`.

        v = unit(u @ Wᵀ),   u = unit(v @ W)     (`power_iterations` times),     σ = v @ W @ uᵀ

    W is the kernel as a matrix (all inputs, outputs). One iteration a call is enough, because the kernel changes
    little between calls and `vector_u` remembers. The gradient is that of the divided kernel, σ taken as constant.

    Shapes: those of `layer`. Weights: those of `layer`, and `vector_u` (1, outputs), not trainable.
    Arguments: `layer` (it has a `kernel` or `embeddings`), `power_iterations` (1).
    Errors: ValueError if the layer has neither.
    Source: Miyato et al., "Spectral normalization for generative adversarial networks", 2018.

    >>> import tensorflow as tf
    >>> from layers import Dense, SpectralNormalization
    >>> layer = SpectralNormalization(Dense(2, use_bias=False, kernel_initializer="ones"), power_iterations=5)
    >>> layer(tf.ones((1, 2)), training=True).numpy().round(3).tolist()
    [[1.0, 1.0]]
    """

    def __init__(self, layer, power_iterations=1, **kwargs):
        super().__init__(layer, **kwargs)
        self.power_iterations = positive_integer(self, "power_iterations", power_iterations)

    def build(self, input_shape):
        super().build(input_shape)
        self.input_spec = InputSpec(shape=[None, *input_shape[1:]])
        name = next((name for name in ("kernel", "embeddings") if hasattr(self.layer, name)), None)
        if name is None:
            raise ValueError(f"{self._title} takes a layer with a `kernel` or `embeddings`, received {self.layer!r}.")
        self.kernel = getattr(self.layer, name)
        self.vector_u = self.add_weight(
            name="vector_u", shape=(1, self.kernel.shape[-1]), initializer=initializers.TruncatedNormal(stddev=0.02),
            trainable=False,
        )

    def call(self, inputs, training=False):
        if training:
            self._normalize()
        return self.layer(inputs)

    def _normalize(self):
        spend(f"the iterations of {self._title}", steps=self.power_iterations)
        weights = tf.reshape(self.kernel, (-1, self.kernel.shape[-1]))
        u = tf.convert_to_tensor(self.vector_u)
        for _ in range(self.power_iterations):
            v = unit_length(tf.matmul(u, weights, transpose_b=True), -1)
            u = unit_length(tf.matmul(v, weights), -1)
        sigma = tf.squeeze(tf.matmul(tf.matmul(v, weights), u, transpose_b=True))
        # A kernel of zeros has no direction to remember and stays as it is.
        self.vector_u.assign(tf.where(sigma > 0, u, self.vector_u))
        self.kernel.assign(self.kernel / tf.where(sigma > 0, sigma, tf.ones_like(sigma)))
