"""More bad input, of the kinds that users bring from notebooks: names who, expected, received and what to do.

The rows on shapes, data, labels, gradients and arguments are in tests/unit/test_errors.py; together they are one table.
"""

import importlib.util
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, callbacks
from engine.saving import load_model
from layers import Concatenate, Conv2D, Dense, Dropout, Embedding, MultiHeadAttention, Reshape

_spec = importlib.util.spec_from_file_location("errors_table", pathlib.Path(__file__).parents[1] / "unit/test_errors.py")
errors_table = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(errors_table)
X, Y, fit, model, weights_of = (getattr(errors_table, name) for name in ("X", "Y", "fit", "model", "weights_of"))


class Raising(callbacks.Callback):
    """A callback that fails in one of its hooks."""

    def __init__(self, hook):
        setattr(self, hook, self.fail)

    def fail(self, *_):
        raise KeyError("mine")


class Mutable(Layer):
    """A mutable default, shared by all instances: Python's oldest trap."""

    def __init__(self, units=[]):  # noqa: B006
        super().__init__()
        units.append(2)
        self.blocks = [Dense(size) for size in units]

    def call(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return inputs


class NoSuper(Layer):
    def __init__(self):
        self.units = 2

    def call(self, inputs):
        return inputs


def twice_named():
    x = Input((3,))
    return Model(x, Dense(2, name="same")(Dense(3, name="same")(x)))


TABLE = [
    ("sample weights of rank 3", model, lambda m: fit(m, sample_weight=np.ones((10, 2, 2))), ValueError, "weight"),
    ("sample weights for columns that are not there", model, lambda m: fit(m, sample_weight=np.ones((10, 5))), ValueError, "weight"),
    ("sample weights as text", model, lambda m: fit(m, sample_weight=np.array(["a"] * 10)), ValueError, "`sample_weight` holds text"),
    ("one sample weight", model, lambda m: fit(m, sample_weight=np.float32(2)), ValueError, "sample_weight.*single number"),
    ("two layers of one name", lambda: None, lambda _: twice_named(), ValueError, "two layers are named 'same'.*own name="),
    ("two layers of one name in a list", lambda: None, lambda _: Sequential([Dense(2, name="a"), Dense(2, name="a")]), ValueError,
     "already has a layer named 'a'"),
    ("a layer's name that is a number", lambda: None, lambda _: Dense(2, name=3), TypeError, "Dense takes text as its name, received 3"),
    ("a layer twice in a list", lambda: None, lambda _: (lambda d: Sequential([Input((3,)), d, d]))(Dense(2)), ValueError,
     "was built for inputs whose last axis is 3"),
    ("no super().__init__()", lambda: NoSuper(), lambda m: m(X), RuntimeError, r"did not call super\(\).__init__\(\)"),
    ("a layer that is a function", lambda: None, lambda _: Sequential([lambda x: x]), TypeError, "takes a Layer, received"),
    ("a class for a layer", lambda: None, lambda _: Sequential([Dense]), TypeError, "takes a Layer, received"),
    ("an Input in the middle", lambda: None, lambda _: Sequential([Dense(2), Input((3,))]), ValueError, "an Input can only come first"),
    ("an array as a model's input", lambda: None, lambda _: Model(X, X), TypeError, "must be symbols made by Input"),
    ("outputs without inputs", lambda: None, lambda _: Model(outputs=Input((3,))), ValueError, "both inputs and outputs"),
    ("an output from another input", lambda: None, lambda _: Model(Input((3,)), Dense(2)(Input((3,), name="other"))), ValueError,
     "depend on the input 'other'.*Add it to `inputs`"),
    ("`if` on a symbol", lambda: None, lambda _: bool(Input((3,)) > 0), TypeError, "has no values.*tf.cond"),
    ("NumPy on a symbol", lambda: None, lambda _: np.sum(Input((3,))), TypeError, "Symbol"),
    ("images without channels", lambda: Conv2D(2, 3), lambda m: m(np.ones((2, 8, 8))), ValueError, "Conv2D.*received shape"),
    ("a kernel larger than the image", lambda: Conv2D(2, 9), lambda m: m(np.ones((2, 5, 5, 1))), ValueError,
     "Conv2D .* windows of size .9, 9. over inputs of size .5, 5..*Use padding"),
    ("a shape that does not fit", lambda: Reshape((5,)), lambda m: m(X), ValueError, r"Reshape .* cannot make \(5,\) of \(3,\)"),
    ("tensors that do not join", lambda: Concatenate(), lambda m: m([np.ones((2, 3)), np.ones((3, 3))]), ValueError,
     "Concatenate .* agree in all axes but -1, received shapes"),
    ("a rate of 2", lambda: None, lambda _: Dropout(2), ValueError, "Dropout .*from 0 to 1 as `rate`, received 2"),
    ("a rate of NaN", lambda: None, lambda _: Dropout(float("nan")), ValueError, "`rate`, received nan"),
    ("heads of 0", lambda: None, lambda _: MultiHeadAttention(0, 4), ValueError, "positive integer as `num_heads`, received 0"),
    ("an embedding of nothing", lambda: None, lambda _: Embedding(0, 4), ValueError, "positive integer as `input_dim`, received 0"),
    ("a callback that fails before", model, lambda m: fit(m, callbacks=[Raising("on_train_begin")]), KeyError, "mine"),
    ("a callback that fails in an epoch's beginning", model, lambda m: fit(m, callbacks=[Raising("on_epoch_begin")]), KeyError, "mine"),
    ("a callback's class", model, lambda m: fit(m, callbacks=[callbacks.EarlyStopping]), TypeError, "expects Callback objects"),
    ("a checkpoint every 0 steps", lambda: None, lambda _: callbacks.Checkpoint("d", every_steps=0), ValueError,
     "Checkpoint: every_steps is a positive integer, received 0"),
    ("an unknown mode", lambda: None, lambda _: callbacks.EarlyStopping(mode="up"), ValueError, 'mode is "min", "max"'),
    ("a factor of 2", lambda: None, lambda _: callbacks.ReduceLROnPlateau(factor=2), ValueError, "factor is less than 1"),
    ("what to do on NaN", model, lambda m: fit(m, on_nan="ignore"), ValueError, 'on_nan is None or "raise", received'),
    ("a learning rate as text", lambda: None, lambda _: model().compile("sgd", "mse") or _rate("fast"), ValueError,
     "SGD needs as `learning_rate` a number.*received 'fast'"),
    ("saving what is not built", lambda: Sequential([Dense(2, name="d")]), lambda m: m.save("nowhere"), ValueError,
     r"not built.*'layers.0'.*model.build\(\(None, ...\)\).*before save"),
    ("loading into what is not built", lambda: Sequential([Dense(2, name="d")]), lambda m: m.load_weights("nowhere"), ValueError,
     "not built.*before load_weights"),
    ("saving where nothing can be", model, lambda m: m.save("/dev/null/m"), OSError, "this was not saved"),
    ("loading what is not there", lambda: None, lambda _: load_model("nowhere"), FileNotFoundError, "There is no file 'nowhere'"),
    ("loading a directory", lambda: None, lambda _: load_model("/"), ValueError, "not a regular file"),
    ("loading a script", lambda: None, lambda _: load_model(__file__), ValueError, "is damaged or no safetensors file"),
    ("a dict with numbers for keys", errors_table.two_inputs, lambda m: fit(m, {0: X, 1: X}), ValueError,
     "the one received lacks .'a', 'b'. and has .0, 1."),
    ("infinite weights of classes", model, lambda m: fit(m, class_weight={-1: 2.0}), ValueError, "class_weight is a dict"),
    ("a dtype that is a list", lambda: None, lambda _: Dense(2, dtype=[]), ValueError, "Unknown dtype or policy .*choose one of"),
    ("a seed that is text", lambda: None, lambda _: Dropout(0.5, seed="x"), ValueError, "A seed is an integer.*'x'"),
]  # fmt: skip


def _rate(value):
    made = model()
    made.optimizer.learning_rate = value


def test_there_are_at_least_80(figure):
    figure("Bad inputs", f"{len(TABLE) + len(errors_table.TABLE)} refused with a message, the model unchanged")
    assert len(TABLE) + len(errors_table.TABLE) >= 80


@pytest.mark.parametrize("name, make, action, exception, pattern", TABLE, ids=[row[0] for row in TABLE])
def test_bad_input(name, make, action, exception, pattern, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = make()
    before = weights_of(made)
    with pytest.raises(exception, match=f"(?s){pattern}") as caught:
        action(made)
    assert not isinstance(caught.value, AssertionError) and str(caught.value)
    for one, other in zip(before, weights_of(made), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_train_batch_end", "on_train_chunk_end", "on_test_begin", "on_test_end",
                                  "on_epoch_end", "on_safe_point"])  # fmt: skip
def test_a_callback_that_fails_leaves_a_model_that_can_be_fitted(hook):
    made = model()
    with pytest.raises(KeyError, match="mine"):
        fit(made, callbacks=[Raising(hook)], validation_data=(X, Y))
    assert np.isfinite(fit(made, epochs=2, validation_data=(X, Y)).history["val_loss"]).all()


def test_labels_that_are_not_numbers_are_seen_in_the_loss():
    labels = Y.copy()
    labels[3] = np.nan
    with pytest.warns(UserWarning, match="Training stopped: the loss is nan"):
        history = fit(model(), X, labels, epochs=3, callbacks=[callbacks.TerminateOnNaN()])
    assert len(history.epoch) == 1


def test_a_mutable_default_makes_no_shared_weights():
    one, two = Mutable(), Mutable()
    one(X)
    two(X)
    assert not {id(w) for w in one.weights} & {id(w) for w in two.weights}


def test_empty_batches_of_a_dataset():
    data = tf.data.Dataset.from_tensor_slices((X.astype("f4"), Y.astype("f4"))).batch(4)
    with_empty = data.concatenate(data.take(1).map(lambda x, y: (x[:0], y[:0])))
    made = model()
    history = made.fit(with_empty, verbose=0)
    assert np.isfinite(history.history["loss"][0]) and all(np.isfinite(w).all() for w in made.get_weights())
