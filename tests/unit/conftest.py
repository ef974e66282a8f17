"""What some tests of this folder share."""

import keras
import pytest

from engine import dtypes


@pytest.fixture
def in_float64():
    dtypes.set_floatx("float64")
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    dtypes.set_floatx("float32")
