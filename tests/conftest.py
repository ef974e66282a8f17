"""What all tests share: quiet and repeatable TensorFlow, and the same seed for each test."""

import gc
import importlib.metadata
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # its float32 sums depend on the machine
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
# XLA compiles a thousand tiny functions here, and most run only once: what it optimises for the CPU is not earned back.
# Nor is a function so small worth cutting into pieces, one for each core.
# (XLA ends the process where it does not know a flag: all but the first are for the version they were tried with.)
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0" + (
    " --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
    if importlib.metadata.version("tensorflow").startswith("2.21.") else ""
))

import random
import signal

import forked
import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context

from engine import dtypes
from engine.random import set_seed

SEED = 1

# The files that take longest begin first, so that at the end neither process waits for the other.
LONGEST = (
    "test_random_on_replicas", "test_programs", "test_checkpoints", "test_resumed_state", "test_properties", "test_memory",
    "test_replicas", "test_layers", "test_optimizers", "test_gradients", "test_benchmarks", "test_streams", "test_tutorials",
    "test_workers", "test_resume", "test_recurrent", "test_metrics", "test_hostile_files", "test_train", "test_xla",
    "test_parameter_server", "test_remat", "test_shards",
)  # fmt: skip


def untuned(dataset, iterate=tf.data.Dataset.__iter__):
    """An iterator without TensorFlow's tuner of pipelines.

    Whoever drops an iterator before its end waits, half of the times, until its tuner looks at it again (up to a minute).
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return iterate(dataset.with_options(options))


tf.data.Dataset.__iter__ = untuned


def tensorflows_stream():
    """From which seed TensorFlow draws, and how far it has come. There is no public name for it."""
    return context.global_seed(), context.context()._rng.getstate()


set_seed(SEED)
AT_ITS_START = tensorflows_stream()


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


def pytest_collection_finish():
    gc.collect()
    forked.collect_seldom()


@pytest.fixture(autouse=True)
def same_seed():
    """Each test draws what it draws when it runs alone.

    TensorFlow is seeded anew only if a test before has drawn from its stream: it then throws away the kernels of all
    operations, and to make those of a single layer again takes ten milliseconds.
    """
    if tensorflows_stream() == AT_ITS_START:
        random.seed(SEED)
        np.random.seed(SEED)
    else:
        set_seed(SEED)
    if keras.config.floatx() == "float32":  # Keras keeps the first policy that it needs, maybe that of a test in float64
        keras.config.set_dtype_policy("float32")


@pytest.fixture(autouse=True)
def same_handlers():
    """A test that leaves its handler of signals behind fails itself, and not the one that happens to come after it."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    after = [signal.signal(number, handler) for number, handler in zip(numbers, before, strict=True)]
    assert after == before


@pytest.fixture(autouse=True)
def same_dtype():
    """Likewise for the default dtype: layers of the next test would compute in it."""
    before = dtypes.floatx(), dtypes.policy()
    yield
    after = dtypes.floatx(), dtypes.policy()
    dtypes.set_floatx(before[0])
    dtypes.set_policy(before[1])
    assert after == before


@pytest.fixture
def in_float64():
    """Both sides compute in float64 while the test runs."""
    dtypes.set_floatx("float64")
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    dtypes.set_floatx("float32")
