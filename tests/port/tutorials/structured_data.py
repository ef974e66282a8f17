"""Structured data with preprocessing layers: Normalization, StringLookup, IntegerLookup, CategoryEncoding in one model."""
import os
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

n = 64
rng = np.random.RandomState(0)
dataframe = {"Type": np.array(["Cat", "Dog"])[rng.randint(0, 2, n)], "Age": rng.randint(1, 9, n), "Fee": rng.rand(n) * 100,
             "PhotoAmt": rng.rand(n) * 5}
target = (dataframe["Age"] > 4).astype(int)


def df_to_dataset(dataframe, labels, shuffle=True, batch_size=32):
  df = {key: value[:, tf.newaxis] for key, value in dataframe.items()}
  ds = tf.data.Dataset.from_tensor_slices((dict(df), labels))
  if shuffle:
    ds = ds.shuffle(buffer_size=len(labels))
  ds = ds.batch(batch_size)
  ds = ds.prefetch(batch_size)
  return ds


def get_normalization_layer(name, dataset):
  normalizer = layers.Normalization(axis=None)
  feature_ds = dataset.map(lambda x, y: x[name])
  normalizer.adapt(feature_ds)
  return normalizer


def get_category_encoding_layer(name, dataset, dtype, max_tokens=None):
  if dtype == 'string':
    index = layers.StringLookup(max_tokens=max_tokens)
  else:
    index = layers.IntegerLookup(max_tokens=max_tokens)
  feature_ds = dataset.map(lambda x, y: x[name])
  index.adapt(feature_ds)
  encoder = layers.CategoryEncoding(num_tokens=index.vocabulary_size())
  return lambda feature: encoder(index(feature))


train_ds = df_to_dataset(dataframe, target, batch_size=16)
[(train_features, label_batch)] = train_ds.take(1)
all_inputs = []
encoded_features = []
for header in ['PhotoAmt', 'Fee']:
  numeric_col = tf.keras.Input(shape=(1,), name=header)
  normalization_layer = get_normalization_layer(header, train_ds)
  encoded_numeric_col = normalization_layer(numeric_col)
  all_inputs.append(numeric_col)
  encoded_features.append(encoded_numeric_col)
age_col = tf.keras.Input(shape=(1,), name='Age', dtype='int64')
encoding_layer = get_category_encoding_layer(name='Age', dataset=train_ds, dtype='int64', max_tokens=5)
all_inputs.append(age_col)
encoded_features.append(encoding_layer(age_col))
for header in ['Type']:
  categorical_col = tf.keras.Input(shape=(1,), name=header, dtype='string')
  encoding_layer = get_category_encoding_layer(name=header, dataset=train_ds, dtype='string', max_tokens=5)
  all_inputs.append(categorical_col)
  encoded_features.append(encoding_layer(categorical_col))
all_features = tf.keras.layers.concatenate(encoded_features)
x = tf.keras.layers.Dense(16, activation="relu")(all_features)
x = tf.keras.layers.Dropout(0.1)(x)
output = tf.keras.layers.Dense(1)(x)
model = tf.keras.Model(all_inputs, output)
model.compile(optimizer='adam', loss=tf.keras.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"], run_eagerly=False)
history = model.fit(train_ds, epochs=4, validation_data=train_ds, verbose=0).history
path = os.path.join(tempfile.mkdtemp(), 'my_pet_classifier.keras')
model.save(path)
reloaded_model = tf.keras.models.load_model(path)
sample = {'Type': 'Cat', 'Age': 3, 'Fee': 100., 'PhotoAmt': 2.}
input_dict = {name: tf.convert_to_tensor([value]) for name, value in sample.items()}
predictions = reloaded_model.predict(input_dict)
prob = tf.nn.sigmoid(predictions[0])
result = history["loss"][-1] < history["loss"][0] and np.allclose(predictions, model.predict(input_dict), atol=1e-6)
