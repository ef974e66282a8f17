"""TensorFlow's checkpoints and SavedModels of models, layers and optimizers, as tutorials write them."""

import copy
import pickle

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Model, Sequential, optimizers
from engine.saving import FileError
from layers import BatchNormalization, Dense, Dropout, Embedding, StringLookup

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


class Subclass(Model):
    def __init__(self):
        super().__init__()
        self.blocks = [Dense(4), BatchNormalization()]
        self.head = Dense(1)

    def call(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return self.head(inputs)


def functional():
    inputs = Input((3,))
    return Model(inputs, Dense(1)(Dropout(0.5)(Dense(4)(inputs))))


BUILDERS = {"sequential": lambda: Sequential([Dense(4), BatchNormalization(), Dense(1)]), "subclass": Subclass, "functional": functional}


def trained(build, steps=3):
    model = build()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, epochs=steps, verbose=0)
    return model


def same(first, second):
    return len(first) == len(second) and all(np.array_equal(a, b) for a, b in zip(first, second))


def test_compiled_methods_and_tables_are_in_a_saved_model(tmp_path):
    class Words(Model):
        def __init__(self):
            super().__init__()
            self.numbers, self.table = StringLookup(vocabulary=["a", "b"]), Embedding(3, 2)

        def call(self, inputs):
            return self.table(self.numbers(inputs))

        @tf.function
        def scored(self, words):
            return self.table(self.numbers(tf.strings.split(words)).to_tensor())

    model = Words()
    expected = model.scored(tf.constant(["a b c"]))
    tf.saved_model.save(model, tmp_path)
    again = tf.saved_model.load(tmp_path)
    np.testing.assert_array_equal(again.scored(tf.constant(["a b c"])), expected)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_a_model_and_its_optimizer_come_back(build, tmp_path):
    model = trained(build)
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(step=tf.Variable(7), model=model, optimizer=model.optimizer), tmp_path, 2)
    manager.save()
    weights, state = model.get_weights(), [v.numpy() for v in model.optimizer.variables]
    model.fit(X, Y, verbose=0)
    assert not same(weights, model.get_weights())
    step = tf.Variable(0)
    tf.train.Checkpoint(step=step, model=model, optimizer=model.optimizer).restore(manager.latest_checkpoint).assert_consumed()
    assert same(weights, model.get_weights()) and same(state, [v.numpy() for v in model.optimizer.variables]) and step == 7


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_values_wait_for_variables_that_are_made_later(build, tmp_path):
    model = trained(build)
    path = tf.train.Checkpoint(model=model, optimizer=model.optimizer).save(tmp_path / "cp")
    other = build()
    other.compile("adam", "mse", metrics=["mae"])
    tf.train.Checkpoint(model=other, optimizer=other.optimizer).restore(path)
    for each in (model, other):
        each.fit(X, Y, verbose=0, shuffle=False)
    for a, b in zip(model.optimizer.variables, other.optimizer.variables):
        np.testing.assert_array_equal(a, b)
    assert same(model.get_weights(), other.get_weights())


def test_a_layer_alone_and_a_checkpoint_of_the_model_itself(tmp_path):
    layer, again = Dense(2), Dense(2)
    layer.build((None, 3))
    path = tf.train.Checkpoint(d=layer).save(tmp_path / "a")
    assert "d/kernel/.ATTRIBUTES/VARIABLE_VALUE" in dict(tf.train.list_variables(path))
    tf.train.Checkpoint(d=again).restore(path)
    again(X)
    assert same(layer.get_weights(), again.get_weights())
    model = trained(Subclass)
    path = tf.train.Checkpoint(model).save(tmp_path / "b")
    assert "blocks..0/kernel/.ATTRIBUTES/VARIABLE_VALUE" in dict(tf.train.list_variables(path))


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_save_weights_writes_one_where_the_name_says_so(build, tmp_path):
    model, folder = trained(build), tmp_path / "training_1" / "new"
    model.save_weights(folder / "cp-0001.ckpt")
    model.save_weights(str(folder / "cp-0002.ckpt"))
    latest = tf.train.latest_checkpoint(folder)
    assert latest == str(folder / "cp-0002.ckpt")
    other = build()
    other(X)
    assert other.load_weights(latest) == []
    assert same(model.get_weights(), other.get_weights())
    wrong = Sequential([Dense(5), BatchNormalization(), Dense(1)])
    wrong(X)
    before = wrong.get_weights()
    with pytest.raises(FileError, match="do not fit, and none was loaded"):
        wrong.load_weights(latest)
    assert same(before, wrong.get_weights())


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_a_saved_model_serves(build, tmp_path):
    model = trained(build)
    tf.saved_model.save(model, str(tmp_path))
    served = tf.saved_model.load(str(tmp_path))
    np.testing.assert_allclose(served.serve(X), model.predict(X, verbose=0), rtol=1e-6)
    (outputs,) = served.signatures["serving_default"](tf.constant(X)).values()
    np.testing.assert_allclose(outputs, model.predict(X, verbose=0), rtol=1e-6)


def test_what_waits_does_not_go_into_copies(tmp_path):
    path = tf.train.Checkpoint(model=trained(Subclass)).save(tmp_path / "cp")
    model = Subclass()
    tf.train.Checkpoint(model=model).restore(path).expect_partial()
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        copied(X)
    optimizer = optimizers.Adam()
    tf.train.Checkpoint(optimizer=optimizer).restore(tf.train.Checkpoint(optimizer=trained(Subclass).optimizer).save(tmp_path / "o")).expect_partial()
    copy.deepcopy(optimizer)
