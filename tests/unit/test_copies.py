"""Copies of models: by copy.deepcopy, by pickle, and clones with weights of their own."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest
import tensorflow as tf

import engine
import layers
from engine import Input, Layer, Model, Sequential, clone_model, metrics, optimizers, regularizers, set_seed
from layers import (
    Add, BatchNormalization, Bidirectional, Concatenate, Dense, Dropout, Embedding, GlobalAveragePooling1D, LSTM, Lambda,
    Remat, Reshape, SimpleRNN, TimeDistributed,
)

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(20, 3)).astype("float32"), RANDOM.normal(size=(20, 1)).astype("float32")
WAYS = {"deepcopy": copy.deepcopy, "pickle": lambda item: pickle.loads(pickle.dumps(item))}


def listed():
    penalty = regularizers.L2(0.01)
    return Sequential([
        Dense(4, activation="tanh", kernel_regularizer=penalty, kernel_constraint="max_norm", input_shape=(3,)),
        BatchNormalization(), Dropout(0.5), Dense(1),
    ])  # fmt: skip


def graph():
    x = Input((3,))
    shared = Dense(4, activation="relu", kernel_regularizer="l1")
    left, right = shared(x), shared(x[:, ::-1] * 2.0)
    inner = Sequential([Dense(3, input_shape=(8,)), Dropout(0.2)])
    both = tf.concat([left, right], axis=-1) + 1.0
    return Model(x, Dense(1)(Add()([inner(both), tf.nn.relu(x)])))


class Own(Model):
    def __init__(self, width=4):
        super().__init__()
        self.width = width
        self.blocks = {"first": Dense(width, activation="relu", bias_regularizer="l2"), "more": [Remat(Dense(width)), Dropout(0.3)]}
        self.scale = tf.Variable(1.0)
        self.seen = metrics.Mean("seen")

    def call(self, x, training=False):
        x = self.blocks["first"](x)
        for block in self.blocks["more"]:
            x = block(x)
        self.kept = x  # a value of the traced step
        self.add_metric(tf.reduce_mean(x), name="mean")
        self.add_loss(0.1 * tf.reduce_mean(x**2))
        return tf.reduce_sum(x, -1, keepdims=True) * self.scale


def stateful():
    return Sequential([Input(batch_shape=(4, 3)), Reshape((3, 1)), LSTM(3, stateful=True, recurrent_dropout=0.2), Dense(1)])


MODELS = {"sequential": listed, "graph": graph, "subclass": Own, "stateful": stateful}
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.01, momentum=0.9),
    "adam": lambda: optimizers.Adam(
        optimizers.schedules.ExponentialDecay(0.01, 3, 0.5), use_ema=True, gradient_accumulation_steps=3, weight_decay=0.01
    ),
    "muon": lambda: optimizers.Muon(0.01),
    "lamb": lambda: optimizers.Lamb(0.01),
    "loss scale": lambda: optimizers.LossScaleOptimizer(optimizers.Nadam(0.01, clipnorm=1.0)),
}


def compiled(name, optimizer="adam", **arguments):
    set_seed(3)
    model = MODELS[name]()
    model.compile(OPTIMIZERS[optimizer](), "mse", metrics=["mae", metrics.R2Score()], **arguments)
    return model


def fit(model, epochs=2, **arguments):
    set_seed(7)
    return model.fit(X, Y, batch_size=4, epochs=epochs, verbose=0, **arguments).history


def all_state(model):
    return {path: variable.numpy() for path, (variable, _) in model.state().items()}


def assert_same_state(model, other):
    expected, received = all_state(model), all_state(other)
    assert list(expected) == list(received)
    for path, value in expected.items():
        np.testing.assert_array_equal(received[path], value, err_msg=path)


def check_copies(model, way):
    """A copy has the state of `model`, then trains on as `model` does, and none of both moves the other."""
    other = WAYS[way](model)
    assert_same_state(model, other)
    shared = {id(variable) for variable, _ in model.state().values()} & {id(variable) for variable, _ in other.state().values()}
    assert not shared
    before = all_state(model)
    history = fit(other)
    assert all((before[path] == value).all() for path, value in all_state(model).items())
    assert history == fit(model)
    assert_same_state(model, other)
    np.testing.assert_array_equal(other.predict(X, batch_size=4), model.predict(X, batch_size=4))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MODELS)
def test_a_copy_of_a_trained_model_trains_on_alone_and_exactly(name, way):
    model = compiled(name)
    fit(model)
    model.evaluate(X, Y, batch_size=4, verbose=0)
    check_copies(model, way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_go_on_in_the_copy(optimizer, way):
    model = compiled("sequential", optimizer)
    fit(model, on_nan="raise")
    check_copies(model, way)


@pytest.mark.parametrize("way", WAYS)
def test_eager_models_own_steps_and_frozen_layers(way):
    model = compiled("graph", run_eagerly=True)
    model.layers[-1].trainable = False
    fit(model)
    check_copies(model, way)
    for _ in range(2):
        model.train_on_batch(X, Y)
    weights = [model.trainable_weights, WAYS[way](model).trainable_weights]
    optimizer = optimizers.Adam()
    optimizer.apply_gradients([(tf.ones_like(weight), weight) for weight in weights[0]])
    model.optimizer.apply_gradients([(tf.ones_like(weight), weight) for weight in weights[0]])
    check_copies(model, way)


@pytest.mark.parametrize("way", WAYS)
def test_models_that_were_not_compiled_or_built(way):
    model = WAYS[way](Sequential([Dense(2, kernel_regularizer="l2")]))
    assert not model.built and model(X).shape == (20, 2) and len(model.losses) == 1
    other = WAYS[way](model)
    np.testing.assert_array_equal(other(X), model(X))
    np.testing.assert_array_equal(other.losses, model.losses)
    layer = WAYS[way](Dense(2, kernel_regularizer="l2", input_shape=(3,)))
    assert layer(X).shape == (20, 2) and len(layer.losses) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_of_a_graph_read_from_a_config(way):
    model = Model.from_config(graph().get_config())
    np.testing.assert_array_equal(WAYS[way](model).predict(X), model.predict(X))


@pytest.mark.parametrize("way", WAYS)
def test_a_tied_weight_stays_one(way):
    class Tied(Model):
        def __init__(self):
            super().__init__()
            self.embedding = Embedding(5, 4)
            self.pool = GlobalAveragePooling1D()

        def build(self, input_shape):
            self.embedding.build(input_shape)
            self.again = self.embedding.embeddings

        def call(self, x):
            return tf.matmul(self.pool(self.embedding(x)), self.again, transpose_b=True)

    if way == "pickle":  # classes inside of functions have no name to find them by
        globals()["Tied"] = Tied
        Tied.__qualname__ = "Tied"
    model = Tied()
    model(np.array([[1, 2]]))
    other = WAYS[way](model)
    assert other.again is other.embedding.embeddings and len(other.weights) == 1


@pytest.mark.parametrize("way", WAYS)
def test_deep_models_are_no_deep_recursion(way):
    x = y = Input((3,))
    for count in range(400):
        y = Add()([y, x]) if count % 2 else y * 0.5
    model = Model(x, y)
    np.testing.assert_array_equal(WAYS[way](model).predict(X), model.predict(X))
    deep = Sequential([Input((3,)), *(Dropout(0.1) for _ in range(400))])
    np.testing.assert_array_equal(WAYS[way](deep).predict(X), X)


def test_a_copy_keeps_nothing_of_its_original_alive():
    model = compiled("sequential")
    fit(model)
    other, original = copy.deepcopy(model), weakref.ref(model)
    fit(other)
    del model
    gc.collect()
    assert original() is None


# ---- clones -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_a_clone_has_the_structure_and_weights_of_its_own(name):
    model = compiled(name)
    fit(model, 1)
    clone = clone_model(model)
    assert type(clone) is type(model) and clone.optimizer is None
    if name == "subclass":  # which makes its layers itself, and names none
        clone(X[:4])
    else:
        assert [layer.name for layer in clone.layers] == [layer.name for layer in model.layers]
    assert [w.shape for w in clone.weights] == [w.shape for w in model.weights]
    assert not {id(w) for w in clone.weights} & {id(w) for w in model.weights}
    clone.set_weights(model.get_weights())
    model.reset_states()
    np.testing.assert_array_equal(clone.predict(X, batch_size=4), model.predict(X, batch_size=4))
    assert len(clone.losses) == len(model.losses) or name == "subclass"


def test_layers_are_cloned_by_a_function_once_each_and_inputs_are_not():
    seen = []

    def wider(layer):
        seen.append(layer.name)
        config = layer.get_config()
        return type(layer).from_config({**config, "activation": "tanh"} if "activation" in config else config)

    model = graph()
    clone = clone_model(model, clone_function=wider)
    assert seen == [layer.name for layer in model.layers if not isinstance(layer, engine.InputLayer)]
    assert clone.layers[1].activation is engine.activations.tanh and clone.get_layer(seen[0])._nodes[0] is not None
    inner = next(layer for layer in clone.layers if isinstance(layer, Sequential))
    assert inner.layers[0].activation is not engine.activations.tanh
    inner = next(layer for layer in clone_model(model, None, wider, recursive=True).layers if isinstance(layer, Sequential))
    assert inner.layers[0].activation is engine.activations.tanh


def test_a_clone_starts_from_given_symbols():
    left, right = Input((3,), name="left"), Input((3,), name="right")
    model = Model([left, right], Dense(1)(Concatenate()([left, right])))
    x = Input((3,))
    clone = clone_model(model, input_tensors=[x, x * 2.0])
    whole = Model(x, clone.output)
    whole.layers[-1].set_weights(model.layers[-1].get_weights())
    np.testing.assert_allclose(whole.predict(X), model.predict([X, 2 * X]), rtol=1e-6)
    listing = Sequential([Dense(2, input_shape=(3,)), Dense(1)])
    assert clone_model(listing, input_tensors=Input((3,), name="mine")).inputs[0].node.operation.name == "mine"
    with pytest.raises(ValueError, match="has 2 inputs"):
        clone_model(model, input_tensors=[x])


def test_a_clone_has_the_losses_metrics_and_variables_of_a_graph():
    x, factor = Input((3,)), tf.Variable(2.0)
    y = Dense(1)(x) * factor
    model = Model(x, y)
    model.add_loss(tf.reduce_mean(y))
    model.add_metric(y, name="size")
    clone = clone_model(model)
    clone.set_weights(model.get_weights())
    for each in (model, clone):
        each.compile("sgd", "mse")
    assert clone.evaluate(X, Y, verbose=0, return_dict=True) == model.evaluate(X, Y, verbose=0, return_dict=True)
    assert len(clone.weights) == 3 and not any(w is factor for w in clone.weights)


def test_calls_of_a_clone_can_be_changed():
    def twice(layer, *args, **kwargs):
        outputs = layer(*args, **kwargs)
        return outputs * 2.0 if isinstance(layer, Dense) else outputs

    x = Input((3,))
    model = Model(x, Dense(1, kernel_initializer="ones")(x))
    np.testing.assert_allclose(clone_model(model, call_function=twice).predict(X), 2 * model.predict(X), rtol=1e-6)


@pytest.mark.parametrize("arguments, make, message", [
    (dict(clone_function=copy.copy), Own, "call.. of its own"),
    (dict(call_function=copy.copy), listed, "call_function is for graphs"),
    (dict(clone_function=lambda layer: None), listed, "returns a Layer"),
])  # fmt: skip
def test_what_a_clone_refuses(arguments, make, message):
    with pytest.raises(ValueError, match=message):
        clone_model(make(), **arguments)


def test_frozen_stays_frozen_in_a_clone():
    model = graph()
    model.trainable = False
    assert not clone_model(model).trainable_weights and not clone_model(model).trainable


def test_a_clone_has_the_functions_and_classes_that_no_file_could_name():
    class Doubled(Layer):
        def call(self, inputs):
            return 2 * inputs

    def three_times(inputs):
        return 3 * inputs

    x = Input((4, 3))
    y = TimeDistributed(Doubled())(Lambda(lambda inputs: inputs + 1)(Lambda(three_times)(x)))
    y = Dense(2, activation=lambda inputs: inputs**2, kernel_regularizer=lambda kernel: tf.reduce_sum(kernel**2))(y)
    y = Bidirectional(SimpleRNN(2, activation=three_times))(y)
    model = Model(x, Dense(1)(y))
    data = np.random.default_rng(1).normal(size=(5, 4, 3))
    listing = Sequential([Input((4, 3)), model, Lambda(lambda inputs: -inputs)])
    again = dict(clone_function=lambda layer: type(layer).from_config(layer.get_config()))
    for original, arguments in ((model, {}), (model, again), (listing, {}), (listing, again)):
        clone = clone_model(original, **arguments)
        clone.set_weights(original.get_weights())
        np.testing.assert_array_equal(clone(data), original(data))
        assert [float(loss) for loss in clone.losses] == [float(loss) for loss in original.losses]
        assert not {id(weight) for weight in clone.weights} & {id(weight) for weight in original.weights}


def tripled(x):
    return 3 * x


class Plus(Layer):
    def call(self, inputs):
        return inputs + 1


class Small(Layer):
    """A cell of a recurrent layer."""

    state_size = 2

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], 2))

    def call(self, inputs, states):
        states = tf.tanh(inputs @ self.kernel + states[0])
        return states, [states]


OWN_PARTS = {
    "a lambda": lambda: layers.Lambda(lambda x: 2 * x), "a function": lambda: layers.Lambda(tripled),
    "an activation": lambda: Dense(2, activation=tripled), "an activation of a lambda": lambda: Dense(2, activation=lambda x: -x),
    "an initializer": lambda: Dense(2, kernel_initializer=lambda shape, dtype=None: tf.ones(shape, dtype)),
    "a layer inside": lambda: layers.TimeDistributed(Plus()), "a function inside": lambda: layers.TimeDistributed(layers.Lambda(tripled)),
    "an activation of a cell": lambda: layers.LSTM(2, activation=tripled), "a cell": lambda: layers.RNN(Small()),
    "both directions of a cell": lambda: layers.Bidirectional(layers.RNN(Small())),
    "both directions of a lambda": lambda: layers.Bidirectional(layers.GRU(2, activation=lambda x: x / 9)),
    "named as one of ours": lambda: Dense(2, activation=relu),
}  # fmt: skip


def relu(x):
    return 5 * x


@pytest.mark.parametrize("what", OWN_PARTS)
def test_a_clone_is_made_of_the_same_functions_and_classes(what):
    """No scope is needed for what the model has in it, as in a loop over folds."""
    model = Sequential([Input((4, 3)), OWN_PARTS[what](), Dense(1)])
    clone = clone_model(model)
    clone.set_weights(model.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    np.testing.assert_array_equal(clone(x), model(x))
    assert clone.layers[0] is not model.layers[0]
