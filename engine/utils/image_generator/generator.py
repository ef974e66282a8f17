"""`ImageDataGenerator`: which changes images get, at random, and how values are brought to one scale."""

import numbers
import warnings

import numpy as np

from engine.dtypes import floatx
from engine.utils.image_generator.batches import ArrayBatches, DirectoryBatches, TableBatches
from engine.utils.image_generator.transforms import affine, brightness_shift, channel_shift

_SMALL = 1e-6  # beside a deviation
_NAMES = ("theta", "tx", "ty", "shear", "zx", "zy")


class ImageDataGenerator:
    """Batches of images that are changed at random, from arrays, folders or tables, for `fit`, `evaluate` and `predict`.

    Today: `image_dataset_from_directory` and the layers RandomFlip, RandomRotation, RandomTranslation, RandomZoom,
    RandomBrightness, Rescaling, Normalization, which are part of the model and faster.

    For a seed the values are those of Keras's class of that name for square images, but that widths are moved by
    `width_shift_range` here, where Keras moves heights by it. Needs the packages Pillow (files, brightness) and SciPy (turning,
    moving, slanting, zooming): `pip install pillow scipy`.

    Arguments, at random for each image: `rotation_range` (degrees), `width_shift_range`, `height_shift_range` (a part of the
    size below 1, else pixels; a list: one of these), `brightness_range` (a pair of factors), `shear_range` (degrees),
    `zoom_range` (a pair of factors; z is (1 - z, 1 + z)), `channel_shift_range` (added to all values), `horizontal_flip`,
    `vertical_flip`; `fill_mode` ("nearest", "constant" with `cval`, "reflect", "wrap": what lies outside).
    For all images, in this order: `preprocessing_function`, `rescale` (a factor), `samplewise_center`,
    `samplewise_std_normalization`, and after `fit(x)`: `featurewise_center`, `featurewise_std_normalization`, `zca_whitening`
    with `zca_epsilon`. `data_format` ("channels_last" or "channels_first"), `validation_split` (a part from 0 to 1, for
    `subset="training"` or "validation" of the flows), `dtype`, `interpolation_order` (of SciPy, 1: between two pixels).
    Errors: ValueError for what is out of range; ImportError that names the package which is missing.

    >>> import numpy as np
    >>> from engine.utils.image_generator import ImageDataGenerator
    >>> flow = ImageDataGenerator(rescale=1 / 255, horizontal_flip=True).flow(np.ones((5, 4, 4, 3)), np.arange(5), batch_size=2)
    >>> len(flow), [part.shape for part in next(flow)]
    (3, [(2, 4, 4, 3), (2,)])
    """

    def __init__(self, featurewise_center=False, samplewise_center=False, featurewise_std_normalization=False,
                 samplewise_std_normalization=False, zca_whitening=False, zca_epsilon=1e-6, rotation_range=0,
                 width_shift_range=0.0, height_shift_range=0.0, brightness_range=None, shear_range=0.0, zoom_range=0.0,
                 channel_shift_range=0.0, fill_mode="nearest", cval=0.0, horizontal_flip=False, vertical_flip=False,
                 rescale=None, preprocessing_function=None, data_format=None, validation_split=0.0, interpolation_order=1,
                 dtype=None):  # fmt: skip
        self.featurewise_std_normalization, self.zca_whitening = featurewise_std_normalization, zca_whitening
        self.featurewise_center = featurewise_center or featurewise_std_normalization or zca_whitening
        self.samplewise_std_normalization, self.zca_epsilon = samplewise_std_normalization, zca_epsilon
        self.samplewise_center = samplewise_center or samplewise_std_normalization
        self.rotation_range, self.shear_range, self.channel_shift_range = rotation_range, shear_range, channel_shift_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.brightness_range, self.zoom_range = brightness_range, zoom_range
        if brightness_range is not None:
            self.brightness_range = _pair(self, "brightness_range", brightness_range)
        single = isinstance(zoom_range, numbers.Real)
        self.zoom_range = [1 - zoom_range, 1 + zoom_range] if single else _pair(self, "zoom_range", zoom_range)
        self.fill_mode = _one_of(self, "fill_mode", fill_mode, ("nearest", "constant", "reflect", "wrap"))
        self.cval, self.interpolation_order = cval, interpolation_order
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.data_format = _one_of(self, "data_format", data_format or "channels_last", ("channels_last", "channels_first"))
        if not 0 <= (validation_split or 0) < 1:
            raise ValueError(f"{self._title} takes a part from 0 to below 1 as `validation_split`, received {validation_split!r}.")
        self.validation_split = validation_split or 0.0
        self.dtype = dtype or floatx()
        self.mean = self.std = self.zca_whitening_matrix = None

    @property
    def _title(self):
        return type(self).__name__

    # ---- batches ------------------------------------------------------------------------------

    def flow(self, x, y=None, batch_size=32, shuffle=True, sample_weight=None, seed=None, save_to_dir=None, save_prefix="",
             save_format="png", ignore_class_split=False, subset=None):  # fmt: skip
        """Batches of arrays: of x, of (x, y) or of (x, y, sample_weight), without an end; `len()` of them are one pass.

        Arguments: `x` (images, or a pair of images and further arrays that stay as they are), `y`, `shuffle` in each pass,
        `seed`, `save_to_dir` (write the changed images there, as `save_prefix`..., in `save_format`), `subset` ("training" or
        "validation"), `ignore_class_split` (the subsets need not have the same classes).
        """
        saved = (save_to_dir, save_prefix, save_format)
        return ArrayBatches(self, x, y, sample_weight, subset, ignore_class_split, batch_size, shuffle, seed, saved)

    def flow_from_directory(self, directory, target_size=(256, 256), color_mode="rgb", classes=None, class_mode="categorical",
                            batch_size=32, shuffle=True, seed=None, save_to_dir=None, save_prefix="", save_format="png",
                            follow_links=False, subset=None, interpolation="nearest", keep_aspect_ratio=False):  # fmt: skip
        """Batches of image files, from a folder for each class, without an end; `len()` of them are one pass.

        Arguments: `target_size` (height, width), `color_mode` ("rgb", "rgba" or "grayscale"), `classes` (the folders, in the
        order that numbers them; None: alphabetical), `class_mode` ("categorical", "binary", "sparse", "input": the images
        themselves, or None: images only); `interpolation`, `keep_aspect_ratio` as of `load_img`; the others as of `flow`.
        """
        saved = (save_to_dir, save_prefix, save_format)
        reading = (target_size, color_mode, interpolation, keep_aspect_ratio)
        return DirectoryBatches(self, directory, classes, class_mode, follow_links, subset, reading, batch_size, shuffle, seed, saved)

    def flow_from_dataframe(self, dataframe, directory=None, x_col="filename", y_col="class", weight_col=None,
                            target_size=(256, 256), color_mode="rgb", classes=None, class_mode="categorical", batch_size=32,
                            shuffle=True, seed=None, save_to_dir=None, save_prefix="", save_format="png", subset=None,
                            interpolation="nearest", validate_filenames=True):  # fmt: skip
        """Batches of image files that a table names (a DataFrame of pandas), without an end; `len()` of them are one pass.

        Arguments: `directory` (that the names in the column `x_col` begin at), `y_col` (a column, or several), `weight_col`,
        `class_mode` (as of `flow_from_directory`, and "raw": the numbers of `y_col`; "multi_output": a list of its columns; for
        "categorical" a row may hold a list of classes), `validate_filenames` (leave out files that are not there).
        """
        saved = (save_to_dir, save_prefix, save_format)
        reading = (target_size, color_mode, interpolation, False)
        columns = (x_col, y_col, weight_col)
        return TableBatches(self, dataframe, directory, columns, classes, class_mode, subset, validate_filenames, reading, batch_size,
                            shuffle, seed, saved)  # fmt: skip

    # ---- one image ----------------------------------------------------------------------------

    def get_random_transform(self, img_shape, seed=None):
        """The numbers of a random change, as `apply_transform` takes them."""
        return self.draw(img_shape, np.random if seed is None else np.random.RandomState(seed))

    def draw(self, img_shape, random):
        """The same, drawn from `random`: np.random, or a RandomState."""
        height, width = img_shape[:2] if self.data_format == "channels_last" else img_shape[1:3]
        found = {"theta": random.uniform(-self.rotation_range, self.rotation_range) if self.rotation_range else 0}
        found["ty"] = _shift(self.height_shift_range, height, random)
        found["tx"] = _shift(self.width_shift_range, width, random)
        found["shear"] = random.uniform(-self.shear_range, self.shear_range) if self.shear_range else 0
        fixed = self.zoom_range[0] == self.zoom_range[1] == 1
        found["zx"], found["zy"] = (1, 1) if fixed else random.uniform(*self.zoom_range, 2)
        found["flip_horizontal"] = (random.random_sample() < 0.5) * self.horizontal_flip
        found["flip_vertical"] = (random.random_sample() < 0.5) * self.vertical_flip
        most = self.channel_shift_range
        found["channel_shift_intensity"] = random.uniform(-most, most) if most else None
        found["brightness"] = None if self.brightness_range is None else random.uniform(*self.brightness_range)
        return found

    def apply_transform(self, x, transform_parameters):
        """The image `x` changed by the numbers `theta`, `tx`, `ty`, `shear`, `zx`, `zy`, `flip_horizontal`, `flip_vertical`,
        `channel_shift_intensity` and `brightness`, as far as they are there."""
        given = transform_parameters
        image = x if self.data_format == "channels_last" else np.moveaxis(x, 0, -1)
        numbers_given = {name: given[name] for name in _NAMES if name in given}
        image = affine(image, **numbers_given, fill_mode=self.fill_mode, cval=self.cval, order=self.interpolation_order)
        if given.get("channel_shift_intensity") is not None:
            image = channel_shift(image, given["channel_shift_intensity"])
        image = image[:, ::-1] if given.get("flip_horizontal") else image
        image = image[::-1] if given.get("flip_vertical") else image
        if given.get("brightness") is not None:
            image = brightness_shift(image, given["brightness"])
        return image if self.data_format == "channels_last" else np.moveaxis(image, -1, 0)

    def random_transform(self, x, seed=None):
        """The image `x` changed at random."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def standardize(self, x):
        """`x` brought to the scale that the constructor says: an image, or a batch. Arrays of floats are changed in place."""
        if self.preprocessing_function is not None:
            x = self.preprocessing_function(x)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + _SMALL
        for wanted, known in ((self.featurewise_center, self.mean), (self.zca_whitening, self.zca_whitening_matrix)):
            if wanted and known is None:
                warnings.warn(f"{self._title} has no statistics of the data yet: call fit(x) with the training images.", stacklevel=2)
                return x
        if self.featurewise_center:
            x -= self.mean
        if self.featurewise_std_normalization:
            x /= self.std + _SMALL
        if self.zca_whitening:
            x = np.reshape(x.reshape(-1, self.zca_whitening_matrix.shape[0]) @ self.zca_whitening_matrix, x.shape)
        return x

    def fit(self, x, augment=False, rounds=1, seed=None):
        """Learn what `featurewise_center`, `featurewise_std_normalization` and `zca_whitening` need from training images `x`.

        Arguments: `augment` (from images that are changed at random, `rounds` times each), `seed`.
        """
        x = np.array(x, self.dtype)
        if x.ndim != 4:
            raise ValueError(f"{self._title}.fit() takes images (rows, height, width, channels), received shape {x.shape}.")
        if self.rescale:
            x *= self.rescale
        if augment:
            random = np.random if seed is None else np.random.RandomState(seed)
            x = np.array([self.apply_transform(image, self.draw(image.shape, random)) for _ in range(rounds) for image in x], self.dtype)
        axes = (0, 1, 2) if self.data_format == "channels_last" else (0, 2, 3)
        if self.featurewise_center:
            self.mean = np.mean(x, axes, keepdims=True)[0]
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std = np.std(x, axes, keepdims=True)[0]
            x /= self.std + _SMALL
        if self.zca_whitening:
            rows = x.reshape(len(x), -1)
            _, sizes, directions = np.linalg.svd(rows, full_matrices=False)
            self.zca_whitening_matrix = directions.T * (np.sqrt(len(x)) / (sizes + self.zca_epsilon)) @ directions


def _one_of(owner, name, value, allowed):
    if value not in allowed:
        raise ValueError(f"{owner._title} takes {' or '.join(map(repr, allowed))} as `{name}`, received {value!r}.")
    return value


def _pair(owner, name, value):
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(isinstance(item, numbers.Real) for item in value):
        raise ValueError(f"{owner._title} takes a pair of numbers as `{name}`, received {value!r}.")
    return list(value)


def _shift(given, size, random):
    """How far an image of this `size` is moved: by a part of it, by pixels, or by one of a list."""
    if isinstance(given, (list, tuple, np.ndarray)):
        moved, most = random.choice(given) * random.choice([-1, 1]), np.max(given)
    elif not given:
        return 0
    elif isinstance(given, numbers.Integral):
        moved, most = random.choice(int(given)) * random.choice([-1, 1]), given
    else:
        moved, most = random.uniform(-given, given), given
    return moved * size if most < 1 else moved
