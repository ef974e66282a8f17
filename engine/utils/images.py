"""Images of files as arrays, and arrays as images, through Pillow: `pip install pillow`."""

import importlib
import importlib.util
import io
import os

import numpy as np
import tensorflow as tf

from engine.dtypes import floatx

_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}


def _pillow():
    """Pillow's module for images; it is asked for only where an image must be read or made."""
    if importlib.util.find_spec("PIL") is None:
        raise ImportError("Images are read and written with the package Pillow: pip install pillow")
    return importlib.import_module("PIL.Image")


def load_img(path, color_mode="rgb", target_size=None, interpolation="nearest", keep_aspect_ratio=False):
    """The image in a file (a path, or bytes in a BytesIO), as an image of Pillow.

    Arguments: `color_mode` ("rgb", "rgba" or "grayscale"), `target_size` ((height, width) to resize to),
    `interpolation` ("nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos"), `keep_aspect_ratio` (cut the
    center out first, with the proportions of target_size).
    Today, in a pipeline: `tf.io.decode_image(tf.io.read_file(path))`, then `tf.image.resize`.

    >>> from engine.utils import array_to_img, img_to_array, load_img
    >>> import numpy as np
    >>> array_to_img(np.full((4, 6, 3), 7.0), scale=False).save("seven.png")
    >>> img_to_array(load_img("seven.png", target_size=(2, 3))).shape
    (2, 3, 3)
    """
    pillow = _pillow()
    if color_mode not in _MODES:
        raise ValueError(f"load_img takes 'rgb', 'rgba' or 'grayscale' as `color_mode`, received {color_mode!r}.")
    if isinstance(path, io.BytesIO):
        image = pillow.open(path)
    else:
        with open(path, "rb") as file:
            image = pillow.open(io.BytesIO(file.read()))
    deep = color_mode == "grayscale" and image.mode in ("I;16", "I", "L")
    if not deep and image.mode != _MODES[color_mode]:
        image = image.convert(_MODES[color_mode])
    if target_size is None:
        return image
    height, width = target_size
    if (image.width, image.height) == (width, height):
        return image
    method = getattr(pillow.Resampling, interpolation.upper(), None)
    if method is None:
        raise ValueError(f"load_img does not know the interpolation {interpolation!r}; take 'nearest', 'bilinear' or 'bicubic'.")
    if not keep_aspect_ratio:
        return image.resize((width, height), method)
    inner_height = min(image.height, image.width * height // width)
    inner_width = min(image.width, image.height * width // height)
    top, left = (image.height - inner_height) // 2, (image.width - inner_width) // 2
    return image.resize((width, height), method, box=[left, top, left + inner_width, top + inner_height])


def img_to_array(img, data_format=None, dtype=None):
    """An image of Pillow as an array (height, width, channels), floatx unless said otherwise; the values stay 0 to 255.

    Arguments: `img` (an image, or an array of two or three axes); `data_format` ("channels_first": channels are the first
    axis); `dtype`.

    >>> img_to_array(array_to_img([[[0.0], [1.0]]])).tolist()
    [[[0.0], [255.0]]]
    """
    array = np.asarray(img, dtype or floatx())
    if array.ndim not in (2, 3):
        raise ValueError(f"img_to_array takes an image, or an array of two or three axes, received shape {array.shape}.")
    array = array[..., np.newaxis] if array.ndim == 2 else array
    return array.transpose(2, 0, 1) if data_format == "channels_first" else array


def array_to_img(x, data_format=None, scale=True, dtype=None):
    """An array (height, width, channels) with 1, 3 or 4 channels as an image of Pillow.

    Arguments: `x`, the array; `scale` (spread the values over 0 to 255, the smallest is 0); `data_format`
    ("channels_first": channels are the first axis); `dtype` to compute in.
    Errors: ValueError for an array of another shape.

    >>> array_to_img([[[0.0], [1.0], [2.0]]]).size  # width, height
    (3, 1)
    """
    pillow = _pillow()
    array = np.asarray(x, dtype or floatx())
    if array.ndim != 3:
        raise ValueError(f"array_to_img takes an image of three axes, received shape {array.shape}. Add one: x[..., np.newaxis].")
    array = array.transpose(1, 2, 0) if data_format == "channels_first" else array
    if scale:
        array = array - np.min(array)
        array = array / (np.max(array) or 1) * 255
    if array.shape[2] == 1:
        array = array[..., 0]
        return pillow.fromarray(array.astype("int32"), "I") if np.max(array) > 255 else pillow.fromarray(array.astype("uint8"))
    if array.shape[2] not in (3, 4):
        raise ValueError(f"array_to_img takes 1, 3 or 4 channels, received shape {np.shape(x)}.")
    return pillow.fromarray(array.astype("uint8"))


def save_img(path, x, data_format=None, file_format=None, scale=True, **kwargs):
    """Write an array as an image file; the ending of `path`, or `file_format`, says of which kind.

    Arguments: `x`, `data_format`, `scale` (as in `array_to_img`); all others go to Pillow's `save`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     save_img(f"{directory}/line.png", [[[0.0], [255.0]]])
    ...     load_img(f"{directory}/line.png", color_mode="grayscale").size
    (2, 1)
    """
    image = array_to_img(x, data_format, scale)
    if image.mode == "RGBA" and (file_format or os.path.splitext(str(path))[1][1:]) in ("jpg", "jpeg"):
        image = image.convert("RGB")  # JPEG has no transparency
    image.save(path, format=file_format, **kwargs)


def smart_resize(x, size, interpolation="bilinear"):
    """Images (..., height, width, channels) in another size without distortion: the center is cut out first.

    Arguments: `x`, the images; `size`, (height, width); `interpolation`, as in `tf.image.resize`.
    Today: `image_dataset_from_directory(..., crop_to_aspect_ratio=True)`, or `tf.image.resize` in a pipeline of your own.

    >>> smart_resize(np.ones((6, 8, 3)), (2, 2)).shape
    (2, 2, 3)
    """
    images = tf.convert_to_tensor(x)
    height, width = images.shape[-3:-1]
    inner_height, inner_width = min(height, width * size[0] // size[1]), min(width, height * size[1] // size[0])
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    inside = images[..., top : top + inner_height, left : left + inner_width, :]
    resized = tf.image.resize(inside, size, interpolation)
    return resized.numpy() if isinstance(x, np.ndarray) else resized
