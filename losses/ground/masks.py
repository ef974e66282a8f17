"""A mask travels with its tensor: which time steps of a batch count.

`Embedding(mask_zero=True)` and `Masking` make masks, layers hand them on, and losses and
metrics leave out what is masked. A mask is a boolean tensor kept as the attribute
`_keras_mask`, which programs read, of the tensor that it belongs to, so it goes wherever the tensor goes and no further.
"""

import tensorflow as tf


def get_mask(tensor):
    """The mask that travels with `tensor`, or None."""
    return getattr(tensor, "_keras_mask", None)


def set_mask(tensor, mask):
    """Let `mask` (bool, the leading axes of `tensor`) travel with `tensor`."""
    if mask is not None:
        tensor._keras_mask = mask


def masks_of(structure):
    """The mask of a tensor, or the nest of masks of a nest; None where there is none at all."""
    if not isinstance(structure, (list, tuple, dict)):
        return get_mask(structure)
    masks = [get_mask(item) for item in tf.nest.flatten(structure)]
    return tf.nest.pack_sequence_as(structure, masks) if any(m is not None for m in masks) else None


def attach_masks(outputs, masks):
    """Let each of `masks` travel with the output it belongs to; a mask that is there already stays."""
    flat = tf.nest.flatten(outputs)
    masks = tf.nest.flatten(masks) if isinstance(masks, (list, tuple, dict)) else [masks] * len(flat)
    for tensor, mask in zip(flat, masks):
        if isinstance(tensor, tf.Tensor) and get_mask(tensor) is None:
            set_mask(tensor, mask)
