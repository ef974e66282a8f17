"""The tools that check: they find what is wrong, pass what is right, say what cannot be decided, and change nothing."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine import Layer, Sequential
from engine.study import precision
from engine.study.differences import ParityError, difference
from engine.study.gradcheck import GradientError, check_gradients
from engine.study.parity import check_row, compare, part, row
from layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, ReLU

RNG = np.random.default_rng(3)
X = RNG.normal(size=(3, 5))


class Cube(Layer):
    """`kernel * x³`, with a gradient of its own that is `factor` times the right one."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=input_shape[-1:], initializer="ones", name="kernel")

    def call(self, inputs):
        @tf.custom_gradient
        def cube(x):
            return x**3, lambda upstream: self.factor * 3.0 * x**2 * upstream

        return self.kernel * cube(inputs)


class Unused(Layer):
    """A weight that call does not use, and one behind a rounding."""

    def build(self, input_shape):
        self.idle = self.add_weight(shape=(2,), name="idle")

    def call(self, inputs):
        return inputs * 2.0


def verdicts(report):
    return {(slope.name, slope.order): slope.verdict for slope in report.slopes}


# ---------------------------------------------------------------- gradients


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_gradient_off_by_one_percent_is_found(dtype):
    report = check_gradients(Cube(1.01, dtype=dtype), X)
    assert verdicts(report) == {("input", 1): "WRONG", ("kernel", 1): "ok"}
    assert not report.ok and 0.003 < report.slopes[0].error < 0.02
    with pytest.raises(GradientError, match="(?s)Cube.*input.*WRONG"):
        report.raise_if_wrong()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_right_gradient_passes(dtype):
    report = check_gradients(Cube(1.0, dtype=dtype), X)
    assert report.ok and set(verdicts(report).values()) == {"ok"}
    assert report.precision == "float64"
    report.raise_if_wrong()


def test_second_order():
    right = check_gradients(Dense(4, activation="tanh", dtype="float64"), X, second_order=True)
    assert right.ok and len(right.slopes) == 6
    constant_slope = check_gradients(WrongSecond(dtype="float64"), X, second_order=True)
    assert verdicts(constant_slope) == {("input", 1): "ok", ("input", 2): "WRONG"}
    with pytest.raises(ValueError, match="second order needs float64"):
        check_gradients(Dense(4), X, second_order=True)


class WrongSecond(Layer):
    """x² whose gradient is right, and constant for the tape."""

    def call(self, inputs):
        @tf.custom_gradient
        def square(x):
            return x**2, lambda upstream: 2.0 * tf.stop_gradient(x) * upstream

        return square(inputs)


def test_a_kink_is_said_to_be_one():
    at_zero = check_gradients(ReLU(dtype="float64"), np.zeros((3, 5)))
    assert at_zero.ok and verdicts(at_zero)["input", 1].startswith("kink")
    assert verdicts(check_gradients(ReLU(dtype="float64"), X)) == {("input", 1): "ok"}


def test_a_weight_without_effect_is_named():
    assert verdicts(check_gradients(Unused(dtype="float64"), X)) == {("input", 1): "ok", ("idle", 1): "unused"}


def test_a_missing_gradient_is_wrong():
    class Cut(Layer):
        def call(self, inputs):
            return tf.stop_gradient(inputs) ** 2

    assert verdicts(check_gradients(Cut(dtype="float64"), X)) == {("input", 1): "WRONG"}


def image_model(dtype):
    model = Sequential([
        Conv2D(3, 2, activation="relu", kernel_regularizer="l2", dtype=dtype), BatchNormalization(dtype=dtype),
        Flatten(dtype=dtype), Dropout(0.3, seed=5, dtype=dtype), Dense(4, activation="softmax", dtype=dtype),
    ])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


IMAGES, LABELS = RNG.normal(size=(6, 5, 4, 2)), np.array([0, 1, 2, 3, 1, 0])


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_loss_of_a_compiled_model(dtype, training):
    report = check_gradients(image_model(dtype), IMAGES.astype(dtype), LABELS, training=training)
    assert report.ok, str(report)
    assert sum(slope.verdict == "ok" for slope in report.slopes) >= 6


def test_a_model_is_as_it_was():
    model = image_model("float32")
    images = IMAGES.astype("float32")
    model.fit(images, LABELS, epochs=1, verbose=0)
    before = [variable.numpy() for variable in [*model.variables, *model.optimizer.variables]]
    expected = model.predict(images)
    check_gradients(model, images, LABELS, training=True)
    after = [variable.numpy() for variable in [*model.variables, *model.optimizer.variables]]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(model.predict(images), expected)


def test_what_cannot_be_checked():
    with pytest.raises(TypeError, match="takes a Layer or Model of this project, received Dense"):
        check_gradients(keras.layers.Dense(3), X)
    with pytest.raises(ValueError, match="Compile it, or omit y"):
        check_gradients(Dense(3), X, LABELS)


def test_in_float64_a_computation_has_the_digits_of_float64():
    weight = tf.Variable([0.1, 0.2])
    wide = precision.InFloat64(lambda x: tf.reduce_sum(tf.math.sin(x * weight)), [tf.constant([1.0, 2.0])], [weight])
    expected = np.sum(np.sin(np.array([1.0, 2.0]) * weight.numpy().astype("float64")))
    assert float(wide([tf.constant([1.0, 2.0], tf.float64)])) == pytest.approx(expected, rel=1e-15)
    wide.weights[0].assign([0.0, 0.0])
    assert float(wide([tf.constant([1.0, 2.0], tf.float64)])) == 0.0
    np.testing.assert_array_equal(weight, np.float32([0.1, 0.2]))


def test_random_numbers_are_not_widened():
    with pytest.raises(precision.NotConvertible, match="draws other numbers"):
        precision.InFloat64(lambda: tf.reduce_sum(tf.random.stateless_uniform((3,), (1, 2))), [], [])


# ---------------------------------------------------------------- parity


class TransposedDense(Dense):
    def call(self, inputs):
        return inputs @ tf.reshape(tf.transpose(self.kernel), self.kernel.shape) + self.bias


def test_compare_passes_equal_layers_and_changes_nothing():
    ours, theirs = (side(4, activation="tanh", dtype="float64") for side in (Dense, keras.layers.Dense))
    ours(tf.constant(X)), theirs(tf.constant(X))
    before = [layer.get_weights() for layer in (ours, theirs)]
    result = compare(ours, theirs, X)
    assert result.ok and result.largest("gradient") < 1e-12, str(result)
    result.raise_if_different()
    for one, other in zip(tf.nest.flatten(before), tf.nest.flatten([ours.get_weights(), theirs.get_weights()])):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_compare_finds_a_transposed_kernel(dtype):
    result = compare(TransposedDense(4, dtype=dtype), keras.layers.Dense(4, dtype=dtype), X)
    assert not result.ok and "DIFFERENT" in str(result)
    wrong = {item.quantity for item in result.differences if not item.ok}
    assert wrong == {"output 0", "gradient of input 0", "gradient of kernel"}
    with pytest.raises(ParityError, match=r"output 0 at \[\d, \d\]: ours .*, theirs .*, relative difference"):
        result.raise_if_different()


def test_compare_names_weights_of_other_shapes():
    result = compare(Dense(4), keras.layers.Dense(3), X)
    assert [item.quantity for item in result.differences if not item.ok] == ["shape of kernel", "shape of bias"]


def test_compare_with_state_and_random_counters():
    sides = BatchNormalization, keras.layers.BatchNormalization
    ours, theirs = (side(dtype="float64", momentum=0.5) for side in sides)
    result = compare(ours, theirs, X, training=True)
    assert result.ok, str(result)
    assert result.largest("moving_mean afterwards") is not None
    np.testing.assert_array_equal(ours.moving_mean, np.zeros(5))


def test_rows():
    readable = row("Dense", dict(units=4, kernel_regularizer=part("L2", "regularizers", l2=0.5)), x=(3, 5))
    assert readable.id == "Dense-units=4-kernel_regularizer=L2(l2=0.5)"
    assert check_row(readable).largest("output") < 1e-12
    first, second = readable.inputs(0)[0], readable.inputs(1)[0]
    assert first.shape == (3, 5) and not np.array_equal(first, second)
    with pytest.raises(ValueError, match="without `why`"):
        row("Dense", dict(units=4), x=(3, 5), rtol=1e-3)
    with pytest.raises(ParityError, match="nothing was raised"):
        check_row(row("Dense", dict(units=4), raises="positive"))
    with pytest.raises(ParityError, match="expected an error that says 'negative'"):
        check_row(row("Dense", dict(units=0), raises="negative"))


def test_differences_are_relative_and_located():
    found = difference("w", np.array([1.0, 200.0]), np.array([1.0, 100.0]), 1e-3)
    assert (found.error, found.index, found.ours, found.theirs, found.ok) == (1.0, (1,), 200.0, 100.0, False)
    assert difference("w", np.array([np.nan, 1.0]), np.array([np.nan, 1.0]), 0).ok
    assert not difference("w", np.array([np.nan, 1.0]), np.array([0.0, 1.0]), 1).ok
    assert not difference("w", None, np.array([0.0, 1.0]), 1).ok
    assert not difference("w", np.zeros(2, "float32"), np.zeros(2), 1).ok
    assert difference("noise", np.array([1e-17]), np.array([3e-17]), 1e-10).ok
