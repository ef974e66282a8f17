"""`keras.datasets`: shapes, dtypes and values of each set, from small stand-ins; and what is said where there is none."""

import importlib
import json
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import glassbox
from engine.datasets import DatasetError, loading
from engine.utils.datasets import imdb, reuters, sources

NUMBERS = np.random.RandomState(0)


def texts(count):
    rows = np.empty(count, object)
    rows[:] = [NUMBERS.randint(1, 12, size=NUMBERS.randint(2, 8)).tolist() for _ in range(count)]
    return rows


FILES = {
    "imdb": dict(x_train=texts(9), y_train=np.arange(9) % 2, x_test=texts(7), y_test=np.arange(7) % 2),
    "reuters": dict(x=texts(11), y=np.arange(11)),
    "boston_housing": dict(x=np.arange(130.0).reshape(10, 13), y=np.arange(10.0)),
    "california_housing": dict(x=np.arange(8000, dtype="float32").reshape(1000, 8), y=np.arange(1000, dtype="float32")),
    "mnist": dict(x_train=np.zeros((3, 28, 28), "uint8"), y_train=np.arange(3, dtype="uint8"),
                  x_test=np.ones((2, 28, 28), "uint8"), y_test=np.arange(2, dtype="uint8")),
}  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user's folders of its own for each test, and a server that has the files."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    server = tmp_path / "server"
    server.mkdir()
    for name, found in FILES.items():
        np.savez(server / f"{name}.npz", **found)
    (server / "reuters_word_index.json").write_text(json.dumps({"the": 1}))
    monkeypatch.setattr(sources, "_ORIGIN", server.as_uri() + "/")
    return tmp_path / "home" / "datasets"


def keras_with(name, tmp_path, monkeypatch):
    """Keras's module of that name, its file that of the server."""
    module = importlib.import_module(f"keras.src.datasets.{name}")
    monkeypatch.setattr(module, "get_file", lambda *_, **__: str(tmp_path / "server" / f"{name}.npz"))
    return module


def same(ours, theirs):
    for mine, others in zip(ours, theirs, strict=True):
        for one, other in zip(mine, others, strict=True):
            assert type(one) is type(other) and one.dtype == other.dtype and len(one) == len(other)
            assert [np.ravel(row).tolist() for row in one] == [np.ravel(row).tolist() for row in other]


@pytest.mark.parametrize(
    "arguments",
    [dict(num_words=9), dict(num_words=15), dict(num_words=10, skip_top=5), dict(num_words=15, maxlen=5), dict(num_words=9, oov_char=None),
     dict(num_words=15, start_char=None), dict(num_words=15, start_char=None, index_from=None), dict(num_words=15, seed=1, index_from=0)],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_lists_of_words_are_cut_as_keras_cuts_them(name, arguments, tmp_path, monkeypatch, home):
    if name == "imdb":  # comes as text, unless Keras's file is there
        home.mkdir(parents=True)
        (tmp_path / "server" / "imdb.npz").rename(home / "imdb.npz")
        (tmp_path / "server" / "imdb.npz").symlink_to(home / "imdb.npz")
    ours = getattr(glassbox.datasets, name).load_data(**arguments)
    same(ours, keras_with(name, tmp_path, monkeypatch).load_data(**arguments))


def test_no_word_is_replaced_where_nothing_is_said(home):
    (train, _), (test, _) = reuters.load_data()
    assert sorted(map(len, [*train, *test])) == sorted(len(row) + 1 for row in FILES["reuters"]["x"])
    assert max(map(max, [*train, *test])) == 3 + max(map(max, FILES["reuters"]["x"]))
    with pytest.raises(ValueError, match="no text is shorter than maxlen=1"):
        reuters.load_data(maxlen=1)


@pytest.mark.parametrize("name, arguments", [("boston_housing", {}), ("boston_housing", dict(test_split=0.4, seed=1)),
                                             ("california_housing", {}), ("california_housing", dict(version="small"))], ids=str)  # fmt: skip
def test_houses(name, arguments, tmp_path, monkeypatch, home):
    ours = getattr(glassbox.datasets, name).load_data(**arguments)
    same(ours, keras_with(name, tmp_path, monkeypatch).load_data(**arguments))
    assert (home / f"{name}.npz").exists()


def test_files_that_cannot_be_had_say_where_to_put_them(monkeypatch, tmp_path, home):
    monkeypatch.setattr(sources, "_ORIGIN", (tmp_path / "nowhere").as_uri() + "/")
    for load in (reuters.load_data, reuters.get_word_index, glassbox.datasets.boston_housing.load_data):
        with pytest.raises(OSError, match=r"(?s)cannot be downloaded.*Go online once, or put the file that is at .*home/datasets/"):
            load()
    with pytest.raises(ValueError, match="'large' or 'small' as `version`"):
        glassbox.datasets.california_housing.load_data(version="tiny")
    with pytest.raises(ValueError, match="as `test_split`"):
        monkeypatch.undo()
        sources.split_by_seed(np.zeros(3), np.zeros(3), 1.5, 0)


def test_a_file_runs_no_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("run",)

    rows = np.empty(1, object)
    rows[0] = Evil()
    np.savez(tmp_path / "evil.npz", x=rows)
    with pytest.raises(pickle.UnpicklingError, match="builtins.print; it was not read"):
        sources.arrays(tmp_path / "evil.npz")


def test_reuters_names():
    assert tuple(keras.datasets.reuters.get_label_names()) == reuters.get_label_names()
    assert reuters.get_word_index() == {"the": 1}


# ---- through tensorflow-datasets --------------------------------------------------------------


def five_rows(builder, split=None, **_):
    """What a builder gives: five rows of the shapes and dtypes of its features."""
    features = {name: (tuple(feature.shape), feature.np_dtype) for name, feature in builder.info.features.items() if name != "id"}
    return {name: tf.constant(np.full((5, *shape), 7).astype(dtype)) for name, (shape, dtype) in features.items()}


@pytest.fixture
def mocked(monkeypatch):
    """tensorflow-datasets without files: its builders say that these are there."""
    monkeypatch.setattr(tfds.core.DatasetBuilder, "is_prepared", lambda builder: True)
    monkeypatch.setattr(tfds.core.DatasetBuilder, "as_dataset", five_rows)


@pytest.mark.parametrize(
    "name, arguments, image, label",
    [("mnist", {}, (28, 28), ()), ("fashion_mnist", {}, (28, 28), ()), ("cifar10", {}, (32, 32, 3), (1,)),
     ("cifar100", {}, (32, 32, 3), (1,)), ("cifar100", dict(label_mode="coarse"), (32, 32, 3), (1,))], ids=str,
)  # fmt: skip
def test_images(mocked, name, arguments, image, label):
    for x, y in getattr(glassbox.datasets, name).load_data(**arguments):
        assert (x.shape, x.dtype, y.shape, y.dtype) == ((5, *image), np.uint8, (5, *label), np.uint8)
        assert x.min() == x.max() == y.max() == 7
    with pytest.raises(ValueError, match="'fine' or 'coarse'"):
        glassbox.datasets.cifar100.load_data("medium")


def test_a_file_of_keras_is_read_where_it_is(tmp_path):
    (x, y), (test, _) = glassbox.datasets.mnist.load_data(path=str(tmp_path / "server" / "mnist.npz"))
    assert x.shape == (3, 28, 28) and y.tolist() == [0, 1, 2] and test.all()


def test_reviews_become_ranks_of_words(monkeypatch):
    train = {"text": np.array([b"Good, good film.", b"A bad film! Bad<br />", b"good"], object), "label": np.array([1, 0, 1])}
    test = {"text": np.array([b"film unseen bad", b"A good one"], object), "label": np.array([0, 1])}
    monkeypatch.setattr(imdb, "parts", lambda name, data_dir: [train, test])
    index = imdb.get_word_index()
    assert index == {"good": 1, "film": 2, "bad": 3, "a": 4, "br": 5}
    (x, y), (x_test, y_test) = imdb.load_data(num_words=6)
    assert x.dtype == object and sorted(zip(x, y)) == sorted([([1, 4, 4, 5], 1), ([1, 2, 2, 5, 2, 2], 0), ([1, 4], 1)])
    assert sorted(zip(x_test, y_test)) == sorted([([1, 5, 2], 0), ([1, 2, 4], 1)])
    whole = imdb.load_data()[0][0]
    back = {number + 3: word for word, number in index.items()}
    assert {" ".join(back[number] for number in row[1:]) for row in whole} == {"good good film", "a bad film bad br", "good"}


def test_where_there_is_no_network_one_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "_why_offline", lambda builder: "this computer is offline")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "sets"))
    for name in ("mnist", "fashion_mnist", "cifar10", "cifar100", "imdb"):
        with pytest.raises(DatasetError, match=r"is not in \S+/sets and cannot be put there: this computer is offline. Name a dir"):
            getattr(glassbox.datasets, name).load_data()
    with pytest.raises(DatasetError, match=r"is not in \S+/other and"):
        glassbox.datasets.mnist.load_data(data_dir=str(tmp_path / "other"))


def test_real_digits():
    """Where tensorflow-datasets has prepared MNIST on this computer."""
    builder = tfds.builder("mnist", try_gcs=False)
    if not builder.is_prepared():
        pytest.skip("MNIST is not on this computer: set TFDS_DATA_DIR to a folder that has it")
    (x, y), (x_test, y_test) = glassbox.datasets.mnist.load_data(data_dir=str(builder.data_dir_root))
    assert (x.shape, x_test.shape, y.shape, y_test.shape) == ((60000, 28, 28), (10000, 28, 28), (60000,), (10000,))
    assert x.dtype == y.dtype == np.uint8 and x.max() == 255 and np.bincount(y).tolist()[:2] == [5923, 6742]


def test_tensorflow_datasets_waits_for_load_data():
    program = "import glassbox, sys; glassbox.datasets.imdb.load_data; print('tensorflow_datasets' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=200)
    assert run.stdout == "False\n", run.stderr
