"""Normalization: `base` (scale and offset) · `batch_normalization` · `layer_normalization` · `group_normalization` ·
`unit_normalization` · `spectral_normalization` (of weights).
"""
