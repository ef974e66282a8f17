"""Transformer for translation: attention, positions, a schedule of its own, masked loss and accuracy."""
import numpy as np
import tensorflow as tf


def positional_encoding(length, depth):
  depth = depth/2
  positions = np.arange(length)[:, np.newaxis]
  depths = np.arange(depth)[np.newaxis, :]/depth
  angle_rads = positions * 1 / (10000**depths)
  return tf.cast(np.concatenate([np.sin(angle_rads), np.cos(angle_rads)], axis=-1), dtype=tf.float32)


class PositionalEmbedding(tf.keras.layers.Layer):
  def __init__(self, vocab_size, d_model):
    super().__init__()
    self.d_model = d_model
    self.embedding = tf.keras.layers.Embedding(vocab_size, d_model, mask_zero=True)
    self.pos_encoding = positional_encoding(length=64, depth=d_model)

  def compute_mask(self, *args, **kwargs):
    return self.embedding.compute_mask(*args, **kwargs)

  def call(self, x):
    length = tf.shape(x)[1]
    x = self.embedding(x)
    x *= tf.math.sqrt(tf.cast(self.d_model, tf.float32))
    return x + self.pos_encoding[tf.newaxis, :length, :]


class BaseAttention(tf.keras.layers.Layer):
  def __init__(self, **kwargs):
    super().__init__()
    self.mha = tf.keras.layers.MultiHeadAttention(**kwargs)
    self.layernorm = tf.keras.layers.LayerNormalization()
    self.add = tf.keras.layers.Add()


class CrossAttention(BaseAttention):
  def call(self, x, context):
    attn_output, attn_scores = self.mha(query=x, key=context, value=context, return_attention_scores=True)
    self.last_attn_scores = attn_scores
    x = self.add([x, attn_output])
    return self.layernorm(x)


class GlobalSelfAttention(BaseAttention):
  def call(self, x):
    x = self.add([x, self.mha(query=x, value=x, key=x)])
    return self.layernorm(x)


class CausalSelfAttention(BaseAttention):
  def call(self, x):
    x = self.add([x, self.mha(query=x, value=x, key=x, use_causal_mask=True)])
    return self.layernorm(x)


class FeedForward(tf.keras.layers.Layer):
  def __init__(self, d_model, dff, dropout_rate=0.1):
    super().__init__()
    self.seq = tf.keras.Sequential([
      tf.keras.layers.Dense(dff, activation='relu'),
      tf.keras.layers.Dense(d_model),
      tf.keras.layers.Dropout(dropout_rate)
    ])
    self.add = tf.keras.layers.Add()
    self.layer_norm = tf.keras.layers.LayerNormalization()

  def call(self, x):
    return self.layer_norm(self.add([x, self.seq(x)]))


class Transformer(tf.keras.Model):
  def __init__(self, *, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1):
    super().__init__()
    self.pos_in = PositionalEmbedding(input_vocab_size, d_model)
    self.pos_out = PositionalEmbedding(target_vocab_size, d_model)
    self.enc = [GlobalSelfAttention(num_heads=num_heads, key_dim=d_model, dropout=dropout_rate), FeedForward(d_model, dff)]
    self.dec_self = CausalSelfAttention(num_heads=num_heads, key_dim=d_model, dropout=dropout_rate)
    self.dec_cross = CrossAttention(num_heads=num_heads, key_dim=d_model, dropout=dropout_rate)
    self.final_layer = tf.keras.layers.Dense(target_vocab_size)

  def call(self, inputs):
    context, x = inputs
    context = self.pos_in(context)
    for layer in self.enc:
      context = layer(context)
    x = self.dec_cross(x=self.dec_self(x=self.pos_out(x)), context=context)
    logits = self.final_layer(x)
    try:
      # Drop the keras mask, so it doesn't scale the losses/metrics.
      del logits._keras_mask
    except AttributeError:
      pass
    return logits


class CustomSchedule(tf.keras.optimizers.schedules.LearningRateSchedule):
  def __init__(self, d_model, warmup_steps=40):
    super().__init__()
    self.d_model = tf.cast(d_model, tf.float32)
    self.warmup_steps = warmup_steps

  def __call__(self, step):
    step = tf.cast(step, dtype=tf.float32)
    arg1 = tf.math.rsqrt(step)
    arg2 = step * (self.warmup_steps ** -1.5)
    return tf.math.rsqrt(self.d_model) * tf.math.minimum(arg1, arg2)


def masked_loss(label, pred):
  mask = label != 0
  loss_object = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction='none')
  loss = loss_object(label, pred)
  mask = tf.cast(mask, dtype=loss.dtype)
  loss *= mask
  return tf.reduce_sum(loss)/tf.reduce_sum(mask)


def masked_accuracy(label, pred):
  pred = tf.argmax(pred, axis=2)
  label = tf.cast(label, pred.dtype)
  match = label == pred
  mask = label != 0
  match = match & mask
  match = tf.cast(match, dtype=tf.float32)
  mask = tf.cast(mask, dtype=tf.float32)
  return tf.reduce_sum(match)/tf.reduce_sum(mask)


transformer = Transformer(d_model=8, num_heads=2, dff=16, input_vocab_size=20, target_vocab_size=21)
learning_rate = CustomSchedule(8)
optimizer = tf.keras.optimizers.Adam(learning_rate, beta_1=0.9, beta_2=0.98, epsilon=1e-9)
pt = np.random.RandomState(0).randint(1, 20, (16, 7)); pt[:, 5:] = 0
en = np.random.RandomState(1).randint(1, 21, (16, 6)); en[:, 4:] = 0
dataset = tf.data.Dataset.from_tensor_slices(((pt, en[:, :-1]), en[:, 1:])).batch(8)
transformer.compile(loss=masked_loss, optimizer=optimizer, metrics=[masked_accuracy])
history = transformer.fit(dataset, epochs=3, validation_data=dataset, verbose=0).history
transformer.summary()
output = transformer((pt[:2], en[:2]))
result = output.shape == (2, 6, 21) and history["loss"][-1] < history["loss"][0] and "val_masked_accuracy" in history \
    and transformer.dec_cross.last_attn_scores.shape == (2, 2, 6, 7)
