"""The five steps around `call`, and what a layer knows about itself."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine import Input, InputLayer, InputSpec, Layer, Model, Sequential, dtypes
from engine.core import context
from engine.unchanged import observe
from layers import Dense, Dropout, Embedding, Lambda
from losses.ground.masks import get_mask, set_mask

X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


class Scale(Layer):
    """x · factor, with a weight made in build."""

    def __init__(self, start=2.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start
        self.builds = []

    def build(self, input_shape):
        self.builds.append(input_shape)
        self.factor = self.add_weight(name="factor", shape=(input_shape[-1],), initializer="ones")
        self.factor.assign(self.factor * self.start)

    def call(self, inputs):
        return inputs * self.factor


# ---------------------------------------------------------------- build


def test_build_happens_once_with_the_shape_as_a_tuple():
    layer = Scale()
    assert not layer.built and layer.weights == []
    for rows in (4, 2):
        np.testing.assert_array_equal(layer(X[:rows]), X[:rows] * 2)
    assert layer.builds == [(4, 3)] and layer.built and isinstance(layer.builds[0], tuple)
    assert layer.builds[0].as_list() == [4, 3]  # tutorials written for tf.TensorShape


@pytest.mark.parametrize("shape", [(None, 3), [None, 3], tf.TensorShape([None, 3])])
def test_build_by_hand(shape):
    layer = Scale()
    layer.build(shape)
    layer(X)
    assert len(layer.builds) == 1 and layer.built and layer.count_params() == 3


def test_build_in_a_traced_function_makes_lasting_variables():
    layer = Scale()
    run = tf.function(layer, autograph=False)
    np.testing.assert_array_equal(run(X), X * 2)
    assert tf.executing_eagerly() and layer.factor.numpy().tolist() == [2.0, 2.0, 2.0]
    layer.factor.assign([0.0, 1.0, 2.0])
    np.testing.assert_array_equal(run(X), X * [0, 1, 2])


def test_a_layer_without_build_and_with_raw_variables():
    class Raw(Layer):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable(3.0)

        def call(self, x):
            return x * self.w

    layer = Raw()
    np.testing.assert_array_equal(layer(X), X * 3)
    assert layer.built and layer.trainable_weights == [layer.w]


def test_build_of_several_inputs_gets_the_nest_or_the_named_shapes():
    class Nest(Layer):
        def build(self, input_shape):
            self.seen = input_shape

        def call(self, inputs):
            return inputs["a"] if isinstance(inputs, dict) else inputs[0]

    class Named(Layer):
        def build(self, query_shape, value_shape):
            self.seen = (query_shape, value_shape)

        def call(self, query, value=None):
            return query

    lists, dicts, named = Nest(), Nest(), Named()
    lists([X, X[:, :2]])
    dicts({"a": X, "b": X[:, :2]})
    named(X, value=X[:, :2])
    assert lists.seen == [(4, 3), (4, 2)] and dicts.seen == {"a": (4, 3), "b": (4, 2)}
    assert named.seen == ((4, 3), (4, 2))


def test_a_build_that_fails_leaves_the_layer_unbuilt():
    class Picky(Layer):
        def build(self, input_shape):
            if input_shape[-1] != 2:
                raise ValueError("two features, please")
            self.w = tf.Variable(1.0)

        def call(self, x):
            return x * self.w

    layer = Picky()
    with pytest.raises(ValueError, match="two features"):
        layer(X)
    assert not layer.built and context.state.call is None
    layer(X[:, :2])
    assert layer.built


def test_super_build_may_be_called_anywhere():
    class First(Scale):
        def build(self, input_shape):
            super().build(input_shape)
            self.second = self.add_weight(name="second", shape=(), initializer="ones")

    layer = First()
    layer(X)
    assert [w.path for w in layer.named_weights()] == ["factor", "second"]


SHAPES = [  # (layer, input shape, output shape)
    (lambda: Dense(7), (None, 3), (None, 7)),
    (lambda: Dense(7), (None, 5, 3), (None, 5, 7)),
    (lambda: Scale(), [2, 3], (2, 3)),
    (lambda: Lambda(lambda xs: xs[0] @ xs[1]), [(None, 2, 3), (None, 3, 5)], (None, 2, 5)),
    (lambda: Lambda(lambda d: {"sum": d["a"] + d["b"]}), {"a": (None, 3), "b": (None, 3)}, {"sum": (None, 3)}),
    (lambda: Lambda(lambda x: (x, tf.reduce_sum(x, -1))), (None, 3), [(None, 3), (None,)]),
]


@pytest.mark.parametrize("make, given, expected", SHAPES)
def test_compute_output_shape_needs_no_rule_of_its_own(make, given, expected):
    assert make().compute_output_shape(given) == expected


# ---------------------------------------------------------------- inputs


DTYPES = [  # (dtype of the layer, of the input, of the output)
    (None, "float64", "float32"),
    ("float64", "float32", "float64"),
    ("float16", "float32", "float16"),
    (tf.float64, "float64", "float64"),
]


@pytest.mark.parametrize("own, given, expected", DTYPES)
@pytest.mark.parametrize("kind", (np.asarray, tf.constant))
def test_floating_inputs_are_cast_to_the_dtype_of_the_layer(own, given, expected, kind):
    layer = Dense(2, dtype=own)
    assert layer(kind(X.astype(given))).dtype == expected
    assert layer.kernel.dtype == expected
    assert layer.compute_dtype == expected and layer.variable_dtype == layer.dtype == layer.kernel.dtype.name


def test_integers_stay_and_autocast_can_be_turned_off():
    seen = []
    look = Lambda(lambda x: seen.append(x.dtype) or tf.cast(x, tf.float32))
    look(np.array([[1, 2]]))
    look(np.array([[True]]))
    off = Layer(autocast=False)
    off.call = lambda x: x
    assert seen == [tf.int64, tf.bool] and off(X.astype("float64")).dtype == tf.float64


@pytest.mark.parametrize("given", [np.arange(6).reshape(2, 3), np.arange(6, dtype="uint8").reshape(2, 3)])
def test_dense_on_integers(given):
    """Images as bytes, straight into the first layer."""
    layer = Dense(4)
    assert layer(given).dtype == tf.float32
    np.testing.assert_allclose(layer(given), layer(given.astype("float32")))


PYTHON = [1.0, [1.0, 2.0], [[1, 2], [3, 4]], (1.0, 2.0), np.float64(3.0), np.ones((2, 1)), [True, False]]


@pytest.mark.parametrize("given", PYTHON, ids=repr)
def test_python_numbers_become_tensors(given):
    seen = []
    Lambda(lambda x: seen.append(x) or x)(given)
    assert isinstance(seen[0], tf.Tensor) and np.array_equal(seen[0], np.asarray(given))


def test_nests_and_keywords_are_converted_and_other_arguments_left_alone():
    class Look(Layer):
        def call(self, pair, *, extra, option):
            self.seen = (pair, extra, option)
            return pair[0]

    layer, option = Look(), object()
    layer([X, {"deep": X.astype("float64")}], extra=X, option=option)
    pair, extra, found = layer.seen
    assert pair[1]["deep"].dtype == extra.dtype == tf.float32 and found is option


def test_the_default_dtype_and_policy():
    dtypes.set_floatx("float64")
    try:
        assert Dense(2)(X).dtype == tf.float64 and Input((3,)).dtype == tf.float64
    finally:
        dtypes.set_floatx("float32")


# ---------------------------------------------------------------- training


def probe(default=inspect.Parameter.empty):
    """A layer that notes the training flag it gets, in a list."""

    class Probe(Layer):
        def __init__(self):
            super().__init__()
            self.seen = []

        if default is inspect.Parameter.empty:

            def call(self, x, training):
                self.seen.append(training)
                return x
        else:

            def call(self, x, training=default):
                self.seen.append(training)
                return x

    return Probe()


class Outer(Layer):
    """Calls an inner layer, with a training flag of its own if `passes` is given."""

    def __init__(self, inner, passes=None):
        super().__init__()
        self.inner, self.passes = inner, passes

    def call(self, x):
        return self.inner(x) if self.passes is None else self.inner(x, training=self.passes)


TRAINING = [  # (keywords of the outer call, flag passed inside, default of the inner, what it gets)
    ({}, None, None, False),
    ({}, None, True, True),
    ({}, None, False, False),
    ({"training": True}, None, None, True),
    ({"training": True}, None, False, True),
    ({"training": False}, None, True, False),
    ({"training": True}, False, None, False),
    ({"training": False}, True, None, True),
    ({}, True, False, True),
    ({"training": None}, None, None, False),
    ({"training": True}, None, inspect.Parameter.empty, True),
    ({}, None, inspect.Parameter.empty, False),
]


@pytest.mark.parametrize("call, passes, default, expected", TRAINING)
def test_training_is_the_explicit_argument_then_the_callers_then_the_default_then_false(call, passes, default,
    expected):
    inner = probe(default)
    Outer(Outer(inner, passes))(X, **call)
    assert inner.seen == [expected]


def test_training_by_position_and_in_every_style():
    inner = probe(None)
    inner(X, True)
    Sequential([inner])(X, training=True)
    x = Input((3,))
    model = Model(x, inner(x))
    inner.seen.clear()
    model(X, training=True)
    model(X)
    assert inner.seen == [True, False]


def test_a_flag_fixed_in_the_graph_stays():
    x = Input((3,))
    model = Model(x, Dropout(0.5)(x, training=True))
    assert np.any(model(np.ones((8, 3), "float32"), training=False).numpy() == 0)


def test_the_flag_is_gone_after_an_error():
    class Broken(Layer):
        def call(self, x):
            raise KeyError("inside")

    inner = probe(None)
    with pytest.raises(KeyError):
        Outer(Broken())(X, training=True)
    inner(X)
    assert inner.seen == [False]


def test_a_tensor_as_flag():
    inner = probe(None)
    Outer(inner)(X, training=tf.constant(True))
    assert bool(inner.seen[0])


# ---------------------------------------------------------------- weights


def test_get_and_set_weights():
    layer = Dense(2)
    layer(X)
    values = [np.arange(6.0).reshape(3, 2), np.array([7.0, 8.0])]
    layer.set_weights(values)
    for ours, given in zip(layer.get_weights(), values, strict=True):
        assert isinstance(ours, np.ndarray) and ours.dtype == "float32" and np.array_equal(ours, given)
    layer.get_weights()[0][:] = 99
    assert layer.kernel.numpy()[0, 0] == 0
    layer.set_weights([value.tolist() for value in values])


def test_names_of_the_variables_lists():
    layer = Sequential([Dense(2), Dropout(0.5, seed=1)])
    layer.build((None, 3))
    assert layer.trainable_variables == layer.trainable_weights and len(layer.weights) == 2
    assert len(layer.variables) == 3 and len(layer.non_trainable_variables) == 1  # the counter of random numbers
    assert layer.non_trainable_weights == []


# ---------------------------------------------------------------- config


class Own(Layer):
    def __init__(self, units, options=(1, 2), *, inner=None, **kwargs):
        super().__init__(**kwargs)
        self.units, self.options, self.inner = units, options, inner


def test_config_of_a_layer_of_ones_own():
    layer = Own(3, options=[4], name="mine", trainable=False, dtype="float64")
    config = layer.get_config()
    assert config == {
        "name": "mine", "trainable": False, "units": 3, "options": [4], "inner": None,
        "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float64"},
            "registered_name": None},
    }  # fmt: skip
    again = Own.from_config(config)
    assert again.get_config() == config and again.name == "mine" and not again.trainable


def test_the_usual_get_config_of_tutorials():
    class Tutorial(Layer):
        def __init__(self, units=32, **kwargs):
            super().__init__(**kwargs)
            self._hidden_units = units

        def get_config(self):
            config = super().get_config()
            config.update({"units": self._hidden_units})
            return config

    with pytest.raises(NotImplementedError, match="finds no `self.units`.*override get_config"):
        Own.get_config(type("Bad", (Layer,), {"__init__": lambda self, units: Layer.__init__(self)})(3))
    assert Tutorial.from_config(Tutorial(7).get_config())._hidden_units == 7


def test_a_config_is_plain_data():
    config = Dense(3, kernel_regularizer="l2", activation="relu", activity_regularizer="l1").get_config()
    assert config["activation"] == "relu" and config["kernel_regularizer"]["class_name"] == "L2"
    assert config["activity_regularizer"]["class_name"] == "L1"
    again = Dense.from_config(config)
    assert again.get_config() == config and again.activity_regularizer is not None


# ---------------------------------------------------------------- first layers


FIRST = [  # (arguments, shape of the model's input)
    (dict(input_shape=(3,)), (None, 3)),
    (dict(input_shape=[3]), (None, 3)),
    (dict(input_shape=3), (None, 3)),
    (dict(input_dim=3), (None, 3)),
    (dict(batch_input_shape=(5, 3)), (5, 3)),
    (dict(batch_shape=(None, 7, 3)), (None, 7, 3)),
    (dict(input_shape=(7, 3), batch_size=5), (5, 7, 3)),
    (dict(input_shape=(None, 3)), (None, None, 3)),
]


@pytest.mark.parametrize("arguments, expected", FIRST)
def test_the_shape_on_a_first_layer(arguments, expected):
    model = Sequential([Dense(2, **arguments)])
    assert tuple(model.inputs[0].shape) == expected and model.built
    assert [tuple(w.shape) for w in model.weights] == [(3, 2), (2,)]


def test_the_shape_is_ignored_on_later_layers():
    model = Sequential([Dense(4, input_shape=(3,)), Dense(2, input_shape=(9,))])
    assert [tuple(w.shape) for w in model.weights] == [(3, 4), (4,), (4, 2), (2,)]


# ---------------------------------------------------------------- masks


def test_a_mask_travels_with_its_tensor():
    class Counts(Layer):
        def call(self, x, mask=None):
            self.seen = mask
            return tf.reduce_sum(x, 1)

    counts = Counts()
    model = Sequential([Embedding(5, 3, mask_zero=True), Dense(2), Dropout(0.5), counts])
    y = model(np.array([[1, 2, 0], [3, 0, 0]]))
    assert counts.seen.numpy().tolist() == [[True, True, False], [True, False, False]]
    assert get_mask(y) is None  # `counts` does not say that it supports masks
    model(np.array([[1, 2, 0]]), training=True)
    assert counts.seen.shape == (1, 3)


def test_a_mask_survives_the_cast_and_an_explicit_one_wins():
    class Look(Layer):
        def call(self, x, mask=None):
            self.seen = mask
            return x

    x, mask = tf.constant(X.astype("float64")), tf.constant([True, True, False, True])
    set_mask(x, mask)
    look = Look()
    look(x)
    assert look.seen is mask
    look(x, mask=~mask)
    assert look.seen.numpy().tolist() == [False, False, True, False]
    look([x, x])
    assert look.seen[1] is mask


def test_no_mask_no_argument():
    class Look(Layer):
        def call(self, x, mask="default"):
            self.seen = mask
            return x

    look = Look()
    look(X)
    assert look.seen == "default"


# ---------------------------------------------------------------- misuse


def test_attributes_before_super_init_are_kept():
    class Early(Layer):
        def __init__(self):
            self.w = tf.Variable(2.0)
            self.blocks = [Dense(3)]
            super().__init__()

        def call(self, x):
            return self.blocks[0](x) * self.w

    layer = Early()
    layer(X)
    assert [w.path for w in layer.named_weights()] == ["w", "blocks.0.kernel", "blocks.0.bias"]


@pytest.mark.parametrize("base", (Layer, Model))
def test_a_forgotten_super_init_is_named(base):
    class Forgot(base):
        def __init__(self):
            self.dense = Dense(2)

        def call(self, x):
            return self.dense(x)

    with pytest.raises(RuntimeError, match="Forgot.__init__ did not call super"):
        Forgot()(X)


RESERVED = ["weights", "losses", "metrics", "variables", "trainable_weights", "dtype", "input", "output",
    "compute_dtype"]


@pytest.mark.parametrize("name", RESERVED)
def test_reserved_names_are_refused(name):
    class Takes(Layer):
        def __init__(self):
            super().__init__()
            setattr(self, name, 3)

    with pytest.raises(AttributeError, match=f"Takes.{name} is computed by .* cannot be set. Choose another name"):
        Takes()


def test_an_unknown_attribute_is_an_error_with_the_likely_reason():
    layer = Dense(2, name="d")
    with pytest.raises(AttributeError, match="Dense 'd' has no attribute 'kernel'.*not built yet"):
        _ = layer.kernel
    layer(X)
    with pytest.raises(AttributeError, match="no attribute 'kernal'.$"):
        _ = layer.kernal
    assert getattr(layer, "kernal", None) is None and not hasattr(layer, "nothing")


def test_an_error_inside_call_says_where():
    class Broken(Layer):
        def call(self, x):
            return tf.matmul(x, x)

    model = Sequential([Dense(3), Broken(name="bad")], name="net")
    with pytest.raises(Exception) as caught:
        model(X)
    if hasattr(caught.value, "__notes__"):  # Python 3.11
        assert "Raised in the call of Broken 'bad' at 'layers.1' of Sequential 'net'" in caught.value.__notes__[0]


def test_input_layer_and_input_spec():
    assert InputLayer((8, 8), name="x").get_config() == keras.layers.InputLayer((8, 8), name="x").get_config()
    spec = InputSpec(shape=(None, 3))
    assert spec.ndim == 2 and spec.problem(tf.ones((2, 3))) is None and "last axis is 3" in spec.problem(tf.ones((2,
        4)))[0]


def test_repr_and_title():
    layer = Dense(2, name="head")
    assert layer._title == "Dense 'head'" and repr(layer) == "<Dense 'head', not built>"
    layer(X)
    assert repr(layer) == "<Dense 'head'>"


def test_observers_see_each_layer_after_its_call():
    seen = []
    model = Sequential([Dense(3, name="a"), Dense(2, name="b")], name="model")
    model.build((None, 3))
    with observe(lambda layer, args, kwargs, outputs: seen.append((layer.name, tuple(outputs.shape)))):
        model(X)
    model(X)
    assert seen == [("a", (4, 3)), ("b", (4, 2)), ("model", (4, 2))]
