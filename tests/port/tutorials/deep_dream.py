"""DeepDream: the gradient of some activations by the image, in a tf.Module with an input signature."""
import tensorflow as tf

base_model = tf.keras.Sequential([
    tf.keras.layers.Conv2D(4, 3, activation="relu", padding="same", name="mixed3", input_shape=(None, None, 3)),
    tf.keras.layers.Conv2D(4, 3, activation="relu", padding="same", name="mixed5")])
names = ['mixed3', 'mixed5']
layers = [base_model.get_layer(name).output for name in names]
dream_model = tf.keras.Model(inputs=base_model.input, outputs=layers)


def calc_loss(img, model):
  img_batch = tf.expand_dims(img, axis=0)
  layer_activations = model(img_batch)
  if len(layer_activations) == 1:
    layer_activations = [layer_activations]
  losses = []
  for act in layer_activations:
    loss = tf.math.reduce_mean(act)
    losses.append(loss)
  return tf.reduce_sum(losses)


class DeepDream(tf.Module):
  def __init__(self, model):
    self.model = model

  @tf.function(
      input_signature=(
        tf.TensorSpec(shape=[None, None, 3], dtype=tf.float32),
        tf.TensorSpec(shape=[], dtype=tf.int32),
        tf.TensorSpec(shape=[], dtype=tf.float32),)
  )
  def __call__(self, img, steps, step_size):
      loss = tf.constant(0.0)
      for n in tf.range(steps):
        with tf.GradientTape() as tape:
          tape.watch(img)
          loss = calc_loss(img, self.model)
        gradients = tape.gradient(loss, img)
        gradients /= tf.math.reduce_std(gradients) + 1e-8
        img = img + gradients*step_size
        img = tf.clip_by_value(img, -1, 1)
      return loss, img


deepdream = DeepDream(dream_model)
img = tf.random.stateless_uniform((12, 10, 3), [0, 1], -0.2, 0.2)
first, _ = deepdream(img, tf.constant(1), tf.constant(0.01))
loss, img = deepdream(img, tf.constant(8), tf.constant(0.01))
result = float(loss) > float(first) and img.shape == (12, 10, 3)
