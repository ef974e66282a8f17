"""What a strategy must not change: for each case, how to make a model and how to train it. Rows are data.

`trained(case, strategy)` trains under a strategy (None: one device) and returns the model, and all numbers of the run by name.
"""

import contextlib
import functools

import numpy as np
import tensorflow as tf

from engine import Input, Model, Sequential, callbacks, clear_session, metrics, optimizers, set_floatx, set_seed
from engine.optimizers.optimizer import Optimizer
from engine.random import SeedGenerator, normal, uniform
from layers import (
    LSTM, AlphaDropout, BatchNormalization, CutMix, Dense, Dropout, Embedding, Flatten, GaussianNoise, Layer, MixUp, Reshape,
    SpatialDropout1D, SpectralNormalization, TimeDistributed,
)  # fmt: skip
from losses import BinaryCrossentropy, CategoricalCrossentropy, MeanSquaredError
from losses.ground import whole

ROWS, BATCH = 29, 8  # the last batch has 5 rows, and not all replicas get as many

_draw = np.random.default_rng(3)
X = _draw.normal(size=(ROWS, 6))
CLASSES = _draw.integers(0, 3, ROWS)
Y = _draw.normal(size=(ROWS, 3))
WEIGHTS = _draw.uniform(0.1, 2.0, ROWS)
WORDS = _draw.integers(1, 9, (ROWS, 5)) * (np.arange(5) < _draw.integers(1, 6, (ROWS, 1)))  # 0: padding
TAGS = _draw.normal(size=(ROWS, 5, 2))
YES = _draw.integers(0, 2, (ROWS, 1)).astype(float)
THREE = [(X[start : start + BATCH], Y[start : start + BATCH]) for start in range(0, 3 * BATCH, BATCH)]


class Descent(Optimizer):
    """Momentum, and a slot that keeps the gradient of the last step."""

    def __init__(self, learning_rate=0.2, **kwargs):
        super().__init__(learning_rate, **kwargs)

    def build(self, variables):
        super().build(variables)
        self.add_slots(variables, "momentum", "last_gradient")

    def new_values(self, variable, gradient, learning_rate, momentum, last_gradient):
        momentum = 0.9 * momentum + gradient
        return variable - learning_rate * momentum, momentum, gradient


class Penalty(Layer):
    """Adds to the loss a mean over the rows and a number that is the same for all."""

    def build(self, input_shape):
        self.factor = tf.Variable(tf.ones(input_shape[-1], tf.float64))

    def call(self, inputs):
        self.add_loss(tf.reduce_mean(tf.square(inputs * self.factor)) + 0.1 * tf.reduce_sum(tf.square(self.factor)))
        self.add_metric(tf.reduce_mean(tf.abs(inputs), -1), name="size")
        return inputs * self.factor


class Jitter(Layer):
    """Noise as a layer of a user's draws it: for each row, for each two rows of a merged axis, and the same for all rows."""

    def build(self, input_shape):
        self.seeds = SeedGenerator(7)

    def call(self, inputs):
        each = normal(tf.shape(inputs), self.seeds.next(), inputs.dtype)
        merged = tf.reshape(inputs, (-1, inputs.shape[-1] // 2))
        merged += uniform(tf.shape(merged), self.seeds.next(), inputs.dtype)
        scale = uniform([1, inputs.shape[-1]], self.seeds.next(), inputs.dtype, per_row=False)
        return tf.reshape(merged, tf.shape(inputs)) + each * scale


class Mixing(Layer):
    """Mixes rows of the batch, and what belongs to them."""

    def build(self, input_shape):
        self.mix = MixUp(alpha=1.0)

    def call(self, inputs):
        mixed = self.mix({"images": tf.reshape(inputs, (-1, 3, 2, 1)), "labels": tf.square(inputs[:, :2])})
        return tf.concat([tf.reshape(mixed["images"], (-1, 6)), mixed["labels"]], axis=1)


class Tutorial(Model):
    """A training step as tutorials have it."""

    def __init__(self):
        super().__init__()
        self.hidden, self.last = Dense(4, activation="tanh"), Dense(3)

    def call(self, inputs):
        return self.last(self.hidden(inputs))

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        for metric in self.metrics:
            if metric.name != "loss":
                metric.update_state(y, y_pred)
        return {"loss": loss, **{metric.name: metric.result() for metric in self.metrics if metric.name != "loss"}}


class Twice(Tutorial):
    """A training step that calls its optimizer twice, and one that says that its gradients are sums already."""

    def train_step(self, data):
        x, y = data
        for times in range(2):
            with tf.GradientTape() as tape:
                loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables), weight=times + 1.0)
        return {"loss": loss}


class Summed(Tutorial):
    """A training step that sums its gradients over the replicas itself, and follows its weights after the update."""

    def __init__(self):
        super().__init__()
        self.followed = self.add_weight((), initializer="zeros", trainable=False, dtype="float64")

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        gradients = whole.group.total(tape.gradient(loss, self.trainable_variables))
        rows = whole.group.rows(tf.shape(x)[0])
        pairs = zip(gradients, self.trainable_variables)
        self.optimizer.apply_gradients(pairs, weight=rows, skip_gradients_aggregation=True)
        self.followed.assign(0.5 * self.followed + tf.reduce_sum(self.last.kernel))
        return {"loss": loss}


class Watching(Tutorial):
    """A training step that reads a metric: before and after the batch, to decide, as a factor of the loss, under another name."""

    def __init__(self):
        super().__init__()
        self.error, self.both = metrics.MeanAbsoluteError(name="error"), Both("both")

    def train_step(self, data):
        x, y = data
        before = self.error.result()
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            self.error.update_state(y, y_pred)
            self.both.update_state(y, y_pred)
            factor, mean = 1 + self.error.result(), self.both.result()["mean"]
            if self.error.result() > 0.7:
                factor += mean
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred) * factor
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss, "error": self.error.result(), "before": before, **self.both.result()}


class Deciding(Tutorial):
    """Steps that have changed something already where they decide by the value of a tensor."""

    def __init__(self):
        super().__init__()
        self.error = metrics.MeanAbsoluteError(name="error")

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            self.error.update_state(y, y_pred)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
            if self.optimizer.iterations < 3:
                loss *= 0.5
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss, "error": self.error.result()}


class Both(metrics.Metric):
    """Two numbers."""

    def __init__(self, name):
        super().__init__(name)
        self.total, self.rows = self.add_weight(name="total"), self.add_weight(name="rows", dtype="int64")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(tf.reduce_sum(tf.square(y_true - y_pred)))
        self.rows.assign_add(tf.shape(y_pred, tf.int64)[0])

    def result(self):
        return {"mean": tf.math.divide_no_nan(self.total, tf.cast(self.rows, self.total.dtype)), "rows": self.rows}


class Centred(Layer):
    """Takes away the mean of all that it has seen, which a metric keeps."""

    def build(self, input_shape):
        self.mean = metrics.Mean("centre")

    def call(self, inputs):
        self.add_metric(self.mean(inputs), name="drift")
        return inputs - self.mean.result()


class Batches:
    """Batches by number."""

    def __init__(self, *batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, place):
        return self.batches[place]


def dense(**kwargs):
    return Sequential([Input((6,)), Dense(4, activation="tanh", **kwargs), Dense(3, **kwargs)])


def softmax(**kwargs):
    return Sequential([Input((6,)), Dense(4, activation="tanh"), Dense(3, activation="softmax", **kwargs)])


def normalized(**kwargs):
    return Sequential([Input((6,)), Dense(4, activation="tanh"), BatchNormalization(synchronized=True, **kwargs), Dense(3)])


def tagger():
    return Sequential([
        Input((5,), dtype="int64"), Embedding(10, 4, mask_zero=True), BatchNormalization(synchronized=True),
        LSTM(3, return_sequences=True), TimeDistributed(Dense(2)),
    ])  # fmt: skip


def noisy():
    return Sequential([
        Input((6,)), Dropout(0.2), Dense(6, activation="tanh"), GaussianNoise(0.1), Reshape((3, 2)), TimeDistributed(Dropout(0.3)),
        LSTM(5, dropout=0.2, recurrent_dropout=0.3, return_sequences=True), SpatialDropout1D(0.2), Flatten(),
        Dropout(0.2, noise_shape=(1, 15)), AlphaDropout(0.1), Dense(6), Jitter(), Dense(3),
    ])  # fmt: skip


def mixed():
    return Sequential([
        Input((6,)), Dense(6), Mixing(), Dense(12, activation="tanh"), Reshape((2, 3, 2, 1)), TimeDistributed(MixUp(alpha=0.5)),
        Reshape((6, 2, 1)), CutMix(), Flatten(), Dropout(0.1), Dense(3),
    ])  # fmt: skip


def dropped():
    return Sequential([Input((6,)), Dense(5, activation="tanh"), Dropout(0.4), Dense(3, activation="softmax")])


def embedded():
    return Sequential([Input((5,), dtype="int64"), Embedding(10, 4), Flatten(), Dense(3)])


def two_outputs():
    x = Input((6,))
    hidden = Dense(4, activation="tanh")(x)
    return Model(x, {"a": Dense(3, name="a")(hidden), "b": Dense(1, activation="sigmoid", name="b")(hidden)})


# name: model, arguments of compile, arguments of fit
CASES = {
    "softmax": (softmax, dict(loss="sparse_categorical_crossentropy", metrics=["accuracy"]), dict(y=CLASSES)),
    "regularizers": (lambda: dense(kernel_regularizer="l2", activity_regularizer="l1"), dict(loss="mse"), dict()),
    "add_loss": (lambda: Sequential([Dense(4), Penalty(), Dense(3)]), dict(loss="mae"), dict(x=X[:17], y=Y[:17])),
    "sample_weights": (dense, dict(loss="mse", metrics=["mae"], weighted_metrics=["mse"]), dict(sample_weight=WEIGHTS)),
    "class_weight": (softmax, dict(loss="sparse_categorical_crossentropy"), dict(y=CLASSES, class_weight={0: 2.0, 2: 0.3})),
    "sum": (dense, dict(loss=lambda: MeanSquaredError(reduction="sum"), optimizer=lambda: Descent(0.01)), dict()),
    "mean_with_weight": (dense, dict(loss=lambda: MeanSquaredError(reduction="mean_with_sample_weight")),
                         dict(sample_weight=WEIGHTS)),
    "synchronized": (normalized, dict(loss="mse"), dict()),
    "masked": (tagger, dict(loss="mse", metrics=["mae"]), dict(x=WORDS, y=TAGS)),
    "clipnorm": (dense, dict(loss="mse", optimizer=lambda: Descent(clipnorm=0.1)), dict()),
    "global_clipnorm": (dense, dict(loss="mse", optimizer=lambda: Descent(global_clipnorm=0.2)), dict()),
    "accumulation": (dense, dict(loss="mse", optimizer=lambda: Descent(gradient_accumulation_steps=3)), dict()),
    "accumulated": (noisy, dict(loss="mse", metrics=["mae"], optimizer=lambda: optimizers.AdamW(
        0.01, gradient_accumulation_steps=3, global_clipnorm=0.3, use_ema=True, ema_overwrite_frequency=2)), dict(sample_weight=WEIGHTS)),
    "accumulated_few": (lambda: embedded(), dict(loss="mse", optimizer=lambda: Descent(0.1, gradient_accumulation_steps=2)),
                        dict(x=WORDS[:17], y=Y[:17], batch_size=2)),
    "accumulated_stream": (dense, dict(loss="mse", optimizer=lambda: Descent(gradient_accumulation_steps=4)),
                           dict(x=lambda: tf.data.Dataset.from_tensor_slices((X, Y)).batch(3).repeat(3))),
    "accumulated_tutorial": (Tutorial, dict(loss="mse", optimizer=lambda: Descent(gradient_accumulation_steps=2)), dict()),
    "accumulated_twice": (Twice, dict(loss="mse", optimizer=lambda: Descent(gradient_accumulation_steps=3)), dict()),
    "accumulated_sums": (Summed, dict(loss="mse", optimizer=lambda: Descent(gradient_accumulation_steps=3)), dict()),
    "accumulated_on_nan": (normalized, dict(loss="mse", optimizer=lambda: Descent(gradient_accumulation_steps=3)),
                           dict(on_nan="raise", callbacks=lambda: [callbacks.GradientStats(every=2)])),
    "adamw_average": (dense, dict(loss="mse", optimizer=lambda: optimizers.AdamW(0.05, use_ema=True, clipvalue=0.05)), dict()),
    "two_outputs": (two_outputs, dict(loss={"a": "mse", "b": "binary_crossentropy"}, loss_weights={"a": 0.3, "b": 2.0},
                                      metrics={"b": ["accuracy"]}), dict(y={"a": Y, "b": YES})),
    "metrics": (lambda: Sequential([Input((6,)), Dense(1, activation="sigmoid")]),
                dict(loss=lambda: BinaryCrossentropy(label_smoothing=0.1),
                     metrics=lambda: [metrics.AUC(), metrics.Precision(), metrics.Recall(), metrics.R2Score(),
                                      metrics.BinaryIoU(), metrics.F1Score(threshold=0.5), "mae"]), dict(y=YES)),
    "one_row_left": (normalized, dict(loss="mse"), dict(x=X[:17], y=Y[:17])),
    "tutorial": (Tutorial, dict(loss="mse", metrics=["mae"]), dict()),
    "watching": (Watching, dict(loss="mse", metrics=["mae"], optimizer=lambda: Descent(0.05)), dict()),
    "watching_few": (Watching, dict(loss="mse", optimizer=lambda: Descent(0.05)), dict(x=X[:17], y=Y[:17])),
    "deciding": (Deciding, dict(loss="mse"), dict()),
    "centred": (lambda: Sequential([Input((6,)), Dense(4), Centred(), Dense(3)]), dict(loss="mse", metrics=["mae"]), dict()),
    "centred_stream": (lambda: Sequential([Input((6,)), Dense(4), Centred(), Dense(3)]), dict(loss="mse"),
                       dict(x=lambda: tf.data.Dataset.from_tensor_slices((X, Y)).batch(5))),
    "on_nan": (normalized, dict(loss="mse"), dict(on_nan="raise", callbacks=lambda: [callbacks.GradientStats(every=2)])),
    "spectral": (lambda: Sequential([SpectralNormalization(Dense(4)), Dense(3)]), dict(loss="mse"), dict()),
    "dataset": (dense, dict(loss="mse"),
                dict(x=lambda: tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(50, seed=4).batch(BATCH))),
    "generator": (dense, dict(loss="mse"), dict(x=lambda: Batches(*THREE))),
    "validation": (softmax, dict(loss=lambda: CategoricalCrossentropy(), metrics=["accuracy"]),
                   dict(y=np.eye(3)[CLASSES], validation_data=(X[:11], np.eye(3)[CLASSES[:11]]))),
    "random": (noisy, dict(loss="mse", metrics=["mae"]), dict(sample_weight=WEIGHTS)),
    "mixed": (mixed, dict(loss="mse", metrics=["mae"]), dict(sample_weight=WEIGHTS)),
    "mixed_few": (mixed, dict(loss="mse"), dict(x=X[:17], y=Y[:17])),
    "dropout": (dropped, dict(loss="sparse_categorical_crossentropy"), dict(y=CLASSES, class_weight={0: 2.0, 2: 0.3})),
    "own_loss": (dense, dict(loss=lambda: of_first_classes), dict(y=CLASSES)),
    "own_rows": (dense, dict(loss=lambda: lambda y_true, y_pred: tf.reduce_mean(tf.abs(y_true - y_pred), axis=-1)), dict()),
    "penalised": (lambda: Sequential([Input((6,)), Dense(4, kernel_regularizer="l2"), Penalty(), Dense(3)]), dict(loss="mse"), dict()),
    "long_stream": (dense, dict(loss="mse", metrics=["mae"]),
                    dict(x=lambda: tf.data.Dataset.from_tensor_slices((X, Y)).batch(2).repeat(3))),
    "per_replica": (lambda: Sequential([Dense(4), BatchNormalization(), Dense(3)]), dict(loss="mse"), dict()),
}  # fmt: skip
DIFFERENT = ("per_replica",)  # what a replica does with its rows alone
PREDICTED = ("random", "softmax", "regularizers", "masked", "two_outputs", "metrics", "one_row_left", "generator")


def scope(strategy):
    return contextlib.nullcontext() if strategy is None else strategy.scope()


def of_first_classes(y_true, y_pred):
    """A loss that looks at some rows only: how many, no other replica knows."""
    some = tf.reshape(y_true, [-1]) < 2
    return tf.reduce_sum(tf.square(tf.boolean_mask(y_pred, some)), axis=-1)


def made(arguments):
    """Functions among the values are called: objects with state belong to one run."""
    return {name: value() if callable(value) else value for name, value in arguments.items()}


def make(case, strategy):
    """The compiled model of a case."""
    set_floatx("float64")
    set_seed(5)
    clear_session()  # names are counted anew
    build, compiling, _ = CASES[case]
    with scope(strategy):
        model = build()
        model.compile(**made({"optimizer": Descent, **compiling}))
    return model


def fit(model, case, epochs=2, **more):
    """Train the model of a case; returns the History."""
    arguments = made(CASES[case][2])
    if isinstance(arguments.get("x", X), np.ndarray):
        arguments = {"x": X, "y": Y, "batch_size": BATCH, **arguments}
    return model.fit(**{"epochs": epochs, "verbose": 0, **arguments, **more})


def numbers(model, history):
    """All numbers of a run by name: losses and metrics by epoch, weights, the optimizer's state (gradients too)."""
    found = {f"history/{name}": np.array(values) for name, values in history.history.items()}
    found.update({f"weight/{path}": variable.numpy() for path, variable, _ in model.named_weights()})
    paths = {id(variable): path for path, variable, _ in model.named_weights()}
    found.update({f"optimizer/{name}": v.numpy() for name, v in model.optimizer.named_variables(paths).items()})
    return found


@functools.cache
def trained(case, strategy):
    """Train under a strategy; returns (model, all numbers). One device is the same for all numbers of replicas."""
    model = make(case, strategy)
    found = numbers(model, fit(model, case))
    if case in PREDICTED and isinstance(CASES[case][2].get("x", X), np.ndarray):
        x, y = (CASES[case][2].get(name, default) for name, default in (("x", X), ("y", Y)))
        found.update({f"evaluate/{name}": np.array(value) for name, value in
                      model.evaluate(x, y, batch_size=7, verbose=0, return_dict=True).items()})  # fmt: skip
        found.update({f"predict/{i}": p for i, p in enumerate(tf.nest.flatten(model.predict(x, batch_size=7)))})
    return model, found


def compared(case, strategy):
    """The difference that the strategy makes."""
    return difference(trained(case, strategy)[1], trained(case, None)[1])


def refusal(action):
    """The error that `action` raises, as text."""
    try:
        action()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "nothing was raised"


def outcomes(names, functions, strategy):
    """{name: what its function gives for a strategy; of a case, the difference to one device; of an error, that}."""
    found = {}
    for name in names:
        try:
            found[name] = functions[name](strategy) if name in functions else compared(name, strategy)
        except Exception as error:
            found[name] = [float("inf"), f"{type(error).__name__}: {error}"]
    return found


def difference(found, expected):
    """The largest relative difference, and where it is; a missing number is an error."""
    if set(found) != set(expected):
        raise KeyError(sorted(set(found) ^ set(expected)))
    worst = {name: np.max(np.abs(found[name] - expected[name]) / (1e-3 + np.abs(expected[name])), initial=0.0) for name in found}
    name = max(worst, key=lambda key: np.inf if np.isnan(worst[key]) else worst[key])
    return [float(worst[name]), name]
