"""The bundled digits as a builder of tensorflow-datasets, for a directory of prepared sets.

Defining the class registers it: from then on `tfds.load("digits")` works as for any other set.
"""

import pathlib

import tensorflow_datasets as tfds

from engine.datasets import bundled


class Digits(tfds.core.GeneratorBasedBuilder):
    """Handwritten digits, 8x8 pixels, 0 (paper) to 255 (ink); 1,442 to train on and 355 for the test."""

    VERSION = tfds.core.Version("1.0.0")
    pkg_dir_path = pathlib.Path(__file__).parent

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description="Handwritten digits, 8x8 pixels: the bundled part of the UCI set.",
            features=tfds.features.FeaturesDict({
                "image": tfds.features.Image(shape=bundled.SHAPE),
                "label": tfds.features.ClassLabel(num_classes=bundled.CLASSES),
            }),
            supervised_keys=("image", "label"),
            homepage="https://archive.ics.uci.edu/dataset/80",
            license="CC BY 4.0",
            citation="E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits. UCI, 1998.",
        )  # fmt: skip

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in bundled.SPLITS}

    def _generate_examples(self, split):
        for number, image, label in bundled.rows(split):
            yield number, {"image": image, "label": label}
