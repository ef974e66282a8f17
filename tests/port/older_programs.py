"""Programs in the styles of tutorials: each trains something small, and ends with `result`."""

# 1. Inline `tf.keras`, as TensorFlow's tutorials for beginners
INLINE = """
import numpy as np
import tensorflow as tf

x = np.random.default_rng(0).normal(size=(64, 4, 4)).astype("float32")
y = (x.sum((1, 2)) > 0).astype("int32")
model = tf.keras.models.Sequential([
  tf.keras.layers.Flatten(input_shape=(4, 4)),
  tf.keras.layers.Dense(16, activation='relu', kernel_regularizer=tf.keras.regularizers.l2(1e-4)),
  tf.keras.layers.Dropout(0.1),
  tf.keras.layers.Dense(2)
])
model.compile(optimizer=tf.keras.optimizers.Adam(lr=0.05),
              loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=['accuracy'])
model.fit(x, y, epochs=20, verbose=0, callbacks=[tf.keras.callbacks.EarlyStopping(monitor='loss', patience=5)])
probability_model = tf.keras.Sequential([model, tf.keras.layers.Softmax()])
probability_model(x[:5])
result = model.evaluate(x, y, verbose=2)[1] > 0.9
"""

# 2. `from tensorflow import keras`, and aliases of its parts
ALIASES = """
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers, initializers as init

L = keras.layers
loss_fn = tf.keras.losses.MeanSquaredError()

class Linear(layers.Layer):
    def __init__(self, units=32, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer=init.RandomNormal(stddev=0.1), trainable=True)
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

    def call(self, inputs):
        return tf.matmul(inputs, self.w) + self.b

inputs = keras.Input(shape=(3,))
outputs = L.Dense(1)(keras.activations.relu(Linear(8)(inputs)))
model = keras.Model(inputs, outputs, name="linear")
x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
model.compile(keras.optimizers.RMSprop(0.01), loss_fn, metrics=[keras.metrics.MeanAbsoluteError()])
history = model.fit(x, x.sum(1, keepdims=True), epochs=20, verbose=0).history
result = history["loss"][-1] < 0.5 * history["loss"][0]
"""

# 3. A list of imports from everywhere, with a loop of one's own
IMPORTS = """
import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import (Dense,     # the classifier
                                     Embedding, LSTM,
                                     Input)
from tensorflow.keras.models import Model
from tensorflow.keras.optimizers import Adam
from tensorflow.keras.optimizers.schedules import ExponentialDecay
from tensorflow.keras.losses import BinaryCrossentropy

i = Input(shape=(5,))
h = LSTM(8)(Embedding(10, 4)(i))
model = Model(i, Dense(1, activation="sigmoid")(h))
optimizer, loss_object, mean = Adam(ExponentialDecay(0.05, 10, 0.9)), BinaryCrossentropy(), tf.keras.metrics.Mean(name="loss")
x = np.random.default_rng(0).integers(0, 10, (32, 5))
y = (x[:, :1] > 4).astype("float32")

@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = loss_object(y, model(x, training=True))
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    mean(loss)
    return loss

first = float(train_step(x, y))
for _ in range(30):
    last = float(train_step(x, y))
result = last < first and mean.result() > last
"""

# 4. Keras of its own, and stars
STARS = """
from keras.models import *
from keras.layers import *
import keras, numpy
m = Sequential()
m.add(Dense(4, input_dim=2, activation='tanh'))
m.add(BatchNormalization())
m.add(Dense(1))
m.compile(loss='mse', optimizer=keras.optimizers.SGD(lr=0.1, momentum=0.9))
x = numpy.random.RandomState(0).rand(64, 2)
h = m.fit(x, x[:, 0] * x[:, 1], epochs=30, batch_size=16, verbose=0)
result = h.history['loss'][-1] < h.history['loss'][0]
"""

# 5. Older still, with the helpers beside the model
OLDER = """
from __future__ import print_function
import numpy as np
from keras.engine.topology import Layer
from keras.layers.core import Dense, Activation
from keras.models import Sequential
from keras.utils import np_utils
from keras import backend as K

class Square(Layer):
    def call(self, x, mask=None):
        return K.square(x)

x = np.random.RandomState(0).rand(60, 3)
labels = x.argmax(axis=1)
Y = np_utils.to_categorical(labels, 3)
model = Sequential()
model.add(Dense(16, input_shape=(3,)))
model.add(Square())
model.add(Dense(3)); model.add(Activation('softmax'))
model.compile(loss=lambda t, p: K.mean(K.square(t - p), axis=-1), optimizer='adam', metrics=['accuracy'])
model.fit(x, Y, epochs=60, verbose=0)
print(model.evaluate(x, Y, verbose=0))
result = model.evaluate(x, Y, verbose=0)[1] > 0.6
"""

# 6. `K = keras.backend`, a subclass with train_step, a fallback around the import
BACKEND = """
try:
    import tensorflow.keras as keras
except ImportError:
    import keras
import tensorflow as tf
K = keras.backend

class Autoencoder(keras.models.Model):
    def __init__(self):
        super(Autoencoder, self).__init__()
        self.encoder = tf.keras.Sequential([tf.keras.layers.Dense(2, activation="relu")])
        self.decoder = tf.keras.Sequential([tf.keras.layers.Dense(4)])
        self.loss_tracker = tf.keras.metrics.Mean(name="loss")

    def call(self, x):
        return self.decoder(self.encoder(x))

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = K.mean(K.sum(K.square(data - self(data)), axis=-1)) + K.epsilon()
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_weights), self.trainable_weights))
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}

    @property
    def metrics(self):
        return [self.loss_tracker]

model = Autoencoder()
model.compile(optimizer=tf.optimizers.Adam(0.05))
losses = model.fit(tf.random.stateless_normal((64, 4), [1, 2]), epochs=15, verbose=0).history["loss"]
result = losses[-1] < losses[0]
"""

ALL = {name.lower(): text for name, text in dict(globals()).items() if name.isupper()}
