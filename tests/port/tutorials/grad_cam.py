"""Grad-CAM: which part of an image a class looks at."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

model = keras.Sequential([
    keras.layers.Conv2D(4, 3, activation="relu", name="last_conv", input_shape=(12, 12, 3)),
    keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(5, activation="softmax")])
img_array = np.random.RandomState(0).rand(1, 12, 12, 3).astype("float32")


def make_gradcam_heatmap(img_array, model, last_conv_layer_name, pred_index=None):
    grad_model = tf.keras.models.Model([model.inputs], [model.get_layer(last_conv_layer_name).output, model.output])
    with tf.GradientTape() as tape:
        last_conv_layer_output, preds = grad_model(img_array)
        if pred_index is None:
            pred_index = tf.argmax(preds[0])
        class_channel = preds[:, pred_index]
    grads = tape.gradient(class_channel, last_conv_layer_output)
    pooled_grads = tf.reduce_mean(grads, axis=(0, 1, 2))
    last_conv_layer_output = last_conv_layer_output[0]
    heatmap = last_conv_layer_output @ pooled_grads[..., tf.newaxis]
    heatmap = tf.squeeze(heatmap)
    heatmap = tf.maximum(heatmap, 0) / (tf.math.reduce_max(tf.abs(heatmap)) + 1e-9)
    return heatmap.numpy()


model.layers[-1].activation = None
heatmap = make_gradcam_heatmap(img_array, model, "last_conv")
get_output = keras.backend.function([model.input], [model.layers[0].output])
features = get_output([img_array])[0]
result = heatmap.shape == (10, 10) and heatmap.min() >= 0 and features.shape == (1, 10, 10, 4)
