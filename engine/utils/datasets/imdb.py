"""Film reviews, good or bad: `keras.datasets.imdb`."""

import collections
import json
import os

import numpy as np

from engine.utils.datasets.sequences import cut
from engine.utils.datasets.sources import arrays, kept, parts, shuffled
from engine.utils.text import text_to_word_sequence

__all__ = ["get_word_index", "load_data"]


def load_data(path="imdb.npz", num_words=None, skip_top=0, maxlen=None, seed=113, start_char=1, oov_char=2, index_from=3,
              data_dir=None):  # fmt: skip
    """`(x_train, y_train), (x_test, y_test)`: 25,000 reviews each, as arrays of lists of word numbers, and 0 (bad) or 1 (good).

    A word's number is its rank by frequency in the training texts, 1 for the most frequent one, plus `index_from`.
    Arguments: `num_words` (numbers from here on become `oov_char`; None: all stay, where Keras replaces the very last one), `skip_top` (so do those below), `maxlen` (only reviews
    that are shorter), `seed` (of the order of rows), `start_char` (before each review; None: none), `oov_char` (None: left
    out), `index_from`; `path` (Keras's file, read if it is there) and `data_dir` as of `mnist.load_data`.
    What differs from Keras's file: reviews come from tensorflow-datasets as text and are cut into words here, by
    `text_to_word_sequence`. So the words, and their ranks, are not quite Keras's: take `get_word_index` of this module.
    Errors: DatasetError where the set is not on disk and cannot be downloaded.
    Today: `tfds.load("imdb_reviews")` and the layer `TextVectorization`.
    """
    if os.path.exists(kept(path)):
        file = arrays(kept(path))
        pairs = [(file[f"x_{part}"], file[f"y_{part}"]) for part in ("train", "test")]
    else:
        texts = _words(data_dir)
        ranks = _ranks(texts[0][0])
        pairs = [([[ranks[word] for word in words if word in ranks] for words in rows], labels) for rows, labels in texts]
    numbers, found = np.random.RandomState(seed), []
    for rows, labels in pairs:
        order = shuffled(len(rows), numbers)
        rows, labels = [rows[number] for number in order], np.asarray(labels)[order]
        found.append(cut(rows, labels, num_words, skip_top, maxlen, start_char, oov_char, index_from))
    return tuple(found)


def get_word_index(path="imdb_word_index.json", data_dir=None):
    """{word: rank by frequency}, from 1 on: to read a review, add `index_from` of `load_data` to the ranks.

    Arguments: `path`, a file of Keras, which is read if it is there; `data_dir` as of `mnist.load_data`.
    """
    if os.path.exists(kept(path)):
        with open(kept(path), encoding="utf-8") as file:
            return json.load(file)
    return _ranks(_words(data_dir)[0][0])


def _words(data_dir):
    """[(the words of each text, labels) of "train", of "test"]"""
    return [([text_to_word_sequence(text.decode()) for text in part["text"]], part["label"])
            for part in parts("imdb_reviews", data_dir)]  # fmt: skip


def _ranks(rows):
    counts = collections.Counter(word for row in rows for word in row)
    return {word: rank for rank, (word, _) in enumerate(counts.most_common(), 1)}
