"""pix2pix: a U-Net of Sequential blocks, and a discriminator of two images."""
import tensorflow as tf

OUTPUT_CHANNELS = 3


def downsample(filters, size, apply_batchnorm=True):
  initializer = tf.random_normal_initializer(0., 0.02)
  result = tf.keras.Sequential()
  result.add(
      tf.keras.layers.Conv2D(filters, size, strides=2, padding='same',
                             kernel_initializer=initializer, use_bias=False))
  if apply_batchnorm:
    result.add(tf.keras.layers.BatchNormalization())
  result.add(tf.keras.layers.LeakyReLU())
  return result


def upsample(filters, size, apply_dropout=False):
  initializer = tf.random_normal_initializer(0., 0.02)
  result = tf.keras.Sequential()
  result.add(
    tf.keras.layers.Conv2DTranspose(filters, size, strides=2, padding='same',
                                    kernel_initializer=initializer, use_bias=False))
  result.add(tf.keras.layers.BatchNormalization())
  if apply_dropout:
      result.add(tf.keras.layers.Dropout(0.5))
  result.add(tf.keras.layers.ReLU())
  return result


def Generator():
  inputs = tf.keras.layers.Input(shape=[16, 16, 3])
  down_stack = [downsample(4, 4, apply_batchnorm=False), downsample(8, 4), downsample(8, 4)]
  up_stack = [upsample(8, 4, apply_dropout=True), upsample(4, 4)]
  initializer = tf.random_normal_initializer(0., 0.02)
  last = tf.keras.layers.Conv2DTranspose(OUTPUT_CHANNELS, 4, strides=2, padding='same',
                                         kernel_initializer=initializer, activation='tanh')
  x = inputs
  skips = []
  for down in down_stack:
    x = down(x)
    skips.append(x)
  skips = reversed(skips[:-1])
  for up, skip in zip(up_stack, skips):
    x = up(x)
    x = tf.keras.layers.Concatenate()([x, skip])
  x = last(x)
  return tf.keras.Model(inputs=inputs, outputs=x)


def Discriminator():
  initializer = tf.random_normal_initializer(0., 0.02)
  inp = tf.keras.layers.Input(shape=[16, 16, 3], name='input_image')
  tar = tf.keras.layers.Input(shape=[16, 16, 3], name='target_image')
  x = tf.keras.layers.concatenate([inp, tar])
  down1 = downsample(4, 4, False)(x)
  zero_pad1 = tf.keras.layers.ZeroPadding2D()(down1)
  conv = tf.keras.layers.Conv2D(8, 4, strides=1, kernel_initializer=initializer, use_bias=False)(zero_pad1)
  batchnorm1 = tf.keras.layers.BatchNormalization()(conv)
  leaky_relu = tf.keras.layers.LeakyReLU()(batchnorm1)
  last = tf.keras.layers.Conv2D(1, 4, strides=1, kernel_initializer=initializer)(leaky_relu)
  return tf.keras.Model(inputs=[inp, tar], outputs=last)


generator, discriminator = Generator(), Discriminator()
loss_object = tf.keras.losses.BinaryCrossentropy(from_logits=True)
generator_optimizer = tf.keras.optimizers.Adam(2e-4, beta_1=0.5)
discriminator_optimizer = tf.keras.optimizers.Adam(2e-4, beta_1=0.5)


@tf.function
def train_step(input_image, target):
  with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
    gen_output = generator(input_image, training=True)
    disc_real_output = discriminator([input_image, target], training=True)
    disc_generated_output = discriminator([input_image, gen_output], training=True)
    gan_loss = loss_object(tf.ones_like(disc_generated_output), disc_generated_output)
    l1_loss = tf.reduce_mean(tf.abs(target - gen_output))
    gen_total_loss = gan_loss + 100 * l1_loss
    disc_loss = (loss_object(tf.ones_like(disc_real_output), disc_real_output)
                 + loss_object(tf.zeros_like(disc_generated_output), disc_generated_output))
  generator_gradients = gen_tape.gradient(gen_total_loss, generator.trainable_variables)
  discriminator_gradients = disc_tape.gradient(disc_loss, discriminator.trainable_variables)
  generator_optimizer.apply_gradients(zip(generator_gradients, generator.trainable_variables))
  discriminator_optimizer.apply_gradients(zip(discriminator_gradients, discriminator.trainable_variables))
  return l1_loss


image, target = tf.random.stateless_uniform((2, 16, 16, 3), [0, 1]), tf.random.stateless_uniform((2, 16, 16, 3), [1, 1])
losses = [float(train_step(image, target)) for _ in range(6)]
result = losses[-1] < losses[0] and generator(image, training=False).shape == (2, 16, 16, 3)
