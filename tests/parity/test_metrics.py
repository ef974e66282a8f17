"""Metrics against Keras: state and result after each batch, weights and masks, configs; eager = compiled = XLA."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.metrics import ALL_OBJECTS_DICT

import losses
from engine import dtypes, metrics
from engine.metrics import functions
from losses.ground.lookup import custom_object_scope
from losses.ground.masks import set_mask

TWO, THREE = (5, 3), (5, 4, 3)  # the first batch; the second has 2 rows
SINGLE = 2e-6  # for what Keras computes in float32 whatever the dtype
TOLERANCE = {"LogCoshError": 1e-8}  # Keras's log(2) has float32 digits


def row(name, data, shape=TWO, weights=None, mask=None, rtol=1e-10, **arguments):
    """One metric with its arguments; the kind and shape of its data; how many axes weights and mask have."""
    text = ",".join(f"{key}={value}" for key, value in arguments.items())
    extra = "".join(f"-{key}{value}" for key, value in {"weights": weights, "mask": mask}.items() if value is not None)
    row_id = f"{name}({text})-{data}-{'x'.join(map(str, shape))}{extra}"
    return pytest.param(name, arguments, data, shape, weights, mask, TOLERANCE.get(name, rtol), id=row_id)


MEANS = [  # name, data, arguments
    ("MeanSquaredError", "real", {}),
    ("MeanAbsoluteError", "real", {}),
    ("MeanAbsolutePercentageError", "real", {}),
    ("MeanSquaredLogarithmicError", "positive", {}),
    ("LogCoshError", "real", {}),
    ("CosineSimilarity", "real", {}),
    ("Hinge", "signs", {}),
    ("SquaredHinge", "signs", {}),
    ("CategoricalHinge", "one_hot", {}),
    ("KLDivergence", "one_hot", {}),
    ("Poisson", "positive", {}),
    ("BinaryCrossentropy", "binary", {}),
    ("BinaryAccuracy", "binary", {}),
    ("Accuracy", "numbers", {}),
    ("CategoricalCrossentropy", "one_hot", {}),
    ("CategoricalAccuracy", "one_hot", {}),
    ("SparseCategoricalCrossentropy", "classes", {}),
    ("SparseCategoricalAccuracy", "classes", {}),
    ("PearsonCorrelation", "real", {}),
    ("ConcordanceCorrelation", "real", {}),
]
ELEMENTWISE = ("BinaryAccuracy", "Accuracy")
COUNTS = ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")
AT = {"SensitivityAtSpecificity": "specificity", "SpecificityAtSensitivity": "sensitivity",
      "PrecisionAtRecall": "recall", "RecallAtPrecision": "precision"}  # fmt: skip

ROWS = [
    *(row(name, data, **arguments) for name, data, arguments in MEANS),
    *(row(name, data, weights=1, **arguments) for name, data, arguments in MEANS),
    *(row(name, data, THREE, weights=2, **arguments) for name, data, arguments in MEANS),
    *(row(name, data, THREE, mask=3 if name in ELEMENTWISE else 2, **arguments) for name, data, arguments in MEANS),
    row("MeanSquaredError", "real", THREE, weights=2, mask=2),
    row("MeanSquaredError", "real", THREE, weights=1),
    row("MeanSquaredError", "real", (5,)),
    row("BinaryAccuracy", "binary", (5,), weights=1),
    row("BinaryAccuracy", "binary", THREE, weights=3, threshold=0.2),
    row("BinaryAccuracy", "real", threshold=0.0),
    row("BinaryCrossentropy", "binary_scores", from_logits=True, label_smoothing=0.2),
    row("CategoricalCrossentropy", "one_hot_scores", from_logits=True, label_smoothing=0.1),
    row("SparseCategoricalCrossentropy", "classes_scores", from_logits=True),
    row("SparseCategoricalCrossentropy", "class_column", THREE),
    row("SparseCategoricalCrossentropy", "classes", ignore_class=1),
    row("SparseCategoricalCrossentropy", "classes", weights=1, ignore_class=1),
    row("SparseCategoricalAccuracy", "class_column"),
    row("SparseCategoricalAccuracy", "class_column", THREE, weights=1),
    row("CosineSimilarity", "real", THREE, axis=1),
    row("PearsonCorrelation", "real", THREE, axis=1),
    row("ConcordanceCorrelation", "real", axis=0),
    row("RootMeanSquaredError", "real"),
    row("RootMeanSquaredError", "real", THREE, weights=1),
    row("RootMeanSquaredError", "real", THREE, weights=3),
    row("RootMeanSquaredError", "real", THREE, mask=2),
    row("MeanMetricWrapper", "real", fn="huber", delta=0.3),
    row("MeanMetricWrapper", "binary", THREE, weights=2, fn="binary_accuracy", threshold=0.3),
    *(row(name, "values", shape) for name in ("Mean", "Sum") for shape in ((), (5,), TWO, THREE)),
    *(row(name, "values", THREE, weights=axes) for name in ("Mean", "Sum") for axes in (0, 1, 2, 3)),
    row("Mean", "values", (), weights=0),
    *(row(name, "binary") for name in COUNTS),
    *(row(name, "binary", (5, 7), weights=1, thresholds=[0.7, 0.2, 0.4]) for name in COUNTS),
    *(row(name, "binary", thresholds=0.3) for name in COUNTS),
    *(
        row(name, data, shape, weights, **arguments)
        for name in ("Precision", "Recall")
        for data, shape, weights, arguments in [
            ("binary", TWO, None, {}),
            ("binary", (5,), 1, {}),
            ("binary", THREE, 2, {"thresholds": [0.8, 0.2]}),
            ("soft", TWO, None, {"thresholds": 0.6}),
            ("one_hot", TWO, 1, {"top_k": 2}),
            ("one_hot", TWO, None, {"top_k": 1, "class_id": 0}),
            ("one_hot", THREE, None, {"top_k": 2, "thresholds": 0.4}),
            ("binary", TWO, 1, {"class_id": 2}),
        ]
    ),
    *(row(name, "binary", (5, 7), num_thresholds=20, **{least: value})
      for name, least in AT.items() for value in (0.1, 0.6, 1.0)),
    *(row(name, "binary", (5, 7), weights=1, class_id=3, **{least: 0.5}) for name, least in AT.items()),
    *(row(name, "edges", (5, 7), num_thresholds=6, **{least: 0.5}) for name, least in AT.items()),
    *(row(name, "binary", (5, 7), num_thresholds=1, **{least: 0.3}) for name, least in AT.items()),
    *(
        row("AUC", "binary", (5, 7), weights=2, num_thresholds=9, curve=curve, summation_method=method)
        for curve in ("ROC", "PR", "PRGAIN")
        for method in ("interpolation", "minoring", "majoring")
    ),
    row("AUC", "binary"),
    row("AUC", "edges", (5, 7), num_thresholds=6),
    row("AUC", "outside", (5, 7), num_thresholds=6),
    row("AUC", "binary", (5,), weights=1, thresholds=[0.7, 0.1, 0.5]),
    row("AUC", "binary", curve="PR", thresholds=[0.9, 0.95]),
    row("AUC", "binary_scores", (5, 7), from_logits=True, num_thresholds=30),
    row("AUC", "binary", (5, 7), num_thresholds=7, multi_label=True),
    row("AUC", "binary", (5, 3), weights=1, num_thresholds=7, multi_label=True, label_weights=[1.0, 0.0, 3.0]),
    row("AUC", "binary", (5, 3), num_thresholds=7, curve="PR", multi_label=True, num_labels=3),
    row("AUC", "binary", (5, 3), thresholds=[0.2, 0.9], multi_label=True, label_weights=[1.0, 0.5, 3.0]),
    row("AUC", "binary", (5, 3), num_thresholds=5, label_weights=[1.0, 0.5, 3.0]),
    *(
        row(name, "binary", weights=weights, average=average, threshold=threshold, **arguments)
        for name, arguments in (("FBetaScore", {"beta": 2.0}), ("F1Score", {}))
        for weights in (None, 1)
        for average in (None, "micro", "macro", "weighted")
        for threshold in (None, 0.4)
    ),
    row("FBetaScore", "one_hot_zeros"),
    *(
        row("R2Score", "real", weights=weights, class_aggregation=aggregation)
        for aggregation in ("uniform_average", "variance_weighted_average", None)
        for weights in (None, 1, 2)
    ),
    row("R2Score", "real", num_regressors=2),
    row("R2Score", "real", class_aggregation=None, num_regressors=3),
    row("R2Score", "constant", class_aggregation=None),
    row("IoU", "numbers", num_classes=4, target_class_ids=[0, 2], rtol=SINGLE),
    row("IoU", "numbers", THREE, num_classes=5, target_class_ids=(3, 4), rtol=SINGLE),
    row("MeanIoU", "numbers", num_classes=5, rtol=SINGLE),
    row("MeanIoU", "numbers", num_classes=3, ignore_class=1, rtol=SINGLE),
    row("MeanIoU", "numbers", weights=2, num_classes=4, ignore_class=-1, dtype="float64", rtol=SINGLE),
    row("MeanIoU", "one_hot", num_classes=3, sparse_y_true=False, sparse_y_pred=False, rtol=SINGLE),
    row("BinaryIoU", "binary", rtol=SINGLE),
    row("BinaryIoU", "binary", THREE, weights=3, target_class_ids=[1], threshold=0.3, dtype="float32", rtol=SINGLE),
    row("OneHotIoU", "one_hot", num_classes=3, target_class_ids=[0, 2], rtol=SINGLE),
    row("OneHotIoU", "one_hot_columns", num_classes=3, target_class_ids=[1], axis=0, rtol=SINGLE),
    row("OneHotMeanIoU", "one_hot", THREE, weights=2, num_classes=3, dtype="float64", rtol=SINGLE),
    row("OneHotMeanIoU", "one_hot_numbers", num_classes=3, sparse_y_pred=True, ignore_class=0, rtol=SINGLE),
]  # fmt: skip
NAMES = ("name", "arguments", "data", "shape", "weights", "mask", "rtol")
by_rows = pytest.mark.parametrize(", ".join(NAMES), ROWS)
CLASSES = sorted({item.values[0] for item in ROWS} | {"TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy"})
WITHOUT_DTYPE = ("IoU", "BinaryIoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU")  # float64 state by default, see there


@pytest.fixture(autouse=True)
def float64():
    """Some of Keras's metrics keep their state in the default float, whatever their dtype."""
    before, ours = keras.config.floatx(), dtypes.policy().name
    keras.config.set_floatx("float64")
    dtypes.set_floatx("float64")
    yield
    keras.config.set_floatx(before)
    dtypes.set_floatx(before)
    dtypes.set_policy(ours)


def make(data, shape, seed):
    """`y_true, y_pred` of a batch in float64, class numbers in int64."""
    rng = np.random.default_rng([seed, *shape])
    if data == "values":
        return (rng.normal(size=shape),)
    scores = rng.normal(size=shape)
    probability = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    binary = rng.integers(0, 2, size=shape).astype("float64")
    uniform = rng.uniform(0.01, 0.99, size=shape)
    classes = rng.integers(0, shape[-1], size=shape[:-1])
    one_hot = np.eye(shape[-1])[classes]
    numbers = rng.integers(-1, 4, size=shape), rng.integers(0, 4, size=shape)
    grid = rng.integers(0, 6, size=shape) / 5.0  # on the thresholds, where > and >= differ
    return {
        "real": (rng.normal(size=shape), scores),
        "positive": (rng.uniform(0.1, 3.0, size=shape), rng.uniform(0.1, 3.0, size=shape)),
        "signs": (2.0 * binary - 1.0, scores),
        "binary": (binary, uniform),
        "soft": (binary * 0.3, uniform),
        "binary_scores": (binary, scores),
        "edges": (binary, grid),
        "outside": (binary, 3.0 * uniform - 1.0),
        "numbers": numbers,
        "constant": (np.ones(shape), scores),
        "classes": (classes, probability),
        "class_column": (classes[..., None], probability),
        "classes_scores": (classes, scores),
        "one_hot": (one_hot, probability),
        "one_hot_columns": (np.moveaxis(one_hot, -1, 0), np.moveaxis(probability, -1, 0)),
        "one_hot_scores": (one_hot, scores),
        "one_hot_zeros": (one_hot, probability * (classes != 1)[..., None]),
        "one_hot_numbers": (one_hot, rng.integers(0, shape[-1], size=shape[:-1])),
    }[data]


def batches(data, shape, weights, mask):
    """Two batches of different sizes: `(arrays, sample_weight, mask)`."""
    for seed, rows in enumerate((5, 2)):
        size = (rows, *shape[1:]) if shape else ()
        rng = np.random.default_rng(seed + 7)
        yield (
            make(data, size, seed),
            None if weights is None else rng.uniform(0.2, 2.0, size=size[:weights]),
            None if mask is None else rng.integers(0, 2, size=size[:mask]).astype(bool),
        )


def build(side, name, arguments):
    """The metric of one side, with float64 unless the row or the metric's own default says otherwise."""
    arguments = dict(arguments)
    if "fn" in arguments:
        arguments["fn"] = getattr(side, arguments["fn"])
    if name not in WITHOUT_DTYPE:
        arguments.setdefault("dtype", "float64")
    return getattr(side, name)(**arguments)


def update(metric, arrays, weights, mask, set_mask):
    tensors = [tf.convert_to_tensor(array) for array in arrays]
    if mask is not None:
        set_mask(tensors[-1], tf.convert_to_tensor(mask))
    metric.update_state(*tensors, sample_weight=None if weights is None else tf.convert_to_tensor(weights))


def set_keras_mask(tensor, mask):
    tensor._keras_mask = mask


def close(ours, theirs, rtol=1e-10):
    ours, theirs = np.asarray(ours, "float64"), np.asarray(theirs, "float64")
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol)


# ---------------------------------------------------------------- numbers


def state_and_result_after_each_batch(name, arguments, data, shape, weights, mask):
    """Pairs of arrays, ours and Keras's: each variable and the result after each batch, twice from the start."""
    ours, theirs = build(metrics, name, arguments), build(keras.metrics, name, arguments)
    for _ in range(2):
        for arrays, weight, masked in batches(data, shape, weights, mask):
            update(ours, arrays, weight, masked, set_mask)
            update(theirs, arrays, weight, masked, set_keras_mask)
            assert len(ours.variables) == len(theirs.variables)
            for pair in [*zip(ours.variables, theirs.variables), (ours.result(), theirs.result())]:
                yield [np.asarray(item, "float64") for item in pair]
        ours.reset_state()
        theirs.reset_state()
        assert not any(np.any(variable.numpy()) for variable in ours.variables)


@by_rows
def test_state_and_result_after_each_batch(name, arguments, data, shape, weights, mask, rtol):
    for mine, reference in state_and_result_after_each_batch(name, arguments, data, shape, weights, mask):
        close(mine, reference, rtol)


ONE_EACH = list({item.values[0]: item.values for item in ROWS}.values())


@pytest.mark.parametrize("jit_compile, todo", [(False, [item.values for item in ROWS]), (True, ONE_EACH)], ids=["", "xla"])
def test_compiled_equals_eager(jit_compile, todo):
    """Fifty rows in one function: each alone takes minutes, all at once twice as long. With XLA one row of each class."""
    for start in range(0, len(todo), 50):
        check_compiled(todo[start : start + 50], jit_compile)


def check_compiled(todo, jit_compile):
    """One trace serves both batches, 5 rows and 2."""
    eager, compiled = ([build(metrics, *values[:2]) for values in todo] for _ in range(2))
    first, second = zip(*(batches(*values[2:6]) for values in todo))
    pairs = [pair for pair in zip(tf.nest.flatten(first), tf.nest.flatten(second)) if pair[0] is not None]
    specs = [
        tf.TensorSpec([size if size == other else None for size, other in zip(one.shape, two.shape)], one.dtype)
        for one, two in pairs
    ]

    def train(chosen, arrays):
        rest = iter(arrays)
        for metric, batch in zip(chosen, first):
            update(metric, *tf.nest.map_structure(lambda item: None if item is None else next(rest), batch), set_mask)
        return [metric.result() for metric in chosen]

    function = tf.function(
        lambda *arrays: train(compiled, arrays), input_signature=specs, autograph=False, jit_compile=jit_compile
    )
    for arrays in zip(*pairs):
        expected, results = train(eager, arrays), function(*arrays)
    for values, result, reference in zip(todo, results, expected, strict=True):
        np.testing.assert_allclose(result, reference, rtol=1e-9, atol=1e-12, err_msg=str(values))


def test_state_is_the_metrics_variables():
    """Raw trainable=False variables, found also when they were made at the first batch, inside a compiled function."""
    metric = metrics.F1Score()
    assert metric.variables == []
    tf.function(metric.update_state, autograph=False, jit_compile=True)(np.eye(3), np.eye(3))
    assert [variable.shape for variable in metric.variables] == [(3,)] * 4
    assert all(isinstance(variable, tf.Variable) and not variable.trainable for variable in metric.variables)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_every_class_computes_in_its_dtype(dtype):
    for name, arguments, data, shape, *_ in ONE_EACH:
        metric, exact = (build(metrics, name, {**arguments, "dtype": each}) for each in (dtype, "float64"))
        arrays = make(data, shape, 0)
        arrays = [tf.cast(each, dtype) if each.dtype.kind == "f" else tf.constant(each) for each in arrays]
        result, reference = metric(*arrays), exact(*arrays)
        assert result.dtype == dtype
        # 0.02 and 0.08: eight and two units in the last place of the half precisions, for sums of 15 terms
        tolerance = {"float32": 1e-4, "float16": 0.02, "bfloat16": 0.08}[dtype]
        np.testing.assert_allclose(
            tf.cast(result, "float64"), tf.cast(reference, "float64"), tolerance, tolerance, err_msg=name
        )


SCORES = [[0.1, 0.2, 0.2, 0.5], [0.4, 0.3, 0.2, 0.1], [0.1, 0.6, 0.1, 0.2], [0.3, 0.1, 0.2, 0.4], [0.1, 0.2, 0.3, 0.4]]


def top_k_results(side, k):
    """By name. In float32, the only dtype of Keras's; with ties, and with a label that is no class."""
    scores, labels, one_hot = np.array(SCORES, "float32"), np.array([1, 1, 2, 0, 7]), np.eye(4)[[2, 1, 2, 0, 3]]
    sparse = side.SparseTopKCategoricalAccuracy(k=k, dtype="float32")
    dense = side.TopKCategoricalAccuracy(k=k, dtype="float32")
    for part in (slice(0, 3), slice(3, 5)):
        sparse.update_state(labels[part, None], scores[part], sample_weight=np.arange(1.0, 6.0)[part])
        dense.update_state(one_hot[part], scores[part])
    return {
        "SparseTopKCategoricalAccuracy": sparse.result(),
        "TopKCategoricalAccuracy": dense.result(),
        "sparse_top_k_categorical_accuracy": side.sparse_top_k_categorical_accuracy(labels, scores, k),
        "top_k_categorical_accuracy": side.top_k_categorical_accuracy(one_hot.astype("float32"), scores, k),
    }


K = [1, 2, 3, 4, 9]


@pytest.mark.parametrize("k", K)
def test_top_k(k):
    theirs = top_k_results(keras.metrics, k)
    for name, mine in top_k_results(metrics, k).items():
        close(mine, theirs[name], 1e-6)


def test_top_k_of_sorted_class_numbers():
    ids, labels = np.array([[3, 1, 2], [0, 1, 2]]), np.array([1, 2])
    ours, theirs = (side.sparse_top_k_categorical_accuracy(labels, ids, 2, from_sorted_ids=True)
                    for side in (metrics, keras.metrics))  # fmt: skip
    close(ours, theirs)


FUNCTIONS = {
    "binary_accuracy": "binary", "categorical_accuracy": "one_hot", "sparse_categorical_accuracy": "classes",
    "pearson_correlation": "real", "concordance_correlation": "real",
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("shape", [TWO, THREE])
def test_functions(name, shape):
    y_true, y_pred = make(FUNCTIONS[name], shape, 0)
    close(getattr(metrics, name)(y_true, y_pred), getattr(keras.metrics, name)(y_true, y_pred))


# ---------------------------------------------------------------- where the two differ, on purpose


def test_more_regressors_than_samples_are_not_adjusted_for():
    """Keras says so in a warning, which a compiled step could not give."""
    y_true, y_pred = make("real", TWO, 0)
    close(metrics.R2Score(num_regressors=40)(y_true, y_pred), keras.metrics.R2Score(dtype="float64")(y_true, y_pred))


def test_weights_and_mask_of_different_rank_meet():
    """Keras fails here: a weight per sample, a mask per step."""
    y_true, y_pred = make("real", THREE, 0)
    metric, mask, weights = metrics.MeanSquaredError(), np.arange(20).reshape(5, 4) % 3 > 0, np.arange(1.0, 6.0)
    update(metric, (y_true, y_pred), weights, mask, set_mask)
    errors = ((y_true - y_pred) ** 2).mean(-1)
    close(metric.result(), (errors * mask * weights[:, None]).sum() / (mask * weights[:, None]).sum())


def test_fractional_weights_of_a_confusion_matrix_count():
    """Keras's matrix is int64 by default and rounds each weight down; here it is float64."""
    metric = metrics.MeanIoU(num_classes=2)
    close(metric([0, 0, 1, 1], [0, 1, 0, 1], sample_weight=[0.3, 0.3, 0.3, 0.1]), (0.3 / 0.9 + 0.1 / 0.7) / 2, 1e-9)


def test_nothing_yet_is_zero():
    for name, arguments, *_ in ONE_EACH:
        assert not np.any(build(metrics, name, arguments).result()), name


# ---------------------------------------------------------------- accuracy by shapes

SHAPES = [((4, 1), (4, 1)), ((4,), (4, 1)), ((4, 5), (4, 5, 1)), ((4, 5, 1), (4, 5, 1)),
          ((4,), (4, 3)), ((4, 1), (4, 3)), ((4, 5), (4, 5, 3)), ((4, 5, 1), (4, 5, 3)),
          ((4, 3), (4, 3)), ((4, 5, 3), (4, 5, 3))]  # fmt: skip


@pytest.mark.parametrize("labels, outputs", SHAPES)
def test_accuracy_means_what_it_means_in_keras(labels, outputs):
    rng = np.random.default_rng(0)
    y_true, y_pred = np.zeros(labels), rng.uniform(0.2, 0.8, size=outputs)
    inputs = keras.Input(outputs[1:])
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    model.compile(loss="mse" if labels == outputs else None, metrics=["accuracy"], run_eagerly=True)
    chosen = model._compile_metrics
    chosen.update_state(tf.constant(y_true), tf.constant(y_pred))
    theirs = chosen.metrics[0]
    ours = metrics.for_shapes("accuracy", y_true, y_pred)
    assert ours.name == "accuracy" and type(ours).__name__ == type(theirs).__name__
    close(ours(y_true, y_pred), theirs.result())


@pytest.mark.parametrize("labels, outputs", SHAPES)
def test_crossentropy_is_of_the_same_kind(labels, outputs):
    accuracy, crossentropy = (
        type(metrics.for_shapes(name, np.zeros(labels), np.zeros(outputs))).__name__ for name in ("acc", "ce")
    )
    assert accuracy.replace("Accuracy", "") == crossentropy.replace("Crossentropy", "")


def test_a_vector_of_outputs_is_a_column():
    assert isinstance(metrics.for_shapes("acc", np.zeros(4), np.zeros(4)), metrics.BinaryAccuracy)


# ---------------------------------------------------------------- configs and names


def plain(config):
    return {key: np.asarray(value).tolist() if key == "label_weights" else value for key, value in config.items()}


@by_rows
def test_config_equals_and_goes_both_ways(name, arguments, data, shape, weights, mask, rtol):
    arguments = {**arguments, "name": "mine"}
    ours, theirs = build(metrics, name, arguments), build(keras.metrics, name, arguments)
    config = ours.get_config()
    if name == "CosineSimilarity":  # Keras forgets the axis
        assert config.pop("axis", -1) == arguments.get("axis", -1)
    assert plain(config) == plain(theirs.get_config())
    serialized = metrics.serialize(ours)
    assert {**serialized, "config": None} == {**keras.metrics.serialize(theirs), "config": None}
    back = keras.metrics.deserialize(serialized)
    assert type(back) is type(theirs) and plain(back.get_config()) == plain(theirs.get_config())
    rebuilt = metrics.deserialize({**serialized, "config": plain(theirs.get_config())})
    assert type(rebuilt) is type(ours) and {**ours.get_config(), **rebuilt.get_config()} == ours.get_config()
    assert metrics.deserialize(serialized).get_config() == ours.get_config()


@pytest.mark.parametrize("name", CLASSES)
def test_constructor_is_that_of_keras(name):
    def arguments(side):
        parameters = inspect.signature(getattr(side, name).__init__).parameters.values()
        return [(p.name, p.default) for p in parameters if p.kind is not p.VAR_KEYWORD]

    assert arguments(metrics) == arguments(keras.metrics)


def test_top_k_config():
    for ours in (metrics.TopKCategoricalAccuracy(3), metrics.SparseTopKCategoricalAccuracy(3)):
        assert ours.get_config() == getattr(keras.metrics, type(ours).__name__)(3).get_config()
    ours = metrics.SparseTopKCategoricalAccuracy(2, from_sorted_ids=True)
    assert metrics.deserialize(metrics.serialize(ours)).from_sorted_ids
    assert keras.metrics.deserialize(metrics.serialize(ours)).from_sorted_ids


def test_names_mean_what_they_mean_in_keras():
    ours, theirs = metrics._TABLE, ALL_OBJECTS_DICT
    assert {name: item.__name__ for name, item in theirs.items()} == {name: ours[name].__name__ for name in theirs}
    assert metrics.get("huber") is losses.huber
    assert metrics.get(None) is None and isinstance(metrics.get(metrics.Mean), metrics.Mean)


def largest_error(y_true, y_pred, scale=1.0):
    return scale * tf.reduce_max(tf.abs(y_true - y_pred), axis=-1)


class Largest(metrics.Metric):
    def __init__(self, start=0.0, name="largest", **kwargs):
        super().__init__(name=name, **kwargs)
        self.start = start
        self.seen = self.add_weight(name="seen", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.seen.assign(tf.maximum(self.seen, tf.reduce_max(y_pred) + self.start))

    def result(self):
        return self.seen


def test_own_metrics():
    y_true, y_pred = make("real", TWO, 0)
    metric = metrics.MeanMetricWrapper(largest_error, name="worst", scale=10.0)
    close(metric(y_true, y_pred), 10 * np.abs(y_true - y_pred).max(-1).mean())
    with custom_object_scope({"largest_error": largest_error}):
        copy = metrics.deserialize(metrics.serialize(metric))
    close(copy(y_true, y_pred), metric.result())

    own = metrics.deserialize(metrics.serialize(Largest(start=2.0)), {"Largest": Largest})
    close(own(y_true, y_pred), max(y_pred.max() + 2.0, 0.0))
    wrapped = metrics.MeanMetricWrapper(losses.Huber(reduction="none"), name="huber")
    close(metrics.deserialize(metrics.serialize(wrapped))(y_true, y_pred), wrapped(y_true, y_pred))


# ---------------------------------------------------------------- errors

ZEROS = np.zeros
ERRORS = [
    ("shapes", lambda: metrics.MeanSquaredError()(ZEROS((5, 3)), ZEROS((5, 2))), r"received y_true of shape \(5, 3\)"),
    ("broadcast", lambda: metrics.BinaryAccuracy()(ZEROS((5, 1)), ZEROS((5, 2))), "binary_accuracy compares element"),
    ("weights", lambda: metrics.Mean()(ZEROS((5, 3)), ZEROS((4,))), r"Mean 'mean' expects a sample_weight .* \(4,\)"),
    ("sparse as one-hot", lambda: metrics.CategoricalAccuracy()(ZEROS((5,)), ZEROS((5, 3))), "use the sparse_ function"),
    ("one-hot as sparse", lambda: metrics.SparseCategoricalAccuracy()(ZEROS((5, 3)), ZEROS((5, 3))), "leave out `sparse_`"),
    ("precision", lambda: metrics.Precision()(ZEROS((5,)), ZEROS((5, 3))), "Precision 'precision.*compares element"),
    ("threshold", lambda: metrics.Recall(thresholds=[0.5, 1.2]), "Recall expects thresholds from 0 to 1; received"),
    ("no threshold", lambda: metrics.TruePositives(thresholds=[]), "TruePositives expects thresholds"),
    ("class_id", lambda: metrics.Recall(class_id=3)(ZEROS((5, 3)), ZEROS((5, 3))), "class_id=3, so it expects"),
    ("recall", lambda: metrics.PrecisionAtRecall(1.5), "PrecisionAtRecall expects recall from 0 to 1; received 1.5"),
    ("specificity", lambda: metrics.SensitivityAtSpecificity(-1), "expects specificity from 0 to 1; received -1"),
    ("num_thresholds", lambda: metrics.RecallAtPrecision(0.5, num_thresholds=0), "num_thresholds of 1 or more"),
    ("curve", lambda: metrics.AUC(curve="RCO"), "AUC expects curve to be one of .*received 'RCO'"),
    ("summation", lambda: metrics.AUC(summation_method="sum"), "AUC expects summation_method to be one of"),
    ("points", lambda: metrics.AUC(num_thresholds=1), "AUC expects num_thresholds of 2 or more"),
    ("labels", lambda: metrics.AUC(multi_label=True)(ZEROS(THREE), ZEROS(THREE)), "multi_label=True expects y_pred"),
    ("label weights", lambda: metrics.AUC(multi_label=True, num_labels=3, label_weights=[1.0]), "a label weight for each"),
    ("average", lambda: metrics.F1Score(average="mean"), "F1Score expects average to be one of .*received 'mean'"),
    ("beta", lambda: metrics.FBetaScore(beta=0.0), "FBetaScore expects a positive beta; received 0.0"),
    ("f threshold", lambda: metrics.F1Score(threshold=1.5), "F1Score expects 0 < threshold <= 1"),
    ("f rank", lambda: metrics.F1Score()(ZEROS((5,)), ZEROS((5,))), r"of shape \(batch, classes\); received \(5,\)"),
    ("aggregation", lambda: metrics.R2Score("sum"), "R2Score expects class_aggregation to be one of"),
    ("regressors", lambda: metrics.R2Score(num_regressors=-1), "num_regressors of 0 or more; received -1"),
    ("r2 rank", lambda: metrics.R2Score()(ZEROS((5,)), ZEROS((5,))), r"of shape \(batch, outputs\)"),
    ("target", lambda: metrics.IoU(2, [0, 2]), "IoU expects target_class_ids from 0 to 1, .*received 2"),
    ("iou shapes", lambda: metrics.MeanIoU(3)(ZEROS((5,)), ZEROS((5, 3))), "expects a predicted class for each label"),
    ("by shape", lambda: metrics.for_shapes("auc", ZEROS(5), ZEROS(5)), "one of 'accuracy', 'acc', .*received 'auc'"),
    ("name", lambda: metrics.get("accuracyy"), "Unknown metric 'accuracyy'. Did you mean 'accuracy'"),
]


@pytest.mark.parametrize("action, pattern", [pytest.param(*rest, id=name) for name, *rest in ERRORS])
def test_errors_say_what_was_expected(action, pattern):
    with pytest.raises(ValueError, match=pattern):
        action()


def test_a_metric_must_say_what_it_does():
    with pytest.raises(NotImplementedError, match="has no update_state"):
        metrics.Metric().update_state(0.0)
    with pytest.raises(NotImplementedError, match="has no result"):
        metrics.Metric().result()


# ---------------------------------------------------------------- completeness

NOT_HERE = {}  # name: reason
NO_ROW = {"Metric": "the base class", "get": "names", "serialize": "configs", "deserialize": "configs"}


def test_every_public_name_of_keras_is_here_and_has_a_row():
    public = {name for name in dir(keras.metrics) if not name.startswith("_")}
    assert {name for name in public if not hasattr(metrics, name)} == set(NOT_HERE)
    from_losses = {name for name in public if getattr(losses, name, None) is getattr(metrics, name)}
    top_k = {"top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy"}
    assert public - {*CLASSES, *FUNCTIONS, *top_k} - from_losses - set(NO_ROW) - set(NOT_HERE) == set()
    assert set(NO_ROW) | set(NOT_HERE) <= public


def test_every_own_metric_and_function_has_a_row():
    own = {name for name, item in vars(metrics).items() if inspect.isclass(item) and issubclass(item, metrics.Metric)}
    assert own - {"Metric"} == set(CLASSES)
    tested = {*FUNCTIONS, "top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy", "accuracy"}
    assert {item.__name__ for item in functions.TABLE.values()} == tested
