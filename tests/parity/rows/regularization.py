"""Layers that are random in training. With the same integer seed the random numbers are Keras's, call by call."""

import numpy as np

from engine.study.parity import row

STEPS = np.array([[1, 1, 0], [1, 0, 0]], bool)
ROUNDED = dict(rtol=1e-7, why="Keras rounds the lowest value of selu to float32")

ROWS = [
    row("Dropout", dict(rate=0.25, seed=3), x=(3, 5)),
    row("Dropout", dict(rate=0.25), x=(2, 3, 5), masks=STEPS),
    row("Dropout", dict(rate=0.25, seed=3), x=(3, 5), training=True),
    row("Dropout", dict(rate=0.5, noise_shape=(None, 1, 5), seed=-7), x=(4, 3, 5), training=True),
    row("Dropout", dict(rate=0), x=(3, 5), training=True),
    row("Dropout", dict(rate=1.0), x=(3, 5), training=True),
    row("Dropout", dict(rate=0.5, noise_shape=(None, 1, 5)), x=(2, 3, 5)),
    row("Dropout", dict(rate=1.5), raises="from 0 to 1"),
    row("Dropout", dict(rate="0.5"), raises="from 0 to 1"),
    row("Dropout", dict(rate=0.5, noise_shape=3), raises="one size per axis"),
    row("AlphaDropout", dict(rate=0.25, seed=3), x=(3, 5)),
    row("AlphaDropout", dict(rate=0.25, noise_shape=(None, 1)), x=(3, 5)),
    row("AlphaDropout", dict(rate=0.25, seed=3), x=(3, 5), training=True, **ROUNDED),
    row("AlphaDropout", dict(rate=0.5, noise_shape=(None, 1, 5), seed=3), x=(4, 3, 5), training=True, **ROUNDED),
    row("AlphaDropout", dict(rate=0), x=(3, 5), training=True),
    row("AlphaDropout", dict(rate=1), raises="from 0 to below 1"),
    row("GaussianDropout", dict(rate=0.25, seed=3), x=(3, 5)),
    row("GaussianDropout", dict(rate=0.25, seed=3), x=(3, 5), training=True),
    row("GaussianDropout", dict(rate=0), x=(3, 5), training=True),
    row("GaussianDropout", dict(rate=1), raises="from 0 to below 1"),
    row("GaussianNoise", dict(stddev=0.25, seed=3), x=(2, 3, 5), masks=STEPS),
    row("GaussianNoise", dict(stddev=0.25, seed=3), x=(2, 3, 5), training=True),
    row("GaussianNoise", dict(stddev=0.0), x=(3, 5), training=True),
    row("GaussianNoise", dict(stddev=1.5), raises="from 0 to 1"),
    row("SpatialDropout1D", dict(rate=0.25, seed=3), x=(2, 3, 5), masks=STEPS),
    row("SpatialDropout1D", dict(rate=0.25, seed=3), x=(4, 3, 5), training=True),
    row("SpatialDropout1D", dict(rate=0), x=(2, 3, 5), training=True),
    row("SpatialDropout1D", dict(rate=0.25), x=(3, 5), raises="rank 3"),
    row("SpatialDropout2D", dict(rate=0.25, seed=3), x=(2, 3, 4, 5)),
    row("SpatialDropout2D", dict(rate=0.25, data_format="channels_first"), x=(2, 3, 4, 5)),
    row("SpatialDropout2D", dict(rate=0.5, seed=3), x=(3, 2, 4, 5), training=True),
    row("SpatialDropout2D", dict(rate=0.5, seed=3, data_format="channels_first"), x=(3, 5, 2, 4), training=True),
    row("SpatialDropout2D", dict(rate=0.25, data_format="first"), raises="channels_last"),
    row("SpatialDropout3D", dict(rate=0.25), x=(2, 3, 4, 5, 6)),
    row("SpatialDropout3D", dict(rate=0.5, seed=3), x=(3, 2, 4, 6, 5), training=True),
    row("SpatialDropout3D", dict(rate=1.0), x=(2, 3, 4, 5, 6), training=True),
]  # fmt: skip
