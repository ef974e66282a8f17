"""The older text generation: a stateful GRU, built anew for a batch of one from its checkpoint."""
import os
import tempfile

import numpy as np
import tensorflow as tf

vocab_size, embedding_dim, rnn_units, BATCH_SIZE = 12, 6, 8, 4
numbers = np.arange(400) % 11 + 1
dataset = tf.data.Dataset.from_tensor_slices(numbers).batch(11, drop_remainder=True)
dataset = dataset.map(lambda chunk: (chunk[:-1], chunk[1:])).batch(BATCH_SIZE, drop_remainder=True)


def build_model(vocab_size, embedding_dim, rnn_units, batch_size):
  model = tf.keras.Sequential([
    tf.keras.layers.Embedding(vocab_size, embedding_dim, batch_input_shape=[batch_size, None]),
    tf.keras.layers.GRU(rnn_units, return_sequences=True, stateful=True, recurrent_initializer='glorot_uniform'),
    tf.keras.layers.Dense(vocab_size)
  ])
  return model


model = build_model(vocab_size=vocab_size, embedding_dim=embedding_dim, rnn_units=rnn_units, batch_size=BATCH_SIZE)
model.summary()


def loss(labels, logits):
  return tf.keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)


model.compile(optimizer='adam', loss=loss)
checkpoint_dir = tempfile.mkdtemp()
checkpoint_prefix = os.path.join(checkpoint_dir, "ckpt_{epoch}")
checkpoint_callback = tf.keras.callbacks.ModelCheckpoint(filepath=checkpoint_prefix, save_weights_only=True)
history = model.fit(dataset, epochs=3, callbacks=[checkpoint_callback], verbose=0)
latest = tf.train.latest_checkpoint(checkpoint_dir) or os.path.join(checkpoint_dir, "ckpt_3")
model = build_model(vocab_size, embedding_dim, rnn_units, batch_size=1)
model.load_weights(latest)
model.build(tf.TensorShape([1, None]))


def generate_text(model, start):
  input_eval = tf.expand_dims(start, 0)
  text_generated = []
  model.reset_states()
  for i in range(4):
      predictions = model(input_eval)
      predictions = tf.squeeze(predictions, 0)
      predicted_id = tf.random.categorical(predictions, num_samples=1)[-1, 0].numpy()
      input_eval = tf.expand_dims([predicted_id], 0)
      text_generated.append(predicted_id)
  return text_generated


result = len(generate_text(model, [1, 2, 3])) == 4 and history.history["loss"][-1] < history.history["loss"][0]
