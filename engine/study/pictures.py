"""Arrays as pictures: the images that go in, filters, feature maps, attention maps; as PNG files written into a page.

Each tile is stretched between its own lowest and highest value, black to white.
"""

import base64
import math

import numpy as np
import tensorflow as tf

_MOST = 16  # tiles in a picture
_SIDE = 64  # beyond which a tile is thinned out


def images_in(tensor):
    """What goes in, if it is images (rows, height, width, 1 to 4): the first of them."""
    shape = tuple(getattr(tensor, "shape", ()))
    if len(shape) != 4 or shape[-1] not in (1, 3, 4) or min(shape[1:3]) < 4:
        return []
    return [(f"the first {min(shape[0], _MOST)} of {shape[0]} images", picture(tensor[:_MOST].numpy()[..., :3]))]


def of_call(layer, maps, looks):
    """[(title, picture)] of a call: filters of a convolution, feature `maps` of the first row, `looks` of an attention."""
    found = []
    kernel = getattr(layer, "kernel", None)
    if isinstance(kernel, tf.Variable) and kernel.shape.rank == 4 and max(kernel.shape[:2]) > 1:
        height, width, channels, filters = kernel.shape
        tiles = np.moveaxis(kernel.numpy(), -1, 0)[:_MOST]
        tiles = tiles if channels == 3 else tiles.mean(-1, keepdims=True)
        mean = "" if channels in (1, 3) else ", each the mean over its input channels"
        found.append((f"{min(filters, _MOST)} of {filters} filters of {height} × {width}{mean}", picture(tiles)))
    for array in maps[:1]:
        if array.ndim == 4 and min(array.shape[1:3]) > 1 and array.shape[0]:
            tiles = np.moveaxis(array[0], -1, 0)[:_MOST, ..., None]
            found.append((f"{len(tiles)} of {array.shape[-1]} feature maps of the first row", picture(tiles)))
    for tensor in looks:
        first = tensor.numpy()[0]
        tiles = first.reshape(-1, *first.shape[-2:])[:_MOST, ..., None]
        found.append((f"attention of the first row: who looks (down) at what (across), {len(tiles)} maps", picture(tiles)))
    return found


def picture(tiles):
    """Tiles (number, height, width, 1 or 3) side by side, as the address of an <img>."""
    tiles = np.asarray(tiles, "float64")
    thin = max(1, math.ceil(max(tiles.shape[1:3]) / _SIDE))
    tiles = tiles[:, ::thin, ::thin]
    low, high = (np.nan_to_num(end(tiles, axis=(1, 2, 3), keepdims=True)) for end in (np.nanmin, np.nanmax))
    tiles = np.nan_to_num((tiles - low) / np.where(high > low, high - low, 1.0), posinf=1.0, neginf=0.0)
    columns = math.ceil(math.sqrt(len(tiles)))
    height, width = tiles.shape[1] + 1, tiles.shape[2] + 1  # a line between tiles
    sheet = np.full((math.ceil(len(tiles) / columns) * height - 1, columns * width - 1, tiles.shape[3]), 0.5)
    for number, tile in enumerate(tiles):
        top, left = number // columns * height, number % columns * width
        sheet[top : top + height - 1, left : left + width - 1] = tile
    return address(tf.io.encode_png((sheet * 255).astype("uint8")).numpy())


def address(png):
    """The bytes of a PNG file as the address of an <img>: it is in the page, and nowhere else."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
