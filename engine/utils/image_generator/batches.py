"""The flows of an ImageDataGenerator: batches by number, and one after the other without an end."""

import os

import numpy as np

from engine.data.sequences import PyDataset
from engine.utils.images import array_to_img, img_to_array, load_img

_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")
_CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}


class Batches(PyDataset):
    """Base of the flows: `image(row)` and `answers(rows, images)` are what a subclass has.

    `flow[i]` is the batch of that number, `next(flow)` the one after the last; `len(flow)` of them are one pass over the `n`
    rows. `batch_index` is the number of the next one in the pass, `reset()` sets it to 0, `total_batches_seen` counts all.
    """

    def __init__(self, generator, n, batch_size, shuffle, seed, saved):
        super().__init__()
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f"A flow of images takes a positive integer as `batch_size`, received {batch_size!r}.")
        self.image_data_generator, self.n, self.samples, self.batch_size = generator, n, n, batch_size
        self.shuffle, self.seed, self.saved = shuffle, seed, saved
        self.batch_index = self.total_batches_seen = 0
        self.index_array, self.random = None, np.random

    def image(self, row):
        """The image of that row, as it comes."""
        raise NotImplementedError(f"{type(self).__name__} has no image(). Define `def image(self, row)`.")

    def answers(self, rows, images):
        """What follows the images in a batch: a tuple."""
        raise NotImplementedError(f"{type(self).__name__} has no answers(). Define `def answers(self, rows, images)`.")

    def __len__(self):
        return -(-self.n // self.batch_size)

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(f"The flow has the batches 0 to {len(self) - 1}, there is no {index}.")
        self._begin_batch()
        if self.index_array is None:
            self._set_order()
        return self._batch(self.index_array[index * self.batch_size : (index + 1) * self.batch_size])

    def __iter__(self):
        return self

    def __next__(self):
        if not self.n:
            raise StopIteration
        self._begin_batch()
        if self.batch_index == 0:
            self._set_order()
        first = self.batch_index * self.batch_size
        self.batch_index = (self.batch_index + 1) % len(self)
        return self._batch(self.index_array[first : first + self.batch_size])

    next = __next__

    def reset(self):
        """Begin at the first batch again."""
        self.batch_index = 0

    def on_epoch_end(self):
        self._set_order()

    def _begin_batch(self):
        if self.seed is not None:  # each batch has numbers of its own, whoever asks for it
            self.random = np.random.RandomState(self.seed + self.total_batches_seen)
        self.total_batches_seen += 1

    def _set_order(self):
        self.index_array = self.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def _batch(self, rows):
        generator, images = self.image_data_generator, []
        for row in rows:
            image = self.image(row).astype(generator.dtype)
            image = generator.apply_transform(image, generator.draw(image.shape, self.random))
            images.append(generator.standardize(np.array(image, generator.dtype)))
        images = np.array(images, generator.dtype)
        self._save(rows, images)
        answers = self.answers(rows, images)
        return (images, *answers) if answers else images

    def _save(self, rows, images):
        directory, prefix, kind = self.saved
        if directory is None:
            return
        for row, image in zip(rows, images):
            picture = array_to_img(image, self.image_data_generator.data_format, scale=True)
            picture.save(os.path.join(directory, f"{prefix}_{row}_{self.random.randint(10**7)}.{kind}"))


class ArrayBatches(Batches):
    """The flow of `ImageDataGenerator.flow`."""

    def __init__(self, generator, x, y, sample_weight, subset, ignore_class_split, batch_size, shuffle, seed, saved):
        others = []
        if isinstance(x, (tuple, list)):
            x, rest = x
            others = [np.asarray(array) for array in (rest if isinstance(rest, list) else [rest])]
        self.x, self.others = np.asarray(x, generator.dtype), others
        self.y = None if y is None else np.asarray(y)
        self.sample_weight = None if sample_weight is None else np.asarray(sample_weight)
        arrays = [array for array in (self.y, self.sample_weight, *others) if array is not None]
        if self.x.ndim != 4 or any(len(array) != len(self.x) for array in arrays):
            raise ValueError(f"flow() takes images (rows, height, width, channels) and as many rows of the rest; received x of shape "
                             f"{self.x.shape}, and {[array.shape for array in arrays]}.")  # fmt: skip
        part = subset_of(generator, subset, len(self.x))
        kept = np.arange(len(self.x))[part]
        if subset is not None and self.y is not None and not ignore_class_split:
            left_out = np.setdiff1d(np.arange(len(self.x)), kept)
            if not np.array_equal(np.unique(self.y[kept]), np.unique(self.y[left_out])):
                raise ValueError("Training and validation have other classes, as the split is by the order of rows. Shuffle them "
                                 "first, or give ignore_class_split=True.")  # fmt: skip
        self.x, self.others = self.x[kept], [array[kept] for array in others]
        self.y, self.sample_weight = (None if array is None else array[kept] for array in (self.y, self.sample_weight))
        super().__init__(generator, len(kept), batch_size, shuffle, seed, saved)

    def image(self, row):
        return self.x[row]

    def answers(self, rows, images):
        return tuple(array[rows] for array in (self.y, self.sample_weight) if array is not None)

    def _batch(self, rows):
        batch = super()._batch(rows)
        if not self.others:
            return batch
        images, *answers = batch if isinstance(batch, tuple) else (batch,)
        return ([images, *(array[rows] for array in self.others)], *answers)


class FileBatches(Batches):
    """Base of the flows of files: `filepaths`, and `filenames`, which are shown."""

    class_modes = ("categorical", "binary", "sparse", "input", None)

    def __init__(self, generator, reading, class_mode, batch_size, shuffle, seed, saved):
        (height, width), color_mode, self.interpolation, self.keep_aspect_ratio = reading
        if color_mode not in _CHANNELS:
            raise ValueError(f"A flow of images takes 'rgb', 'rgba' or 'grayscale' as `color_mode`, received {color_mode!r}.")
        self.target_size, self.color_mode, self.data_format = (height, width), color_mode, generator.data_format
        last = self.data_format == "channels_last"
        self.image_shape = (height, width, _CHANNELS[color_mode]) if last else (_CHANNELS[color_mode], height, width)
        self.class_mode = class_mode
        super().__init__(generator, len(self.filepaths), batch_size, shuffle, seed, saved)

    def check_class_mode(self, class_mode):
        """ValueError for an unknown way to give the classes."""
        if class_mode not in self.class_modes:
            raise ValueError(f"`class_mode` is one of {', '.join(map(repr, self.class_modes))}; received {class_mode!r}.")

    @property
    def labels(self):
        """The class numbers of the files."""
        return self.classes

    def image(self, row):
        picture = load_img(self.filepaths[row], color_mode=self.color_mode, target_size=self.target_size,
                           interpolation=self.interpolation, keep_aspect_ratio=self.keep_aspect_ratio)  # fmt: skip
        return img_to_array(picture, self.data_format)

    def answers(self, rows, images):
        if self.class_mode is None:
            return ()
        if self.class_mode == "input":
            return (images.copy(),)
        if self.class_mode != "categorical":
            return (np.asarray(self.classes)[rows].astype(images.dtype),)
        hot = np.zeros((len(rows), len(self.class_indices)), images.dtype)
        for number, row in enumerate(rows):
            hot[number, self.classes[row]] = 1
        return (hot,)


class DirectoryBatches(FileBatches):
    """The flow of `ImageDataGenerator.flow_from_directory`: also `class_indices`, `classes` (numbers), `num_classes`."""

    def __init__(self, generator, directory, classes, class_mode, follow_links, subset, reading, batch_size, shuffle, seed, saved):
        self.check_class_mode(class_mode)
        self.directory = directory = os.fspath(directory)
        names = list(classes or sorted(entry.name for entry in os.scandir(directory) if entry.is_dir()))
        self.class_indices, self.num_classes = {name: number for number, name in enumerate(names)}, len(names)
        self.filenames, numbers = [], []
        for number, name in enumerate(names):
            found = [os.path.relpath(path, directory) for path in _images(os.path.join(directory, name), follow_links)]
            found = found[subset_of(generator, subset, len(found))]
            self.filenames += found
            numbers += [number] * len(found)
        self.classes = np.array(numbers, "int32")
        self.filepaths = [os.path.join(directory, name) for name in self.filenames]
        print(f"Found {len(self.filepaths)} images belonging to {len(names)} classes.")
        super().__init__(generator, reading, class_mode, batch_size, shuffle, seed, saved)


class TableBatches(FileBatches):
    """The flow of `ImageDataGenerator.flow_from_dataframe`."""

    class_modes = (*FileBatches.class_modes, "raw", "multi_output")

    def __init__(self, generator, table, directory, columns, classes, class_mode, subset, validate, reading, batch_size, shuffle, seed,
                 saved):  # fmt: skip
        self.check_class_mode(class_mode)
        x_col, y_col, weight_col = columns
        named = class_mode in ("categorical", "binary", "sparse")
        rows = [(name, *_values(table, y_col, index)) for index, name in enumerate(table[x_col])]
        weights = None if weight_col is None else np.asarray(table[weight_col])
        paths = [os.path.join(directory or "", name) for name, *_ in rows]
        kept = [number for number, (name, *value) in enumerate(rows) if _counts(value[0], classes, named)
                and (not validate or (paths[number].lower().endswith(_ENDINGS) and os.path.isfile(paths[number])))]  # fmt: skip
        if named:
            found = {one for number in kept for one in _several(rows[number][1])}
            names = list(classes or sorted(found))
            if class_mode == "binary" and len(names) != 2:
                raise ValueError(f"class_mode='binary' needs two classes, found {len(names)}: {names}.")
            self.class_indices = {name: number for number, name in enumerate(names)}
        kept = kept[subset_of(generator, subset, len(kept))]
        self.filenames, self.filepaths = [rows[number][0] for number in kept], [paths[number] for number in kept]
        values = [rows[number][1] for number in kept]
        if named:
            numbers = [[self.class_indices[one] for one in _several(value)] for value in values]
            self.classes = [found if isinstance(value, (list, tuple)) else found[0] for found, value in zip(numbers, values)]
        else:
            self.values = values
        self.weights = None if weights is None else weights[kept]
        print(f"Found {len(kept)} validated image filenames" + (f" belonging to {len(self.class_indices)} classes." if named else "."))
        super().__init__(generator, reading, class_mode, batch_size, shuffle, seed, saved)

    def answers(self, rows, images):
        if self.class_mode == "raw":
            found = (np.array([self.values[row] for row in rows]),)
        elif self.class_mode == "multi_output":
            found = ([np.array(column) for column in zip(*(self.values[row] for row in rows))],)
        else:
            found = super().answers(rows, images)
        return found if self.weights is None else (*found, self.weights[rows])


def _values(table, y_col, index):
    """The value of a row in the column, or a list of those in several columns."""
    if isinstance(y_col, (list, tuple)):
        return ([table[name].iloc[index] for name in y_col],)
    return (table[y_col].iloc[index] if y_col in table else None,)


def _several(value):
    return value if isinstance(value, (list, tuple)) else [value]


def _counts(value, classes, named):
    """Whether a row is of one of the classes that are asked for."""
    return not named or classes is None or any(one in classes for one in _several(value))


def _images(folder, follow_links):
    for path, _, names in sorted(os.walk(folder, followlinks=follow_links), key=lambda walked: walked[0]):
        yield from (os.path.join(path, name) for name in sorted(names) if name.lower().endswith(_ENDINGS))


def subset_of(generator, subset, count):
    """Which of `count` rows belong to the subset: the first ones are for the validation."""
    if subset not in (None, "training", "validation"):
        raise ValueError(f"`subset` is 'training', 'validation' or None, received {subset!r}.")
    held_out = int(generator.validation_split * count)
    return {None: slice(None), "validation": slice(0, held_out), "training": slice(held_out, None)}[subset]
