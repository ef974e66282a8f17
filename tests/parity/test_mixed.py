"""Every layer under the mixed policies, beside Keras: computed in 16 bits, weights in float32, near the same numbers."""

import contextlib
import random
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from rows import ROWS

from engine import dtypes
from engine.study import rows

TOLERANCES = {"mixed_bfloat16": 2**-5, "mixed_float16": 2**-8}  # of the largest output: a few of the last digits
FIRST = {row.part.name: row for row in reversed(ROWS) if row.raises is None}  # one for each class, the first

ONE_LEVEL = {"Equalization": 1 / 255}  # what it gives are whole grey levels, which a rounding moves by one

# What is compared in another way, by reason.
FLOAT32_IN_KERAS = {}


@contextlib.contextmanager
def policy(name):
    """The default policy of both sides."""
    before = dtypes.policy(), keras.config.dtype_policy()
    dtypes.set_policy(name)
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        dtypes.set_policy(before[0])
        keras.config.set_dtype_policy(before[1])


def keras_library(module):
    return getattr(keras, module)


def narrow(item):
    """Data come in float32."""
    return tf.cast(item, tf.float32) if isinstance(item, tf.Tensor) and item.dtype == tf.float64 else item


def called(row, library, weights=None):
    """(layer, its outputs) with `weights`."""
    random.seed(row.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        layer = row.make(library)
        x, call = row.inputs()
        masks = [getattr(item, "_keras_mask", None) for item in tf.nest.flatten(x)]
        x, call = tf.nest.map_structure(narrow, (x, call))
        for item, value in zip(tf.nest.flatten(x), masks):
            if value is not None:
                item._keras_mask = value
        layer(x, **call)
        weights = row.random_weights(layer) if weights is None else weights
        layer.set_weights(weights)
        getattr(layer, "finalize_state", lambda: None)()
        return layer, [tf.convert_to_tensor(item) for item in tf.nest.flatten(layer(x, **call))], weights


@pytest.mark.parametrize("name", TOLERANCES)
@pytest.mark.parametrize("row", FIRST.values(), ids=FIRST)
def test_layer(row, name):
    with policy(name):
        ours, outputs, weights = called(row, rows.ours)
        theirs, expected, _ = called(row, keras_library, weights)
    assert [variable.dtype for variable in ours.weights] == [tf.as_dtype(weight.dtype) for weight in theirs.weights]
    assert [item.dtype for item in outputs] == [item.dtype for item in expected]
    for mine, other in zip(outputs, expected, strict=True):
        mine, other = (np.asarray(tf.cast(item, tf.float64)) for item in (mine, other))
        assert np.abs(mine - other).max() <= max(TOLERANCES[name], ONE_LEVEL.get(row.part.name, 0)) * max(np.abs(other).max(), 1e-3)
