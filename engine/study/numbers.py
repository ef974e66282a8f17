"""An array in a few numbers."""

import dataclasses

import numpy as np
import tensorflow as tf

_BINS = 32


@dataclasses.dataclass
class Numbers:
    """`norm` is the Euclidean one; `zeros` and `non_finite` are shares from 0 to 1; `counts` and `edges` a histogram.

    Mean, deviation, norm and histogram are those of the finite values.
    """

    size: int
    mean: float
    deviation: float
    norm: float
    zeros: float
    non_finite: float
    counts: list
    edges: tuple  # lowest and highest

    def short(self):
        """Cells of a table: mean, deviation, share of zeros, share of non-finite values."""
        bad = share(self.non_finite) if self.non_finite else ""
        return f"{self.mean:.3g}", f"{self.deviation:.3g}", share(self.zeros), bad


def numbers(arrays):
    """The Numbers of an array, or of all in a list of arrays together; None if there are none."""
    arrays = arrays if isinstance(arrays, (list, tuple)) else [arrays]
    if not arrays:
        return None
    values = np.concatenate([np.asarray(array, "float64").ravel() for array in arrays])
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Numbers(values.size, np.nan, np.nan, np.nan, 0.0, 1.0 if values.size else 0.0, [0] * _BINS, (0.0, 0.0))
    lowest, highest = float(finite.min()), float(finite.max())
    spread = max(highest - lowest, 1e-30 + 1e-12 * max(abs(lowest), abs(highest)))
    places = np.minimum(((finite - lowest) / spread * _BINS).astype(int), _BINS - 1)
    return Numbers(
        values.size, float(finite.mean()), float(finite.std()), float(np.linalg.norm(finite)),
        float(np.mean(values == 0)), 1 - finite.size / values.size,
        np.bincount(places, minlength=_BINS).tolist(), (lowest, highest),
    )  # fmt: skip


def floating(structure):
    """The floating tensors with values in a nest, as arrays."""
    return [item.numpy() for item in tf.nest.flatten(structure) if has_values(item) and item.dtype.is_floating]


def has_values(item):
    """Whether `item` is a tensor of now, not of a graph."""
    return isinstance(item, tf.Tensor) and hasattr(item, "numpy")


def share(part):
    """0.25 → "25 %"."""
    return f"{100 * part:.3g} %"
