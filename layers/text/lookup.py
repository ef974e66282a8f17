"""`StringLookup` and `IntegerLookup`: categories as numbers from 0 on, and back."""

import tensorflow as tf

from layers.text.vocabulary import VocabularyLayer


class StringLookup(VocabularyLayer):
    """Strings as numbers: each by its place in the vocabulary.

    Shapes: any, of strings; the same comes out, int64, also of a RaggedTensor; other modes than "int": see `layers.text.encoding`.
    No weights. Arguments: those of `VocabularyLayer` (`mask_token` None, one number for unknown strings, "[UNK]"); `encoding`.
    Errors: ValueError without a vocabulary, and for a token that is in it twice.

    >>> from layers import StringLookup
    >>> lookup = StringLookup()
    >>> lookup.adapt(["b", "a", "b"])
    >>> lookup.get_vocabulary(), lookup(["a", "b", "c"]).numpy().tolist()
    (['[UNK]', 'b', 'a'], [2, 1, 0])
    >>> StringLookup(vocabulary=["b", "a"], invert=True)([2, 1]).numpy().tolist()
    [b'a', b'b']
    """

    def __init__(self, max_tokens=None, num_oov_indices=1, mask_token=None, oov_token="[UNK]", vocabulary=None,
                 idf_weights=None, invert=False, output_mode="int", pad_to_max_tokens=False, sparse=False, encoding="utf-8",
                 name=None, salt=None, **kwargs):  # fmt: skip
        self.encoding = encoding
        super().__init__(max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode,
                         pad_to_max_tokens, sparse, salt, name=name, **kwargs)  # fmt: skip

    def call(self, inputs):
        if self.invert:
            return tf.ragged.map_flat_values(self.looked_up, tf.cast(inputs, tf.int64))
        if inputs.dtype != tf.string:
            raise ValueError(f"{self._title} takes strings, received {inputs.dtype.name}. For integers: IntegerLookup.")
        return self.encoded(tf.ragged.map_flat_values(self.numbers, inputs))


class IntegerLookup(VocabularyLayer):
    """Integers of any kind, such as identifiers, as numbers from 0 on: each by its place in the vocabulary.

    Shapes: any, of integers; the same comes out, int64; other modes than "int": see `encode`. No weights.
    Arguments: those of `VocabularyLayer` (`mask_token` None, one number for unknown integers, `oov_token` -1);
    `vocabulary_dtype`.
    Errors: ValueError without a vocabulary, and for a token that is in it twice.

    >>> from layers import IntegerLookup
    >>> IntegerLookup(vocabulary=[12, 36])([36, 5, 12]).numpy().tolist()
    [2, 0, 1]
    """

    def __init__(self, max_tokens=None, num_oov_indices=1, mask_token=None, oov_token=-1, vocabulary=None,
                 vocabulary_dtype="int64", idf_weights=None, invert=False, output_mode="int", sparse=False,
                 pad_to_max_tokens=False, salt=None, name=None, **kwargs):  # fmt: skip
        self.vocabulary_dtype = self.token_dtype = vocabulary_dtype
        super().__init__(max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode,
                         pad_to_max_tokens, sparse, salt, name=name, **kwargs)  # fmt: skip

    def call(self, inputs):
        if not inputs.dtype.is_integer:
            raise ValueError(f"{self._title} takes integers, received {inputs.dtype.name}. For strings: StringLookup.")
        if self.invert:
            return tf.ragged.map_flat_values(self.looked_up, tf.cast(inputs, tf.int64))
        return self.encoded(tf.ragged.map_flat_values(self.numbers, tf.cast(inputs, self.token_dtype)))
