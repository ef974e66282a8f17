"""Initializers whose values belong together: a rotation, a Fourier transform."""

import math

import numpy as np
import tensorflow as tf

from engine import dtypes
from engine.initializers.distributions import RandomInitializer
from engine.initializers.fixed import Initializer


class Orthogonal(RandomInitializer):
    """A random rotation times `gain`: it keeps every length, so recurrent states neither explode nor vanish.

    The shape is seen as a matrix (product of all sizes but the last, last); its rows or columns, whichever are
    fewer, are orthonormal. From the QR decomposition of a normal matrix, signs set so that R's diagonal is
    positive, which makes every rotation equally likely (Saxe et al. 2014; Mezzadri 2007).

    `gain`: 1.0. `seed`: see RandomInitializer. Raises ValueError for fewer than 2 sizes.

    >>> w = Orthogonal(seed=1)((2, 3))
    >>> bool(tf.reduce_max(tf.abs(w @ tf.transpose(w) - tf.eye(2))) < 1e-6)
    True
    """

    def __init__(self, gain=1.0, seed=None):
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape, dtype=None):
        shape, dtype = self._static_shape(shape), self._float_dtype(dtype)
        if len(shape) < 2:
            raise ValueError(f"Orthogonal needs a shape of at least 2 sizes; received {shape}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        qr_dtype = tf.float32 if dtype == tf.bfloat16 else dtype  # TensorFlow has no QR in bfloat16
        tall = self._normal((max(rows, columns), min(rows, columns)), 0.0, 1.0, qr_dtype)
        q, r = tf.linalg.qr(tall)
        q *= tf.sign(tf.linalg.diag_part(r))
        q = tf.transpose(q) if rows < columns else q
        return tf.cast(self.gain * tf.reshape(q, shape), dtype)


class STFT(Initializer):
    """Kernel of a 1-D convolution that computes a short-time Fourier transform, `x` (batch, time, 1).

    `kernel[n, 0, k] = window[n] * cos(2πnk / N)` for the real part, `-window[n] * sin(2πnk / N)` for the
    imaginary one; shape (frame length, 1, N/2 + 1), so N follows from the last size.

    `side`: "real" or "imag". `window`: "hann" (no jumps at the frame's ends), "hamming", an array of the frame's
    length, or None. `scaling`: "density" divides by sqrt(Σ window²), "spectrum" by Σ window, None does not; without
    a window there is nothing to divide by. `periodic`: the window as one period of a longer wave.

    >>> STFT("real", window=None)((4, 1, 3)).numpy()[:, 0].round(1).tolist()
    [[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -1.0, 1.0], [1.0, -0.0, -1.0]]
    """

    def __init__(self, side="real", window="hann", scaling="density", periodic=False):
        if side not in ("real", "imag"):
            raise ValueError(f"STFT's side is 'real' or 'imag'; received {side!r}.")
        if isinstance(window, str) and window not in ("hann", "hamming"):
            raise ValueError(f"STFT's window is 'hann', 'hamming', an array or None; received {window!r}.")
        if scaling not in (None, "density", "spectrum"):
            raise ValueError(f"STFT's scaling is 'density', 'spectrum' or None; received {scaling!r}.")
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def __call__(self, shape, dtype=None):
        shape, dtype = self._static_shape(shape), dtypes.dtype(dtype)
        if len(shape) != 3 or shape[1] != 1 or shape[2] < 2:
            raise ValueError(f"STFT needs a shape (frame length, 1, at least 2 frequencies); received {shape}.")
        length, _, frequencies = shape
        angle = np.pi / (frequencies - 1) * np.outer(np.arange(length), np.arange(frequencies))
        wave = np.cos(angle) if self.side == "real" else -np.sin(angle)
        return tf.cast((self._scaled_window(length)[:, None] * wave)[:, None, :], dtype)

    def _scaled_window(self, length):
        if self.window is None:
            return np.ones(length)
        if isinstance(self.window, str):
            low = {"hann": 0.0, "hamming": 0.08}[self.window]
            period = max(1, length if self.periodic else length - 1)
            window = (1 + low) / 2 - (1 - low) / 2 * np.cos(2 * np.pi * np.arange(length) / period)
        else:
            window = np.asarray(self.window, dtype=float)
        if window.shape != (length,):
            raise ValueError(f"STFT's window has shape {window.shape}, the frame length is {length}.")
        if self.scaling is None:
            return window
        return window / (np.sqrt(np.sum(window**2)) if self.scaling == "density" else np.sum(window))
