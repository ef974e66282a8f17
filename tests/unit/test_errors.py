"""Bad input: each is refused early, by name, with what to do; and the model is as it was."""

import numpy as np
import pytest
import tensorflow as tf

import losses
from engine import Input, Layer, Model, Sequential, callbacks, metrics, optimizers
from layers import Dense, Embedding, Flatten, Lambda

RNG = np.random.default_rng(0)
X = RNG.normal(size=(10, 3))
Y = RNG.normal(size=(10, 2))
EMPTY = np.zeros((0, 3))


def model(units=2, loss="mse", **kwargs):
    made = Sequential([Dense(units, name="head", **kwargs)], name="net")
    made.build((None, 3))
    made.compile("sgd", loss, run_eagerly=True)
    return made


def two_inputs():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    made = Model([a, b], Dense(2)(a + b), name="net")
    made.compile("sgd", "mse", run_eagerly=True)
    return made


def two_outputs():
    x = Input((3,))
    made = Model(x, [Dense(2, name="u")(x), Dense(1, name="v")(x)], name="net")
    made.compile("sgd", "mse", run_eagerly=True)
    return made


def uncompiled():
    made = Sequential([Dense(2)], name="net")
    made.build((None, 3))
    return made


def from_call(call, **attributes):
    """A compiled model whose `call` is the given function of (self, x)."""
    cls = type("Odd", (Model,), {"call": call})
    made = cls(name="odd")
    for name, value in attributes.items():
        setattr(made, name, value)
    made.compile("sgd", "mse", run_eagerly=True)
    return made


def generator_that_fails():
    yield X, Y
    raise OSError("the disk is gone")


def fit(made, x=X, y=Y, **kwargs):
    return made.fit(x, y, verbose=0, **kwargs)


def wrong_label(value, run_eagerly):
    made = Sequential([Dense(4, activation="softmax")])
    made.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=run_eagerly, jit_compile=False)
    labels = np.arange(10) % 4
    labels[7] = value
    return made, labels


# (name, model, action on it, exception, pattern)
TABLE = [
    ("wrong last axis", model, lambda m: m.layers[0](np.ones((2, 5))), ValueError,
     r"Dense 'head' was built for inputs whose last axis is 3, received shape \(2, 5\). Build a new layer"),
    ("wrong last axis in fit", model, lambda m: fit(m, np.ones((10, 5))), ValueError,
     r"last axis is 3, received shape \((None|10), 5\)"),
    ("wrong last axis in predict", model, lambda m: m.predict(np.ones((10, 5))), ValueError, "received"),
    ("wrong rank", lambda: Flatten(), lambda m: m(np.float32(1.0)), ValueError, r"rank 1 or more, received shape \(\)"),
    ("two inputs for one", lambda: Dense(2, name="one"), lambda m: m([np.ones((2, 3)), np.ones((2, 3))]), ValueError,
     "Dense 'one' takes one input, received 2. Join them first"),
    ("two symbols for one", lambda: Flatten(name="one"), lambda m: m([Input((3,)), Input((3,))]), ValueError,
     "Flatten 'one' takes one input, received 2"),
    ("a list for one", lambda: Dense(2, name="one"), lambda m: m([Input((3,))]), ValueError,
     r"weight 'kernel' cannot have the shape \(.*\): sizes are integers. If the layer was called on a list"),
    ("rank too low", model, lambda m: m.layers[0](np.ones(3)), ValueError, "rank 2 or more, received shape"),
    ("wrong rank in a model", model, lambda m: m(np.ones((2, 4, 3))), ValueError,
     r"takes shape \(None, 3\), received \(2, 4, 3\)"),
    ("text for numbers", model, lambda m: m.predict(np.array([["a", "b", "c"]])), ValueError,
     "Sequential 'net': input 'input_layer.*' takes numbers, received text. Turn it into numbers first"),
    ("text for a layer", lambda: Dense(2), lambda m: m(np.array([["a", "b", "c"]])), ValueError,
     "Dense 'dense.*' takes numbers, received text. Turn it into numbers first"),
    ("call returns None", lambda: from_call(lambda self, x: None), lambda m: fit(m), ValueError,
     r"Odd 'odd': call\(\) returned None, expected a tensor or a nest of tensors. Add `return`"),
    ("no gradient at all", lambda: from_call(lambda self, x: tf.stop_gradient(x @ self.w),
     w=tf.Variable(tf.ones((3, 2)))),
     lambda m: fit(m), ValueError, r"no trainable weight has a gradient \('w'\): 'w' is cut by tf.stop_gradient"),
    ("no gradient through an integer", lambda: from_call(
        lambda self, x: tf.cast(tf.cast(x @ self.w, tf.int32), tf.float32), w=tf.Variable(tf.ones((3, 2)))),
     lambda m: fit(m), ValueError, "'w'.*integer cast"),
    ("lengths of x and y", model, lambda m: fit(m, X, Y[:7]), ValueError, "same number of rows, received x: 10, y: 7"),
    ("lengths of sample weights", model, lambda m: fit(m, sample_weight=np.ones(3)), ValueError,
     "x: 10, y: 10, sample_weight: 3"),
    ("lengths of two inputs", two_inputs, lambda m: fit(m, [X, X[:4]]), ValueError, "x: 4 and 10"),
    ("lengths in evaluate", model, lambda m: m.evaluate(X, Y[:7], verbose=0), ValueError, "same number of rows"),
    ("rows of unequal length", model, lambda m: fit(m, [[1.0, 2.0], [1.0]], [1.0, 2.0]), ValueError,
     "rows of equal length.*Pad"),
    ("empty arrays", model, lambda m: fit(m, EMPTY, EMPTY), ValueError, "The data are empty: x has no rows"),
    ("empty evaluation", model, lambda m: m.evaluate(EMPTY, EMPTY, verbose=0), ValueError, "empty"),
    ("empty prediction", model, lambda m: m.predict(EMPTY), ValueError, "empty"),
    ("no data", model, lambda m: m.fit(verbose=0), ValueError, "Sequential 'net' was given no data. Pass x"),
    ("empty list", model, lambda m: fit(m, [], []), ValueError, "The data are empty"),
    ("empty dataset", model, lambda m: m.fit(tf.data.Dataset.from_tensor_slices((EMPTY, EMPTY)), verbose=0),
     ValueError, "empty"),
    ("empty generator", model, lambda m: m.fit(iter([]), verbose=0), ValueError,
     "gave no batches. A generator can be used up only once"),
    ("generator used up", model, lambda m: m.fit(iter([(X, Y)]), epochs=2, verbose=0), ValueError,
     "no batches in this epoch"),
    ("endless dataset", model, lambda m: m.fit(tf.data.Dataset.from_tensors((X, Y)).repeat(), verbose=0), ValueError,
     "endless dataset needs steps_per_epoch"),
    ("unbatched dataset", model, lambda m: m.fit(tf.data.Dataset.from_tensor_slices((X, Y)), verbose=0), ValueError,
     "rank|shape"),
    ("a number", model, lambda m: fit(m, 3.0, 2.0), ValueError,
     "single number; expected arrays with one row per sample"),
    ("y beside a dataset", model, lambda m: fit(m, tf.data.Dataset.from_tensors((X, Y)), Y), ValueError,
     "do not pass y"),
    ("batch size of a dataset", model, lambda m: m.fit(tf.data.Dataset.from_tensors((X, Y)), batch_size=2, verbose=0),
     ValueError,
     "batched already; do not pass batch_size"),
    ("a function for a generator", model, lambda m: m.fit(generator_that_fails, verbose=0), ValueError,
     "was given <function .*Pass x: arrays, a generator of batches, a tf.data.Dataset"),
    ("a dataset for a batch", model, lambda m: m.train_on_batch(tf.data.Dataset.from_tensors((X, Y))), ValueError,
     r"One batch is expected, as arrays; a tf.data.Dataset has many. Pass one: x, y = next\(iter\(data\)\)"),
    ("a generator for a batch", model, lambda m: m.test_on_batch(iter([(X, Y)])), ValueError, "One batch is expected"),
    ("batch size 0", model, lambda m: fit(m, batch_size=0), ValueError, "batch_size is a positive integer, received 0"),
    ("batch size 2.5", model, lambda m: fit(m, batch_size=2.5), ValueError,
     "batch_size is a positive integer, received 2.5"),
    ("epochs", model, lambda m: fit(m, epochs=1.5), ValueError, "epochs is a number of passes"),
    ("split of 1", model, lambda m: fit(m, validation_split=1.0), ValueError, "fraction between 0 and 1, received 1.0"),
    ("split that leaves nothing", model, lambda m: fit(m, validation_split=0.99), ValueError, "leaves nothing"),
    ("split of a dataset", model, lambda m: m.fit(tf.data.Dataset.from_tensors((X, Y)), validation_split=0.1,
     verbose=0), ValueError,
     "validation_split needs arrays.*take.*skip"),
    ("split of a generator", model, lambda m: m.fit(iter([(X, Y)]), validation_split=0.1, verbose=0), ValueError,
     "needs arrays"),
    ("class weight as a list", model, lambda m: fit(m, class_weight=[1, 2]), ValueError,
     "is a dict {class number: weight}"),
    ("class weight for two outputs", two_outputs, lambda m: fit(m, X, [Y, Y[:, :1]], class_weight={0: 1.0}), ValueError,
     "class_weight needs one output"),
    ("label too high", lambda: wrong_label(4, True)[0], lambda m: fit(m, X, wrong_label(4, True)[1]), ValueError,
     "from 0 to 3, since y_pred has 4 classes; received labels from 0 to 4.*last layer 5 units"),
    ("label too high, compiled", lambda: wrong_label(4, False)[0], lambda m: fit(m, X, wrong_label(4, False)[1]),
     ValueError,
     "received labels from 0 to 4"),
    ("negative label", lambda: wrong_label(-1, False)[0], lambda m: fit(m, X, wrong_label(-1, False)[1]), ValueError,
     "Number the classes from 0"),
    ("label in train_on_batch", lambda: wrong_label(9, False)[0],
     lambda m: m.train_on_batch(X, wrong_label(9, False)[1]), ValueError, "from 0 to 9"),
    ("label in evaluate", lambda: wrong_label(9, False)[0],
     lambda m: m.evaluate(X, wrong_label(9, False)[1], verbose=0), ValueError, "from 0 to 9"),
    ("one-hot for class numbers", lambda: wrong_label(0, True)[0], lambda m: fit(m, X, np.eye(4)[np.arange(10) % 4]),
     ValueError,
     "For one-hot labels use categorical_crossentropy"),
    ("(N,) against (N, 2)", model, lambda m: fit(m, X, Y[:, 0]), ValueError, "one shape"),
    ("(N, 3) against (N, 2)", model, lambda m: fit(m, X, X), ValueError,
     "one shape; received y_true of shape .*3.* y_pred of shape .*2"),
    ("(N,) against (N, 1) by hand", lambda: None,
     lambda _: losses.mean_squared_error(np.ones((4, 3)), np.ones((4, 1))), ValueError, "one shape"),
    ("unknown loss", uncompiled, lambda m: m.compile("sgd", "mean_squared_eror"), ValueError,
     "Unknown loss 'mean_squared_eror'. Did you mean .*'mean_squared_error'"),
    ("unknown optimizer", uncompiled, lambda m: m.compile("adm", "mse"), ValueError,
     "Unknown optimizer 'adm'. Did you mean .*'adam'"),
    ("unknown metric", uncompiled, lambda m: m.compile("sgd", "mse", metrics=["acuracy"]), ValueError,
     "Unknown metric 'acuracy'. Did you mean .*accuracy"),
    ("unknown activation", lambda: None, lambda _: Dense(2, activation="rellu"), ValueError,
     "Unknown activation 'rellu'. Did you mean .*'relu'"),
    ("unknown initializer", lambda: None, lambda _: Dense(2, kernel_initializer="glorot"), ValueError,
     "Unknown initializer 'glorot'"),
    ("unknown dtype", lambda: None, lambda _: Dense(2, dtype="float31"), ValueError,
     "Unknown dtype or policy 'float31'"),
    ("unknown jit", uncompiled, lambda m: m.compile("sgd", "mse", jit_compile="yes"), ValueError, "jit_compile is"),
    ("steps per execution", uncompiled, lambda m: m.compile("sgd", "mse", steps_per_execution=0), ValueError,
     "positive integer, received 0"),
    ("fit before compile", uncompiled, fit, RuntimeError,
     r"Sequential 'net' is not compiled. Call model.compile\(optimizer, loss\) before fit"),
    ("evaluate before compile", uncompiled, lambda m: m.evaluate(X, Y), RuntimeError, "before evaluate"),
    ("train_on_batch before compile", uncompiled, lambda m: m.train_on_batch(X, Y), RuntimeError,
     "before train_on_batch"),
    ("missing key", two_inputs, lambda m: fit(m, {"a": X}), ValueError,
     r"takes a dict with the keys \['a', 'b'\]; the one received lacks \['b'\]"),
    ("extra key", two_inputs, lambda m: fit(m, {"a": X, "b": X, "c": X}), ValueError,
     r"has \['c'\], which no input is named"),
    ("misspelt key", two_inputs, lambda m: m.predict({"a": X, "B": X}), ValueError, r"lacks \['b'\] and has \['B'\]"),
    ("too few inputs", two_inputs, lambda m: fit(m, [X]), ValueError, r"has 2 inputs \['a', 'b'\], received 1"),
    ("too many inputs", two_inputs, lambda m: m([X, X, X]), ValueError, "has 2 inputs .* received 3"),
    ("labels for one of two outputs", two_outputs, lambda m: fit(m, X, Y), ValueError,
     r"2 outputs \['u', 'v'\]: give `y` as a list or dict"),
    ("labels by a wrong name", two_outputs, lambda m: fit(m, X, {"u": Y, "w": Y}), ValueError,
     r"`y` names \['w'\], which are not outputs"),
    ("no labels", model, lambda m: fit(m, X, None), ValueError, "has a loss and no labels"),
    ("three losses for two outputs", two_outputs,
     lambda m: (m.compile("sgd", ["mse"] * 3, run_eagerly=True), fit(m, X, [Y, Y])), ValueError,
     "`loss` has 3 items for 2 outputs"),
    ("a generator that raises", model, lambda m: m.fit(generator_that_fails(), steps_per_epoch=2, verbose=0), OSError,
     "the disk is gone"),
    ("a batch of four", model, lambda m: m.fit(iter([(X, Y, Y[:, 0], 3)]), verbose=0), ValueError,
     r"\(x, y, sample_weight\)|tuple of 4"),
    ("a reserved name", model, lambda m: setattr(m, "weights", []), AttributeError,
     "Sequential.weights is computed by .* cannot be set"),
    ("a reserved name of a model", model, lambda m: setattr(m, "layers", []), AttributeError, "Choose another name"),
    ("a weight before building", lambda: Dense(2, name="d"), lambda m: m.kernel, AttributeError,
     "'d' has no attribute 'kernel'.*not built yet"),
    ("set_weights before building", lambda: Dense(2), lambda m: m.set_weights([np.ones((3, 2))]), ValueError,
     "has 0 weights.*not built yet"),
    ("count before building", lambda: Dense(2), lambda m: m.count_params(), ValueError,
     "not built.*Call it on data once"),
    ("the output of a layer never called", lambda: Dense(2), lambda m: m.output, ValueError, "never called on symbols"),
    ("too few weights", model, lambda m: m.set_weights([np.ones((3, 2))]), ValueError,
     "has 2 weights, received a list of 1"),
    ("a weight of a wrong shape", model, lambda m: m.set_weights([np.ones((3, 2)), np.ones(3)]), ValueError,
     r"weight 'layers.0.bias' has shape \(2,\), received \(3,\). Nothing was assigned"),
    ("an unknown axis", lambda: Dense(2), lambda m: m(Input((None,))), ValueError,
     "weight 'kernel' needs a known shape.*Input"),
    ("units of 0", lambda: None, lambda _: Dense(0), ValueError, "positive integer as `units`, received 0"),
    ("units of 2.5", lambda: None, lambda _: Dense(2.5), ValueError, "positive integer as `units`, received 2.5"),
    ("an unknown argument", lambda: None, lambda _: Dense(2, kernel_initialiser="ones"), TypeError,
     "takes no argument 'kernel_initialiser'"),
    ("an unknown argument of add_weight", Layer, lambda m: m.add_weight(shape=(2,), intializer="ones"), TypeError,
     "no argument 'intializer'"),
    ("an initializer that gives another shape", lambda: None,
     lambda _: Dense(2, kernel_initializer=lambda shape, dtype: tf.zeros((7, 7)))(X), ValueError,
     r"Dense 'dense.*': the initializer of weight 'kernel' was asked for the shape \(\d, 2\) and gave \(7, 7\)"),
    ("a weight of a negative size", Layer, lambda m: m.add_weight(name="w", shape=(2, -3)), ValueError,
     r"weight 'w' cannot have the shape \(2, -3\): no size is below 0"),
    ("a loss that is no loss", uncompiled, lambda m: m.compile("sgd", 3), TypeError, "A loss is a name.*received 3"),
    ("no optimizer", uncompiled, lambda m: (m.compile(None, "mse"), fit(m)), RuntimeError,
     "is not compiled"),
    ("a callback that is a function", model, lambda m: fit(m, callbacks=[lambda logs: None]), TypeError,
     "LambdaCallback"),
    ("a metric without update_state", lambda: metrics.Metric(), lambda m: m.update_state(1, 2), NotImplementedError,
     "has no update_state"),
]  # fmt: skip


def weights_of(made):
    return [w.numpy() for w in made.weights] if isinstance(made, Layer) else []


@pytest.mark.parametrize("name, make, action, exception, pattern", TABLE, ids=[row[0] for row in TABLE])
def test_bad_input(name, make, action, exception, pattern):
    made = make()
    before = weights_of(made)
    with pytest.raises(exception, match=pattern) as caught:
        action(made)
    assert not isinstance(caught.value, AssertionError) and str(caught.value)
    if name not in ("a generator that raises", "generator used up"):  # the batches before did train
        for one, other in zip(before, weights_of(made)):
            np.testing.assert_array_equal(one, other)


USABLE = [row for row in TABLE if row[1] is model]


@pytest.mark.parametrize("row", USABLE, ids=[row[0] for row in USABLE])
def test_the_model_can_be_used_after_the_error(row):
    made = row[1]()
    with pytest.raises(row[3]):
        row[2](made)
    assert np.isfinite(fit(made).history["loss"][0])


def test_one_weight_without_a_gradient_is_a_warning_with_its_path():
    class Forgets(Model):
        def __init__(self):
            super().__init__()
            self.used, self.forgotten = Dense(2), [Dense(2)]

        def call(self, x):
            self.forgotten[0](x)
            return self.used(x)

    made = Forgets()
    made.compile("sgd", "mse", run_eagerly=True)
    with pytest.warns(UserWarning, match="no gradient for 'forgotten.0.kernel', 'forgotten.0.bias'; not trained: "
                      "'forgotten.0.kernel' is read, and what is made of it does not reach the loss"):  # fmt: skip
        fit(made)


def test_a_nan_in_the_loss_stops_under_terminate_on_nan():
    made = model(loss=lambda y, p: tf.math.log(-tf.abs(p)))
    with pytest.warns(UserWarning, match="the loss is nan"):
        fit(made, epochs=3, callbacks=[callbacks.TerminateOnNaN()])
    assert len(made.history.epoch) == 1


def test_labels_of_n_and_outputs_of_n_by_1_are_one_column():
    column, flat = model(1), model(1)
    flat.set_weights(column.get_weights())
    np.testing.assert_allclose(fit(column, X, Y[:, :1]).history["loss"], fit(flat, X, Y[:, 0]).history["loss"],
        rtol=1e-6)


def test_a_generator_that_raises_leaves_what_it_had_learned():
    made = model()
    before = made.get_weights()
    with pytest.raises(OSError):
        made.fit(generator_that_fails(), steps_per_epoch=2, verbose=0)
    assert int(made.optimizer.iterations) == 1 and np.any(made.get_weights()[0] != before[0])


def test_an_embedding_out_of_range_is_refused_eagerly():
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        Embedding(5, 2)(np.array([[7]]))


def test_the_users_line_is_in_the_traceback():
    def mistake(x):
        return tf.matmul(x, x)  # the line to be found

    made = Sequential([Lambda(mistake)])
    with pytest.raises(Exception) as caught:
        made(np.ones((2, 3), "float32"))
    assert any(entry.name == "mistake" for entry in caught.traceback)


def test_optimizers_refuse_what_they_do_not_know():
    with pytest.raises((TypeError, ValueError), match="learning_rat"):
        optimizers.Adam(learning_rat=0.1)
