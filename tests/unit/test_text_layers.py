"""Layers that number strings and categories: beside Keras on the same data."""

import copy
import pickle
import re
import string

import keras
import numpy as np
import pytest
import tensorflow as tf

import layers
from engine import Input, Model, Sequential
from engine.saving import load_model


def named(item):
    """A text for a case, the same in every process: without addresses."""
    return re.sub(r" at 0x\w+", "", str(item))


TEXTS = ["The cat, sat!", "the dog and THE cat", "", "a"]
NEW = ["The cat flies", "dog", "", "nothing is known here"]


def pair(name, adapt=None, **arguments):
    """Our layer and Keras's, both adapted to the same data."""
    both = [getattr(library, name)(**arguments) for library in (layers, keras.layers)]
    if adapt is not None:
        for layer in both:
            layer.adapt(adapt)
    return both


def check(ours, theirs, *inputs):
    for data in inputs:
        mine, other = ours(data), theirs(data)
        assert mine.dtype == other.dtype and mine.shape == other.shape
        if mine.dtype == tf.string:
            assert mine.numpy().tolist() == other.numpy().tolist()
        else:
            np.testing.assert_allclose(mine, other, rtol=1e-6)


TEXT_ARGUMENTS = [
    {}, dict(max_tokens=4), dict(output_sequence_length=2), dict(output_sequence_length=7), dict(ngrams=2), dict(ngrams=(2, 3)),
    dict(standardize="lower"), dict(standardize="strip_punctuation", split="character"), dict(standardize=None),
    dict(output_mode="multi_hot"), dict(output_mode="count", ngrams=2), dict(output_mode="tf_idf"),
    dict(output_mode="count", max_tokens=20, pad_to_max_tokens=True), dict(output_mode="tf_idf", max_tokens=5),
    dict(standardize=tf.strings.upper, split=lambda texts: tf.strings.split(texts, "t")),
]  # fmt: skip


@pytest.mark.parametrize("arguments", TEXT_ARGUMENTS, ids=named)
def test_text_vectorization(arguments):
    ours, theirs = pair("TextVectorization", TEXTS, **arguments)
    assert ours.get_vocabulary() == theirs.get_vocabulary() and ours.vocabulary_size() == theirs.vocabulary_size()
    assert ours.get_vocabulary(False) == theirs.get_vocabulary(include_special_tokens=False)
    check(ours, theirs, tf.constant(NEW), tf.constant(NEW)[:, tf.newaxis], tf.constant("the cat"))


def test_punctuation_is_that_of_keras():
    ours, theirs = pair("TextVectorization", [" ".join(f"x{c}y" for c in string.printable if not c.isspace()), "Ünd ß"])
    assert ours.get_vocabulary() == theirs.get_vocabulary()


def test_texts_that_are_tokens_already():
    ours, theirs = pair("TextVectorization", tf.constant([["Abc"], ["b!"]]), split=None, standardize=None)
    check(ours, theirs, tf.constant([["Abc"], ["z"]]))


def test_adapt_takes_datasets():
    batches = tf.data.Dataset.from_tensor_slices(TEXTS)
    for data in (batches.batch(3), batches, np.array(TEXTS), np.array(TEXTS)[:, np.newaxis], tf.constant(TEXTS)):
        ours, theirs = pair("TextVectorization", data)
        assert ours.get_vocabulary() == theirs.get_vocabulary()
    ours = layers.TextVectorization()
    ours.adapt(batches.batch(1), steps=1)
    assert ours.get_vocabulary() == ["", "[UNK]", "the", "sat", "cat"]


MODES = [dict(output_mode=mode) for mode in ("int", "one_hot", "multi_hot", "count", "tf_idf")]


@pytest.mark.parametrize("arguments", [*MODES, dict(mask_token=""), dict(mask_token="", output_mode="count"),
                         dict(mask_token="", output_mode="one_hot"), dict(num_oov_indices=3), dict(max_tokens=3),
                         dict(num_oov_indices=2, mask_token="", output_mode="multi_hot"), dict(num_oov_indices=3, salt=7),
                         dict(oov_token="?", output_mode="count", max_tokens=9, pad_to_max_tokens=True)], ids=named)  # fmt: skip
def test_string_lookup(arguments):
    ours, theirs = pair("StringLookup", [["b", "a"], ["a", "c"], ["", "a"]], **arguments)
    assert ours.get_vocabulary() == theirs.get_vocabulary()
    check(ours, theirs, tf.constant([["a", "q"], ["", "b"]]), tf.constant([["a"], ["y"]]), tf.constant(["a", "x"]))


@pytest.mark.parametrize("arguments", [*MODES, dict(mask_token=0), dict(num_oov_indices=3), dict(max_tokens=3)], ids=named)
def test_integer_lookup(arguments):
    ours, theirs = pair("IntegerLookup", [[5, 7, 7], [3, 5, 0]], **arguments)
    assert ours.get_vocabulary() == theirs.get_vocabulary()
    check(ours, theirs, tf.constant([[5, 7], [0, -4]]), tf.constant([[5], [1]], tf.int64))


def test_numbers_back_to_tokens():
    for name, vocabulary, arguments in (("StringLookup", ["b", "a"], {}), ("StringLookup", ["b", "a"], dict(mask_token="")),
                                        ("IntegerLookup", [12, 36], dict(mask_token=0))):  # fmt: skip
        check(*pair(name, vocabulary=vocabulary, invert=True, **arguments), tf.constant([[0, 1], [2, 9]]))


def test_vocabularies_that_are_given(tmp_path):
    (tmp_path / "words.txt").write_text("b\na\n")
    for vocabulary in (["b", "a"], ["[UNK]", "b", "a"], np.array(["b", "a"]), str(tmp_path / "words.txt"), tf.constant(["b", "a"])):
        ours, theirs = pair("StringLookup", vocabulary=vocabulary)
        assert ours.get_vocabulary() == theirs.get_vocabulary() == ["[UNK]", "b", "a"]
    check(*pair("StringLookup", vocabulary=["a", "b"], idf_weights=[0.5, 0.25], output_mode="tf_idf"), tf.constant([["a", "q"]]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.StringLookup(vocabulary=["a", "a"]), "'a' is in it twice"),
        (lambda: layers.StringLookup()(["a"]), r"no vocabulary yet. Call adapt\(data\)"),
        (lambda: layers.StringLookup(vocabulary=["a"], num_oov_indices=0)(["b"]), "num_oov_indices=0"),
        (lambda: layers.StringLookup(vocabulary=["a"])([1]), "For integers: IntegerLookup"),
        (lambda: layers.IntegerLookup(vocabulary=[1])([1.5]), "takes integers"),
        (lambda: layers.StringLookup(vocabulary=["a", "b"], max_tokens=2), "max_tokens=2"),
        (lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf"), "needs idf_weights="),
        (lambda: layers.StringLookup(output_mode="hot"), "as `output_mode`"),
        (lambda: layers.TextVectorization(standardize="up"), "as `standardize`"),
        (lambda: layers.TextVectorization(vocabulary=["a"])([["a", "b"]]), r"shape \(batch,\) or \(batch, 1\)"),
        (lambda: layers.TextVectorization(ragged=True), "ragged=True is not supported"),
        (lambda: layers.Hashing(3)([1.5]), "strings or integers"),
        (lambda: layers.Hashing(0), "positive integer as `num_bins`"),
        (lambda: layers.Discretization(), "either bin_boundaries or num_bins"),
        (lambda: layers.Discretization(num_bins=3)([1.0]), "no boundaries yet"),
        (lambda: layers.HashedCrossing(3)((tf.ones((2, 3)), tf.ones((2, 3)))), "two or more tensors"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("arguments", [{}, dict(mask_value=""), dict(salt=7), dict(salt=[133, 137]), dict(output_mode="count"),
                                       dict(output_mode="one_hot"), dict(output_mode="multi_hot")], ids=named)  # fmt: skip
def test_hashing(arguments):
    check(*pair("Hashing", num_bins=5, **arguments), tf.constant([["A", "B", ""], ["C", "A", "A"]]), tf.constant([["A"], ["B"]]))


def test_hashing_of_integers():
    check(*pair("Hashing", num_bins=5), tf.constant([[1, 2], [3, -1]]))
    check(*pair("Hashing", num_bins=5, mask_value=2), tf.constant([[1, 2], [3, 2]], tf.int64))


@pytest.mark.parametrize("mode", ["int", "one_hot"])
def test_hashed_crossing(mode):
    check(*pair("HashedCrossing", num_bins=5, output_mode=mode), (tf.constant([["A"], ["B"]]), tf.constant([[1], [2]])))
    check(*pair("HashedCrossing", num_bins=5, output_mode=mode), (tf.constant(["A", "B", "A"]), tf.constant([101, 101, 102])))


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_discretization(mode):
    check(*pair("Discretization", bin_boundaries=[0.0, 1.0, 2.0], output_mode=mode), tf.constant([[-1.5, 1.0], [3.4, 0.5]]))
    ours, theirs = pair("Discretization", np.arange(100.0).reshape(20, 5), num_bins=3, output_mode=mode)
    np.testing.assert_allclose(ours.bin_boundaries, theirs.bin_boundaries, rtol=1e-6)
    check(ours, theirs, tf.constant([[-1.0, 33.0], [50.0, 99.0]]))
    again = layers.Discretization.from_config(ours.get_config())
    assert again.bin_boundaries == ours.bin_boundaries


def test_a_model_of_strings_is_trained_copied_and_saved(tmp_path):
    vectorization = layers.TextVectorization(output_sequence_length=5)
    vectorization.adapt(TEXTS)
    text, kind = Input((1,), dtype="string", name="text"), Input((1,), dtype="string", name="kind")
    one_hot = layers.Dense(2)(layers.StringLookup(vocabulary=["x", "y"], output_mode="one_hot")(kind))
    words = layers.Embedding(vectorization.vocabulary_size(), 3)(vectorization(text))
    joined = layers.Concatenate()([layers.GlobalAveragePooling1D()(words), one_hot])
    model = Model({"text": text, "kind": kind}, layers.Dense(1)(joined))
    model.compile("sgd", "mse")
    data = {"text": np.array(NEW)[:, np.newaxis], "kind": np.array([["x"], ["y"], ["z"], ["x"]])}
    model.fit(data, np.ones((4, 1)), epochs=2, batch_size=2, verbose=0)
    expected = model.predict(data)
    model.save(tmp_path / "model.glassbox")
    for other in (load_model(tmp_path / "model.glassbox"), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict(data), expected)


def test_in_a_sequential_and_in_a_pipeline():
    layer = layers.TextVectorization(output_mode="multi_hot")
    layer.adapt(TEXTS)
    model = Sequential([layer, layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(tf.data.Dataset.from_tensor_slices((TEXTS, np.ones(4))).batch(2), verbose=0)
    mapped = tf.data.Dataset.from_tensor_slices(TEXTS).batch(4).map(layer)
    np.testing.assert_array_equal(next(iter(mapped)), layer(tf.constant(TEXTS)))
    layer.adapt(["new words"])
    assert layer(["words"]).numpy().tolist() == [[0, 1, 0]]


def test_rows_of_different_lengths():
    """As in Keras of TensorFlow 2: a RaggedTensor in, a RaggedTensor out, eagerly and compiled, and back."""
    rows = tf.strings.unicode_split(["ab", "c", ""], "UTF-8")
    there, back = layers.StringLookup(vocabulary=["a", "b"]), layers.StringLookup(vocabulary=["a", "b"], invert=True)
    for function in (lambda rows: there(rows), tf.function(lambda rows: there(rows))):
        assert function(rows).to_list() == [[1, 2], [0], []]
    assert back(there(rows)).to_list() == [[b"a", b"b"], [b"[UNK]"], []]
    numbers = tf.ragged.constant([[7, 5], [7]], dtype=tf.int64)
    assert layers.IntegerLookup(vocabulary=[5, 7])(numbers).to_list() == [[2, 1], [2]]
    hot = layers.IntegerLookup(vocabulary=[5, 7], output_mode="multi_hot")(numbers)
    assert hot.numpy().tolist() == [[0, 1, 1], [0, 0, 1]]
