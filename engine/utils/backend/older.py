"""What has another shape today: functions of a graph, phases, the loss of texts without times."""

import tensorflow as tf

from engine.core import context
from engine.core.symbolic import Symbol
from engine.model import Model


def function(inputs, outputs, updates=None):
    """A function from arrays to a list of arrays. Today: `Model(inputs, outputs)`, called on the inputs.

    `inputs`: symbols, such as `model.input`; a learning phase among them, 0 or 1, stands for `training=`. `outputs`: symbols.

    >>> from engine import Sequential
    >>> from engine.utils import backend as K
    >>> from layers import Dense
    >>> model = Sequential([Dense(2, input_shape=(3,)), Dense(1)])
    >>> K.function([model.input], [model.layers[0].output])([[[1.0, 2.0, 3.0]]])[0].shape
    (1, 2)
    """
    if updates:
        raise ValueError("backend.function takes no updates: variables change where they are assigned, in a train_step of your own.")
    many = isinstance(inputs, (list, tuple))
    inputs = tf.nest.flatten(inputs)  # `model.input` may be a list itself
    single = not isinstance(outputs, (list, tuple))
    places = [number for number, item in enumerate(inputs) if isinstance(item, Symbol)]
    model = Model([inputs[number] for number in places], [outputs] if single else list(outputs))

    def run(values):
        values = values if many and isinstance(values, (list, tuple)) else [values]
        training = any(bool(value) for number, value in enumerate(values) if number not in places)
        tensors = [tf.convert_to_tensor(values[number]) for number in places]
        found = [tensor.numpy() for tensor in tf.nest.flatten(model(tensors, training=training))]
        return found[0] if single else found

    return run


def learning_phase():
    """0. Today: `training=` of the call."""
    return 0


def set_learning_phase(value):
    """Nothing for 0, which is how a model runs that is not trained; 1 is a ValueError. Today: `training=True` in the call."""
    if value not in (0, False):
        raise ValueError("backend.set_learning_phase takes 0 alone. Call the model with training=True instead.")


def in_train_phase(x, alt, training=None):
    """`x` in training, else `alt`: tensors, or functions without arguments. Today: `if training:` in `call`."""
    training = context.training() if training is None else training
    if tf.is_tensor(training):
        return tf.cond(tf.cast(training, tf.bool), *(item if callable(item) else lambda item=item: item for item in (x, alt)))
    chosen = x if training else alt
    return chosen() if callable(chosen) else chosen


def in_test_phase(x, alt, training=None):
    """`alt` in training, else `x`."""
    return in_train_phase(alt, x, training)


def set_image_data_format(data_format):
    """Nothing for "channels_last"; "channels_first" is a ValueError: layers take `data_format=`."""
    if data_format != "channels_last":
        raise ValueError(f"backend.set_image_data_format takes 'channels_last' alone, received {data_format!r}. "
                         "Give each layer its data_format=, or transpose the images.")  # fmt: skip


def print_tensor(x, message="", summarize=3):
    """`x`, printed whenever it is computed. Today: `tf.print(x)`."""
    tf.print(message, x, summarize=summarize)
    return x


def conv2d(x, kernel, strides=(1, 1), padding="valid", data_format=None, dilation_rate=(1, 1)):
    """`tf.nn.convolution(x, kernel, strides, "VALID")`."""
    return _of_images(data_format, tf.nn.convolution(x, kernel, strides, padding.upper(), dilations=dilation_rate))


def conv1d(x, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """`tf.nn.convolution(x, kernel, strides, "VALID")`."""
    return _of_images(data_format, tf.nn.convolution(x, kernel, strides, padding.upper(), dilations=dilation_rate))


def pool2d(x, pool_size, strides=(1, 1), padding="valid", data_format=None, pool_mode="max"):
    """`tf.nn.pool(x, pool_size, "MAX" or "AVG", strides, "VALID")`."""
    kind = {"max": "MAX", "avg": "AVG"}[pool_mode]
    return _of_images(data_format, tf.nn.pool(x, pool_size, kind, strides, padding.upper()))


def _of_images(data_format, outputs):
    if data_format not in (None, "channels_last"):
        raise ValueError(f"The functions of backend take images with their channels last, received data_format={data_format!r}.")
    return outputs


def ctc_batch_cost(y_true, y_pred, input_length, label_length):
    """The loss of a text whose letters have no known times, for each row: (batch, 1). Today: the loss `CTC`, or `tf.nn.ctc_loss`.

    Arguments: `y_true` (batch, letters) class numbers; `y_pred` (batch, steps, classes) probabilities, the last class is "nothing";
    `input_length`, `label_length` (batch, 1): how many steps and letters of each row count.
    """
    loss = tf.nn.ctc_loss(tf.cast(y_true, tf.int32), _scores(y_pred), tf.cast(_rows(label_length), tf.int32),
                          tf.cast(_rows(input_length), tf.int32), logits_time_major=False, blank_index=-1)  # fmt: skip
    return tf.cast(loss, y_pred.dtype)[:, tf.newaxis]


def ctc_decode(y_pred, input_length, greedy=True, beam_width=100, top_paths=1):
    """([texts (batch, letters), filled up by -1], their log probabilities), the best `top_paths`. Today: `tf.nn.ctc_greedy_decoder`."""
    scores, steps = tf.transpose(_scores(y_pred), (1, 0, 2)), tf.cast(_rows(input_length), tf.int32)
    if greedy:
        found, probabilities = tf.nn.ctc_greedy_decoder(scores, steps)
    else:
        found, probabilities = tf.nn.ctc_beam_search_decoder(scores, steps, beam_width, top_paths)
    shape = tf.shape(y_pred)[:2]
    texts = [tf.sparse.to_dense(tf.SparseTensor(text.indices, text.values, tf.cast(shape, tf.int64)), -1) for text in found]
    return texts, tf.cast(probabilities, y_pred.dtype)


def _scores(probabilities):
    """Their logarithms in float32, which is what TensorFlow's operations on texts without times take."""
    return tf.math.log(tf.cast(probabilities, tf.float32) + 1e-7)


def _rows(lengths):
    return tf.reshape(lengths, [-1])
