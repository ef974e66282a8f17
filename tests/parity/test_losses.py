"""Losses against Keras: values, gradients, reductions, configs; finite differences as a second witness."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

import losses
from losses.ground.lookup import custom_object_scope, snake_case
from losses.ground.masks import set_mask

BATCH = 5


def row(name, data, shape=(BATCH, 3), rtol=1e-10, function=True, **arguments):
    """One loss class with its arguments, and the kind and shape of the data for it."""
    text = ",".join(f"{key}={value}" for key, value in arguments.items())
    row_id = f"{name}({text})-{data}-{'x'.join(map(str, shape))}"
    return pytest.param(name, arguments, data, shape, rtol, function, id=row_id)


THREE = (BATCH, 4, 3)
ROWS = [
    *(
        row(name, "real", shape)
        for name in ("MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError")
        for shape in ((BATCH, 3), THREE)
    ),
    row("MeanSquaredLogarithmicError", "positive"),
    row("MeanSquaredLogarithmicError", "real", THREE),
    row("LogCosh", "real", rtol=1e-7),  # Keras subtracts log 2 rounded to float32: all values are off by 1.9e-9
    row("LogCosh", "real", THREE, rtol=1e-7),
    row("Huber", "real"),
    row("Huber", "real", THREE, delta=0.3),
    row("CosineSimilarity", "real"),
    row("CosineSimilarity", "real", THREE, axis=1),
    row("KLDivergence", "probability"),
    row("KLDivergence", "one_hot", THREE),
    row("Poisson", "positive"),
    row("Poisson", "positive", THREE),
    row("Hinge", "binary"),
    row("Hinge", "signs", THREE),
    row("Hinge", "real"),
    row("SquaredHinge", "binary"),
    row("SquaredHinge", "signs", THREE),
    row("CategoricalHinge", "one_hot"),
    row("CategoricalHinge", "one_hot_scores", THREE),
    row("Dice", "binary"),
    row("Dice", "binary", THREE, axis=-1),
    row("Dice", "binary", THREE, axis=(1, 2)),
    row("Tversky", "binary"),
    row("Tversky", "binary", THREE, alpha=0.3, beta=0.8, axis=(1, 2)),
    row("BinaryCrossentropy", "binary"),
    row("BinaryCrossentropy", "saturated"),
    row("BinaryCrossentropy", "binary_scores", THREE, from_logits=True),
    row("BinaryCrossentropy", "binary", THREE, label_smoothing=0.2, axis=1),
    row("BinaryFocalCrossentropy", "binary"),
    row("BinaryFocalCrossentropy", "binary_scores", THREE, from_logits=True, gamma=1.5, label_smoothing=0.1),
    row("BinaryFocalCrossentropy", "binary", THREE, apply_class_balancing=True, alpha=0.7, axis=1),
    row("CategoricalCrossentropy", "one_hot"),
    row("CategoricalCrossentropy", "one_hot_unnormalized", THREE),
    row("CategoricalCrossentropy", "one_hot_scores", THREE, from_logits=True, label_smoothing=0.1),
    row("CategoricalCrossentropy", "one_hot", THREE, label_smoothing=0.3),
    row("CategoricalCrossentropy", "one_hot_unnormalized", THREE, axis=1),
    row("CategoricalCrossentropy", "mixture_axis_1", THREE, axis=1, from_logits=True),
    row("CategoricalFocalCrossentropy", "one_hot"),
    row("CategoricalFocalCrossentropy", "one_hot_unnormalized", THREE, alpha=0.6, gamma=1.5),
    row("CategoricalFocalCrossentropy", "one_hot_scores", THREE, from_logits=True, label_smoothing=0.1),
    row("CategoricalFocalCrossentropy", "one_hot", THREE, alpha=[0.25, 0.5, 0.875]),
    row("CategoricalFocalCrossentropy", "one_hot_unnormalized", THREE, axis=1),
    row("CategoricalGeneralizedCrossEntropy", "classes", function=False),
    row("CategoricalGeneralizedCrossEntropy", "classes", THREE, q=0.7),
    row("SparseCategoricalCrossentropy", "classes"),
    row("SparseCategoricalCrossentropy", "class_column"),
    row("SparseCategoricalCrossentropy", "classes_unnormalized", THREE),
    row("SparseCategoricalCrossentropy", "classes_scores", THREE, from_logits=True),
    row("SparseCategoricalCrossentropy", "classes", THREE, ignore_class=1),
    row("SparseCategoricalCrossentropy", "classes_scores", THREE, ignore_class=0, from_logits=True),
    row("Circle", "embeddings", (6, 4)),
    row("Circle", "embeddings", (6, 4), gamma=2.0, margin=0.2, remove_diagonal=False),
    row("CTC", "sequence", (BATCH, 7, 4), rtol=1e-5),  # both sides compute in float32
]


def softmax(scores):
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(-1, keepdims=True)


def make(data, shape, seed=0):
    """`y_true, y_pred` in float64 (class numbers in int64), away from kinks."""
    rng = np.random.default_rng([seed, *shape])
    scores = rng.normal(size=shape)
    classes = rng.integers(0, shape[-1], size=shape[:-1])
    classes.flat[:2] = 0, 1
    binary = rng.integers(0, 2, size=shape).astype("float64")
    one_hot = np.eye(shape[-1])[classes]
    unnormalized = rng.uniform(0.1, 2.0, size=shape)
    return {
        "real": lambda: (rng.normal(size=shape), scores),
        "positive": lambda: (rng.uniform(0.1, 3.0, size=shape), rng.uniform(0.1, 3.0, size=shape)),
        "probability": lambda: (softmax(rng.normal(size=shape)), softmax(scores)),
        "binary": lambda: (binary, rng.uniform(0.05, 0.95, size=shape)),
        "saturated": lambda: (binary, np.where(rng.integers(0, 2, size=shape) == 1, binary, 1e-9)),
        "binary_scores": lambda: (binary, scores),
        "signs": lambda: (2.0 * binary - 1.0, scores),
        "one_hot": lambda: (one_hot, softmax(scores)),
        "one_hot_unnormalized": lambda: (one_hot, unnormalized),
        "one_hot_scores": lambda: (one_hot, scores),
        "mixture_axis_1": lambda: (np.moveaxis(softmax(np.moveaxis(binary + scores, 1, -1)), -1, 1), scores),
        "classes": lambda: (classes, softmax(scores)),
        "class_column": lambda: (classes[..., None], softmax(scores)),
        "classes_unnormalized": lambda: (classes, unnormalized / 3.0),
        "classes_scores": lambda: (classes, scores),
        "embeddings": lambda: (np.array([0, 1, 0, 2, 1, 0]), scores / np.linalg.norm(scores, axis=-1, keepdims=True)),
        "sequence": lambda: (np.array([[1, 2, 0], [3, 0, 0], [1, 1, 2], [2, 3, 0], [3, 2, 1]]), scores),
    }[data]()


def differentiate(loss, y_true, y_pred, **call):
    """Values, and the gradients under a fixed random cotangent of y_pred and of float y_true."""
    y_true, y_pred = tf.constant(y_true), tf.constant(y_pred)
    sources = [y_pred] + ([y_true] if y_true.dtype.is_floating else [])
    with tf.GradientTape() as tape:
        tape.watch(sources)
        values = loss(y_true, y_pred, **call)
        cotangent = np.random.default_rng(9).normal(size=values.shape)
        total = tf.reduce_sum(tf.cast(values, tf.float64) * cotangent)
    gradients = tape.gradient(total, sources)
    assert None not in gradients
    return [np.asarray(item) for item in (values, *gradients)]


def both(name, arguments, **more):
    """The same loss of both sides, in float64."""
    return (getattr(side, name)(**arguments, dtype="float64", **more) for side in (losses, keras.losses))


def assert_equal(ours, theirs, rtol=1e-10):
    assert len(ours) == len(theirs)
    for mine, reference in zip(ours, theirs):
        assert mine.shape == reference.shape
        np.testing.assert_allclose(mine, reference, rtol=rtol, atol=rtol * 1e-2)


# ---------------------------------------------------------------- values and gradients


def of_classes(name, arguments, data, shape):
    """What `differentiate` gives, of our class and of Keras's."""
    y_true, y_pred = make(data, shape)
    return [differentiate(loss, y_true, y_pred) for loss in both(name, arguments, reduction="none")]


def of_functions(name, arguments, data, shape, function):
    """What `differentiate` gives, of our function and of Keras's."""
    if not function:
        arguments = {**arguments, "q": 0.5}  # the function has no default for it
    y_true, y_pred = make(data, shape, seed=1)
    functions = [getattr(side, snake_case(name)) for side in (losses, keras.losses)]
    return [differentiate(lambda t, p, fn=fn: fn(t, p, **arguments), y_true, y_pred) for fn in functions]


@pytest.mark.parametrize("name, arguments, data, shape, rtol, function", ROWS)
def test_values_and_gradients_of_the_class(name, arguments, data, shape, rtol, function):
    assert_equal(*of_classes(name, arguments, data, shape), rtol)


@pytest.mark.parametrize("name, arguments, data, shape, rtol, function", ROWS)
def test_values_and_gradients_of_the_function(name, arguments, data, shape, rtol, function):
    assert_equal(*of_functions(name, arguments, data, shape, function), rtol)


def central_difference(loss, y_true, y_pred, step=1e-6):
    rng = np.random.default_rng(3)
    cotangent = np.random.default_rng(9).normal(size=loss(y_true, y_pred).shape)
    direction = rng.normal(size=y_pred.shape)
    ahead, behind = (np.asarray(loss(y_true, y_pred + sign * step * direction)) for sign in (1, -1))
    return np.sum(cotangent * (ahead - behind)) / (2 * step), direction


@pytest.mark.parametrize(
    "name, arguments, data, shape, rtol, function",
    [item for item in ROWS if item.values[0] != "CTC" and item.values[2] != "saturated"],
)
def test_gradient_agrees_with_finite_differences(name, arguments, data, shape, rtol, function):
    """CTC computes in float32, too coarse for differences; a saturated probability has no slope."""
    loss = getattr(losses, name)(**arguments, reduction="none")
    y_true, y_pred = make(data, shape)
    expected, direction = central_difference(loss, y_true, y_pred)
    gradient = differentiate(loss, y_true, y_pred)[1]
    np.testing.assert_allclose(np.sum(gradient * direction), expected, rtol=1e-6)


ONE_ROW_PER_CLASS = list({item.values[0]: item for item in ROWS}.values())


@pytest.mark.parametrize("name, arguments, data, shape, rtol, function", ONE_ROW_PER_CLASS)
def test_eager_compiled_and_xla_agree(name, arguments, data, shape, rtol, function):
    loss = getattr(losses, name)(**arguments)
    y_true, y_pred = (tf.constant(part) for part in make(data, shape))

    def value_and_gradient(y_true, y_pred):
        with tf.GradientTape() as tape:
            tape.watch(y_pred)
            value = loss(y_true, y_pred)
        return value, tape.gradient(value, y_pred)

    eager = [part.numpy() for part in value_and_gradient(y_true, y_pred)]
    for jit_compile in (False, True):
        compiled = tf.function(value_and_gradient, autograph=False, jit_compile=jit_compile)(y_true, y_pred)
        tolerance = max(rtol, 1e-9)
        for got, expected in zip(compiled, eager):
            np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name, arguments, data, shape, rtol, function", ONE_ROW_PER_CLASS)
def test_a_batch_of_unknown_size(name, arguments, data, shape, rtol, function):
    loss = getattr(losses, name)(**arguments)
    y_true, y_pred = (tf.constant(part) for part in make(data, shape))
    specs = [tf.TensorSpec([None, *part.shape[1:]], part.dtype) for part in (y_true, y_pred)]
    compiled = tf.function(loss.__call__, autograph=False, input_signature=specs)
    np.testing.assert_allclose(compiled(y_true, y_pred), loss(y_true, y_pred), rtol=max(rtol, 1e-9))


# ---------------------------------------------------------------- reductions, weights, masks

REDUCTIONS = ["sum", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none", None]
# shape of y_pred, shape of the sample weights, shape of the mask
WEIGHTINGS = [
    ((BATCH, 3), None, None),
    ((BATCH, 3), (), None),
    ((BATCH, 3), (BATCH,), None),
    ((BATCH, 3), (BATCH, 1), None),
    ((BATCH, 3), None, (BATCH,)),
    ((BATCH, 3), (BATCH,), (BATCH,)),
    ((BATCH, 3), (BATCH, 1), (BATCH,)),
    (THREE, None, None),
    (THREE, (BATCH, 1), None),
    (THREE, (BATCH, 4), None),
    (THREE, (BATCH, 4, 1), None),
    (THREE, None, (BATCH, 4)),
    (THREE, None, (BATCH, 1)),
    (THREE, (BATCH, 1), (BATCH, 4)),
    (THREE, (BATCH, 4), (BATCH, 4)),
    (THREE, (BATCH, 4), (BATCH, 1)),
]


def weighted(side, name, reduction, shape, weights, mask, keep=0.6, **arguments):
    """A loss of `side` with random sample weights and a random mask on y_pred."""
    rng = np.random.default_rng(5)
    call = {} if weights is None else {"sample_weight": rng.uniform(0.2, 2.0, size=weights)}
    mask = None if mask is None else rng.uniform(size=mask) < keep
    loss = getattr(side, name)(reduction=reduction, dtype="float64", **arguments)

    def attach_and_call(y_true, y_pred):
        if mask is not None:
            if side is losses:
                set_mask(y_pred, tf.constant(mask))
            else:
                y_pred._keras_mask = tf.constant(mask)
        return loss(y_true, y_pred, **call)

    return attach_and_call


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape, weights, mask", WEIGHTINGS)
def test_reduction_with_weights_and_mask(reduction, shape, weights, mask):
    y_true, y_pred = make("real", shape)
    results = [
        differentiate(weighted(side, "MeanSquaredError", reduction, shape, weights, mask), y_true, y_pred)
        for side in (losses, keras.losses)
    ]
    assert_equal(*results)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weights, mask", [(None, None), ((BATCH, 4), None), (None, (BATCH, 4)), ((BATCH, 4),) * 2])
def test_ignored_class_leaves_the_mean(reduction, weights, mask):
    y_true, y_pred = make("classes", THREE)
    results = [
        differentiate(
            weighted(side, "SparseCategoricalCrossentropy", reduction, THREE, weights, mask, ignore_class=1),
            y_true, y_pred,
        )
        for side in (losses, keras.losses)
    ]
    assert_equal(*results)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_circle_counts_samples_with_a_pair(reduction):
    y_true, y_pred = make("embeddings", (6, 4))
    results = [
        differentiate(weighted(side, "Circle", reduction, None, (6,), None, gamma=2.0), y_true, y_pred)
        for side in (losses, keras.losses)
    ]
    assert_equal(*results)


@pytest.mark.parametrize("reduction", ["sum", "sum_over_batch_size", "mean", "mean_with_sample_weight"])
def test_all_masked_or_weighted_out_is_zero(reduction):
    y_true, y_pred = make("real", THREE)
    masked = weighted(losses, "MeanSquaredError", reduction, THREE, None, (BATCH, 4), keep=0.0)
    assert float(masked(y_true, tf.constant(y_pred))) == 0.0
    assert float(losses.MeanSquaredError(reduction=reduction)(y_true, y_pred, np.zeros(BATCH))) == 0.0


def test_row_weights_of_a_sequence_count_for_each_step():
    y_true, y_pred = make("real", THREE)
    weights = np.arange(1.0, BATCH + 1)
    loss = losses.MeanSquaredError()
    np.testing.assert_allclose(loss(y_true, y_pred, weights), loss(y_true, y_pred, weights[:, None]), rtol=1e-12)


def test_a_mask_works_in_compiled_code():
    y_true, y_pred = make("classes", THREE)
    loss = losses.SparseCategoricalCrossentropy(ignore_class=1)
    mask = np.random.default_rng(5).uniform(size=(BATCH, 4)) < 0.6

    def masked(y_true, y_pred):
        set_mask(y_pred, tf.constant(mask))
        return loss(y_true, y_pred)

    compiled = tf.function(masked, autograph=False, jit_compile=True)(tf.constant(y_true), tf.constant(y_pred))
    np.testing.assert_allclose(compiled, masked(y_true, tf.constant(y_pred)), rtol=1e-10)
    kept = mask & (y_true != 1)
    expected = -np.log(np.take_along_axis(y_pred, y_true[..., None], -1)[..., 0])[kept].mean()
    np.testing.assert_allclose(compiled, expected, rtol=1e-10)


# ---------------------------------------------------------------- shapes


@pytest.mark.parametrize("name", ["mean_squared_error", "mean_absolute_error", "huber", "cosine_similarity"])
@pytest.mark.parametrize(
    "true, pred", [((5,), (5, 1)), ((5, 1), (5,)), ((5, 4), (5, 4, 1)), ((5, 4, 1), (5, 4)), ((5,), (5,))]
)
def test_one_trailing_axis_is_squeezed_as_in_keras(name, true, pred):
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.uniform(size=true), rng.uniform(size=pred)
    ours, theirs = (np.asarray(getattr(side, name)(y_true, y_pred)) for side in (losses, keras.losses))
    assert_equal([ours], [theirs])


@pytest.mark.parametrize("from_logits", [False, True])
def test_sparse_axis_equals_one_hot_axis(from_logits):
    """Keras refuses an axis other than the last on TensorFlow: the witness is the one-hot loss."""
    y_pred = np.random.default_rng(0).uniform(0.05, 0.2, size=(BATCH, 3, 4))
    if not from_logits:
        y_pred /= y_pred.sum(1, keepdims=True)
    classes = np.random.default_rng(1).integers(0, 3, size=(BATCH, 4))
    one_hot = np.moveaxis(np.eye(3)[classes], -1, 1)
    sparse = losses.sparse_categorical_crossentropy(classes, y_pred, from_logits=from_logits, axis=1)
    dense = losses.categorical_crossentropy(one_hot, y_pred, from_logits=from_logits, axis=1)
    np.testing.assert_allclose(sparse, dense, rtol=1e-10)


def test_circle_with_references():
    labels, embeddings = make("embeddings", (6, 4))
    references = embeddings[3:] * 0.9
    results = [
        differentiate(lambda t, p, side=side: side.circle(t, p, [0, 1, 2], references, False, 3.0), labels, embeddings)
        for side in (losses, keras.losses)
    ]
    assert_equal(*results)


# ---------------------------------------------------------------- dtypes


@pytest.mark.parametrize("dtype, expected", [("float16", "float32"), ("bfloat16", "float32"), ("float64", "float64")])
def test_a_loss_computes_in_the_predictions_dtype_but_not_in_half(dtype, expected):
    y_pred = tf.cast([[0.2, 0.8], [0.5, 0.5]], dtype)
    assert losses.MeanSquaredError()([[0, 1], [1, 0]], y_pred).dtype == expected
    assert losses.MeanSquaredError(dtype=dtype)([[0, 1], [1, 0]], y_pred).dtype == dtype


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy", "kl_divergence", "poisson"])
def test_half_precision_stays_finite(name, dtype):
    value = getattr(losses, name)([[0.0, 1.0]], tf.constant([[1.0, 0.0]], dtype))
    assert value.dtype == dtype
    assert np.isfinite(tf.cast(value, tf.float32)).all()


def test_large_class_numbers_survive_a_small_dtype():
    """257 is not a bfloat16: class numbers are never cast to the dtype of the loss."""
    scores = tf.one_hot([257], 300) * 8.0
    assert float(losses.SparseCategoricalCrossentropy(from_logits=True, dtype="bfloat16")([257], scores)) < 0.2


def test_python_numbers_keep_their_digits_in_float64():
    loss = losses.MeanAbsoluteError(dtype="float64")
    assert float(loss([[0.1]], [[0.0]], 0.3)) == 0.1 * 0.3


# ---------------------------------------------------------------- names and configs

CLASSES = sorted({item.values[0] for item in ROWS})
# Keras leaves these arguments out of its config, so that a copy would forget them; ours are kept, and Keras reads them.
FORGOTTEN_BY_KERAS = {
    "Huber": {"delta": 1.0},
    "CosineSimilarity": {"axis": -1},
    "SparseCategoricalCrossentropy": {"axis": -1},
}


@pytest.mark.parametrize("name", CLASSES)
def test_config_and_signature_are_those_of_keras(name):
    ours, theirs = getattr(losses, name), getattr(keras.losses, name)
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    assert ours().get_config() == {**theirs().get_config(), **FORGOTTEN_BY_KERAS.get(name, {})}


@pytest.mark.parametrize("name", sorted({snake_case(name) for name in CLASSES} | {"get", "serialize", "deserialize"}))
def test_function_signature_is_that_of_keras(name):
    ours, theirs = getattr(losses, name), getattr(keras.losses, name)
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))


@pytest.mark.parametrize("name, arguments, data, shape, rtol, function", ROWS)
def test_config_round_trip_both_ways(name, arguments, data, shape, rtol, function):
    ours, theirs = getattr(losses, name), getattr(keras.losses, name)
    original = ours(**arguments, reduction="sum", name="mine")
    copy = losses.deserialize(losses.serialize(original))
    assert type(copy) is ours and copy.get_config() == original.get_config()
    known = theirs.from_config(original.get_config()).get_config()
    assert known == {key: value for key, value in original.get_config().items() if key in known}
    reference = theirs(**arguments, reduction="sum", name="mine")
    rebuilt = losses.deserialize(keras.losses.serialize(reference))
    assert {key: rebuilt.get_config()[key] for key in reference.get_config()} == reference.get_config()


ALIASES = ["mse", "MSE", "mae", "MAE", "mape", "MAPE", "msle", "MSLE", "bce", "BCE", "kld", "KLD"]


@pytest.mark.parametrize("name", ALIASES + [snake_case(n) for n in CLASSES] + CLASSES)
def test_names_mean_what_they_mean_in_keras(name):
    ours = losses.get(name)
    if "eneralized" in name:  # Keras's get() does not know it
        assert inspect.isfunction(ours) == name.islower()
        return
    theirs = keras.losses.get(name)
    if inspect.isfunction(theirs):
        assert ours.__name__ == theirs.__name__
        assert losses.serialize(ours) == keras.losses.serialize(theirs)
        assert losses.deserialize(keras.losses.serialize(theirs)) is ours
    else:
        assert type(ours).__name__ == type(theirs).__name__
        serialized = keras.losses.serialize(theirs)
        assert {**losses.serialize(ours), "config": None} == {**serialized, "config": None}


def test_get_takes_objects_classes_functions_and_none():
    loss = losses.Huber(2.0)
    assert losses.get(loss) is loss
    assert losses.get(None) is None
    assert isinstance(losses.get(losses.Huber), losses.Huber)
    assert losses.get({"class_name": "Huber", "config": {"delta": 3.0}}).delta == 3.0


def largest_error(y_true, y_pred, scale=1.0):
    return scale * tf.reduce_max(tf.abs(y_true - y_pred), axis=-1)


class Doubled(losses.Loss):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * tf.reduce_mean(tf.square(y_true - y_pred), axis=-1)


def test_own_losses():
    y_true, y_pred = make("real", (BATCH, 3))
    loss = losses.FunctionLoss(largest_error, scale=10.0)
    np.testing.assert_allclose(loss(y_true, y_pred), 10 * np.abs(y_true - y_pred).max(-1).mean(), rtol=1e-12)
    assert loss.name == "largest_error"
    with custom_object_scope({"largest_error": largest_error}):
        copy = losses.deserialize(losses.serialize(loss))
    np.testing.assert_allclose(copy(y_true, y_pred), loss(y_true, y_pred), rtol=1e-12)

    own = Doubled(factor=3.0, reduction="sum")
    np.testing.assert_allclose(own(y_true, y_pred), 3 * ((y_true - y_pred) ** 2).mean(-1).sum(), rtol=1e-12)
    assert own.get_config() == {"name": "doubled", "reduction": "sum", "factor": 3.0}
    assert losses.deserialize(losses.serialize(own), {"Doubled": Doubled}).factor == 3.0


def test_a_function_loss_never_pairs_every_row_with_every_other():
    loss = losses.FunctionLoss(lambda y_true, y_pred: tf.square(y_true - y_pred), reduction="none")
    assert loss(np.arange(4.0), np.zeros((4, 1))).shape == (4, 1)


# ---------------------------------------------------------------- errors

ZEROS = np.zeros
ERRORS = [
    ("shapes", lambda: losses.mean_squared_error(ZEROS((5, 3)), ZEROS((5, 2))),
     ValueError, r"mean_squared_error .* expects .* y_true of shape \(5, 3\) and y_pred of shape \(5, 2\)\. "),
    ("rank", lambda: losses.MeanAbsoluteError()(ZEROS((5,)), ZEROS((5, 2))), ValueError, r"y_true of shape \(5,"),
    ("broadcast", lambda: losses.Huber()(ZEROS((5, 1)), ZEROS((5, 2))), ValueError, "huber compares element"),
    ("scalars", lambda: losses.mean_squared_error(0.0, 1.0), ValueError, "expects a batch axis"),
    ("one-hot as sparse", lambda: losses.sparse_categorical_crossentropy(ZEROS((5, 3)), ZEROS((5, 3))),
     ValueError, "For one-hot labels use categorical_crossentropy"),
    ("sparse as one-hot", lambda: losses.CategoricalCrossentropy()(ZEROS((5,)), ZEROS((5, 3))),
     ValueError, "for class numbers use sparse_categorical_crossentropy"),
    ("label too large", lambda: losses.sparse_categorical_crossentropy([0, 3], np.ones((2, 3))),
     ValueError, "expects class numbers from 0 to 2, .* received labels from 0 to 3. Give the last layer 4 units"),
    ("label negative", lambda: losses.SparseCategoricalCrossentropy()([-1, 2], np.ones((2, 3))),
     ValueError, "received labels from -1 to 2. .* ignore_class"),
    ("label too large, generalized", lambda: losses.CategoricalGeneralizedCrossEntropy()([3], np.ones((1, 3))),
     ValueError, "categorical_generalized_cross_entropy expects class numbers from 0 to 2"),
    ("host labels", lambda: losses.check_labels(np.array([4]), 4), ValueError, "from 0 to 3"),
    ("weights", lambda: losses.MeanSquaredError()(ZEROS((5, 3)), ZEROS((5, 3)), ZEROS((3,))),
     ValueError, r"MeanSquaredError 'mean_squared_error' expects a sample_weight .* received shape \(3,\)"),
    ("column weights", lambda: losses.MeanSquaredError()(ZEROS(THREE), ZEROS(THREE), ZEROS((4,))),
     ValueError, "matches the leading axes"),
    ("weights of a sum over the batch", lambda: losses.Dice()(ZEROS((5, 3)), ZEROS((5, 3)), ZEROS((5,))),
     ValueError, "no batch axis"),
    ("reduction", lambda: losses.Huber(reduction="average"), ValueError, "Huber expects one of .* 'average'"),
    ("smoothing", lambda: losses.BinaryCrossentropy(label_smoothing=2.0)(ZEROS((5, 1)), ZEROS((5, 1))),
     ValueError, "label_smoothing expects a number from 0"),
    ("q", lambda: losses.CategoricalGeneralizedCrossEntropy(q=1.0), ValueError, "expects 0 < q < 1; received q=1.0"),
    ("circle", lambda: losses.circle(ZEROS((4,)), ZEROS((5, 3))), ValueError, "circle expects y_true of shape"),
    ("ctc", lambda: losses.CTC()(ZEROS((4,)), ZEROS((4, 5, 3))), ValueError, "ctc expects y_true of shape"),
    ("no call", lambda: losses.Loss()(ZEROS((5, 1)), ZEROS((5, 1))), NotImplementedError, "has no call"),
    ("not a function", lambda: losses.FunctionLoss("mse"), TypeError, "expects a function"),
    ("name", lambda: losses.get("mean_squared_eror"), ValueError, "Unknown loss .* Did you mean 'mean_squared_error'"),
    ("type", lambda: losses.get(3), TypeError, "received 3 of type int"),
]


@pytest.mark.parametrize("action, error, pattern", [pytest.param(*rest, id=name) for name, *rest in ERRORS])
def test_errors_say_what_was_expected(action, error, pattern):
    with pytest.raises(error, match=pattern):
        action()


def test_a_single_class_is_worth_a_warning():
    with pytest.warns(UserWarning, match="single class is zero"):
        losses.categorical_crossentropy(np.ones((2, 1)), np.ones((2, 1)))


def test_ignored_labels_are_not_out_of_range():
    losses.check_labels([0, -1, 2, 255], num_classes=256, ignore_class=-1)
    losses.check_labels(np.zeros(0), num_classes=2)


# ---------------------------------------------------------------- completeness

NOT_HERE = {}  # name: reason
NO_ROW = {"Loss": "the base class", "get": "names", "serialize": "configs", "deserialize": "configs"}


def test_every_public_name_of_keras_is_here_and_has_a_row():
    public = {name for name in dir(keras.losses) if not name.startswith("_")}
    assert {name for name in public if not hasattr(losses, name)} == set(NOT_HERE)
    tested = {*CLASSES, *(snake_case(name) for name in CLASSES)}
    assert public - tested - set(NO_ROW) - set(NOT_HERE) == set()
    assert set(NO_ROW) | set(NOT_HERE) <= public


def test_every_own_loss_class_has_a_row():
    own = {name for name, item in vars(losses).items() if inspect.isclass(item) and issubclass(item, losses.Loss)}
    assert own - {"Loss", "FunctionLoss"} == set(CLASSES)
