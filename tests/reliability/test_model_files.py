"""Files of models: what comes back is what was saved, or an error that says why not; never something else."""

import json
import os
import resource
import signal
import tempfile

import corpus
import crashes
import numpy as np
import pytest
import safetensors
import tensorflow as tf

import losses
from engine import Input, Layer, Model, Sequential, optimizers
from engine.saving import FileError, container, export, load_model
from layers import BatchNormalization, Dense, Dropout, Lambda

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(24, 5)).astype("f4"), RNG.normal(size=(24, 3)).astype("f4")
OPTIMIZERS = "SGD Adagrad RMSprop Adadelta Adam AdamW Adamax Nadam Lion Lamb Adafactor ScheduleFreeAdamW Ftrl Muon"


class Twice(Layer):
    """A layer of one's own on a raw variable; its constructor takes no `name`."""

    def __init__(self, start):
        super().__init__()
        self.start = start

    def build(self, input_shape):
        self.scale = tf.Variable(tf.fill([input_shape[-1]], float(self.start)))

    def call(self, inputs):
        return inputs * self.scale * 2


class Branches(Model):
    """A subclassed model: layers in a list, in a dict, nested."""

    def __init__(self, units):
        super().__init__()
        self.units = units
        self.blocks = [Dense(units, activation="tanh"), Twice(0.5)]
        self.heads = {"a": Dense(3), "b": Sequential([Dense(4), Dense(3)])}

    def call(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return self.heads["a"](inputs) + self.heads["b"](inputs)


def sequential():
    return Sequential([Input((5,)), Dense(4, activation="relu", kernel_regularizer="l2"), BatchNormalization(),
                       Dropout(0.25), Dense(3)])  # fmt: skip


def functional():
    inputs = Input((5,), name="x")
    hidden = Dense(4, activation="gelu", name="hidden")(inputs)
    return Model(inputs, Dense(3, name="out")(tf.concat([hidden, inputs * 2.0], -1)))


def subclass():
    return Branches(6)


def trained(make, optimizer="adam", **compile):
    model = make()
    model.compile(optimizer, "mse", metrics=["mae"], jit_compile=False, **compile)
    model.fit(X, Y, batch_size=8, verbose=0)
    return model


def bits(model):
    found = {path: variable.numpy().tobytes() for path, variable, _ in model.named_weights()}
    paths = {id(variable): path for path, variable, _ in model.named_weights()}
    if model.optimizer is not None:
        found |= {name: v.numpy().tobytes() for name, v in model.optimizer.named_variables(paths).items()}
    return found


OWN = {"Branches": Branches, "Twice": Twice}


@pytest.mark.parametrize("make", [sequential, functional, subclass])
def test_a_loaded_model_goes_on_with_the_same_bits(make, tmp_path):
    model = trained(make)
    model.save(tmp_path / "m.safetensors")
    other = load_model(tmp_path / "m.safetensors", OWN)
    assert bits(other) == bits(model)
    histories = [m.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0).history for m in (model, other)]
    assert histories[0] == histories[1] and bits(other) == bits(model)  # dropout too: its counter is in the file
    assert os.listdir(tmp_path) == ["m.safetensors"]


@pytest.mark.parametrize("name", OPTIMIZERS.split())
def test_the_state_of_each_optimizer(name, tmp_path):
    optimizer = getattr(optimizers, name)(0.01, use_ema=name == "Adam", weight_decay=0.01)
    model = trained(lambda: Sequential([Input((5,)), Dense(3)]), optimizer)
    model.save(tmp_path / "m")
    other = load_model(tmp_path / "m")
    assert bits(other) == bits(model) and len(bits(model)) == len(model.weights) + len(model.optimizer.variables)
    assert other.optimizer.get_config() == model.optimizer.get_config()


def test_what_compile_was_told(tmp_path):
    schedule = optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    model = sequential()
    model.compile(optimizers.SGD(schedule, momentum=0.9), losses.Huber(0.5), metrics=["mae"], steps_per_execution=3)
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m")
    other = load_model(tmp_path / "m")
    assert other.loss.delta == 0.5 and other.steps_per_execution == 3
    assert float(other.optimizer.learning_rate) == float(model.optimizer.learning_rate) < 0.1
    assert other.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_functions_come_through_custom_objects(tmp_path):
    def cubic(y_true, y_pred):
        return tf.reduce_mean(tf.abs(y_true - y_pred) ** 3, -1)

    model = sequential()
    model.compile("sgd", cubic, metrics=[cubic])
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m")
    with pytest.raises(FileError, match="Unknown loss 'cubic'.*custom_objects"):
        load_model(tmp_path / "m")
    assert load_model(tmp_path / "m", compile=False).optimizer is None
    other = load_model(tmp_path / "m", {"cubic": cubic})
    assert other.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_without_the_optimizer(tmp_path):
    model = trained(sequential)
    model.save(tmp_path / "m", include_optimizer=False)
    assert not [name for name in container.read(tmp_path / "m").arrays if name.startswith("optimizer")]
    assert load_model(tmp_path / "m").optimizer is None


def test_weights_out_of_a_model_file_and_names(tmp_path):
    model, other = trained(subclass), subclass()
    model.save(tmp_path / "m")
    other(X)
    assert other.load_weights(tmp_path / "m") == []
    assert other(X).numpy().tobytes() == model(X).numpy().tobytes()
    with safetensors.safe_open(tmp_path / "m", "numpy") as file:  # any reader can
        assert {"blocks.0.kernel", "blocks.1.scale", "heads.b.layers.0.bias", "optimizer/heads.a.kernel/momentum"} <= set(
            file.keys()
        )
        assert (file.get_tensor("blocks.1.scale") == model.blocks[1].scale.numpy()).all()


def test_the_same_model_gives_the_same_bytes(tmp_path):
    model = trained(functional)
    for name in "ab":
        model.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("action", ["save", "save_weights", "load_weights"])
def test_not_built_says_which_layers_and_what_to_do(action, tmp_path):
    with pytest.raises(ValueError, match=r"not built.*'blocks.0', 'blocks.1'.*model\(x\).*model.build\(\(None, ...\)\)"):
        getattr(subclass(), action)(tmp_path / "m")
    assert os.listdir(tmp_path) == []


def test_a_lambda_is_refused_with_the_reason(tmp_path):
    Sequential([Input((5,)), Lambda(lambda x: x * 2)]).save(tmp_path / "m")
    with pytest.raises(FileError, match="made with a Python lambda.*code from a config is never run"):
        load_model(tmp_path / "m")


def test_a_model_that_differs_from_its_file(tmp_path):
    trained(subclass).save(tmp_path / "m")
    other = Branches(7)
    other(X)
    before = bits(other)
    with pytest.raises(FileError, match=r"blocks.0.kernel +float32 \(5, 7\) +float32 \(5, 6\) +mismatched"):
        other.load_weights(tmp_path / "m")
    assert bits(other) == before
    left = other.load_weights(tmp_path / "m", strict=False)
    assert {row[0] for row in left} >= {"blocks.0.kernel", "blocks.0.bias", "blocks.1.scale"}
    assert bits(other)["heads.b.layers.1.bias"] != before["heads.b.layers.1.bias"]


def test_export_runs_without_the_model(tmp_path):
    model = trained(functional)
    export(model, tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served"))
    np.testing.assert_allclose(served.serve(X), model.predict(X), rtol=1e-5, atol=1e-6)
    by_name = served.signatures["serving_default"](x=tf.constant(X[:7]))
    np.testing.assert_allclose(by_name["outputs"], model.predict(X[:7]), rtol=1e-5, atol=1e-6)


def test_export_of_a_subclassed_model_with_several_outputs(tmp_path):
    class Two(Model):
        def __init__(self):
            super().__init__()
            self.body, self.drop, self.heads = Branches(6), Dropout(0.5), {"a": Dense(2), "b": Dense(1)}

        def call(self, inputs):
            hidden = self.drop(self.body(inputs["left"]) + inputs["right"])
            return {name: head(hidden) for name, head in self.heads.items()}

    model, x = Two(), {"left": X, "right": Y}
    with pytest.raises(ValueError, match="not built.*before export"):
        model.export(tmp_path / "served")
    expected = model.predict(x)
    model.export(tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served"))
    found = served.signatures["serving_default"](left=tf.constant(X), right=tf.constant(Y))
    assert set(found) == {"a", "b"}
    for name, value in found.items():  # dropout rests
        np.testing.assert_allclose(value, expected[name], rtol=1e-5, atol=1e-6)


# ---- damage -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """(model, the bytes of its file)."""
    path = tmp_path_factory.mktemp("saved") / "m"
    model = trained(lambda: Sequential([Input((5,)), Dense(2), Dense(3)]))
    model.save(path)
    return model, path.read_bytes()


def outcome(path, data, model):
    """Load `data`; True if the model that comes out equals `model`, False if it was refused."""
    path.write_bytes(data)
    try:
        found = load_model(path)
    except FileError:
        return False
    assert bits(found) == bits(model)
    assert found.get_config() == model.get_config()
    return True


def test_truncation_at_64_places(saved, tmp_path, figure):
    model, data = saved
    assert outcome(tmp_path / "m", data, model)
    for length in np.linspace(0, len(data) - 1, 64).astype(int):
        assert not outcome(tmp_path / "m", data[:length], model)
    figure("A model's file cut at 64 places", "64 refused")


def test_single_flipped_bits_in_every_section(saved, tmp_path, figure):
    model, data = saved
    header = int.from_bytes(data[:8], "little")
    digest = data.index(b"glassbox_sha256") + len('glassbox_sha256": "')
    sections = {"length": (0, 8), "header": (8, 8 + header), "checksum": (digest, digest + 64),
                "config": (data.index(b"glassbox_model"), digest), "data": (8 + header, len(data))}  # fmt: skip
    for begin, end in sections.values():
        begin, end = min(begin, end), max(begin, end)
        for place in RNG.integers(begin, end, 60):
            flipped = bytearray(data)
            flipped[place] ^= 1 << RNG.integers(8)
            assert not outcome(tmp_path / "m", bytes(flipped), model), place
    figure("A model's file with one bit flipped", f"{60 * len(sections)} refused, 60 in each of {', '.join(sections)}")


@pytest.mark.slow
def test_20000_mutated_files(saved, tmp_path, figure):
    model, data = saved
    header = 8 + int.from_bytes(data[:8], "little")
    loaded = 0
    for _ in range(20_000):
        mutated = bytearray(data)
        for _ in range(RNG.integers(1, 4)):
            begin = int(RNG.integers(header if RNG.random() < 0.7 else len(mutated)) if mutated else 0)
            size = int(RNG.choice([1, 1, 1, 4, 16, 100]))
            kind = RNG.integers(6)
            if kind == 0 and begin < len(mutated):
                mutated[begin] ^= 1 << RNG.integers(8)
            elif kind == 1:
                mutated[begin : begin + size] = RNG.bytes(size)
            elif kind == 2:
                del mutated[begin : begin + size]
            elif kind == 3:
                mutated[begin:begin] = mutated[begin : begin + size]
            elif kind == 4:
                mutated[begin : begin + size] = RNG.choice([b"[", b"{", b"9", b'"', b"-", b"null", b"\\u0000"]) * size
            else:
                other = int(RNG.integers(len(mutated) + 1))
                mutated[begin : begin + size] = mutated[other : other + size]
        loaded += outcome(tmp_path / "m", bytes(mutated), model)
    figure("Mutated files of models", f"20,000: {loaded} loaded, all equal to the original; {20_000 - loaded} refused with FileError")
    assert loaded < 2000  # those where nothing had changed in the end


ODD = [None, True, -1, 0, 3, 1 << 31, 10**30, 0.5, "", "x", "../x", "mse", [], [3], [1 << 40], {}, [[[]]],
       {"class_name": "Dense", "config": {"units": 2}}, {"class_name": "Popen", "module": "subprocess", "config": {}}]  # fmt: skip


def places(tree):
    """(container, key) of each value in a nest of dicts and lists."""
    for key, value in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        yield tree, key
        if isinstance(value, (dict, list)):
            yield from places(value)


@pytest.mark.slow
def test_4000_files_that_say_something_else_with_a_right_checksum(saved, tmp_path, figure):
    """One value of the header is another one, or gone. Entries of arrays: all as it was, or refused. The description: a
    model, or refused."""
    model, data = saved
    border = 8 + int.from_bytes(data[:8], "little")
    loaded = 0
    for index in range(4000):
        entries = json.loads(data[8:border])
        description = json.loads(entries.pop("__metadata__")["glassbox_model"])
        among = [*places(entries if index % 4 == 0 else description)]
        tree, key = among[RNG.integers(len(among))]
        if RNG.random() < 0.2:
            del tree[key]
        else:
            tree[key] = ODD[RNG.integers(len(ODD))]
        mutated = corpus.sealed(entries, data[border:], description)
        if index % 4 == 0:
            loaded += outcome(tmp_path / "m", mutated, model)
            continue
        (tmp_path / "m").write_bytes(mutated)
        try:
            loaded += isinstance(load_model(tmp_path / "m"), Model)
        except FileError:
            pass
    figure("Files of models with one value of the header changed and the checksum right",
           f"4,000: {loaded} are valid and loaded, {4000 - loaded} refused with FileError")  # fmt: skip
    assert 100 < loaded < 2000


# ---- saves that fail or are killed --------------------------------------------------------------


def test_kill_at_each_call_of_a_save(tmp_path, figure):
    old, new = trained(sequential), trained(sequential)
    path = tmp_path / "m"
    new.save(path)
    content = container.read(path)
    content = {"kind": content.kind, "arrays": content.arrays, **content.metadata}
    content = {name: value for name, value in content.items() if name not in ("format", "sha256")}
    old.save(path)
    found = []
    for fatal in range(1, 100):
        status = crashes.in_child(lambda: (crashes.DieAt(fatal), container.write(path, **content)))  # noqa: B023
        loaded = bits(load_model(path))
        assert loaded in (bits(old), bits(new))
        found.append(loaded == bits(new))
        if status == 0:
            break
        assert status == -signal.SIGKILL
    assert 5 < fatal < 99 and found == sorted(found)  # the old one until the rename, then the new one
    assert not found[0] and found[-1]
    figure("`Model.save` killed at each write, sync and rename", f"{fatal - 1} kills: the old file or the new one, whole, each time")


def test_disk_full(tmp_path):
    model = trained(sequential)
    model.save(tmp_path / "m")
    before = (tmp_path / "m").read_bytes()
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, unlimited[1]))
    try:
        with pytest.raises(OSError, match="What was there before is untouched.*/m'"):
            model.save(tmp_path / "m")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert (tmp_path / "m").read_bytes() == before and os.listdir(tmp_path) == ["m"]


def test_read_only_directory(tmp_path):
    model = trained(sequential)
    with tempfile.TemporaryDirectory() as folder:  # not in tmp_path, into which only its owner may look
        path = os.path.join(folder, "m")
        model.save(path)
        with open(path, "rb") as file:
            before = file.read()
        os.chmod(folder, 0o555)
        user = os.geteuid()
        try:
            if user == 0:  # who may write everywhere
                os.seteuid(65534)
            with pytest.raises(PermissionError, match="this was not saved. What was there before is untouched"):
                model.save(path)
            assert load_model(path).get_config() == model.get_config()
        finally:
            os.seteuid(user)
            os.chmod(folder, 0o755)
        with open(path, "rb") as file:
            assert file.read() == before
        assert os.listdir(folder) == ["m"]


def test_no_place_to_write(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="this was not saved"):
        trained(sequential).save(tmp_path / "file" / "m")
