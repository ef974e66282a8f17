"""Models in their three styles: what they compute, and what they know about their layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import layers
from engine import Input, InputLayer, Layer, Model, Sequential, clear_session
from engine.saving import load_model
from layers import Add, Concatenate, Conv1D, Dense, Dropout, Flatten

RNG = np.random.default_rng(0)
A = RNG.normal(size=(4, 3)).astype("float32")
B = RNG.normal(size=(4, 2)).astype("float32")


def shapes(model):
    return [tuple(w.shape) for w in model.weights]


# ---------------------------------------------------------------- functional


def test_a_functional_model_is_its_layers():
    x = Input((3,))
    first, second = Dense(4, activation="relu"), Dense(2)
    model = Model(x, second(first(x)))
    np.testing.assert_array_equal(model(A), second(first(A)))
    assert model.layers[1:] == [first, second] and model.built and model.count_params() == 26
    assert model.inputs == [x] and model.input is x and model.output is model.outputs[0]


def inputs():
    return Input((3,), name="a"), Input((2,), name="b")


NESTS = {  # (declare inputs, ways to call)
    "list": (lambda a, b: [a, b], [[A, B], (A, B), {"a": A, "b": B}, {"b": B, "a": A}]),
    "tuple": (lambda a, b: (a, b), [[A, B], (A, B), {"a": A, "b": B}]),
    "dict": (lambda a, b: {"a": a, "b": b}, [{"b": B, "a": A}, {"a": A, "b": B}]),
    "dict in another order": (lambda a, b: {"b": b, "a": a}, [{"b": B, "a": A}, {"a": A, "b": B}]),
    "dict with keys of its own": (lambda a, b: {"z": a, "y": b}, [{"y": B, "z": A}]),
    "nest": (lambda a, b: {"p": [a], "q": {"r": b}}, [{"p": [A], "q": {"r": B}}]),
}


@pytest.mark.parametrize("name", NESTS)
def test_inputs_in_any_nest_bind_by_position_or_name(name):
    declare, ways = NESTS[name]
    a, b = inputs()
    model = Model(declare(a, b), tf.concat([a, 2 * b], -1))
    for given in ways:
        np.testing.assert_array_equal(model(given), np.concatenate([A, 2 * B], -1))
        np.testing.assert_array_equal(model.predict(given), np.concatenate([A, 2 * B], -1))


OUTPUTS = {
    "list": lambda a, b: [a, b],
    "tuple": lambda a, b: (a, b),
    "dict": lambda a, b: {"second": b, "first": a},
    "nest": lambda a, b: {"pair": [a, b], "one": a},
    "twice the same": lambda a, b: [a, a],
    "an input is an output": lambda a, b: b,
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_come_in_the_nest_they_were_declared_in(name):
    a, b = inputs()
    model = Model([a, b], OUTPUTS[name](a * 2, b))
    expected = OUTPUTS[name](A * 2, B)
    for found in (model([A, B]), model.predict([A, B]), tf.function(model, autograph=False)([A, B])):
        tf.nest.assert_same_structure(found, expected)
        for ours, wanted in zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True):
            np.testing.assert_array_equal(ours, wanted)


def test_an_input_that_no_output_needs():
    a, b = inputs()
    model = Model([a, b], a * 2)
    np.testing.assert_array_equal(model([A, B]), A * 2)
    assert sorted(layer.name for layer in model.layers) == ["a", "b"]


def test_intermediate_symbols_as_inputs_and_outputs():
    x = Input((3,))
    first, second, third = Dense(4), Dense(5), Dense(2)
    hidden = first(x)
    top = second(hidden)
    whole, head, features = Model(x, third(top)), Model(hidden, third(top)), Model(x, [hidden, top])
    np.testing.assert_array_equal(head(first(A)), whole(A))
    np.testing.assert_array_equal(features(A)[1], second(first(A)))
    assert shapes(head) == [(4, 5), (5,), (5, 2), (2,)]
    from_layers = Model(whole.inputs, whole.get_layer(second.name).output)
    np.testing.assert_array_equal(from_layers(A), features(A)[1])
    both = Model([x, top], third(top) + tf.reduce_sum(x, -1, keepdims=True))
    np.testing.assert_allclose(both([A, np.ones((4, 5))]), third(tf.ones((4, 5))) + A.sum(-1, keepdims=True), rtol=1e-5)


def test_one_output_of_a_layer_with_two_as_input():
    class Two(Layer):
        def call(self, x):
            return x + 1.0, x * 2.0

    x = Input((3,))
    left, right = Two()(x)
    model = Model([x, left], left - right)
    np.testing.assert_array_equal(model([A, 5 * A]), 5 * A - 2 * A)


def test_nested_and_shared_models():
    a = Input((3,))
    encoder = Model(a, Dense(5, activation="tanh", name="inner")(a), name="encoder")
    left, right = Input((3,)), Input((3,))
    distance = tf.abs(encoder(left) - encoder(right))
    siamese = Model([left, right], Dense(1)(distance))
    assert shapes(siamese) == [(3, 5), (5,), (5, 1), (1,)]
    assert encoder in siamese.layers and [layer.name for layer in siamese.layers].count("encoder") == 1
    np.testing.assert_allclose(siamese([A, A]), np.zeros((4, 1)), atol=1e-7)
    encoder.trainable = False
    assert len(siamese.trainable_weights) == 2 and not encoder.get_layer("inner").trainable


def test_a_layer_shared_within_one_model():
    x = Input((3,))
    shared = Dense(3)
    model = Model(x, shared(tf.nn.relu(shared(x))))
    np.testing.assert_array_equal(model(A), shared(tf.nn.relu(shared(A))))
    assert shapes(model) == [(3, 3), (3,)]


def test_a_graph_3000_layers_deep():
    class Plus(Layer):
        def call(self, x):
            return x + 1.0

    x = y = Input((3,))
    for index in range(3000):
        y = Plus()(y) if index % 2 else y + 1.0
    model = Model(x, y)
    assert len(model.layers) == 1501 and model.layers[-1].output is y
    np.testing.assert_allclose(model(A), A + 3000)


def test_a_wide_diamond_is_walked_once():
    """2^60 paths from the output to the input."""
    x = y = Input((3,))
    for _ in range(60):
        y = 0.5 * (y + tf.identity(y))
    np.testing.assert_allclose(Model(x, y)(A), A)


def test_a_model_is_a_layer():
    inner = Sequential([Dense(4), Dropout(0.5)], name="inner")
    x = Input((3,))
    outer = Sequential([Model(x, inner(x)), Dense(2)])
    outer.build((None, 3))
    assert shapes(outer) == [(3, 4), (4,), (4, 2), (2,)]
    assert [w.path for w in outer.named_weights()][0] == "layers.0.layers.1.layers.0.kernel"


# ---------------------------------------------------------------- order of layers and weights


def branches(k):
    """Branching graphs from the layers of `k` (ours or Keras's)."""
    dense = k.layers.Dense

    def residual():
        x = k.Input((3,))
        y = dense(5)(x)
        z = k.layers.Add()([dense(5)(y), y])
        return x, dense(2)(z)

    def two_depths():
        a, b = k.Input((3,)), k.Input((2,))
        deep = dense(6)(dense(5)(a))
        return [b, a], k.layers.Concatenate()([dense(7)(b), deep])

    def diamond():
        x = k.Input((3,))
        trunk = dense(4)(x)
        left, right = dense(5)(trunk), dense(6)(trunk)
        right = dense(7)(right)
        return x, [k.layers.Concatenate()([right, left]), dense(8)(left)]

    def shared():
        x = k.Input((3,))
        common = dense(3)
        return x, dense(2)(k.layers.Add()([common(x), dense(3)(common(common(x)))]))

    def outputs_at_all_depths():
        x = k.Input((3,))
        one = dense(4)(x)
        two = dense(5)(one)
        three = dense(6)(two)
        return x, {"b": dense(1)(one), "a": three, "c": dense(2)(two)}

    def nested():
        a = k.Input((3,))
        inner = k.Model(a, k.layers.Add()([dense(4)(a), dense(4)(dense(5)(a))]), name="inner")
        x, y = k.Input((3,)), k.Input((3,))
        return [x, y], dense(2)(k.layers.Concatenate()([inner(y), dense(9)(inner(x))]))

    def crossing():
        a, b, c = k.Input((3,)), k.Input((2,)), k.Input((4,))
        p = k.layers.Concatenate()([dense(5)(c), dense(6)(a)])
        q = k.layers.Concatenate()([dense(7)(b), p])
        return [a, b, c], [dense(8)(q), dense(9)(p), dense(10)(k.layers.Concatenate()([q, dense(11)(b)]))]

    def list_inputs():
        a, b = k.Input((3,), name="a"), k.Input((3,), name="b")
        merged = k.layers.Add()([dense(4)(b), dense(4)(a), dense(4)(k.layers.Add()([a, b]))])
        return {"b": b, "a": a}, dense(5)(merged)

    return dict(residual=residual, two_depths=two_depths, diamond=diamond, shared=shared, nested=nested,
                outputs_at_all_depths=outputs_at_all_depths, crossing=crossing, list_inputs=list_inputs)  # fmt: skip


class Ours:
    layers, Input, Model = layers, staticmethod(Input), Model


@pytest.mark.parametrize("name", branches(Ours))
def test_layers_and_weights_are_in_the_order_of_keras(name):
    clear_session()
    keras.utils.clear_session()
    ours, theirs = Model(*branches(Ours)[name]()), keras.Model(*branches(keras)[name]())
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert shapes(ours) == [tuple(w.shape) for w in theirs.weights]
    theirs.set_weights(ours.get_weights())
    x = tf.nest.map_structure(lambda s: RNG.normal(size=(5, s.shape[1])).astype("float32"), ours.input)
    for one, other in zip(tf.nest.flatten(ours(x)), tf.nest.flatten(theirs(x)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


# ---------------------------------------------------------------- names


def test_names_count_per_class_and_can_be_found():
    clear_session()
    model = Sequential([Dense(2), Dense(3, name="mine"), Dense(4), Flatten()])
    assert [layer.name for layer in model.layers] == ["dense", "mine", "dense_1", "flatten"]
    assert model.name == "sequential" and Sequential().name == "sequential_1"
    assert model.get_layer("mine") is model.layers[1] and model.get_layer(index=-1) is model.layers[3]
    clear_session()
    assert Dense(1).name == "dense"


WRONG = [  # (action, exception, pattern)
    (lambda: Sequential([Dense(2, name="x"), Dense(2, name="x")]), ValueError, "already has a layer named 'x'"),
    (lambda: twice_named(), ValueError, "two layers are named 'x'"),
    (lambda: Sequential([Dense(2)]).get_layer("nothing"), ValueError, r"no layer 'nothing'. It has \['dense"),
    (lambda: Sequential([Dense(2)]).get_layer(index=3), ValueError, "has 1 layers; there is no layer 3"),
    (lambda: Model(Input((3,))), ValueError, "needs both inputs and outputs"),
    (lambda: Model(A, A), TypeError, "`inputs` must be symbols"),
    (lambda: Model(Input((3,)), 3.0), TypeError, "`outputs` must be symbols.*received 3.0"),
    (lambda: Model(Input((3,), name="u"), Input((3,), name="v") * 2), ValueError, "depend on the input 'v'"),
    (lambda: Sequential([Dense(2), 3]), TypeError, "takes a Layer, received 3"),
    (lambda: Sequential([Dense]), TypeError, "takes a Layer"),
    (lambda: Sequential([Dense(2), Input((3,))]), ValueError, "an Input can only come first"),
    (lambda: Sequential().pop(), ValueError, "no layers to pop"),
    (lambda: Sequential([Dense(2)]).summary(), ValueError, "is not built"),
    (lambda: Model()(A), NotImplementedError, "Model has no call"),
    (lambda: Layer()(A), NotImplementedError, "Layer has no call"),
    (lambda: Input(), ValueError, "Input needs shape"),
    (lambda: Input((3,), batch_shape=(2, 3)), ValueError, "Input needs shape"),
    (lambda: Input((3,), dtype="floaty"), (TypeError, ValueError), "floaty"),
    (lambda: Dense(2, unit=3), TypeError, "Dense takes no argument 'unit'"),
    (lambda: Dense(2, nam="x"), TypeError, "no argument 'nam'. Did you mean 'name'"),
    (lambda: Sequential([splits(), Dense(2)]).build((None, 4)), ValueError, "has several outputs"),
]


def twice_named():
    x = Input((3,))
    return Model(x, Dense(2, name="x")(Dense(3, name="x")(x)))


def splits():
    class Splits(Layer):
        def call(self, x):
            return tf.split(x, 2, -1)

    return Splits()


@pytest.mark.parametrize("action, exception, pattern", WRONG, ids=[row[2][:25] for row in WRONG])
def test_wrong_models_are_refused(action, exception, pattern):
    with pytest.raises(exception, match=pattern):
        action()


# ---------------------------------------------------------------- Sequential


def test_deferred_until_data_come():
    model = Sequential([Dense(4), Dense(2)])
    assert not model.built and model.weights == [] and len(model.layers) == 2
    y = model(A)
    assert model.built and shapes(model) == [(3, 4), (4,), (4, 2), (2,)] and y.shape == (4, 2)
    assert tuple(model.output.shape) == (None, 2)


FIRST_INPUTS = [
    lambda: Sequential([Input((3,)), Dense(2)]),
    lambda: Sequential([Dense(2, input_shape=(3,))]),
    lambda: Sequential([InputLayer((3,)), Dense(2)]),
    lambda: Sequential([Sequential([Dense(2, input_shape=(3,))])]),
]


@pytest.mark.parametrize("make", FIRST_INPUTS)
def test_immediate_with_a_declared_shape(make):
    model = make()
    assert model.built and shapes(model) == [(3, 2), (2,)] and len(model.layers) == 1
    assert tuple(model.inputs[0].shape) == (None, 3)


def test_add_before_and_after_building():
    model = Sequential()
    model.add(Dense(4))
    model.add(Dense(5))
    model(A)
    model.add(Dense(2))
    assert shapes(model)[-2:] == [(5, 2), (2,)] and tuple(model.output.shape) == (None, 2)
    assert model(A).shape == (4, 2)


@pytest.mark.parametrize("build_first", (True, False))
def test_pop(build_first):
    model = Sequential([Dense(4), Dense(5)])
    if build_first:
        model(A)
    last = model.layers[-1]
    assert model.pop() is last and len(model.layers) == 1
    assert model(A).shape == (4, 4)
    model.add(Dense(2))
    assert model(A).shape == (4, 2) and shapes(model) == [(3, 4), (4,), (4, 2), (2,)]


def test_pop_changes_what_fit_and_predict_use():
    model = Sequential([Dense(4), Dense(5)])
    assert model.predict(A).shape == (4, 5)
    model.pop()
    assert model.predict(A).shape == (4, 4)
    model.pop()
    with pytest.raises(ValueError, match="no layers to pop"):
        model.pop()


def test_one_layer_used_in_two_models_and_twice_in_one():
    shared = Dense(3)
    one, two = Sequential([shared, Dense(2)]), Sequential([shared, shared])
    one(A), two(A)
    assert one.layers[0] is two.layers[0] and len(two.weights) == 2
    np.testing.assert_array_equal(two(A), shared(shared(A)))


def test_build_by_hand():
    model = Sequential([Dense(4), Flatten(), Dense(2)])
    model.build((None, 5, 3))
    assert shapes(model) == [(3, 4), (4,), (20, 2), (2,)]
    model.build((None, 5, 3))
    assert len(model.weights) == 4


def test_a_sequential_called_on_symbols_and_on_numbers():
    model = Sequential([Dense(4), Dense(2)])
    x = Input((3,))
    outer = Model(x, model(x))
    np.testing.assert_array_equal(outer(A), model(A))
    assert Sequential([Dense(2)])([[1.0, 2.0, 3.0]]).shape == (1, 2)


@pytest.mark.parametrize("first", ([], [Input((6, 3))]), ids=("of the first data", "declared"))
def test_a_sequential_takes_all_sizes_that_its_layers_take(first, tmp_path):
    """Windows of other lengths, sentences of another batch: what the start says is for which sizes the weights were made."""
    model = Sequential([*first, Conv1D(4, 3, activation="tanh"), Dense(2)])
    model.compile("sgd", "mse")
    short, long = np.ones((4, 6, 3)), np.ones((5, 9, 3))
    model.fit(short, np.ones((4, 4, 2)), verbose=0)
    assert model.predict(long).shape == (5, 7, 2) and model(long).shape == (5, 7, 2)
    model.fit(long, np.ones((5, 7, 2)), verbose=0)
    whole = Model(x := Input((8, 3)), model(x))
    assert whole.output.shape == (None, 6, 2) and whole.predict(np.ones((2, 8, 3))).shape == (2, 6, 2)
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(load_model(tmp_path / "model").predict(long), model.predict(long))
    with pytest.raises(ValueError, match=r"takes shape \(None, 6, 3\), received \(5, 9\)"):
        model(np.ones((5, 9)))


def test_an_empty_sequential_hands_on_its_inputs():
    np.testing.assert_array_equal(Sequential()(A), A)


# ---------------------------------------------------------------- subclasses


class Blocks(Model):
    def __init__(self):
        super().__init__()
        self.blocks = [Dense(4, activation="relu"), Dense(5)]
        self.head = {"out": Dense(2)}

    def call(self, x, training=False):
        for block in self.blocks:
            x = block(x)
        return self.head["out"](x)


class BuildsItself(Model):
    def build(self, input_shape):
        self.dense = Dense(input_shape[-1])
        super().build(input_shape)

    def call(self, x):
        return self.dense(x)


class Functional(Model):
    """The functional style within a class."""

    def __init__(self):
        x = Input((3,))
        super().__init__(x, Dense(2)(x), name="functional")


class LazyLayers(Model):
    dense = None

    def call(self, x):
        if self.dense is None:
            self.dense = Dense(2)
        return self.dense(x)


class Keywords(Model):
    def __init__(self, units=2, **kwargs):
        super().__init__(**kwargs)
        self.dense = Dense(units)

    def call(self, inputs, scale=1.0):
        return self.dense(inputs) * scale


class RawOnly(Model):
    def __init__(self):
        super(RawOnly, self).__init__()
        self.w = tf.Variable(tf.ones((3, 2)))

    def call(self, x):
        return x @ self.w


STYLES = [(Blocks, 6), (BuildsItself, 2), (Functional, 2), (LazyLayers, 2), (Keywords, 2), (RawOnly, 1)]


@pytest.mark.parametrize("style, count", STYLES)
def test_subclass_styles(style, count):
    model = style()
    y = model(A)
    assert len(model.weights) == count and model.built
    np.testing.assert_allclose(model.predict(A), y, rtol=1e-5, atol=1e-6)
    model.compile("sgd", "mse", run_eagerly=True)
    before = model.get_weights()
    model.fit(A, np.ones(y.shape, "float32"), verbose=0)
    assert all(np.any(a != b) for a, b in zip(before, model.get_weights(), strict=True))
    lines = []
    model.summary(print_fn=lines.append)
    assert any(f"{model.count_params():,}" in line for line in lines) and len(lines) >= 5


@pytest.mark.parametrize("style, count", [row for row in STYLES if row[0] is not RawOnly])
@pytest.mark.parametrize("shape", ((None, 3), [None, 3], (7, 3)))
def test_build_of_a_subclass(style, count, shape):
    model = style()
    model.build(shape)
    assert len(model.weights) == count


def test_build_for_a_dict_of_inputs():
    class Sum(Model):
        def __init__(self):
            super().__init__()
            self.left, self.right = Dense(5), Dense(5)

        def call(self, inputs):
            return self.left(inputs["a"]) + self.right(inputs["b"])

    model = Sum()
    model.build({"a": (None, 3), "b": (None, 2)})
    assert shapes(model) == [(3, 5), (5,), (2, 5), (5,)]
    assert model({"a": A, "b": B}).shape == (4, 5)


def test_a_subclass_called_on_symbols():
    x = Input((3,))
    blocks = Blocks()
    model = Model(x, blocks(x) * 2)
    np.testing.assert_array_equal(model(A), blocks(A) * 2)
    assert len(model.weights) == 6


def test_arguments_of_call_beyond_the_first():
    model = Keywords(3)
    np.testing.assert_allclose(model(A, scale=2.0), 2 * model(A))


def test_a_replaced_layer_takes_effect_in_all_that_is_compiled():
    model = Blocks()
    first = model.predict(A)
    model.head["out"] = Dense(7)
    assert first.shape == (4, 2) and model.predict(A).shape == (4, 7)
    before = model.predict(A)
    model.blocks.append(Dense(5))
    assert np.any(model.predict(A) != before) and len(model.weights) == 8
    model.blocks.pop()
    np.testing.assert_array_equal(model.predict(A), before)


def test_a_variable_reassigned_many_times_is_never_mistaken_for_an_old_one():
    model = RawOnly()
    for value in range(12):
        model.w = tf.Variable(tf.fill((3, 2), float(value)))
        np.testing.assert_allclose(model.predict(np.ones((1, 3))), np.full((1, 2), 3.0 * value))


# ---------------------------------------------------------------- summary


def lines_of(model):
    lines = []
    model.summary(print_fn=lines.append)
    return "\n".join(lines)


def test_summary_counts_each_parameter_once():
    x = Input((3,))
    inner = Sequential([Dense(4, name="hidden")], name="inner")
    shared = Dense(4, name="shared")
    model = Model(x, Concatenate(name="join")([inner(x), shared(inner(x))]), name="outer")
    inner.trainable = False
    text = lines_of(model)
    for part in ("Model 'outer'", "hidden (Dense)", "(?, 4)", "16 (frozen)", "(?, 8)", "shared (Dense)", "20",
                 "Parameters: 36 · trainable 20 · not trainable 16"):  # fmt: skip
        assert part in text, text


def test_summary_of_each_style(capsys):
    sequential = Sequential([Dense(4, input_shape=(3,)), Dense(2)])
    sequential.summary()
    assert "Parameters: 26" in capsys.readouterr().out
    blocks = Blocks()
    blocks(A)
    text = lines_of(blocks)
    assert text.count("Dense") == 3 and "Parameters: 53" in text
    assert "Parameters: 6" in lines_of(built(RawOnly()))


def built(model):
    model(A)
    return model


def test_merging_layers_from_operators_equal_the_layers():
    x = Input((3,))
    left, right = Dense(4), Dense(4)
    by_layer, by_operator = Model(x, Add()([left(x), right(x)])), Model(x, left(x) + right(x))
    np.testing.assert_array_equal(by_layer(A), by_operator(A))
    assert by_layer.get_weights()[0].shape == by_operator.get_weights()[0].shape
