"""Keras 2 by itself: embedded vectors from a file, generators, class numbers of predictions, a search over settings."""
import numpy as np
from keras import backend as K
from keras import optimizers, regularizers
from keras.callbacks import LambdaCallback, LearningRateScheduler, ReduceLROnPlateau
from keras.layers import LSTM, Conv1D, Dense, Embedding, Flatten, GlobalMaxPooling1D, Input, MaxPooling1D, SpatialDropout1D, concatenate
from keras.models import Model, Sequential, model_from_json
from keras.preprocessing import sequence
from keras.preprocessing.text import Tokenizer
from keras.utils import to_categorical

texts = ["the cat sat", "a dog ran far", "the sun is hot", "cold ice"] * 8
tokenizer = Tokenizer(num_words=30)
tokenizer.fit_on_texts(texts)
data = sequence.pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=6)
labels = to_categorical(np.arange(32) % 4)
embedding_matrix = np.random.RandomState(0).rand(30, 5)
embedding_layer = Embedding(30, 5, weights=[embedding_matrix], input_length=6, trainable=False)
sequence_input = Input(shape=(6,), dtype='int32')
x = Conv1D(8, 2, activation='relu', kernel_regularizer=regularizers.l2(0.001))(embedding_layer(sequence_input))
x = MaxPooling1D(2)(x)
preds = Dense(4, activation='softmax')(concatenate([GlobalMaxPooling1D()(x), Flatten()(x)]))
model = Model(sequence_input, preds)


def recall(y_true, y_pred):
    true_positives = K.sum(K.round(K.clip(y_true * y_pred, 0, 1)))
    possible_positives = K.sum(K.round(K.clip(y_true, 0, 1)))
    return true_positives / (possible_positives + K.epsilon())


model.compile(loss='categorical_crossentropy', optimizer=optimizers.RMSprop(lr=0.01), metrics=['acc', recall])


def batches():
    while True:
        for start in range(0, 32, 8):
            yield data[start:start + 8], labels[start:start + 8]


rates = []
history = model.fit_generator(
    batches(), steps_per_epoch=4, epochs=6, verbose=0, validation_data=(data, labels), workers=1,
    callbacks=[LearningRateScheduler(lambda epoch: 0.01 * 0.9 ** epoch), ReduceLROnPlateau(factor=0.2, patience=5, min_lr=0.0001),
               LambdaCallback(on_epoch_end=lambda epoch, logs: rates.append(K.get_value(model.optimizer.lr)))])
scores = model.evaluate(data, labels, verbose=0)
classes = model.predict(data).argmax(axis=-1)
assert np.array_equal(model.layers[1].get_weights()[0], embedding_matrix.astype("float32"))
again = model_from_json(model.to_json())
again.set_weights(model.get_weights())

best = {}
for units in (4, 8):
    small = Sequential()
    small.add(Embedding(30, 5))
    small.add(SpatialDropout1D(0.2))
    small.add(LSTM(units, dropout=0.2, recurrent_dropout=0.2))
    small.add(Dense(4, activation='softmax'))
    small.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
    best[units] = small.fit(data, labels, batch_size=8, epochs=2, verbose=0, validation_split=0.2).history['val_accuracy'][-1]
    K.clear_session()
result = ('val_acc' in history.history and len(history.history['lr']) == 6 and rates[0] > rates[-1] and np.allclose(again.predict(data), model.predict(data))
          and history.history['loss'][-1] < history.history['loss'][0] and len(scores) == 3 and set(best) == {4, 8})
