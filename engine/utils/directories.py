"""Files in folders, one folder for each class, as tf.data pipelines of batches."""

import os

import numpy as np
import tensorflow as tf

from engine.random import draw_seed

_IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}


def image_dataset_from_directory(directory, labels="inferred", label_mode="int", class_names=None, color_mode="rgb",
                                 batch_size=32, image_size=(256, 256), shuffle=True, seed=None, validation_split=None,
                                 subset=None, interpolation="bilinear", follow_links=False, crop_to_aspect_ratio=False,
                                 verbose=True):  # fmt: skip
    """Images of folders, a folder for each class, as a tf.data.Dataset of (images, labels), or of images.

    Images are float32 from 0 to 255 (uint8 for the interpolation "nearest"), (batch, *image_size, channels).
    Arguments: `labels` ("inferred" from the folders, None, or a list, one for each file in alphabetical order),
    `label_mode` ("int", "categorical", "binary" or None), `class_names` (the folders, in the order that numbers them;
    None: alphabetical), `color_mode` ("rgb", "rgba", "grayscale"), `batch_size` (None: single images), `shuffle` (anew in
    each pass, by `seed`), `validation_split` (a part from 0 to 1) with `subset` ("training", "validation" or "both"),
    `crop_to_aspect_ratio` (cut the center out before resizing).
    The dataset has the attributes `class_names` (None without labels) and `file_paths`.
    Errors: ValueError for folders without images, and for a split without a seed.

    >>> import os, tempfile
    >>> from engine.utils import image_dataset_from_directory, save_img
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     for name in ("cats", "dogs"):
    ...         os.mkdir(f"{directory}/{name}")
    ...         save_img(f"{directory}/{name}/1.png", [[[0.0], [255.0]]])
    ...     found = image_dataset_from_directory(directory, image_size=(4, 4), color_mode="grayscale", verbose=False)
    ...     images, labels = next(iter(found))
    >>> found.class_names, images.shape, sorted(labels.numpy().tolist())
    (['cats', 'dogs'], TensorShape([2, 4, 4, 1]), [0, 1])
    """
    if color_mode not in _CHANNELS:
        raise ValueError(f"image_dataset_from_directory takes {', '.join(map(repr, _CHANNELS))} as `color_mode`, "
                         f"received {color_mode!r}.")  # fmt: skip

    def read(path):
        image = tf.io.decode_image(tf.io.read_file(path), _CHANNELS[color_mode], expand_animations=False)
        image.set_shape((None, None, _CHANNELS[color_mode]))
        if crop_to_aspect_ratio:
            image = _center(image, *image_size)
        resized = tf.image.resize(image, image_size, interpolation)
        return tf.ensure_shape(resized, (*image_size, _CHANNELS[color_mode]))

    return _of_files(read, _IMAGES, directory, labels, label_mode, class_names, batch_size, shuffle, seed, validation_split,
                     subset, follow_links, verbose)  # fmt: skip


def text_dataset_from_directory(directory, labels="inferred", label_mode="int", class_names=None, batch_size=32,
                                max_length=None, shuffle=True, seed=None, validation_split=None, subset=None,
                                follow_links=False, verbose=True):  # fmt: skip
    """Text files of folders, a folder for each class, as a tf.data.Dataset of (strings, labels), or of strings.

    Arguments: as of `image_dataset_from_directory`; `max_length` (of a text, in bytes: the rest is cut off).

    >>> import pathlib
    >>> from engine.utils import text_dataset_from_directory
    >>> for name in ("bad", "good"):
    ...     pathlib.Path("texts", name).mkdir(parents=True)
    ...     _ = pathlib.Path("texts", name, "1.txt").write_text(f"a {name} film")
    >>> dataset = text_dataset_from_directory("texts", shuffle=False, verbose=False)
    >>> dataset.class_names, [batch.numpy().tolist() for batch in next(iter(dataset))]
    (['bad', 'good'], [[b'a bad film', b'a good film'], [0, 1]])
    """

    def read(path):
        text = tf.io.read_file(path)
        return text if max_length is None else tf.strings.substr(text, 0, max_length)

    return _of_files(read, (".txt",), directory, labels, label_mode, class_names, batch_size, shuffle, seed,
                     validation_split, subset, follow_links, verbose)  # fmt: skip


def _center(image, height, width):
    """The largest center of `image` with the proportions of the size."""
    all_height, all_width = tf.unstack(tf.shape(image)[:2])
    inner_height = tf.minimum(all_height, all_width * height // width)
    inner_width = tf.minimum(all_width, all_height * width // height)
    top, left = (all_height - inner_height) // 2, (all_width - inner_width) // 2
    return image[top : top + inner_height, left : left + inner_width]


def _of_files(read, endings, directory, labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset,
              follow_links, verbose):  # fmt: skip
    """The pipeline of one subset, or a pair of both."""
    _check_split(validation_split, subset, shuffle, seed)
    if label_mode not in ("int", "categorical", "binary", None):
        raise ValueError(f"`label_mode` is 'int', 'categorical', 'binary' or None, received {label_mode!r}.")
    paths, numbers, names = _listed(str(directory), endings, labels, class_names, follow_links)
    if not paths:
        raise ValueError(f"There are no files that end in {', '.join(endings)} in {directory}.")
    if label_mode == "binary" and len(names) != 2:
        raise ValueError(f"label_mode='binary' needs two classes, found {len(names)}: {names}.")
    if verbose:
        print(f"Found {len(paths)} files" + (f" belonging to {len(names)} classes." if labels is not None else "."))
    seed = draw_seed() if seed is None else seed
    if shuffle:
        for items in (paths, numbers):
            np.random.RandomState(seed).shuffle(items)
    held_out = int((validation_split or 0) * len(paths))
    parts = {"training": slice(0, len(paths) - held_out), "validation": slice(len(paths) - held_out, None), None: slice(None)}
    made = []
    for part in ("training", "validation") if subset == "both" else (subset,):
        kept = paths[parts[part]]
        labelled = None if labels is None or label_mode is None else _encoded(numbers[parts[part]], label_mode, len(names))
        dataset = _pipeline(read, kept, labelled, batch_size, seed if shuffle else None)
        dataset.class_names, dataset.file_paths = None if labelled is None else names, kept
        made.append(dataset)
    return made if subset == "both" else made[0]


def _check_split(validation_split, subset, shuffle, seed):
    if (validation_split is None) != (subset is None):
        raise ValueError("`validation_split` and `subset` belong together: give both or neither.")
    if subset not in (None, "training", "validation", "both"):
        raise ValueError(f"`subset` is 'training', 'validation' or 'both', received {subset!r}.")
    if validation_split is not None and not 0 < validation_split < 1:
        raise ValueError(f"`validation_split` is a part between 0 and 1, received {validation_split!r}.")
    if validation_split and shuffle and seed is None:
        raise ValueError("A split of shuffled files needs seed=, or training and validation would have files in common.")


def _listed(directory, endings, labels, class_names, follow_links):
    """(paths, class numbers, class names), in the order of the folders and of their files."""
    if labels != "inferred":
        paths = [path for path in _files(directory, endings, follow_links)]
        if labels is not None and len(labels) != len(paths):
            raise ValueError(f"`labels` has {len(labels)} entries for {len(paths)} files in {directory}.")
        numbers = list(labels) if labels is not None else [0] * len(paths)
        return paths, numbers, class_names or sorted({str(label) for label in labels or ()})
    folders = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir() and not entry.name.startswith("."))
    if class_names is not None and sorted(class_names) != folders:
        raise ValueError(f"`class_names` are the folders of {directory}: {folders}; received {list(class_names)}.")
    names = list(class_names or folders)
    listed = [(path, number) for number, name in enumerate(names)
              for path in _files(os.path.join(directory, name), endings, follow_links)]  # fmt: skip
    return [path for path, _ in listed], [number for _, number in listed], names


def _files(directory, endings, follow_links):
    found = sorted(os.walk(directory, followlinks=follow_links), key=lambda walked: walked[0])
    return [os.path.join(folder, name) for folder, _, names in found for name in sorted(names) if name.lower().endswith(endings)]


def _encoded(numbers, label_mode, count):
    if label_mode == "binary":
        return np.array(numbers, "float32")[:, np.newaxis]
    return np.eye(count, dtype="float32")[numbers] if label_mode == "categorical" else np.array(numbers, "int32")


def _pipeline(read, paths, labels, batch_size, seed):
    dataset = tf.data.Dataset.from_tensor_slices(paths if labels is None else (paths, labels))
    if seed is not None:
        dataset = dataset.shuffle(batch_size * 8 if batch_size else 1024, seed=seed)
    if labels is None:
        dataset = dataset.map(read, tf.data.AUTOTUNE)
    else:
        dataset = dataset.map(lambda path, label: (read(path), label), tf.data.AUTOTUNE)
    return (dataset.batch(batch_size) if batch_size else dataset).prefetch(tf.data.AUTOTUNE)


def timeseries_dataset_from_array(data, targets, sequence_length, sequence_stride=1, sampling_rate=1, batch_size=128,
                                  shuffle=False, seed=None, start_index=None, end_index=None):  # fmt: skip
    """Windows of a series as a tf.data.Dataset of (windows, targets), or of windows where `targets` is None.

        window i = data[i · sequence_stride + (0, 1, ... sequence_length - 1) · sampling_rate],   target i = targets[first step]

    Shapes: data (steps, ...) → (batch, sequence_length, ...). Arguments: `targets[i]` belongs to the window that begins at
    step i: to predict the step after a window give `data[:-n]` and `data[n:]`; `start_index`, `end_index` (of the data
    that are used), `shuffle` by `seed`, `batch_size` (None: single windows).

    >>> import numpy as np
    >>> from engine.utils import timeseries_dataset_from_array
    >>> dataset = timeseries_dataset_from_array(np.arange(5), np.arange(5)[2:], sequence_length=2)
    >>> [batch.numpy().tolist() for batch in next(iter(dataset))]
    [[[0, 1], [1, 2], [2, 3]], [2, 3, 4]]
    """
    for name, number in (("sequence_length", sequence_length), ("sequence_stride", sequence_stride), ("sampling_rate", sampling_rate)):
        if not isinstance(number, (int, np.integer)) or number < 1:
            raise ValueError(f"timeseries_dataset_from_array takes a positive integer as `{name}`, received {number!r}.")
    start, end = start_index or 0, len(data) if end_index is None else end_index
    count = end - start - (sequence_length - 1) * sampling_rate
    if targets is not None:
        targets = targets[start:end]
        count = min(count, len(targets))
    if count < 1:
        raise ValueError(f"timeseries_dataset_from_array: {end - start} steps are too few for a window of {sequence_length}.")
    firsts = np.arange(0, count, sequence_stride)
    if shuffle:
        seed = draw_seed() if seed is None else seed
        np.random.RandomState(seed).shuffle(firsts)
    series = tf.convert_to_tensor(data[start:end])
    steps = tf.constant(np.arange(sequence_length) * sampling_rate)
    answers = None if targets is None else tf.convert_to_tensor(targets)

    def window(first):
        inputs = tf.gather(series, first + steps)
        return inputs if answers is None else (inputs, answers[first])

    dataset = tf.data.Dataset.from_tensor_slices(firsts)
    if batch_size and shuffle:
        dataset = dataset.shuffle(batch_size * 8, seed=seed)
    dataset = dataset.map(window, tf.data.AUTOTUNE)
    return (dataset.batch(batch_size) if batch_size else dataset).prefetch(tf.data.AUTOTUNE)
