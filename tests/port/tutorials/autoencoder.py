"""Autoencoders: images, noise taken out, and anomalies found by their reconstruction error."""
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, losses
from tensorflow.keras.models import Model

x_train = tf.random.stateless_uniform((32, 8, 8), [0, 1]).numpy()


class Autoencoder(Model):
  def __init__(self, latent_dim, shape):
    super(Autoencoder, self).__init__()
    self.latent_dim = latent_dim
    self.shape = shape
    self.encoder = tf.keras.Sequential([
      layers.Flatten(),
      layers.Dense(latent_dim, activation='relu'),
    ])
    self.decoder = tf.keras.Sequential([
      layers.Dense(tf.math.reduce_prod(shape).numpy(), activation='sigmoid'),
      layers.Reshape(shape)
    ])

  def call(self, x):
    encoded = self.encoder(x)
    decoded = self.decoder(encoded)
    return decoded


shape = x_train.shape[1:]
autoencoder = Autoencoder(16, shape)
autoencoder.compile(optimizer='adam', loss=losses.MeanSquaredError())
history = autoencoder.fit(x_train, x_train, epochs=5, shuffle=True, validation_data=(x_train, x_train), verbose=0).history
encoded_imgs = autoencoder.encoder(x_train).numpy()
decoded_imgs = autoencoder.decoder(encoded_imgs).numpy()

x_train = x_train[..., tf.newaxis]
x_train_noisy = tf.clip_by_value(x_train + 0.2 * tf.random.normal(shape=x_train.shape), clip_value_min=0., clip_value_max=1.)


class Denoise(Model):
  def __init__(self):
    super(Denoise, self).__init__()
    self.encoder = tf.keras.Sequential([
      layers.Input(shape=(8, 8, 1)),
      layers.Conv2D(8, (3, 3), activation='relu', padding='same', strides=2),
      layers.Conv2D(4, (3, 3), activation='relu', padding='same', strides=2)])
    self.decoder = tf.keras.Sequential([
      layers.Conv2DTranspose(4, kernel_size=3, strides=2, activation='relu', padding='same'),
      layers.Conv2DTranspose(8, kernel_size=3, strides=2, activation='relu', padding='same'),
      layers.Conv2D(1, kernel_size=(3, 3), activation='sigmoid', padding='same')])

  def call(self, x):
    return self.decoder(self.encoder(x))


denoiser = Denoise()
denoiser.compile(optimizer='adam', loss=losses.MeanSquaredError())
denoiser.fit(x_train_noisy, x_train, epochs=1, shuffle=True, validation_data=(x_train_noisy, x_train), verbose=0)
denoiser.encoder.summary()
denoiser.decoder.summary()
reconstructions = autoencoder.predict(x_train[..., 0])
train_loss = tf.keras.losses.mae(reconstructions.reshape(32, -1), x_train[..., 0].reshape(32, -1))
threshold = np.mean(train_loss) + np.std(train_loss)
preds = tf.math.less(train_loss, threshold)
result = history["loss"][-1] < history["loss"][0] and decoded_imgs.shape == (32, 8, 8) and 0 < preds.numpy().sum() < 33
