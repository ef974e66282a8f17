"""Transfer learning and fine-tuning: a base with frozen layers, a new head, then the last layers at a low rate."""
import numpy as np
import tensorflow as tf

IMG_SHAPE = (16, 16, 3)
data_augmentation = tf.keras.Sequential([
  tf.keras.layers.RandomFlip('horizontal'),
  tf.keras.layers.RandomRotation(0.2),
])
base_model = tf.keras.Sequential([
    tf.keras.layers.InputLayer(input_shape=IMG_SHAPE),
    tf.keras.layers.Conv2D(4, 3), tf.keras.layers.BatchNormalization(), tf.keras.layers.ReLU(6.),
    tf.keras.layers.Conv2D(8, 3, strides=2), tf.keras.layers.BatchNormalization(), tf.keras.layers.ReLU(6.)], name="base")
base_model.trainable = False
base_model.summary()
global_average_layer = tf.keras.layers.GlobalAveragePooling2D()
prediction_layer = tf.keras.layers.Dense(1)
inputs = tf.keras.Input(shape=IMG_SHAPE)
x = data_augmentation(inputs)
x = tf.keras.layers.Rescaling(1./127.5, offset=-1)(x)
x = base_model(x, training=False)
x = global_average_layer(x)
x = tf.keras.layers.Dropout(0.2)(x)
outputs = prediction_layer(x)
model = tf.keras.Model(inputs, outputs)
base_learning_rate = 0.0001
model.compile(optimizer=tf.keras.optimizers.Adam(learning_rate=base_learning_rate),
              loss=tf.keras.losses.BinaryCrossentropy(from_logits=True),
              metrics=[tf.keras.metrics.BinaryAccuracy(threshold=0, name='accuracy')])
assert len(model.trainable_variables) == 2
images = np.random.RandomState(0).randint(0, 255, (16, 16, 16, 3)).astype("float32")
labels = np.arange(16) % 2
train_dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(8).prefetch(buffer_size=tf.data.AUTOTUNE)
before = base_model.get_weights()
loss0, accuracy0 = model.evaluate(train_dataset, verbose=0)
history = model.fit(train_dataset, epochs=2, validation_data=train_dataset, verbose=0)
frozen = all((a == b).all() for a, b in zip(before, base_model.get_weights()))

base_model.trainable = True
fine_tune_at = 3
for layer in base_model.layers[:fine_tune_at]:
  layer.trainable = False
model.compile(loss=tf.keras.losses.BinaryCrossentropy(from_logits=True),
              optimizer=tf.keras.optimizers.RMSprop(learning_rate=base_learning_rate/10),
              metrics=[tf.keras.metrics.BinaryAccuracy(threshold=0, name='accuracy')])
assert len(model.trainable_variables) == 6
history_fine = model.fit(train_dataset, epochs=4, initial_epoch=history.epoch[-1], validation_data=train_dataset, verbose=0)
acc = history.history['accuracy'] + history_fine.history['val_accuracy']
image_batch, label_batch = train_dataset.as_numpy_iterator().next()
predictions = model.predict_on_batch(image_batch).flatten()
predictions = tf.where(tf.nn.sigmoid(predictions) < 0.5, 0, 1)
after = base_model.get_weights()
result = (frozen and (before[0] == after[0]).all() and not all((a == b).all() for a, b in zip(before, after))
          and predictions.shape == (8,) and len(acc) == 5)
