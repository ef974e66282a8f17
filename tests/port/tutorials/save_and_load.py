"""Save and load: checkpoints while training, weights by hand, the whole model in its formats."""
import os
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow import keras

os.chdir(tempfile.mkdtemp())
train_images = np.random.RandomState(0).rand(60, 20)
train_labels = np.arange(60) % 10


def create_model():
  model = tf.keras.Sequential([
    keras.layers.Dense(16, activation='relu', input_shape=(20,)),
    keras.layers.Dropout(0.2),
    keras.layers.Dense(10)
  ])
  model.compile(optimizer='adam', loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                metrics=[tf.keras.metrics.SparseCategoricalAccuracy()])
  return model


model = create_model()
checkpoint_path = "training_1/cp.ckpt"
checkpoint_dir = os.path.dirname(checkpoint_path)
cp_callback = tf.keras.callbacks.ModelCheckpoint(filepath=checkpoint_path, save_weights_only=True, verbose=1)
model.fit(train_images, train_labels, epochs=2, validation_data=(train_images, train_labels), callbacks=[cp_callback], verbose=0)
os.listdir(checkpoint_dir)
loss, acc = model.evaluate(train_images, train_labels, verbose=2)
model = create_model()
model.load_weights(checkpoint_path)
loss2, acc2 = model.evaluate(train_images, train_labels, verbose=2)
checkpoint_path = "training_2/cp-{epoch:04d}.ckpt"
checkpoint_dir = os.path.dirname(checkpoint_path)
batch_size = 32
n_batches = 2
cp_callback = tf.keras.callbacks.ModelCheckpoint(filepath=checkpoint_path, verbose=1, save_weights_only=True, save_freq=2*n_batches)
model = create_model()
model.save_weights(checkpoint_path.format(epoch=0))
model.fit(train_images, train_labels, epochs=4, batch_size=batch_size, callbacks=[cp_callback], verbose=0)
latest = tf.train.latest_checkpoint(checkpoint_dir)
fresh = create_model()
fresh.load_weights(latest)
model.save_weights('./checkpoints/my_checkpoint')
model = create_model()
model.load_weights('./checkpoints/my_checkpoint')
model.save('my_model.keras')
new_model = tf.keras.models.load_model('my_model.keras')
new_model.summary()
os.makedirs('saved_model')
model.save('saved_model/my_model')
again = tf.keras.models.load_model('saved_model/my_model')
model.save('my_model.h5')
h5 = tf.keras.models.load_model('my_model.h5')
predictions = [each.predict(train_images) for each in (model, new_model, again, h5)]
result = abs(loss - loss2) < 1e-6 and all(np.allclose(predictions[0], other) for other in predictions) and latest.endswith("cp-0004.ckpt")
