"""Functions of engine.utils: the values are Keras's."""

import hashlib
import pathlib
import random
import tarfile
import zipfile

import keras._tf_keras.keras as reference
import numpy as np
import pytest
import tensorflow as tf

from engine import Input, utils
from engine.utils import text

preprocessing = reference.preprocessing
MATRIX = np.array([[1.0, -2.0, 3.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    "arguments",
    [([0, 2],), ([[0], [2]],), ([[0]],), (1, 3), (["1", "2"],), ([1.7], 3), ([], 3), (np.zeros((2, 1, 1)), 3), ([[0, 1], [2, 0]],)],
    ids=str,
)
def test_to_categorical(arguments):
    ours, theirs = utils.to_categorical(*arguments), reference.utils.to_categorical(*arguments)
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype


def test_to_categorical_of_a_tensor_and_of_what_cannot_be():
    ours, theirs = utils.to_categorical(tf.constant([0, 2]), 3), reference.utils.to_categorical(tf.constant([0, 2]), 3)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)
    for numbers in ([5], [-1]):
        with pytest.raises(ValueError, match="from 0 to num_classes - 1 = 2"):
            utils.to_categorical(numbers, 3)


@pytest.mark.parametrize("arguments", [(), (1, 1), (-1, 3)], ids=str)
def test_normalize(arguments):
    np.testing.assert_allclose(utils.normalize(MATRIX, *arguments), reference.utils.normalize(MATRIX, *arguments), rtol=1e-12)
    row = MATRIX[0].astype("float32")
    ours, theirs = utils.normalize(row), reference.utils.normalize(row)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    with pytest.raises(ValueError, match="positive integer as `order`"):
        utils.normalize(MATRIX, order=0)


@pytest.mark.parametrize(
    ("rows", "arguments"),
    [
        ([[1], [2, 3], [4, 5, 6]], {}),
        ([[1], [2, 3], [4, 5, 6]], dict(maxlen=2)),
        ([[1], [2, 3], [4, 5, 6]], dict(maxlen=2, padding="post", truncating="post", value=9)),
        ([[1], [], (4, 5)], dict(maxlen=4)),
        ([[], []], {}),
        ([[[1, 2]], [[3, 4], [5, 6]]], dict(padding="post")),
        ([[1.5], [2, 3]], dict(dtype="float32", value=-1.0)),
        ([["a"], ["b", "c"]], dict(dtype=object, value="x")),
        ([np.arange(3), np.arange(5)], dict(maxlen=4)),
    ],
    ids=str,
)
def test_pad_sequences(rows, arguments):
    ours, theirs = utils.pad_sequences(rows, **arguments), reference.utils.pad_sequences(rows, **arguments)
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype


@pytest.mark.parametrize(
    ("rows", "arguments", "message"),
    [
        ([1, 2], {}, "a list of lists"),
        (5, {}, "a list of lists"),
        ([[1]], dict(padding="left"), "as `padding`, received 'left'"),
        ([["a"]], dict(value="x"), "Take dtype=object"),
        ([[[1, 2]], [[1]]], {}, "steps of one shape"),
    ],
)
def test_what_pad_sequences_refuses(rows, arguments, message):
    with pytest.raises(ValueError, match=message):
        utils.pad_sequences(rows, **arguments)


def test_skipgrams_and_the_sampling_table():
    theirs = preprocessing.sequence
    np.testing.assert_allclose(utils.make_sampling_table(50), theirs.make_sampling_table(50), rtol=1e-12)
    np.testing.assert_allclose(utils.make_sampling_table(9, 0.1), theirs.make_sampling_table(9, 0.1), rtol=1e-12)
    for arguments in (dict(window_size=1, seed=3), dict(shuffle=False, categorical=True), dict(negative_samples=0.5, seed=1),
                      dict(sampling_table=[0.0, 1.0, 0.5, 0.5, 1.0], seed=9)):  # fmt: skip
        random.seed(5)
        found = utils.skipgrams([1, 2, 0, 3, 4], 5, **arguments)
        random.seed(5)
        assert found == tuple(theirs.skipgrams([1, 2, 0, 3, 4], 5, **arguments))


@pytest.mark.parametrize(
    "arguments",
    [{}, dict(sampling_rate=2), dict(stride=3, batch_size=2), dict(start_index=4, end_index=12), dict(reverse=True, batch_size=4)],
    ids=str,
)
def test_timeseries_generator(arguments):
    data, targets = np.arange(40.0).reshape(20, 2), np.arange(20.0)
    ours = utils.TimeseriesGenerator(data, targets, length=5, **arguments)
    theirs = preprocessing.sequence.TimeseriesGenerator(data, targets, length=5, **arguments)
    assert len(ours) == len(theirs)
    for index in range(len(ours)):
        for mine, other in zip(ours[index], theirs[index], strict=True):
            np.testing.assert_array_equal(mine, other)
    with pytest.raises(ValueError, match="a target for each step"):
        utils.TimeseriesGenerator(data, targets[1:], 5)


TEXTS = ["The cat sat.", "The dog, the dog!", ["A", "list"], ""]


@pytest.mark.parametrize("arguments", [{}, dict(num_words=4, oov_token="?"), dict(char_level=True), dict(lower=False, oov_token="<X>"),
                                       dict(filters="!", split="t")], ids=str)  # fmt: skip
def test_tokenizer(arguments):
    ours, theirs = text.Tokenizer(**arguments), preprocessing.text.Tokenizer(**arguments)
    for tokenizer in (ours, theirs):
        tokenizer.fit_on_texts(TEXTS)
    assert ours.word_index == theirs.word_index and ours.index_docs == theirs.index_docs
    new = ["the cat and the dog", "A dog"]
    numbers = ours.texts_to_sequences(new)
    assert numbers == theirs.texts_to_sequences(new)
    assert ours.sequences_to_texts([*numbers, [99]]) == theirs.sequences_to_texts([*numbers, [99]])
    for mode in ("binary", "count", "freq", "tfidf"):
        np.testing.assert_allclose(ours.texts_to_matrix(new, mode), theirs.texts_to_matrix(new, mode), rtol=1e-12)
    again = text.tokenizer_from_json(ours.to_json())
    assert again.texts_to_sequences(new) == numbers and again.sequences_to_texts(numbers) == ours.sequences_to_texts(numbers)
    assert text.tokenizer_from_json(theirs.to_json()).texts_to_sequences(new) == numbers


def test_hashed_words():
    theirs = preprocessing.text
    for arguments in (("Well, well! A\tday", 10, "md5"), ("a b", 50), ("a b", 50, len)):
        assert text.hashing_trick(*arguments) == theirs.hashing_trick(*arguments)
    assert text.one_hot("Well well", 9) == theirs.one_hot("Well well", 9)
    assert text.text_to_word_sequence("A-b c", split="-") == theirs.text_to_word_sequence("A-b c", split="-")


def test_get_file(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    url = tmp_path.as_uri()
    right = hashlib.sha256(b"hello").hexdigest()
    cache = str(tmp_path / "cache")
    own = dict(cache_dir=cache, cache_subdir="own")
    path = utils.get_file("b.txt", f"{url}/a.txt", file_hash=right, **own)
    assert path == f"{cache}/own/b.txt" and pathlib.Path(path).read_text() == "hello"
    (tmp_path / "a.txt").write_text("other")
    assert pathlib.Path(utils.get_file("b.txt", f"{url}/a.txt", **own)).read_text() == "hello"
    with pytest.raises(ValueError, match="has not the hash"):
        utils.get_file("b.txt", f"{url}/a.txt", md5_hash="0" * 32, **own)
    with pytest.raises(OSError, match="cannot be downloaded"):
        utils.get_file(origin=f"{url}/missing.txt", **own)
    with pytest.raises(ValueError, match="is no zip or tar file"):
        utils.get_file("c.txt", f"{url}/a.txt", extract=True, **own)


@pytest.mark.parametrize(("fname", "file", "inside"), [(None, "a.zip", "inner/a.txt"), ("b.zip", "a.zip", "inner/a.txt"),
                         (None, "a.tar.gz", "a.txt"), ("b.tar.gz", "a.tar.gz", "a.txt"), ("b", "a.tar.gz", "a.txt")])  # fmt: skip
def test_an_archive_of_get_file(tmp_path, fname, file, inside):
    (tmp_path / "a.txt").write_text("hello")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.txt", "inner/a.txt")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "a.txt", "a.txt")
    folders = []
    for library, cache in ((utils, tmp_path / "ours"), (reference.utils, tmp_path / "theirs")):
        cache.mkdir()
        folder = pathlib.Path(library.get_file(fname, f"{tmp_path.as_uri()}/{file}", extract=True, cache_dir=str(cache)))
        assert (folder / inside).read_text() == "hello"
        folders.append(folder.relative_to(cache))
    assert folders[0] == folders[1]


ONE, TWO, THREE = tf.constant([[1.0, 4.0]]), tf.constant([[0.5, 2.0], [3.0, 1.0]]), tf.reshape(tf.range(24.0), (2, 3, 4))
CALLS = {  # name of a function of backend: the arguments of its calls
    "abs": [(-ONE,)], "argmax": [(TWO,), (TWO, 0)], "argmin": [(TWO,)], "batch_flatten": [(THREE,)],
    "batch_dot": [(TWO, TWO), (THREE, tf.transpose(THREE, (0, 2, 1))), (THREE, THREE, (2, 2)), (THREE, THREE, 1), (THREE, THREE[:, :, 0], 1)],
    "binary_crossentropy": [(tf.constant([[1.0, 0.0]]), tf.constant([[0.3, 0.2]])), (tf.constant([[1.0]]), ONE[:, :1], True)],
    "cast": [(ONE, "int32")], "cast_to_floatx": [(np.array([1, 2]),)], "clip": [(TWO, 1, 2), (TWO, None, 1.5)], "concatenate": [([TWO, TWO],)],
    "categorical_crossentropy": [(tf.constant([[1.0, 0.0]]), tf.constant([[0.3, 0.2]]))], "constant": [([1, 2],)], "count_params": [(TWO,)],
    "cumsum": [(TWO, 1)], "dot": [(ONE, TWO), (THREE, tf.ones((4, 5))), (THREE, tf.reshape(tf.range(40.0), (2, 4, 5)))], "dtype": [(ONE,)],
    "equal": [(ONE, ONE)], "expand_dims": [(ONE,), (ONE, 0)], "eye": [(3,)], "flatten": [(TWO,)], "gather": [(TWO, [1])],
    "hard_sigmoid": [(ONE,)], "in_top_k": [(TWO, [0, 0], 1)], "int_shape": [(TWO,)], "l2_normalize": [(TWO, 1)], "max": [(TWO,), (TWO, 1)],
    "mean": [(TWO,), (TWO, 1, True), (TWO > 1,)], "ndim": [(TWO,)], "one_hot": [([1], 3)], "ones_like": [(TWO,)],
    "permute_dimensions": [(THREE, (0, 2, 1))], "pow": [(TWO, 2)], "prod": [(TWO, 0)], "relu": [(-ONE,), (-ONE, 0.1)], "repeat": [(TWO, 3)],
    "repeat_elements": [(TWO, 2, 1)], "resize_images": [(THREE[..., None], 2, 3, "channels_last")], "reverse": [(TWO, 1)],
    "softmax": [(TWO,)], "spatial_2d_padding": [(THREE[..., None],)], "sqrt": [(tf.constant([-1.0, 4.0]),)], "squeeze": [(ONE, 0)],
    "std": [(TWO,), (TWO, 1)], "sum": [(TWO,), (TWO, 1, True)], "switch": [(tf.constant([True, False]), TWO, -TWO)],
    "temporal_padding": [(THREE, (2, 1))], "tile": [(ONE, [2, 2])], "truncated_normal": [], "var": [(TWO, 0)], "zeros": [((2, 3),)],
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_backend(name):
    for arguments in CALLS[name]:
        ours, theirs = getattr(utils.backend, name)(*arguments), getattr(reference.backend, name)(*arguments)
        assert getattr(ours, "dtype", None) == getattr(theirs, "dtype", None)
        if isinstance(theirs, (str, tuple)):
            assert ours == theirs
        else:
            np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_backend_on_symbols_and_variables():
    K = utils.backend
    outputs = K.sqrt(K.mean(K.square(K.clip(Input((3,)), -1, 1)), axis=-1, keepdims=True))
    assert K.int_shape(outputs) == (None, 1) and K.is_keras_tensor(outputs) and not K.is_keras_tensor(ONE)
    variable = K.variable([1, 2])
    K.update_add(variable, [1.0, 1.0])
    K.set_value(variable, K.get_value(variable) * 2)
    assert variable.dtype == tf.float32 and K.eval(variable).tolist() == [4.0, 6.0]
    assert K.random_normal((2, 3)).shape == K.random_uniform((2, 3)).shape == (2, 3)
    with pytest.raises(NotImplementedError, match="GradientTape"):
        K.gradients(variable, [variable])
