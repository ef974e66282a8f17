"""Every public name of Keras, and of what TensorFlow 2 programs use, is in `glassbox`, or it is said what to write instead."""

import functools
import importlib
import types

import keras
import pytest
from write_left_out import PAGE, TABLE, table

from engine.port.names import keras_path, left_out, missing
from engine.port.substitutes import substitute

# What programs for TensorFlow 2 use beside the names of Keras 3, and must find here.
USED = """
    __version__ backend.argmax backend.batch_get_value backend.batch_set_value backend.cast backend.clear_session backend.clip
    backend.concatenate backend.ctc_batch_cost backend.ctc_decode backend.epsilon backend.expand_dims backend.floatx backend.function
    backend.get_value backend.gradients backend.int_shape backend.learning_phase backend.mean backend.ones_like backend.random_normal
    backend.set_image_data_format backend.set_value backend.shape backend.square backend.stack backend.sum backend.zeros_like
    callbacks.ProgbarLogger callbacks.experimental.BackupAndRestore experimental.CosineDecay initializers.lecun_normal
    layers.CategoryEncoding layers.Discretization layers.HashedCrossing layers.Hashing layers.IntegerLookup layers.StringLookup
    layers.TextVectorization layers.experimental.preprocessing.Rescaling losses.MSE losses.Reduction losses.mean_squared_error losses.mse
    metrics.categorical_accuracy mixed_precision.LossScaleOptimizer mixed_precision.Policy mixed_precision.experimental.Policy
    mixed_precision.set_global_policy models.clone_model optimizers.experimental.Adam optimizers.legacy.Adam
    preprocessing.image.array_to_img preprocessing.image.img_to_array preprocessing.image.load_img
    preprocessing.image_dataset_from_directory preprocessing.sequence.TimeseriesGenerator preprocessing.sequence.make_sampling_table
    preprocessing.sequence.pad_sequences preprocessing.sequence.skipgrams preprocessing.text.Tokenizer preprocessing.text.hashing_trick
    preprocessing.text.one_hot preprocessing.text.text_to_word_sequence preprocessing.text_dataset_from_directory
    preprocessing.timeseries_dataset_from_array random.normal random.SeedGenerator regularizers.l2 saving.register_keras_serializable
    utils.CustomObjectScope utils.PyDataset utils.Sequence utils.array_to_img utils.get_custom_objects utils.get_file
    utils.image_dataset_from_directory utils.img_to_array utils.load_img utils.normalize utils.pad_sequences
    utils.register_keras_serializable utils.set_random_seed utils.split_dataset utils.text_dataset_from_directory
    utils.timeseries_dataset_from_array utils.to_categorical utils.unpack_x_y_sample_weight
""".split()

# What is gone, and is asked for all the same.
ASKED = """
    applications.vgg16.VGG16 backend.get_session backend.rnn backend.set_session estimator.model_to_estimator experimental.LinearModel
    experimental.WideDeepModel layers.CuDNNLSTM layers.LocallyConnected2D layers.ThresholdedReLU metrics.experimental.PyMetric
    ops.matmul utils.Progbar utils.multi_gpu_model wrappers.scikit_learn.KerasClassifier wrappers.SKLearnClassifier
""".split()


def public_names():
    """The paths of all public names of the Keras that is installed."""
    waiting, seen, found = [("", keras)], set(), set()
    while waiting:
        path, module = waiting.pop()
        for name in dir(module):
            item, inner = getattr(module, name), f"{path}.{name}".lstrip(".")
            if name.startswith("_") or name in ("src", "api"):
                continue
            if not isinstance(item, types.ModuleType):
                found.add(inner)
            elif item.__name__.startswith("keras.") and item.__name__ not in seen:
                seen.add(item.__name__)
                waiting.append((inner, item))
    return sorted(found)


def test_every_public_name_of_keras_is_here_or_has_a_substitute():
    names = public_names()
    assert len(names) > 1000
    assert [name for name in names if missing(today := keras_path(f"keras.{name}")) and not substitute(missing(today))] == []


@pytest.mark.parametrize("path", USED)
def test_what_programs_use_is_here(path):
    glassbox = importlib.import_module("glassbox")
    assert functools.reduce(getattr, path.split("."), glassbox) is not None
    assert missing(keras_path(f"keras.{path}")) is None


@pytest.mark.parametrize("path", ASKED)
def test_what_is_gone_says_what_to_write(path):
    module, _, name = path.rpartition(".")
    with pytest.raises((AttributeError, ImportError), match=r"has no '\w+'\. docs/from-keras.md has what is left out; here: \w"):
        exec(f"from glassbox.{module} import {name}")
    if "." in path:
        with pytest.raises(AttributeError, match="here: "):
            functools.reduce(getattr, path.split("."), importlib.import_module("glassbox"))


def test_the_page_has_the_table():
    (written,) = TABLE.findall(PAGE.read_text(encoding="utf-8"))
    assert written == table(), "run python tests/port/write_left_out.py"


def test_what_is_here_has_no_row():
    assert "layers.Dense" not in dict(left_out())
