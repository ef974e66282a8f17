"""word2vec: skip-grams with negative samples."""
import io

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

SEED = 42
AUTOTUNE = tf.data.AUTOTUNE
lines = ["the wide road shimmered in the hot sun", "the cat sat on the wide mat", "the hot sun"] * 4
text_ds = tf.data.Dataset.from_tensor_slices(lines).filter(lambda x: tf.cast(tf.strings.length(x), bool))
vocab_size, sequence_length = 20, 10
vectorize_layer = layers.TextVectorization(
    standardize=lambda text: tf.strings.lower(text), max_tokens=vocab_size, output_mode='int', output_sequence_length=sequence_length)
vectorize_layer.adapt(text_ds.batch(1024))
inverse_vocab = vectorize_layer.get_vocabulary()
text_vector_ds = text_ds.batch(1024).prefetch(AUTOTUNE).map(vectorize_layer).unbatch()
sequences = list(text_vector_ds.as_numpy_iterator())


def generate_training_data(sequences, window_size, num_ns, vocab_size, seed):
  targets, contexts, labels = [], [], []
  sampling_table = tf.keras.preprocessing.sequence.make_sampling_table(vocab_size)
  for sequence in sequences:
    positive_skip_grams, _ = tf.keras.preprocessing.sequence.skipgrams(
          sequence, vocabulary_size=vocab_size, sampling_table=None and sampling_table, window_size=window_size, negative_samples=0)
    for target_word, context_word in positive_skip_grams:
      context_class = tf.expand_dims(tf.constant([context_word], dtype="int64"), 1)
      negative_sampling_candidates, _, _ = tf.random.log_uniform_candidate_sampler(
          true_classes=context_class, num_true=1, num_sampled=num_ns, unique=True, range_max=vocab_size, seed=seed, name="negative_sampling")
      context = tf.concat([tf.squeeze(context_class, 1), negative_sampling_candidates], 0)
      label = tf.constant([1] + [0]*num_ns, dtype="int64")
      targets.append(target_word)
      contexts.append(context)
      labels.append(label)
  return targets, contexts, labels


targets, contexts, labels = generate_training_data(sequences[:6], window_size=2, num_ns=4, vocab_size=vocab_size, seed=SEED)
targets, contexts, labels = np.array(targets), np.array(contexts), np.array(labels)


class Word2Vec(tf.keras.Model):
  def __init__(self, vocab_size, embedding_dim):
    super(Word2Vec, self).__init__()
    self.target_embedding = layers.Embedding(vocab_size, embedding_dim, input_length=1, name="w2v_embedding")
    self.context_embedding = layers.Embedding(vocab_size, embedding_dim, input_length=4+1)

  def call(self, pair):
    target, context = pair
    if len(target.shape) == 2:
      target = tf.squeeze(target, axis=1)
    word_emb = self.target_embedding(target)
    context_emb = self.context_embedding(context)
    dots = tf.einsum('be,bce->bc', word_emb, context_emb)
    return dots


dataset = tf.data.Dataset.from_tensor_slices(((targets, contexts), labels)).shuffle(100).batch(8, drop_remainder=True)
dataset = dataset.cache().prefetch(buffer_size=AUTOTUNE)
word2vec = Word2Vec(vocab_size, 8)
word2vec.compile(optimizer='adam', loss=tf.keras.losses.CategoricalCrossentropy(from_logits=True), metrics=['accuracy'])
history = word2vec.fit(dataset, epochs=4, verbose=0).history
weights = word2vec.get_layer('w2v_embedding').get_weights()[0]
out_v = io.StringIO()
for index, word in enumerate(vectorize_layer.get_vocabulary()):
  if index == 0:
    continue  # skip 0, it's padding.
  out_v.write('\t'.join([str(x) for x in weights[index]]) + "\n")
result = history["loss"][-1] < history["loss"][0] and weights.shape == (20, 8)
