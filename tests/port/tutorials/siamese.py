"""A siamese network: one tower twice, the distance by a Lambda on the backend, a contrastive loss."""
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.keras import backend as K

x = np.random.RandomState(0).rand(40, 12).astype("float32")
pairs = [x[:20], x[20:]]
labels = (pairs[0][:, 0] > pairs[1][:, 0]).astype("float32")


def euclidean_distance(vects):
    x, y = vects
    sum_square = K.sum(K.square(x - y), axis=1, keepdims=True)
    return K.sqrt(K.maximum(sum_square, K.epsilon()))


def eucl_dist_output_shape(shapes):
    shape1, shape2 = shapes
    return (shape1[0], 1)


input = layers.Input((12,))
h = keras.layers.BatchNormalization()(input)
h = layers.Dense(10, activation="tanh")(h)
embedding_network = keras.Model(input, h)
input_1, input_2 = layers.Input((12,)), layers.Input((12,))
tower_1, tower_2 = embedding_network(input_1), embedding_network(input_2)
merge_layer = layers.Lambda(euclidean_distance, output_shape=eucl_dist_output_shape)([tower_1, tower_2])
normal_layer = keras.layers.BatchNormalization()(merge_layer)
output_layer = layers.Dense(1, activation="sigmoid")(normal_layer)
siamese = keras.Model(inputs=[input_1, input_2], outputs=output_layer)


def loss(margin=1):
    def contrastive_loss(y_true, y_pred):
        square_pred = tf.math.square(y_pred)
        margin_square = tf.math.square(tf.math.maximum(margin - (y_pred), 0))
        return tf.math.reduce_mean((1 - y_true) * square_pred + (y_true) * margin_square)
    return contrastive_loss


siamese.compile(loss=loss(margin=1), optimizer="RMSprop", metrics=["accuracy"])
siamese.summary()
history = siamese.fit(pairs, labels, validation_data=(pairs, labels), batch_size=8, epochs=4, verbose=0).history
results = siamese.evaluate(pairs, labels, verbose=0)


class DistanceLayer(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def call(self, anchor, positive, negative):
        ap_distance = tf.reduce_sum(tf.square(anchor - positive), -1)
        an_distance = tf.reduce_sum(tf.square(anchor - negative), -1)
        return (ap_distance, an_distance)


anchor, positive, negative = (layers.Input(name=name, shape=(12,)) for name in ("anchor", "positive", "negative"))
distances = DistanceLayer()(embedding_network(anchor), embedding_network(positive), embedding_network(negative))
siamese_network = keras.Model(inputs=[anchor, positive, negative], outputs=distances)


class SiameseModel(keras.Model):
    def __init__(self, siamese_network, margin=0.5):
        super(SiameseModel, self).__init__()
        self.siamese_network = siamese_network
        self.margin = margin
        self.loss_tracker = keras.metrics.Mean(name="loss")

    def call(self, inputs):
        return self.siamese_network(inputs)

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = self._compute_loss(data)
        gradients = tape.gradient(loss, self.siamese_network.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.siamese_network.trainable_weights))
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}

    def test_step(self, data):
        loss = self._compute_loss(data)
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}

    def _compute_loss(self, data):
        ap_distance, an_distance = self.siamese_network(data)
        loss = ap_distance - an_distance
        return tf.maximum(loss + self.margin, 0.0)

    @property
    def metrics(self):
        return [self.loss_tracker]


triplets = tf.data.Dataset.zip(tuple(tf.data.Dataset.from_tensor_slices(x[i:i + 10]) for i in (0, 10, 20))).batch(5)
siamese_model = SiameseModel(siamese_network)
siamese_model.compile(optimizer=keras.optimizers.Adam(0.01))
triplet = siamese_model.fit(triplets, epochs=4, validation_data=triplets, verbose=0).history
cosine_similarity = keras.metrics.CosineSimilarity()
similarity = cosine_similarity(embedding_network(x[:3]), embedding_network(x[3:6]))
result = len(results) == 2 and history["val_loss"][-1] < history["val_loss"][0] and triplet["loss"][-1] < triplet["loss"][0]
