"""Initializers, activations, regularizers and constraints: the same names, numbers, gradients and configs as Keras.

A row is (name, arguments): both sides are built from it. Seeded initializers are compared bit by bit, everything
else in float64 to 1e-10. Coefficients are powers of two, because Keras rounds some of them to float32.
"""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine import activations, constraints, dtypes, initializers, random, regularizers

PARTS = {"initializers": initializers, "activations": activations,
         "regularizers": regularizers, "constraints": constraints}

# ---------------------------------------------------------------- rows

FIXED = [  # (name, arguments, shape)
    ("Zeros", {}, (2, 3)),
    ("Ones", {}, (2, 3)),
    ("Constant", dict(value=0.125), (2, 3)),
    ("Constant", dict(value=[0.125, 2.5, -1.0]), (2, 3)),
    ("Identity", dict(gain=0.5), (2, 3)),
    ("Identity", {}, (5, 3)),
    *[("STFT", dict(side=side, scaling=scaling), (7, 1, 4))
      for side in ("real", "imag") for scaling in ("density", "spectrum", None)],
    ("STFT", dict(periodic=True), (6, 1, 9)),
    ("STFT", dict(window="hamming"), (5, 1, 4)),
    ("STFT", dict(window="hamming", periodic=True), (6, 1, 4)),
    ("STFT", dict(window=[0.5, 2.0, 1.0], side="imag"), (3, 1, 4)),
    ("STFT", dict(window=None), (5, 1, 4)),
]
SEEDED = [  # (name, arguments)
    ("RandomNormal", dict(mean=0.3, stddev=0.7, seed=3)),
    ("TruncatedNormal", dict(mean=0.3, stddev=0.7, seed=3)),
    ("RandomUniform", dict(minval=-0.3, maxval=0.7, seed=3)),
    *[(name, dict(seed=seed)) for seed in (0, -5, 2**31 + 5)
      for name in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal")],
    *[("VarianceScaling", dict(scale=1.7, mode=mode, distribution=distribution, seed=11))
      for mode in ("fan_in", "fan_out", "fan_avg")
      for distribution in ("truncated_normal", "untruncated_normal", "uniform")],
    ("GlorotUniform", dict(seed=4, input_axes=[0], output_axes=[-1])),
    ("VarianceScaling", dict(distribution="normal", seed=4)),
    ("Orthogonal", dict(gain=1.3, seed=3)),
]
SHAPES = [(), (3,), (3, 5), (7, 2), (2, 3, 5), (2, 3, 5, 4)]
FLOATS = ("float16", "bfloat16", "float32", "float64")

ACTIVATIONS = [
    *[(name, {}) for name in (
        "linear", "relu", "relu6", "leaky_relu", "hard_sigmoid", "hard_silu", "hard_tanh", "hard_shrink",
        "soft_shrink", "sparse_plus", "sparse_sigmoid", "sigmoid", "log_sigmoid", "silu", "tanh", "tanh_shrink",
        "softplus", "softsign", "squareplus", "exponential", "elu", "celu", "selu", "gelu", "mish", "softmax",
        "log_softmax", "glu")],
    ("relu", dict(negative_slope=0.3)),
    ("relu", dict(max_value=2.0)),
    ("relu", dict(max_value=6.0)),
    ("relu", dict(threshold=1.0)),
    ("relu", dict(threshold=-1.0)),
    ("relu", dict(threshold=-1.0, max_value=2.0)),
    ("relu", dict(threshold=1.0, max_value=6.0)),
    ("relu", dict(negative_slope=0.3, max_value=2.0)),
    ("relu", dict(negative_slope=0.3, max_value=2.0, threshold=1.0)),
    ("leaky_relu", dict(negative_slope=0.4)),
    ("threshold", dict(threshold=0.5, default_value=-7.0)),
    ("hard_shrink", dict(threshold=1.5)),
    ("soft_shrink", dict(threshold=1.5)),
    ("squareplus", dict(b=2.0)),
    ("elu", dict(alpha=0.4)),
    ("celu", dict(alpha=0.4)),
    ("gelu", dict(approximate=True)),
    ("softmax", dict(axis=1)),
    ("softmax", dict(axis=(1, 2))),
    ("log_softmax", dict(axis=0)),
    ("glu", dict(axis=0)),
]
NOT_KERAS = {"sparsemax": "Keras's result does not add up to 1; compared with the definition instead"}

REGULARIZERS = [
    ("L1", dict(l1=0.125)), ("L2", dict(l2=0.125)), ("L1L2", dict(l1=0.125, l2=0.5)),
    ("OrthogonalRegularizer", dict(factor=0.125)), ("OrthogonalRegularizer", dict(factor=0.5, mode="columns")),
]
CONSTRAINTS = [
    ("MaxNorm", {}), ("MaxNorm", dict(max_value=1.0, axis=1)), ("NonNeg", {}), ("UnitNorm", {}),
    ("UnitNorm", dict(axis=[0, 1])), ("MinMaxNorm", {}),
    ("MinMaxNorm", dict(min_value=2.0, max_value=3.0, rate=0.7, axis=1)),
]

BASE = "a base class, shown by its own example"
WITHOUT_ROW = {"Initializer": BASE, "Regularizer": BASE, "Constraint": BASE,
               **dict.fromkeys(("get", "serialize", "deserialize"), "functions of the module; every config row calls them")}
LEFT_OUT = {}  # (part, name): reason. Everything that Keras names is here.

ALIASES = [  # names that only strings know, beside the attributes, which the gate compares
    ("initializers", "zero", "Zeros"), ("initializers", "one", "Ones"), ("initializers", "uniform", "RandomUniform"),
    ("initializers", "normal", "RandomNormal"), ("initializers", "constant", "Constant"),
    ("regularizers", "l1l2", "L1L2"), ("regularizers", "l1_l2", "L1L2"),
    ("constraints", "maxnorm", "MaxNorm"), ("constraints", "nonneg", "NonNeg"), ("constraints", "unitnorm", "UnitNorm"),
]


def identify(row):
    return "-".join(map(str, row)) if isinstance(row, tuple) else None


def rows(table):
    return pytest.mark.parametrize("row", table, ids=identify)


# ---------------------------------------------------------------- helpers

def both(part, name, arguments):
    return getattr(PARTS[part], name)(**arguments), getattr(getattr(keras, part), name)(**arguments)


def same_bits(ours, theirs):
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    np.testing.assert_array_equal(tf.cast(ours, tf.float64), tf.cast(theirs, tf.float64))


def close(ours, theirs, tolerance=1e-10):
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=tolerance, atol=tolerance)


def compiled(function, *arguments, xla=False):
    return tf.function(function, autograph=False, jit_compile=xla)(*arguments)


def inputs(shape=(2, 3, 4), seed=0):
    """Values in -7 ... 8 that keep a distance of 0.15 from every multiple of 1/2, where kinks are."""
    rng = np.random.default_rng(seed)
    return tf.constant(rng.integers(-14, 15, shape) / 2 + 0.25 + rng.uniform(-0.1, 0.1, shape))


def value_and_gradient(function, x):
    """The value, and its gradient for a fixed random cotangent."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
        loss = tf.reduce_sum(y * np.random.default_rng(1).normal(size=y.shape))
    return y, tape.gradient(loss, x)


def check_function(ours, theirs, x):
    """Ours = theirs, eager = tf.function = XLA, and the gradient is also that of central differences."""
    expected = value_and_gradient(theirs, x)
    value, gradient = value_and_gradient(ours, x)
    for result in ((value, gradient), compiled(lambda x: value_and_gradient(ours, x), x),
                   compiled(lambda x: value_and_gradient(ours, x), x, xla=True)):
        close(result[0], expected[0])
        close(result[1], expected[1])
    check_slope(ours, x, gradient)


def check_slope(function, x, gradient, step=1e-6):
    direction = np.random.default_rng(2).normal(size=x.shape)
    cotangent = np.random.default_rng(1).normal(size=function(x).shape)
    rise = tf.reduce_sum((function(x + step * direction) - function(x - step * direction)) * cotangent)
    close(tf.reduce_sum(gradient * direction), rise / (2 * step), tolerance=1e-6)


# ---------------------------------------------------------------- numbers

@rows(FIXED)
def test_fixed_initializer(row):
    name, arguments, shape = row
    ours, theirs = both("initializers", name, arguments)
    # Keras computes STFT's angles in float32, and in the 16-bit formats from them.
    for dtype, tolerance in (("float64", 1e-6), ("float32", 1e-6), ("bfloat16", 0.02), ("float16", 0.02)):
        assert ours(shape, dtype).dtype == dtype
        close(tf.cast(ours(shape, dtype), tf.float64), tf.cast(theirs(shape, dtype), tf.float64),
              tolerance if name == "STFT" else 0)
    assert ours(shape).dtype == tf.float32 and ours(shape).shape == shape
    same_bits(ours(shape), compiled(lambda: ours(shape), xla=True))


def shapes_for(name, arguments):
    """Those of SHAPES that the initializer can fill."""
    return [shape for shape in SHAPES if len(shape) > 1 or not (name == "Orthogonal" or arguments.get("input_axes"))]


@rows(SEEDED)
def test_seeded_initializer_has_keras_bits(row):
    name, arguments = row
    ours, theirs = both("initializers", name, arguments)
    for shape in shapes_for(name, arguments):
        for dtype in FLOATS:
            if (name, dtype) != ("Orthogonal", "bfloat16"):  # Keras cannot
                same_bits(ours(shape, dtype), theirs(shape, dtype))
    same_bits(ours((3, 5)), ours((3, 5)))
    same_bits(ours((3, 5)), compiled(lambda: ours((3, 5))))


def test_orthogonal_in_bfloat16():
    w = tf.cast(initializers.Orthogonal(seed=3)((2, 3, 4), "bfloat16"), tf.float32)
    w = tf.reshape(w, (6, 4))
    close(tf.transpose(w) @ w, np.eye(4), tolerance=0.02)


def test_unseeded_initializers_follow_the_global_seed_as_in_keras():
    names = ("GlorotUniform", "RandomNormal", "Orthogonal")
    random.set_seed(7)
    ours = [getattr(initializers, name)() for name in names]
    keras.utils.set_random_seed(7)
    theirs = [getattr(keras.initializers, name)() for name in names]
    for a, b in zip(ours, theirs, strict=True):
        same_bits(a((3, 5)), b((3, 5)))
    assert not np.array_equal(initializers.HeNormal()((3, 5)), initializers.HeNormal()((3, 5)))


@pytest.mark.parametrize("seed", (3, -1, 2**40 + 3))
@pytest.mark.parametrize("name", ("RandomNormal", "RandomUniform", "TruncatedNormal"))
def test_seed_generator_gives_keras_bits(name, seed):
    ours = getattr(initializers, name)(seed=random.SeedGenerator(seed))
    theirs = getattr(keras.initializers, name)(seed=keras.random.SeedGenerator(seed))
    traced = tf.function(lambda: ours((3, 5)), autograph=False)
    for draw in (lambda: ours((3, 5)), traced, traced, lambda: ours((3, 5))):
        same_bits(draw(), theirs((3, 5)))
    assert int(ours.seed.state[1]) == 4 and not ours.seed.state.trainable


@pytest.mark.parametrize("dtype", FLOATS)
def test_uniform_is_the_same_everywhere(dtype):
    generator, theirs = random.SeedGenerator(3), keras.random.SeedGenerator(3)

    def draw():
        return random.uniform((2, 3, 57), generator.next(), dtype)

    for mode in (draw, lambda: compiled(draw), lambda: compiled(draw, xla=True)):
        same_bits(mode(), keras.random.uniform((2, 3, 57), dtype=dtype, seed=theirs))


def test_seed_generator_is_born_outside_a_traced_function_and_resumes():
    made = []

    @tf.function(autograph=False)
    def step():
        if not made:
            made.append(random.SeedGenerator(5))
        return made[0].next()

    assert [step().numpy().tolist() for _ in range(3)] == [[5, 0], [5, 1], [5, 2]]
    resumed = random.SeedGenerator(5)
    resumed.state.assign(made[0].state)
    assert resumed.next().numpy().tolist() == step().numpy().tolist() == [5, 3]
    random.set_seed(7)
    first = random.SeedGenerator()
    random.set_seed(7)
    assert random.SeedGenerator().next().numpy().tolist() == first.next().numpy().tolist()


@rows(ACTIVATIONS)
def test_activation(row):
    name, arguments = row
    ours, theirs = (getattr(module, name) for module in (activations, keras.activations))
    check_function(lambda x: ours(x, **arguments), lambda x: theirs(x, **arguments), inputs())
    for dtype in FLOATS:
        assert ours(tf.cast(inputs(), dtype), **arguments).dtype == dtype


@pytest.mark.parametrize("axis", (-1, 1))
def test_sparsemax_is_the_projection_onto_the_simplex(axis):
    x = inputs((2, 3, 4), seed=5) / 4
    low, high = np.min(x, axis, keepdims=True) - 1, np.max(x, axis, keepdims=True)
    for _ in range(100):  # bisection for τ
        middle = (low + high) / 2
        too_low = np.sum(np.maximum(x - middle, 0), axis, keepdims=True) > 1
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    value, gradient = value_and_gradient(lambda x: activations.sparsemax(x, axis), x)
    close(value, np.maximum(x - low, 0))
    close(compiled(lambda x: activations.sparsemax(x, axis), x, xla=True), value)
    check_slope(lambda x: activations.sparsemax(x, axis), x, gradient)
    assert 0 < np.mean(np.asarray(value) == 0) < 1


@pytest.mark.parametrize("name", ("relu", "relu6", "hard_sigmoid", "hard_tanh", "elu", "selu", "softsign"))
def test_slopes_at_the_kinks(name):
    x = tf.constant([-3.0, -1.0, 0.0, 1.0, 3.0, 6.0], tf.float64)
    ours, theirs = (getattr(module, name) for module in (activations, keras.activations))
    close(value_and_gradient(ours, x)[1], value_and_gradient(theirs, x)[1])


@pytest.mark.parametrize("name", ("softmax", "sigmoid"))
def test_logits_travel_with_probabilities(name):
    x = inputs()
    kind, logits = getattr(activations, name)(x)._logits
    assert kind == name
    same_bits(logits, x)


def both_regularizers(name, arguments):
    ours, theirs = both("regularizers", name, arguments)
    if hasattr(theirs, "factor"):
        theirs.factor = ours.factor  # Keras keeps a float32 tensor, which it cannot multiply with float64
    return ours, theirs


@rows(REGULARIZERS)
def test_regularizer(row):
    check_function(*both_regularizers(*row), inputs((3, 5)))


@rows(CONSTRAINTS)
def test_constraint(row):
    check_function(*both("constraints", *row), inputs((3, 5)))


def test_constraints_keep_zero_at_zero():
    for name in ("MaxNorm", "MinMaxNorm", "UnitNorm"):
        same_bits(getattr(constraints, name)()(tf.zeros((2, 3))), tf.zeros((2, 3)))


# ---------------------------------------------------------------- names and configs

CONFIGURED = [
    *[("initializers", *row[:2]) for row in FIXED + SEEDED + [("HeNormal", {}), ("Orthogonal", {})]],
    *[("regularizers", *row) for row in [*REGULARIZERS, ("L1L2", {})]],
    *[("constraints", *row) for row in CONSTRAINTS],
]


@rows(CONFIGURED)
def test_config_equals_keras_and_goes_both_ways(row):
    part = row[0]
    ours, theirs = both(*row)
    mine, keras_part = PARTS[part], getattr(keras, part)
    expected = keras_part.serialize(theirs)
    if row[1] == "Identity":
        expected["config"] = {"gain": ours.gain}  # Keras forgets it
    assert mine.serialize(ours) == expected
    assert mine.serialize(mine.deserialize(expected)) == expected
    assert mine.get(expected).get_config() == mine.get(ours).get_config() == ours.get_config()
    assert keras_part.get(mine.serialize(ours)).get_config() == theirs.get_config()


def test_arrays_and_generators_in_configs():
    theirs = keras.initializers.serialize(keras.initializers.Constant(np.array([1.0, 2.0])))
    assert initializers.get(theirs).value == [1.0, 2.0]
    assert initializers.Constant(np.array([1.0, 2.0])).get_config() == {"value": [1.0, 2.0]}
    theirs = keras.initializers.serialize(keras.initializers.RandomNormal(seed=keras.random.SeedGenerator(3)))
    assert initializers.get(theirs).seed.next().numpy().tolist() == [3, 0]


@pytest.mark.parametrize("name", [name for name, _ in ACTIVATIONS if name != "linear"] + ["swish", "hard_swish"])
def test_activation_names(name):
    function = getattr(activations, name)
    assert activations.get(name) is activations.get(function) is function
    assert activations.serialize(function) == keras.activations.serialize(getattr(keras.activations, name))
    assert activations.deserialize(activations.serialize(function)) is function


def test_no_activation_is_linear_and_own_functions_are_accepted():
    def double(x):
        return 2 * x

    assert activations.get(None) is activations.linear
    assert activations.get(double) is double and activations.serialize(double) == "double"
    assert activations.deserialize("double", custom_objects={"double": double}) is double
    for part in (initializers, regularizers, constraints):
        assert part.get(double) is double and part.get(None) is None


@rows(ALIASES)
def test_alias(row):
    part, alias, name = row
    assert type(PARTS[part].get(alias)) is getattr(PARTS[part], name)


KERAS_NAMES = [(part, name) for part in PARTS for name in dir(getattr(keras, part)) if not name.startswith("_")]


@rows(KERAS_NAMES)
def test_every_public_name_of_keras_is_here_with_a_row(row):
    part, name = row
    if row in LEFT_OUT:
        assert not hasattr(PARTS[part], name), "a stale exemption"
        return
    ours, theirs = getattr(PARTS[part], name), getattr(getattr(keras, part), name)
    if theirs.__name__ not in ("get", "serialize"):
        assert defaults(ours) == defaults(theirs)
    with_row = {r[1] for r in CONFIGURED} | {r[0] for r in ACTIVATIONS} | set(NOT_KERAS) | set(WITHOUT_ROW)
    assert ours.__name__ == theirs.__name__ and ours.__name__ in with_row
    if theirs.__name__ not in WITHOUT_ROW and name != "threshold":
        found = PARTS[part].get(name)
        assert found is ours or type(found) is ours


def defaults(item):
    return [(p.name, p.default) for p in inspect.signature(item).parameters.values()]


# ---------------------------------------------------------------- errors

X = tf.zeros((2, 3, 5))
ERRORS = [  # (action, exception, pattern)
    (lambda: initializers.get("glorot_unifrom"), ValueError, "Unknown initializer.*Did you mean.*glorot_uniform"),
    (lambda: activations.get("rleu"), ValueError, "Unknown activation.*relu"),
    (lambda: regularizers.get("l3"), ValueError, "Unknown regularizer"),
    (lambda: constraints.get("maxxnorm"), ValueError, "Unknown constraint.*maxnorm"),
    (lambda: initializers.get(3), TypeError, "received 3 of type int"),
    (lambda: initializers.Zeros()((None, 3)), ValueError, "Zeros needs a shape of known"),
    (lambda: initializers.Ones()((2, -3)), ValueError, "Ones needs a shape"),
    (lambda: initializers.Zeros()((2.5,)), ValueError, "Zeros needs a shape"),
    (lambda: initializers.Zeros()((2,), "floaty"), ValueError, "Unknown dtype or policy 'floaty'"),
    (lambda: initializers.Constant([1.0, 2.0])((2, 3)), ValueError, r"\(2,\), which does not broadcast to \(2, 3\)"),
    (lambda: initializers.Constant([[1.0], [2.0]])((2,)), ValueError, "does not broadcast"),
    (lambda: initializers.Identity()((2, 3, 4)), ValueError, "Identity makes a matrix"),
    (lambda: initializers.Orthogonal()((3,)), ValueError, "at least 2 sizes"),
    (lambda: initializers.RandomNormal()((2,), "int32"), ValueError, "received dtype 'int32'"),
    (lambda: initializers.HeNormal(seed=1.5), ValueError, "received 1.5"),
    (lambda: initializers.HeNormal(seed=True), ValueError, "received True"),
    (lambda: initializers.VarianceScaling(scale=0.0), ValueError, "positive scale; received 0.0"),
    (lambda: initializers.VarianceScaling(mode="fan"), ValueError, "mode is one of.*'fan'"),
    (lambda: initializers.VarianceScaling(distribution="cauchy"), ValueError, "distribution is one of.*'cauchy'"),
    (lambda: initializers.HeNormal(input_axes=[0]), ValueError, "together"),
    (lambda: initializers.HeNormal(input_axes=[7], output_axes=[0])((2, 3)), ValueError, "sequences of axes"),
    (lambda: initializers.HeNormal(input_axes=0, output_axes=1)((2, 3)), ValueError, "sequences of axes"),
    (lambda: initializers.STFT(side="left"), ValueError, "'left'"),
    (lambda: initializers.STFT(window="kaiser"), ValueError, "'kaiser'"),
    (lambda: initializers.STFT(scaling="loud"), ValueError, "'loud'"),
    (lambda: initializers.STFT()((4, 2, 3)), ValueError, "frame length, 1"),
    (lambda: initializers.STFT(window=[1.0, 2.0])((4, 1, 3)), ValueError, "the frame length is 4"),
    (lambda: initializers.Initializer()((2,)), NotImplementedError, "__call__"),
    (lambda: random.set_seed(-1), ValueError, "received -1"),
    (lambda: random.set_seed(None), ValueError, "received None"),
    (lambda: random.SeedGenerator("a"), ValueError, "received 'a'"),
    (lambda: random.SeedGenerator(random.SeedGenerator(1)), TypeError, "integer or None"),
    (lambda: activations.relu(X, max_value=-1.0), ValueError, "max_value.*-1.0"),
    (lambda: activations.glu(X), ValueError, "even size"),
    *[(lambda value=value: regularizers.L1(value), ValueError, "L1's l1 is a finite")
      for value in (-1.0, float("nan"), float("inf"), "a", [1.0])],
    (lambda: regularizers.L1L2(0.1, -1.0), ValueError, "L1L2's l2"),
    (lambda: regularizers.OrthogonalRegularizer(mode="both"), ValueError, "'both'"),
    (lambda: regularizers.OrthogonalRegularizer()(X), ValueError, "needs a matrix"),
    (lambda: constraints.MaxNorm(-1.0), ValueError, "received -1.0"),
    (lambda: constraints.MinMaxNorm(2.0, 1.0), ValueError, "min_value=2.0, max_value=1.0"),
    (lambda: constraints.MinMaxNorm(rate=1.5), ValueError, "received 1.5"),
    (lambda: dtypes.set_floatx("int32"), ValueError, "received 'int32'"),
    (lambda: dtypes.set_floatx("mixed_float16"), ValueError, "received 'mixed_float16'"),
    (lambda: dtypes.policy("mixed_float32"), ValueError, "'mixed_float32'; choose one of"),
    (lambda: dtypes.policy({"class_name": "Dense"}), ValueError, "DTypePolicy"),
    (lambda: dtypes.DTypePolicy(3), TypeError, "received 3"),
]


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: row[2][:30])
def test_error(row):
    action, exception, pattern = row
    with pytest.raises(exception, match=pattern):
        action()


# ---------------------------------------------------------------- default dtype and policies

@pytest.fixture
def default_dtype():
    yield
    dtypes.set_floatx("float32")


@pytest.mark.parametrize("name", (*FLOATS, "int32", "mixed_float16", "mixed_bfloat16"))
def test_policy(name):
    ours, theirs = dtypes.policy(name), keras.DTypePolicy(name)
    for attribute in ("name", "compute_dtype", "variable_dtype"):
        assert getattr(ours, attribute) == getattr(theirs, attribute)
    config = keras.dtype_policies.serialize(theirs)
    assert dtypes.policy(config) == ours == dtypes.policy(ours) and ours != dtypes.policy("uint8")
    assert ours.get_config() == theirs.get_config() and f"{type(ours).__name__}" == config["class_name"]


def test_default_dtype(default_dtype):
    assert dtypes.policy(None) == dtypes.policy(tf.float32) == dtypes.policy(np.dtype("float32"))
    dtypes.set_policy("mixed_float16")
    assert dtypes.policy().compute_dtype == "float16" and dtypes.floatx() == "float32"
    dtypes.set_floatx("float64")
    assert dtypes.policy().name == dtypes.floatx() == "float64"
    for name in ("Zeros", "HeNormal", "Orthogonal"):
        assert getattr(initializers, name)()((2, 3)).dtype == tf.float64
