"""What is called when, and what each callback does with it."""

import csv
import inspect
import os

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine import Model, Sequential, callbacks, optimizers
from engine.callbacks import base
from layers import Dense

RNG = np.random.default_rng(0)
X = RNG.normal(size=(10, 3))
Y = RNG.normal(size=(10, 2))


def small(run_eagerly=True, rate=0.01, **kwargs):
    model = Sequential([Dense(2)])
    model.build((None, 3))
    model.compile(optimizers.SGD(rate), "mse", run_eagerly=run_eagerly, jit_compile=False, **kwargs)
    return model


def fit(model, *callbacks, **kwargs):
    return model.fit(X, Y, **{"batch_size": 4, "verbose": 0, **kwargs}, callbacks=list(callbacks))


# ---------------------------------------------------------------- hooks


class Recorder(callbacks.Callback):
    """Writes down each hook that is called, with its index."""

    def __init__(self, *hooks):
        self.calls = []
        for hook in hooks:
            setattr(self, hook, self._recorder(hook))

    def _recorder(self, hook):
        def record(*args, **kwargs):
            self.calls.append((hook, *[arg for arg in args if isinstance(arg, int)]))

        return record


@pytest.mark.parametrize("eager", (True, False))
def test_hooks_of_fit_in_order(eager):
    hooks = ["on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_epoch_end",
        "on_train_end"]
    recorder = Recorder(*hooks)
    fit(small(eager), recorder, epochs=2)
    batches = [(name, i) for i in range(3) for name in ("on_train_batch_begin", "on_train_batch_end")]
    expected = [("on_train_begin",)]
    for epoch in (0, 1):
        expected += [("on_epoch_begin", epoch), *batches, ("on_epoch_end", epoch)]
    assert recorder.calls == [*expected, ("on_train_end",)]


@pytest.mark.parametrize("eager", (True, False))
def test_hooks_of_evaluate_also_within_fit_and_of_predict(eager):
    hooks = ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end"]
    expected = [("on_test_begin",), *[(name, i) for i in range(3) for name in hooks[1:3]], ("on_test_end",)]
    model = small(eager)
    recorder = Recorder(*hooks)
    model.evaluate(X, Y, batch_size=4, verbose=0, callbacks=[recorder])
    assert recorder.calls == expected
    recorder = Recorder(*hooks)
    fit(model, recorder, validation_data=(X, Y), epochs=2)
    assert recorder.calls == expected * 2
    recorder = Recorder("on_predict_begin", "on_predict_batch_begin", "on_predict_batch_end", "on_predict_end")
    model.predict(X, batch_size=6, callbacks=[recorder])
    assert [call[1:] for call in recorder.calls] == [(), (0,), (0,), (1,), (1,), ()]


def test_several_steps_at_once_are_one_call():
    recorder = Recorder("on_train_batch_begin", "on_train_batch_end")
    fit(small(steps_per_execution=2), recorder, batch_size=2)  # 5 batches
    assert [call[1] for call in recorder.calls] == [0, 1, 2, 3, 4, 4]


def test_logs_are_numbers_and_grow_over_the_epoch():
    seen = []

    class Look(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(logs)

        def on_epoch_end(self, epoch, logs=None):
            logs["mine"] = 7.0
            seen.append(dict(logs))

    history = fit(small(metrics=["mae"]), Look(), validation_split=0.4)
    assert all(type(value) is float for logs in seen for value in logs.values())
    assert set(seen[0]) == {"loss", "mae"} and {"loss", "mae", "val_loss", "val_mae", "mine"} == set(seen[-1])
    assert seen[-1]["loss"] == seen[-2]["loss"] and history.history["mine"] == [7.0]


def test_what_a_callback_knows():
    class Look(callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.seen = dict(self.params), self.model

    look, model = Look(), small()
    fit(model, look, epochs=3)
    assert look.seen[0]["epochs"] == 3 and look.seen[0]["steps"] == 3 and look.seen[1] is model


def test_older_names_and_one_callback_alone():
    class Older(callbacks.Callback):
        def __init__(self):
            self.batches = []

        def on_batch_begin(self, batch, logs=None):
            self.batches.append(batch)

        def on_batch_end(self, batch, logs=None):
            self.batches.append(logs["loss"])

    older = Older()
    small().fit(X, Y, batch_size=4, verbose=0, callbacks=older)
    assert older.batches[::2] == [0, 1, 2] and all(np.isfinite(older.batches))


def test_the_hooks_and_their_arguments():
    """The table of hooks says what the methods of Callback say."""
    methods = {name: tuple(inspect.signature(method).parameters)[1:] for name, method in vars(callbacks.Callback).items()
               if inspect.isfunction(method)}  # fmt: skip
    others = {"set_model", "set_params", "get_state", "set_state"}
    assert {name: names for name, names in methods.items() if name not in others} == base.HOOKS


@pytest.mark.parametrize("eager", (True, False))
def test_every_hook_gets_a_dict_as_logs(eager):
    seen = {}
    hooks = [hook for hook, arguments in base.HOOKS.items() if "logs" in arguments]
    note = callbacks.LambdaCallback(**{hook: lambda *args, hook=hook: seen.setdefault(hook, args[-1]) for hook in hooks})
    model = small(eager)
    fit(model, note, validation_data=(X, Y))
    model.predict(X, callbacks=[note])
    assert set(seen) == set(hooks) - {"on_batch_begin", "on_batch_end"}  # the newer names are there
    assert all(type(logs) is dict for logs in seen.values()) and seen["on_train_begin"] == {} and "loss" in seen["on_test_end"]


def test_hooks_of_any_signature_and_other_methods():
    class Own(callbacks.Callback):
        def __init__(self, *more):
            self.calls = list(more)

        def on_anything_else(self):
            raise AssertionError

        def on_epoch_begin(self, *args, **kwargs):
            self.calls.append(("begin", args, kwargs))

        def on_epoch_end(self, epoch, logs=None, **kw):
            self.calls.append(("end", epoch, sorted(logs), kw))

        def on_train_batch_end(self, index, logs):
            self.calls.append((index, sorted(logs)))

    own = Own("more")
    fit(small(), own, batch_size=10)
    assert own.calls == ["more", ("begin", (0, {}), {}), (0, ["loss"]), ("end", 0, ["loss"], {})]


def test_a_list_of_callbacks_by_itself():
    """As training loops of one's own call it."""
    recorder, model, logs = Recorder("on_train_begin", "on_epoch_end"), small(), []
    note = callbacks.LambdaCallback(on_epoch_end=lambda epoch, given: logs.append(given))
    every = callbacks.CallbackList([recorder, note], model)
    every.on_train_begin()
    for given in (dict(logs={"a": 1.0}), {}, dict(logs=None)):
        every.on_epoch_end(3, **given)
    every.on_epoch_end(3, None)
    assert recorder.calls == [("on_train_begin",), *[("on_epoch_end", 3)] * 4] and logs == [{"a": 1.0}, {}, {}, {}]
    with pytest.raises(AttributeError, match="no callback hook 'on_epoch_ends'"):
        every.on_epoch_ends(3)


def test_a_callback_that_is_none_is_refused():
    with pytest.raises(TypeError, match="callbacks expects Callback objects, received <function"):
        fit(small(), lambda epoch: None)
    with pytest.raises(ValueError, match="there is no hook 'on_epoch_ends'"):
        callbacks.LambdaCallback(on_epoch_ends=print)


STOPS = [  # (hook, epochs that end, steps that run)
    ("on_train_begin", 0, 0),
    ("on_train_batch_end", 1, 1),
    ("on_epoch_end", 1, 3),
]


@pytest.mark.parametrize("hook, epochs, steps", STOPS)
def test_stopping_from_any_hook(hook, epochs, steps):
    model = small()

    def stop(*_):
        model.stop_training = True

    history = fit(model, callbacks.LambdaCallback(**{hook: stop}), epochs=5)
    assert len(history.epoch) == epochs and int(model.optimizer.iterations) == steps
    assert len(fit(model, epochs=2).epoch) == 2  # the next fit starts afresh


def test_stopping_as_an_epoch_begins_is_no_error():
    model = small()
    stop = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(model, "stop_training", epoch == 1))
    assert fit(model, stop, epochs=5).epoch[:1] == [0] and int(model.optimizer.iterations) == 3


def test_files_and_bars_are_put_away_after_an_error(tmp_path):
    logger = callbacks.CSVLogger(tmp_path / "log.csv")

    def fail(epoch, logs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(small(), logger, callbacks.LambdaCallback(on_epoch_end=fail))
    assert logger.file is None and (tmp_path / "log.csv").read_text().count("\n") == 2


def test_callbacks_of_predict_are_put_away_too():
    class Closes(callbacks.Callback):
        closed = 0

        def close(self):
            self.closed += 1

    closes, model = Closes(), small()
    model.predict(X, callbacks=[closes])
    assert closes.closed == 1

    def fail(batch, logs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.predict(X, callbacks=[closes, callbacks.LambdaCallback(on_predict_batch_end=fail)])
    assert closes.closed == 2


# ---------------------------------------------------------------- records


def test_history():
    model = small(metrics=["mae"])
    history = fit(model, epochs=3, validation_split=0.2)
    assert list(history.history) == ["loss", "mae", "val_loss", "val_mae"] and history.epoch == [0, 1, 2]
    assert all(len(values) == 3 and type(values[0]) is float for values in history.history.values())
    assert model.history is history and fit(model) is not history


def rows_of(path, **kwargs):
    with open(path, newline="") as file:
        return list(csv.reader(file, **kwargs))


def test_csv_logger(tmp_path):
    path, model = tmp_path / "log.csv", small()
    history = fit(model, callbacks.CSVLogger(path), epochs=2, validation_data=(X, Y), validation_freq=2)
    # The first epoch has no validation.
    assert rows_of(path)[0] == ["epoch", "loss", "val_loss"] and rows_of(path)[1][2] == "NA"
    assert float(rows_of(path)[2][2]) == history.history["val_loss"][0]
    assert [float(row[1]) for row in rows_of(path)[1:]] == history.history["loss"]
    fit(model, callbacks.CSVLogger(path, append=True), epochs=4, initial_epoch=2)
    assert [row[0] for row in rows_of(path)] == ["epoch", "0", "1", "2", "3"]
    fit(model, callbacks.CSVLogger(path, separator=";"))
    assert rows_of(path, delimiter=";")[0] == ["epoch", "loss"] and len(rows_of(path)) == 2


def events(directory):
    """What TensorBoard would show: {tag: [(step, value), ...]}, and "graph" for one that is there."""
    found = {}
    for path in sorted(directory.glob("events*")):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            if event.graph_def:
                found["graph"] = event.graph_def
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, tf.make_ndarray(value.tensor)))
    return found


@pytest.mark.parametrize("others", [[], [callbacks.GradientStats(every=1)]])
def test_tensorboard(tmp_path, others):
    pytest.importorskip("tensorboard")
    board = callbacks.TensorBoard(tmp_path, histogram_freq=2, update_freq=2)
    model = small(run_eagerly=False)
    history = fit(model, *others, board, epochs=3, validation_data=(X, Y)).history
    train, validation = events(tmp_path / "train"), events(tmp_path / "validation")
    for found, name in ((train, "loss"), (validation, "val_loss")):
        steps, values = zip(*found["epoch_loss"])
        assert steps == (0, 1, 2) and np.array(values) == pytest.approx(history[name])
    assert [step for step, _ in train["batch_loss"]] == [2, 4, 6, 8]  # of three batches in each epoch
    for tag, numbers in (("weights/layers.0.kernel", 6), ("gradients/layers.0.bias", 2)):
        (step, buckets), *more = train[tag]
        assert step == 1 and not more and buckets[:, 2].sum() == numbers  # columns: from, to, how many
    assert "gradients/layers.0.kernel" in train and b"MatMul" in train["graph"]


def test_histograms_of_gradients_with_a_generator(tmp_path):
    pytest.importorskip("tensorboard")
    batches = ((X[start : start + 4], Y[start : start + 4]) for start in (0, 4))
    small(run_eagerly=False).fit(batches, verbose=0, callbacks=[callbacks.TensorBoard(tmp_path, histogram_freq=1)])
    assert "gradients/layers.0.kernel" in events(tmp_path / "train")


# ---------------------------------------------------------------- callbacks that watch a number


class Fake:
    """As much of a model as a callback that watches a number needs, on both sides."""

    def __init__(self, optimizer=None):
        self.optimizer, self.stop_training, self.weight = optimizer, False, None
        self.metrics = []

    def get_weights(self):
        return [self.weight]

    def set_weights(self, weights):
        (self.weight,) = weights


def run(callback, values, model):
    """Feed the callback a value per epoch; the epochs that ran, and the learning rate after each."""
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(values):
        model.weight = epoch
        callback.on_epoch_end(epoch, {"val_loss": value})
        if model.optimizer is not None:
            rates.append(float(model.optimizer.learning_rate))
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch, rates


CURVES = [
    [5, 4, 3, 2, 1],
    [5, 4, 4.5, 4.2, 4.1, 3, 4, 5, 6, 7],
    [1, 2, 3, 4, 5, 6],
    [3, 3, 3, 3, 3],
    [3, 2.95, 2.9, 2.85, 2.8, 2.7, 2.0, 2.1, 2.05],
    [float("nan"), 3, 2, float("nan"), 4, 5, 1],
    [float("inf"), 5, 6, 7, 4],
]
STOPPING = [
    dict(),
    dict(patience=1),
    dict(patience=2),
    dict(patience=2, min_delta=0.2),
    dict(patience=1, baseline=2.5),
    dict(patience=3, baseline=0.5),
    dict(patience=2, mode="max"),
    dict(patience=1, start_from_epoch=3),
    dict(patience=2, mode="max", min_delta=-0.3),
]


@pytest.mark.parametrize("curve", range(len(CURVES)))
@pytest.mark.parametrize("arguments", STOPPING, ids=str)
@pytest.mark.parametrize("restore", (True, False))
def test_early_stopping_stops_and_restores_as_keras_does(curve, arguments, restore):
    results = []
    for library in (callbacks, keras.callbacks):
        callback = library.EarlyStopping("val_loss", restore_best_weights=restore, **{"mode": "min", **arguments})
        model = Fake()
        last, _ = run(callback, CURVES[curve], model)
        results.append((last, model.weight, callback.stopped_epoch, callback.best_epoch))
    assert results[0] == results[1]


PLATEAUS = [
    dict(patience=1),
    dict(patience=2, factor=0.5),
    dict(patience=1, cooldown=2),
    dict(patience=1, min_lr=0.005),
    dict(patience=1, min_delta=0.2, factor=0.3),
    dict(patience=1, mode="max"),
    dict(patience=0),
]


@pytest.mark.parametrize("curve", range(len(CURVES)))
@pytest.mark.parametrize("arguments", PLATEAUS, ids=str)
def test_reduce_on_plateau_gives_the_rates_of_keras(curve, arguments):
    rates = []
    for library, optimizer in ((callbacks, optimizers), (keras.callbacks, keras.optimizers)):
        callback = library.ReduceLROnPlateau("val_loss", **{"mode": "min", **arguments})
        rates.append(run(callback, CURVES[curve], Fake(optimizer.SGD(0.1)))[1])
    np.testing.assert_allclose(rates[0], rates[1], rtol=1e-6)


SCHEDULES = [
    lambda epoch, rate: rate * 0.5,
    lambda epoch, rate: rate if epoch < 2 else rate * float(np.exp(-0.1)),
    lambda epoch: 0.1 / (epoch + 1),
    lambda epoch: np.float32(0.05),
]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_learning_rate_scheduler_gives_the_rates_of_keras(schedule):
    seen, model = [], small(rate=0.1)
    note = callbacks.LambdaCallback(on_train_batch_begin=lambda batch,
        logs: seen.append(float(model.optimizer.learning_rate)))
    history = fit(model, callbacks.LearningRateScheduler(schedule), note, epochs=4)
    theirs = keras.Sequential([keras.layers.Dense(2)])
    theirs.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    expected = theirs.fit(X, Y, verbose=0, epochs=4, callbacks=[keras.callbacks.LearningRateScheduler(schedule)])
    np.testing.assert_allclose(history.history["learning_rate"], expected.history["learning_rate"], rtol=1e-6)
    np.testing.assert_allclose(seen[::3], history.history["learning_rate"])


@pytest.mark.parametrize("schedule", [lambda epoch: epoch + None, lambda epoch, rate: rate + None], ids=["epoch", "both"])
def test_a_type_error_in_the_schedule_itself_is_the_users_to_see(schedule):
    with pytest.raises(TypeError, match="unsupported operand"):
        fit(small(), callbacks.LearningRateScheduler(schedule))


def test_a_schedule_is_called_once_an_epoch_with_what_its_signature_takes():
    calls = []

    def schedule(epoch, *more):
        calls.append((epoch, *map(float, more)))
        return [0.5, 0.25][epoch]

    fit(small(rate=1.0), callbacks.LearningRateScheduler(schedule), epochs=2)
    assert calls == [(0, 1.0), (1, 0.5)]
    with pytest.raises(TypeError, match="argument"):
        fit(small(), callbacks.LearningRateScheduler(lambda: 0.1))


def test_a_changed_rate_is_used_at_the_next_step_of_compiled_code():
    model = small(run_eagerly=False)
    fit(model)
    before = model.get_weights()
    fit(model, callbacks.LearningRateScheduler(lambda epoch: 0.0), epochs=2)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_early_stopping_in_a_real_run_leaves_the_best_weights():
    model, kept, losses = small(rate=1.2), [], []  # so high a rate diverges
    note = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: (kept.append(model.get_weights()), losses.append(logs["loss"]))
    )
    stop = callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
    history = fit(model, note, stop, epochs=50, shuffle=False)
    assert len(history.epoch) < 50 and stop.best == min(losses)
    for one, other in zip(model.get_weights(), kept[int(np.argmin(losses))], strict=True):
        np.testing.assert_array_equal(one, other)


def test_early_stopping_can_be_used_twice():
    stop, model = callbacks.EarlyStopping("loss", patience=1), small(rate=0.0)
    assert [len(fit(model, stop, epochs=9, shuffle=False).epoch) for _ in range(2)] == [2, 2]


WATCHERS = [callbacks.EarlyStopping, callbacks.ReduceLROnPlateau]


@pytest.mark.parametrize("watcher", WATCHERS)
def test_a_name_that_is_not_in_the_logs_is_a_warning(watcher):
    pattern = rf"{watcher.__name__} watches 'val_loss', which is not in the logs: \['.*loss'"
    with pytest.warns(UserWarning, match=pattern):
        fit(small(), watcher())


@pytest.mark.parametrize("watcher", [*WATCHERS, lambda **kwargs: callbacks.ModelCheckpoint("x", **kwargs)])
def test_a_wrong_mode(watcher):
    with pytest.raises(ValueError, match='mode is "min", "max" or "auto", received \'low\''):
        watcher(mode="low")
    with pytest.raises(ValueError, match="factor is less than 1"):
        callbacks.ReduceLROnPlateau(factor=1.5)


MODES = [("val_accuracy", True), ("acc", True), ("val_auc", True), ("loss", False), ("val_mae", False),
    ("f1_score", True)]


@pytest.mark.parametrize("name, upward", MODES)
def test_the_direction_of_a_name(name, upward):
    stop = callbacks.EarlyStopping(name, patience=0)
    stop.set_model(Fake())
    stop.on_train_begin()
    for epoch, value in enumerate((0.5, 0.6)):
        stop.on_epoch_end(epoch, {name: value})
    assert stop.model.stop_training is not upward


# ---------------------------------------------------------------- checkpoints


def test_model_checkpoint_keeps_the_best(tmp_path):
    model, losses, kept = small(rate=1.2), [], []
    note = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: (losses.append(logs["loss"]), kept.append(model.get_weights()))
    )
    path = tmp_path / "deeper" / "best.safetensors"
    save = callbacks.ModelCheckpoint(path, "loss", save_best_only=True, save_weights_only=True)
    fit(model, note, save, epochs=6, shuffle=False)
    assert np.argmin(losses) != 5
    other = small()
    other.load_weights(path)
    for one, best in zip(other.get_weights(), kept[int(np.argmin(losses))], strict=True):
        np.testing.assert_array_equal(one, best)


NAMES = [  # (path, keywords, files after two epochs of three batches)
    ("e{epoch:02d}.safetensors", {}, ["e01.safetensors", "e02.safetensors"]),
    ("{epoch}-{loss:.0e}.safetensors", dict(save_freq=2), 3),
    ("last.safetensors", {}, ["last.safetensors"]),
    ("{epoch}.safetensors", dict(save_best_only=True, monitor="loss", initial_value_threshold=0.0), []),
]


@pytest.mark.parametrize("path, arguments, expected", NAMES)
def test_names_of_checkpoints(tmp_path, path, arguments, expected):
    save = callbacks.ModelCheckpoint(tmp_path / path, save_weights_only=True, **arguments)
    fit(small(), save, epochs=2)
    found = sorted(os.listdir(tmp_path))
    assert found == expected if isinstance(expected, list) else len(found) >= 2


def test_a_checkpoint_name_that_is_not_in_the_logs(tmp_path):
    save = callbacks.ModelCheckpoint(tmp_path / "{val_loss}.safetensors", save_weights_only=True)
    with pytest.raises(ValueError, match="names 'val_loss', which is not in the logs"):
        fit(small(), save)
    with pytest.raises(ValueError, match='save_freq is "epoch" or a number'):
        callbacks.ModelCheckpoint("x", save_freq="batch")


# ---------------------------------------------------------------- NaN


@pytest.mark.parametrize("eager", (True, False))
def test_terminate_on_nan(eager):
    model, bad = small(eager), X.copy()
    bad[5] = np.nan
    with pytest.warns(UserWarning, match="the loss is nan after step .*Lower the learning rate"):
        history = model.fit(bad, Y, batch_size=2, shuffle=False, verbose=0, epochs=4,
            callbacks=[callbacks.TerminateOnNaN()])
    assert len(history.epoch) == 1 and np.isnan(history.history["loss"][0])
    assert int(model.optimizer.iterations) == 3 or not eager


def test_infinite_loss_terminates_too():
    class Explodes(Model):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable(1e30)

        def call(self, x):
            return x * self.w

    model = Explodes()
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.warns(UserWarning, match="the loss is inf"):
        model.fit(1e30 * np.ones((4, 2)), np.ones((4, 2)), verbose=0, epochs=3, callbacks=[callbacks.TerminateOnNaN()])
    assert len(model.history.epoch) == 1
