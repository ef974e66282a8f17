"""Values that cannot be right, in every form of data: eagerly a clear error, and in compiled code too, or NaN with a reason."""

import numpy as np
import pytest
import tensorflow as tf
from fitting import Batches, batches

import losses
from engine import Input, Model, Sequential, optimizers
from layers import (
    GRU,
    LSTM,
    BatchNormalization,
    CategoryEncoding,
    Conv1D,
    Dense,
    EinsumDense,
    Embedding,
    Flatten,
    Lambda,
    LayerNormalization,
    Rescaling,
    SimpleRNN,
    TimeDistributed,
)

FORMS = {
    "arrays": lambda *data: dict(zip(("x", "y"), data), batch_size=4),
    "a dataset": lambda *data: dict(x=tf.data.Dataset.from_tensor_slices(data).batch(4)),
    "a generator": lambda *data: dict(x=iter(batches(*data, size=4))),
    "a Sequence": lambda *data: dict(x=Batches(batches(*data, size=4))),
}
WAYS = {"eagerly": dict(run_eagerly=True), "in kernels": dict(jit_compile=False), "in XLA": dict(jit_compile=True)}


def words(dtype="int32", shape=(12, 3)):
    return np.random.default_rng(0).integers(0, 5, size=shape).astype(dtype)


def embedding(**compiling):
    model = Sequential([Embedding(5, 2), Flatten(), Dense(1)])
    model.compile(optimizers.SGD(0.0), "mse", **compiling)
    return model


BAD = {"above": (9, "from 0 to 4, received some from 0 to 9"), "below": (-1, "from 0 to 4, received some from -1 to 4"),
       "a fraction": (1.7, "takes integers, received 1.7")}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", BAD)
def test_an_embedding_is_asked_for_a_row_it_has_not(kind, form, way):
    value, message = BAD[kind]
    x, y = words("float32" if kind == "a fraction" else "int32"), np.zeros((12, 1), "float32")
    x[9, 1] = value
    model = embedding(**WAYS[way])
    for verb in ("fit", "evaluate", "predict"):
        data = FORMS[form](x, y)
        if verb == "predict":
            data.pop("y", None)
        with pytest.raises(ValueError, match=message):
            getattr(model, verb)(**data, verbose=0)


@pytest.mark.parametrize("way", WAYS)
def test_one_batch_with_a_row_that_is_not_there(way):
    x, y = words(), np.zeros((12, 1), "float32")
    x[0, 0] = 7
    model = embedding(**WAYS[way])
    for verb in ("train_on_batch", "test_on_batch"):
        with pytest.raises(ValueError, match="received some from 0 to 7"):
            getattr(model, verb)(x, y)
    with pytest.raises(ValueError, match="received some from 0 to 7"):
        model.predict_on_batch(x)


@pytest.mark.parametrize("way", WAYS)
def test_bad_rows_of_validation_data(way):
    x, y, bad = words(), np.zeros((12, 1), "float32"), words()
    bad[3, 2] = 5
    model = embedding(**WAYS[way])
    with pytest.raises(ValueError, match="received some from 0 to 5"):
        model.fit(x, y, validation_data=(bad, y), verbose=0)


def test_what_explains_changes_nothing_of_the_model():
    model = Sequential([Embedding(5, 2), BatchNormalization(), GRU(2), Dense(1)])
    model.compile("adam", "mse", jit_compile=False)
    x, y = words(), np.ones((12, 1))
    model.fit(x, y, verbose=0)
    before = model.get_weights()
    x[0, 0] = 5
    with pytest.raises(ValueError, match="Set input_dim to the largest integer plus 1"):
        model.evaluate(x, y, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("dtype", ("int8", "uint8", "int32", "int64", "uint16", "float32", "float64", "bool"))
def test_every_integer_in_range_is_taken_whatever_its_dtype(dtype):
    model, x = embedding(jit_compile=True), words() % (2 if dtype == "bool" else 5)
    np.testing.assert_allclose(model.predict(x.astype(dtype)), model.predict(x), rtol=1e-6)
    model.fit(x.astype(dtype), np.zeros((12, 1)), verbose=0)


def test_in_a_function_of_ones_own_the_outputs_are_nan():
    layer = Embedding(5, 2)
    layer.build()
    compiled = tf.function(layer, jit_compile=True)
    assert np.isnan(compiled(tf.constant([1, 9]))).all() and np.isfinite(compiled(tf.constant([1, 4]))).all()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", ("one_hot", "multi_hot", "count"))
def test_category_encoding(mode, way):
    for value, message in BAD.values():
        x = words("float32", (12, 2))
        x[5] = value
        model = Sequential([CategoryEncoding(5, output_mode=mode), Flatten(), Dense(1)])
        model.compile("sgd", "mse", **WAYS[way])
        with pytest.raises(ValueError, match=message.replace("some from 0 to 9", "some from . to 9")):
            model.predict(x)


# ---- labels --------------------------------------------------------------------------------

LABELS = {"above": (3, "class numbers from 0 to 2.*received labels from . to 3"), "below": (-1, "received labels from -1 to 2"),
          "a fraction": (0.9, "expects class numbers, received 0.9"), "NaN": (np.nan, "expects class numbers, received nan")}  # fmt: skip
OF_CLASSES = {
    "by name": lambda: "sparse_categorical_crossentropy",
    "from logits": lambda: losses.SparseCategoricalCrossentropy(from_logits=True),
    "generalized": lambda: losses.CategoricalGeneralizedCrossEntropy(q=0.5),
}


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("loss", OF_CLASSES)
def test_labels_that_are_no_classes(loss, kind, form, way):
    value, message = LABELS[kind]
    y = np.array([0, 1, 2] * 4, "float32" if value != int(value if value == value else 0.5) else "int32")
    y[9] = value
    model = Sequential([Dense(3, activation=None if loss == "from logits" else "softmax")])
    model.compile("sgd", OF_CLASSES[loss](), **WAYS[way])
    for verb in ("fit", "evaluate"):
        with pytest.raises(ValueError, match=message):
            getattr(model, verb)(**FORMS[form](np.ones((12, 2), "float32"), y), verbose=0)


def test_class_numbers_may_come_as_floats():
    model = Sequential([Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = np.ones((12, 2)), np.array([0, 1, 2] * 4)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(x, y.astype("float32"), verbose=0))


@pytest.mark.parametrize("way", WAYS)
def test_a_loss_that_is_nan_for_another_reason_stays_nan(way):
    model = Sequential([Embedding(5, 2), Flatten(), Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", **WAYS[way])
    model.build((None, 3))
    model.set_weights([np.full(weight.shape, np.nan) for weight in model.get_weights()])
    assert np.isnan(model.fit(words(), np.zeros(12), verbose=0).history["loss"]).all()
    assert np.isnan(model.predict(words())).all()


def test_a_model_of_nan_is_searched_once(monkeypatch):
    model, searched = embedding(jit_compile=False), []
    model.build((None, 3))
    model.set_weights([np.full(weight.shape, np.nan) for weight in model.get_weights()])
    monkeypatch.setattr("engine.guards.reasons.find_reason", lambda *args: searched.append(args))
    for _ in range(3):
        model.predict(words())
        model.evaluate(words(), np.zeros((12, 1)), verbose=0)
    assert len(searched) == 1


# ---- complex numbers -----------------------------------------------------------------------

COMPLEX = np.full((8, 4, 2), 1 + 2j, "complex64")
REAL_LAYERS = {
    "Dense": lambda: Dense(2), "EinsumDense": lambda: EinsumDense("abc,cd->abd", (None, 2)), "Conv1D": lambda: Conv1D(2, 2),
    "LSTM": lambda: LSTM(2), "GRU": lambda: GRU(2), "SimpleRNN": lambda: SimpleRNN(2), "BatchNormalization": BatchNormalization,
    "LayerNormalization": LayerNormalization, "Rescaling": lambda: Rescaling(0.5), "Embedding": lambda: Embedding(3, 2),
    "TimeDistributed": lambda: TimeDistributed(Dense(2)), "an Input": lambda: Input((4, 2)),
}  # fmt: skip


@pytest.mark.parametrize("eager", (True, False))
@pytest.mark.parametrize("name", REAL_LAYERS)
def test_complex_inputs_are_refused_where_numbers_are_real(name, eager):
    model = Sequential([REAL_LAYERS[name](), Lambda(lambda x: x)])
    model.compile("sgd", "mse", run_eagerly=eager)
    for x in (COMPLEX, COMPLEX.astype("complex128"), tf.data.Dataset.from_tensor_slices(COMPLEX).batch(4)):
        with pytest.raises(ValueError, match="Complex numbers .* imaginary part would be lost"):
            model.predict(x)
    with pytest.raises(ValueError, match="Complex numbers"):
        model(tf.constant(COMPLEX))


def test_a_layer_of_ones_own_takes_complex_inputs():
    model = Sequential([Input((4, 2), dtype="complex64"), Lambda(tf.abs), Flatten(), Dense(1, kernel_initializer="ones")])
    np.testing.assert_allclose(model.predict(COMPLEX), np.full((8, 1), 8 * np.sqrt(5)), rtol=1e-6)


@pytest.mark.parametrize("eager", (True, False))
@pytest.mark.parametrize("loss", ("mse", "mae", "sparse_categorical_crossentropy", "binary_crossentropy", "huber", "cosine_similarity"))
def test_complex_labels_are_refused(loss, eager):
    model = Sequential([Dense(1)])
    model.compile("sgd", loss, run_eagerly=eager)
    with pytest.raises(ValueError, match="Complex numbers"):
        model.train_on_batch(np.ones((4, 2)), np.full((4, 1), 1j))


def test_complex_numbers_are_no_weights_and_no_sample_weights():
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse", weighted_metrics=["mae"])
    with pytest.raises(ValueError, match="Complex numbers"):
        model.set_weights([np.full((2, 1), 1j), np.zeros(1)])
    with pytest.raises(ValueError, match="Complex numbers"):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), sample_weight=np.full(4, 1j), verbose=0)


def test_nothing_is_assigned_where_only_the_last_weight_is_complex():
    model = Sequential([Dense(1, name="mine", input_shape=(2,))])
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"weight 'layers.0.bias': Complex numbers .* Nothing was assigned"):
        model.set_weights([np.full((2, 1), 5.0), np.full(1, 1j)])
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_functional_model_refuses_complex_arrays():
    inputs = Input((4, 2))
    with pytest.raises(ValueError, match="Complex numbers"):
        Model(inputs, Dense(1)(inputs)).predict(COMPLEX)
