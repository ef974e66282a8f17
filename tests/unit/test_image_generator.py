"""`ImageDataGenerator`: the values beside those of Keras's class of that name, and the flows in fit, evaluate and predict."""

import importlib.util

import keras._tf_keras.keras as reference
import numpy as np
import pytest
from PIL import Image

import glassbox
from engine import Sequential
from engine.utils.image_generator import ImageDataGenerator
from layers import Dense, Flatten

THEIRS = reference.preprocessing.image.ImageDataGenerator
X, Y = np.random.default_rng(0).uniform(0, 255, size=(7, 8, 8, 3)), np.arange(7)
ALL = dict(rotation_range=40, brightness_range=(0.5, 1.5), shear_range=12.0, zoom_range=0.3, channel_shift_range=30.0, horizontal_flip=True,
           vertical_flip=True, rescale=1 / 255)  # fmt: skip


def both(**arguments):
    return ImageDataGenerator(**arguments), THEIRS(**arguments)


def same(ours, theirs, **tolerance):
    ours, theirs = (batch if isinstance(batch, (tuple, list)) else (batch,) for batch in (ours, theirs))
    for one, other in zip(ours, theirs, strict=True):
        if isinstance(one, list):
            same(one, other)
            continue
        assert one.dtype == other.dtype and one.shape == other.shape
        np.testing.assert_allclose(one, other, **{"rtol": 1e-4, "atol": 2e-3, **tolerance})


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
@pytest.mark.parametrize(
    "numbers",
    [dict(theta=30.0), dict(tx=2, ty=-1.5), dict(shear=20.0), dict(zx=0.7, zy=1.3), dict(theta=30.0, tx=2, shear=10.0, zx=0.7),
     dict(flip_horizontal=True, theta=5.0), dict(flip_vertical=True), dict(channel_shift_intensity=40.0), dict(brightness=0.6)], ids=str,
)  # fmt: skip
def test_a_transform_is_that_of_keras(numbers, fill_mode):
    ours, theirs = both(fill_mode=fill_mode, cval=7.0)
    same(ours.apply_transform(X[0].copy(), numbers), theirs.apply_transform(X[0].copy(), numbers))
    first = ImageDataGenerator(fill_mode=fill_mode, cval=7.0, data_format="channels_first")
    same(np.moveaxis(first.apply_transform(np.moveaxis(X[0], -1, 0), numbers), 0, -1), ours.apply_transform(X[0].copy(), numbers))
    same(both()[0].apply_transform(X[0] - 100, dict(brightness=0.6)), both()[1].apply_transform(X[0] - 100, dict(brightness=0.6)))


def test_widths_are_moved_along_the_width_and_zooms_are_about_the_middle():
    ramp = np.tile(np.arange(9.0)[None, :, None], (4, 1, 1))
    moved = ImageDataGenerator(width_shift_range=[2]).random_transform(ramp, seed=1)[0, :, 0]
    assert moved.tolist() in ([2, 3, 4, 5, 6, 7, 8, 8, 8], [0, 0, 0, 1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(ImageDataGenerator(height_shift_range=[2]).random_transform(ramp, seed=1), ramp)
    np.testing.assert_allclose(ImageDataGenerator().apply_transform(ramp, dict(zx=0.5))[0, :, 0], np.linspace(2, 6, 9))
    np.testing.assert_allclose(ImageDataGenerator().apply_transform(X[0], dict(theta=90.0)), np.rot90(X[0]), atol=1e-6)
    for given, most in ((0.25, 2.25), (3, 2), (2.5, 2.5)):
        drawn = [ImageDataGenerator(width_shift_range=given).get_random_transform((4, 9, 1), seed)["tx"] for seed in range(60)]
        assert max(map(abs, drawn)) <= most and min(drawn) < -0.6 * most and max(drawn) > 0.6 * most


@pytest.mark.parametrize("arguments", [ALL, dict(zoom_range=[0.5, 0.9], fill_mode="wrap"), dict(rotation_range=9, cval=3.0)], ids=len)
def test_a_seed_gives_the_batches_of_keras(arguments):
    ours, theirs = both(**arguments)
    same(ours.random_transform(X[1].copy(), seed=5), theirs.random_transform(X[1].copy(), seed=5))
    for shuffle in (True, False):
        mine, others = (each.flow(X, Y, batch_size=3, seed=11, shuffle=shuffle) for each in (ours, theirs))
        assert len(mine) == len(others) == 3 and mine.n == others.n == 7
        for _ in range(7):
            same(next(mine), next(others))
        assert (mine.batch_index, mine.total_batches_seen) == (others.batch_index, others.total_batches_seen)
        same(mine[2], others[2])
    np.random.seed(3)
    first = next(ours.flow(X, Y))
    np.random.seed(3)
    same(next(ours.flow(X, Y)), first, rtol=0, atol=0)


@pytest.mark.parametrize(
    "arguments",
    [dict(featurewise_center=True, featurewise_std_normalization=True), dict(samplewise_center=True, samplewise_std_normalization=True),
     dict(zca_whitening=True), dict(featurewise_center=True, rescale=0.5), dict(preprocessing_function=lambda x: x * 2 + 1, rescale=0.1)],
    ids=lambda arguments: "-".join(arguments),
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:This ImageDataGenerator specifies")
def test_one_scale(arguments):
    ours, theirs = both(**arguments)
    for each in (ours, theirs):
        each.fit(X)
    same(ours.standardize(X[0].astype("float32")), theirs.standardize(X[0].astype("float32")))
    same(next(ours.flow(X, batch_size=4, shuffle=False)), next(theirs.flow(X, batch_size=4, shuffle=False)))
    ours, theirs = both(featurewise_center=True, rotation_range=20)
    for each in (ours, theirs):
        each.fit(X, augment=True, rounds=2, seed=3)
    same(ours.mean, theirs.mean)


@pytest.fixture
def folder(tmp_path):
    for name, count in (("cat", 5), ("dog", 4), ("owl", 3)):
        (tmp_path / name).mkdir()
        for number in range(count):
            pixels = np.random.default_rng(number).integers(0, 255, size=(10 + number, 12, 3)).astype("uint8")
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    return str(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [{}, dict(class_mode="sparse", shuffle=False), dict(class_mode="input", target_size=(6, 6), interpolation="bilinear"),
     dict(class_mode=None, color_mode="grayscale"), dict(classes=["owl", "cat"], class_mode="binary"),
     dict(subset="validation", shuffle=False), dict(subset="training", keep_aspect_ratio=True)], ids=str,
)  # fmt: skip
def test_folders(folder, arguments, capsys):
    flows = [each.flow_from_directory(folder, **{"target_size": (8, 8), "batch_size": 4, "seed": 3, **arguments})
             for each in both(rescale=1 / 255, horizontal_flip=True, validation_split=0.25)]  # fmt: skip
    ours, theirs = flows
    for name in ("filenames", "filepaths", "class_indices", "samples", "n", "num_classes", "image_shape"):
        assert getattr(ours, name) == getattr(theirs, name), name
    np.testing.assert_array_equal(ours.classes, theirs.classes)
    for _ in range(4):
        same(next(ours), next(theirs))
    ours.reset()
    assert ours.batch_index == 0 and capsys.readouterr().out.count("Found") == 2


@pytest.mark.parametrize(
    "arguments",
    [{}, dict(class_mode="binary", weight_col="w"), dict(class_mode="raw", y_col="a"), dict(class_mode="raw", y_col=["a", "b"]),
     dict(class_mode="multi_output", y_col=["a", "b"]), dict(class_mode=None), dict(subset="validation", shuffle=False),
     dict(class_mode="sparse", classes=["d"])], ids=str,
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Found .* invalid image filename")
def test_tables(folder, arguments):
    pandas = pytest.importorskip("pandas", reason="flow_from_dataframe takes tables of pandas")
    names = [f"cat/{number}.png" for number in range(4)] + ["dog/0.png", "owl/9.png", "dog/2.png"]
    table = pandas.DataFrame({"filename": names, "class": ["c"] * 4 + ["d"] * 3, "a": range(7), "b": np.arange(7) / 2, "w": np.arange(7.0)})
    ours, theirs = (each.flow_from_dataframe(table, folder, target_size=(4, 4), batch_size=5, seed=2, **arguments)
                    for each in both(validation_split=0.4))  # fmt: skip
    assert ours.filenames == theirs.filenames
    same(next(ours), next(theirs))


def test_flows_train_and_tell(folder, tmp_path):
    model = Sequential([Flatten(), Dense(3, "softmax")])
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    flow = glassbox.preprocessing.image.ImageDataGenerator(rescale=1 / 255, rotation_range=10).flow_from_directory(folder, (8, 8), batch_size=4)
    history = model.fit(flow, validation_data=flow, epochs=2, verbose=0)
    assert len(history.history["val_loss"]) == 2
    model.fit(flow, steps_per_epoch=2, verbose=0)
    still = ImageDataGenerator(rescale=1 / 255).flow_from_directory(folder, (8, 8), batch_size=5, shuffle=False)
    answers = model.predict(still, verbose=0)
    assert answers.shape == (12, 3)
    accuracy = np.mean(answers.argmax(1) == still.classes)
    assert model.evaluate(still, verbose=0)[1] == pytest.approx(accuracy)
    seen = 0
    for images, labels in flow:  # without an end
        model.train_on_batch(images, labels)
        seen += len(images)
        if seen >= 24:
            break
    list_of_two = ImageDataGenerator().flow((X, np.arange(7.0)), Y, sample_weight=np.arange(7.0), batch_size=4, shuffle=False)[1]
    assert list_of_two[0][1].tolist() == [4, 5, 6] and list_of_two[2].tolist() == [4, 5, 6]
    next(ImageDataGenerator().flow(X, batch_size=2, save_to_dir=str(tmp_path), save_prefix="seen"))
    assert len(list(tmp_path.glob("seen_*.png"))) == 2


def test_subsets():
    generator = ImageDataGenerator(validation_split=0.3)
    train, held_out = (generator.flow(X, np.zeros(7), subset=subset, shuffle=False) for subset in ("training", "validation"))
    np.testing.assert_allclose(np.concatenate([held_out[0][0], train[0][0]]), X, rtol=1e-6)
    with pytest.raises(ValueError, match="Training and validation have other classes"):
        generator.flow(X, Y, subset="training")
    assert generator.flow(X, Y, subset="training", ignore_class_split=True).n == 5


def test_what_is_refused(folder, monkeypatch):
    generator = ImageDataGenerator()
    for action, message in [
        (lambda: ImageDataGenerator(fill_mode="mirror"), "as `fill_mode`"), (lambda: ImageDataGenerator(zoom_range=[1]), "a pair of numbers"),
        (lambda: ImageDataGenerator(validation_split=1.5), "as `validation_split`"), (lambda: generator.flow(X[0]), "takes images"),
        (lambda: generator.flow(X, Y[:3]), "as many rows"), (lambda: generator.flow(X, batch_size=0), "as `batch_size`"),
        (lambda: generator.flow(X, subset="test"), "`subset` is"), (lambda: generator.fit(X[0]), "takes images"),
        (lambda: generator.flow_from_directory(folder, class_mode="one"), "`class_mode` is"),
        (lambda: generator.flow_from_directory(folder, color_mode="bgr"), "as `color_mode`"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            action()
    with pytest.raises(IndexError, match="the batches 0 to 0"):
        generator.flow(X)[1]
    with pytest.warns(UserWarning, match=r"call fit\(x\)"):
        ImageDataGenerator(featurewise_center=True).standardize(X[0].copy())
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install scipy"):
        generator.apply_transform(X[0], dict(theta=3.0))
    with pytest.raises(ImportError, match="pip install pillow"):
        generator.flow_from_directory(folder)[0]
