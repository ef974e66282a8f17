"""Dense, with everything that a layer's weights and outputs can carry."""

from engine.study.parity import part, row

# Keras rounds the factor of a penalty to float32; powers of two lose nothing.
L1, L2 = part("L1", "regularizers", l1=0.25), part("L2", "regularizers", l2=0.5)

ROWS = [
    row("Dense", dict(units=4), x=(3, 5)),
    row("Dense", dict(units=4, activation="relu"), x=(3, 5), smooth=False),
    row("Dense", dict(units=4, activation="softmax"), x=(3, 5)),
    row("Dense", dict(units=4, use_bias=False, activation="tanh"), x=(3, 2, 5)),
    row("Dense", dict(units=3, activation="sigmoid"), x=(2, 4, 3, 5)),
    row("Dense", dict(units=4, kernel_regularizer=L2, bias_regularizer=L1), x=(3, 5)),
    row("Dense", dict(units=4, activation="tanh", activity_regularizer=L2), x=(3, 5)),
    row("Dense", dict(units=4, activity_regularizer=part("L1L2", "regularizers", l1=0.25, l2=0.5)), x=(3, 5)),
    row("Dense", dict(units=4, kernel_constraint="max_norm", bias_constraint="non_neg"), x=(3, 5)),
    row("Dense", dict(units=4, kernel_constraint=part("UnitNorm", "constraints", axis=1)), x=(3, 5)),
    row("Dense", dict(units=4, kernel_initializer=part("HeNormal", "initializers", seed=5),
                      bias_initializer="ones"), x=(3, 5)),
    row("Dense", dict(units=4, trainable=False, kernel_regularizer=L2), x=(3, 5)),
    row("Dense", dict(units=-1), raises="positive integer"),
    row("Dense", dict(units=2.5), raises="positive integer"),
    row("Dense", dict(units=4, activation="rellu"), raises="Did you mean 'relu'"),
    row("Dense", dict(units=4, unit=3), raises="no argument 'unit'"),
    row("Dense", dict(units=4), x=(3,), raises="rank 2 or more"),
]  # fmt: skip
