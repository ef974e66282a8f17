"""Images in other sizes and colours. With the same integer seed the random numbers are Keras's, call by call.

What Keras draws with other functions, or computes otherwise than its description says, is in tests/unit/test_augmentation.py.
"""

import numpy as np

from engine.study.parity import row

BYTES = np.random.default_rng(0).uniform(0, 255, size=(3, 5, 6, 3))
UNIT = BYTES / 255
FIRST = np.moveaxis(BYTES, -1, 1)
NEAR = dict(rtol=1e-4, why="both compute coordinates or constants in float32")
ROUNDED = dict(rtol=1e-4, smooth=False, why="both compute coordinates or constants in float32")
INFERENCE = dict(x=BYTES)
TRAINING = dict(x=BYTES, training=True)
NO_SEED = dict(leave_out=("config",), why="Keras's config lacks the seed")
NO_GRADIENT = dict(leave_out=("gradient",), rtol=1e-4, smooth=False, why="Keras's way through HSV, in float32, has no gradient")
SHEAR = dict(leave_out=("config",), rtol=1e-4, smooth=False, why="coordinates in float32; Keras does not read the config that it writes")

ROWS = [
    row("Resizing", dict(height=8, width=4, interpolation="nearest"), x=(2, 5, 6, 3)),
    row("Resizing", dict(height=3, width=4), x=(5, 6, 3), **NEAR),
    row("Resizing", dict(height=8, width=4, interpolation="bicubic", data_format="channels_first"), x=(2, 3, 5, 6), **ROUNDED),
    row("Resizing", dict(height=8, width=3, crop_to_aspect_ratio=True), x=(2, 5, 6, 3), **NEAR),
    row("Resizing", dict(height=3, width=8, crop_to_aspect_ratio=True), x=(2, 5, 6, 3), **NEAR),
    row("Resizing", dict(height=8, width=3, pad_to_aspect_ratio=True), x=(2, 5, 6, 3), **NEAR),
    row("Resizing", dict(height=3, width=8, pad_to_aspect_ratio=True, fill_value=1.5), x=(5, 6, 3), **NEAR),
    row("Resizing", dict(height=0, width=8), raises="positive integer as `height`"),
    row("Resizing", dict(height=3, width=8, interpolation="cubic"), raises="as `interpolation`"),
    row("Resizing", dict(height=3, width=8, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), raises="not both"),
    row("Resizing", dict(height=3, width=8, fill_mode="reflect"), raises="as `fill_mode`"),
    row("RandomCrop", dict(height=5, width=6, seed=3), **TRAINING),
    row("RandomCrop", dict(height=3, width=4, seed=3), **TRAINING),
    row("RandomCrop", dict(height=3, width=4, seed=5, data_format="channels_first"), x=FIRST, training=True),
    row("RandomCrop", dict(height=3, width=0), raises="positive integer as `width`"),
    row("RandomBrightness", dict(factor=0.3), **INFERENCE),
    row("RandomBrightness", dict(factor=0.3, seed=3), **TRAINING, **ROUNDED),
    row("RandomBrightness", dict(factor=(-0.9, 0.2), value_range=(0, 1), seed=3), x=UNIT, training=True, **ROUNDED),
    row("RandomBrightness", dict(factor=1.5), raises="from -1 to 1"),
    row("RandomBrightness", dict(factor=0.5, value_range=(1, 0)), raises="as `value_range`"),
    row("RandomColorDegeneration", dict(factor=0.5), **INFERENCE),
    row("RandomColorDegeneration", dict(factor=0.5, seed=3), **TRAINING, **ROUNDED),
    row("RandomColorDegeneration", dict(factor=(0.2, 0.9), seed=3, value_range=(0, 1), data_format="channels_first"),
        x=FIRST / 255, training=True, **ROUNDED),
    row("RandomColorDegeneration", dict(factor=2.0), raises="from -1 to 1"),
    row("RandomColorDegeneration", dict(factor=0.5), x=(2, 5, 6, 1), training=True, raises="red, green and blue"),
    row("RandomSaturation", dict(factor=(0.1, 0.5)), **INFERENCE),
    row("RandomSaturation", dict(factor=(0.1, 0.45), seed=3), **TRAINING, **NO_GRADIENT),
    row("RandomSaturation", dict(factor=(0.3, 0.3), value_range=(0, 1)), x=UNIT, training=True, **NO_GRADIENT),
    row("RandomSaturation", dict(factor=-0.5), raises="from 0 to 1"),
    row("RandomHue", dict(factor=0.5), **INFERENCE),
    row("RandomHue", dict(factor=0.5, seed=3), **TRAINING, **NO_GRADIENT),
    row("RandomHue", dict(factor=(0.3, 0.9), value_range=(0, 1), seed=4), x=UNIT, training=True, **NO_GRADIENT),
    row("RandomHue", dict(factor=1.5), raises="from 0 to 1"),
    row("RandomGrayscale", dict(factor=0.5), **INFERENCE, **NO_SEED),
    row("RandomGrayscale", dict(factor=0.5, seed=3), **TRAINING, rtol=1e-6, **NO_SEED),
    row("RandomGrayscale", dict(factor=1.5), raises="from 0 to 1"),
    row("RandomColorJitter", dict(brightness_factor=0.3), **INFERENCE),
    row("RandomColorJitter", dict(brightness_factor=0.3, contrast_factor=0.4, hue_factor=0.2, seed=3),
        x=BYTES / 8 + 110, training=True, **NO_GRADIENT),
    row("RandomColorJitter", dict(saturation_factor=(0.2, 0.4), seed=3, value_range=(0, 1)), x=UNIT, training=True, **NO_GRADIENT),
    row("RandomColorJitter", dict(brightness_factor=3), raises="as `brightness_factor`"),
    row("RandomSharpness", dict(factor=0.5), **INFERENCE),
    row("RandomSharpness", dict(factor=0.5, seed=3), **TRAINING, **ROUNDED),
    row("RandomSharpness", dict(factor=(0.2, 1.0), seed=3, value_range=(0, 1)), x=UNIT, training=True, **ROUNDED),
    row("RandomSharpness", dict(factor=2), raises="from 0 to 1"),
    row("RandomGaussianBlur", dict(), **INFERENCE),
    row("RandomGaussianBlur", dict(seed=3), **TRAINING, **ROUNDED),
    row("RandomGaussianBlur", dict(factor=(1.0, 1.0), kernel_size=5, sigma=(0.5, 0.9), seed=3), **TRAINING, **ROUNDED),
    row("RandomGaussianBlur", dict(kernel_size=4), raises="as `kernel_size`"),
    row("RandomGaussianBlur", dict(sigma=2.0), raises="as `sigma`"),
    row("RandomErasing", dict(), **INFERENCE),
    row("RandomErasing", dict(fill_value=7.0, seed=3), **TRAINING),
    row("RandomErasing", dict(factor=(0.5, 1.0), scale=(0.1, 0.6), value_range=(0, 1), seed=3), x=UNIT, training=True, **NEAR),
    row("RandomErasing", dict(scale=(0.1, 1.6)), raises="as `scale`"),
    row("RandomInvert", dict(factor=0.5), **INFERENCE),
    row("RandomInvert", dict(factor=1.0, seed=3), **TRAINING),
    row("RandomInvert", dict(factor=(1.0, 1.0), value_range=(0, 1)), x=UNIT, training=True),
    row("RandomInvert", dict(factor=1.5), raises="from 0 to 1"),
    row("Solarization", dict(threshold_factor=0.5), **INFERENCE),
    row("Solarization", dict(addition_factor=0.2, threshold_factor=0.5, seed=3), **TRAINING, **ROUNDED),
    row("Solarization", dict(), **TRAINING),
    row("Solarization", dict(addition_factor=1.5), raises="as `addition_factor`"),
    row("RandomPosterization", dict(factor=4), **INFERENCE),
    row("RandomPosterization", dict(factor=(3, 3), seed=3), **TRAINING),
    row("RandomPosterization", dict(factor=(5, 5), value_range=(0, 1)), x=UNIT, training=True, **NEAR),
    row("RandomPosterization", dict(factor=9), raises="from 1 to 8"),
    row("AutoContrast", dict(), **INFERENCE),
    row("AutoContrast", dict(value_range=(0, 1)), x=UNIT[0] / 2, training=True),
    row("AutoContrast", dict(value_range=(0, 0)), raises="as `value_range`"),
    row("Equalization", dict(), x=BYTES[:1], training=True),
    row("Equalization", dict(value_range=(0, 1), bins=16, data_format="channels_first"), x=FIRST[0] / 255, training=True),
    row("Equalization", dict(bins=0), raises="as `bins`"),
    row("RandomShear", dict(x_factor=(0.1, 0.4)), **INFERENCE),
    row("RandomShear", dict(x_factor=0.3, y_factor=0.2, fill_mode="constant", seed=3), **TRAINING, **SHEAR),
    row("RandomShear", dict(x_factor=(0.1, 0.4), fill_mode="constant", fill_value=1.5, seed=4, data_format="channels_first"),
        x=FIRST, training=True, **SHEAR),
    row("RandomShear", dict(x_factor=1.1), raises="as `x_factor`"),
    row("MixUp", dict(seed=3), **INFERENCE),
    row("MixUp", dict(alpha=0), raises="as `alpha`"),
    row("CutMix", dict(seed=3), **INFERENCE),
    row("CutMix", dict(factor=2.0), raises="as `factor`"),
]  # fmt: skip
