"""The rows of the tables of layers (tests/parity/rows) that several replicas can share, by id."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).parents[1] / "parity"))

from rows import ROWS  # noqa: E402

import layers  # noqa: E402
from layers.augmentation.images import ImageLayer  # noqa: E402


def _is_one_image(row):
    """Whether a layer of images gets one alone, whose first axis is no row of a batch."""
    shape = getattr(row.x, "shape", row.x)
    return issubclass(getattr(layers, row.part.name, object), ImageLayer) and isinstance(shape, tuple) and len(shape) == 3


BY_ID = {row.id: row for row in ROWS if row.raises is None and not (
    "stateful=True" in row.id  # its state belongs to places in a batch of one size
    or row.part.arguments.get("axis") == 0  # puts batches together
    or _is_one_image(row)
    or any(isinstance(item, list) and item[0] is None for item in row.call.values())  # no array to cut
)}  # fmt: skip
_NOISES = ("dropout=", "Dropout", "Noise", "Random", "Mix")
DRAWING = tuple(name for name in BY_ID if any(word in name for word in _NOISES) and "training" in name)
