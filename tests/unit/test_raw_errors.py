"""Mistakes that used to end in TensorFlow's or Python's own words: who, what was expected, what came, what to do."""

import numpy as np
import pytest
import tensorflow as tf
from fitting import Batches

import engine
import layers
import losses
from engine import Input, Layer, Model, Sequential, metrics, optimizers
from engine.optimizers import schedules
from layers import GRU, LSTM, Add, BatchNormalization, Concatenate, Conv1D, Conv2D, Dense, Dropout, Embedding, Flatten

X, Y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
TEXT = np.array(["cat", "dog"] * 4)


def dense(loss="mse", units=1, **compiling):
    model = Sequential([Dense(units)])
    model.compile("sgd", loss, **compiling)
    return model


# ---- generators whose batches change ---------------------------------------------------------------

CHANGED = {
    "dtype of x": (X.astype("int32"), Y), "dtype of y": (X, Y.astype("int64")), "text": (X, TEXT), "without y": X,
    "with weights": (X, Y, Y[:, 0]), "a dict": ({"a": X}, Y), "a list": ([X, X], Y), "rank of x": (X[None], Y), "rank of y": (X, Y[:, 0]),
}  # fmt: skip


@pytest.mark.parametrize("eager", (True, False))
@pytest.mark.parametrize("source", (iter, Batches), ids=("generator", "Sequence"))
@pytest.mark.parametrize("case", CHANGED)
def test_a_batch_of_another_kind(case, source, eager):
    with pytest.raises(ValueError, match="Batch 2 of the generator is of another kind than those before: it was .*float32"):
        dense(run_eagerly=eager).fit(source([(X, Y), CHANGED[case]]), verbose=0)


@pytest.mark.parametrize("eager", (True, False))
def test_a_batch_of_other_features(eager):
    for changed, message in (((np.ones((8, 4)), Y), r"last axis is 3, received shape \((8|None), 4\)"), ((X, np.ones((8, 2))), "y_true of shape .8, 2")):
        with pytest.raises(ValueError, match=message):
            dense(run_eagerly=eager).fit(iter([(X, Y), changed]), verbose=0)


def test_batches_that_may_differ():
    model = dense(jit_compile=False)
    model.fit(iter([(X, Y), (X[:3].astype("float64"), Y[:3]), (X.tolist(), Y)]), verbose=0)
    model = Sequential([Embedding(5, 2), GRU(1)])
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(iter([(np.ones((4, length), int), np.ones((4, 1))) for length in (3, 5, 4)]), verbose=0)


def test_a_generator_that_gives_none():
    with pytest.raises(ValueError, match="gave None for a batch"):
        dense().fit(iter([None]), verbose=0)


# ---- values that a compiled step has not -------------------------------------------------------------

ASKING = {
    "np.mean": np.mean, "np.array": np.array, "np.sqrt": np.sqrt, "np.concatenate": lambda x: np.concatenate([x, x]),
    "numpy()": lambda x: x.numpy(), "item()": lambda x: x[0, 0].item(), "tolist()": lambda x: x.tolist(),
    "float": lambda x: float(x[0, 0]), "int": lambda x: int(x[0, 0]), "range": lambda x: range(tf.cast(x[0, 0], tf.int32)),
    "np.asarray": np.asarray, "np.dot": lambda x: np.dot(x, np.ones((3, 3))),
}  # fmt: skip


class Asks(Model):
    def __init__(self, how):
        super().__init__()
        self.inner, self.how = Dense(1), how

    def call(self, inputs):
        self.how(inputs)
        return self.inner(inputs)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept")
@pytest.mark.parametrize("how", ASKING)
def test_numpy_in_call(how):
    for action in (lambda m: m.fit(X, Y, verbose=0), lambda m: m.predict(X), lambda m: m.train_on_batch(X, Y),
                   lambda m: tf.function(m, autograph=False)(tf.constant(X))):  # fmt: skip
        model = Asks(ASKING[how])
        model.compile("sgd", "mse")
        with pytest.raises((TypeError, AttributeError, NotImplementedError), match="need values, and a tensor in a compiled step"):
            action(model)


@pytest.mark.parametrize("where", ("loss", "metrics"))
def test_numpy_in_a_loss_and_in_a_metric(where):
    def asks(y_true, y_pred):
        return np.mean(y_pred)

    model = Sequential([Dense(1)])
    model.compile("sgd", **{"loss": "mse", where: asks if where == "loss" else [asks]})
    with pytest.raises((TypeError, NotImplementedError), match="run_eagerly=True"):
        model.fit(X, Y, verbose=0)


def test_the_traceback_ends_at_the_line_that_asked():
    model = Asks(lambda x: np.mean(x) + 1)
    model.compile("sgd", "mse")
    with pytest.raises(NotImplementedError) as found:
        model.predict(X)
    assert any(entry.path == __file__ or str(entry.path) == __file__ for entry in found.traceback)


# ---- fewer rows ------------------------------------------------------------------------------------

FEWER = {"half": lambda x: x[: len(x) // 2] if isinstance(x, np.ndarray) else x[:4], "the first": lambda x: x[0],
         "the mean": lambda x: tf.reduce_mean(x, 0), "the mean, kept": lambda x: tf.reduce_mean(x, 0, keepdims=True),
         "every other": lambda x: x[::2]}  # fmt: skip


class Fewer(Model):
    def __init__(self, how):
        super().__init__()
        self.inner, self.how = Dense(1), how

    def call(self, inputs):
        return self.how(self.inner(inputs))


@pytest.mark.parametrize("eager", (True, False))
@pytest.mark.parametrize("case", FEWER)
def test_call_returns_fewer_rows(case, eager):
    for verb in ("fit", "evaluate", "train_on_batch"):
        model = Fewer(FEWER[case])
        model.compile("sgd", "mse", run_eagerly=eager)
        with pytest.raises(ValueError, match="rows for 8 rows of x|y_true of shape .8, 1. and y_pred of shape"):
            getattr(model, verb)(X, Y)


def test_predict_of_a_single_number_for_each_batch():
    model = Fewer(tf.reduce_mean)
    with pytest.raises(ValueError, match="a single number for each batch"):
        model.predict(X, batch_size=4)
    assert model.predict(X).shape == ()


# ---- weights, inputs, labels ---------------------------------------------------------------------------

@pytest.mark.parametrize("weights", (["a", "b"], [np.full((3, 2), "a"), np.zeros(2)], None, 3, [None, None], "weights.h5",
                                     [[[1, 2], [1]], [0, 0]], {"kernel": 1, "bias": 2}, [object(), 1]))  # fmt: skip
def test_set_weights_of_what_is_no_array_of_numbers(weights):
    layer = Dense(2, name="mine")
    layer.build((None, 3))
    before = layer.get_weights()
    with pytest.raises(ValueError, match=r"Dense 'mine'.set_weights\(\) takes"):
        layer.set_weights(weights)
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("make", (lambda: Dense(2), lambda: Conv2D(2, 2), lambda: LSTM(2), Flatten, Add, Concatenate, BatchNormalization,
                                  lambda: Embedding(3, 2), lambda: Dropout(0.5), lambda: Conv1D(2, 2)))  # fmt: skip
def test_layers_are_given_what_is_no_tensor(make):
    for given, message in ((None, "takes tensors, received None. Does what made it lack a `return`"), (object(), "an object of type object"),
                           ([None, X], "with None in it"), (len, "received an object of type builtin")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            make()(given)
    with pytest.raises(TypeError, match="was called without inputs"):
        make()()


def test_a_model_is_given_none():
    for model in (Sequential([Dense(2)]), Asks(len)):
        with pytest.raises((ValueError, TypeError), match="None"):
            model(None)


def test_a_dict_for_a_layer_of_one_tensor():
    with pytest.raises(ValueError, match=r"takes one tensor, received a dict with the keys \['a'\]"):
        Dense(2)({"a": X})


@pytest.mark.parametrize("eager", (True, False))
@pytest.mark.parametrize("loss", ("sparse_categorical_crossentropy", "categorical_crossentropy", "mse", "binary_crossentropy", "hinge"))
def test_labels_are_text(loss, eager):
    for labels in (TEXT, TEXT.astype(object), list(TEXT), tf.constant(TEXT)):
        with pytest.raises(ValueError, match="np.unique"):
            dense(loss, 2, run_eagerly=eager).fit(X, labels, verbose=0)
    with pytest.raises(ValueError, match="np.unique"):
        dense(loss, 2, run_eagerly=eager).evaluate(tf.data.Dataset.from_tensor_slices((X, TEXT)).batch(4), verbose=0)
    with pytest.raises(ValueError, match="np.unique"):
        losses.get(loss)(TEXT, np.ones((8, 2)))


def test_text_for_a_metric():
    for metric in (metrics.SparseCategoricalAccuracy(), metrics.BinaryAccuracy(), metrics.MeanSquaredError(), metrics.AUC()):
        with pytest.raises(ValueError, match="np.unique"):
            metric(TEXT, np.ones((8, 2)))


# ---- datasets without batches --------------------------------------------------------------------------

def rows(*arrays):
    return tf.data.Dataset.from_tensor_slices(arrays if len(arrays) > 1 else arrays[0])


UNBATCHED = {
    "numbers": (lambda: [Dense(1)], X, Y[:, 0]), "columns": (lambda: [Dense(1)], X, Y),
    "images": (lambda: [Conv2D(2, 2), Flatten(), Dense(1)], np.ones((8, 6, 6, 1), "float32"), Y),
    "words": (lambda: [Embedding(5, 2), Flatten(), Dense(1)], np.ones((8, 3), "int32"), Y),
    "series": (lambda: [LSTM(2), Dense(1)], np.ones((8, 5, 3), "float32"), Y),
    "declared images": (lambda: [Input((6, 6, 1)), Flatten(), Dense(1)], np.ones((8, 6, 6, 1), "float32"), None),
    "declared numbers": (lambda: [Input((3,)), Dense(1)], X, None),
}  # fmt: skip


@pytest.mark.parametrize("case", UNBATCHED)
def test_a_dataset_without_batches(case):
    parts, x, y = UNBATCHED[case]
    for verb in ("fit", "evaluate") if y is not None else ("predict",):
        model = Sequential(parts())
        model.compile("sgd", "mse")
        with pytest.raises(ValueError, match=r"The dataset is not batched: it gives x of shape .*Use dataset.batch\(32\)"):
            getattr(model, verb)(rows(x) if y is None else rows(x, y), verbose=0)
        getattr(model, verb)((rows(x) if y is None else rows(x, y)).batch(4), verbose=0)


def test_small_batches_are_batches():
    model = dense(jit_compile=False)
    for data in (rows(X, Y).batch(1), rows(X, Y).batch(4, drop_remainder=True), rows(X[:, 0], Y[:, 0]).batch(2, drop_remainder=True)):
        dense(jit_compile=False).fit(data, verbose=0)
    assert model.predict(rows(X).batch(3)).shape == (8, 1)


# ---- misspelt arguments -----------------------------------------------------------------------------------

class OwnDense(Dense):
    def __init__(self, units, sharpness=1.0, **kwargs):
        super().__init__(units, **kwargs)
        self.sharpness = sharpness


class Plain(Layer):
    def __init__(self, width=3):
        super().__init__()


class OwnLoss(losses.Loss):
    def __init__(self, slope=1.0):
        super().__init__()


class OwnCrossentropy(losses.BinaryCrossentropy):
    def __init__(self, factor=1.0, **kwargs):
        self.taken = kwargs.pop("taken", None)
        super().__init__(**kwargs)


class OwnOptimizer(optimizers.SGD):
    def __init__(self, warmth=0.0, **kwargs):
        super().__init__(**kwargs)


class OwnModel(Model):
    def __init__(self, depth=2, **kwargs):
        super().__init__(**kwargs)


MISSPELT = [
    (Dense, dict(units=3, activaton="relu"), "activation"), (Conv2D, dict(filters=1, kernel_size=2, pading="same"), "padding"),
    (LSTM, dict(units=2, return_sequence=True), "return_sequences"), (BatchNormalization, dict(momentm=0.9), "momentum"),
    (Dropout, dict(rate=0.1, nois_shape=None), "noise_shape"), (Embedding, dict(input_dim=2, output_dim=2, mask_zeros=True), "mask_zero"),
    (Dense, dict(units=3, nam="x"), "name"), (Dense, dict(units=3, inputshape=(3,)), "input_shape"),
    (OwnDense, dict(units=3, sharpnes=2.0), "sharpness"), (OwnDense, dict(units=3, kernel_initialiser="ones"), "kernel_initializer"),
    (Plain, dict(widht=2), "width"), (OwnLoss, dict(slpe=2), "slope"), (OwnModel, dict(dept=3), "depth"), (OwnModel, dict(nme="a"), "name"),
    (Sequential, dict(nme="a"), "name"), (losses.BinaryCrossentropy, dict(from_logit=True), "from_logits"),
    (OwnCrossentropy, dict(from_logit=True), "from_logits"), (OwnCrossentropy, dict(facter=2.0), "factor"),
    (losses.Huber, dict(dleta=2.0), "delta"), (metrics.AUC, dict(num_threshold=3), "num_thresholds"),
    (metrics.Mean, dict(nme="a"), "name"), (engine.initializers.RandomNormal, dict(stdev=1.0), "stddev"),
    (engine.regularizers.L2, dict(l_2=0.1), "l2"), (engine.constraints.MaxNorm, dict(max_val=1.0), "max_value"),
    (schedules.CosineDecay, dict(initial_rate=0.1, decay_steps=3), "initial_learning_rate"),
    (layers.MultiHeadAttention, dict(num_heads=2, key_dim=2, droput=0.1), "dropout"),
]  # fmt: skip


@pytest.mark.parametrize(("cls", "arguments", "near"), MISSPELT, ids=[f"{row[0].__name__}-{row[2]}" for row in MISSPELT])
def test_the_nearest_argument(cls, arguments, near):
    with pytest.raises(TypeError, match=f"{cls.__name__} takes no argument '.*'. Did you mean '{near}'"):
        cls(**arguments)


@pytest.mark.parametrize(("cls", "arguments", "near"), [(optimizers.Adam, dict(beta1=0.9), "beta_1"), (OwnOptimizer, dict(warmt=1), "warmth"),
                                                        (OwnOptimizer, dict(momentm=0.5), "momentum")])  # fmt: skip
def test_the_nearest_argument_of_optimizers(cls, arguments, near):
    with pytest.raises(ValueError, match=f"Did you mean '{near}'"):
        cls(**arguments)


def test_arguments_that_a_subclass_takes_for_itself_are_taken():
    assert OwnCrossentropy(taken=3, label_smoothing=0.1).taken == 3


def test_an_error_of_the_constructor_itself_stays_as_it_is():
    class Calls(Layer):
        def __init__(self):
            super().__init__()
            dict.fromkeys(valeu=3)

    with pytest.raises(TypeError, match="fromkeys"):
        Calls()
