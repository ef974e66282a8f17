"""Overfit and underfit: schedules, regularizers, dropout, TensorBoard and early stopping on binary crossentropy."""
import pathlib
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers
from tensorflow.keras import regularizers

logdir = pathlib.Path(tempfile.mkdtemp())/"tensorboard_logs"
FEATURES, BATCH_SIZE, STEPS_PER_EPOCH = 28, 50, 4
features = np.random.RandomState(0).normal(size=(200, FEATURES)).astype("float32")
train_ds = tf.data.Dataset.from_tensor_slices((features, (features[:, 0] > 0).astype("float32"))).cache()
validate_ds = train_ds.take(100).batch(BATCH_SIZE)
train_ds = train_ds.shuffle(200).repeat().batch(BATCH_SIZE)
lr_schedule = tf.keras.optimizers.schedules.InverseTimeDecay(0.001, decay_steps=STEPS_PER_EPOCH*1000, decay_rate=1, staircase=False)
lr = lr_schedule(np.linspace(0, 100000))


def get_optimizer():
  return tf.keras.optimizers.Adam(lr_schedule)


def get_callbacks(name):
  return [
    tf.keras.callbacks.EarlyStopping(monitor='val_binary_crossentropy', patience=200),
    tf.keras.callbacks.TensorBoard(logdir/name),
  ]


def compile_and_fit(model, name, optimizer=None, max_epochs=2):
  if optimizer is None:
    optimizer = get_optimizer()
  model.compile(optimizer=optimizer,
                loss=tf.keras.losses.BinaryCrossentropy(from_logits=True),
                metrics=[tf.keras.metrics.BinaryCrossentropy(from_logits=True, name='binary_crossentropy'), 'accuracy'])
  model.summary()
  history = model.fit(train_ds, steps_per_epoch=STEPS_PER_EPOCH, epochs=max_epochs, validation_data=validate_ds,
                      callbacks=get_callbacks(name), verbose=0)
  return history


size_histories = {}
tiny_model = tf.keras.Sequential([
    layers.Dense(16, activation='elu', input_shape=(FEATURES,)),
    layers.Dense(1)
])
size_histories['Tiny'] = compile_and_fit(tiny_model, 'sizes/Tiny')
combined_model = tf.keras.Sequential([
    layers.Dense(32, kernel_regularizer=regularizers.l2(0.0001), activation='elu', input_shape=(FEATURES,)),
    layers.Dropout(0.5),
    layers.Dense(32, kernel_regularizer=regularizers.l2(0.0001), activation='elu'),
    layers.Dropout(0.5),
    layers.Dense(1)
])
size_histories['combined'] = compile_and_fit(combined_model, "regularizers/combined")
regularization_loss = tf.add_n(combined_model.losses)
result = (float(regularization_loss) > 0 and lr.shape == (50,) and "val_binary_crossentropy" in size_histories['Tiny'].history
          and (logdir/"sizes/Tiny/train").exists())
