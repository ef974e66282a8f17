"""The bundled set: 1,797 real handwritten digits, as arrays. README.md tells where the images come from."""

import collections
import csv
import gzip
import hashlib
import pathlib

import numpy as np

NAME, SHAPE, CLASSES, SPLITS = "digits", (8, 8, 1), 10, ("train", "test")

_FILE = pathlib.Path(__file__).with_name("digits.csv.gz")
_INK = 16  # the darkest value in the file
_TEST_EVERY = 5


def rows(split):
    """(number of the row, image, label) of one part, in the file's order; pixels from 0 (paper) to 255 (ink).

    Every fifth image of each class is for the test: all classes and all 13 writers are in both parts, so the test is of
    new images and not of new hands.
    """
    with gzip.open(_FILE, "rt", newline="") as file:
        table = np.array(list(csv.reader(file)), dtype=np.int64)
    seen = collections.Counter()
    for number, (*pixels, label) in enumerate(table):
        seen[label] += 1
        if (split == "test") == (seen[label] % _TEST_EVERY == 0):
            yield number, np.round(np.reshape(pixels, SHAPE) * 255 / _INK).astype(np.uint8), int(label)


def arrays(split):
    """(images, labels) of one part, in the order in which tensorflow-datasets has them: by the MD5 of their numbers."""
    mixed = sorted(rows(split), key=lambda row: hashlib.md5(f"{split}{row[0]}".encode()).hexdigest())
    return np.stack([image for _, image, _ in mixed]), np.array([label for *_, label in mixed], np.int64)
