"""What goes around the formula of an optimizer, each piece by itself, and the rule without any of them."""

import ast
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from engine import Sequential, optimizers
from engine.core.gradient_descent import GradientDescent
from engine.optimizers.accumulation import Accumulators
from engine.optimizers.averaging import Averages
from engine.optimizers.clipping import clip
from engine.optimizers.decay import Undecayed, decay
from layers import Dense

ROOT = pathlib.Path(__file__).parents[2]
PIECES = {f"engine.optimizers.{name}" for name in ("clipping", "decay", "averaging", "accumulation")}


def like(variable, name, initializer=None):
    """A slot, as `Slots` makes it."""
    value = tf.zeros_like(variable) if initializer is None else initializer(variable.shape, variable.dtype)
    return tf.Variable(value, trainable=False, name=name)


def values(tensors):
    return [tensor.numpy().tolist() for tensor in tensors]


# ---- clipping -----------------------------------------------------------------------------------


GRADIENTS = [np.array([[3.0, -4.0], [0.0, 12.0]]), np.array([0.5, -0.25, 1.0])]
NORMS = [np.sqrt((gradient**2).sum()) for gradient in GRADIENTS]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ({}, GRADIENTS),
        ({"clipnorm": 2.0}, [gradient * min(1, 2.0 / norm) for gradient, norm in zip(GRADIENTS, NORMS)]),
        ({"clipvalue": 0.75}, [np.clip(gradient, -0.75, 0.75) for gradient in GRADIENTS]),
        ({"global_clipnorm": 2.0}, [gradient * 2.0 / np.hypot(*NORMS) for gradient in GRADIENTS]),
        ({"global_clipnorm": 100.0}, GRADIENTS),
    ],
)
def test_clipping(limit, expected):
    for received, wanted in zip(clip([tf.constant(gradient) for gradient in GRADIENTS], **limit), expected, strict=True):
        np.testing.assert_allclose(received, wanted, rtol=1e-12)


# ---- weight decay -------------------------------------------------------------------------------


def test_each_variable_decays_by_the_rate_times_its_own_decay():
    first, second, third = (tf.Variable([8.0, -16.0]) for _ in range(3))
    amounts = {id(first): 0.5, id(second): 0.125, id(third): None}
    decay([first, second, third], tf.constant(0.25), lambda variable: amounts[id(variable)])
    assert values([first, second, third]) == [[7.0, -14.0], [7.75, -15.5], [8.0, -16.0]]


def test_excluded_are_variables_themselves_and_names_that_hold_a_pattern():
    kernel, bias, other = (tf.Variable([1.0, 2.0], name=name) for name in ("head/kernel", "head/bias", "tail/kernel"))
    undecayed = Undecayed()
    assert [variable in undecayed for variable in (kernel, bias, other)] == [False, False, False]
    undecayed.add([other], ["bi.s"])
    assert [variable in undecayed for variable in (kernel, bias, other)] == [False, True, True]


def test_an_exclusion_reaches_updates_that_are_compiled_already():
    weight, optimizer = tf.Variable([8.0, 4.0]), optimizers.SGD(0.5, weight_decay=1.0)
    for _ in range(2):
        optimizer.apply([tf.constant([0.0, 0.0])], [weight])
    assert weight.numpy().tolist() == [2.0, 1.0]
    optimizer.exclude_from_weight_decay([weight])
    optimizer.apply([tf.constant([0.0, 0.0])], [weight])
    assert weight.numpy().tolist() == [2.0, 1.0]


def test_another_function_as_rate_reaches_updates_that_are_compiled_already():
    weight, optimizer = tf.Variable([8.0, 4.0]), optimizers.SGD(optimizers.schedules.PiecewiseConstantDecay([9], [1.0, 0.0]))
    gradient = [tf.constant([1.0, 2.0])]
    optimizer.apply(gradient, [weight])
    for rate in (2.0, 3.0):
        optimizer.learning_rate = optimizers.schedules.PiecewiseConstantDecay([9], [rate, 0.0])
        optimizer.apply(gradient, [weight])
    assert weight.numpy().tolist() == [2.0, -8.0]


# ---- moving averages ----------------------------------------------------------------------------


def test_the_average_starts_at_the_first_weights_and_follows_them():
    weight, averages = tf.Variable([100.0, 200.0]), Averages()
    averages.build([weight], like)
    for update, value in enumerate(([8.0, 4.0], [0.0, 8.0], [16.0, 0.0])):
        weight.assign(value)
        averages.follow([weight], update, momentum=0.75)
    assert values(averages.values()) == [[8.5, 3.75]] and weight.numpy().tolist() == [16.0, 0.0]
    averages.overwrite([weight])
    assert weight.numpy().tolist() == [8.5, 3.75]


def test_the_average_is_copied_into_the_weights_every_so_many_updates():
    weight, averages, seen = tf.Variable([0.0]), Averages(), []
    averages.build([weight], like)
    for update in range(4):
        weight.assign_add([8.0])
        averages.follow([weight], update, momentum=0.5, overwrite_frequency=2)
        seen.append(float(weight[0]))
    assert seen == [8.0, 12.0, 20.0, 22.0]  # averages: 8, 12, 16, 22


# ---- accumulation -------------------------------------------------------------------------------


def test_accumulators_give_the_weighted_mean_once():
    variables = [tf.Variable([0.0, 0.0]), tf.Variable([[0.0]])]
    accumulators = Accumulators("name")
    accumulators.build(variables, like)
    accumulators.gather([tf.constant([4.0, 0.0]), tf.constant([[1.0]])], variables, 1)
    accumulators.gather([tf.constant([0.0, 8.0]), tf.constant([[5.0]])], variables, tf.constant(3))
    assert float(accumulators.gathered) == 4.0
    assert values(accumulators.take(variables)) == [[1.0, 6.0], [[4.0]]]
    assert float(accumulators.gathered) == 0.0
    assert values(accumulators.take(variables)) == [[0.0, 0.0], [[0.0]]]


# ---- all of them --------------------------------------------------------------------------------


def test_the_order_is_clip_decay_formula_average_constraint():
    weight = tf.Variable([4.0, -4.0], constraint=lambda value: tf.maximum(value, 0.0))
    optimizer = optimizers.SGD(
        0.5, weight_decay=0.5, clipvalue=2.0, use_ema=True, gradient_accumulation_steps=2, loss_scale_factor=2.0
    )
    for gradient in ([32.0, 4.0], [16.0, 4.0]):  # mean 24, 4; of the loss 12, 2; clipped 2, 2
        optimizer.apply([tf.constant(gradient)], [weight])
    average = [4.0 - 0.25 * 4.0 - 0.5 * 2.0, -4.0 + 0.25 * 4.0 - 0.5 * 2.0]
    assert optimizer.moving_average(weight).numpy().tolist() == average == [2.0, -4.0]
    assert weight.numpy().tolist() == [2.0, 0.0]
    assert [name for name in optimizer.named_variables({id(weight): "w"})] == [
        "w/average", "w/gradient_accumulator", "iteration", "learning_rate", "gathered",
    ]  # fmt: skip


# ---- the rule alone -------------------------------------------------------------------------------


def reached_from(module):
    """The modules of the engine that `module` imports, and that these import."""
    found, todo = set(), [module]
    while todo:
        path = ROOT / f"{todo[-1].replace('.', '/')}.py"
        found.add(todo.pop())
        if not path.exists():
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("engine"):
                named = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
                todo += [name for name in named if name not in found]
    return found


def test_the_rule_imports_no_piece():
    assert PIECES <= reached_from("engine.optimizers.sgd")
    reached = reached_from("engine.core.gradient_descent")
    assert {"engine.core.update_rule", "engine.small_parts.slots", "engine.small_parts.gradients"} <= reached
    assert not any(name.startswith("engine.optimizers") for name in reached)


def small_model():
    random = np.random.default_rng(0)
    model = Sequential([Dense(4, activation="tanh", input_shape=(3,)), Dense(2)])
    model.set_weights([random.normal(size=weight.shape) for weight in model.weights])
    return model, random.normal(size=(16, 3)).astype("float32"), random.normal(size=(16, 2)).astype("float32")


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_model_trains_by_the_rule_alone_as_by_sgd(eagerly):
    histories, trained = [], []
    for optimizer in (GradientDescent(0.1, momentum=0.5), optimizers.SGD(0.1, momentum=0.5)):
        model, x, y = small_model()
        model.compile(optimizer, "mse", run_eagerly=eagerly)
        histories.append(model.fit(x, y, batch_size=4, epochs=5, shuffle=False, verbose=0).history["loss"])
        trained.append([*model.get_weights(), *(variable.numpy() for variable in optimizer.variables)])
    assert histories[0] == histories[1] and histories[0][-1] < 0.5 * histories[0][0]
    for rule, sgd in zip(*trained, strict=True):
        np.testing.assert_array_equal(rule, sgd)


def test_the_rate_of_the_rule_is_a_number_or_a_function_of_the_step():
    weight, rule = tf.Variable([8.0, 4.0]), GradientDescent(lambda step: tf.where(step == 0, 1.0, 0.25))
    for _ in range(2):
        rule.apply([tf.constant([1.0, 2.0])], [weight])
    assert weight.numpy().tolist() == [6.75, 1.5] and float(rule.learning_rate) == 0.25
    assert GradientDescent(0.5, 0.25, name="own").get_config() == {
        "name": "own", "learning_rate": 0.5, "momentum": 0.25, "nesterov": False,
    }  # fmt: skip
    with pytest.raises(ValueError, match="GradientDescent needs as `learning_rate` a number.*'fast'"):
        GradientDescent("fast")
    with pytest.raises(TypeError, match="clipnorm"):
        GradientDescent(0.1, clipnorm=1.0)
