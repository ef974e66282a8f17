"""Classification on imbalanced data: a list of metrics, an initial bias, class weights, oversampling."""
import os
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow import keras

rng = np.random.RandomState(0)
train_features = rng.normal(size=(200, 5))
train_labels = (train_features[:, 0] > 1.3).astype(int)
neg, pos = np.bincount(train_labels)
METRICS = [
      keras.metrics.MeanSquaredError(name='Brier score'),
      keras.metrics.TruePositives(name='tp'),
      keras.metrics.FalsePositives(name='fp'),
      keras.metrics.TrueNegatives(name='tn'),
      keras.metrics.FalseNegatives(name='fn'),
      keras.metrics.BinaryAccuracy(name='accuracy'),
      keras.metrics.Precision(name='precision'),
      keras.metrics.Recall(name='recall'),
      keras.metrics.AUC(name='auc'),
      keras.metrics.AUC(name='prc', curve='PR'),  # precision-recall curve
]


def make_model(metrics=METRICS, output_bias=None):
  if output_bias is not None:
    output_bias = tf.keras.initializers.Constant(output_bias)
  model = keras.Sequential([
      keras.layers.Dense(16, activation='relu', input_shape=(train_features.shape[-1],)),
      keras.layers.Dropout(0.5),
      keras.layers.Dense(1, activation='sigmoid', bias_initializer=output_bias),
  ])
  model.compile(optimizer=keras.optimizers.Adam(learning_rate=1e-3), loss=keras.losses.BinaryCrossentropy(), metrics=metrics)
  return model


early_stopping = tf.keras.callbacks.EarlyStopping(monitor='val_prc', verbose=1, patience=10, mode='max', restore_best_weights=True)
model = make_model()
model.predict(train_features[:10])
initial_bias = np.log([pos/neg])
model = make_model(output_bias=initial_bias)
results = model.evaluate(train_features, train_labels, batch_size=100, verbose=0)
initial_weights = os.path.join(tempfile.mkdtemp(), 'initial_weights')
model.save_weights(initial_weights)
model = make_model()
model.load_weights(initial_weights)
model.layers[-1].bias.assign([0.0])
zero_bias_history = model.fit(train_features, train_labels, batch_size=50, epochs=2, validation_data=(train_features, train_labels), verbose=0)
class_weight = {0: (1 / neg) * (len(train_labels) / 2.0), 1: (1 / pos) * (len(train_labels) / 2.0)}
weighted_model = make_model()
weighted_model.load_weights(initial_weights)
weighted_history = weighted_model.fit(
    train_features, train_labels, batch_size=50, epochs=2, callbacks=[early_stopping],
    validation_data=(train_features, train_labels), class_weight=class_weight, verbose=0)
results = weighted_model.evaluate(train_features, train_labels, batch_size=50, verbose=0)
named = dict(zip(weighted_model.metrics_names, results))


def make_ds(features, labels):
  ds = tf.data.Dataset.from_tensor_slices((features, labels))
  return ds.shuffle(100).repeat()


resampled_ds = tf.data.Dataset.sample_from_datasets(
    [make_ds(train_features[train_labels == 1], train_labels[train_labels == 1]),
     make_ds(train_features[train_labels == 0], train_labels[train_labels == 0])], weights=[0.5, 0.5])
resampled_ds = resampled_ds.batch(20).prefetch(2)
resampled_model = make_model()
resampled_history = resampled_model.fit(resampled_ds, epochs=2, steps_per_epoch=4, verbose=0, callbacks=[early_stopping],
                                        validation_data=(train_features, train_labels))
result = (named['tp'] + named['fp'] + named['tn'] + named['fn'] == 200 and 'val_prc' in weighted_history.history
          and float(make_model(output_bias=initial_bias).layers[-1].bias[0]) == np.float32(initial_bias[0]))
