"""Every layer against Keras: one test per row of the tables in rows/, and the gate that no layer goes without one."""

import inspect

import keras
import pytest
from rows import ROWS

import layers
from engine.core.layer import Layer
from engine.study.parity import check_row

WITHOUT_ROW = {
    "Layer": "the base of all rows",
    "InputLayer": "has no numbers; tests/unit/test_symbolic.py",
    "Wrapper": "has no call; Bidirectional, TimeDistributed and SpectralNormalization are wrappers",
}
AUGMENTATION = "an augmentation beyond flip, translation, rotation, zoom and contrast; belongs into the data pipeline"
TEXT = "turns strings and categories into numbers; belongs into the data pipeline"
AUDIO = "a spectrogram; tf.signal.stft in a Lambda layer"
OTHER = "wraps a model of another framework or format"
NOT_OFFERED = {  # what Keras names in keras.layers and what is not here, with the reason
    **dict.fromkeys("""AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization MixUp Pipeline
        RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomCrop RandomElasticTransform
        RandomErasing RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization
        RandomSaturation RandomSharpness RandomShear Solarization MaxNumBoundingBoxes Resizing""".split(), AUGMENTATION),
    **dict.fromkeys("""Discretization HashedCrossing Hashing IntegerLookup StringLookup TextVectorization""".split(), TEXT),
    **dict.fromkeys(("MelSpectrogram", "STFTSpectrogram"), AUDIO),
    **dict.fromkeys(("FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"), OTHER),
    "ReversibleEmbedding": "an Embedding that is also the last layer; share its variable instead",
    "serialize": "keras.layers.serialize of any layer: layer.get_config() and losses.configurable.serialize",
    "deserialize": "engine.saving rebuilds layers from configs",
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row):
    check_row(row)


def test_every_layer_has_a_row():
    with_row = {getattr(layers, row.part.name) for row in ROWS if row.raises is None}
    public = {cls for _, cls in inspect.getmembers(layers, inspect.isclass) if issubclass(cls, Layer)}
    assert {cls.__name__ for cls in public - with_row} == set(WITHOUT_ROW)


def test_every_layer_of_keras_is_here_or_left_out_with_a_reason():
    theirs = {name for name in dir(keras.layers) if not name.startswith("_")}
    assert theirs - set(dir(layers)) == set(NOT_OFFERED)
