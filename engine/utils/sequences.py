"""Sequences of numbers as arrays, and pairs of words to learn embeddings from."""

import random

import numpy as np

from engine.data.sequences import PyDataset


def pad_sequences(sequences, maxlen=None, dtype="int32", padding="pre", truncating="pre", value=0.0):
    """Lists of different lengths as one array (rows, maxlen, ...): the short ones filled up, the long ones cut.

    Arguments: `maxlen` (None: the longest), `dtype`, `padding` and `truncating` ("pre": at the beginning, "post": at the
    end), `value` (what fills up).
    Errors: ValueError for what is no list of lists, and for steps of different shapes.
    Today: `tf.ragged.constant(sequences).to_tensor()`, or `TextVectorization(output_sequence_length=...)`.

    >>> from engine.utils import pad_sequences
    >>> pad_sequences([[1], [2, 3, 4]], maxlen=2).tolist()
    [[0, 1], [3, 4]]
    """
    for name, given in (("padding", padding), ("truncating", truncating)):
        if given not in ("pre", "post"):
            raise ValueError(f"pad_sequences takes 'pre' or 'post' as `{name}`, received {given!r}.")
    if not hasattr(sequences, "__len__") or not all(hasattr(row, "__len__") for row in sequences):
        raise ValueError(f"pad_sequences takes a list of lists, received {sequences!r}.")
    if isinstance(value, str) and not (np.issubdtype(dtype, np.str_) or np.dtype(dtype) == object):
        raise ValueError(f"pad_sequences: the value {value!r} is text, and dtype={dtype!r} is not. Take dtype=object.")
    rows = [np.asarray(row, dtype) for row in sequences]
    if maxlen is None:
        maxlen = max((len(row) for row in rows), default=0)
    step = next((row.shape[1:] for row in rows if len(row)), ())
    padded = np.full((len(rows), maxlen, *step), value, dtype)
    for target, row in zip(padded, rows):
        if len(row) and row.shape[1:] != step:
            raise ValueError(f"pad_sequences takes steps of one shape, received {step} and {row.shape[1:]}.")
        kept = row[max(len(row) - maxlen, 0) :] if truncating == "pre" else row[:maxlen]
        if len(kept):
            target[maxlen - len(kept) if padding == "pre" else 0 :][: len(kept)] = kept
    return padded


def make_sampling_table(size, sampling_factor=1e-5):
    """For the word of each rank, how likely word2vec keeps it: frequent words are kept less often (Mikolov et al. 2013).

        p(rank) = min(1, √(sampling_factor · H)),   H ≈ rank · (ln rank + γ) + 1/2 - 1 / (12 rank)   (Zipf's law, γ = 0.577)

    Returns float64 of shape (size,); rank 0 is no word and counts as 1.

    >>> from engine.utils import make_sampling_table
    >>> make_sampling_table(3).round(5).tolist()
    [0.00315, 0.00315, 0.00548]
    """
    rank = np.maximum(np.arange(size), 1)
    inverse_frequency = rank * (np.log(rank) + 0.577) + 0.5 - 1 / (12 * rank)
    return np.minimum(1.0, np.sqrt(sampling_factor * inverse_frequency))


def skipgrams(sequence, vocabulary_size, window_size=4, negative_samples=1.0, shuffle=True, categorical=False,
              sampling_table=None, seed=None):  # fmt: skip
    """(couples, labels) of word2vec: words with a neighbour (label 1), and with a word drawn at random (label 0).

    Arguments: `sequence` (word numbers; 0 is no word), `vocabulary_size`, `window_size` (neighbours on each side),
    `negative_samples` (random pairs for each true one), `categorical` (labels [0, 1] and [1, 0] in place of 1 and 0),
    `sampling_table` (see make_sampling_table), `shuffle` and its `seed`.

    >>> from engine.utils import skipgrams
    >>> skipgrams([1, 2], 5, negative_samples=0, shuffle=False)
    ([[1, 2], [2, 1]], [1, 1])
    """
    couples = []
    for place, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        around = [*sequence[max(place - window_size, 0) : place], *sequence[place + 1 : place + window_size + 1]]
        couples += [[word, other] for other in around if other]
    yes, no = ([0, 1], [1, 0]) if categorical else (1, 0)
    labels = [yes] * len(couples)
    if negative_samples > 0:
        count = int(len(couples) * negative_samples)
        words = [couple[0] for couple in couples]
        random.shuffle(words)
        couples += [[words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)]
        labels += [no] * count
    if shuffle:
        key = random.randint(0, 10**7) if seed is None else seed
        for items in (couples, labels):
            random.Random(key).shuffle(items)
    return couples, labels


class TimeseriesGenerator(PyDataset):
    """Windows of a series as batches: each has `length` time steps, and the target of the step after them.

        x[i] = data[i - length : i : sampling_rate],   y[i] = targets[i]

    Shapes: data (steps, ...), targets (steps, ...) → batches of (batch, length / sampling_rate, ...) and (batch, ...).
    Arguments: `sampling_rate` (of the steps in a window), `stride` (between windows), `start_index`, `end_index` (of the
    targets, both within), `shuffle` (draw windows at random), `reverse` (time runs backward), `batch_size`.
    Errors: ValueError if data and targets differ in length, or are too short for one window.
    Today: `timeseries_dataset_from_array`.

    >>> import numpy as np
    >>> from engine.utils import TimeseriesGenerator
    >>> x, y = TimeseriesGenerator(np.arange(5), np.arange(5), length=2)[0]
    >>> x.tolist(), y.tolist()
    ([[0, 1], [1, 2], [2, 3]], [2, 3, 4])
    """

    def __init__(self, data, targets, length, sampling_rate=1, stride=1, start_index=0, end_index=None, shuffle=False,
                 reverse=False, batch_size=128):  # fmt: skip
        super().__init__()
        if len(data) != len(targets):
            raise ValueError(f"TimeseriesGenerator takes a target for each step, received {len(data)} steps and "
                             f"{len(targets)} targets.")  # fmt: skip
        self.data, self.targets, self.length = data, targets, length
        self.sampling_rate, self.stride, self.batch_size = sampling_rate, stride, batch_size
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse = shuffle, reverse
        if self.start_index > self.end_index:
            raise ValueError(f"TimeseriesGenerator: the first target would be step {self.start_index}, the last one "
                             f"{self.end_index}. Take a shorter `length`.")  # fmt: skip

    def __len__(self):
        return -(-(self.end_index - self.start_index + 1) // (self.batch_size * self.stride))

    def __getitem__(self, index):
        if self.shuffle:
            ends = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            first = self.start_index + self.batch_size * self.stride * index
            ends = np.arange(first, min(first + self.batch_size * self.stride, self.end_index + 1), self.stride)
        windows = np.array([self.data[end - self.length : end : self.sampling_rate] for end in ends])
        targets = np.array([self.targets[end] for end in ends])
        return (windows[:, ::-1] if self.reverse else windows), targets
