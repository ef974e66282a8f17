"""`fit(validation_data=)`: each validation begins anew, what is wrong is refused before the first step, sets with names."""

import numpy as np
import pytest
import tensorflow as tf
from fitting import Batches, batches

from engine import Input, Model, Sequential, callbacks, optimizers, set_seed
from layers import LSTM, BatchNormalization, Dense, Dropout

X = np.ones((4, 1), "float32")
V = np.arange(1.0, 9.0, dtype="float32")[:, None]  # 4 batches of 2; the square is the loss of a kernel of 1
FIRST_TWO = np.mean(V[:4] ** 2)


def identity(**arguments):
    """A model that learns nothing and gives what it gets."""
    model = Sequential([Dense(1, use_bias=False, kernel_initializer="ones", input_shape=(1,))])
    model.compile(optimizers.SGD(0.0), "mse", jit_compile=False, **arguments)
    return model


ITEMS = batches(V, 0 * V, size=2)
DATASET = tf.data.Dataset.from_tensor_slices((V, 0 * V)).batch(2)


class Sized:
    """Gone through anew each time, of a known length."""

    def __len__(self):
        return len(ITEMS)

    def __iter__(self):
        return iter(ITEMS)


class Rewound(Sized):
    """An iterator that begins anew when it is asked for."""

    def __iter__(self):
        self.at = 0
        return self

    def __next__(self):
        if self.at == len(ITEMS):
            raise StopIteration
        self.at += 1
        return ITEMS[self.at - 1]


class Cycle(Rewound):
    """An iterator without an end that tells the length of a pass, as Keras's image generators do."""

    at = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.at += 1
        return ITEMS[(self.at - 1) % len(ITEMS)]


class IndexedCycle(Cycle):
    def __getitem__(self, index):
        return ITEMS[index]


class Unsized:
    def __iter__(self):
        return iter(ITEMS)


KINDS = {
    "arrays": lambda: (V, 0 * V), "dataset": lambda: DATASET, "endless dataset": lambda: DATASET.repeat(),
    "dataset of a generator": lambda: tf.data.Dataset.from_generator(
        lambda: iter(ITEMS), output_signature=(tf.TensorSpec((None, 1)), tf.TensorSpec((None, 1)))),
    "Sequence": lambda: Batches(ITEMS), "sized": Sized, "unsized": Unsized, "rewound": Rewound, "cycle": Cycle, "indexed cycle": IndexedCycle,
}  # fmt: skip


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_each_validation_begins_anew(kind, eager):
    history = identity(run_eagerly=eager).fit(
        X, 0 * X, epochs=5, verbose=0, validation_data=KINDS[kind](), validation_steps=2,
        validation_batch_size=2 if kind == "arrays" else None,
    ).history  # fmt: skip
    np.testing.assert_allclose(history["val_loss"], [FIRST_TWO] * 5)


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"endless dataset"}))
def test_without_steps_each_validation_sees_all(kind):
    size = 2 if kind == "arrays" else None
    history = identity().fit(X, 0 * X, epochs=3, verbose=0, validation_data=KINDS[kind](), validation_batch_size=size).history
    np.testing.assert_allclose(history["val_loss"], [np.mean(V**2)] * 3)


@pytest.mark.parametrize("eager", [False, True])
def test_a_generator_is_kept_as_far_as_it_is_used(eager):
    drawn = []

    def generator(count):
        memory = np.zeros((2, 1), "float32")
        for index in range(count):
            memory[:] = V[2 * index % 8 : 2 * index % 8 + 2]  # the same memory for each batch
            drawn.append(index)
            yield memory, 0 * memory

    for count, steps, expected in ((2, 2, FIRST_TWO), (4, 2, FIRST_TWO), (1000, 2, FIRST_TWO), (4, 4, np.mean(V**2)), (2, 3, FIRST_TWO)):
        drawn.clear()
        history = identity(run_eagerly=eager).fit(X, 0 * X, epochs=4, verbose=0, validation_data=generator(count), validation_steps=steps)
        np.testing.assert_allclose(history.history["val_loss"], [expected] * 4)
        assert drawn == list(range(min(count, steps)))


def test_sets_of_several_streams_begin_anew_too():
    sets = {"forward": DATASET.repeat(), "back": Batches(ITEMS[::-1])}
    history = identity().fit(X, 0 * X, epochs=3, verbose=0, validation_data=sets, validation_steps=2).history
    np.testing.assert_allclose(history["val_forward_loss"], [FIRST_TWO] * 3)
    np.testing.assert_allclose(history["val_back_loss"], [np.mean(V[4:] ** 2)] * 3)


class Count(callbacks.Callback):
    steps = 0

    def on_train_chunk_end(self, step, logs=None):
        self.steps += 1


LABELS = np.array([0, 1, 2, 0])
WRONG = {
    "features": (lambda: (np.ones((4, 2)), LABELS), "received .*, 2"),
    "features of a dataset": (lambda: tf.data.Dataset.from_tensors((np.ones((4, 2)), LABELS)), "received .*, 2"),
    "features of a generator": (lambda: iter([(np.ones((4, 2)), LABELS)]), "received .*, 2"),
    "no labels": (lambda: X, "no labels"),
    "a set of four": (lambda: (X, LABELS, X, X), "4 items"),
    "nothing": (lambda: (), "0 items"),
    "rows": (lambda: (X, LABELS[:2]), "same number of rows"),
    "class numbers": (lambda: (X, LABELS + 1), "from 0 to 2.*received labels from 1 to 3"),
    "text": (lambda: (X, np.array(["a", "b", "c", "a"])), "text"),
    "a class": (lambda: Batches, "was given"),
    "a generator for two passes": (lambda: (item for item in [(X, LABELS)]), "no batches to the second of 2 validations"),
}


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_validation_data_is_noticed_before_the_first_step(wrong, eager):
    make, message = WRONG[wrong]
    model = Sequential([Dense(3, activation="softmax", input_shape=(1,))])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=eager)
    before, count = model.get_weights(), Count()
    for data, name in ((make(), "validation_data: "), ({"good": (X, LABELS), "bad": make()}, r"validation_data\['bad'\]: ")):
        if wrong == "no labels" and isinstance(data, dict):
            data["bad"] = tf.data.Dataset.from_tensors(X)
        with pytest.raises(ValueError, match=f"(?s)^{name}.*{message}"):
            model.fit(X, LABELS, epochs=2, verbose=0, validation_data=data, callbacks=[count])
    assert count.steps == 0 and int(model.optimizer.iterations) == 0
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("data", [(X, X), DATASET], ids=["arrays", "dataset"])
@pytest.mark.parametrize("argument, value", [
    *[("validation_freq", value) for value in (0, -1, 1.5, "2", None)],
    *[("validation_steps", value) for value in (0, -1, 2.0, "3")],
])  # fmt: skip
def test_wrong_numbers_are_refused_before_the_first_step(argument, value, data):
    count = Count()
    with pytest.raises(ValueError, match=f"{argument} is a positive integer"):
        identity().fit(X, 0 * X, validation_data=data, verbose=0, callbacks=[count], **{argument: value})
    assert count.steps == 0


def test_a_wrong_batch_size_is_refused():
    with pytest.raises(ValueError, match="validation_batch_size is a positive integer, or None, received 0"):
        identity().fit(X, 0 * X, validation_data=(X, X), verbose=0, validation_batch_size=0)


@pytest.mark.parametrize("frequency", [range(2, 5, 2), (2, 4), {2: "two", 4: "four"}, np.int64(2)])
def test_the_epochs_of_validation(frequency):
    seen = []
    note = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append("val_loss" in logs))
    identity().fit(X, 0 * X, epochs=5, validation_data=(X, X), validation_freq=frequency, verbose=0, callbacks=[note])
    assert seen == [False, True, False, True, False]


def test_a_set_may_have_no_labels():
    model = Sequential([Dense(1, use_bias=False, kernel_initializer="ones", activity_regularizer="l2", input_shape=(1,))])
    model.compile(optimizers.SGD(0.0))
    data = {"two": (2 * X,), "three": 3 * X, "list": [X]}
    history = model.fit(X, verbose=0, validation_data=data).history
    np.testing.assert_allclose([history[f"val_{name}_loss"][0] for name in data], [0.04, 0.09, 0.01], rtol=1e-6)


def test_metrics_that_cannot_be_made_are_an_error_each_time():
    model = two_outputs()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[["accuracy"]])
    for _ in range(2):
        with pytest.raises(ValueError, match="`metrics` has 1 items for 2 outputs"):
            model.fit(X, dict(a=LABELS, b=LABELS), verbose=0)


def test_trying_out_leaves_no_trace():
    """In plain Python a batch is measured beforehand: of a generator, none is lost by it, and a state stays."""
    def endless():
        while True:
            yield from [(*item, np.ones(2)) for item in ITEMS]  # weights, which training has not: so it is tried

    model = identity(run_eagerly=True)
    history = model.fit(X, 0 * X, epochs=2, verbose=0, validation_data=endless(), validation_steps=4).history
    np.testing.assert_allclose(history["val_loss"], [np.mean(V**2)] * 2)
    np.testing.assert_allclose(history["loss"], [1.0] * 2)


def test_trying_out_moves_no_state():
    """States that a recurrent layer makes when it is first called, statistics, random numbers: as if nothing had been tried."""
    class Stateful(Model):
        def __init__(self):
            super().__init__()
            self.parts = [LSTM(4, stateful=True), BatchNormalization(), Dropout(0.5), Dense(3, activation="softmax")]

        def call(self, inputs):
            for part in self.parts:
                inputs = part(inputs)
            return inputs

    x = np.random.default_rng(0).normal(size=(8, 5, 3)).astype("float32")
    losses = []
    for validation in ({}, {"validation_data": (x, np.tile(LABELS, 2))}):
        set_seed(3)
        model = Stateful()
        model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
        losses.append(model.fit(x, np.tile(LABELS, 2), batch_size=4, verbose=0, validation_batch_size=4, **validation).history["loss"])
    assert losses[0] == losses[1]


def test_several_sets_have_their_names_in_the_logs(tmp_path, capsys):
    seen = []
    note = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(sorted(logs)))
    model = identity(metrics=["mae"])
    sets = {"clean": (V, 0 * V), "noisy": (2 * V, 0 * V, np.ones(8)), "stream": DATASET}
    history = model.fit(X, 0 * X, epochs=2, verbose=2, validation_data=sets, validation_freq=2, callbacks=[note],
                        validation_batch_size=None).history  # fmt: skip
    names = [f"val_{each}_{name}" for each in sets for name in ("loss", "mae")]
    assert list(history) == ["loss", "mae", *names]
    assert seen == [["loss", "mae"], sorted(["loss", "mae", *names])]
    np.testing.assert_allclose([history[name][0] for name in names],
                               [np.mean(V**2), np.mean(V), np.mean(4 * V**2), np.mean(2 * V), np.mean(V**2), np.mean(V)])  # fmt: skip
    assert "val_noisy_loss=" in capsys.readouterr().out


def test_one_of_several_sets_can_be_watched():
    stop = callbacks.EarlyStopping("val_noisy_loss")
    history = identity().fit(X, 0 * X, epochs=5, verbose=0, callbacks=[stop], validation_data={"clean": (V, 0 * V), "noisy": (V, V)})
    assert stop.best == 0.0 and len(history.epoch) == 2


def test_a_dict_of_arrays_is_one_x():
    a, b = Input((1,), name="a"), Input((1,), name="b")
    model = Model({"a": a, "b": b}, Dense(1, use_bias=False, kernel_initializer="ones")(a + b))
    model.add_loss(tf.reduce_mean(tf.square(model.outputs[0])))
    model.compile(optimizers.SGD(0.0))
    history = model.fit({"a": X, "b": X}, epochs=1, verbose=0, validation_data={"a": [1.0, 2.0], "b": [0.0, 0.0]}).history
    np.testing.assert_allclose(history["val_loss"], [2.5])


def two_outputs(eager=False, as_list=False):
    inputs = Input((1,))
    a, b = (Dense(3, activation="softmax", kernel_initializer="zeros", name=name)(inputs) for name in "ab")
    model = Model(inputs, [a, b] if as_list else {"a": a, "b": b})
    model.compile(optimizers.SGD(0.0), "sparse_categorical_crossentropy", run_eagerly=eager)
    return model


CLASS_WEIGHT = {"a": {0: 2.0, 1: 4.0}}  # the mean of 2, 4, 1, 2 is 2.25


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize("kind", ["arrays", "dataset", "generator"])
def test_class_weights_by_output(kind, as_list, eager):
    model = two_outputs(eager, as_list)
    y = (LABELS, LABELS[::-1].copy())
    y = y if as_list else dict(zip("ab", y))
    data = {"arrays": (X, y), "dataset": (tf.data.Dataset.from_tensors((X, y)),), "generator": (Batches([(X, y)]),)}[kind]
    history = model.fit(*data, class_weight=CLASS_WEIGHT, verbose=0).history
    np.testing.assert_allclose([history["a_loss"][0], history["b_loss"][0]], np.log(3) * np.array([2.25, 1.0]), rtol=1e-6)


@pytest.mark.parametrize("class_weight, sample_weight, factors", [
    ({"a": {}}, None, (1.0, 1.0)),
    ({"a": {0: 2.0, 1: 4.0}, "b": {2: 5.0}}, None, (2.25, 2.0)),
    ([None, {2: 5.0}], None, (1.0, 2.0)),
    ({"a": {0: 2.0, 1: 4.0}, "b": None}, [1.0, 0.0, 0.0, 1.0], (1.0, 0.5)),
    (CLASS_WEIGHT, {"b": [0.0, 0.0, 0.0, 2.0]}, (2.25, 0.5)),
    (CLASS_WEIGHT, {"a": [0.0, 1.0, 0.0, 0.0]}, (1.0, 1.0)),
])  # fmt: skip
def test_class_weights_times_sample_weights(class_weight, sample_weight, factors):
    y = dict(a=LABELS, b=LABELS)
    sample_weight = {k: np.array(v) for k, v in sample_weight.items()} if isinstance(sample_weight, dict) else sample_weight
    history = two_outputs().fit(X, y, class_weight=class_weight, sample_weight=sample_weight, verbose=0).history
    np.testing.assert_allclose([history["a_loss"][0], history["b_loss"][0]], np.log(3) * np.array(factors), rtol=1e-6)
    logs = two_outputs().train_on_batch(X, y, class_weight=class_weight, sample_weight=sample_weight, return_dict=True)
    np.testing.assert_allclose(logs["loss"], np.log(3) * sum(factors), rtol=1e-6)


def test_class_weights_of_the_one_output_by_its_name():
    model = Sequential([Dense(3, activation="softmax", kernel_initializer="zeros", name="a", input_shape=(1,))])
    model.compile(optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    history = model.fit(X, LABELS, class_weight=CLASS_WEIGHT, verbose=0).history
    np.testing.assert_allclose(history["loss"], [np.log(3) * 2.25], rtol=1e-6)


@pytest.mark.parametrize("class_weight, message", [
    ({"c": {0: 2.0}}, r"`class_weight` names \['c'\], which are not outputs. The outputs are \['a', 'b'\]"),
    ([{0: 2.0}], "class_weight"),
    ({"a": {0: 2.0}, "b": 3.0}, "class_weight is a dict"),
    ({"a": {"x": 2.0}}, "class_weight is a dict"),
    ([1.0, 2.0], r"class_weight is a dict .* received \[1.0, 2.0\]"),
    ({0: 2.0}, r"give one for each: class_weight=\{output: "),
])  # fmt: skip
def test_wrong_class_weights_by_output(class_weight, message):
    with pytest.raises(ValueError, match=message):
        two_outputs().fit(X, dict(a=LABELS, b=LABELS), class_weight=class_weight, verbose=0)
