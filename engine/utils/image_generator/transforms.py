"""One image, an array (height, width, channels): turned, moved, slanted, zoomed, and in other colours."""

import importlib
import importlib.util

import numpy as np

from engine.utils.images import array_to_img, img_to_array


def affine(image, theta=0, tx=0, ty=0, shear=0, zx=1, zy=1, fill_mode="nearest", cval=0.0, order=1):
    """`image` turned by `theta` and slanted by `shear` degrees about its middle, moved by `tx` columns and `ty` rows, and
    zoomed (columns by `zx`, rows by `zy`; 2 shows twice as much)."""
    if (theta, tx, ty, shear, zx, zy) == (0, 0, 0, 0, 1, 1):
        return image
    turn, slant = np.deg2rad(theta), np.deg2rad(shear)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    shift = np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    shearing = np.array([[1, -np.sin(slant), 0], [0, np.cos(slant), 0], [0, 0, 1]])
    height, width = image.shape[:2]
    middle = np.array([[1, 0, width / 2 - 0.5], [0, 1, height / 2 - 0.5], [0, 0, 1]])
    matrix = middle @ rotation @ shift @ shearing @ np.diag([zx, zy, 1]) @ np.linalg.inv(middle)
    matrix = matrix[[1, 0, 2]][:, [1, 0, 2]]  # arrays have the rows, y, first
    channels = [
        _scipy().affine_transform(channel, matrix[:2, :2], matrix[:2, 2], order=order, mode=fill_mode, cval=cval)
        for channel in np.moveaxis(image, -1, 0)
    ]
    return np.stack(channels, axis=-1)


def _scipy():
    if importlib.util.find_spec("scipy") is None:
        raise ImportError("Images are turned, moved, slanted and zoomed with the package SciPy: pip install scipy")
    return importlib.import_module("scipy.ndimage")


def channel_shift(image, intensity):
    """`intensity` added to all values, in the bounds of the image's smallest and largest one."""
    return np.clip(image + intensity, np.min(image), np.max(image))


def brightness_shift(image, brightness):
    """`image` times `brightness`, in whole steps from 0 to 255 as Pillow does it."""
    low, high = np.min(image), np.max(image)
    outside = low < 0 or high > 255
    enhancer = importlib.import_module("PIL.ImageEnhance").Brightness(array_to_img(image, scale=outside))
    found = img_to_array(enhancer.enhance(brightness))
    return found / 255 * (high - low) + low if outside else found
