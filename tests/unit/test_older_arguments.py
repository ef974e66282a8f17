"""Arguments and verbs of older programs: those with a meaning are obeyed, those without are passed over."""

import os
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from engine import Sequential, callbacks
from engine.data import PyDataset
from engine.small_parts.naming import clear_session
from layers import GRU, RNN, Dense, Discretization, LSTMCell, Normalization, StackedRNNCells

X, Y = np.arange(24, dtype="float32").reshape(8, 3) / 24, np.arange(8, dtype="float32")[:, None]


def small():
    model = Sequential([Dense(2, activation="relu", input_shape=(3,)), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"], sample_weight_mode="temporal")
    return model


def test_verbs_take_workers():
    model, workers = small(), dict(workers=4, use_multiprocessing=True, max_queue_size=10)
    model.fit(X, Y, verbose=0, **workers)
    assert model.evaluate(X, Y, verbose=0, **workers) and model.predict(X, **workers).shape == (8, 1)
    with pytest.raises(TypeError, match="worker"):
        model.fit(X, Y, worker=4)


class Batches(PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return X[2 * index : 2 * index + 2], Y[2 * index : 2 * index + 2]


def test_verbs_over_generators():
    model = small()
    history = model.fit_generator(Batches(), 4, epochs=2, validation_data=Batches(), validation_steps=4, workers=2, verbose=0)
    assert len(history.history["val_loss"]) == 2
    assert model.evaluate_generator(Batches(), 4, verbose=0) == model.evaluate(Batches(), verbose=0)
    np.testing.assert_array_equal(model.predict_generator(generator=Batches(), steps=4), model.predict(Batches()))
    assert not hasattr(Dense(1), "fit_generator")


def test_verbs_that_are_gone_say_what_to_write():
    with pytest.raises(AttributeError, match=r"'predict_classes'\. Write predict\(x\).argmax"):
        small().predict_classes(X)
    with pytest.raises(AttributeError, match=r"'to_yaml'\. Write to_json"):
        small().to_yaml()
    assert not hasattr(small(), "predict_proba")


def test_files(tmp_path):
    model, other = small(), small()
    model.save(tmp_path / "m.h5", save_format="h5", overwrite=True)
    model.save_weights(tmp_path / "w", save_format="tf", options=None)
    model.save_weights(tmp_path / "checkpoints/new/w")
    assert not other.load_weights(tmp_path / "checkpoints/new/w")
    with pytest.raises(FileExistsError, match="is there already"):
        model.save(tmp_path / "m.h5", overwrite=False)
    with pytest.raises(FileExistsError, match="is there already"):
        model.save_weights(tmp_path / "w", overwrite=False)
    other.load_weights(tmp_path / "w")
    np.testing.assert_array_equal(other(X), model(X))
    with pytest.raises(ValueError, match="by their paths.*get_layer"):
        other.load_weights(tmp_path / "w", by_name=True)
    wider = Sequential([Dense(2, activation="relu", input_shape=(3,)), Dense(5)])
    left = wider.load_weights(tmp_path / "w", skip_mismatch=True)
    assert sorted(row[0] for row in left) == ["layers.1.bias", "layers.1.kernel"]
    np.testing.assert_array_equal(wider.layers[0].kernel, model.layers[0].kernel)


def test_a_summary_of_a_given_width(capsys):
    small().summary(60, expand_nested=True, show_trainable=True)
    assert 0 < max(map(len, capsys.readouterr().out.splitlines())) <= 60


def test_metrics_of_single_batches_add_up_if_asked():
    model = small()
    first = model.test_on_batch(X[:4], Y[:4])
    assert model.test_on_batch(X[4:], Y[4:]) == model.test_on_batch(X[4:], Y[4:]) != first
    model.test_on_batch(X[:4], Y[:4])
    both = model.test_on_batch(X[4:], Y[4:], reset_metrics=False)
    np.testing.assert_allclose(both, model.evaluate(X, Y, verbose=0), rtol=1e-6)


def test_the_rate_in_the_history_by_its_older_name():
    history = small().fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))])
    assert history.history["lr"] == history.history["learning_rate"] == pytest.approx([0.1, 0.05])
    assert "lr" not in list(history.history) and type(history.get_state()["history"]) is dict
    with pytest.raises(KeyError):
        history.history["rate"]


def test_states_by_the_inputs_they_are_for():
    x = tf.ones((5, 2, 3))
    for layer in (GRU(4), RNN(LSTMCell(4)), RNN([LSTMCell(4), LSTMCell(2)])):
        shapes = [state.shape[0] for state in tf.nest.flatten(layer.get_initial_state(x))]
        assert set(shapes) == {5} == {state.shape[0] for state in tf.nest.flatten(layer.get_initial_state(5))}
    for cell in (LSTMCell(4), StackedRNNCells([LSTMCell(4)])):
        states = cell.get_initial_state(inputs=x[:, 0], batch_size=None, dtype=tf.float32)
        assert {tuple(state.shape) for state in tf.nest.flatten(states)} == {(5, 4)}


def test_adapt_to_some_batches():
    batches = [np.zeros((2, 1)), np.full((2, 1), 2.0), np.full((2, 1), 100.0)]
    normalization = Normalization()
    normalization.adapt(batches, batch_size=None, steps=2)
    assert float(tf.squeeze(normalization.mean)) == 1.0
    discretization = Discretization(num_bins=2)
    discretization.adapt(batches, batch_size=None, steps=2)
    assert max(discretization.bin_boundaries) < 3


def test_a_checkpoint_every_other_epoch(tmp_path):
    keep = callbacks.ModelCheckpoint(tmp_path / "at{epoch}", save_weights_only=True, period=2, options=None)
    small().fit(X, Y, epochs=5, verbose=0, callbacks=[keep])
    assert sorted(os.listdir(tmp_path)) == ["at2", "at4"]
    with pytest.raises(ValueError, match="period is a positive integer"):
        callbacks.ModelCheckpoint("x", period=0)


def test_a_bar_that_is_given_is_the_only_one(capsys):
    bar = callbacks.ProgbarLogger("samples", stateful_metrics=["mae"])
    small().fit(X, Y, epochs=1, verbose=2, callbacks=[bar])
    assert capsys.readouterr().out.count("Epoch 1/1") == 1 or bar.bar is None
    with pytest.raises(ValueError, match="count_mode"):
        callbacks.ProgbarLogger("epochs")


def test_tensorboard_profiles_some_batches(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(tf.profiler.experimental, "start", lambda directory: seen.append(("start", directory)))
    monkeypatch.setattr(tf.profiler.experimental, "stop", lambda: seen.append("stop"))
    expected = [("start", str(tmp_path)), "stop"]
    for batches in (2, (2, 3), "2,3", 4):
        board = callbacks.TensorBoard(tmp_path, write_graph=False, profile_batch=batches, write_steps_per_second=True, write_images=True)
        small().fit(X, Y, batch_size=2, epochs=2, verbose=0, callbacks=[board])
        assert seen == expected, batches
        seen.clear()
    small().fit(X, Y, verbose=0, callbacks=[callbacks.TensorBoard(tmp_path, write_graph=False)])
    assert seen == [] and list(pathlib.Path(tmp_path / "train").iterdir())
    with pytest.raises(ValueError, match="profile_batch"):
        callbacks.TensorBoard(tmp_path, profile_batch=(1, 2, 3))


def test_a_session_that_is_cleared():
    clear_session(free_memory=True)
    assert Dense(1).name == "dense"
