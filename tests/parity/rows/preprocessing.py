"""Preprocessing inside a model. With the same integer seed the random numbers are Keras's, call by call.

Rotation cannot be compared here, because Keras cannot do it in float64: see tests/unit/test_random_layers.py.
"""

import numpy as np

from engine.study.parity import row

IDS = np.array([[0, 2, 2], [1, 1, 3]])
INFERENCE = dict(x=(2, 5, 6, 3))
ADAPTED = dict(leave_out=("output", "gradient"), why="Keras reads these weights in adapt() alone")
NEAR = dict(rtol=1e-4, why="both compute coordinates in float32")

ROWS = [
    row("Rescaling", dict(scale=0.5), x=(3, 5)),
    row("Rescaling", dict(scale=[1.0, 0.5, 2.0], offset=[-1.0, 0.0, 0.25]), x=(4, 2, 3)),
    row("Rescaling", dict(scale=1 / 255), x=(2, 4, 3), ints=256),
    row("Normalization", x=(3, 2, 5), **ADAPTED),
    row("Normalization", dict(axis=None), x=(3, 5), **ADAPTED),
    row("Normalization", dict(axis=(1, 2)), x=(3, 2, 5), **ADAPTED),
    row("Normalization", dict(axis=1, invert=True), x=(3, 2, 5), **ADAPTED),
    row("Normalization", dict(mean=[1.0, 2.0, 3.0], variance=[0.5, 4.0, 0.25]), x=(4, 2, 3)),
    row("Normalization", dict(mean=1.0, variance=4.0, axis=None, invert=True), x=(3, 5)),
    row("Normalization", dict(mean=1.0), raises="both or neither"),
    row("CenterCrop", dict(height=3, width=2), x=(2, 5, 6, 3)),
    row("CenterCrop", dict(height=2, width=3), x=(5, 6, 3)),
    row("CenterCrop", dict(height=2, width=3, data_format="channels_first"), x=(2, 3, 5, 6)),
    row("CenterCrop", dict(height=0, width=9), raises="positive integer as `height`"),
    row("CategoryEncoding", dict(num_tokens=4), x=IDS),
    row("CategoryEncoding", dict(num_tokens=4, output_mode="one_hot"), x=IDS),
    row("CategoryEncoding", dict(num_tokens=4, output_mode="one_hot"), x=IDS[:, :1]),
    row("CategoryEncoding", dict(num_tokens=4, output_mode="one_hot"), x=IDS[1]),
    row("CategoryEncoding", dict(num_tokens=4, output_mode="count"), x=IDS),
    row("CategoryEncoding", dict(num_tokens=4, output_mode="count"), x=IDS, call=dict(count_weights=IDS + 1)),
    row("CategoryEncoding", dict(num_tokens=3), x=IDS, raises="from 0 to 2, received some from 0 to 3"),
    row("CategoryEncoding", dict(num_tokens=4, output_mode="int"), raises="as `output_mode`"),
    row("CategoryEncoding", dict(), raises="positive integer as `num_tokens`"),
    row("RandomFlip", dict(mode="horizontal", seed=3), **INFERENCE),
    row("RandomTranslation", dict(height_factor=0.2, width_factor=(-0.5, 0.25), fill_mode="wrap"), **INFERENCE),
    row("RandomRotation", dict(factor=0.25, interpolation="nearest"), **INFERENCE),
    row("RandomZoom", dict(height_factor=0.25, fill_mode="constant", fill_value=1.5), **INFERENCE),
    row("RandomContrast", dict(factor=0.25), **INFERENCE),
    row("RandomContrast", dict(factor=(0.5, 0.25), value_range=(0, 1)), **INFERENCE),
    row("RandomTranslation", dict(height_factor=(0.25, 0.25), width_factor=(-0.5, -0.5)), x=(2, 8, 6, 3),
        training=True),
    row("RandomTranslation", dict(height_factor=(0.3, 0.3), width_factor=(-0.1, -0.1), fill_mode="constant",
                                  fill_value=1.5, data_format="channels_first"), x=(2, 3, 5, 6), training=True, **NEAR),
    row("RandomZoom", dict(height_factor=(0.2, 0.2), width_factor=(-0.3, -0.3), fill_mode="nearest"), x=(2, 5, 6, 3),
        training=True, **NEAR),
    row("RandomZoom", dict(height_factor=(0.5, 0.5), fill_mode="constant"), x=(5, 6, 3), training=True, **NEAR),
    row("RandomFlip", dict(seed=3), x=(6, 5, 4, 3), training=True),
    row("RandomFlip", dict(mode="vertical", seed=3, data_format="channels_first"), x=(6, 3, 4, 5), training=True),
    row("RandomContrast", dict(factor=0.5, value_range=(-9, 9), seed=3), x=(6, 5, 4, 3), training=True, **NEAR),
    row("RandomContrast", dict(factor=(0.25, 0.5), value_range=(-1, 1), seed=3), x=(6, 5, 4, 3), training=True,
        smooth=False, **NEAR),
    row("RandomTranslation", dict(height_factor=0.5, width_factor=(0, 0.5), seed=3), x=(6, 5, 4, 3), training=True,
        **NEAR),
    row("RandomZoom", dict(height_factor=0.5, seed=3), x=(6, 5, 4, 3), training=True, **NEAR),
    row("RandomZoom", dict(height_factor=0.5, width_factor=0.5, seed=3), x=(6, 5, 4, 3), training=True, **NEAR),
    row("RandomFlip", dict(mode="sideways"), raises="as `mode`"),
    row("RandomRotation", dict(factor=1.5), raises="from -1 to 1"),
    row("RandomZoom", dict(height_factor="big"), raises="as `height_factor`"),
    row("RandomTranslation", dict(height_factor=0.1, width_factor=(0, 2)), raises="as `width_factor`"),
    row("RandomTranslation", dict(height_factor=0.1, width_factor=0.1, fill_mode="mirror"), raises="as `fill_mode`"),
    row("RandomContrast", dict(factor=-0.5), raises="from 0 to 1"),
    row("RandomFlip", x=(3, 5), training=True, raises="an image or a batch of images"),
]  # fmt: skip
