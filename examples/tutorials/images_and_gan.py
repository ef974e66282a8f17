"""Images from a directory with augmentation, then a GAN on them: its loop by hand, a checkpoint manager, going on after a stop."""

import os
import tempfile
import time

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.keras.models import Sequential

# Dark discs and bright bars
image_size, batch_size = (16, 16), 8
data_dir = os.path.join(tempfile.mkdtemp(), "shapes")
rng = np.random.RandomState(0)
y, x = np.mgrid[:20, :20]
for name in ("bars", "discs"):
  os.makedirs(os.path.join(data_dir, name))
  for number in range(32):
    place = rng.randint(6, 14)
    image = 255.0 * (abs(x - place) < 3) if name == "bars" else 90.0 * ((x - place) ** 2 + (y - 10) ** 2 < 25)
    image = np.repeat(image[..., np.newaxis], 3, -1) + rng.rand(20, 20, 3) * 20
    keras.preprocessing.image.save_img(os.path.join(data_dir, name, "%02d.png" % number), image, scale=False)

train_ds = tf.keras.preprocessing.image_dataset_from_directory(
    data_dir, validation_split=0.25, subset="training", seed=1337, image_size=image_size, batch_size=batch_size)
val_ds = tf.keras.preprocessing.image_dataset_from_directory(
    data_dir, validation_split=0.25, subset="validation", seed=1337, image_size=image_size, batch_size=batch_size)
class_names = train_ds.class_names

data_augmentation = keras.Sequential([
    layers.experimental.preprocessing.RandomFlip("horizontal", input_shape=(16, 16, 3)),
    layers.experimental.preprocessing.RandomRotation(0.02),
    layers.experimental.preprocessing.RandomZoom(0.05),
])
model = Sequential([
    data_augmentation,
    layers.experimental.preprocessing.Rescaling(1. / 255),
    layers.Conv2D(8, 3, padding='same', activation='relu'),
    layers.MaxPooling2D(),
    layers.Conv2D(8, 3, padding='same', activation='relu'),
    layers.MaxPooling2D(),
    layers.Dropout(0.1),
    layers.Flatten(),
    layers.Dense(16, activation='relu'),
    layers.Dense(len(class_names)),
])
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01),
              loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=['accuracy'])
model.summary()
history = model.fit(train_ds.prefetch(tf.data.AUTOTUNE), validation_data=val_ds, epochs=6, verbose=0)
img = keras.preprocessing.image.load_img(os.path.join(data_dir, "bars", "00.png"), target_size=image_size)
img_array = tf.expand_dims(keras.preprocessing.image.img_to_array(img), 0)
score = tf.nn.softmax(model.predict(img_array)[0])
print("This image most likely belongs to {} with a {:.2f} percent confidence.".format(class_names[np.argmax(score)], 100 * np.max(score)))

# The GAN
noise_dim = 6
gan_ds = train_ds.map(lambda images, labels: (tf.image.rgb_to_grayscale(images) - 127.5) / 127.5)
generator = tf.keras.Sequential()
generator.add(layers.Dense(4 * 4 * 8, use_bias=False, input_shape=(noise_dim,)))
generator.add(layers.BatchNormalization())
generator.add(layers.LeakyReLU())
generator.add(layers.Reshape((4, 4, 8)))
generator.add(layers.Conv2DTranspose(4, 5, strides=2, padding='same', use_bias=False))
assert generator.output_shape == (None, 8, 8, 4)
generator.add(layers.BatchNormalization())
generator.add(layers.LeakyReLU())
generator.add(layers.Conv2DTranspose(1, 5, strides=2, padding='same', use_bias=False, activation='tanh'))
assert generator.output_shape == (None, 16, 16, 1)
discriminator = tf.keras.Sequential([
    layers.Conv2D(4, 5, strides=2, padding='same', input_shape=[16, 16, 1]),
    layers.LeakyReLU(alpha=0.2),
    layers.Dropout(0.3),
    layers.Flatten(),
    layers.Dense(1),
])
cross_entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)
generator_optimizer = tf.keras.optimizers.Adam(1e-3)
discriminator_optimizer = tf.keras.optimizers.Adam(1e-3)
step_counter = tf.Variable(0, dtype=tf.int64)
checkpoint = tf.train.Checkpoint(step=step_counter, generator_optimizer=generator_optimizer, generator=generator,
                                 discriminator_optimizer=discriminator_optimizer, discriminator=discriminator)
manager = tf.train.CheckpointManager(checkpoint, tempfile.mkdtemp(), max_to_keep=2)
gen_mean, disc_mean = tf.keras.metrics.Mean(name="gen_loss"), tf.keras.metrics.Mean(name="disc_loss")


@tf.function
def train_step(images):
  noise = tf.random.normal([tf.shape(images)[0], noise_dim])
  with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
    generated_images = generator(noise, training=True)
    real_output = discriminator(images, training=True)
    fake_output = discriminator(generated_images, training=True)
    gen_loss = cross_entropy(tf.ones_like(fake_output), fake_output)
    disc_loss = cross_entropy(tf.ones_like(real_output), real_output) + cross_entropy(tf.zeros_like(fake_output), fake_output)
  generator_optimizer.apply_gradients(zip(gen_tape.gradient(gen_loss, generator.trainable_variables), generator.trainable_variables))
  discriminator_optimizer.apply_gradients(
      zip(disc_tape.gradient(disc_loss, discriminator.trainable_variables), discriminator.trainable_variables))
  step_counter.assign_add(1)
  gen_mean(gen_loss)
  disc_mean(disc_loss)


def train(dataset, epochs):
  checkpoint.restore(manager.latest_checkpoint)
  print("Restored from {}".format(manager.latest_checkpoint) if manager.latest_checkpoint else "Initializing from scratch.")
  for epoch in range(epochs):
    start = time.time()
    for image_batch in dataset:
      train_step(image_batch)
    manager.save()
    print('Time for epoch {} is {} sec, losses {} {}'.format(epoch + 1, time.time() - start, gen_mean.result(), disc_mean.result()))
    gen_mean.reset_states()
    disc_mean.reset_states()


train(gan_ds, 3)
weights = generator.get_weights()
generator.set_weights([0.0 * weight for weight in weights])  # as if the process had ended
train(gan_ds, 0)
restored = all((a == b).all() for a, b in zip(weights, generator.get_weights()))
images = generator(tf.random.normal([4, noise_dim]), training=False)

facts = {
    "classes": class_names,
    "batch": next(iter(val_ds))[0].shape.as_list(),
    "pixels": round(float(sum(tf.reduce_sum(images) for images, _ in val_ds)) / 1e4),
    "parameters": [int(each.count_params()) for each in (model, generator, discriminator)],
    "checkpoints": [os.path.basename(path) for path in manager.checkpoints],
    "steps": int(step_counter),
    "made": images.shape.as_list(),
    "restored": bool(restored),
    "learnt": bool(max(history.history["val_accuracy"]) > 0.9),
}
result = facts["learnt"] and facts["restored"]
