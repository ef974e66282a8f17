"""The bundled set: 1,797 real handwritten digits, as a builder of tensorflow-datasets.

Defining the class registers it: from then on `tfds.load("digits")` works as for any other set.
"""

import collections
import csv
import gzip
import pathlib

import numpy as np
import tensorflow_datasets as tfds

_FILE = pathlib.Path(__file__).with_name("digits.csv.gz")
_INK = 16  # the darkest value in the file
_TEST_EVERY = 5


class Digits(tfds.core.GeneratorBasedBuilder):
    """Handwritten digits, 8x8 pixels, 0 (paper) to 255 (ink); 1,442 to train on and 355 for the test.

    Every fifth image of each class, in the file's order, is for the test: all classes and all 13 writers are in both
    parts, so the test is of new images and not of new hands. README.md tells where the images come from.
    """

    VERSION = tfds.core.Version("1.0.0")
    pkg_dir_path = pathlib.Path(__file__).parent

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description="Handwritten digits, 8x8 pixels: the bundled part of the UCI set.",
            features=tfds.features.FeaturesDict({
                "image": tfds.features.Image(shape=(8, 8, 1)),
                "label": tfds.features.ClassLabel(num_classes=10),
            }),
            supervised_keys=("image", "label"),
            homepage="https://archive.ics.uci.edu/dataset/80",
            license="CC BY 4.0",
            citation="E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits. UCI, 1998.",
        )  # fmt: skip

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples("train"), "test": self._generate_examples("test")}

    def _generate_examples(self, split):
        with gzip.open(_FILE, "rt", newline="") as file:
            rows = np.array(list(csv.reader(file)), dtype=np.int64)
        seen = collections.Counter()
        for index, (*pixels, label) in enumerate(rows):
            seen[label] += 1
            if (split == "test") == (seen[label] % _TEST_EVERY == 0):
                gray = np.round(np.reshape(pixels, (8, 8, 1)) * 255 / _INK).astype(np.uint8)
                yield index, {"image": gray, "label": int(label)}
