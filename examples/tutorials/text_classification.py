"""Text classification, as TensorFlow 2 taught it: texts in folders, TextVectorization in the pipeline and in the exported model."""

import os
import re
import shutil
import string
import tempfile

import numpy as np
import tensorflow as tf

from tensorflow.keras import layers
from tensorflow.keras import losses

# Reviews in folders, one for each class; one folder too many
good, bad = "great lovely fine superb".split(), "awful boring weak dull".split()
dataset_dir = os.path.join(tempfile.mkdtemp(), "reviews")
rng = np.random.RandomState(0)
for split, count in (("train", 40), ("test", 10)):
  for label, words in (("neg", bad), ("pos", good), ("unsup", good)):
    os.makedirs(os.path.join(dataset_dir, split, label))
    for number in range(count):
      text = "The film was %s,<br />and the end %s!" % tuple(rng.choice(words, 2))
      with open(os.path.join(dataset_dir, split, label, "%d.txt" % number), "w") as f:
        f.write(text)
  shutil.rmtree(os.path.join(dataset_dir, split, "unsup"))

batch_size, seed = 8, 42
raw_train_ds = tf.keras.utils.text_dataset_from_directory(
    os.path.join(dataset_dir, "train"), batch_size=batch_size, validation_split=0.2, subset='training', seed=seed)
raw_val_ds = tf.keras.utils.text_dataset_from_directory(
    os.path.join(dataset_dir, "train"), batch_size=batch_size, validation_split=0.2, subset='validation', seed=seed)
raw_test_ds = tf.keras.preprocessing.text_dataset_from_directory(os.path.join(dataset_dir, "test"), batch_size=batch_size)
print("Label 0 corresponds to", raw_train_ds.class_names[0])


def custom_standardization(input_data):
  lowercase = tf.strings.lower(input_data)
  stripped_html = tf.strings.regex_replace(lowercase, '<br />', ' ')
  return tf.strings.regex_replace(stripped_html, '[%s]' % re.escape(string.punctuation), '')


max_features, sequence_length = 50, 12
vectorize_layer = layers.TextVectorization(
    standardize=custom_standardization, max_tokens=max_features, output_mode='int', output_sequence_length=sequence_length)
train_text = raw_train_ds.map(lambda x, y: x)
vectorize_layer.adapt(train_text)


def vectorize_text(text, label):
  text = tf.expand_dims(text, -1)
  return vectorize_layer(text), label


AUTOTUNE = tf.data.AUTOTUNE
train_ds = raw_train_ds.map(vectorize_text).cache().prefetch(buffer_size=AUTOTUNE)
val_ds = raw_val_ds.map(vectorize_text).cache().prefetch(buffer_size=AUTOTUNE)
test_ds = raw_test_ds.map(vectorize_text).cache().prefetch(buffer_size=AUTOTUNE)

model = tf.keras.Sequential([
  layers.Embedding(max_features, 8),
  layers.Dropout(0.2),
  layers.GlobalAveragePooling1D(),
  layers.Dropout(0.2),
  layers.Dense(1)])
model.summary()
parameters = model.count_params()

model.compile(loss=losses.BinaryCrossentropy(from_logits=True), optimizer='adam',
              metrics=tf.metrics.BinaryAccuracy(threshold=0.0))
tf.keras.backend.set_value(model.optimizer.learning_rate, 0.03)
history = model.fit(train_ds, validation_data=val_ds, epochs=8, verbose=0)
loss, accuracy = model.evaluate(test_ds, verbose=0)
print("Loss: ", loss, "Accuracy: ", accuracy)

export_model = tf.keras.Sequential([vectorize_layer, model, layers.Activation('sigmoid')])
export_model.compile(loss=losses.BinaryCrossentropy(from_logits=False), optimizer="adam", metrics=['accuracy'])
loss, exported_accuracy = export_model.evaluate(raw_test_ds, verbose=0)
examples = tf.constant(["The film was great, and the end superb!", "The film was awful, and the end dull!"])
scores = export_model.predict(examples)

facts = {
    "classes": raw_train_ds.class_names,
    "vocabulary": sorted(vectorize_layer.get_vocabulary()),
    "numbers": sorted(np.ravel(vectorize_layer(["the film was zzz"]).numpy() > 1).tolist()),
    "rows": [sum(len(y) for _, y in ds) for ds in (raw_train_ds, raw_val_ds, raw_test_ds)],
    "parameters": int(parameters),
    "logs": sorted(history.history),
    "learnt": bool(accuracy > 0.9 and exported_accuracy > 0.9 and scores[0] > 0.5 > scores[1]),
}
result = facts["learnt"]
