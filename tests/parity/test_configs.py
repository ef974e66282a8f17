"""Descriptions of whole models: what Keras writes is read here, what is written here is read by Keras, errors are clear."""

import copy
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import layers
from engine import Input, Layer, Model, Sequential, custom_object_scope, set_floatx
from engine.saving import model_from_json

theirs = keras.layers


@pytest.fixture(autouse=True)
def double_precision():
    for name in ("float64", "float32"):
        set_floatx(name)
        keras.config.set_floatx(name)
        keras.config.set_dtype_policy(name)
        if name == "float64":
            yield


RANDOM = np.random.default_rng(7)
X, Y = RANDOM.standard_normal((3, 4, 6)), RANDOM.standard_normal((3, 4, 6))
TOKENS = np.array([[1, 2, 3, 0, 0], [4, 0, 0, 0, 0], [5, 6, 7, 8, 1]], "int32")


def new_weights(model):
    """Random ones, so that no weight is at its special first value."""
    random = np.random.default_rng(8)
    return [np.abs(0.3 * random.standard_normal(weight.shape)) + 0.1 for weight in model.weights]


def assert_same(ours, reference):
    tf.nest.assert_same_structure(ours, reference)
    for own, other in zip(tf.nest.flatten(ours), tf.nest.flatten(reference)):
        own, other = np.asarray(own), np.asarray(other)
        assert own.shape == other.shape and own.dtype == other.dtype and own.size
        np.testing.assert_allclose(own, other, rtol=1e-10, atol=1e-12)


def assert_both_ways(reference, inputs, custom=None, custom_theirs=None):
    """Keras's model → ours → JSON → ours → Keras's: each with the same weights and the same outputs."""
    reference.set_weights(new_weights(reference))
    wanted = reference(inputs, training=False)
    read = type_of(reference).from_config(reference.get_config(), custom_objects=custom)
    from_json = model_from_json(reference.to_json(), custom_objects=custom)
    again = model_from_json(from_json.to_json(), custom_objects=custom)
    for model in (read, from_json, again):
        assert [tuple(weight.shape) for weight in model.weights] == [tuple(weight.shape) for weight in reference.weights]
        assert len(model.trainable_weights) == len(reference.trainable_weights)
        model.set_weights(reference.get_weights())
        assert_same(model(inputs, training=False), wanted)
    back = type(reference).from_config(read.get_config(), custom_objects=custom_theirs)
    back.set_weights(reference.get_weights())
    assert_same(back(inputs, training=False), wanted)
    assert keras.models.model_from_json(read.to_json(), custom_objects=custom_theirs).name == reference.name
    return read


def type_of(reference):
    return Sequential if isinstance(reference, keras.Sequential) else Model


# ---- written by Keras ---------------------------------------------------------------------------


def nested_and_shared(x, y):
    shared = theirs.Dense(6, activation="tanh", name="shared")
    inner = keras.Model([x, y], {"z": shared(x) + y, "a": theirs.Dense(2)(shared(y))}, name="inner")
    first, second = inner([x, y]), inner([y, x])
    return keras.Model([x, y], [first["z"] * second["z"], second["a"], first["a"][..., :1]])


def nested_in_sequential(x, y):
    inner = keras.Sequential([keras.Input((4, 6)), theirs.Conv1D(3, 2), theirs.BatchNormalization()], name="inner")
    return keras.Model([x, y], theirs.Concatenate()([inner(y), inner(x)]))


def dict_in_dict_out(x, y):
    return keras.Model({"x": x, "y": y}, {"sum": theirs.Add()([x, y]), "dot": theirs.Dot(-1)([x, y])})


def attention_and_states(x, y):
    attended = theirs.MultiHeadAttention(2, 4)(x, value=y, use_causal_mask=True)
    outputs, hidden, cell = theirs.LSTM(5, return_state=True)(attended)
    return keras.Model([x, y], [theirs.LSTM(5, return_sequences=True)(y, initial_state=[hidden, cell]), outputs])


def one_output_in_a_list(x, y):
    return keras.Model([x, y], [theirs.Subtract()([x, y])])


def frozen(x, y):
    dense = theirs.Dense(2)
    model = keras.Model([x, y], theirs.BatchNormalization()(dense(x)) + theirs.Dense(2)(y))
    dense.trainable = False
    return model


def operators(x, y):
    total = (x + 1.0) * y - x / 2.0 + (3 - x) + 1 / (ops.exp(x) + 2) - abs(-y) + (x * x + 0.1) ** 0.5
    return keras.Model([x, y], [total, x // 2, x % 2, 2.0 // (abs(y) + 1), ops.cast(x > y, "float64"), x <= 0, x != y])


def items(x, y):
    return keras.Model([x, y], [x[:, 1:, ::2], y[..., None], x[:, 0], x[:, -1, 2:4], x[..., 3]])


def shapes(x, y):
    first, second = ops.split(x, [1], axis=1)
    parts = [ops.reshape(x, (-1, 24)), ops.transpose(x, (0, 2, 1)), ops.swapaxes(x, 1, 2), ops.expand_dims(y, 1)]
    parts += [ops.squeeze(first, 1), second, ops.tile(x, (1, 2, 1)), ops.take(x, [2, 0], axis=1), ops.ravel(x)]
    return keras.Model([x, y], [*parts, ops.concatenate([x, y], axis=-1), ops.stack(ops.split(y, 2, axis=2), axis=1)])


def reductions(x, y):
    parts = [ops.mean(x, axis=1, keepdims=True), ops.sum(x, axis=(1, 2)), ops.max(y, axis=-1), ops.min(y, axis=1)]
    parts += [ops.var(x, axis=1), ops.std(x, axis=-1), ops.prod(x, axis=2), ops.any(x > 0, axis=1), ops.mean(x)]
    return keras.Model([x, y], [*parts, ops.argmax(x, axis=1), ops.argmin(y, axis=-1, keepdims=True), ops.logsumexp(x, axis=1)])


def functions(x, y):
    positive = abs(x) + 0.5
    parts = [ops.sqrt(positive), ops.log(positive), ops.rsqrt(positive), ops.square(x), ops.tanh(x), ops.clip(x, -0.5, 0.5)]
    parts += [ops.relu(x), ops.relu6(3 * x), ops.sigmoid(x), ops.silu(x), ops.gelu(x), ops.gelu(x, approximate=False)]
    parts += [ops.softmax(x), ops.softmax(x, axis=1), ops.log_softmax(x), ops.elu(x, 0.7), ops.leaky_relu(x, 0.3)]
    parts += [ops.softplus(x), ops.hard_sigmoid(x), ops.hard_silu(x), ops.selu(x)]
    parts += [ops.einsum("bij,bkj->bik", x, y), ops.matmul(x, ops.transpose(y, (0, 2, 1))), ops.maximum(x, y)]
    return keras.Model([x, y], [*parts, ops.where(x > 0, x, y), ops.power(positive, y), ops.erf(x), ops.sign(x)])


def constants(x, y):
    ramp = np.arange(6.0)
    return keras.Model([x, y], [x * ramp, y + tf.constant(ramp[::-1]), ops.zeros_like(x) + ops.ones_like(y)])


def whole_numbers(x, y):
    count = ops.argmax(x, axis=1)  # int32
    return keras.Model([x, y], [count * 0.5, count / 2, count + y[:, 0], count // 2, ops.sqrt(count)])


def transposed_input_and_output(x, y):
    return keras.Model([y, x], [x, y, x])  # outputs that are inputs, and in another order


PAIRS = [
    nested_and_shared, nested_in_sequential, dict_in_dict_out, attention_and_states, one_output_in_a_list, frozen,
    operators, items, shapes, reductions, functions, constants, whole_numbers, transposed_input_and_output,
]  # fmt: skip


@pytest.mark.parametrize("build", PAIRS, ids=lambda build: build.__name__)
def test_a_functional_model_of_keras(build):
    model = build(keras.Input((4, 6), name="x"), keras.Input((4, 6), name="y"))
    assert_both_ways(model, {"x": X, "y": Y} if isinstance(model.input, dict) else [X, Y])


def embedded(mask=True):
    tokens = keras.Input((5,), dtype="int32", name="tokens")
    return tokens, theirs.Embedding(9, 4, mask_zero=mask)(tokens)


def recurrent_wrappers():
    tokens, x = embedded()
    x = theirs.Bidirectional(theirs.LSTM(3, return_sequences=True))(x)
    return keras.Model(tokens, theirs.TimeDistributed(theirs.Dense(2))(x))


def mask_through_layers():
    tokens, x = embedded()
    x = theirs.Dropout(0.2)(theirs.Concatenate()([x, theirs.Dense(3)(x)]))
    return keras.Model(tokens, [theirs.GRU(2)(theirs.Masking()(x)), theirs.GlobalAveragePooling1D()(x)])


def mask_into_a_nested_model():
    tokens, x = embedded()
    start = keras.Input((5, 4))
    inner = keras.Model(start, theirs.SimpleRNN(3)(start))
    with pytest.warns(UserWarning, match="does not support masking"):
        return keras.Model(tokens, inner(x))


def mask_as_argument():
    tokens, x = embedded(mask=False)
    return keras.Model(tokens, theirs.LSTM(3)(x, mask=ops.logical_and(tokens > 1, ops.logical_not(tokens == 4))))


def mask_for_attention():
    tokens, x = embedded()
    return keras.Model(tokens, theirs.MultiHeadAttention(2, 4)(x, x))  # the only one: Keras's takes the mask off x


def mask_for_grouped_attention():
    tokens, x = embedded()
    return keras.Model(tokens, theirs.GroupQueryAttention(4, 2, 1)(x, x))


MASKED = [
    recurrent_wrappers, mask_through_layers, mask_into_a_nested_model, mask_as_argument, mask_for_attention,
    mask_for_grouped_attention,
]  # fmt: skip


@pytest.mark.parametrize("build", MASKED, ids=lambda build: build.__name__)
@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
def test_masks_of_keras(build):
    model = build()
    read = assert_both_ways(model, TOKENS)
    other = TOKENS.copy()
    other[:, 0] = 3
    assert not np.allclose(tf.nest.flatten(read(TOKENS))[0], tf.nest.flatten(read(other))[0])


def test_a_sequential_of_keras():
    stack = [theirs.Conv1D(3, 2, activation="relu"), theirs.Flatten(), theirs.Dense(5, kernel_regularizer="l2")]
    read = assert_both_ways(keras.Sequential([keras.Input((4, 6)), *stack], name="stack"), X)
    assert read.name == "stack" and len(read.losses) == 1 and read.input.shape == (None, 4, 6)
    later = keras.Sequential([theirs.Dense(3), keras.Sequential([theirs.Dense(2)])])
    later.build((None, 4, 6))
    assert_both_ways(later, X)


def test_a_sequential_that_is_not_built_stays_so():
    read = Sequential.from_config(keras.Sequential([theirs.Dense(3)]).get_config())
    assert not read.built and read.weights == []
    assert read(X).shape == (3, 4, 3)


def test_what_keras_notes_about_training_does_not_freeze_the_mode():
    x = keras.Input((4, 6))
    read = Model.from_config(keras.Model(x, theirs.Dropout(0.5)(x)).get_config())  # noted there: training=False
    np.testing.assert_array_equal(read(X, training=False), X)
    assert np.any(read(X, training=True) != X)


def test_a_part_of_a_graph_counts_its_own_calls():
    x, dense = keras.Input((4, 6)), theirs.Dense(6)
    inner = keras.Model(x, theirs.Dense(6)(x))
    inner(x), dense(x)  # calls that are not of the model below
    assert_both_ways(keras.Model(x, [dense(dense(x)), inner(inner(x))]), X)


# ---- written here -------------------------------------------------------------------------------


def written(outputs, inputs, values):
    """Our model → Keras's: same outputs. Returns our config."""
    model = Model(inputs, outputs)
    model.set_weights(new_weights(model))
    config = model.get_config()
    reference = keras.Model.from_config(copy.deepcopy(config))  # Keras takes it apart
    reference.set_weights(model.get_weights())
    assert_same(model(values), reference(values))
    return config


FUNCTIONS = {
    "operators": lambda x, y: (x + 1.0) * y - x / 2.0 + (3 - x) + 1 / (2 + tf.exp(x)) - abs(-y) + 2.0 ** (x - 1),
    "reflected": lambda x, y: [1 - x, 2.0 / (y * y + 1), 3.0 // (abs(x) + 1), 5 % (abs(x) + 1)],
    "comparisons": lambda x, y: [x < y, x <= 0, x > y, x >= y, (x < y) & (x > 0), (x < y) | (x > 0), ~(x < y)],
    "items": lambda x, y: [x[:, 1:, ::2], y[..., tf.newaxis], x[:, 0], x[:, -1, 2:4], x[..., 3]],
    "pairs": lambda x, y: [tf.add(x, y), tf.subtract(x, y), tf.multiply(x, 2.0), tf.divide(x, 2.0), tf.maximum(x, y)],
    "matmul": lambda x, y: [x @ tf.transpose(y, [0, 2, 1]), tf.matmul(tf.transpose(y, perm=[0, 2, 1]), x)],
    "elementwise": lambda x, y: [tf.exp(x), tf.abs(x), tf.square(x), tf.sqrt(abs(x)), tf.math.log(abs(x) + 1), tf.tanh(x)],
    "activations": lambda x, y: [tf.nn.relu(x), tf.nn.relu6(x), tf.sigmoid(x), tf.nn.silu(x), tf.nn.elu(x), tf.nn.softmax(x)],
    "reductions": lambda x, y: [tf.reduce_mean(x, 1), tf.reduce_sum(x, axis=[1, 2]), tf.reduce_max(x, -1, keepdims=True)],
    "shapes": lambda x, y: [tf.reshape(x, [-1, 24]), tf.expand_dims(x, 1), tf.squeeze(x[:, :1], 1), tf.cast(x, tf.float32)],
    "joins": lambda x, y: [tf.concat([x, y], -1), tf.concat([x, y], axis=1), tf.stack([x, y], 1), tf.where(x > y, x, y)],
    "clip": lambda x, y: tf.clip_by_value(x, -0.5, clip_value_max=0.5),
    "constants": lambda x, y: [x * np.arange(6.0), x + tf.constant(np.arange(6.0))],
}  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions_of_tensorflow_are_described_as_operations(function):
    x, y = Input((4, 6), name="x"), Input((4, 6), name="y")
    config = written(function(x, y), [x, y], [X, Y])
    read = Model.from_config(json.loads(json.dumps(config)))
    assert_same(read([X, Y]), Model([x, y], function(x, y))([X, Y]))
    names = [entry["name"] for entry in config["layers"]]
    assert len(set(names)) == len(names)


def test_nested_shared_and_dict_models_of_ours():
    x, y = Input((4, 6), name="x"), Input((4, 6), name="y")
    shared = layers.Dense(6)
    inner = Model({"x": x, "y": y}, {"q": shared(x) + y, "p": shared(y)}, name="inner")
    first, second = inner({"x": x, "y": y}), inner({"x": y, "y": x})
    recurrent = layers.Bidirectional(layers.LSTM(2), name="both")(first["p"], initial_state=None)
    stack = Sequential([layers.Dense(2, activation="relu")], name="stack")
    config = written({"b": stack(second["q"]), "a": [first["p"], recurrent]}, [x, y], [X, Y])
    assert config["output_layers"] == {"b": ["stack", 0, 0], "a": [["inner", 1, 0], ["both", 0, 0]]}


def test_a_model_inside_a_wrapper():
    start = Input((6,))
    inner = Model(start, layers.Dense(2)(start))
    x = Input((4, 6), name="x")
    written(layers.TimeDistributed(inner)(x), x, X)


def test_a_sequential_of_ours():
    model = Sequential([layers.Dense(3, input_shape=(4, 6)), layers.LSTM(2)])
    reference = keras.Sequential.from_config(model.get_config())
    reference.set_weights(model.get_weights())
    assert_same(model(X), reference(X))
    assert list(keras.Sequential([theirs.Dense(3)]).get_config()) == list(Sequential([layers.Dense(3)]).get_config())


def test_freezing_is_described():
    x = Input((6,))
    dense = layers.Dense(2)
    model = Model(x, layers.Dense(3)(dense(x)))
    dense.trainable = False
    assert len(Model.from_config(model.get_config()).trainable_weights) == 2
    model.trainable = False
    assert Model.from_config(model.get_config()).trainable_weights == []


# ---- classes of your own ------------------------------------------------------------------------


class Scale(Layer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor


class Head(Model):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = layers.Dense(units)

    def call(self, inputs):
        return self.dense(inputs)


class Stack(Sequential):
    def __init__(self, depth, **kwargs):
        super().__init__([layers.Dense(2) for _ in range(depth)], **kwargs)
        self.depth = depth


class OwnStep(Model):
    """Only a training step of its own: its graph describes it."""


@keras.saving.register_keras_serializable("pkg")
class TheirScale(theirs.Layer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


@pytest.mark.parametrize("name", ["pkg>TheirScale", "TheirScale"])
def test_a_registered_layer_comes_through_custom_objects(name):
    x = keras.Input((4, 6))
    config = keras.Model(x, TheirScale(3)(x)).get_config()
    assert_same(Model.from_config(config, custom_objects={name: Scale})(X), tf.constant(3 * X))
    with custom_object_scope({name: Scale}):
        assert_same(Model.from_config(config)(X), tf.constant(3 * X))


def test_a_layer_of_ones_own_is_read_by_keras_with_custom_objects():
    x = Input((4, 6))
    config = Model(x, Scale(2.0)(x)).get_config()
    assert_same(keras.Model.from_config(config, custom_objects={"Scale": TheirScale})(X), tf.constant(2 * X))


def test_a_subclass_is_described_by_its_arguments():
    assert Head(3, name="head").get_config() == {
        "name": "head", "trainable": True, "units": 3,
        "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float64"}, "registered_name": None},
    }  # fmt: skip
    assert Head.from_config(Head(3).get_config()).units == 3
    assert Stack.from_config(Stack(2).get_config()).depth == len(Stack(2).layers) == 2
    x = Input((6,))
    outer = Model(x, Head(3)(x))
    assert outer.get_config()["layers"][1]["registered_name"] == "Head"
    read = Model.from_config(outer.get_config(), custom_objects={"Head": Head})
    read.set_weights(outer.get_weights())
    assert_same(read(X[0]), outer(X[0]))
    with pytest.raises(ValueError, match=r"custom_objects=\{'Head': Head\}"):
        Model.from_config(outer.get_config())


def test_a_subclass_that_keeps_the_constructor_is_described_by_its_graph():
    x = Input((6,))
    model = OwnStep(x, layers.Dense(2)(x))
    read = OwnStep.from_config(model.get_config())
    assert type(read) is OwnStep and read.count_params() == 14
    assert type(model_from_json(model.to_json(), {"OwnStep": OwnStep})) is OwnStep


def test_a_subclass_that_does_not_keep_its_arguments_says_so():
    class Forgetful(Model):
        def __init__(self, units):
            super().__init__()

    with pytest.raises(NotImplementedError, match="self.units"):
        Forgetful(2).get_config()


def twice(inputs):
    return 2 * inputs


@pytest.mark.parametrize("library, function, name", [
    (theirs, lambda t: 2 * t, "double"), (theirs, twice, "twice"),
    (layers, lambda t: 2 * t, "double"), (layers, twice, "twice"),
], ids=["theirs-lambda", "theirs-function", "ours-lambda", "ours-function"])  # fmt: skip
def test_a_lambda_needs_its_function(library, function, name):
    model_class, symbol = (keras.Model, keras.Input((4, 6))) if library is theirs else (Model, Input((4, 6)))
    config = model_class(symbol, library.Lambda(function, name="double")(symbol)).get_config()
    with pytest.raises(ValueError, match=f"{name}.*custom_objects="):
        Model.from_config(config)
    model = Model.from_config(config, custom_objects={name: twice})
    np.testing.assert_allclose(model(X), 2 * X, rtol=1e-6)


def test_an_activation_that_was_a_lambda_needs_its_function():
    config = layers.Dense(2, activation=lambda t: 2 * t, name="d").get_config()
    with pytest.raises(ValueError, match=r"custom_objects=\{'d': function\}"):
        Sequential.from_config({"name": "s", "layers": [{"class_name": "Dense", "config": config}]})


# ---- errors -------------------------------------------------------------------------------------


def graph(*entries, outputs=("x", 0, 0)):
    start = {"class_name": "InputLayer", "name": "x", "config": {"batch_shape": (None, 2), "name": "x"}, "inbound_nodes": []}
    return {"name": "m", "layers": [start, *entries], "input_layers": ["x", 0, 0], "output_layers": list(outputs)}


def entry(class_name, config=None, of=("x", 0, 0), **more):
    tensor = {"class_name": "__keras_tensor__", "config": {"shape": (None, 2), "dtype": "float32", "keras_history": list(of)}}
    config = {"name": "e", **(config or {})}
    return {"class_name": class_name, "name": "e", "config": config, "inbound_nodes": [{"args": [tensor], "kwargs": {}}], **more}


OPERATION = {"module": "keras.src.ops.numpy", "registered_name": "FourierTransform"}
CODE = {"class_name": "__lambda__", "config": {"code": "bm90IGNvZGU=", "defaults": None, "closure": None}}
CONFIG_ERRORS = {
    "unknown layer": (graph(entry("Dens", {"units": 2})), "Unknown layer 'Dens'.*'Dense'.*custom_objects"),
    "not a layer": (graph(entry("system", module="os")), "Unknown layer 'system'"),
    "own layer": (graph(entry("Own", registered_name="pkg>Own")), r"'pkg>Own'.*custom_objects=\{'Own': Own\}"),
    "own layer with the name of ours": (graph(entry("Dense", registered_name="pkg>Dense")), "'pkg>Dense'"),
    "code": (graph(entry("Lambda", {"function": CODE})), r"never run.*custom_objects=\{'e': function\}"),
    "unknown operation": (graph(entry("FourierTransform", **OPERATION)), "Unknown operation 'FourierTransform'.*custom_objects"),
    "argument of an operation": (graph(entry("Max", {"initial": 1.0}, module="keras.src.ops.numpy")), "Max 'e'.*'initial'"),
    "missing tensor": (graph(entry("Dense", {"units": 2}, of=("y", 0, 0))), r"no layer makes the tensor \['y', 0, 0\]"),
    "older format": (graph({**entry("Dense", {"units": 2}), "inbound_nodes": [[["x", 0, 0, {}]]]}), "'e'.*format of Keras 3"),
    "quantized": (graph(entry("Dense", {"units": 2, "quantization_config": {}})), "quantization_config"),
    "not of a graph": ({"name": "m", "units": 3}, "functional model; received the keys.*'units'"),
}


@pytest.mark.parametrize("config, message", CONFIG_ERRORS.values(), ids=CONFIG_ERRORS)
def test_errors_in_a_config(config, message):
    with pytest.raises((ValueError, TypeError), match=f"(?s){message}"):
        Model.from_config(config)


def test_an_operation_of_ones_own_comes_through_custom_objects():
    config = graph(entry("FourierTransform", {"sign": -1.0}, **OPERATION), outputs=("e", 0, 0))
    model = Model.from_config(config, custom_objects={"FourierTransform": lambda x, sign: sign * x})
    np.testing.assert_array_equal(model([[1.0, 2.0]]), [[-1.0, -2.0]])


def test_errors_of_graphs_that_cannot_be_described():
    x, variable = Input((4, 6)), tf.Variable(np.ones(6), name="loose")
    for outputs, message in [
        (tf.scan(lambda before, item: before + item, x), "tf.scan.*Layer of your own"),
        (x * variable, "variable 'loose"),
    ]:
        with pytest.raises(ValueError, match=message):
            Model(x, outputs).get_config()
    middle = layers.Dense(2)(x)
    with pytest.raises(ValueError, match="in the midst of another graph"):
        Model(middle, layers.Dense(3)(middle)).get_config()


def test_reading_leaves_the_config_as_it_was():
    x = keras.Input((4, 6))
    config = keras.Model(x, theirs.Dense(2)(x)).get_config()
    before = json.dumps(config)
    Model.from_config(config)
    assert json.dumps(config) == before


def test_a_deep_graph_is_described_and_read():
    x = y = Input((2,))
    for _ in range(1500):
        y = y + 1.0
    read = Model.from_config(Model(x, y).get_config())
    np.testing.assert_allclose(read([[0.0, 1.0]]), [[1500.0, 1501.0]])
