"""Data to learn from: the bundled digits, and any image-classification set of tensorflow-datasets, by one `load`,
or by `stream` where they are larger than memory.

tensorflow-datasets is imported when a set of it is asked for, or `Digits`, the bundled set as one of its builders.
"""

import importlib

from engine.datasets.loading import DatasetError, Info, load
from engine.datasets.streaming import fits_in_memory, stream

__all__ = ["DatasetError", "Digits", "Info", "fits_in_memory", "load", "stream"]


def __getattr__(name):
    if name == "Digits":
        return importlib.import_module("engine.datasets.digits").Digits
    raise AttributeError(f"module 'engine.datasets' has no attribute {name!r}")
