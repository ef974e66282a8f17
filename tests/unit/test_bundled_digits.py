"""The bundled digits need no other package; what does says so where the package does not start."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import train
from engine.datasets import DatasetError, load, stream

ROOT = os.path.dirname(train.__file__)
BROKEN = "raise RuntimeError('gencode 6.31.1 runtime 5.29.6')"

PROGRAM = """
import sys
import engine, engine.datasets, engine.study, glassbox, train
from engine.datasets import DatasetError, Info, fits_in_memory, load, stream
(x, y), (x_test, y_test), info = load()
assert len(x) == 1442 and fits_in_memory()
train_part, test_part, same = stream(batch_size=100)
assert same == info and sum(len(labels) for _, labels in train_part) == 1442
assert train.main("--model mlp --epochs 1 --out run".split()) == 0
assert train.main("--model mlp --epochs 1 --stream --out streamed".split()) == 0
assert "tensorflow_datasets" not in sys.modules
assert train.main("--dataset mnist --out run".split()) == 2
for ask in (lambda: load("digits", "here"), lambda: stream("mnist"), lambda: engine.datasets.loading.tfds()):
    try:
        ask()
    except DatasetError as error:
        print(error)
"""


def test_a_broken_tensorflow_datasets_stops_only_who_asks_for_it(tmp_path):
    (tmp_path / "tensorflow_datasets.py").write_text(BROKEN)
    path = os.pathsep.join([str(tmp_path), ROOT])
    run = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path},
                         capture_output=True, text=True, timeout=300)  # fmt: skip
    assert run.returncode == 0, run.stderr
    said = run.stdout.splitlines()[-3:]
    for line in [*said, run.stderr.splitlines()[-1].removeprefix("train.py: ")]:
        assert line.startswith("Datasets other than the bundled digits need tensorflow-datasets, which does not start here: "
                               "RuntimeError: gencode 6.31.1") and line.endswith("pip install -e ."), line  # fmt: skip


def test_help_needs_no_tensorflow_datasets(tmp_path):
    (tmp_path / "tensorflow_datasets.py").write_text(BROKEN)
    run = subprocess.run([sys.executable, train.__file__, "--help"], env={**os.environ, "PYTHONPATH": str(tmp_path)},
                         capture_output=True, text=True, timeout=60)  # fmt: skip
    assert run.returncode == 0 and "--dataset" in run.stdout


def test_both_ways_to_the_digits_are_one(tmp_path):
    """Read from the file, and prepared by tensorflow-datasets: the same rows in the same order, whole and streamed."""
    (ours, ours_test, info), (theirs, theirs_test, same) = load(), load("digits", str(tmp_path))
    assert info == same
    for one, other in zip([*ours, *ours_test], [*theirs, *theirs_test], strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    tf.random.set_seed(0)
    streams = [stream("digits", directory, batch_size=100, seed=3) for directory in (None, str(tmp_path))]
    for part in (0, 1):
        for one, other in zip(*(found[part].as_numpy_iterator() for found in streams), strict=True):
            np.testing.assert_array_equal(one[0], other[0])
            np.testing.assert_array_equal(one[1], other[1])


def test_what_is_asked_for_wrongly(tmp_path):
    with pytest.raises(DatasetError, match="Unknown dataset 'digit'. Did you mean"):
        load("digit")
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match="cannot be put there"):
        stream("digits", str(tmp_path / "file"))
