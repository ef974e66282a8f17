"""Neural style transfer: features of a frozen network, and an image that is optimized."""
import tensorflow as tf

vgg = tf.keras.Sequential([
    tf.keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="block1_conv1", input_shape=(None, None, 3)),
    tf.keras.layers.MaxPooling2D(),
    tf.keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="block2_conv1"),
])


def vgg_layers(layer_names):
  vgg.trainable = False
  outputs = [vgg.get_layer(name).output for name in layer_names]
  model = tf.keras.Model([vgg.input], outputs)
  return model


def gram_matrix(input_tensor):
  result = tf.linalg.einsum('bijc,bijd->bcd', input_tensor, input_tensor)
  input_shape = tf.shape(input_tensor)
  num_locations = tf.cast(input_shape[1]*input_shape[2], tf.float32)
  return result/(num_locations)


class StyleContentModel(tf.keras.models.Model):
  def __init__(self, style_layers, content_layers):
    super(StyleContentModel, self).__init__()
    self.vgg = vgg_layers(style_layers + content_layers)
    self.style_layers = style_layers
    self.content_layers = content_layers
    self.num_style_layers = len(style_layers)
    self.vgg.trainable = False

  def call(self, inputs):
    "Expects float input in [0,1]"
    inputs = inputs*255.0
    outputs = self.vgg(inputs)
    style_outputs, content_outputs = (outputs[:self.num_style_layers], outputs[self.num_style_layers:])
    style_outputs = [gram_matrix(style_output) for style_output in style_outputs]
    content_dict = {content_name: value for content_name, value in zip(self.content_layers, content_outputs)}
    style_dict = {style_name: value for style_name, value in zip(self.style_layers, style_outputs)}
    return {'content': content_dict, 'style': style_dict}


extractor = StyleContentModel(["block1_conv1"], ["block2_conv1"])
content_image = tf.random.stateless_uniform((1, 16, 12, 3), [0, 1])
style_image = tf.random.stateless_uniform((1, 10, 10, 3), [1, 1])
style_targets = extractor(style_image)['style']
content_targets = extractor(content_image)['content']
image = tf.Variable(content_image)
opt = tf.keras.optimizers.Adam(learning_rate=0.02, beta_1=0.99, epsilon=1e-1)


def style_content_loss(outputs):
  style_loss = tf.add_n([tf.reduce_mean((outputs['style'][name]-style_targets[name])**2) for name in outputs['style'].keys()])
  content_loss = tf.add_n([tf.reduce_mean((outputs['content'][name]-content_targets[name])**2) for name in outputs['content'].keys()])
  return 1e-2 * style_loss + 1e4 * content_loss


@tf.function()
def train_step(image):
  with tf.GradientTape() as tape:
    outputs = extractor(image)
    loss = style_content_loss(outputs)
    loss += 30*tf.image.total_variation(image)
  grad = tape.gradient(loss, image)
  opt.apply_gradients([(grad, image)])
  image.assign(tf.clip_by_value(image, clip_value_min=0.0, clip_value_max=1.0))
  return loss


losses = [float(train_step(image)[0]) for _ in range(10)]
result = losses[-1] < losses[1] and not extractor.trainable_variables
