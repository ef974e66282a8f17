"""Data to learn from: the bundled digits, and any image-classification set of tensorflow-datasets, by one `load`,
or by `stream` where they are larger than memory."""

from engine.datasets.digits import Digits
from engine.datasets.loading import DatasetError, Info, load
from engine.datasets.streaming import fits_in_memory, stream

__all__ = ["DatasetError", "Digits", "Info", "fits_in_memory", "load", "stream"]
