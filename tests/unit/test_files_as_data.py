"""Images, folders of files and series as arrays and pipelines: beside Keras on the same files."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine import Sequential, utils
from engine.utils import images
from layers import Dense, Flatten

RANDOM = np.random.default_rng(3)
IMAGE = RANDOM.integers(0, 256, (9, 12, 3)).astype("float32")


@pytest.fixture
def folder(tmp_path):
    """Two classes of images and two of texts."""
    for number, name in enumerate(("cats", "dogs")):
        (tmp_path / "images" / name).mkdir(parents=True)
        (tmp_path / "texts" / name).mkdir(parents=True)
        for index in range(4 + number):
            array = RANDOM.integers(0, 256, (9 + index, 12, 3)).astype("uint8")
            file = f"{index}.png" if index else "0.jpg"
            utils.save_img(tmp_path / "images" / name / file, array, scale=False)
            (tmp_path / "texts" / name / f"{index}.txt").write_text(f"{name} number {index}")
    return tmp_path


def check(ours, theirs):
    """The same batches in the same order."""
    ours, theirs = list(ours), list(theirs)
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs):
        for a, b in zip(tf.nest.flatten(mine), tf.nest.flatten(other), strict=True):
            assert a.dtype == b.dtype and a.shape == b.shape
            if a.dtype == tf.string:
                assert a.numpy().tolist() == b.numpy().tolist()
            else:
                np.testing.assert_allclose(a, b, atol=1e-3)


@pytest.mark.parametrize("arguments", [{}, dict(color_mode="grayscale"), dict(color_mode="rgba"), dict(target_size=(4, 5)),
                                       dict(target_size=(4, 5), interpolation="bilinear"),
                                       dict(target_size=(4, 4), keep_aspect_ratio=True)], ids=str)  # fmt: skip
def test_load_img(tmp_path, arguments):
    utils.save_img(tmp_path / "a.png", IMAGE, scale=False)
    ours = utils.img_to_array(utils.load_img(tmp_path / "a.png", **arguments))
    theirs = keras.utils.img_to_array(keras.utils.load_img(tmp_path / "a.png", **arguments))
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype == np.float32


@pytest.mark.parametrize("array", [IMAGE, IMAGE / 255 - 0.5, IMAGE[..., :1], np.zeros((2, 2, 3)), np.full((2, 2, 1), 300.0)],
                         ids=["rgb", "negative", "gray", "zeros", "deep"])  # fmt: skip
def test_arrays_and_images(array):
    for scale in (True, False):
        if array.min() < 0 and not scale:
            continue
        ours, theirs = utils.array_to_img(array, scale=scale), keras.utils.array_to_img(array, scale=scale)
        assert ours.mode == theirs.mode
        np.testing.assert_array_equal(utils.img_to_array(ours), keras.utils.img_to_array(theirs))
    first = array.transpose(2, 0, 1)
    np.testing.assert_array_equal(utils.img_to_array(utils.array_to_img(first, "channels_first"), "channels_first").transpose(1, 2, 0),
                                  utils.img_to_array(utils.array_to_img(array)))  # fmt: skip


def test_smart_resize():
    ours, theirs = images.smart_resize(IMAGE, (4, 4)), keras.preprocessing.image.smart_resize(IMAGE, (4, 4))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize("arguments", [{}, dict(batch_size=3, shuffle=False), dict(label_mode="binary"), dict(label_mode="categorical"),
                                       dict(label_mode=None), dict(labels=None), dict(color_mode="grayscale"), dict(batch_size=None),
                                       dict(class_names=["dogs", "cats"]), dict(crop_to_aspect_ratio=True), dict(interpolation="nearest"),
                                       dict(validation_split=0.3, subset="training"), dict(validation_split=0.3, subset="validation"),
                                       dict(labels=[0, 1, 2, 0, 1, 2, 0, 1, 2])], ids=str)  # fmt: skip
def test_images_of_folders(folder, arguments):
    arguments = {**dict(image_size=(6, 7), seed=5, shuffle=False), **arguments}
    ours = utils.image_dataset_from_directory(folder / "images", **arguments)
    theirs = keras.utils.image_dataset_from_directory(folder / "images", **arguments)
    check(ours, theirs)
    assert ours.file_paths == list(theirs.file_paths)
    assert (ours.class_names or []) == list(theirs.class_names or [])


def test_shuffled_files(folder):
    for arguments in ({}, dict(validation_split=0.3, subset="both")):
        ours = utils.text_dataset_from_directory(folder / "texts", seed=5, **arguments)
        theirs = keras.utils.text_dataset_from_directory(folder / "texts", seed=5, **arguments)
        for mine, other in zip(ours if arguments else [ours], theirs if arguments else [theirs], strict=True):
            pairs = [sorted(zip(*(item.numpy().tolist() for item in batch))) for batch in (next(iter(mine)), next(iter(other)))]
            assert pairs[0] == pairs[1]


def test_texts_of_folders(folder):
    for arguments in (dict(batch_size=4), dict(max_length=5), dict(label_mode=None), dict(label_mode="binary")):
        check(utils.text_dataset_from_directory(folder / "texts", shuffle=False, **arguments),
              keras.utils.text_dataset_from_directory(folder / "texts", shuffle=False, **arguments))  # fmt: skip


def test_a_model_learns_from_a_folder(folder):
    train, validation = utils.image_dataset_from_directory(folder / "images", image_size=(4, 4), seed=1, validation_split=0.25,
                                                           subset="both", verbose=False)  # fmt: skip
    model = Sequential([Flatten(), Dense(2)])
    model.compile("sgd", "mse")
    history = model.fit(train.map(lambda x, y: (x / 255, tf.one_hot(y, 2))), epochs=2, verbose=0,
                        validation_data=validation.map(lambda x, y: (x / 255, tf.one_hot(y, 2))))  # fmt: skip
    assert len(history.history["val_loss"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(validation_split=0.2), "both or neither"),
        (dict(validation_split=0.2, subset="training"), "needs seed="),
        (dict(validation_split=2, subset="training", seed=1), "between 0 and 1"),
        (dict(subset="test", validation_split=0.2), "'training', 'validation' or 'both'"),
        (dict(label_mode="one_hot"), "`label_mode` is"),
        (dict(class_names=["a"]), "are the folders of"),
        (dict(color_mode="cmyk"), "as `color_mode`"),
        (dict(labels=[1]), "1 entries for 9 files"),
    ],
)
def test_what_is_refused(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        utils.image_dataset_from_directory(folder / "images", **arguments)
    with pytest.raises(ValueError, match="no files that end in"):
        utils.image_dataset_from_directory(folder / "texts")


@pytest.mark.parametrize("arguments", [{}, dict(sequence_stride=3), dict(sampling_rate=2, batch_size=3), dict(start_index=3, end_index=15),
                                       dict(batch_size=None)], ids=str)  # fmt: skip
@pytest.mark.parametrize("targets", [None, np.arange(20.0)[4:], np.arange(40.0).reshape(20, 2)], ids=["none", "short", "rows"])
def test_timeseries(arguments, targets):
    data = np.arange(40.0).reshape(20, 2)
    check(utils.timeseries_dataset_from_array(data, targets, 4, **arguments),
          keras.utils.timeseries_dataset_from_array(data, targets, 4, **arguments))  # fmt: skip


def test_shuffled_windows_are_all_windows():
    dataset = utils.timeseries_dataset_from_array(np.arange(30), None, 3, shuffle=True, seed=1, batch_size=7)
    found = np.concatenate([batch.numpy() for batch in dataset])
    assert found[:, 0].tolist() != list(range(28)) and sorted(found[:, 0].tolist()) == list(range(28))
    with pytest.raises(ValueError, match="too few for a window of 31"):
        utils.timeseries_dataset_from_array(np.arange(30), None, 31)
