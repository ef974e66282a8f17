"""What all tests share: quiet and repeatable TensorFlow, and the same seed for each test."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # its float32 sums depend on the machine
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import pytest

from engine.random import set_seed


@pytest.fixture(autouse=True)
def same_seed():
    """Each test draws what it draws when it runs alone."""
    set_seed(1)
    if keras.config.floatx() == "float32":  # Keras keeps the first policy that it needs, maybe that of a test in float64
        keras.config.set_dtype_policy("float32")
