"""Layers for images: what holds for all of them, and where Keras has nothing to compare with, or contradicts itself."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import layers
from engine import Input, Sequential, saving

IMAGES = np.random.default_rng(0).uniform(0, 255, size=(5, 8, 7, 3)).astype("float32")
SAME_SIZE = {  # those that change images of the range 0 ... 255
    "RandomBrightness": dict(factor=0.5), "RandomContrast": dict(factor=0.5), "RandomSaturation": dict(factor=0.9),
    "RandomHue": dict(factor=0.5), "RandomColorDegeneration": dict(factor=0.5), "RandomGrayscale": dict(factor=0.5),
    "RandomColorJitter": dict(brightness_factor=0.2, contrast_factor=0.5, saturation_factor=0.9, hue_factor=0.5),
    "RandomSharpness": dict(factor=1.0), "RandomGaussianBlur": dict(), "RandomErasing": dict(), "RandomInvert": dict(),
    "Solarization": dict(addition_factor=0.2, threshold_factor=0.5), "RandomPosterization": dict(factor=8),
    "RandomShear": dict(x_factor=0.5, y_factor=0.5), "MixUp": dict(alpha=0.3), "CutMix": dict(),
}  # fmt: skip
OTHER_SIZE = {"RandomCrop": dict(height=4, width=3), "RandomHeight": dict(factor=0.5), "RandomWidth": dict(factor=0.5)}
RANDOM = {**SAME_SIZE, **OTHER_SIZE}
FIXED = {"AutoContrast": {}, "Equalization": {}, "Resizing": dict(height=4, width=3), "CenterCrop": dict(height=4, width=3)}


def make(name, seed=3, **arguments):
    arguments = {**RANDOM.get(name, FIXED.get(name)), **arguments}
    return getattr(layers, name)(**arguments, **(dict(seed=seed) if name in RANDOM else {}))


@pytest.mark.parametrize("name", RANDOM)
def test_the_seed_decides_and_each_call_draws_anew(name):
    first, again, other = make(name), make(name), make(name, seed=4)
    calls = [[layer(IMAGES, training=True).numpy() for _ in range(4)] for layer in (first, again, other)]
    for one, two in zip(*calls[:2]):
        np.testing.assert_array_equal(one, two)
    for several in (calls[0], [calls[0][0], calls[2][0], calls[2][1], calls[2][2]]):
        assert any(one.shape != several[0].shape or not np.array_equal(one, several[0]) for one in several[1:])


@pytest.mark.parametrize("name", SAME_SIZE)
def test_each_image_has_a_draw_of_its_own_and_inference_leaves_it(name):
    same = np.repeat(IMAGES[:1], 16, axis=0) if name not in ("MixUp", "CutMix") else np.tile(IMAGES[:4], (4, 1, 1, 1))
    outputs = make(name)(same, training=True).numpy()
    assert len({image.tobytes() for image in outputs}) > (1 if name in ("RandomInvert", "RandomGrayscale", "RandomGaussianBlur") else 4)
    assert outputs.dtype == np.float32 and np.isfinite(outputs).all()
    np.testing.assert_array_equal(make(name)(IMAGES, training=False), IMAGES)


@pytest.mark.parametrize("name", {**RANDOM, **FIXED})
def test_bytes_one_image_and_the_other_layout(name):
    whole = make(name)(IMAGES.astype("uint8"), training=True)
    assert whole.dtype == tf.float32
    np.testing.assert_allclose(whole, make(name)(np.floor(IMAGES), training=True), rtol=1e-5, atol=1e-3)
    one, batch = make(name)(IMAGES[0], training=True), make(name)(IMAGES[:1], training=True)
    np.testing.assert_array_equal(one, batch[0])
    first = make(name, data_format="channels_first")(np.moveaxis(IMAGES, -1, 1), training=True)
    np.testing.assert_allclose(np.moveaxis(first.numpy(), 1, -1), make(name)(IMAGES, training=True), rtol=1e-5, atol=1e-3)
    with pytest.raises(ValueError, match="an image or a batch of images"):
        make(name)(IMAGES[0, 0], training=True)


@pytest.mark.parametrize("name", {**RANDOM, **FIXED})
def test_compiled_for_all_sizes_by_one_trace(name):
    eager, compiled = make(name), make(name)
    call = tf.function(lambda images: compiled(images, training=True), [tf.TensorSpec([None, None, None, 3])], autograph=False)
    for images in (IMAGES, IMAGES[:3, :6, :5], IMAGES[:, :3]):
        np.testing.assert_allclose(call(images), eager(images, training=True), rtol=1e-5, atol=1e-3)
    assert call.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("name", {**RANDOM, **FIXED})
def test_in_a_pipeline(name):
    layer = make(name)
    dataset = tf.data.Dataset.from_tensor_slices(IMAGES).batch(3).map(lambda images: layer(images, training=True))
    batches = [batch.numpy() for batch in dataset]
    fresh = make(name)
    for images, batch in zip((IMAGES[:3], IMAGES[3:]), batches, strict=True):
        np.testing.assert_allclose(batch, fresh(images, training=True), rtol=1e-5, atol=1e-3)


def test_a_model_of_many_of_them_is_trained_and_saved(tmp_path):
    chain = [make(name) for name in RANDOM if name not in ("RandomHeight", "RandomWidth", "RandomCrop")]
    model = Sequential([Input((8, 7, 3)), *chain, layers.Resizing(4, 4), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(IMAGES, np.zeros(5), verbose=0, epochs=2)
    model.save(tmp_path / "model.keras")
    again = saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0))
    for each in (model, again):
        each.fit(IMAGES, np.zeros(5), shuffle=False, verbose=0)
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


# ---- sizes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"])
@pytest.mark.parametrize("antialias", [False, True])
def test_resizing_is_that_of_tensorflow_and_of_keras(interpolation, antialias):
    ours = layers.Resizing(5, 9, interpolation, antialias=antialias)(IMAGES)
    np.testing.assert_allclose(ours, tf.image.resize(IMAGES, (5, 9), interpolation, antialias=antialias), rtol=1e-6)
    if interpolation not in ("area", "gaussian", "mitchellcubic"):
        np.testing.assert_allclose(ours, keras.layers.Resizing(5, 9, interpolation, antialias=antialias)(IMAGES), rtol=1e-5)


@pytest.mark.parametrize("height, width", [(9, 3), (3, 9), (8, 8), (5, 5), (7, 8)])
@pytest.mark.parametrize("kind", ["crop_to_aspect_ratio", "pad_to_aspect_ratio"])
def test_proportions_are_kept_as_keras_keeps_them(height, width, kind):
    for images in (IMAGES, IMAGES[:, :5, :6], IMAGES[:, :3]):
        ours, theirs = (library.Resizing(height, width, **{kind: True})(images) for library in (layers, keras.layers))
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-4)
    assert layers.Resizing(99, 1, crop_to_aspect_ratio=True)(IMAGES).shape == (5, 99, 1, 3)  # a pixel is left


@pytest.mark.parametrize("height, width", [(4, 3), (9, 3), (3, 9), (9, 9)])
def test_a_crop_of_what_is_too_small_and_in_inference_is_the_largest_center(height, width):
    """Keras says so too, and leaves images in inference as they are; in TensorFlow 2 it is this."""
    resized = layers.Resizing(height, width, crop_to_aspect_ratio=True)(IMAGES)
    np.testing.assert_array_equal(layers.RandomCrop(height, width)(IMAGES, training=False), resized)
    if height > 8 or width > 7:
        np.testing.assert_array_equal(layers.RandomCrop(height, width)(IMAGES, training=True), resized)


def test_a_random_crop_is_a_window_and_all_places_occur():
    crop, places = layers.RandomCrop(6, 6, seed=1), set()
    windows = {(top, left): IMAGES[:, top : top + 6, left : left + 6] for top in range(3) for left in range(2)}
    for _ in range(60):
        outputs = crop(IMAGES, training=True).numpy()
        places |= {place for place, window in windows.items() if np.array_equal(outputs, window)}
    assert places == set(windows)


@pytest.mark.parametrize("name, axis", [("RandomHeight", 1), ("RandomWidth", 2)])
def test_heights_and_widths(name, axis):
    """The values are those of TensorFlow 2's Keras, which resizes to int(size * (1 + factor))."""
    layer = getattr(layers, name)((-0.3, -0.3))
    size = list(IMAGES.shape[1:3])
    size[axis - 1] = int(size[axis - 1] * 0.7)
    np.testing.assert_allclose(layer(IMAGES, training=True), tf.image.resize(IMAGES, size), rtol=1e-6)
    sizes = {getattr(layers, name)((-0.5, 1.0), seed=seed)(IMAGES, training=True).shape[axis] for seed in range(80)}
    whole = IMAGES.shape[axis]
    assert sizes == set(range(whole // 2, 2 * whole))
    assert Sequential([Input((8, 7, 3)), getattr(layers, name)(0.5)]).outputs[0].shape[axis] is None
    assert getattr(layers, name)((-1.0, -1.0))(IMAGES, training=True).shape[axis] == 1
    with pytest.raises(ValueError, match="from -1 to inf as `factor`"):
        getattr(layers, name)((-1.5, 0.0))


# ---- colours and values -----------------------------------------------------------------------


def test_an_image_is_equalized_by_itself():
    whole = layers.Equalization()(IMAGES)
    for index, image in enumerate(IMAGES):
        np.testing.assert_array_equal(whole[index], layers.Equalization()(image))
        np.testing.assert_allclose(whole[index], keras.layers.Equalization()(image), atol=1e-3)
    flat = np.full((2, 3, 3), 77.0, "float32")
    np.testing.assert_array_equal(layers.Equalization()(flat), flat)
    np.testing.assert_array_equal(layers.AutoContrast()(flat), flat)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("name", {**RANDOM, **FIXED})
def test_dtypes(name, dtype):
    outputs = make(name, dtype=dtype)(IMAGES, training=True)
    assert outputs.dtype == dtype
    assert np.all(np.isfinite(tf.cast(outputs, tf.float64)))


def test_saturation_ends_at_gray_and_at_pure_colours():
    pixel = tf.constant([[[10.0, 100.0, 200.0], [50.0, 50.0, 60.0]]])
    gray, half, pure = (layers.RandomSaturation((f, f))(pixel).numpy()[0] for f in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(gray, [[200] * 3, [60] * 3])
    np.testing.assert_allclose(half, pixel[0], rtol=1e-5)
    np.testing.assert_allclose(pure, [[0, 200 - 100 * 200 / 190, 200], [0, 0, 60]], atol=0.01)


def test_bounds_of_solarization_are_parts_of_the_range():
    """Keras draws from the lower part itself to the upper part of the range: (0.5, 0.5) would be 0.5 to 127.5."""
    values = np.linspace(0, 255, 16, dtype="float32").reshape(1, 4, 4, 1)
    outputs = layers.Solarization(threshold_factor=(0.5, 0.5))(values).numpy()
    np.testing.assert_allclose(outputs, np.where(values < 127.5, values, 255 - values))
    moved = layers.Solarization(addition_factor=(0.2, 0.2), threshold_factor=(1.0, 1.0))(values).numpy()
    np.testing.assert_allclose(moved, np.where(values + 51 < 255, values + 51, 0), atol=1e-4)


def test_posterization_keeps_bits():
    values = np.arange(256, dtype="float32").reshape(1, 16, 16, 1)
    for bits in range(1, 9):
        outputs = layers.RandomPosterization((bits, bits))(values).numpy()
        np.testing.assert_array_equal(outputs, values // 2 ** (8 - bits) * 2 ** (8 - bits))
    many = layers.RandomPosterization(4, seed=1)(np.repeat(values, 90, 0)).numpy()
    assert {len(np.unique(image)) for image in many} == {2, 4, 8}


def test_probabilities():
    many = np.repeat(IMAGES[:1], 400, axis=0)
    for name, arguments, expected in (
        ("RandomInvert", dict(factor=(0.2, 0.2)), 0.2), ("RandomInvert", dict(factor=1.0), 0.5), ("RandomGrayscale", dict(factor=0.3), 0.3),
        ("RandomErasing", dict(factor=(0.7, 0.7), scale=(0.3, 0.3)), 0.7), ("RandomGaussianBlur", dict(factor=(0.4, 0.4), sigma=(1, 1)), 0.4),
    ):  # fmt: skip
        outputs = getattr(layers, name)(**arguments, seed=2)(many).numpy()
        assert abs(np.mean(np.any(outputs != many, axis=(1, 2, 3))) - expected) < 0.08, name


def test_blur_with_a_kernel_that_is_no_square():
    """Each column of pixels is blurred by 3, each row by 5; Keras mixes up the places of such a kernel."""
    impulse = np.zeros((1, 9, 9, 1), "float32")
    impulse[0, 4, 4] = 1
    outputs = layers.RandomGaussianBlur((1.0, 1.0), (3, 5), (1.0, 1.0))(impulse).numpy()[0, ..., 0]
    assert np.flatnonzero(outputs.sum(1)).tolist() == [3, 4, 5] and np.flatnonzero(outputs.sum(0)).tolist() == [2, 3, 4, 5, 6]
    assert outputs.sum() == pytest.approx(1, rel=1e-5)
    assert layers.RandomGaussianBlur((1.0, 1.0), sigma=(0, 0))(impulse).numpy()[0, 4, 4, 0] == 1


@pytest.mark.parametrize("fill_mode", ["reflect", "wrap", "constant", "nearest"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_shear_is_that_of_keras(fill_mode, interpolation):
    arguments = dict(x_factor=(0.11, 0.37), y_factor=0.23, fill_mode=fill_mode, interpolation=interpolation, fill_value=9.0, seed=3)
    ours, theirs = (library.RandomShear(**arguments)(IMAGES, training=True) for library in (layers, keras.layers))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=0.01)


# ---- two images as one ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_labels_are_mixed_as_the_images_are(name):
    """Images that hold their own number in all pixels tell what they were made of."""
    numbers = np.arange(6.0, dtype="float32")
    images = np.tile(numbers[:, None, None, None], (1, 40, 40, 1))
    layer = getattr(layers, name)(seed=5)
    for _ in range(5):
        batch = layer({"images": images, "labels": np.eye(6)}, training=True)
        np.testing.assert_allclose(tf.reduce_sum(batch["labels"], 1), np.ones(6), rtol=1e-5)
        of_images, of_labels = batch["images"].numpy().mean((1, 2, 3)), batch["labels"].numpy() @ numbers
        np.testing.assert_allclose(of_images, of_labels, atol=1e-4 if name == "MixUp" else 0.35)
    unchanged = layer({"images": images, "labels": np.eye(6, dtype="int32")}, training=False)
    np.testing.assert_array_equal(unchanged["images"], images)
    np.testing.assert_array_equal(unchanged["labels"], np.eye(6))
    with pytest.raises(ValueError, match="class numbers cannot be mixed"):
        layer({"images": images, "labels": np.arange(6)}, training=True)
    with pytest.raises(ValueError, match="a dict of 'images' and 'labels', received the keys"):
        layer({"images": images, "boxes": numbers}, training=True)
    pairs = tf.data.Dataset.from_tensor_slices((images, np.eye(6))).batch(3).map(lambda x, y: layer({"images": x, "labels": y}))
    assert [batch["labels"].shape for batch in pairs] == [(3, 6), (3, 6)]


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 3.0])
def test_shares_are_of_the_beta_distribution(alpha):
    layer = layers.MixUp(alpha=alpha, seed=1)
    share = layer.beta(tf.zeros((20000, 1, 1, 1)), alpha).numpy()
    assert np.isfinite(share).all() and 0 <= share.min() and share.max() <= 1
    assert abs(share.mean() - 0.5) < 0.02 and abs(share.var() - 1 / (4 * (2 * alpha + 1))) < 0.01


@pytest.mark.parametrize("name", RANDOM)
def test_what_is_drawn_in_float64_does_not_depend_on_how_the_graph_was_written(name):
    """TensorFlow's graph optimizer makes a division by a constant a product, which is another number."""
    eager, compiled = (make(name, dtype="float64") for _ in range(2))
    function = tf.function(lambda images: compiled(images, training=True))
    for _ in range(2):
        np.testing.assert_allclose(function(IMAGES), eager(IMAGES, training=True), rtol=1e-12, atol=1e-12)


# ---- one after the other ----------------------------------------------------------------------


def test_a_pipeline_of_layers():
    pipeline = layers.Pipeline([layers.Resizing(4, 5), layers.RandomFlip(seed=1), layers.Rescaling(1 / 255)])
    again = layers.Pipeline.from_config(pipeline.get_config())
    np.testing.assert_array_equal(pipeline(IMAGES), again(IMAGES))
    np.testing.assert_allclose(pipeline(IMAGES, training=False), layers.Resizing(4, 5)(IMAGES) / 255, rtol=1e-6)
    theirs = keras.layers.Pipeline([keras.layers.Resizing(4, 5), keras.layers.Rescaling(1 / 255)])
    ours = layers.Pipeline([layers.Resizing(4, 5), layers.Rescaling(1 / 255)])
    np.testing.assert_allclose(ours(IMAGES), theirs(IMAGES), rtol=1e-6)
    assert [batch.shape for batch in tf.data.Dataset.from_tensors(IMAGES).map(pipeline)] == [(5, 4, 5, 3)]
    with pytest.raises(ValueError, match="Unknown layer"):
        layers.Pipeline(["no such layer"])
