"""What callbacks are told, count and write: batches under `steps_per_execution`, logs, columns, names of one's own."""

import csv
import itertools
import os

import numpy as np
import pytest
import tensorflow as tf

from engine import Input, Model, Sequential, callbacks, metrics, optimizers
from engine.data import PyDataset
from layers import Dense, Embedding, Flatten

X = np.ones((28, 1), "float32")


def small(**arguments):
    model = Sequential([Dense(1, input_shape=(1,))])
    model.compile("sgd", "mse", **{"jit_compile": False, **arguments})
    return model


# ---- batches are counted ---------------------------------------------------------------------

# (steps_per_execution, save_freq): {epoch}-{batch} of what Keras 3 saves in 2 epochs of 7 or 8 batches
SAVED = {
    (1, 1): [f"{epoch}-{batch}" for epoch in (1, 2) for batch in range(1, 9)],
    (1, 3): ["1-3", "1-6", "2-1", "2-4", "2-7"],
    (1, 5): ["1-5", "2-2", "2-7"],
    (2, 1): ["1-2", "1-4", "1-6", "1-8", "2-2", "2-4", "2-6", "2-8"],
    (2, 3): ["1-4", "1-8", "2-4", "2-8"],
    (2, 5): ["1-6", "2-4"],
    (4, 3): ["1-4", "1-8", "2-4", "2-8"],
    (4, 5): ["1-8", "2-8"],
}


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("per_call, frequency", SAVED)
def test_a_checkpoint_counts_batches(per_call, frequency, eager, tmp_path):
    x = np.ones((32, 1), "float32")
    saving = callbacks.ModelCheckpoint(tmp_path / "{epoch}-{batch}.safetensors", save_freq=frequency, save_weights_only=True)
    small(steps_per_execution=per_call, run_eagerly=eager).fit(x, x, batch_size=4, epochs=2, verbose=0, callbacks=[saving])
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(SAVED[per_call, frequency])


@pytest.mark.parametrize("as_stream", [False, True])
def test_the_last_call_of_an_epoch_may_be_shorter(as_stream, tmp_path):
    saving = callbacks.ModelCheckpoint(tmp_path / "{epoch}-{batch:02d}-{loss:.0f}.safetensors", save_freq=5, save_weights_only=True)
    data = [tf.data.Dataset.from_tensor_slices((X, X)).batch(4)] if as_stream else [X, X, 4]
    small(steps_per_execution=3).fit(*data, epochs=2, verbose=0, callbacks=[saving])
    assert sorted(path.stem[:4] for path in tmp_path.iterdir()) == ["1-06", "2-06"]  # 7 batches in 3, 3, 1: 6, then 1 + 6


def test_the_path_of_an_epoch_may_name_the_batch_too(tmp_path):
    saving = callbacks.ModelCheckpoint(tmp_path / "{epoch}-{batch}.safetensors", save_weights_only=True)
    small().fit(X, X, batch_size=4, epochs=2, verbose=0, callbacks=[saving])
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["1-7", "2-7"]


def test_a_resumed_run_saves_at_the_same_batches(tmp_path):
    def run(folder, stop_at=None):
        def stop(batch, logs):
            if batch == stop_at:
                raise KeyboardInterrupt

        own = [callbacks.ModelCheckpoint(tmp_path / folder / "{epoch}-{batch}.safetensors", save_freq=3, save_weights_only=True),
               callbacks.LambdaCallback(on_train_batch_end=stop), callbacks.Checkpoint(tmp_path / folder / "run", every_steps=1)]  # fmt: skip
        small().fit(X, X, batch_size=4, epochs=2, verbose=0, callbacks=own)
        return sorted(path.stem for path in (tmp_path / folder).glob("*.safetensors"))

    assert run("whole") == ["1-3", "1-6", "2-2", "2-5"]
    with pytest.raises(KeyboardInterrupt):
        run("stopped", stop_at=4)
    assert run("stopped") == ["1-3", "1-6", "2-2", "2-5"]


@pytest.mark.parametrize("frequency", [0, -1, 2.5, "batch", True, None])
def test_wrong_frequencies_are_refused(frequency):
    with pytest.raises(ValueError, match="ModelCheckpoint: save_freq is"):
        callbacks.ModelCheckpoint("x.safetensors", save_freq=frequency)


def scalars(directory):
    found = {}
    for path in sorted(directory.glob("events*")):
        for record in tf.data.TFRecordDataset(str(path)):
            for value in tf.compat.v1.Event.FromString(record.numpy()).summary.value:
                found.setdefault(value.tag, []).append(tf.compat.v1.Event.FromString(record.numpy()).step)
    return found


@pytest.mark.parametrize("per_call, steps", [(1, [3, 6, 9, 12]), (2, [4, 6, 10, 12]), (7, [7, 14])])
def test_tensorboard_counts_batches(per_call, steps, tmp_path):
    pytest.importorskip("tensorboard")
    board = callbacks.TensorBoard(tmp_path, write_graph=False, update_freq=3)
    x = X[:28] if per_call != 2 else X[:24]  # 7 or 6 batches
    small(steps_per_execution=per_call).fit(x, x, batch_size=4, epochs=2, verbose=0, callbacks=[board])
    assert scalars(tmp_path / "train")["batch_loss"] == steps


# ---- logs ------------------------------------------------------------------------------------


def test_the_end_of_a_run_gets_the_logs_of_the_last_epoch():
    seen = {}
    note = callbacks.LambdaCallback(on_train_end=lambda logs: seen.update(logs), on_epoch_end=lambda _, logs: logs.update(mine=3.0))
    history = small(metrics=["mae"]).fit(X, X, epochs=3, verbose=0, validation_data=(X, X), callbacks=[note]).history
    assert seen == {name: values[-1] for name, values in history.items()} and {"loss", "val_mae", "mine"} <= set(seen)
    nothing = []
    small().fit(X, X, epochs=0, verbose=0, callbacks=[callbacks.LambdaCallback(on_train_end=nothing.append)])
    assert nothing == [{}]


HOOKS = ("on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end",
         "on_batch_begin", "on_batch_end", "on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end",
         "on_predict_begin", "on_predict_end", "on_predict_batch_begin", "on_predict_batch_end")  # fmt: skip


@pytest.mark.parametrize("eager", [False, True])
def test_logs_are_always_a_dict_that_can_be_written_to(eager):
    called = set()

    def hook(name):
        def write(self, *args, logs="not given"):
            logs = args[-1] if logs == "not given" else logs
            logs["seen"] = logs.get("seen", 0) + 1
            called.add(name)
        return write

    model, noting = small(run_eagerly=eager), type("Noting", (callbacks.Callback,), {name: hook(name) for name in HOOKS})()
    without_super = set(HOOKS) - {"on_batch_begin", "on_batch_end"}  # the older names are called by the newer ones
    model.fit(X, X, epochs=2, verbose=0, validation_data=(X, X), callbacks=[noting])
    model.evaluate(X, X, verbose=0, callbacks=[noting])
    model.predict(X, callbacks=[noting])
    assert called == without_super


def rows_of(path, delimiter=","):
    with open(path, newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


@pytest.mark.parametrize("append", [False, True])
def test_the_columns_of_a_rare_validation(append, tmp_path):
    path, model = tmp_path / "log.csv", small(metrics=["mae"])
    late = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(late=7) if epoch == 4 else None)
    history = model.fit(X, X, epochs=5, verbose=0, validation_data=(X, X), validation_freq=2,
                        callbacks=[late, callbacks.CSVLogger(path, ";", append)]).history  # fmt: skip
    header, *rows = rows_of(path, ";")
    assert header == ["epoch", "loss", "mae", "val_loss", "val_mae", "late"]
    assert [row[3] for row in rows] == ["NA", str(history["val_loss"][0]), "NA", str(history["val_loss"][1]), "NA"]
    assert [row[5] for row in rows] == ["NA"] * 4 + ["7"]
    if append:
        model.fit(X, X, epochs=6, initial_epoch=5, verbose=0, validation_data={"a": (X, X)}, callbacks=[callbacks.CSVLogger(path, ";", True)])
        header, *rows = rows_of(path, ";")
        assert header[6:] == ["val_a_loss", "val_a_mae"] and len(rows) == 6 and rows[0][6:] == ["NA", "NA"] and rows[5][3] == "NA"
        assert {len(row) for row in rows} == {8}


def test_a_resumed_run_has_the_columns_of_one_never_stopped(tmp_path):
    def run(folder, stop_at=None):
        def stop(epoch, logs):
            if epoch == stop_at:
                raise KeyboardInterrupt

        model = Sequential([Dense(1, kernel_initializer="zeros", input_shape=(1,))])
        model.compile(optimizers.SGD(0.1), "mse", jit_compile=False)
        own = [callbacks.LambdaCallback(on_epoch_end=stop), callbacks.CSVLogger(tmp_path / f"{folder}.csv"), callbacks.Checkpoint(tmp_path / folder)]
        model.fit(X, X, epochs=4, verbose=0, validation_data=(X, X), validation_freq=2, callbacks=own)
        return rows_of(tmp_path / f"{folder}.csv")

    expected = run("whole")
    assert expected[0] == ["epoch", "loss", "val_loss"] and len(expected) == 5
    for stop_at in (1, 2, 3):
        with pytest.raises(KeyboardInterrupt):
            run(f"stopped {stop_at}", stop_at)
        assert run(f"stopped {stop_at}") == expected


def test_a_resumed_run_that_appends_has_each_epoch_once(tmp_path):
    def run(folder, stop_at=None):
        def stop(epoch, logs):
            if epoch == stop_at:
                raise KeyboardInterrupt

        path = tmp_path / f"{folder}.csv"
        if not path.exists():
            path.write_text("epoch,loss\r\n0,of another run\r\n")
        model = Sequential([Dense(1, kernel_initializer="zeros", input_shape=(1,))])
        model.compile(optimizers.SGD(0.1), "mse", jit_compile=False)
        own = [callbacks.CSVLogger(path, append=True), callbacks.LambdaCallback(on_epoch_end=stop), callbacks.Checkpoint(tmp_path / folder, every_epochs=2)]
        model.fit(X, X, epochs=5, verbose=0, validation_data=(X, X), validation_freq=3, callbacks=own)
        return rows_of(path)

    expected = run("whole")
    assert [row[0] for row in expected] == ["epoch", "0", "0", "1", "2", "3", "4"] and expected[1][1] == "of another run"
    for stop_at in (2, 3, 4):  # the row of that epoch is in the file, and no checkpoint has it
        with pytest.raises(KeyboardInterrupt):
            run(f"stopped {stop_at}", stop_at)
        assert run(f"stopped {stop_at}") == expected
    with pytest.raises(KeyboardInterrupt):
        run("other", 2)
    (tmp_path / "other.csv").write_text("epoch,loss\r\n9,of yet another run\r\n")
    assert [row[0] for row in run("other")] == ["epoch", "9", "2", "3", "4"]


@pytest.mark.parametrize("eager", [False, True])
def test_a_loss_that_is_no_number_can_be_an_error(eager):
    x = np.full((8, 1), np.nan)
    with pytest.raises(RuntimeError, match="Training stopped: the loss is nan after step 1 "):
        small(run_eagerly=eager).fit(x, x, batch_size=4, epochs=2, verbose=0, callbacks=[callbacks.TerminateOnNaN(raise_error=True)])


# ---- names of one's own ----------------------------------------------------------------------


def test_a_callback_of_ones_own_may_have_any_further_names():
    class Own(callbacks.Callback):
        def __init__(self):  # no super().__init__()
            self.is_active, self.every_steps, self.run, self.callbacks, self.count, self.best = False, "often", [], {}, 0, None

        def resume(self, a, b):
            raise AssertionError("nobody asked for it")

        pause = reset = log = save = begin = end = look = step = update = state = hooks = resume

        @property
        def summary(self):
            raise AssertionError("nobody asked for it")

        def on_epoch_end(self, epoch, logs=None):
            self.count += 1

    own = Own()
    model = small()
    model.fit(X, X, epochs=2, verbose=0, validation_data=(X, X), callbacks=[own])
    model.evaluate(X, X, verbose=0, callbacks=[own])
    model.predict(X, callbacks=[own])
    assert own.count == 2 and own.is_active is False and own.every_steps == "often" and own.run == [] and own.model is model


def test_results_of_all_metrics_by_name():
    class Steps(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(1)

        def call(self, inputs):
            return self.dense(inputs)

        def train_step(self, data):
            super().train_step(data)
            return self.get_metrics_result()

        def test_step(self, data):
            super().test_step(data)
            return {f"my_{name}": value for name, value in self.get_metrics_result().items()}

    model = Steps()
    assert model.metrics_names == []
    model.compile("sgd", "mse", metrics=["mae", metrics.RootMeanSquaredError(name="root")])
    assert model.metrics_names[0] == "loss"
    history = model.fit(X, 3 * X, verbose=0, validation_data=(X, 3 * X)).history
    assert sorted(history) == ["loss", "mae", "root", "val_my_loss", "val_my_mae", "val_my_root"]
    assert model.metrics_names == ["loss", "mae", "root"]
    found = model.get_metrics_result()
    assert {name: float(value) for name, value in found.items()} == {name: history[f"val_my_{name}"][0] for name in found}


def test_results_of_ones_own_are_what_is_reported():
    class Doubled(Sequential):
        def get_metrics_result(self):
            return {name: 2 * value for name, value in super().get_metrics_result().items()}

    model = Doubled([Dense(1, kernel_initializer="zeros", input_shape=(1,))])
    model.compile(optimizers.SGD(0.0), "mse")
    assert model.fit(X, X, verbose=0).history["loss"] == [2.0] and model.evaluate(X, X, verbose=0) == 2.0


class Older(metrics.Metric):
    """A metric as TensorFlow 2.4 had it: its start is not zero."""

    def __init__(self, name="older", calls_super=False):
        super().__init__(name)
        self.least, self.calls_super = self.add_weight("least", initializer="ones"), calls_super

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.least.assign(tf.minimum(self.least, tf.reduce_min(y_pred)))

    def result(self):
        return self.least

    def reset_states(self):
        if self.calls_super:
            super().reset_states()
        self.least.assign(1.0 + self.least if self.calls_super else 1.0)


@pytest.mark.parametrize("calls_super", [False, True])
def test_the_older_name_of_reset_state(calls_super):
    mean = metrics.Mean()
    mean.update_state([3.0])
    mean.reset_states()
    assert float(mean.result()) == 0.0

    class Newer(Older):
        def reset_state(self):
            self.least.assign(7.0)

    newer = Newer()
    newer.reset_states = metrics.Metric.reset_states.__get__(newer)
    newer.reset_states()
    assert float(newer.result()) == 7.0
    model = Sequential([Dense(1, kernel_initializer="zeros", input_shape=(1,))])
    model.compile(optimizers.SGD(0.0), "mse", metrics=[Older(calls_super=calls_super)])
    assert [model.evaluate(X, X, verbose=0)[1] for _ in range(2)] == [0.0, 0.0]
    model.metrics[1].reset_state()
    assert float(model.metrics[1].result()) == 1.0


def test_what_watchers_tell_and_watch(tmp_path):
    class Sum(callbacks.EarlyStopping):
        def get_monitor_value(self, logs):
            return logs["loss"] + logs["val_loss"]

    own = [Sum("sum_of_losses_loss"), callbacks.ModelCheckpoint(tmp_path / "x.safetensors", "loss", save_best_only=True, save_weights_only=True),
           callbacks.ReduceLROnPlateau("loss", min_delta=10.0, patience=1, cooldown=2)]  # fmt: skip
    assert [each.best for each in own] == [None] * 3
    history = small().fit(X, 2 * X, epochs=2, verbose=0, validation_data=(X, X), callbacks=own).history
    assert own[0].best == min(np.add(history["loss"], history["val_loss"]))
    assert own[1].best == min(history["loss"]) and own[2].best == history["loss"][0] and own[2].in_cooldown()


# ---- embeddings for the projector ------------------------------------------------------------


@pytest.mark.parametrize("metadata", [None, "words.tsv", {"words": "words.tsv"}])
def test_embeddings_for_the_projector(metadata, tmp_path):
    pytest.importorskip("tensorboard")
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    inputs = Input((3,), dtype="int32")
    words, others = Embedding(5, 2, name="words"), Embedding(7, 4, name="others")
    model = Model(inputs, Dense(1)(Flatten()(words(inputs))) + Dense(1)(Flatten()(others(inputs))))
    model.compile("sgd", "mse", jit_compile=False)
    board = callbacks.TensorBoard(tmp_path, write_graph=False, embeddings_freq=2, embeddings_metadata=metadata)
    tables = []
    note = callbacks.LambdaCallback(on_epoch_end=lambda *_: tables.append(words.embeddings.numpy()))
    model.fit(np.ones((8, 3), "int32"), np.ones((8, 1)), epochs=4, verbose=0, callbacks=[note, board])
    with open(tmp_path / "projector_config.pbtxt") as file:
        config = text_format.Parse(file.read(), ProjectorConfig())
    assert [bool(entry.metadata_path) for entry in config.embeddings] == [metadata is not None, metadata == "words.tsv"]
    assert tf.train.latest_checkpoint(tmp_path) == os.fspath(tmp_path / "embeddings-2")
    for epoch in (0, 2):
        saved = tf.train.load_checkpoint(os.fspath(tmp_path / f"embeddings-{epoch}"))
        np.testing.assert_array_equal(saved.get_tensor(config.embeddings[0].tensor_name), tables[epoch])
    assert saved.get_tensor(config.embeddings[1].tensor_name).shape == (7, 4)


def test_labels_for_a_layer_that_is_not_there(tmp_path):
    pytest.importorskip("tensorboard")
    board = callbacks.TensorBoard(tmp_path, write_graph=False, embeddings_freq=1, embeddings_metadata={"word": "words.tsv"})
    model = Sequential([Embedding(5, 2, name="words", input_shape=(3,)), Flatten(), Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    with pytest.raises(ValueError, match=r"embeddings_metadata names \['word'\]; the layers with embeddings are \['words'\]"):
        model.fit(np.ones((8, 3), "int32"), np.ones((8, 1)), verbose=0, callbacks=[board])


# ---- data ------------------------------------------------------------------------------------


class Numbered(PyDataset):
    """Batches whose items are their number."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.begun = self.ended = 0

    def __len__(self):
        return 6

    def __getitem__(self, index):
        if self.fails_at == index:
            raise OverflowError("mine")
        return np.full((2, 1), index, "float32"), np.zeros((2, 1), "float32")

    fails_at = None

    def on_epoch_begin(self):
        self.begun += 1

    def on_epoch_end(self):
        self.ended += 1


class Endless(PyDataset):
    def __getitem__(self, index):
        return np.full((2, 1), index % 6, "float32"), np.zeros((2, 1), "float32")


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("arguments", [{}, {"workers": 3}, {"workers": 4, "use_multiprocessing": True, "max_queue_size": 1}, {"workers": 0}])
def test_a_dataset_of_ones_own_with_workers(arguments, eager):
    seen = []

    model = Sequential([Dense(1, use_bias=False, kernel_initializer="ones", input_shape=(1,))])
    model.compile(optimizers.SGD(0.0), "mae", jit_compile=False, run_eagerly=eager)
    data = Numbered(**arguments)
    note = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["loss"]))
    history = model.fit(data, epochs=3, verbose=0, callbacks=[note], validation_data=Numbered(**arguments), validation_steps=2).history
    np.testing.assert_allclose(seen, [sum(range(k + 1)) / (k + 1) for k in range(6)] * 3)
    np.testing.assert_allclose(history["val_loss"], [0.5] * 3)
    assert data.begun == data.ended == 3
    np.testing.assert_array_equal(model.predict(Numbered(**arguments)), np.repeat(np.arange(6.0), 2)[:, None])
    assert model.evaluate(Endless(**arguments), steps=6, verbose=0) == 2.5


def test_an_error_of_a_worker_is_ones_own():
    data = Numbered(workers=3)
    data.fails_at = 4
    with pytest.raises(OverflowError, match="mine"):
        small().fit(data, verbose=0)


def test_keras_own_dataset_serves_too():
    import keras

    class Theirs(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return np.full((2, 1), index, "float32"), np.zeros((2, 1), "float32")

    class Counted(keras.utils.PyDataset):
        num_batches = 3
        __getitem__ = Theirs.__getitem__

    model = Sequential([Dense(1, use_bias=False, kernel_initializer="ones", input_shape=(1,))])
    model.compile(optimizers.SGD(0.0), "mae", jit_compile=False)
    for data in (Theirs(workers=2), Counted(workers=2)):
        np.testing.assert_allclose(model.fit(data, epochs=2, verbose=0).history["loss"], [1.0, 1.0])


@pytest.mark.parametrize("eager", [False, True])
def test_a_dataset_of_one_pair_is_one_x(eager):
    class Sum(Model):
        def call(self, inputs):
            a, b = inputs
            return a + 10.0 * b

    a, b = np.arange(4.0, dtype="float32")[:, None], np.ones((4, 1), "float32")
    model = Sum()
    model.compile("sgd", "mse", run_eagerly=eager)
    for data in (tf.data.Dataset.from_tensor_slices(((a, b),)).batch(2), itertools.repeat(((a[:2], b[:2]),), 2)):
        outputs = model.predict(data)
        np.testing.assert_array_equal(outputs[:2], (a + 10 * b)[:2])
        assert outputs.shape == (4, 1)
    with_labels = tf.data.Dataset.from_tensor_slices(((a, b), a)).batch(2)
    assert model.evaluate(with_labels, verbose=0) == 100.0
    np.testing.assert_array_equal(model.predict(with_labels), a + 10 * b)
    alone = Sequential([Dense(1, use_bias=False, kernel_initializer="ones", input_shape=(1,))])
    for elements in (a, (a,), (a, b)):
        np.testing.assert_array_equal(alone.predict(tf.data.Dataset.from_tensor_slices(elements).batch(2)), a)
