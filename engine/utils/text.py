"""Words as numbers, as older programs do it. Today: the layer `TextVectorization`, which is saved with the model."""

import collections
import hashlib
import json

import numpy as np

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def text_to_word_sequence(input_text, filters=FILTERS, lower=True, split=" "):
    """The words of a text, without the characters of `filters`. Today: `tf.strings.split`.

    >>> from engine.utils.text import text_to_word_sequence
    >>> text_to_word_sequence("Well, well!")
    ['well', 'well']
    """
    text = input_text.lower() if lower else input_text
    return [word for word in text.translate(str.maketrans(dict.fromkeys(filters, split))).split(split) if word]


def hashing_trick(text, n, hash_function=None, filters=FILTERS, lower=True, split=" ", analyzer=None):
    """The words as numbers from 1 to n - 1 by a hash; two words may get the same. Today: the layer `Hashing`.

    Arguments: `hash_function` (None: Python's `hash`, which differs from run to run; "md5": the same always; a
    function), `analyzer` (a function from a text to its words).

    >>> from engine.utils.text import hashing_trick
    >>> hashing_trick("well, well", 10, "md5")
    [4, 4]
    """
    if hash_function is None:
        hash_function = hash
    elif hash_function == "md5":
        def hash_function(word):
            return int(hashlib.md5(word.encode()).hexdigest(), 16)
    words = text_to_word_sequence(text, filters, lower, split) if analyzer is None else analyzer(text)
    return [hash_function(word) % (n - 1) + 1 for word in words]


def one_hot(input_text, n, filters=FILTERS, lower=True, split=" ", analyzer=None):
    """`hashing_trick` with Python's `hash` (no vectors, whatever the name says). Today: the layer `Hashing`.

    >>> numbers = one_hot("one two one", 10)
    >>> len(numbers), numbers[0] == numbers[2]
    (3, True)
    """
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


class Tokenizer:
    """Numbers for words by frequency, the most frequent is 1; 0 stands for no word.

    Arguments: `num_words` (only numbers below it are used), `filters`, `lower`, `split` (see text_to_word_sequence),
    `char_level` (characters in place of words), `oov_token` (stands for unknown words, as number 1), `analyzer`.
    Attributes after `fit_on_texts`: `word_index`, `index_word`, `word_counts`, `word_docs`, `document_count`.
    Today: `TextVectorization`.

    >>> from engine.utils.text import Tokenizer
    >>> tokenizer = Tokenizer(oov_token="?")
    >>> tokenizer.fit_on_texts(["the cat", "the dog"])
    >>> tokenizer.word_index, tokenizer.texts_to_sequences(["the bird"])
    ({'?': 1, 'the': 2, 'cat': 3, 'dog': 4}, [[2, 1]])
    """

    def __init__(self, num_words=None, filters=FILTERS, lower=True, split=" ", char_level=False, oov_token=None,
                 analyzer=None, **kwargs):  # fmt: skip
        self.document_count = kwargs.pop("document_count", 0)
        if kwargs:
            raise TypeError(f"Tokenizer takes no argument {next(iter(kwargs))!r}.")
        self.num_words, self.filters, self.lower, self.split = num_words, filters, lower, split
        self.char_level, self.oov_token, self.analyzer = char_level, oov_token, analyzer
        self.word_counts = collections.OrderedDict()
        self.word_docs, self.index_docs = collections.defaultdict(int), collections.defaultdict(int)
        self.word_index, self.index_word = {}, {}

    def _words(self, text):
        if self.char_level or isinstance(text, list):
            words = text
            if self.lower:
                words = [word.lower() for word in text] if isinstance(text, list) else text.lower()
            return list(words)
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts):
        """Count the words of `texts`, and number all that were counted so far."""
        for text in texts:
            words = self._words(text)
            self.document_count += 1
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        by_count = sorted(self.word_counts, key=self.word_counts.get, reverse=True)
        by_count = [*([] if self.oov_token is None else [self.oov_token]), *by_count]
        self.word_index = {word: number for number, word in enumerate(dict.fromkeys(by_count), 1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences):
        """Count texts that are numbers already, for `sequences_to_matrix(mode="tfidf")`."""
        self.document_count += len(sequences)
        for sequence in sequences:
            for number in set(sequence):
                self.index_docs[number] += 1

    def texts_to_sequences(self, texts):
        """Each text as a list of numbers; words that have none are left out, or are `oov_token`."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts):
        """As `texts_to_sequences`, one at a time."""
        unknown = self.word_index.get(self.oov_token)
        for text in texts:
            numbers = [self._known(self.word_index.get(word), unknown) for word in self._words(text)]
            yield [number for number in numbers if number is not None]

    def _known(self, number, unknown):
        return unknown if number is None or (self.num_words and number >= self.num_words) else number

    def sequences_to_texts(self, sequences):
        """Lists of numbers as texts again, words with a blank between."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences):
        """As `sequences_to_texts`, one at a time."""
        unknown = self.index_word.get(self.word_index.get(self.oov_token))
        for sequence in sequences:
            words = [self.index_word.get(number) for number in sequence]
            words = [self._known_word(number, word, unknown) for number, word in zip(sequence, words)]
            yield " ".join(word for word in words if word is not None)

    def _known_word(self, number, word, unknown):
        return unknown if word is None or (self.num_words and number >= self.num_words) else word

    def texts_to_matrix(self, texts, mode="binary"):
        """A row for each text, a column for each word; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences, mode="binary"):
        """A row for each sequence: whether a number is in it ("binary"), how often ("count", "freq": as a part), "tfidf"."""
        if mode not in ("binary", "count", "freq", "tfidf"):
            raise ValueError(f"Tokenizer takes 'binary', 'count', 'freq' or 'tfidf' as `mode`, received {mode!r}.")
        size = self.num_words or len(self.word_index) + 1
        if size == 1:
            raise ValueError("Tokenizer: give num_words=, or call fit_on_texts() first.")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Tokenizer: mode='tfidf' needs fit_on_texts() or fit_on_sequences() first.")
        matrix = np.zeros((len(sequences), size))
        for row, sequence in zip(matrix, sequences):
            for number, count in collections.Counter(n for n in sequence if n < size).items():
                row[number] = {"binary": 1, "count": count, "freq": count / len(sequence)}.get(mode, 0)
                if mode == "tfidf":
                    inverse = np.log(1 + self.document_count / (1 + self.index_docs.get(number, 0)))
                    row[number] = (1 + np.log(count)) * inverse
        return matrix

    def get_config(self):
        """All settings and counts, the counts as JSON."""
        settings = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
        counts = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
        return {**{name: getattr(self, name) for name in settings},
                **{name: json.dumps(getattr(self, name)) for name in counts}}  # fmt: skip

    def to_json(self, **kwargs):
        """`get_config` and the class as JSON, for `tokenizer_from_json`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string):
    """The Tokenizer that `to_json` described.

    >>> tokenizer = Tokenizer()
    >>> tokenizer.fit_on_texts(["one two one"])
    >>> tokenizer_from_json(tokenizer.to_json()).word_index
    {'one': 1, 'two': 2}
    """
    config = json.loads(json_string)["config"]
    counts = {name: json.loads(config.pop(name)) for name in
              ("word_counts", "word_docs", "index_docs", "index_word", "word_index")}  # fmt: skip
    for name in ("index_docs", "index_word"):  # JSON has no numbers as keys
        counts[name] = {int(key): value for key, value in counts[name].items()}
    tokenizer = Tokenizer(**config)
    vars(tokenizer).update(counts)
    return tokenizer
