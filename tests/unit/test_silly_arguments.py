"""Arguments that cannot be meant are refused before anything begins, with what is expected; sensible ones are not."""

import numpy as np
import pytest
import tensorflow as tf
from fitting import X, Y, dense

from engine import Sequential, optimizers
from engine.optimizers import schedules
from layers import Dense

NAN, INF = float("nan"), float("inf")
OF_ALL = {
    "weight_decay": (-1, NAN, INF, "a"), "clipnorm": (0, -1, NAN, INF), "clipvalue": (-1, NAN), "global_clipnorm": (-1, NAN),
    "use_ema": ("yes", 2), "ema_momentum": (-0.1, 1.1, NAN), "ema_overwrite_frequency": (0, 1.5, True),
    "loss_scale_factor": (0, -1, NAN, INF), "gradient_accumulation_steps": (0, 1, 2.5),
    "learning_rate": (-1, NAN, INF, -INF, "a", True, None, [0.1, 0.2]),
}  # fmt: skip
AVERAGE, SMALL, FLAG = (-0.1, 1.0, 1.5, NAN, "a", None, True), (-1, NAN, INF, "a", None), ("no", 2, None)
TWO = {"beta_1": AVERAGE, "beta_2": AVERAGE}
OF_EACH = {
    "SGD": {"momentum": (-0.1, 1.1, NAN, "a"), "nesterov": FLAG},
    "Adam": {**TWO, "epsilon": SMALL, "amsgrad": FLAG},
    "AdamW": {**TWO, "epsilon": SMALL, "amsgrad": FLAG, "weight_decay": (None, -1, NAN)},
    "Adamax": {**TWO, "epsilon": SMALL},
    "Nadam": {**TWO, "epsilon": SMALL},
    "Lamb": {**TWO, "epsilon": SMALL},
    "Lion": {"beta_1": (0, -0.1, 1.5, NAN), "beta_2": (-0.1, 1.5, NAN)},
    "RMSprop": {"rho": AVERAGE, "momentum": (-0.1, 1.1, NAN), "epsilon": SMALL, "centered": FLAG},
    "Adadelta": {"rho": AVERAGE, "epsilon": SMALL},
    "Adagrad": {"initial_accumulator_value": (-1, NAN, INF), "epsilon": SMALL},
    "Adafactor": {"beta_2_decay": (1, NAN, -INF), "epsilon_1": SMALL, "epsilon_2": SMALL, "clip_threshold": (0, -1, NAN, INF),
                  "relative_step": FLAG},
    "Ftrl": {"learning_rate_power": (1, NAN, -INF), "initial_accumulator_value": (-1, NAN, INF), "beta": (-1, NAN),
             "l1_regularization_strength": (-1, NAN, INF), "l2_regularization_strength": (-1, NAN),
             "l2_shrinkage_regularization_strength": (-1, NAN)},
    "Muon": {"adam_beta_1": AVERAGE, "adam_beta_2": AVERAGE, "momentum": (-0.1, 1.1, NAN), "epsilon": SMALL,
             "adam_weight_decay": (-1, NAN), "rms_rate": (-1, NAN), "muon_a": (NAN, INF, "a"), "ns_steps": (0, -1, 1.5),
             "adam_lr_ratio": (-1, NAN), "nesterov": FLAG},
    "ScheduleFreeAdamW": {**TWO, "epsilon": SMALL, "warmup_steps": (-1, 0.5)},
}  # fmt: skip


def rows():
    for name, own in OF_EACH.items():
        for argument, values in {**OF_ALL, **own}.items():
            yield from ((name, argument, value) for value in values)


@pytest.mark.parametrize(("name", "argument", "value"), list(rows()))
def test_optimizers_refuse(name, argument, value):
    with pytest.raises(ValueError, match=argument):
        getattr(optimizers, name)(**{argument: value})


def test_every_optimizer_has_a_row():
    own = {name for name, item in vars(optimizers).items() if isinstance(item, type) and issubclass(item, optimizers.Optimizer)}
    assert own - {"Optimizer"} == set(OF_EACH)


@pytest.mark.parametrize("arguments", (dict(beta_1=0, beta_2=0.0, epsilon=0), dict(learning_rate=0), dict(weight_decay=0),
                                       dict(epsilon=np.float32(1e-3), amsgrad=np.bool_(True), learning_rate=np.float64(0.1)),
                                       dict(learning_rate=tf.constant(0.1), weight_decay=None, ema_momentum=1.0)))  # fmt: skip
def test_limits_are_accepted(arguments):
    assert optimizers.Adam(**arguments)


SCHEDULES = [
    (schedules.ExponentialDecay, (0.1, 10, 0.5), {0: (-1, NAN, INF), 1: (0, -1, NAN), 2: (-1, NAN, INF)}),
    (schedules.InverseTimeDecay, (0.1, 10, 0.5), {0: (-1, NAN, INF), 1: (0, -1, NAN), 2: (-1, NAN, INF)}),
    (schedules.PolynomialDecay, (0.1, 10, 0.01, 2.0), {0: (-1, NAN), 1: (0, NAN), 2: (-1, NAN), 3: (-1, NAN)}),
    (schedules.CosineDecay, (0.1, 10, 0.1, "n", 0.2, 5), {0: (-1, NAN), 1: (0, NAN), 2: (-1, NAN), 4: (-1, NAN), 5: (-1, NAN)}),
    (schedules.CosineDecayRestarts, (0.1, 10, 2.0, 0.5, 0.1), {0: (-1, NAN), 1: (0,), 2: (0, NAN), 3: (-1, NAN), 4: (-1, NAN)}),
    (schedules.PiecewiseConstantDecay, ([1, 2], [0.1, 0.2, 0.3]), {0: ([2, 1],), 1: ([0.1, NAN, 0.1], [0.1, -1, 0.1])}),
]  # fmt: skip


@pytest.mark.parametrize(("cls", "arguments", "wrong"), SCHEDULES, ids=[row[0].__name__ for row in SCHEDULES])
def test_schedules_refuse_what_gives_no_rate(cls, arguments, wrong):
    assert cls(*arguments)
    for place, values in wrong.items():
        for value in values:
            with pytest.raises(ValueError, match=cls.__name__):
                cls(*arguments[:place], value, *arguments[place + 1 :])


@pytest.mark.parametrize("value", (-1.0, NAN, INF))
def test_a_rate_that_is_set_later_is_refused(value):
    for optimizer in (optimizers.SGD(0.1), optimizers.LossScaleOptimizer("sgd")):
        for name in ("learning_rate", "lr"):
            with pytest.raises(ValueError, match="learning_rate"):
                setattr(optimizer, name, value)


# ---- rates that only the run shows ------------------------------------------------------------

class From(schedules.LearningRateSchedule):
    """`value` from step `begin` to before `end`, 0.01 elsewhere."""

    def __init__(self, value, begin=0, end=10**9):
        self.value, self.begin, self.end = value, begin, end

    def __call__(self, step):
        return tf.where((step >= self.begin) & (step < self.end), self.value, 0.01)


@pytest.mark.parametrize("eager", (True, False))
@pytest.mark.parametrize("value", (-1.0, NAN, INF))
@pytest.mark.parametrize("make", (lambda value: From(value), lambda value: lambda: value), ids=("schedule", "function"))
def test_a_bad_rate_is_noticed_before_the_first_step(make, value, eager):
    model = dense()
    model.compile(optimizers.SGD(make(value)), "mse", run_eagerly=eager)
    before = model.get_weights()
    with pytest.raises(ValueError, match="learning rate is (-1.0|nan|inf) in step 1, and must be a finite number"):
        model.fit(X, Y, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("eager", (True, False))
@pytest.mark.parametrize(("schedule", "step"), [(From(-1.0, 7), "8|9|10|11"), (From(NAN, 7, 8), "8"), (From(NAN, 25), "26|27|28|29|30")])
def test_a_rate_that_goes_bad_is_noticed(schedule, step, eager):
    model = dense()
    model.compile(optimizers.SGD(schedule), "mse", run_eagerly=eager)
    with pytest.raises(ValueError, match=f"learning rate is (-1.0|nan) in step ({step}),"):
        model.fit(X, Y, batch_size=2, epochs=10, verbose=0)


def test_a_rate_assigned_to_the_variable_is_noticed():
    model = dense()
    model.compile(optimizers.SGD(0.1), "mse")
    model.fit(X, Y, verbose=0)
    model.optimizer.learning_rate.assign(NAN)
    with pytest.raises(ValueError, match="learning rate is nan"):
        model.fit(X, Y, verbose=0)


# ---- fit, evaluate, predict, compile ----------------------------------------------------------------

FIT = {
    "epochs": (-1, 1.5, "3", None, True), "initial_epoch": (-1, 0.5, "1", None), "steps_per_epoch": (0, -1, 2.5, "3", True),
    "batch_size": (0, -1, 2.5, "3"), "validation_steps": (0, -1, "3"), "validation_batch_size": (0, -1, "3", 1.5),
    "validation_freq": (0, -1, "3", 1.5, None, [0], ["1"]), "validation_split": (1.0, -0.1, NAN, "0.2", 2, True),
    "verbose": (3, -1, "loud", 1.5, None), "shuffle": ("false", 2), "on_nan": ("ignore", True),
    "class_weight": ({0: NAN}, {0: -1}, [1.0]), "sample_weight": (np.full(10, NAN), np.full(10, INF), np.array(["a"] * 10)),
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in FIT.items() for value in values])
def test_fit_refuses(name, value):
    model = Sequential([Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=name):
        model.fit(X, np.zeros(10), validation_data=None if name == "validation_split" else (X, np.zeros(10)),
                  **{"verbose": 0, name: value})  # fmt: skip
    assert not model.built or int(model.optimizer.iterations) == 0


@pytest.mark.parametrize("arguments", (dict(initial_epoch=np.int64(0), steps_per_epoch=np.int32(1)), dict(shuffle=1, verbose=False),
                                       dict(validation_split=0, validation_freq=[1, 2]), dict(verbose=np.int64(0)),
                                       dict(epochs=2, initial_epoch=2)))  # fmt: skip
def test_fit_accepts(arguments):
    model = dense()
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(X, Y, **{"verbose": 0, **arguments})


@pytest.mark.parametrize("verb", ("evaluate", "predict"))
@pytest.mark.parametrize(("name", "value"), [("steps", 0), ("steps", "3"), ("batch_size", 0), ("batch_size", "3"), ("verbose", "x")])
def test_evaluate_and_predict_refuse(verb, name, value):
    model = dense()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=name):
        model.evaluate(X, Y, **{name: value}) if verb == "evaluate" else model.predict(X, **{name: value})


@pytest.mark.parametrize(("name", "value"), [("steps_per_execution", 0), ("steps_per_execution", True), ("run_eagerly", "no"),
                                             ("jit_compile", "no"), ("auto_scale_loss", "x"), ("strict_gradients", 3)])  # fmt: skip
def test_compile_refuses(name, value):
    with pytest.raises(ValueError, match=name):
        dense().compile("sgd", "mse", **{name: value})
