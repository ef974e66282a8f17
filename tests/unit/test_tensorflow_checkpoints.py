"""tf.train.Checkpoint of anything we have: metrics, optimizers, layers, lists of them; and restored whole or not at all."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Layer, Model, Sequential, metrics, optimizers
from engine.random import SeedGenerator
from engine.saving import FileError
from layers import BatchNormalization, Dense, Dropout, Embedding

X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")


def built(*units, start=0.0):
    model = Sequential([Input((3,)), *(layer for size in units for layer in (Dense(size), BatchNormalization()))])
    for weight in model.weights:
        weight.assign(tf.fill(weight.shape, start))
    return model


def trained(optimizer):
    model = built(4, 1)
    model.compile(optimizer, "mse", metrics=["mae"], jit_compile=False)
    model.fit(X, X[:, :1], verbose=0)
    return model


def values(thing):
    return [variable.numpy().tolist() for variable in thing.variables]


ALONE = {
    "metric": (lambda: metrics.AUC(), lambda metric: metric.update_state([0.0, 1.0], [0.2, 0.9])),
    "mean": (lambda: metrics.Mean("other"), lambda metric: metric.update_state([1.0, 4.0])),
    "seeds": (lambda: SeedGenerator(3), lambda seeds: seeds.next()),
    "dropout": (lambda: Dropout(0.5, seed=3), lambda layer: layer(X, training=True)),
    "loss scale": (lambda: optimizers.LossScaleOptimizer("sgd"), lambda optimizer: optimizer.dynamic_scale.assign(4.0)),
    "optimizer": (lambda: optimizers.SGD(0.5, momentum=0.5), lambda optimizer: optimizer.apply([tf.ones(2)], [WEIGHT])),
}  # fmt: skip
WEIGHT = tf.Variable([1.0, 2.0])


def state(thing):
    return [thing.state.numpy().tolist()] if isinstance(thing, SeedGenerator) else values(thing)


@pytest.mark.parametrize("name", ALONE)
def test_alone_and_in_lists_and_dicts(name, tmp_path):
    make, use = ALONE[name]
    first = [make() for _ in range(4)]
    for thing in first:
        use(thing)
    root = tf.train.Checkpoint(one=first[0], several=[first[1], {"deep": first[2]}], by_name={"x": first[3]})
    path = root.save(tmp_path / "a")
    second = [make() for _ in range(4)]
    again = tf.train.Checkpoint(one=second[0], several=[second[1], {"deep": second[2]}], by_name={"x": second[3]})
    status = again.restore(path)
    if name == "optimizer":
        for thing in second:
            thing.build([WEIGHT])  # its slots were waiting
    status.assert_consumed()
    assert [state(thing) for thing in first] == [state(thing) for thing in second] != [state(make()) for _ in range(4)]
    assert again.save_counter == 1


def test_those_who_import_metrics_or_optimizers_alone(tmp_path):
    program = (
        "import tensorflow as tf\nfrom engine import {0}\nthing = {1}\n"
        f"print(tf.train.list_variables(tf.train.Checkpoint(thing=thing).save({str(tmp_path / 'x')!r})))"
    )
    for module, made in (("metrics", "metrics.Mean()"), ("optimizers", "optimizers.SGD()")):
        run = subprocess.run([sys.executable, "-c", program.format(module, made)], capture_output=True, text=True, timeout=120)
        assert "thing/" in run.stdout, run.stderr[-500:]


# ---- whole or not at all ------------------------------------------------------------------------

OTHERS = {
    "a later shape": lambda: built(4, 2), "the first shape": lambda: built(5, 1),
    "a dtype": lambda: Sequential([Input((3,)), Dense(4), BatchNormalization(), Dense(1, dtype="float64"), BatchNormalization()]),
}  # fmt: skip


@pytest.mark.parametrize("place", ["alone", "root", "in a list", "behind another", "with its optimizer"])
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_what_does_not_fit_changes_nothing(other, place, tmp_path):
    def checkpoint(model):
        beside, step = built(2, start=float(model.weights[0][0, 0])), tf.Variable(model.weights[0][0, 0])
        kept.extend([*beside.weights, step])
        return {
            "alone": lambda: tf.train.Checkpoint(model=model), "root": lambda: tf.train.Checkpoint(model),
            "in a list": lambda: tf.train.Checkpoint(models=[beside, model]),
            "behind another": lambda: tf.train.Checkpoint(a=beside, step=step, z=model),
            "with its optimizer": lambda: tf.train.Checkpoint(optimizer=optimizers.SGD(), model=model),
        }[place]()

    kept = []
    path = checkpoint(built(4, 1, start=7.0)).save(tmp_path / "cp")
    model, kept = other(), []
    target = checkpoint(model)
    before = [value.numpy().tolist() for value in [*model.weights, *kept]]
    with pytest.raises(FileError, match="(?s)does not fit, and nothing was restored.*layers.2.kernel|layers.0.kernel"):
        target.restore(path)
    assert [value.numpy().tolist() for value in [*model.weights, *kept]] == before
    kept = []
    fitting = built(4, 1)
    checkpoint(fitting).restore(path).assert_existing_objects_matched()
    assert float(fitting.weights[0][0, 0]) == 7.0


def test_values_that_wait_for_another_shape(tmp_path):
    layer = Dense(2)
    layer.build((None, 3))
    path = tf.train.Checkpoint(layer=layer).save(tmp_path / "cp")
    other = Dense(2)
    tf.train.Checkpoint(layer=other).restore(path)
    with pytest.raises(FileError, match=r"nothing was restored.*\n.*\n.*layer.kernel +float32 \(4, 2\) +float32 \(3, 2\) +mismatched"):
        other(np.ones((1, 4), "float32"))
    assert not np.array_equal(other.bias, layer.bias + 1) and np.all(other.bias.numpy() == 0)


def test_statuses_and_managers_say_what_tensorflow_says(tmp_path):
    model = trained("adam")
    checkpoint = tf.train.Checkpoint(model=model, optimizer=model.optimizer, step=tf.Variable(0))
    manager = tf.train.CheckpointManager(checkpoint, tmp_path, max_to_keep=2)
    paths = [manager.save() for _ in range(3)]
    assert manager.latest_checkpoint == tf.train.latest_checkpoint(tmp_path) == paths[-1] and manager.checkpoints == paths[1:]
    assert int(checkpoint.save_counter) == 3
    other = built(4, 1)
    status = tf.train.Checkpoint(model=other).restore(paths[-1])
    status.assert_existing_objects_matched()
    with pytest.raises(AssertionError):
        status.assert_consumed()
    status.expect_partial()
    more = Sequential([Input((3,)), *built(4, 1).layers, Dense(2)])
    with pytest.raises(AssertionError):
        tf.train.Checkpoint(model=more).restore(paths[-1]).expect_partial().assert_existing_objects_matched()
    assert np.array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    with pytest.raises((tf.errors.NotFoundError, ValueError)):
        tf.train.Checkpoint(model=other).restore(str(tmp_path / "nowhere"))


def test_read_into_the_same_objects_twice(tmp_path):
    model = built(4, 1, start=1.0)
    checkpoint = tf.train.Checkpoint(model=model)
    first = checkpoint.save(tmp_path / "cp")
    for weight in model.weights:
        weight.assign(weight + 1.0)
    second = checkpoint.save(tmp_path / "cp")
    for path, value in ((first, 1.0), (second, 2.0), (first, 1.0)):
        checkpoint.restore(path).assert_consumed()
        assert all(np.all(weight.numpy() == value) for weight in model.weights)


# ---- load_weights -------------------------------------------------------------------------------


class Tied(Model):
    """A weight at two paths, of which TensorFlow takes the shorter and we the first; and names that need care."""

    def __init__(self):
        super().__init__()
        self.deep = Sequential([Sequential([Embedding(5, 3)])])
        self.own = {"a.b": Dense(2), "c/d": Dense(2)}
        self.save_counters, self.loss_tracker = [tf.Variable(1.0)], tf.Variable(2.0)
        self.noise = tf.random.Generator.from_seed(1)

    def build(self, input_shape):
        self.deep(np.zeros((1, 1), "int32"))
        for layer in self.own.values():
            layer.build((None, 3))
        self.shallow = self.deep.layers[0].layers[0]
        self._dropped = Dropout(0.5)

    def call(self, inputs):
        self.add_metric(tf.reduce_mean(inputs), name="size")
        return inputs


def tied():
    model = Tied()
    model(X)
    return model


@pytest.mark.parametrize("write", [lambda model, path: model.save_weights(path), lambda model, path: tf.train.Checkpoint(model).write(path)],
                         ids=["save_weights", "tf.train.Checkpoint"])  # fmt: skip
def test_tied_weights_and_names_with_dots(write, tmp_path):
    model, other = tied(), tied()
    for weight in model.weights:
        weight.assign_add(tf.fill(weight.shape, 3.0))
    write(model, str(tmp_path / "cp.ckpt"))
    assert other.load_weights(tmp_path / "cp.ckpt") == []
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights(), strict=True))
    del other.save_counters[0]
    before = other.get_weights()
    with pytest.raises(FileError, match="save_counters.0 .*unexpected"):
        other.load_weights(tmp_path / "cp.ckpt")
    assert all(np.array_equal(a, b) for a, b in zip(before, other.get_weights(), strict=True))
    assert [row[0] for row in other.load_weights(tmp_path / "cp.ckpt", strict=False)] == ["save_counters.0"]


def test_what_a_manager_has_saved_is_found_by_its_name(tmp_path):
    model = built(4, 1, start=3.0)
    path = tf.train.CheckpointManager(tf.train.Checkpoint(model), tmp_path, 3).save()
    assert os.path.basename(path) == "ckpt-1"
    other = built(4, 1)
    assert other.load_weights(tf.train.latest_checkpoint(tmp_path)) == []
    assert values(other) == values(model)


def test_a_model_that_is_not_built_yet(tmp_path):
    built(4, 1).save_weights(tmp_path / "cp.ckpt")
    model = Sequential([Dense(4), BatchNormalization(), Dense(1), BatchNormalization()])
    with pytest.raises(ValueError, match=r"(?s)is not built.*Call it on a batch once.*tf.train.Checkpoint\(model\).restore\(path\) lets values wait"):
        model.load_weights(tmp_path / "cp.ckpt")
    tf.train.Checkpoint(model).restore(str(tmp_path / "cp.ckpt"))
    model(X)
    assert all(np.all(weight.numpy() == 0.0) for weight in model.weights)


def damaged(folder, how):
    path = folder / "cp.ckpt"
    built(4, 1, start=1.0).save_weights(path)
    index, data = folder / "cp.ckpt.index", folder / "cp.ckpt.data-00000-of-00001"
    for file, change in {
        "index cut": [(index, lambda b: b[: len(b) // 2])], "index empty": [(index, lambda b: b"")], "index noise": [(index, lambda b: b[::-1])],
        "data cut": [(data, lambda b: b[: len(b) // 2])], "data empty": [(data, lambda b: b"")],
        "data flipped": [(data, lambda b: b[:4] + bytes([b[4] ^ 1]) + b[5:])],
    }.get(how, []):
        file.write_bytes(change(file.read_bytes()))
    if how == "no data":
        data.unlink()
    if how == "no index":
        index.unlink()
    if how == "names of another time":
        tf.raw_ops.SaveV2(prefix=str(path), tensor_names=["kernel"], shape_and_slices=[""], tensors=[tf.zeros(3)])
    return path


@pytest.mark.parametrize("how", ["index cut", "index empty", "index noise", "data cut", "data empty", "data flipped", "no data", "names of another time"])
def test_a_damaged_checkpoint_is_refused_whole(how, tmp_path):
    path, model = damaged(tmp_path, how), built(4, 1)
    with pytest.raises(FileError, match="is no checkpoint that can be read"):
        model.load_weights(path)
    with pytest.raises(FileError):
        model.load_weights(path, strict=False)
    assert all(np.all(weight.numpy() == 0.0) for weight in model.weights)


def test_no_checkpoint_at_all(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no checkpoint"):
        built(1).load_weights(tmp_path / "nowhere.ckpt")
    with pytest.raises(FileNotFoundError):
        built(1).load_weights(damaged(tmp_path, "no index"))


def test_a_module_of_tensorflow_that_holds_a_layer(tmp_path):
    """It sees no variables of it, which is noticed where none arrive; checkpoints have them."""

    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.layer = Dense(2)

    module = Module()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module.layer(X))
    variables = module.trainable_variables
    with pytest.raises(ValueError, match=r"received no variables.*tf.Module does not see those of layers that it holds: pass layer.trainable_weights"):
        optimizers.SGD().apply_gradients(zip(tape.gradient(loss, variables), variables))
    assert "module/layer/kernel/.ATTRIBUTES/VARIABLE_VALUE" in dict(tf.train.list_variables(tf.train.Checkpoint(module=module).save(tmp_path / "m")))


class Outer(Layer):
    def __init__(self):
        super().__init__()
        self._kept, self.kept = tf.Variable(1.0), tf.Variable(2.0)

    def call(self, inputs):
        return inputs


def test_two_attributes_of_one_name(tmp_path):
    first, second = Outer(), Outer()
    first._kept.assign(5.0)
    first.kept.assign(6.0)
    tf.train.Checkpoint(x=second).restore(tf.train.Checkpoint(x=first).save(tmp_path / "cp")).assert_consumed()
    assert (float(second._kept), float(second.kept)) == (5.0, 6.0)
