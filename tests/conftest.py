"""What all tests share: quiet and repeatable TensorFlow, and the same seed for each test."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # its float32 sums depend on the machine
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import random

import keras
import pytest
from tensorflow.python.eager import context
from tensorflow.python.framework import random_seed

from engine.random import set_seed

# The files that take longest begin first, so that at the end neither process waits for the other.
LONGEST = (
    "test_layers", "test_optimizers", "test_gradients", "test_properties", "test_replicas", "test_streams", "test_metrics",
    "test_train", "test_recurrent", "test_fit", "test_xla", "test_parameter_server", "test_remat", "test_shards",
)  # fmt: skip

asked_for = [None]  # seeds that operations with random numbers have asked for


def get_seed(seed, original=random_seed.get_seed):
    """TensorFlow's, noted."""
    asked_for.append(seed)
    return original(seed)


def set_global_seed(self, seed, original=context.Context._set_global_seed):
    """TensorFlow's, which also forgets all kernels, because some hold the state of random numbers; here only if there may
    be such ones: it was a quarter of the time of small tests to make all the others again."""
    if asked_for:
        asked_for.clear()
        original(self, seed)
    else:
        self._seed, self._rng = seed, random.Random(seed)


random_seed.get_seed, context.Context._set_global_seed = get_seed, set_global_seed


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.fixture(autouse=True)
def same_seed():
    """Each test draws what it draws when it runs alone."""
    set_seed(1)
    if keras.config.floatx() == "float32":  # Keras keeps the first policy that it needs, maybe that of a test in float64
        keras.config.set_dtype_policy("float32")
