"""Writing a training loop from scratch: metrics by hand, tf.function, losses of the model, validation."""
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

x = np.random.RandomState(0).rand(96, 20).astype("float32")
y = x[:, :10].argmax(1).astype("int32")
train_dataset = tf.data.Dataset.from_tensor_slices((x[:64], y[:64])).shuffle(buffer_size=1024).batch(16)
val_dataset = tf.data.Dataset.from_tensor_slices((x[64:], y[64:])).batch(16)


class ActivityRegularizationLayer(layers.Layer):
    def call(self, inputs):
        self.add_loss(1e-2 * tf.reduce_sum(inputs))
        return inputs


inputs = keras.Input(shape=(20,), name="digits")
h = layers.Dense(16, activation="relu", name="dense_1")(inputs)
h = ActivityRegularizationLayer()(h)
outputs = layers.Dense(10, name="predictions")(h)
model = keras.Model(inputs=inputs, outputs=outputs)
optimizer = keras.optimizers.SGD(learning_rate=1e-2)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
train_acc_metric = keras.metrics.SparseCategoricalAccuracy()
val_acc_metric = keras.metrics.SparseCategoricalAccuracy()


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss_value = loss_fn(y, logits)
        loss_value += sum(model.losses)
    grads = tape.gradient(loss_value, model.trainable_weights)
    optimizer.apply_gradients(zip(grads, model.trainable_weights))
    train_acc_metric.update_state(y, logits)
    return loss_value


@tf.function
def test_step(x, y):
    val_logits = model(x, training=False)
    val_acc_metric.update_state(y, val_logits)


means = []
for epoch in range(3):
    losses = []
    for step, (x_batch_train, y_batch_train) in enumerate(train_dataset):
        losses.append(float(train_step(x_batch_train, y_batch_train)))
        if step % 200 == 0:
            print("Training loss (for one batch) at step %d: %.4f" % (step, float(losses[-1])))
            print("Seen so far: %d samples" % ((step + 1) * 16))
    train_acc = train_acc_metric.result()
    print("Training acc over epoch: %.4f" % (float(train_acc),))
    train_acc_metric.reset_states()
    for x_batch_val, y_batch_val in val_dataset:
        test_step(x_batch_val, y_batch_val)
    val_acc = val_acc_metric.result()
    val_acc_metric.reset_states()
    print("Validation acc: %.4f" % (float(val_acc),))
    means.append(sum(losses))
result = means[-1] < means[0] and float(val_acc_metric.result()) == 0.0
