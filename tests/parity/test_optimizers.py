"""Optimizers and schedules against Keras: the same gradients, step by step, in float64.

Keras rounds Python floats to float32 on their way into a float64 computation; NumPy's float64 it
leaves alone. So the reference gets every number as np.float64, defaults included.
"""

import contextlib
import copy
import functools
import inspect
import json
import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine import dtypes, optimizers
from engine.optimizers import eager_call, nadam, schedules
from engine.study.older_keras import is_older
from losses.ground.configurable import constructor_arguments

STEPS = 100
SHAPES = {
    "scale": (), "bias": (4,), "dense/kernel": (3, 5), "tall/kernel": (6, 2), "conv/kernel": (2, 3, 4),
    "embeddings": (7, 3),
}  # fmt: skip
LOOKED_UP = [1, 5, 1, 2]  # rows of the embedding in each step, one of them twice

# Left out: wrappers around other optimizers, and the names of before.
LEFT_OUT = {"LossScaleOptimizer", "MultiOptimizer", "OptimizerMap", "Optimizer"}

DECAY = {"class": "ExponentialDecay", "initial_learning_rate": 0.05, "decay_steps": 20, "decay_rate": 0.5}


def row(name, **arguments):
    return pytest.param(name, arguments, id=f"{name}-{'-'.join(f'{k}={v}' for k, v in arguments.items())}"[:90])


ROWS = [
    row("SGD"),
    row("SGD", learning_rate=0.1, momentum=0.9),
    row("SGD", learning_rate=0.1, momentum=0.8, nesterov=True, weight_decay=0.01),
    row("SGD", momentum=0.9, clipnorm=0.5),
    row("SGD", learning_rate=DECAY, momentum=0.9),
    row("SGD", loss_scale_factor=8.0, weight_decay=0.1),
    row("SGD", learning_rate=0.1, gradient_accumulation_steps=3, weight_decay=0.01, clipnorm=0.3),
    row("Adam"),
    row("Adam", learning_rate=0.02, beta_1=0.8, beta_2=0.9, epsilon=1e-3),
    row("Adam", amsgrad=True, learning_rate=0.05),
    row("Adam", clipvalue=0.2),
    row("Adam", global_clipnorm=1.0, weight_decay=0.02),
    row("Adam", learning_rate=DECAY),
    row("Adam", use_ema=True, ema_momentum=0.9),
    row("Adam", use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=7),
    row("Adam", gradient_accumulation_steps=4, learning_rate=0.02),
    row("Adam", gradient_accumulation_steps=3, learning_rate=DECAY, global_clipnorm=0.7),
    row("AdamW"),
    row("AdamW", learning_rate=0.02, weight_decay=0.1, amsgrad=True),
    row("Adamax"),
    row("Adamax", learning_rate=0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
    row("Nadam"),
    row("Nadam", learning_rate=0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-3, weight_decay=0.01),
    row("Nadam", gradient_accumulation_steps=2),
    row("RMSprop"),
    row("RMSprop", learning_rate=0.02, rho=0.8, momentum=0.7, epsilon=1e-3),
    row("RMSprop", centered=True),
    row("RMSprop", learning_rate=0.02, momentum=0.5, centered=True),
    row("Adagrad"),
    row("Adagrad", learning_rate=0.1, initial_accumulator_value=0.0, epsilon=1e-3),
    row("Adadelta"),
    row("Adadelta", learning_rate=1.0, rho=0.8, epsilon=1e-3),
    row("Ftrl"),
    row("Ftrl", learning_rate=0.1, learning_rate_power=-0.7, initial_accumulator_value=0.3),
    row("Ftrl", learning_rate=0.1, l1_regularization_strength=0.4, l2_regularization_strength=0.2),
    row("Ftrl", learning_rate=0.1, l2_shrinkage_regularization_strength=0.1, beta=0.3),
    row("Lion"),
    row("Lion", learning_rate=0.02, beta_1=0.7, beta_2=0.8, weight_decay=0.1),
    row("Lamb"),
    row("Lamb", learning_rate=0.02, beta_1=0.8, beta_2=0.9, epsilon=1e-3, weight_decay=0.01),
    row("Adafactor"),
    row("Adafactor", learning_rate=0.02, relative_step=False, clip_threshold=0.7, epsilon_1=1e-5, epsilon_2=0.01),
    row("Adafactor", learning_rate=0.5, beta_2_decay=-0.5, weight_decay=0.01),
    row("Muon"),
    row("Muon", learning_rate=0.02, nesterov=False, momentum=0.8, ns_steps=3, adam_lr_ratio=0.5, rms_rate=None),
    row("Muon", weight_decay=None, adam_weight_decay=0.02, exclude_layers=["dense"], exclude_embeddings=False),
    row("Muon", muon_a=3.0, muon_b=-4.0, muon_c=2.0, adam_beta_1=0.8, adam_beta_2=0.9, epsilon=1e-3),
    row("ScheduleFreeAdamW"),
    row("ScheduleFreeAdamW", learning_rate=0.02, beta_1=0.7, beta_2=0.9, epsilon=1e-3, warmup_steps=10),
    row("ScheduleFreeAdamW", learning_rate=0.02, weight_decay=0.1),
]  # fmt: skip
NAMES = sorted({parameter.values[0] for parameter in ROWS})

SCHEDULE_STEPS = [*range(40), 75, 1000]
SCHEDULES = [
    row("ExponentialDecay", initial_learning_rate=0.1, decay_steps=7, decay_rate=0.6),
    row("ExponentialDecay", initial_learning_rate=0.1, decay_steps=7, decay_rate=0.6, staircase=True),
    row("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=7, decay_rate=0.6),
    row("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=7, decay_rate=0.6, staircase=True),
    row("PiecewiseConstantDecay", boundaries=[3, 11], values=[0.3, 0.2, 0.7]),
    row("PolynomialDecay", initial_learning_rate=0.1, decay_steps=17),
    row("PolynomialDecay", initial_learning_rate=0.1, decay_steps=17, end_learning_rate=0.03, power=2.0, cycle=True),
    row("CosineDecay", initial_learning_rate=0.1, decay_steps=31),
    row("CosineDecay", initial_learning_rate=0.1, decay_steps=31, alpha=0.2, warmup_steps=6),
    row("CosineDecay", initial_learning_rate=0.1, decay_steps=31, alpha=0.2, warmup_target=0.4, warmup_steps=6),
    row("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=9),
    row("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=9, t_mul=1.0, m_mul=0.8),
    row("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=9, t_mul=1.5, m_mul=0.8, alpha=0.1),
]


@pytest.fixture(autouse=True)
def float64():
    keras.config.set_floatx("float64")
    dtypes.set_floatx("float64")
    yield
    keras.config.set_floatx("float32")
    dtypes.set_floatx("float32")


def exact(value):
    if isinstance(value, list):
        return [exact(item) for item in value]
    return np.float64(value) if isinstance(value, float) else value


def with_defaults(cls, arguments):
    parameters = inspect.signature(cls.__init__).parameters.items()
    given = {name: p.default for name, p in parameters if p.default is not inspect.Parameter.empty}
    return {name: exact(value) for name, value in {**given, **arguments}.items()}


def schedule_of(module, value, convert):
    if isinstance(value, dict):
        arguments = {name: convert(item) for name, item in value.items() if name != "class"}
        return getattr(module, value["class"])(**arguments)
    return value


def ours(name, arguments):
    arguments = {k: schedule_of(schedules, v, lambda item: item) for k, v in arguments.items()}
    return getattr(optimizers, name)(**arguments)


def reference(name, arguments):
    cls = getattr(keras.optimizers, name)
    arguments = {k: schedule_of(keras.optimizers.schedules, v, exact) for k, v in arguments.items()}
    return cls(**with_defaults(cls, arguments))


def starts(seed=0):
    random = np.random.default_rng(seed)
    return {name: random.normal(size=shape) for name, shape in SHAPES.items()}


def our_variables(seed=0, dtype=None):
    return [tf.Variable(value.astype(dtype or "float64"), name=name) for name, value in starts(seed).items()]


def keras_variables(seed=0):
    made = []
    for name, value in starts(seed).items():
        scope = name.rpartition("/")[0]
        with keras.name_scope(scope) if scope else contextlib.nullcontext():
            made.append(keras.Variable(value, name=name.rpartition("/")[2]))
    return made


def random_gradients(steps=STEPS, seed=1):
    """A list per variable of (steps, *shape); the embedding's are rows: (steps, looked up, 3)."""
    random = np.random.default_rng(seed)
    shapes = {**SHAPES, "embeddings": (len(LOOKED_UP), 3)}
    growing = np.linspace(0.5, 1.5, steps)
    return [
        tf.constant(random.normal(size=(steps, *shape)) * growing.reshape(-1, *[1] * len(shape)))
        for shape in shapes.values()
    ]


def gradients_at(table, step, sparse):
    """The gradients of one step; of the embedding as rows, or added up in a dense tensor."""
    *first, rows = [gradients[step] for gradients in table]
    slices = tf.IndexedSlices(rows, tf.constant(LOOKED_UP), tf.constant(SHAPES["embeddings"]))
    return [*first, slices if sparse else tf.convert_to_tensor(slices)]


def flat(variables):
    return tf.concat([tf.reshape(tf.cast(tf.convert_to_tensor(v), tf.float64), [-1]) for v in variables], 0)


def run(optimizer, weights, state, sparse, table):
    """Weights and state after each step, as an array (steps, all numbers). The rate is halved on the way."""

    @tf.function(autograph=False)
    def step(index):
        optimizer.apply(gradients_at(table, index, sparse), weights)
        return flat([*weights, *state])

    history = []
    for index in range(STEPS):
        if index == STEPS // 3 and any(v.name.split(":")[0].endswith("learning_rate") for v in state):
            optimizer.learning_rate = float(optimizer.learning_rate) / 2
        history.append(step(tf.constant(index)).numpy())
    return np.stack(history)


def first_difference(expected, received, variables):
    """Where two histories part, in words; None where they agree."""
    wrong = ~np.isclose(received, expected, rtol=1e-10, atol=1e-13)
    if not wrong.any():
        return None
    step = wrong.any(axis=1).argmax()
    position = wrong[step].argmax()
    ends = np.cumsum([int(np.prod(v.shape)) for v in variables])
    variable = variables[int(np.searchsorted(ends, position, side="right"))]
    return (
        f"first difference in step {step}, {variable.name}: "
        f"expected {expected[step, position]!r}, received {received[step, position]!r}"
    )


def prepare_with_rounded_constant(optimizer, learning_rate, prepare=optimizers.Nadam.prepare_step):
    """Nadam's rates as Keras has them: it rounds 0.96 to float32 here, though not in the product."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nadam, "DECAY", float(np.float32(nadam.DECAY)))
        return prepare(optimizer, learning_rate)


class CountsUpdates(keras.optimizers.schedules.LearningRateSchedule):
    """Keras asks a schedule with the number of micro-batches; ours are asked with that of the updates."""

    def __init__(self, schedule, micro_batches):
        self.schedule, self.micro_batches = schedule, micro_batches

    def __call__(self, step):
        return self.schedule(step // self.micro_batches)


@functools.cache
def history_of_keras(name, arguments):
    """(history, weights, slots). `arguments` as JSON, by which it is found again: test_sabotage.py runs its rows twice."""
    optimizer, weights = reference(name, json.loads(arguments)), keras_variables()
    if optimizer.gradient_accumulation_steps and callable(optimizer._learning_rate):
        optimizer._learning_rate = CountsUpdates(optimizer._learning_rate, optimizer.gradient_accumulation_steps)
    if name in ("Adadelta", "Muon"):  # np.float64 * variable, as they compute it, cannot be traced
        numbers = {key: value for key, value in vars(optimizer).items() if isinstance(value, np.float64)}
        for key, value in numbers.items():
            setattr(optimizer, key, tf.constant(value))
    optimizer.build(weights)
    return run(optimizer, weights, optimizer.variables, False, random_gradients()), weights, optimizer.variables


def histories(name, arguments):
    """(expected, received, their variables): two arrays as `run` makes them, and what their columns belong to."""
    expected, keras_weights, state = history_of_keras(name, json.dumps(arguments))
    mine, weights = ours(name, arguments), our_variables()
    mine.build(weights)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimizers.Nadam, "prepare_step", prepare_with_rounded_constant)
        received = run(mine, weights, mine.variables[: len(state)], True, random_gradients())
    return expected, received, [*keras_weights, *state]


@pytest.mark.parametrize("name, arguments", ROWS)
def test_weights_and_slots_equal_keras_for_100_steps(name, arguments):
    expected, received, variables = histories(name, arguments)
    assert received.shape == expected.shape
    assert not np.allclose(expected[0], expected[-1])
    difference = first_difference(expected, received, variables)
    assert difference is None, difference


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Lion"])
def test_rows_of_an_embedding_equal_keras_sparse_update(name):
    """Each row once. Rows that repeat are added up here; Keras squares them one by one, and so is compared above."""
    random = np.random.default_rng(3)
    rows, table = tf.constant(random.normal(size=(2, 3))), random.normal(size=(5, 3))
    gradient = tf.IndexedSlices(rows, tf.constant([3, 1]), tf.constant([5, 3]))
    mine, theirs = tf.Variable(table), keras.Variable(table)
    optimizer, keras_optimizer = ours(name, {"learning_rate": 0.1}), reference(name, {"learning_rate": 0.1})
    for _ in range(3):
        optimizer.apply_gradients([(gradient, mine)])
        keras_optimizer.apply_gradients([(gradient, theirs)])
    np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-10)


@pytest.mark.parametrize("excluded", [{"var_names": ["bias", "dense"]}, {"var_list": [1, 4]}], ids=["names", "list"])
def test_excluded_weights_do_not_decay(excluded):
    mine, theirs = ours("AdamW", {"weight_decay": 0.1}), reference("AdamW", {"weight_decay": 0.1})
    weights, keras_weights, table = our_variables(), keras_variables(), random_gradients(5)
    for optimizer, variables in ((mine, weights), (theirs, keras_weights)):
        chosen = {key: [variables[v] if isinstance(v, int) else v for v in value] for key, value in excluded.items()}
        optimizer.exclude_from_weight_decay(**chosen)
        for step in range(5):
            optimizer.apply(gradients_at(table, step, sparse=False), variables)
    assert first_difference(flat(keras_weights)[None].numpy(), flat(weights)[None].numpy(), weights) is None


@pytest.mark.parametrize("name, arguments", ROWS)
def test_variables_have_keras_names_shapes_dtypes_and_order(name, arguments):
    mine, theirs = ours(name, arguments), reference(name, arguments)
    mine.build(our_variables())
    theirs.build(keras_variables())
    expected = [(v.name, tuple(v.shape), str(v.dtype)) for v in theirs.variables]
    received = [(v.name.split(":")[0].split("/")[-1], tuple(v.shape), v.dtype.name) for v in mine.variables]
    if name == "Adafactor":  # there Keras's names do not say which mean a slot holds
        expected, received = [item[1:] for item in expected], [item[1:] for item in received]
    if name == "Nadam":  # its last one has a running number
        expected[-1] = ("product", *expected[-1][1:])
    assert received[: len(expected)] == expected
    assert len(received) == len(expected) + (1 if arguments.get("gradient_accumulation_steps") else 0)


# ---- schedules ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name, arguments", SCHEDULES)
def test_schedule_values_and_config_equal_keras(name, arguments):
    cls = getattr(keras.optimizers.schedules, name)
    mine, theirs = getattr(schedules, name)(**arguments), cls(**with_defaults(cls, arguments))
    for step in SCHEDULE_STEPS:
        value = mine(tf.constant(step, tf.int64))
        assert value.dtype == tf.float64
        np.testing.assert_allclose(value, theirs(step), rtol=1e-10, atol=1e-15, err_msg=f"step {step}")
    assert mine.get_config() == theirs.get_config()
    again = schedules.deserialize(keras.optimizers.schedules.serialize(theirs))
    assert type(again) is type(mine) and again.get_config() == mine.get_config()
    back = keras.optimizers.schedules.deserialize(schedules.serialize(mine))
    assert type(back) is cls and back.get_config() == mine.get_config()


def test_every_schedule_has_a_row():
    public = {n for n, item in vars(keras.optimizers.schedules).items() if inspect.isclass(item)}
    assert {parameter.values[0] for parameter in SCHEDULES} == public - {"LearningRateSchedule"}


# ---- names and configs ----------------------------------------------------------------------------


def test_every_optimizer_has_a_row():
    public = {n for n, item in vars(keras.optimizers).items() if inspect.isclass(item)}
    assert public - LEFT_OUT <= set(NAMES)
    assert is_older(keras.__version__) or public == LEFT_OUT | set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_and_defaults_are_those_of_keras(name):
    parameters = inspect.signature(getattr(keras.optimizers, name).__init__).parameters
    expected = {n: p.default for n, p in parameters.items() if n not in ("self", "kwargs")}
    cls = getattr(optimizers, name)
    assert set(constructor_arguments(cls)) == set(expected)
    made = cls()
    received = {n: getattr(made, n) for n in expected if n not in ("learning_rate", "name", "exclude_layers")}
    assert received == {n: expected[n] for n in received}
    assert float(made.learning_rate) == expected["learning_rate"]


@pytest.mark.parametrize("name, arguments", ROWS)
def test_config_equals_keras_and_carries_over_both_ways(name, arguments):
    mine, theirs = ours(name, {**arguments, "name": "same"}), reference(name, {**arguments, "name": "same"})
    config = optimizers.serialize(mine)
    assert config == keras.optimizers.serialize(theirs)
    assert optimizers.serialize(optimizers.deserialize(keras.optimizers.serialize(theirs))) == config
    # Not through keras.optimizers.deserialize(), which does not know Lamb.
    back = getattr(keras.optimizers, name).from_config(copy.deepcopy(config["config"]))
    assert back.get_config() == config["config"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_keras_knows(name):
    for identifier in (name, name.lower()):
        if name != "Lamb" or identifier == name:
            assert type(optimizers.get(identifier)).__name__ == name
    assert optimizers.get(optimizers.SGD).momentum == 0.0


def halves():
    return 0.5


def test_a_function_as_learning_rate_is_asked_at_every_call_and_stored_by_name():
    rates, weight = iter([1.0, 0.25]), tf.Variable([3.0, 5.0])
    optimizer = optimizers.SGD(lambda: next(rates))
    for _ in range(2):
        optimizer.apply([tf.constant([1.0, 2.0])], [weight])
    assert weight.numpy().tolist() == [1.75, 2.5]
    config = optimizers.serialize(optimizers.SGD(halves))
    assert config["config"]["learning_rate"] == keras.optimizers.SGD(halves).get_config()["learning_rate"]
    assert optimizers.deserialize(config, {"halves": halves}).learning_rate == 0.5


# ---- ways of running ------------------------------------------------------------------------------


def steps_of(optimizer, way, count=4):
    weights, table = our_variables(), random_gradients(count)

    def step(index):
        optimizer.apply(gradients_at(table, index, sparse=True), weights)

    if way == "plain":
        tf.config.run_functions_eagerly(True)
    if way in ("function", "xla"):
        step = tf.function(step, autograph=False, jit_compile=way == "xla")
    try:
        for index in range(count):
            step(tf.constant(index))
    finally:
        tf.config.run_functions_eagerly(False)
    return flat([*weights, *optimizer.variables]).numpy()


WAYS = [(name, {}) for name in NAMES]
WAYS.append(("Adam", {"gradient_accumulation_steps": 3, "use_ema": True, "ema_overwrite_frequency": 1}))


@pytest.mark.parametrize("name, arguments", WAYS, ids=[f"{name}{len(more) or ''}" for name, more in WAYS])
def test_eager_plain_traced_and_xla_agree(name, arguments, monkeypatch):
    monkeypatch.setattr(eager_call, "FEW", 2)
    expected = steps_of(ours(name, arguments), "eager")
    for few in (0, 4):
        monkeypatch.setattr(eager_call, "FEW", few)  # no bit depends on when an update is compiled
        np.testing.assert_array_equal(steps_of(ours(name, arguments), "eager"), expected)
    for way in ("plain", "function", "xla"):
        np.testing.assert_allclose(steps_of(ours(name, arguments), way), expected, rtol=1e-9, atol=1e-12, err_msg=way)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("name", NAMES)
def test_slots_have_the_dtype_of_their_variable(name, dtype):
    weight = tf.Variable(tf.cast([[0.5, -1.0, 2.0], [0.25, 1.5, -0.5]], dtype))
    optimizer = ours(name, {"learning_rate": 0.125, "weight_decay": 0.125})
    before, known = weight.numpy().astype("float64"), len(optimizer.variables)
    for _ in range(2):
        optimizer.apply([tf.cast([[0.5, -1.0, 0.5], [0.75, 1.0, -2.0]], dtype)], [weight])
    after = weight.numpy().astype("float64")
    assert np.isfinite(after).all() and (after != before).any()
    assert {v.dtype.name for v in optimizer.variables[known:]} <= {dtype, "float64" if name == "Nadam" else dtype}


class Counting(optimizers.Optimizer):
    """Counts how often its formula is traced."""

    factor, traces = 1.0, 0

    def new_values(self, variable, gradient, learning_rate):
        Counting.traces += 1
        return (variable - self.factor * learning_rate * gradient,)


def test_eager_calls_share_one_trace_until_a_hyperparameter_changes(monkeypatch):
    monkeypatch.setattr(eager_call, "FEW", 0)
    weight, optimizer = tf.Variable([8.0, 4.0]), Counting(learning_rate=1.0)
    gradient, Counting.traces = [tf.constant([1.0, 0.5])], 0
    for _ in range(3):
        optimizer.apply(gradient, [weight])
    assert Counting.traces == 1 and weight.numpy().tolist() == [5.0, 2.5]
    optimizer.learning_rate = 0.5
    optimizer.apply(gradient, [weight])
    assert Counting.traces == 1 and weight.numpy().tolist() == [4.5, 2.25]
    optimizer.factor = 2.0
    optimizer.apply(gradient, [weight])
    assert Counting.traces == 2 and weight.numpy().tolist() == [3.5, 1.75]
    optimizer.clipvalue = 0.25
    optimizer.apply(gradient, [weight])
    assert weight.numpy().tolist() == [3.25, 1.5]
    optimizer.learning_rate = schedules.PiecewiseConstantDecay([1000], [4.0, 1.0])
    optimizer.apply(gradient, [weight])
    assert weight.numpy().tolist() == [1.25, -0.5]


def test_few_eager_calls_are_not_compiled():
    weight, other, optimizer = tf.Variable([8.0, 4.0]), tf.Variable([1.0]), Counting(learning_rate=1.0)
    optimizer.build([weight, other])
    Counting.traces, traces = 0, []
    for _ in range(eager_call.FEW + 3):
        optimizer.apply([tf.constant([1.0, 0.5])], [weight])
        traces.append(Counting.traces)
    assert traces == [*range(1, eager_call.FEW + 2)] + [eager_call.FEW + 1] * 2
    optimizer.apply([tf.constant([1.0])], [other])
    assert Counting.traces == eager_call.FEW + 2 and other.numpy() == 0
    for copied in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        copied.apply([tf.constant([1.0, 0.5])], copied._weights[:1])
        assert copied.iterations == eager_call.FEW + 5


def test_setting_the_rate_reaches_compiled_code():
    weight, optimizer = tf.Variable([8.0, 4.0]), optimizers.SGD(lr=1.0)
    step = tf.function(lambda: optimizer.apply([tf.constant([1.0, 0.5])], [weight]), autograph=False)
    step()
    optimizer.learning_rate = 0.5
    step()
    optimizer.learning_rate.assign(0.25)
    step()
    optimizer.lr = 2.0
    step()
    assert weight.numpy().tolist() == [4.25, 2.125]


# ---- behaviour of the base ------------------------------------------------------------------------


def test_micro_batches_of_unequal_size_and_what_is_left_at_the_end_equal_whole_batches():
    random = np.random.default_rng(5)
    x, y, start = random.normal(size=(11, 3)), random.normal(size=(11, 2)), random.normal(size=(3, 2))

    def train(optimizer, batches, weigh):
        weight = tf.Variable(start)
        for first, last in batches:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((x[first:last] @ weight - y[first:last]) ** 2)
            optimizer.apply(tape.gradient(loss, [weight]), [weight], weight=last - first if weigh else None)
        optimizer.flush()
        optimizer.flush()  # nothing is left
        return [weight, *optimizer._averages.values()], int(optimizer.iterations)

    arguments = {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.1, "clipnorm": 0.3, "use_ema": True}
    whole, updates = train(optimizers.SGD(**arguments), [(0, 7), (7, 11)], False)
    split = optimizers.SGD(gradient_accumulation_steps=3, **arguments)
    received, received_updates = train(split, [(0, 1), (1, 5), (5, 7), (7, 10), (10, 11)], True)
    assert updates == received_updates == 2
    for mine, expected in zip(received, whole, strict=True):
        np.testing.assert_allclose(mine.numpy(), expected.numpy(), rtol=1e-12)


def test_averages_are_written_into_the_weights_at_the_end():
    weights, table = our_variables(), random_gradients(3)
    optimizer = ours("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.5})
    values = []
    for step in range(3):
        optimizer.apply(gradients_at(table, step, True), weights)
        values.append(flat(weights).numpy())
    optimizer.finalize_variable_values(weights)
    np.testing.assert_allclose(flat(weights).numpy(), values[0] / 4 + values[1] / 4 + values[2] / 2, rtol=1e-12)


def test_constraint_is_applied_after_the_update():
    weight = tf.Variable([1.0, 2.0], constraint=lambda w: tf.maximum(w, 0.0))
    optimizers.SGD(1.0).apply([tf.constant([3.0, 0.5])], [weight])
    assert weight.numpy().tolist() == [0.0, 1.5]


def test_a_new_variable_gets_its_slots_and_the_others_keep_theirs():
    first, second = tf.Variable([1.0, 2.0]), tf.Variable([[3.0, 4.0, 5.0]])
    optimizer = optimizers.SGD(1.0, momentum=0.5)
    optimizer.apply([tf.constant([1.0, 1.0])], [first])
    optimizer.apply([tf.constant([1.0, 0.0]), tf.constant([[1.0, 2.0, 3.0]])], [first, second])
    assert first.numpy().tolist() == [-1.5, 1.5 - 1.0]
    assert second.numpy().tolist() == [[2.0, 2.0, 2.0]]
    assert len(optimizer.variables) == 4 and len(optimizer._weights) == 2


def test_minimize_with_a_function_and_with_a_tape():
    weight, optimizer = tf.Variable([2.0, 3.0]), optimizers.SGD(0.25)
    optimizer.minimize(lambda: tf.reduce_sum(weight**2), [weight])
    assert weight.numpy().tolist() == [1.0, 1.5]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weight**2)
    optimizer.minimize(loss, [weight], tape=tape)
    assert weight.numpy().tolist() == [0.5, 0.75]


class Handmade(optimizers.Optimizer):
    """As many write their own: slots in a list, assignments by hand."""

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.velocities = [self.add_variable_from_reference(v, "velocity") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        velocity = self.velocities[self._get_variable_index(variable)]
        velocity.assign(0.9 * velocity - learning_rate * gradient)
        variable.assign_add(velocity)


def test_own_optimizer_by_update_step():
    table, results, arguments = random_gradients(4), [], {"learning_rate": 0.1, "weight_decay": 0.01}
    for optimizer in (Handmade(**arguments), optimizers.SGD(momentum=0.9, **arguments)):
        weights = our_variables()
        for step in range(4):
            optimizer.apply_gradients(zip(gradients_at(table, step, True), weights))
        results.append(flat(weights).numpy())
    np.testing.assert_allclose(*results, rtol=1e-12)
    assert set(Handmade(learning_rate=0.1).get_config()) == set(optimizers.Optimizer(0.1).get_config())


def test_a_missing_gradient_warns_and_leaves_its_variable():
    first, second = tf.Variable([1.0, 2.0], name="used"), tf.Variable([3.0], name="unused")
    with pytest.warns(UserWarning, match="no gradient for .*unused"):
        optimizers.SGD(1.0).apply_gradients([(tf.constant([1.0, 1.0]), first), (None, second)])
    assert first.numpy().tolist() == [0.0, 1.0] and second.numpy().tolist() == [3.0]
