"""A time series: windows by timeseries_dataset_from_array, an LSTM, the best weights kept, the rate lowered on the way."""

import os
import tempfile

import numpy as np
import tensorflow.keras as keras
from tensorflow.keras.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from tensorflow.keras.layers import LSTM, Dense, Input
from tensorflow.keras.preprocessing.sequence import TimeseriesGenerator

steps = np.arange(1200)
temperature = np.sin(steps / 12) + 0.3 * np.sin(steps / 3)
pressure = np.cos(steps / 12)
features = np.stack([temperature, pressure], -1).astype("float32")
split_fraction, past, future, step, batch_size = 0.7, 48, 6, 2, 32
train_split = int(split_fraction * len(features))


def normalize(data, train_split):
    data_mean = data[:train_split].mean(axis=0)
    data_std = data[:train_split].std(axis=0)
    return (data - data_mean) / data_std


features = normalize(features, train_split)
train_data, val_data = features[:train_split], features[train_split:]
start, end = past + future, past + future + train_split
x_train, y_train = train_data, features[start:end, :1]
sequence_length = int(past / step)
dataset_train = keras.preprocessing.timeseries_dataset_from_array(
    x_train, y_train, sequence_length=sequence_length, sampling_rate=step, batch_size=batch_size)
x_end = len(val_data) - past - future
label_start = train_split + past + future
x_val, y_val = val_data[:x_end], features[label_start:, :1]
dataset_val = keras.preprocessing.timeseries_dataset_from_array(
    x_val, y_val, sequence_length=sequence_length, sampling_rate=step, batch_size=batch_size)
for batch in dataset_train.take(1):
    inputs, targets = batch
print("Input shape:", inputs.numpy().shape, "Target shape:", targets.numpy().shape)

inputs_layer = Input(shape=(inputs.shape[1], inputs.shape[2]))
lstm_out = LSTM(16)(inputs_layer)
outputs = Dense(1)(lstm_out)
model = keras.Model(inputs=inputs_layer, outputs=outputs)
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01), loss="mse")
model.summary()

path_checkpoint = os.path.join(tempfile.mkdtemp(), "model_checkpoint.weights.h5")
es_callback = EarlyStopping(monitor="val_loss", min_delta=0, patience=5)
modelckpt_callback = ModelCheckpoint(monitor="val_loss", filepath=path_checkpoint, verbose=1, save_weights_only=True, save_best_only=True)
reduce_lr = ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1, min_lr=1e-4)
history = model.fit(dataset_train, epochs=5, validation_data=dataset_val, callbacks=[es_callback, modelckpt_callback, reduce_lr], verbose=0)
model.load_weights(path_checkpoint)
best = model.evaluate(dataset_val, verbose=0)
prediction = model.predict(next(iter(dataset_val))[0])

# The same windows as older code made them
generator = TimeseriesGenerator(features[:100], features[:100, 0], length=past, sampling_rate=step, batch_size=10)
older_x, older_y = generator[0]
older = model.evaluate_generator(generator, steps=2) if hasattr(model, "evaluate_generator") else 0.0

facts = {
    "shapes": [inputs.shape.as_list(), targets.shape.as_list(), list(prediction.shape), list(older_x.shape)],
    "windows": [sum(len(y) for _, y in ds) for ds in (dataset_train, dataset_val)],
    "first": np.round(inputs.numpy()[0, :3].astype("float64"), 4).tolist(),
    "target": np.round(targets.numpy()[:2, 0].astype("float64"), 4).tolist(),
    "older": np.round(older_y[:3].astype("float64"), 4).tolist(),
    "parameters": int(model.count_params()),
    "rates": "lr" in history.history or "learning_rate" in history.history,
    "learnt": bool(abs(best - min(history.history["val_loss"])) < 1e-4 and best < 0.3 and older >= 0),
}
result = facts["learnt"]
