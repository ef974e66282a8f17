"""Pooling: windows, everything, or windows that follow from the size of the output."""

import numpy as np

from engine.study.parity import row

MASK = np.array([[True, True, False, True, False, False], [True, False, False, False, False, False]])

# Pooling of volumes has no float64 kernel in TensorFlow, so Keras has to be asked in float32.
FLOAT32 = dict(smooth=False, rtol=1e-5, why="Keras pools volumes in float32 only")

ROWS = [
    # ---- windows
    row("MaxPooling1D", x=(2, 7, 3), smooth=False),
    row("MaxPooling1D", dict(pool_size=3, strides=2, padding="same"), x=(2, 8, 3), smooth=False),
    row("MaxPool1D", dict(pool_size=3, strides=1, data_format="channels_first"), x=(2, 3, 8), smooth=False),
    row("MaxPooling2D", x=(2, 6, 7, 3), smooth=False),
    row("MaxPooling2D", dict(pool_size=(3, 2), strides=(1, 2), padding="same"), x=(2, 6, 7, 3), smooth=False),
    row("MaxPool2D", dict(pool_size=3, strides=2, data_format="channels_first"), x=(2, 3, 6, 7), smooth=False),
    row("MaxPooling3D", dict(dtype="float32"), x=(2, 4, 5, 6, 3), **FLOAT32),
    row("MaxPool3D", dict(dtype="float32", pool_size=(1, 2, 3), strides=2, padding="same",
                           data_format="channels_first"),
        x=(2, 3, 4, 5, 6), **FLOAT32),
    row("AveragePooling1D", dict(pool_size=2), x=(2, 7, 3)),
    row("AveragePooling1D", dict(pool_size=3, strides=2, padding="same"), x=(2, 8, 3)),
    row("AvgPool1D", dict(pool_size=3, strides=1, data_format="channels_first"), x=(2, 3, 8)),
    row("AveragePooling2D", dict(pool_size=2), x=(2, 6, 7, 3)),
    row("AveragePooling2D", dict(pool_size=(3, 2), strides=(1, 2), padding="same"), x=(2, 6, 7, 3)),
    row("AvgPool2D", dict(pool_size=3, strides=2, data_format="channels_first"), x=(2, 3, 6, 7)),
    row("AveragePooling3D", dict(dtype="float32", pool_size=2), x=(2, 4, 5, 6, 3), **FLOAT32),
    row("AvgPool3D", dict(dtype="float32", pool_size=(1, 2, 3), strides=2, padding="same",
                           data_format="channels_first"),
        x=(2, 3, 4, 5, 6), **FLOAT32),
    # ---- everything
    row("GlobalMaxPooling1D", x=(2, 7, 3), smooth=False),
    row("GlobalMaxPool1D", dict(keepdims=True, data_format="channels_first"), x=(2, 3, 7), smooth=False),
    row("GlobalMaxPooling2D", dict(keepdims=True), x=(2, 6, 7, 3), smooth=False),
    row("GlobalMaxPool2D", dict(data_format="channels_first"), x=(2, 3, 6, 7), smooth=False),
    row("GlobalMaxPooling3D", x=(2, 4, 5, 6, 3), smooth=False),
    row("GlobalMaxPool3D", dict(keepdims=True, data_format="channels_first"), x=(2, 3, 4, 5, 6), smooth=False),
    row("GlobalAveragePooling1D", x=(2, 7, 3)),
    row("GlobalAveragePooling1D", x=(2, 6, 3), masks=MASK),
    row("GlobalAveragePooling1D", dict(keepdims=True), x=(2, 6, 3), call=dict(mask=MASK)),
    row("GlobalAvgPool1D", dict(keepdims=True, data_format="channels_first"), x=(2, 3, 6), call=dict(mask=MASK)),
    row("GlobalAveragePooling2D", x=(2, 6, 7, 3)),
    row("GlobalAvgPool2D", dict(keepdims=True, data_format="channels_first"), x=(2, 3, 6, 7)),
    row("GlobalAveragePooling3D", dict(keepdims=True), x=(2, 4, 5, 6, 3)),
    row("GlobalAvgPool3D", dict(data_format="channels_first"), x=(2, 3, 4, 5, 6)),
    # ---- windows from the output's size
    row("AdaptiveAveragePooling1D", dict(output_size=3), x=(2, 7, 4)),
    row("AdaptiveAveragePooling1D", dict(output_size=5, data_format="channels_first"), x=(2, 4, 7)),
    row("AdaptiveAveragePooling2D", dict(output_size=(2, 5)), x=(2, 6, 7, 3)),
    row("AdaptiveAveragePooling2D", dict(output_size=4, data_format="channels_first"), x=(2, 3, 6, 3)),
    row("AdaptiveAveragePooling3D", dict(dtype="float32", output_size=(2, 3, 1)), x=(2, 4, 5, 6, 3), **FLOAT32),
    row("AdaptiveAveragePooling3D", dict(dtype="float32", output_size=2, data_format="channels_first"),
        x=(2, 3, 4, 5, 6), **FLOAT32),
    row("AdaptiveMaxPooling1D", dict(output_size=3), x=(2, 7, 4), smooth=False),
    row("AdaptiveMaxPooling1D", dict(output_size=5, data_format="channels_first"), x=(2, 4, 7), smooth=False),
    row("AdaptiveMaxPooling2D", dict(output_size=(2, 5)), x=(2, 6, 7, 3), smooth=False),
    row("AdaptiveMaxPooling2D", dict(output_size=4, data_format="channels_first"), x=(2, 3, 6, 3), smooth=False),
    row("AdaptiveMaxPooling3D", dict(dtype="float32", output_size=(2, 3, 1)), x=(2, 4, 5, 6, 3), **FLOAT32),
    row("AdaptiveMaxPooling3D", dict(dtype="float32", output_size=2, data_format="channels_first"),
        x=(2, 3, 4, 5, 6), **FLOAT32),
    # ---- refused
    row("MaxPooling2D", dict(pool_size=0), raises="positive integer"),
    row("MaxPooling2D", dict(padding="causal"), raises="'valid' or 'same'"),
    row("MaxPooling2D", dict(pool_size=4), x=(2, 3, 5, 2), raises="leaves no output"),
    row("AveragePooling1D", x=(2, 3, 5, 2), raises="rank 3"),
    row("GlobalMaxPooling2D", dict(data_format="first"), raises="`data_format`"),
    row("AdaptiveMaxPooling2D", dict(output_size=(2, 3, 4)), raises="2 of them as `output_size`"),
    row("AdaptiveAveragePooling1D", dict(output_size=0), raises="positive integer"),
]
