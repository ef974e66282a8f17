"""`TextVectorization`: texts as numbers of words."""

import string

import tensorflow as tf

from engine.small_parts.sizes import positive_integer
from layers.spatial import one_of
from layers.text.vocabulary import OUTPUT_MODES, VocabularyLayer

_PUNCTUATION = "[" + "".join(f"\\{character}" for character in string.punctuation) + "]"
_STANDARDS = ("lower_and_strip_punctuation", "lower", "strip_punctuation")


class TextVectorization(VocabularyLayer):
    """Texts as numbers of words: made alike, split, looked up in the vocabulary. 0 fills up, 1 is an unknown word.

        text → standardize → split → ngrams → numbers → output_mode

    Shapes: strings (batch,) or (batch, 1) → int64 (batch, the longest text or `output_sequence_length`); other modes:
    (batch, size of the vocabulary). One string gives one row. No weights: the vocabulary is part of the config.
    Arguments: `max_tokens`, `vocabulary`, `idf_weights`, `pad_to_max_tokens` (see VocabularyLayer); `standardize`
    ("lower_and_strip_punctuation", "lower", "strip_punctuation", None or a function of strings); `split` ("whitespace",
    "character", None: the texts are tokens already, or a function); `ngrams` (n: up to n words that follow each other are
    tokens too; a tuple: of these lengths alone); `output_mode` ("int", "multi_hot", "count", "tf_idf");
    `output_sequence_length` (cut or filled up to it).
    Errors: ValueError without a vocabulary: call `adapt(texts)` first.

    >>> from layers import TextVectorization
    >>> vectorization = TextVectorization()
    >>> vectorization.adapt(["The cat.", "The dog!"])
    >>> vectorization.get_vocabulary()
    ['', '[UNK]', 'the', 'dog', 'cat']
    >>> vectorization(["the dog", "A cat sat"]).numpy().tolist()
    [[2, 3, 0], [1, 4, 1]]
    """

    usual_input = tf.TensorSpec([None], tf.string)  # where it is the first layer

    def __init__(self, max_tokens=None, standardize="lower_and_strip_punctuation", split="whitespace", ngrams=None,
                 output_mode="int", output_sequence_length=None, pad_to_max_tokens=False, vocabulary=None, idf_weights=None,
                 sparse=False, ragged=False, encoding="utf-8", name=None, **kwargs):  # fmt: skip
        self.standardize = standardize if callable(standardize) else one_of(
            self, "standardize", standardize, (*_STANDARDS, None))  # fmt: skip
        self.split = split if callable(split) else one_of(self, "split", split, ("whitespace", "character", None))
        self.ngrams = ngrams if ngrams is None or isinstance(ngrams, int) else tuple(ngrams)
        self.ragged, self.encoding = ragged, encoding
        self.output_sequence_length = output_sequence_length
        kwargs.pop("vocabulary_size", None)  # in configs of other libraries
        super().__init__(max_tokens, 1, "", "[UNK]", vocabulary, idf_weights, False, output_mode, pad_to_max_tokens, sparse,
                         None, name=name, **kwargs)  # fmt: skip
        one_of(self, "output_mode", output_mode, [mode for mode in OUTPUT_MODES if mode != "one_hot"])
        if ragged:
            raise ValueError(f"{self._title} makes dense tensors only: ragged=True is not supported.")
        if output_sequence_length is not None:
            positive_integer(self, "output_sequence_length", output_sequence_length)
            if output_mode != "int":
                raise ValueError(f"{self._title} takes output_sequence_length with output_mode='int', not {output_mode!r}.")

    def _token_rows(self, batch):
        return super()._token_rows(self._tokens(tf.reshape(batch, [-1]) if self.split is not None else batch))

    def _tokens(self, texts):
        """The words of each text, a RaggedTensor; texts as they are where nothing is split."""
        if callable(self.standardize):
            texts = self.standardize(texts)
        elif self.standardize is not None:
            texts = tf.strings.lower(texts) if "lower" in self.standardize else texts
            texts = tf.strings.regex_replace(texts, _PUNCTUATION, "") if "punctuation" in self.standardize else texts
        if callable(self.split):
            texts = self.split(texts)
        elif self.split is not None:
            texts = tf.strings.split(texts) if self.split == "whitespace" else tf.strings.unicode_split(texts, "UTF-8")
        if self.ngrams is None:
            return texts
        lengths = tuple(range(1, self.ngrams + 1)) if isinstance(self.ngrams, int) else self.ngrams
        return tf.strings.ngrams(texts, lengths, separator=" ")

    def call(self, inputs):
        if inputs.dtype != tf.string:
            raise ValueError(f"{self._title} takes strings, received {inputs.dtype.name}.")
        rank = inputs.shape.rank
        if self.split is not None and rank > 1:
            if rank > 2 or inputs.shape[-1] != 1:
                raise ValueError(f"{self._title} takes texts of shape (batch,) or (batch, 1), received {tuple(inputs.shape)}.")
            inputs = tf.squeeze(inputs, -1)
        tokens = self._tokens(inputs[tf.newaxis] if rank == 0 else inputs)
        numbers = tf.ragged.map_flat_values(self.numbers, tokens)
        if isinstance(numbers, tf.RaggedTensor):
            length = self.output_sequence_length
            filler = 0 if self.output_mode == "int" else -1
            numbers = numbers.to_tensor(filler, shape=None if length is None else (None, length))
        elif self.output_sequence_length is not None:
            numbers = numbers[..., : self.output_sequence_length]
            numbers = tf.pad(numbers, [[0, 0], [0, self.output_sequence_length - tf.shape(numbers)[-1]]])
        outputs = self.encoded(numbers)
        return outputs[0] if rank == 0 else outputs

    def get_config(self):
        fixed = {"num_oov_indices", "mask_token", "oov_token", "invert", "salt"}  # of all vocabularies, and no choice here
        return {name: value for name, value in super().get_config().items() if name not in fixed}
