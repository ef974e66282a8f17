"""Data to learn from: the bundled digits, and any image-classification set of tensorflow-datasets, by one `load`."""

from engine.datasets.digits import Digits
from engine.datasets.loading import DatasetError, Info, load

__all__ = ["DatasetError", "Digits", "Info", "load"]
