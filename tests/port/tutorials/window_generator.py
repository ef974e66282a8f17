"""Time series forecasting: a window class on timeseries_dataset_from_array, a residual wrapper, an autoregressive cell."""
import numpy as np
import tensorflow as tf

steps = np.arange(400)
df = np.stack([np.sin(steps / 8), np.cos(steps / 8)], -1).astype("float32")
column_indices = {"a": 0, "b": 1}
num_features = 2


class WindowGenerator():
  def __init__(self, input_width, label_width, shift, train_df=df[:300], val_df=df[300:], label_columns=None):
    self.train_df, self.val_df = train_df, val_df
    self.label_columns = label_columns
    self.input_width, self.label_width, self.shift = input_width, label_width, shift
    self.total_window_size = input_width + shift
    self.input_slice = slice(0, input_width)
    self.label_start = self.total_window_size - self.label_width
    self.labels_slice = slice(self.label_start, None)

  def split_window(self, features):
    inputs = features[:, self.input_slice, :]
    labels = features[:, self.labels_slice, :]
    if self.label_columns is not None:
      labels = tf.stack([labels[:, :, column_indices[name]] for name in self.label_columns], axis=-1)
    inputs.set_shape([None, self.input_width, None])
    labels.set_shape([None, self.label_width, None])
    return inputs, labels

  def make_dataset(self, data):
    data = np.array(data, dtype=np.float32)
    ds = tf.keras.utils.timeseries_dataset_from_array(
        data=data, targets=None, sequence_length=self.total_window_size, sequence_stride=1, shuffle=True, batch_size=32,)
    ds = ds.map(self.split_window)
    return ds

  @property
  def train(self):
    return self.make_dataset(self.train_df)

  @property
  def val(self):
    return self.make_dataset(self.val_df)


def compile_and_fit(model, window, patience=2):
  early_stopping = tf.keras.callbacks.EarlyStopping(monitor='val_loss', patience=patience, mode='min')
  model.compile(loss=tf.keras.losses.MeanSquaredError(), optimizer=tf.keras.optimizers.Adam(), metrics=[tf.keras.metrics.MeanAbsoluteError()])
  history = model.fit(window.train, epochs=2, validation_data=window.val, callbacks=[early_stopping], verbose=0)
  return history


class Baseline(tf.keras.Model):
  def __init__(self, label_index=None):
    super().__init__()
    self.label_index = label_index

  def call(self, inputs):
    if self.label_index is None:
      return inputs
    result = inputs[:, :, self.label_index]
    return result[:, :, tf.newaxis]


baseline = Baseline(label_index=column_indices['a'])
baseline.compile(loss=tf.keras.losses.MeanSquaredError(), metrics=[tf.keras.metrics.MeanAbsoluteError()])
single_step_window = WindowGenerator(input_width=1, label_width=1, shift=1, label_columns=['a'])
performance = baseline.evaluate(single_step_window.val, verbose=0)

wide_window = WindowGenerator(input_width=24, label_width=24, shift=1)


class ResidualWrapper(tf.keras.Model):
  def __init__(self, model):
    super().__init__()
    self.model = model

  def call(self, inputs, *args, **kwargs):
    delta = self.model(inputs, *args, **kwargs)
    return inputs + delta


residual_lstm = ResidualWrapper(
    tf.keras.Sequential([
    tf.keras.layers.LSTM(8, return_sequences=True),
    tf.keras.layers.Dense(num_features, kernel_initializer=tf.initializers.zeros())
]))
history = compile_and_fit(residual_lstm, wide_window).history

OUT_STEPS = 6
multi_window = WindowGenerator(input_width=24, label_width=OUT_STEPS, shift=OUT_STEPS)


class FeedBack(tf.keras.Model):
  def __init__(self, units, out_steps):
    super().__init__()
    self.out_steps = out_steps
    self.units = units
    self.lstm_cell = tf.keras.layers.LSTMCell(units)
    self.lstm_rnn = tf.keras.layers.RNN(self.lstm_cell, return_state=True)
    self.dense = tf.keras.layers.Dense(num_features)

  def warmup(self, inputs):
    x, *state = self.lstm_rnn(inputs)
    prediction = self.dense(x)
    return prediction, state

  def call(self, inputs, training=None):
    predictions = []
    prediction, state = self.warmup(inputs)
    predictions.append(prediction)
    for n in range(1, self.out_steps):
      x = prediction
      x, state = self.lstm_cell(x, states=state, training=training)
      prediction = self.dense(x)
      predictions.append(prediction)
    predictions = tf.stack(predictions)
    predictions = tf.transpose(predictions, [1, 0, 2])
    return predictions


feedback_model = FeedBack(units=8, out_steps=OUT_STEPS)
feedback_history = compile_and_fit(feedback_model, multi_window).history
multi_dense = tf.keras.Sequential([
    tf.keras.layers.Lambda(lambda x: x[:, -3:, :]),
    tf.keras.layers.Conv1D(8, activation='relu', kernel_size=(3)),
    tf.keras.layers.Dense(OUT_STEPS*num_features, kernel_initializer=tf.initializers.zeros()),
    tf.keras.layers.Reshape([OUT_STEPS, num_features])
])
compile_and_fit(multi_dense, multi_window)
result = (len(performance) == 2 and history["loss"][-1] < history["loss"][0] and "val_mean_absolute_error" in history
          and feedback_history["loss"][-1] < feedback_history["loss"][0])
