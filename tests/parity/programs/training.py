"""What programs are trained with: losses and metrics by kind of output, optimizers, callbacks."""

# For each kind of output: the activations of its last layer, the units, the losses, the metrics.
KINDS = {
    "real": {
        "activation": [None, None, "softplus", "tanh"], "units": [1, 2],
        "losses": ["mse", "mae", {"losses.Huber": {"delta": 0.5}}, "log_cosh", "cosine_similarity",
                   {"losses.MeanSquaredError": {"reduction": "sum"}}, {"losses.MeanSquaredLogarithmicError": {}}],
        "metrics": ["mae", "mse", {"metrics.RootMeanSquaredError": {"name": "rmse"}}, "mape",
                    {"metrics.CosineSimilarity": {"name": "angle"}}],
    },
    "binary": {
        "activation": ["sigmoid"], "units": [1, 2],
        "losses": ["binary_crossentropy", {"losses.BinaryFocalCrossentropy": {"gamma": 2.0}}, "hinge", "squared_hinge",
                   {"losses.BinaryCrossentropy": {"label_smoothing": 0.25}}, {"losses.Dice": {}}],
        "metrics": ["accuracy", {"metrics.AUC": {"name": "roc"}}, {"metrics.Precision": {"name": "precise"}}, "mse",
                    {"metrics.Recall": {"name": "found", "thresholds": 0.25}}, "binary_crossentropy",
                    {"metrics.FalsePositives": {"name": "alarms"}}],
    },
    "classes": {
        "activation": ["softmax"], "units": [3],
        "losses": ["sparse_categorical_crossentropy"],
        "metrics": ["accuracy", "sparse_categorical_crossentropy",
                    {"metrics.SparseTopKCategoricalAccuracy": {"k": 2, "name": "second"}}],
    },
    "scores": {
        "activation": [None], "units": [3],
        "losses": [{"losses.SparseCategoricalCrossentropy": {"from_logits": True}}],
        "metrics": ["accuracy", {"metrics.SparseCategoricalAccuracy": {"name": "right"}}],
    },
    "one_hot": {
        "activation": ["softmax"], "units": [3],
        "losses": ["categorical_crossentropy", {"losses.CategoricalFocalCrossentropy": {}}, "kl_divergence", "poisson",
                   {"losses.CategoricalCrossentropy": {"label_smoothing": 0.25}}],
        "metrics": ["accuracy", "categorical_crossentropy", {"metrics.TopKCategoricalAccuracy": {"k": 2, "name": "second"}},
                    {"metrics.F1Score": {"name": "f_one", "average": "macro"}}],
    },
}  # fmt: skip


def rate(dice):
    return dice.one_of([2.0**-3, 2.0**-5, 2.0**-7])


# Those whose values are sums of few powers of two: Keras computes them in float32.
SCHEDULES = [
    {"optimizers.schedules.ExponentialDecay": {"initial_learning_rate": 0.125, "decay_steps": 2, "decay_rate": 0.5,
                                               "staircase": True}},
    {"optimizers.schedules.PiecewiseConstantDecay": {"boundaries": [1, 3], "values": [0.125, 0.0625, 0.25]}},
    {"optimizers.schedules.PolynomialDecay": {"initial_learning_rate": 0.125, "decay_steps": 4, "end_learning_rate": 0.0625}},
    {"optimizers.schedules.InverseTimeDecay": {"initial_learning_rate": 0.125, "decay_steps": 4, "decay_rate": 1.0,
                                               "staircase": True}},
]  # fmt: skip
EPSILON = 2.0**-10
OPTIMIZERS = {
    "SGD": {"momentum": [0.875], "nesterov": [True]},
    "Adam": {"beta_1": [0.75], "amsgrad": [True]},
    "AdamW": {"weight_decay": [2.0**-4]},
    "RMSprop": {"rho": [0.75], "momentum": [0.5], "centered": [True]},
    "Adagrad": {"initial_accumulator_value": [0.25]},
    "Adadelta": {"rho": [0.75]},
    "Adamax": {"beta_1": [0.75]},
    "Nadam": {"beta_1": [0.75]},
    "Ftrl": {"l2_regularization_strength": [0.125], "beta": [0.25]},
    "Lamb": {"beta_1": [0.75]},
}
BETAS = {"beta_1": 0.875, "beta_2": 1 - 2.0**-6}
FIXED = {  # arguments whose defaults Keras rounds to float32
    **dict.fromkeys(("Adam", "AdamW", "Adamax", "Nadam", "Lamb"), BETAS | {"epsilon": EPSILON}),
    "Adagrad": {"epsilon": EPSILON, "initial_accumulator_value": 0.125}, "Ftrl": {"initial_accumulator_value": 0.125},
    "RMSprop": {"rho": 0.875, "epsilon": EPSILON}, "Adadelta": {"rho": 0.875, "epsilon": EPSILON},
}  # fmt: skip


def draw_optimizer(dice):
    name = dice.one_of(["SGD", "Adam", *OPTIMIZERS])
    arguments = {"learning_rate": rate(dice) if dice.chance(0.75) else dice.one_of(SCHEDULES)}
    arguments |= FIXED.get(name, {}) | dice.options(0.3, **OPTIMIZERS[name])
    if dice.chance(0.4):
        arguments |= dice.one_of([{"clipnorm": 0.5}, {"clipvalue": 0.125}, {"global_clipnorm": 0.5}])
    arguments |= dice.options(0.2, weight_decay=[2.0**-5])
    if dice.chance(0.2):
        arguments |= {"use_ema": True, "ema_momentum": 0.75, "ema_overwrite_frequency": 2}
    if dice.chance(0.15):
        arguments |= {"gradient_accumulation_steps": 2}
    return {f"optimizers.{name}": arguments}


def draw_callbacks(dice, monitor, scheduled):
    """Callbacks that steer; `scheduled`: the rate is not theirs to change."""
    found = [
        {"callbacks.EarlyStopping": {"monitor": monitor, "mode": dice.one_of(["min", "max"]), "patience": 0,
                                     **dice.options(0.5, restore_best_weights=[True], start_from_epoch=[1])}},
        {"callbacks.TerminateOnNaN": {}},
        {"own.Steer": dice.options(0.5, end_at=[0, 1])},
    ]  # fmt: skip
    if not scheduled:
        found.append({"own.Steer": {"halve_at": 0}})
        found.append({"callbacks.LearningRateScheduler": {"schedule": {"function": "halve"}}})
        found.append({"callbacks.ReduceLROnPlateau": {"monitor": monitor, "mode": dice.one_of(["min", "max"]), "patience": 1,
                                                      "factor": 0.5, "min_delta": 0.0}})  # fmt: skip
    return dice.some_of(found, 2)
