"""Newswires on 46 topics: `keras.datasets.reuters`."""

import json

import numpy as np

from engine.utils.datasets.sequences import cut
from engine.utils.datasets.sources import arrays, fetched, shuffled

__all__ = ["get_label_names", "get_word_index", "load_data"]

_TOPICS = """cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton carcass crude
nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal livestock retail ipi iron-steel rubber heat jobs
lei bop zinc orange pet-chem dlr gas silver wpi hog lead"""


def load_data(path="reuters.npz", num_words=None, skip_top=0, maxlen=None, test_split=0.2, seed=113, start_char=1, oov_char=2,
              index_from=3):  # fmt: skip
    """`(x_train, y_train), (x_test, y_test)`: 11,228 newswires as arrays of lists of word numbers, and their topics, 0 to 45.

    Arguments: `path` (Keras's file, below ~/.keras/datasets or absolute; it is downloaded there if it is not), `test_split` (the
    part of the rows that is for the test); the others as of `imdb.load_data`.
    Errors: OSError that says where to put the file, if it cannot be downloaded.
    """
    file = arrays(fetched(path, "reuters.npz"))
    order = shuffled(len(file["x"]), np.random.RandomState(seed))
    rows, labels = cut([file["x"][number] for number in order], file["y"][order], num_words, skip_top, maxlen, start_char,
                       oov_char, index_from)  # fmt: skip
    end = int(len(rows) * (1 - test_split))
    return (rows[:end], labels[:end]), (rows[end:], labels[end:])


def get_word_index(path="reuters_word_index.json"):
    """{word: rank by frequency}, from 1 on: in `load_data` words have their rank + `index_from`."""
    with open(fetched(path, "reuters_word_index.json"), encoding="utf-8") as file:
        return json.load(file)


def get_label_names():
    """The topics, in the order of their numbers.

    >>> from engine.utils.datasets.reuters import get_label_names
    >>> get_label_names()[:3], len(get_label_names())
    (('cocoa', 'grain', 'veg-oil'), 46)
    """
    return tuple(_TOPICS.split())
