"""Convolutions of every kind, on signals, images and volumes.

Some of what works here has no row, because Keras stops with an error on CPUs: channels first without groups, dilated
transposed convolutions, unequal strides of depthwise ones. tests/unit/test_spatial_layers.py proves these from
layers that have rows.
"""

from engine.study.parity import part, row

# Powers of two, because Keras rounds coefficients to float32.
L1 = part("L1", module="regularizers", l1=0.125)
L2 = part("L2", module="regularizers", l2=0.25)

# Depthwise with channels first has no bias in these rows: Keras adds it along the last axis, not that of the channels.
ROWS = [
    # ---- Conv1D
    row("Conv1D", dict(filters=5, kernel_size=3), x=(2, 8, 4)),
    row("Conv1D", dict(filters=5, kernel_size=3, padding="causal", dilation_rate=2, activation="tanh"), x=(2, 9, 4)),
    row("Conv1D", dict(filters=5, kernel_size=4, padding="same", strides=3, use_bias=False), x=(2, 11, 3)),
    row("Conv1D", dict(filters=6, kernel_size=3, padding="causal", strides=2, groups=2), x=(2, 9, 4)),
    row("Convolution1D", dict(filters=3, kernel_size=2, padding="same", dilation_rate=3), x=(1, 7, 2)),
    # ---- Conv2D
    row("Conv2D", dict(filters=5, kernel_size=3), x=(2, 6, 7, 4)),
    row("Conv2D", dict(filters=5, kernel_size=(3, 2), strides=(2, 3), padding="same", activation="sigmoid"),
        x=(2, 7, 8, 3)),
    row("Conv2D", dict(filters=5, kernel_size=1, strides=2, use_bias=False), x=(2, 7, 8, 3)),
    row("Conv2D", dict(filters=4, kernel_size=(3, 2), dilation_rate=(1, 3), padding="same"), x=(2, 6, 7, 3)),
    row("Conv2D", dict(filters=4, kernel_size=2, dilation_rate=2), x=(1, 6, 5, 3)),
    row("Conv2D", dict(filters=6, kernel_size=3, groups=3), x=(2, 5, 6, 9)),
    row("Conv2D", dict(filters=6, kernel_size=2, groups=2, strides=2, padding="same"), x=(2, 5, 6, 4)),
    row("Conv2D", dict(filters=6, kernel_size=2, groups=2, dilation_rate=2, data_format="channels_first"),
        x=(2, 4, 5, 6)),
    row("Conv2D", dict(filters=3, kernel_size=2, kernel_regularizer=L2, bias_regularizer=L1,
                       activity_regularizer=L2, kernel_constraint="max_norm", bias_constraint="non_neg"),
        x=(2, 5, 6, 4), smooth=False),
    row("Convolution2D", dict(filters=5, kernel_size=3, activation="relu"), x=(2, 6, 7, 4), smooth=False),
    # ---- Conv3D
    row("Conv3D", dict(filters=4, kernel_size=2), x=(2, 4, 5, 6, 3)),
    row("Conv3D", dict(filters=4, kernel_size=(1, 3, 2), strides=(1, 2, 3), padding="same"), x=(2, 4, 5, 6, 3)),
    row("Conv3D", dict(filters=4, kernel_size=2, dilation_rate=(1, 2, 3), padding="same"), x=(1, 4, 5, 6, 3)),
    row("Conv3D", dict(filters=4, kernel_size=2, groups=2), x=(1, 4, 5, 6, 2)),
    row("Convolution3D", dict(filters=4, kernel_size=2, data_format="channels_first"), x=(2, 3, 4, 5, 6)),
    # ---- transposed
    row("Conv1DTranspose", dict(filters=5, kernel_size=3, strides=2), x=(2, 6, 4)),
    row("Conv1DTranspose", dict(filters=5, kernel_size=3, strides=3, output_padding=1), x=(2, 6, 4)),
    row("Convolution1DTranspose", dict(filters=3, kernel_size=4, strides=2, padding="same"), x=(2, 6, 4)),
    row("Conv2DTranspose", dict(filters=5, kernel_size=3), x=(2, 5, 6, 4)),
    row("Conv2DTranspose", dict(filters=5, kernel_size=(3, 2), strides=(2, 3), padding="same", activation="tanh"),
        x=(2, 4, 5, 3)),
    row("Conv2DTranspose", dict(filters=5, kernel_size=(2, 3), strides=3, use_bias=False), x=(2, 4, 5, 3)),
    row("Conv2DTranspose", dict(filters=4, kernel_size=3, strides=2, output_padding=(0, 1), padding="same"),
        x=(2, 4, 5, 3)),
    row("Convolution2DTranspose", dict(filters=4, kernel_size=3, strides=2, kernel_regularizer=L2), x=(2, 4, 5, 3)),
    row("Conv3DTranspose", dict(filters=4, kernel_size=2, strides=2), x=(2, 2, 3, 4, 3)),
    row("Conv3DTranspose", dict(filters=4, kernel_size=3, padding="same", strides=(1, 2, 3), output_padding=(0, 1, 2)),
        x=(2, 2, 3, 4, 3)),
    row("Convolution3DTranspose", dict(filters=4, kernel_size=2), x=(2, 2, 3, 4, 3)),
    # ---- depthwise
    row("DepthwiseConv1D", dict(kernel_size=3, depth_multiplier=2), x=(2, 7, 4)),
    row("DepthwiseConv1D", dict(kernel_size=3, strides=2, padding="same", data_format="channels_first", use_bias=False),
        x=(2, 4, 7)),
    row("DepthwiseConv1D", dict(kernel_size=2, dilation_rate=2, padding="same", use_bias=False), x=(2, 7, 4)),
    row("DepthwiseConv2D", dict(kernel_size=3, depth_multiplier=2), x=(2, 6, 7, 3)),
    row("DepthwiseConv2D", dict(kernel_size=(3, 2), strides=2, padding="same", activation="tanh"), x=(2, 6, 7, 3)),
    row("DepthwiseConv2D", dict(kernel_size=(3, 2), dilation_rate=(2, 1), padding="same"), x=(2, 6, 7, 3)),
    row("DepthwiseConv2D", dict(kernel_size=2, depth_multiplier=2, data_format="channels_first", use_bias=False,
                                depthwise_regularizer=L2), x=(2, 3, 6, 7)),
    row("DepthwiseConv2D", dict(kernel_size=2, strides=2, dilation_rate=2), x=(2, 6, 7, 3)),
    row("DepthwiseConv2D", dict(kernel_size=3, strides=2, dilation_rate=2, padding="same"), x=(2, 6, 7, 3)),
    # ---- separable
    row("SeparableConv1D", dict(filters=5, kernel_size=3, depth_multiplier=2), x=(2, 7, 4)),
    row("SeparableConvolution1D", dict(filters=5, kernel_size=3, strides=2, padding="same", activation="tanh",
                                       data_format="channels_first"), x=(2, 4, 7)),
    row("SeparableConv2D", dict(filters=5, kernel_size=3, depth_multiplier=2), x=(2, 6, 7, 3)),
    row("SeparableConv2D", dict(filters=5, kernel_size=(2, 3), strides=2, padding="same", depthwise_regularizer=L2,
                                pointwise_regularizer=L1, pointwise_constraint="unit_norm"),
        x=(2, 6, 7, 3), smooth=False),
    row("SeparableConv2D", dict(filters=5, kernel_size=2, dilation_rate=(2, 3), padding="same"), x=(2, 6, 7, 3)),
    row("SeparableConvolution2D", dict(filters=5, kernel_size=2, data_format="channels_first", use_bias=False),
        x=(2, 3, 6, 7)),
    row("SeparableConv2D", dict(filters=5, kernel_size=2, strides=2, dilation_rate=2), x=(2, 6, 7, 3)),
    # ---- refused
    row("Conv2D", dict(filters=0, kernel_size=3), raises="positive integer"),
    row("Conv2D", dict(filters=2, kernel_size=(3, 3, 3)), raises="positive integer or 2 of them as `kernel_size`"),
    row("Conv2D", dict(filters=2, kernel_size=3, padding="causal"), raises="'valid' or 'same' as `padding`"),
    row("Conv2D", dict(filters=2, kernel_size=3, data_format="NCHW"), raises="`data_format`"),
    row("Conv2D", dict(filters=2, kernel_size=3, strides=2, dilation_rate=2), raises="not both"),
    row("Conv2D", dict(filters=3, kernel_size=3, groups=2), raises="divisible by groups"),
    row("Conv2D", dict(filters=3, kernel_size=3, groups=3), x=(2, 5, 6, 4), raises="input channels divisible"),
    row("Conv2D", dict(filters=3, kernel_size=3), x=(5, 6, 4), raises="rank 4"),
    row("Conv2D", dict(filters=3, kernel_size=3, dilation_rate=2), x=(2, 4, 6, 3), raises="leaves no output"),
    row("Conv2DTranspose", dict(filters=3, kernel_size=3, strides=2, output_padding=2), raises="below the strides"),
    row("Conv2DTranspose", dict(filters=3, kernel_size=2, strides=2, output_padding=0, padding="same"),
        raises="output_padding"),
    row("DepthwiseConv2D", dict(kernel_size=3, depth_multiplier=0), raises="positive integer"),
    row("SeparableConv1D", dict(filters=3, kernel_size=3, padding="causal"), raises="'valid' or 'same'"),
]
