"""The normalizing layers: axes, masks, what moves in training and what does not."""

import numpy as np

from engine.study.parity import part, row

L1, L2 = part("L1", "regularizers", l1=0.25), part("L2", "regularizers", l2=0.5)
STEPS = np.array([[1, 1, 0], [1, 0, 0]], bool)
CLIPPING = dict(rmax=1.25, rmin=0.75, dmax=0.5)

BATCH = [
    row("BatchNormalization", x=(6, 5)),
    row("BatchNormalization", x=(6, 5), training=True),
    row("BatchNormalization", dict(momentum=0.75, epsilon=0.5), x=(6, 2, 5), training=True),
    row("BatchNormalization", dict(epsilon=1e-6), x=(3, 2, 4, 5), training=True),
    row("BatchNormalization", dict(axis=1), x=(3, 5, 2, 4), training=True),
    row("BatchNormalization", dict(axis=-2, momentum=0.5), x=(3, 2, 5, 4), training=False),
    row("BatchNormalization", dict(center=False), x=(6, 5), training=True),
    row("BatchNormalization", dict(scale=False), x=(6, 5), training=True),
    row("BatchNormalization", dict(scale=False, center=False), x=(6, 5), training=False),
    row("BatchNormalization", dict(trainable=False), x=(6, 5), training=True),
    row("BatchNormalization", dict(beta_initializer="ones", gamma_initializer="zeros", moving_mean_initializer="ones",
                                   moving_variance_initializer="zeros", beta_regularizer=L1, gamma_regularizer=L2,
                                   beta_constraint="non_neg", gamma_constraint="unit_norm"), x=(6, 5), training=True),
    row("BatchNormalization", x=(2, 3, 5), masks=STEPS, training=True),
    row("BatchNormalization", dict(axis=1), x=(2, 3, 5), masks=STEPS, training=True),
    row("BatchNormalization", x=(2, 3, 5), masks=STEPS, training=False),
    row("BatchNormalization", dict(synchronized=True), x=(6, 5), training=True),
    row("BatchNormalization", dict(renorm=True), x=(6, 5), training=True),
    row("BatchNormalization", dict(renorm=True, renorm_clipping=CLIPPING, renorm_momentum=0.75, momentum=0.5),
        x=(6, 2, 5), training=True),
    row("BatchNormalization", dict(renorm=True, axis=1, center=False, renorm_clipping=dict(dmax=0.25)), x=(6, 2, 5),
        training=True),
    row("BatchNormalization", dict(renorm=True, scale=False), x=(2, 3, 5), masks=STEPS, training=True),
    row("BatchNormalization", dict(renorm=True), x=(6, 5), training=False),
    row("BatchNormalization", dict(axis=3), x=(6, 5), raises="takes an axis of its inputs"),
    row("BatchNormalization", dict(renorm_clipping=dict(max=3)), raises="takes the keys"),
]  # fmt: skip

SAMPLE = [
    row("LayerNormalization", x=(3, 5)),
    row("LayerNormalization", dict(epsilon=0.5), x=(2, 3, 5), masks=STEPS),
    row("LayerNormalization", dict(axis=1), x=(3, 2, 5)),
    row("LayerNormalization", dict(axis=(2, 1)), x=(3, 2, 5)),
    row("LayerNormalization", dict(axis=[1, 3]), x=(3, 2, 4, 5)),
    row("LayerNormalization", dict(center=False), x=(3, 5)),
    row("LayerNormalization", dict(scale=False), x=(3, 5)),
    row("LayerNormalization", dict(beta_initializer="ones", gamma_initializer="zeros", beta_regularizer=L1,
                                   gamma_regularizer=L2, beta_constraint="non_neg", gamma_constraint="unit_norm"),
        x=(3, 5)),
    row("LayerNormalization", dict(axis=2), x=(3, 5), raises="takes an axis of its inputs"),
    row("GroupNormalization", dict(groups=2), x=(3, 4)),
    row("GroupNormalization", dict(groups=3, epsilon=0.5), x=(2, 4, 5, 6)),
    row("GroupNormalization", dict(groups=-1), x=(2, 3, 4)),
    row("GroupNormalization", dict(groups=1), x=(2, 3, 4), masks=STEPS),
    row("GroupNormalization", dict(groups=2, axis=1), x=(2, 6, 4, 5)),
    row("GroupNormalization", dict(groups=2, axis=-2, center=False), x=(2, 3, 6, 4)),
    row("GroupNormalization", dict(groups=2, scale=False), x=(2, 3, 4)),
    row("GroupNormalization", dict(groups=2, beta_initializer="ones", gamma_initializer="zeros", beta_regularizer=L1,
                                   gamma_regularizer=L2, beta_constraint="non_neg", gamma_constraint="unit_norm"),
        x=(3, 4)),
    row("GroupNormalization", dict(groups=3), x=(3, 4), raises="splits its channels into 3 equal groups"),
    row("GroupNormalization", dict(groups=0), raises="positive integer or -1"),
    row("RMSNormalization", x=(3, 5)),
    row("RMSNormalization", dict(epsilon=0.5), x=(3, 2, 5)),
    row("RMSNormalization", dict(axis=(2, 1)), x=(3, 2, 5)),
    row("UnitNormalization", x=(3, 5)),
    row("UnitNormalization", dict(axis=1), x=(2, 3, 5), masks=STEPS),
    row("UnitNormalization", dict(axis=[1, 2]), x=(3, 2, 5)),
    row("UnitNormalization", dict(axis="x"), raises="takes an integer or a list"),
]  # fmt: skip

NAMES = dict(leave_out=("config",), why="the name of the inner layer is counted on each side")
SPECTRAL = [
    row("SpectralNormalization", dict(layer=part("Dense", units=4)), x=(3, 5), **NAMES),
    row("SpectralNormalization", dict(layer=part("Dense", units=4)), x=(3, 5), training=True, **NAMES),
    row("SpectralNormalization", dict(layer=part("Conv2D", filters=4, kernel_size=(2, 3)), power_iterations=3),
        x=(2, 4, 5, 3), training=True, **NAMES),
    row("SpectralNormalization", dict(layer=part("ReLU")), x=(3, 5), raises="takes a layer with a `kernel`"),
    row("SpectralNormalization", dict(layer=part("Dense", units=4), power_iterations=0), raises="positive integer"),
    row("SpectralNormalization", dict(layer=3), raises="A layer is a name"),
]  # fmt: skip

ROWS = BATCH + SAMPLE + SPECTRAL
