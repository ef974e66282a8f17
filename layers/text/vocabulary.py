"""`VocabularyLayer`: a layer with a table from tokens to numbers, which it is given or learns from data."""

import collections
import os

import numpy as np
import tensorflow as tf

from engine.core.layer import Layer
from engine.small_parts.sizes import positive_integer
from layers.spatial import one_of
from layers.text.encoding import encode
from layers.text.learned import Learned

OUTPUT_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


class VocabularyLayer(Learned, Layer):
    """Base of layers that number tokens: in the order of `get_vocabulary()`, special tokens first.

    Arguments: `max_tokens` (the largest vocabulary that `adapt` makes, special tokens included; None: no limit),
    `num_oov_indices` (numbers for unknown tokens: with several a hash chooses one; 0: they are an error),
    `mask_token` (gets the number 0; in other modes than "int" it is left out), `oov_token` (what stands for unknown tokens
    in the vocabulary), `vocabulary` (a list, an array, or the path of a file with a token on each line), `idf_weights`
    (for "tf_idf": one for each token), `invert` (numbers to tokens), `output_mode` (see `encode`), `pad_to_max_tokens`
    (rows of length max_tokens), `sparse` (False only), `salt` (an integer, to choose among several numbers by another hash).
    """

    token_dtype = "string"
    learned = ("vocabulary", "idf_weights")

    def __init__(self, max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode,
                 pad_to_max_tokens, sparse, salt, **kwargs):  # fmt: skip
        super().__init__(**{"autocast": False, **kwargs})
        self.max_tokens = max_tokens if max_tokens is None else positive_integer(self, "max_tokens", max_tokens)
        self.num_oov_indices, self.mask_token, self.oov_token, self.salt = num_oov_indices, mask_token, oov_token, salt
        self.invert, self.output_mode = invert, one_of(self, "output_mode", output_mode, OUTPUT_MODES)
        self.pad_to_max_tokens, self.sparse = pad_to_max_tokens, sparse
        if sparse:
            raise ValueError(f"{self._title} makes dense tensors only: sparse=True is not supported.")
        if invert and output_mode != "int":
            raise ValueError(f"{self._title} with invert=True takes output_mode='int', received {output_mode!r}.")
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(f"{self._title} with pad_to_max_tokens=True needs max_tokens, received None.")
        if idf_weights is not None and vocabulary is None:
            raise ValueError(f"{self._title} takes idf_weights together with the vocabulary that they belong to.")
        self.vocabulary = self.idf_weights = None
        self._make_table()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    # ---- the vocabulary -------------------------------------------------------------------------

    @property
    def _special_tokens(self):
        masked = [self.mask_token] if self.mask_token is not None and self.output_mode == "int" else []
        return [*masked, *[self.oov_token] * self.num_oov_indices]

    def get_vocabulary(self, include_special_tokens=True):
        """The tokens in the order of their numbers."""
        known = [] if self.vocabulary is None else self.vocabulary.tolist()
        return [*self._special_tokens, *known] if include_special_tokens else known

    def vocabulary_size(self):
        """The number of tokens, special ones included."""
        return len(self._special_tokens) + (0 if self.vocabulary is None else len(self.vocabulary))

    def set_vocabulary(self, vocabulary, idf_weights=None):
        """Make these the tokens (with or without the special ones at the beginning), and the weights of "tf_idf"."""
        if isinstance(vocabulary, (str, os.PathLike)):
            with open(vocabulary, encoding="utf-8") as file:
                vocabulary = file.read().splitlines()
        tokens = [token.decode() if isinstance(token, bytes) else token for token in np.asarray(vocabulary).tolist()]
        special = self._special_tokens
        if special and tokens[: len(special)] == special:
            tokens = tokens[len(special) :]
            idf_weights = idf_weights if idf_weights is None or len(idf_weights) == len(tokens) else idf_weights[len(special) :]
        twice = [token for token, count in collections.Counter([*set(special), *tokens]).items() if count > 1]
        if twice:
            raise ValueError(f"{self._title}: a vocabulary has each token once, and special tokens first; {twice[0]!r} is "
                             "in it twice.")  # fmt: skip
        if self.max_tokens is not None and len(tokens) + len(special) > self.max_tokens:
            raise ValueError(f"{self._title}: the vocabulary has {len(tokens) + len(special)} tokens, special ones included; "
                             f"max_tokens={self.max_tokens}.")  # fmt: skip
        if self.output_mode == "tf_idf" and (idf_weights is None or len(idf_weights) != len(tokens)):
            raise ValueError(f"{self._title} with output_mode='tf_idf' needs idf_weights=, one for each token.")
        self.vocabulary = np.array(tokens, object if self.token_dtype == "string" else self.token_dtype)
        self.idf_weights = None if idf_weights is None else np.asarray(idf_weights, "float32")
        self._fill_table()

    @classmethod
    def from_config(cls, config):
        """The layer again. A config may be a stranger's: no file is opened because it names one."""
        if isinstance(config.get("vocabulary"), (str, os.PathLike)):
            raise ValueError(f"{cls.__name__}: a config has the vocabulary itself, received the path {str(config['vocabulary'])!r:.80}. "
                             "Give paths to the constructor, or to set_vocabulary().")  # fmt: skip
        return super().from_config(config)

    def adapt(self, data, batch_size=None, steps=None):
        """Learn the vocabulary of `data` (an array, a list, or batches of them), the most frequent token first.

        Arguments: `steps` (of the batches only so many), `batch_size` (not needed, for Keras's sake).
        """
        counts, rows_with, rows = collections.Counter(), collections.Counter(), 0
        whole = hasattr(data, "__array__") or isinstance(data, (list, tuple, str, tf.RaggedTensor))
        for step, batch in enumerate([data] if whole else data):
            if step == steps:
                break
            for row in self._token_rows(tf.convert_to_tensor(batch) if not isinstance(batch, tf.RaggedTensor) else batch):
                counts.update(row)
                rows_with.update(set(row))
                rows += 1
        for token in {self.mask_token, self.oov_token}:
            counts.pop(token, None)
        room = None if self.max_tokens is None else self.max_tokens - len(self._special_tokens)
        tokens = sorted(counts, key=lambda token: (counts[token], token), reverse=True)[:room]
        weights = np.log(1 + rows / (1 + np.array([rows_with[token] for token in tokens], float)))
        self.set_vocabulary(np.array(tokens, object), weights if self.output_mode == "tf_idf" else None)

    def _token_rows(self, batch):
        """The rows of a batch, each a list of tokens."""
        tokens = tf.reshape(batch, (-1, 1)) if batch.shape.rank < 2 else batch
        return [[_plain(token) for token in np.ravel(row)] for row in tokens.numpy()]

    # ---- the table ------------------------------------------------------------------------------

    def _make_table(self):
        key, value = (tf.int64, self.token_dtype) if self.invert else (self.token_dtype, tf.int64)
        default = self.oov_token if self.invert else -1
        with tf.init_scope():
            self._table = tf.lookup.experimental.MutableHashTable(key, value, tf.constant(default, value))

    def _fill_table(self):
        first = len(self._special_tokens)
        tokens = tf.constant(self.vocabulary.tolist(), self.token_dtype)
        numbers = tf.range(first, first + len(self.vocabulary), dtype=tf.int64)
        old = self._table.export()[0]
        self._table.remove(old)
        self._table.insert(*((numbers, tokens) if self.invert else (tokens, numbers)))
        if self.mask_token is not None:
            mask = tf.constant([self.mask_token], self.token_dtype)
            number = tf.constant([0 if self.output_mode == "int" else -2], tf.int64)
            self._table.insert(*((number, mask) if self.invert else (mask, number)))

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "_table"}

    def __setstate__(self, state):
        super().__setstate__(state)
        self._make_table()
        if self.vocabulary is not None:
            self._fill_table()

    # ---- numbers ----------------------------------------------------------------------------------

    def numbers(self, tokens):
        """The number of each token; -2 for the mask token where it has none."""
        if tf.executing_eagerly() and self.vocabulary is None:
            raise ValueError(f"{self._title} has no vocabulary yet. Call adapt(data), or give vocabulary=.")
        found = self.looked_up(tokens)
        if self.num_oov_indices == 0:
            message = f"{self._title}: there are tokens that are not in the vocabulary, and num_oov_indices=0."
            if tf.executing_eagerly() and bool(tf.reduce_any(found == -1)):
                raise ValueError(message)
            with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(found != -1), [message])]):
                return tf.identity(found)
        first = len(self._special_tokens) - self.num_oov_indices
        return tf.where(found == -1, self._unknown(tokens) + first, found)

    def looked_up(self, keys):
        """What the table has for `keys`."""
        return tf.ensure_shape(self._table.lookup(keys), keys.shape)  # the table forgets it

    def _unknown(self, tokens):
        """Which of the numbers for unknown tokens, from 0 on."""
        if self.num_oov_indices == 1:
            return tf.zeros_like(tokens, tf.int64)
        if self.token_dtype != "string":
            return tf.math.floormod(tf.cast(tokens, tf.int64), self.num_oov_indices)
        return hash_bucket(tokens, self.num_oov_indices, self.salt)

    def encoded(self, numbers):
        """Numbers in the form of the output mode."""
        size = self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()
        weights = None
        if self.idf_weights is not None:
            unknown = [np.mean(self.idf_weights)] * len(self._special_tokens)
            weights = np.concatenate([unknown, self.idf_weights, np.zeros(size - self.vocabulary_size())])
        return encode(numbers, size, self.output_mode, "float32" if self.output_mode == "tf_idf" else "int64", weights)


def hash_bucket(tokens, buckets, salt):
    """A number from 0 to `buckets` - 1 for each string, always the same: FarmHash64, or with a `salt` SipHash64."""
    if salt is None:
        return tf.strings.to_hash_bucket_fast(tokens, buckets)
    return tf.strings.to_hash_bucket_strong(tokens, buckets, [salt, salt] if isinstance(salt, int) else list(salt))


def _plain(token):
    return token.decode("utf-8") if isinstance(token, bytes) else token.item() if hasattr(token, "item") else token
