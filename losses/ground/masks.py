"""A mask travels with its tensor: which time steps of a batch count.

`Embedding(mask_zero=True)` and `Masking` make masks, layers hand them on, and losses and
metrics leave out what is masked. A mask is a boolean tensor kept as an attribute of the
tensor that it belongs to, so it goes wherever the tensor goes and no further.
"""


def get_mask(tensor):
    """The mask that travels with `tensor`, or None."""
    return getattr(tensor, "_mask", None)


def set_mask(tensor, mask):
    """Let `mask` (bool, the leading axes of `tensor`) travel with `tensor`."""
    if mask is not None:
        tensor._mask = mask
