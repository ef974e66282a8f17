"""Datasets: what `load` gives, that it leaves no traces, and what it says when it cannot."""

import random

import numpy as np
import pytest
import tensorflow_datasets as tfds

from engine.datasets import DatasetError, Digits, loading
from engine.datasets import load as load_set


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A user's cache of its own for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_digits():
    (x_train, y_train), (x_test, y_test), info = load_set()
    assert (x_train.shape, x_test.shape) == ((1442, 8, 8, 1), (355, 8, 8, 1))
    assert (x_train.dtype, y_train.dtype) == (np.float32, np.int64)
    assert (x_train.min(), x_train.max()) == (0.0, 1.0)
    # In print, the levels 0 ... 16 are sixteenths.
    assert np.abs(x_train * 16 - np.round(x_train * 16)).max() < 0.04
    assert np.bincount(y_test).tolist() == [35, 36, 35, 36, 36, 36, 36, 35, 34, 36]
    assert (info.name, info.num_classes, info.image_shape) == ("digits", 10, (8, 8, 1))
    assert info.class_names == [str(digit) for digit in range(10)]


def test_no_image_is_in_both_parts():
    (x_train, _), (x_test, _), _ = load_set()
    known = {image.tobytes() for image in x_train}
    assert not any(image.tobytes() in known for image in x_test)


def test_tfds_knows_the_digits(tmp_path):
    loading._prepare(Digits(data_dir=str(tmp_path)))
    row = next(iter(tfds.as_numpy(tfds.load("digits", split="train", data_dir=str(tmp_path)))))
    assert (row["image"].shape, row["image"].dtype, row["label"].dtype) == ((8, 8, 1), np.uint8, np.int64)


def test_prepared_once_quietly_and_without_touching_random_numbers(cache, capfd):
    random.seed(3)
    state = random.getstate()
    load_set("digits", str(cache))
    assert random.getstate() == state
    (prepared,) = cache.glob("digits/*")
    written = {path: path.stat().st_mtime_ns for path in prepared.iterdir()}
    load_set("digits", str(cache))
    assert {path: path.stat().st_mtime_ns for path in prepared.iterdir()} == written
    assert capfd.readouterr() == ("", "")


def test_no_cache_is_needed_and_none_is_made(cache):
    cache.write_text("a file where the folder should be")
    assert len(load_set()[0][0]) == 1442
    assert cache.is_file()
    cache.unlink()
    load_set()
    assert not cache.exists()


def test_two_at_once(tmp_path, monkeypatch):
    """The slower of two processes finds the files there when it is done, and uses them."""
    make = tfds.core.GeneratorBasedBuilder.download_and_prepare

    def overtaken(builder, **kwargs):
        make(Digits(data_dir=str(tmp_path)), **kwargs)
        raise OSError("Directory not empty")

    monkeypatch.setattr(Digits, "download_and_prepare", overtaken)
    assert len(load_set("digits", str(tmp_path))[0][0]) == 1442


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mnisst", "Unknown dataset 'mnisst'. Did you mean 'mnist' or"),
        ("qqqqqqqq", "See tensorflow.org/datasets"),
        ("not a name", "cannot be opened: ValueError"),
        ("cifar10:9.9.9", "cannot be opened"),
        ("iris", "no set of images with one class label each"),
        ("coco", "no set of images with one class label each"),
        ("tf_flowers", "differ in size"),
        ("mnist", "is not in .* and cannot be put there: this computer is offline"),
    ],
)
def test_sets_that_cannot_be_had(name, says, tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "_why_offline", lambda builder: "this computer is offline")
    with pytest.raises(DatasetError, match=says):
        load_set(name, str(tmp_path))


def test_failed_download_is_one_line(tmp_path, monkeypatch):
    def fail(builder, **kwargs):
        raise ConnectionError("no\nroute " + "far " * 100)

    monkeypatch.setattr(loading, "_why_offline", lambda builder: None)
    monkeypatch.setattr(tfds.core.GeneratorBasedBuilder, "download_and_prepare", fail)
    with pytest.raises(DatasetError, match="ConnectionError: no route far") as found:
        load_set("mnist", str(tmp_path))
    assert "\n" not in str(found.value) and len(str(found.value)) < 700


def test_offline_is_found_out_at_once(monkeypatch, tmp_path):
    def unknown(*_):
        raise OSError("Name or service not known")

    monkeypatch.setattr(loading.urllib.request, "getproxies", dict)
    monkeypatch.setattr(loading.socket, "getaddrinfo", unknown)
    with pytest.raises(DatasetError, match="offline"):
        load_set("mnist", str(tmp_path))


def test_damaged_files(tmp_path):
    load_set("digits", str(tmp_path))
    (file,) = tmp_path.rglob("*train.tfrecord*")
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(DatasetError, match="damaged.*Delete .*they are then made anew"):
        load_set("digits", str(tmp_path))


class OnePart(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Ten pictures in a single part."""

    VERSION = tfds.core.Version("1.0.0")
    _info = Digits._info

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for index in range(10):
            yield index, {"image": np.full((8, 8, 1), 25 * index, np.uint8), "label": index}


def test_the_last_fifth_is_held_out_of_a_set_of_one_part(tmp_path, monkeypatch):
    builder = OnePart(data_dir=str(tmp_path))
    builder.download_and_prepare()
    monkeypatch.setattr(tfds, "builder", lambda name, data_dir: builder)
    (x_train, y_train), (x_test, y_test), _ = load_set("one_part", str(tmp_path))
    assert (len(x_train), len(x_test)) == (8, 2)
    assert sorted([*y_train, *y_test]) == list(range(10))
