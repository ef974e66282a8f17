"""Every layer against Keras: one test per row of the tables in rows/, and the gate that no layer goes without one."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from rows import ROWS

import layers
from engine.core.layer import Layer
from engine.study.older_keras import is_older
from engine.study.parity import NotInKeras, check_row

WITHOUT_ROW = {
    "Layer": "the base of all rows",
    "InputLayer": "has no numbers; tests/unit/test_symbolic.py",
    "Remat": "Keras has a function and a scope for it; tests/unit/test_remat.py",
    **dict.fromkeys(("Discretization", "HashedCrossing", "Hashing", "IntegerLookup", "StringLookup", "TextVectorization"),
                    "numbers strings and categories; tests/unit/test_text_layers.py"),
    **dict.fromkeys(("RandomHeight", "RandomWidth", "Pipeline"), "Keras 3 has none, or no numbers; tests/unit/test_augmentation.py"),
    "Wrapper": "has no call; Bidirectional, TimeDistributed and SpectralNormalization are wrappers",
}
# What Keras names in keras.layers and what is not here, by reason.
REASONS = {
    "an augmentation made of others, drawn for the whole batch; the layers one after the other": "AugMix RandAugment",
    "an augmentation for special tasks; belongs into the data pipeline": """
        ContrastLimitedAdaptiveHistogramEqualization MaxNumBoundingBoxes RandomElasticTransform RandomPerspective""",
    "a spectrogram; tf.signal.stft does it": "MelSpectrogram STFTSpectrogram",
    "wraps a model of another framework or format": "FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper",
    "an Embedding that is also the last layer; share the variable of an Embedding": "ReversibleEmbedding",
    "engine.saving does it": "serialize deserialize",
}
NOT_OFFERED = {name: reason for reason, names in REASONS.items() for name in names.split()}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row):
    try:
        check_row(row)
    except NotInKeras as error:  # never beside the Keras that the tables are written for
        pytest.skip(str(error))


FUNCTIONS = ["add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate", "dot"]
MERGING = [row for row in ROWS if row.part.name.lower() in FUNCTIONS and row.raises is None and row.masks is None]


def merged(library, row):
    """The outputs of the function, `add` for a row of Add, and their gradients for a fixed random cotangent."""
    inputs, _ = row.inputs()
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = getattr(library, row.part.name.lower())(inputs, dtype="float64", **row.part.arguments)
        target = tf.reduce_sum(outputs * np.random.default_rng(7).normal(size=outputs.shape))
    return [outputs.numpy(), *(gradient.numpy() for gradient in tape.gradient(target, inputs))]


@pytest.mark.parametrize("row", MERGING, ids=lambda row: row.id)
def test_function(row):
    for ours, theirs in zip(merged(layers, row), merged(keras.layers, row), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


def test_every_layer_has_a_row():
    with_row = {getattr(layers, row.part.name) for row in ROWS if row.raises is None}
    public = {cls for _, cls in inspect.getmembers(layers, inspect.isclass) if issubclass(cls, Layer)}
    assert {cls.__name__ for cls in public - with_row} == set(WITHOUT_ROW)


def test_every_layer_of_keras_is_here_or_left_out_with_a_reason():
    theirs = {name for name in dir(keras.layers) if not name.startswith("_")}
    assert theirs - set(dir(layers)) <= set(NOT_OFFERED)
    assert is_older(keras.__version__) or theirs - set(dir(layers)) == set(NOT_OFFERED)
