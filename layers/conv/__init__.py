"""Convolutions: `conv` (read it first; its base is in `base`) · `conv_transpose` · `depthwise_conv` · `separable_conv`."""
