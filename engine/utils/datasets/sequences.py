"""Texts as lists of word numbers, as imdb and reuters have them."""

import numpy as np


def cut(rows, labels, num_words, skip_top, maxlen, start_char, oov_char, index_from):
    """(rows, labels): numbers moved by `index_from` behind `start_char`, rare and very frequent words replaced.

    Rows that are longer than `maxlen` are left out, as Keras does.
    """
    if start_char is not None:
        rows = [[start_char, *(word + index_from for word in row)] for row in rows]
    elif index_from:
        rows = [[word + index_from for word in row] for row in rows]
    if maxlen is not None:
        short = [number for number, row in enumerate(rows) if len(row) < maxlen]
        if not short:
            raise ValueError(f"load_data: no text is shorter than maxlen={maxlen}. Take a larger one.")
        rows, labels = [rows[number] for number in short], labels[short]
    rows = [_replaced(row, num_words, skip_top, oov_char) for row in rows]
    found = np.empty(len(rows), object)
    found[:] = rows
    return found, labels


def _replaced(row, num_words, skip_top, oov_char):
    def kept(word):
        return skip_top <= word and (num_words is None or word < num_words)

    if oov_char is None:
        return [word for word in row if kept(word)]
    return [word if kept(word) else oov_char for word in row]
