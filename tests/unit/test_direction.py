"""`mode="auto"`: the metric knows in which direction it gets better, whatever its name; three callbacks ask it in one way."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import losses
from engine import Model, Sequential, callbacks, metrics, optimizers
from engine.metrics.direction import direction
from layers import Dense

X = np.linspace(0.0, 1.0, 40).astype("float32")[:, None]
Y = (X[:, 0] > 0.5).astype("int32")


def score_of(y_true, y_pred):
    return 1.0 - tf.abs(tf.cast(y_true, y_pred.dtype) - y_pred)


class Own(metrics.Mean):
    """A metric of one's own that says nothing of its direction."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(score_of(y_true, y_pred))


class Score(Own):
    _direction = "up"


class Area(metrics.AUC):
    """A subclass knows what its base knows."""


UP = [
    (metrics.AUC(), "auc"), (metrics.AUC(name="roc"), "roc"), (metrics.AUC(curve="PR", name="auc_1"), "auc_1"), (Area(name="a"), "a"),
    (metrics.Precision(name="precision_1"), "precision_1"), (metrics.Recall(name="sensitivity"), "sensitivity"),
    (metrics.Recall(name="recall_2"), "recall_2"), (metrics.BinaryAccuracy(name="hits"), "hits"),
    (metrics.BinaryIoU([0, 1], name="mean_io_u"), "mean_io_u"), (metrics.FBetaScore(threshold=0.5, average="micro"), "fbeta_score"),
    (metrics.R2Score(name="fit"), "fit"), (metrics.CosineSimilarity(axis=0), "cosine_similarity"),
    ("accuracy",) * 2, ("acc",) * 2, (metrics.binary_accuracy, "binary_accuracy"), (Score(name="own"), "own"),
    (metrics.TruePositives(name="found"), "found"), (metrics.SensitivityAtSpecificity(0.5, name="s"), "s"),
    (metrics.MeanMetricWrapper(metrics.binary_accuracy, name="loss_like"), "loss_like"),
]  # fmt: skip
DOWN = [
    (metrics.MeanAbsoluteError(name="accuracy"), "accuracy"), ("mse",) * 2, (losses.mean_absolute_error, "mean_absolute_error"),
    (metrics.RootMeanSquaredError(name="auc"), "auc"), (metrics.FalsePositives(name="alarms"), "alarms"),
    (metrics.FalseNegatives(name="precision"), "precision"), (metrics.BinaryCrossentropy(name="ce"), "ce"),
    (losses.MeanSquaredError(name="spread"), "spread"),
]  # fmt: skip


class Move(callbacks.Callback):
    """The model ranks rightly in the first epoch, then wrongly."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.set_weights([np.array([[8.0 if epoch == 0 else -8.0]]), np.array([-4.0 if epoch == 0 else 4.0])])


def run(metric, watcher, **arguments):
    model = Sequential([Dense(1, activation="sigmoid", input_shape=(1,))])
    model.compile(optimizers.SGD(0.5), "mse", metrics=[metric], jit_compile=False)
    model.optimizer.learning_rate = 1e-9
    y = Y[:, None].astype("float32")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        history = model.fit(X, y, validation_data=(X, y), epochs=3, verbose=0, callbacks=[Move(), watcher], **arguments)
    return model, history.history, [str(each.message) for each in said]


@pytest.mark.parametrize("metric, name", UP + DOWN, ids=lambda item: item if isinstance(item, str) else "")
def test_the_better_epoch_is_kept_whatever_the_name(metric, name):
    upward = any(metric is each for each, _ in UP) or isinstance(metric, str) and (metric, name) in UP
    stop = callbacks.EarlyStopping(f"val_{name}", patience=5, restore_best_weights=True)
    model, history, said = run(metric, stop)
    values = history[f"val_{name}"]
    assert (values[0] > values[1]) == upward and stop.best == values[0] and stop.best_epoch == 0 and not said
    assert model.get_weights()[0][0, 0] > 7 and direction(model, name) == ("up" if upward else "down")


@pytest.mark.parametrize("metric, kept, said_once", [
    (Own(name="own"), -8.0, True), (score_of, -8.0, True), (Score(name="own"), 8.0, False),
    (Own(name="own_accuracy"), 8.0, False), (Own(name="recall_3"), 8.0, False), (Own(name="own_loss"), -8.0, False),
])  # fmt: skip
def test_where_nobody_knows_it_is_said_once(metric, kept, said_once):
    name = getattr(metric, "name", "score_of")
    model, _, said = run(metric, callbacks.EarlyStopping(f"val_{name}", patience=5, restore_best_weights=True))
    assert abs(model.get_weights()[0][0, 0] - kept) < 1
    expected = f"EarlyStopping watches 'val_{name}', and nobody knows whether it should be large or small"
    assert [text[: len(expected)] for text in said] == [expected] * said_once
    assert all('mode="max"' in text for text in said)
    for mode in ("min", "max"):
        assert not run(metric, callbacks.EarlyStopping(f"val_{name}", mode=mode))[2]


def test_the_checkpoint_and_the_rate_ask_in_the_same_way(tmp_path):
    saved = callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", "val_roc", save_best_only=True, save_weights_only=True)
    run(metrics.AUC(name="roc"), saved)
    assert [path.name for path in tmp_path.iterdir()] == ["1.weights.h5"]
    slower = callbacks.ReduceLROnPlateau("val_roc", patience=1, factor=0.5)
    model, history, _ = run(metrics.AUC(name="roc"), slower)
    np.testing.assert_allclose(history["learning_rate"], [1e-9, 1e-9, 0.5e-9], rtol=1e-6)  # worse from the second on
    for watcher in (callbacks.ModelCheckpoint(tmp_path / "x.safetensors", "val_own", save_best_only=True, save_weights_only=True),
                    callbacks.ReduceLROnPlateau("val_own")):  # fmt: skip
        said = run(Own(name="own"), watcher)[2]
        assert len(said) == 1 and said[0].startswith(f"{type(watcher).__name__} watches 'val_own', and nobody knows")


def test_a_checkpoint_of_every_epoch_watches_nothing(tmp_path):
    saving = callbacks.ModelCheckpoint(tmp_path / "x.safetensors", "val_own", save_weights_only=True)
    assert not run(Own(name="own"), saving)[2]


def test_outputs_sets_and_steps_of_ones_own():
    class Named(Model):
        def __init__(self):
            super().__init__()
            self.dense, self.area, self.size = Dense(1, activation="sigmoid"), metrics.AUC(name="roc"), metrics.Mean(name="size")

        def call(self, inputs):
            outputs = self.dense(inputs)
            self.add_metric(tf.reduce_mean(outputs), name="level")
            return {"a": outputs, "b": outputs}

        def train_step(self, data):
            return {**super().train_step(data), "g_loss": tf.constant(1.0), "hit_accuracy": tf.constant(1.0)}

    model = Named()
    model.compile("sgd", {"a": "mse", "b": "mse"}, metrics={"a": [metrics.AUC(name="roc")], "b": [metrics.MeanAbsoluteError(name="acc")]})
    y = {"a": Y[:, None], "b": Y[:, None]}
    model.fit(X, y, verbose=0)
    found = {"a_roc": "up", "val_a_roc": "up", "val_clean_a_roc": "up", "b_acc": "down", "val_dirty_b_acc": "down", "roc": "up",
             "a_loss": "down", "val_loss": "down", "g_loss": "down", "hit_accuracy": "up", "level": None, "size": None,
             "learning_rate": None, "layers.0.kernel.regularizer": "down"}  # fmt: skip
    assert {name: direction(model, name) for name in found} == found


SMALL = [{}, {"num_classes": 2}, {"num_classes": 2, "target_class_ids": [0]}, {"target_class_ids": [0]}, {"recall": 0.5},
         {"precision": 0.5}, {"sensitivity": 0.5}, {"specificity": 0.5}]  # fmt: skip


def make(module, name):
    for arguments in SMALL:
        try:
            return getattr(module, name)(**arguments)
        except TypeError:
            continue
    return None


@pytest.mark.parametrize("name", [name for name in dir(metrics) if name[0].isupper() and hasattr(keras.metrics, name)])
def test_metrics_know_what_keras_knows(name):
    ours, theirs = make(metrics, name), make(keras.metrics, name)
    known = getattr(theirs, "_direction", None)
    if known is not None:
        assert ours._direction == known
